"""Prints what policies score."""

import json
from dataclasses import asdict

import click

from roboschool.errors import InvalidInput
from roboschool.evaluation import EPISODES, FIRST_SEED, Score, evaluate
from roboschool.paths import policies
from roboschool.policies.resolve import resolve_policy
from roboschool.scenes.loader import load_scene


def run_evaluation(written: str, scene: str | None, episodes: int | None, seed: int | None, as_json: bool) -> None:
    """Evaluate a policy and print its score.

    Args:
        written: a policy, as `resolve_path` takes it.
        scene: where it acts; None: the scene that it comes with.
        episodes: how many; `EPISODES` if None.
        seed: of the first episode; `FIRST_SEED` if None.
        as_json: whether to print JSON.

    Raises:
        InvalidInput: the policy or the scene is unknown, or they do not fit.
    """
    name = written if scene is None and written in policies() else scene
    if name is None:
        raise InvalidInput(f"{written}: say where it acts with --scene")
    count = EPISODES if episodes is None else episodes
    scene_played = load_scene(name)
    agent = scene_played.agents[0]
    policy = resolve_policy(written, scene_played.interface(agent), agent.policy)
    with click.progressbar(length=count, label=name, hidden=as_json) as bar:
        score = evaluate(policy, name, count, FIRST_SEED if seed is None else seed, lambda: bar.update(1))
    click.echo(json.dumps(asdict(score)) if as_json else describe(score))


def describe(score: Score) -> str:
    """Return a score as a line of text."""
    falls = "" if score.falls is None else f", falls in {100 * score.falls:g} %"
    return (
        f"return {score.score_mean:.1f} ± {score.score_sd:.1f} over {score.episodes} episodes"
        f" (5 % quantile {score.score_q05:.1f}){falls}, {score.length_mean:.1f} steps on average"
    )
