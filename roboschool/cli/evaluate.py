"""Prints what policies score."""

import json
from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

import click

from roboschool.cli.options import read_options
from roboschool.envs.foreign import interface_of, open_scene
from roboschool.errors import InvalidInput
from roboschool.evaluation import EPISODES, FIRST_SEED, Score, evaluate
from roboschool.learning.settings import Trained
from roboschool.paths import as_path, policies
from roboschool.policies.network import CARD_SUFFIX
from roboschool.policies.resolve import resolve_policy
from roboschool.readers import read_json


def run_evaluation(
    written: str,
    scene: str | None,
    episodes: int | None,
    seed: int | None,
    cost_limit: float,
    as_json: bool,
    given: Sequence[str] = (),
) -> None:
    """Evaluate a policy and print its score.

    Args:
        written: a policy, as `resolve_path` takes it.
        scene: where it acts; None: the scene that it comes with, or in which it was trained.
        episodes: how many; `EPISODES` if None.
        seed: of the first episode; `FIRST_SEED` if None.
        cost_limit: of an episode, where steps cost.
        as_json: whether to print JSON.
        given: options of the scene, each KEY=VALUE; they override those with which the policy was trained.

    Raises:
        InvalidInput: the policy or the scene is unknown, or they do not fit.
    """
    name, options = (scene, {}) if scene is not None else find_scene(written)
    count = EPISODES if episodes is None else episodes
    scene_played = open_scene(name, **options | read_options(given))
    policy = resolve_policy(written, interface_of(scene_played), scene_played.agents[0].policy)
    with click.progressbar(length=count, label=name, hidden=as_json) as bar:
        first = FIRST_SEED if seed is None else seed
        score = evaluate(policy, scene_played, count, first, lambda: bar.update(1), cost_limit)
    click.echo(json.dumps(asdict(score)) if as_json else describe(score))


def find_scene(written: str) -> tuple[str, dict[str, Any]]:
    """Return the scene of a policy, and the options with which it was trained there.

    Raises:
        InvalidInput: the policy does not come with a scene, and no JSON file beside it names one.
    """
    if written in policies():
        return written, {}
    card = as_path(written).with_suffix(CARD_SUFFIX)
    trained: Trained = read_json(card, Trained) if card.is_file() else Trained()
    name = trained.recipe.scene or trained.scene
    if not name:
        raise InvalidInput(f"{written}: say where it acts with --scene")
    return name, trained.recipe.options


def describe(score: Score) -> str:
    """Return a score as a line of text."""
    falls = "" if score.falls is None else f", falls in {100 * score.falls:g} %"
    costs = ""
    if score.cost_mean is not None and score.cost_kept is not None:
        costs = f", cost {score.cost_mean:.1f} ± {score.cost_sd:.1f}, at most {score.cost_limit:g}"
        costs += f" in {100 * score.cost_kept:g} %"
    return (
        f"return {score.score_mean:.1f} ± {score.score_sd:.1f} over {score.episodes} episodes"
        f" (5 % quantile {score.score_q05:.1f}){falls}, {score.length_mean:.1f} steps on average{costs}"
    )
