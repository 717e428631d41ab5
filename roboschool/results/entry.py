"""Makes a row of trainings: reads what their folders say, plays the episodes, and stores the policies."""

import os
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np

from roboschool.envs.foreign import ForeignScene, open_scene
from roboschool.errors import InvalidInput, raise_faults
from roboschool.evaluation import EPISODES
from roboschool.learning.settings import Recipe as TrainedRecipe
from roboschool.paths import as_path, policies
from roboschool.policies.network import CARD_SUFFIX, SUFFIX, read_network
from roboschool.readers import read_json
from roboschool.results import provenance
from roboschool.results.episodes import play_episodes
from roboschool.results.policy_store import store
from roboschool.results.row import DIGITS, HELD_OUT, Recipe, Row, Run, Score, find_row_faults, plain_plan
from roboschool.results.row_file import ENDING
from roboschool.results.statistics import interval
from roboschool.results.suites import load_suite
from roboschool.schema import find_faults
from roboschool.tournament.match import scene_hash

POLICY, CURVE = f"policy{SUFFIX}", "curve.csv"  # in the folder of a training
POINTS = 100  # of a curve in a row, at most
OURS = "PPO"  # the algorithm of `roboschool train`


@dataclass(frozen=True)
class Card:
    """The keys that are read of the JSON file beside a policy."""

    scene: str = ""  # its id
    seed: int = 0
    steps: int = 0
    wall_seconds: float = 0.0
    note: str = ""
    recipe: TrainedRecipe = field(default_factory=TrainedRecipe)


@dataclass(frozen=True)
class Training:
    """What the files of a training say."""

    policy: Path
    card: Card
    curve: tuple[tuple[int, float], ...] = ()


@dataclass(frozen=True, kw_only=True)
class Credit:
    """What only the person who adds a row can say."""

    who: str
    licence: str = "CC-BY-4.0"
    title: str = ""
    algorithm: str = ""
    note: str = ""
    command: str = ""
    scene: str = ""
    suite: str = ""
    options: dict[str, Any] = field(default_factory=dict)


def read_training(written: str) -> Training:
    """Return what is known of a training, by its folder, the file of its policy, or the scene that one comes with.

    Raises:
        InvalidInput: there is no such policy, or a file is damaged.
    """
    path = policies().get(written) or as_path(written)
    if os.path.isdir(path):
        path = path / POLICY
    read_network(path)
    beside = path.with_suffix(CARD_SUFFIX)
    card: Card = read_json(beside, Card) if os.path.isfile(beside) else Card()
    curve = path.with_name(CURVE)
    return Training(path, card, _read_curve(curve) if os.path.isfile(curve) else ())


def _read_curve(file: Path) -> tuple[tuple[int, float], ...]:
    """Return points of a learning curve, few enough for a row."""
    from roboschool.learning.curve import read_curve  # needs what trainings need

    known = [
        (row.steps, round(row.episode_return, 2)) for row in read_curve(file, 10**15) if row.episode_return is not None
    ]
    chosen = np.linspace(0, len(known) - 1, min(POINTS, len(known))).round().astype(int)
    return tuple(known[place] for place in dict.fromkeys(chosen.tolist()))


def make_row(
    trainings: Sequence[Training],
    credit: Credit,
    folder: Path,
    episodes: int = EPISODES,
    tick: Callable[[], None] = lambda: None,
) -> Row:
    """Play the episodes of policies, and return their row; the policies are stored in the folder of rows.

    Raises:
        InvalidInput: trainings differ in scene or options, or one does not say what a row must, or a policy does not
            fit; or a file cannot be written.
    """
    first = trainings[0]
    name, options, recipe = _scene_of(first, credit)
    for other in trainings[1:]:
        if _scene_of(other, credit) != (name, options, recipe):
            raise InvalidInput(f"{other.policy}: another scene, options or settings than {first.policy}: add it apart")
    scene = open_scene(name, **options)
    if scene.path and open_scene(scene.name, **options).path != scene.path:
        raise InvalidInput(
            f"{scene.path}: a row names its scene, so it must be found by name: put it into a folder"
            " `scenes` of ROBOSCHOOL_PATH"
        )
    algorithm = credit.algorithm or (OURS if recipe is not None else "")
    if not algorithm:
        raise InvalidInput(f"{first.policy}: its files do not say by which algorithm it was trained; give --algorithm")
    suite = load_suite(credit.suite) if credit.suite else None
    plan = suite.plan() if suite else plain_plan(episodes)
    runs = []
    for training in trainings:
        played = play_episodes(read_network(training.policy), scene.name, options, plan, tick)
        runs.append(
            Run(
                seed=training.card.seed,
                policy=store(folder, training.policy),
                steps=training.card.steps,
                seconds=training.card.wall_seconds,
                curve=training.curve,
                episodes=tuple(played),
            )
        )
    row = Row(
        title=credit.title or f"{algorithm} on {scene.name}{credit.suite and ', '}{credit.suite}",
        algorithm=algorithm,
        who=credit.who,
        licence=credit.licence,
        date=date.today().isoformat(),
        scene=scene.id,
        scene_hash="" if isinstance(scene, ForeignScene) else scene_hash(scene),
        options=options,
        suite=credit.suite,
        suite_hash=suite.sha256 if suite else "",
        command=credit.command or (_command(scene.name, recipe) if recipe else ""),
        recipe=recipe,
        note=credit.note or first.card.note,
        score=score_of([[each.total for each in run.episodes if each.split == HELD_OUT] for run in runs]),
        runs=tuple(runs),
        **provenance.describe(scene.id),
    )
    raise_faults("row", (*find_faults(vars(row), Row), *find_row_faults(row)))
    return row


def _command(scene: str, recipe: Recipe) -> str:
    """Return the command of a training, with the variants that it was about."""
    counts = ", ".join(f"{axis}={count}" for axis, count in (recipe.settings.get("variants") or {}).items())
    return f"roboschool train {scene}" + (f" --set 'variants={{{counts}}}'" if counts else "")


def _scene_of(training: Training, credit: Credit) -> tuple[str, dict[str, Any], Recipe | None]:
    """Return the scene of a training, its options, and how it is repeated."""
    card = training.card
    name = credit.scene or card.recipe.scene or card.scene
    if not name:
        raise InvalidInput(f"{training.policy}: say where it acts with --scene")
    options = credit.options or card.recipe.options
    if card.recipe.settings is None:
        return name, options, None
    settings, steps = card.recipe.settings, card.recipe.steps
    return name, options, Recipe(scene=open_scene(name).id, options=card.recipe.options, settings=settings, steps=steps)


def score_of(returns: Sequence[Sequence[float]]) -> Score:
    """Return the score of the returns of each run's held-out episodes."""
    found = interval({"": returns})
    mean = float(np.mean([total for run in returns for total in run]))
    values = (round(value, DIGITS) for value in (mean, found.value, found.low, found.high))
    return Score(**dict(zip(("mean", "iqm", "low", "high"), values, strict=True)))


def file_name(row: Row) -> str:
    """Return the name of a row's file, of its scene, its suite, its algorithm and its first policy."""
    words = [row.scene.rpartition("/")[2], row.suite, row.algorithm, row.runs[0].policy[:8]]
    return "-".join(re.sub(r"[^a-z0-9]+", "-", word.lower()).strip("-") for word in words if word) + ENDING
