"""Reproduces rows: trains their policies again by their recipes, and compares."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from roboschool.envs.foreign import open_scene
from roboschool.errors import InvalidInput
from roboschool.learning.settings import make_settings
from roboschool.learning.training import CHECKPOINT, POLICY, Training, plan_of
from roboschool.policies.network import read_network
from roboschool.results.entry import score_of
from roboschool.results.episodes import play_episodes
from roboschool.results.policy_store import hash_of
from roboschool.results.row import HELD_OUT, Row, Run, Score
from roboschool.results.row_file import read_row

EXACTLY, WITHIN, NOT_REPRODUCED = "reproduced bit for bit", "reproduced within the interval", "not reproduced"
SAVE_EVERY = 30.0  # [s]


@dataclass(frozen=True)
class Reproduction:
    """What a second training has come to."""

    status: str
    text: str  # why
    score: Score | None  # of the new policies; None where they are the old ones


def reproduce(path: Path, folder: Path, tick: Callable[[int], None] = lambda steps: None) -> Reproduction:
    """Train the policies of a row again.

    Args:
        path: of the row.
        folder: for the trainings, one folder each; those that are in it are continued.
        tick: is called with the steps of each update.

    Raises:
        InvalidInput: the row cannot be read, has no recipe, or its scene is unknown; or a file cannot be written.
    """
    row = read_row(path)
    if row.recipe is None:
        text = f" with: {row.command}" if row.command else ""
        raise InvalidInput(f"{path}: it was trained by another program{text}")
    scene = open_scene(row.recipe.scene, **row.recipe.options).name
    files = [_train(row, scene, run, folder / f"seed_{run.seed}", tick) for run in row.runs]
    same = sum(hash_of(file) == run.policy for file, run in zip(files, row.runs, strict=True))
    if same == len(files):
        return Reproduction(EXACTLY, f"{same} policies are the same, bit for bit", None)
    plans = [[(each.seed, each.variant, each.split) for each in run.episodes] for run in row.runs]
    played = [
        play_episodes(read_network(file), scene, row.options, own) for file, own in zip(files, plans, strict=True)
    ]
    score = score_of([[each.total for each in episodes if each.split == HELD_OUT] for episodes in played])
    overlap = score.low <= row.score.high and row.score.low <= score.high
    text = (
        f"iqm {score.iqm:g} ({score.low:g} to {score.high:g}), and {row.score.low:g} to {row.score.high:g} in the row"
    )
    return Reproduction(WITHIN if overlap else NOT_REPRODUCED, text, score)


def _train(row: Row, scene: str, run: Run, folder: Path, tick: Callable[[int], None]) -> Path:
    """Train one policy, from the checkpoint if there is one; return its file."""
    assert row.recipe is not None
    recipe = row.recipe
    if (folder / CHECKPOINT).exists():
        training = Training.resume(scene, folder, None)
    else:
        settings = make_settings(recipe.settings, "recipe.settings")
        plan = plan_of(scene, recipe.options, settings, run.seed, recipe.steps or run.steps)
        training = Training.begin(plan, folder)
    try:
        saved, done = time.monotonic(), 0
        while not training.finished:
            steps = training.update().steps
            tick(steps - done)
            done = steps
            if time.monotonic() - saved > SAVE_EVERY:
                training.save()
                saved = time.monotonic()
        training.save()
    finally:
        training.close()
    return folder / POLICY
