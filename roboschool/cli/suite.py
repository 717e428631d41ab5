"""Prints how a policy does in the variants of a suite."""

import json
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

import click

from roboschool.cli.evaluate import find_scene
from roboschool.cli.options import read_options
from roboschool.errors import InvalidInput
from roboschool.policies.resolve import resolve_policy
from roboschool.results.generalisation import Generalisation, evaluate_suite
from roboschool.results.row_file import read_row
from roboschool.results.statistics import Interval
from roboschool.results.suites import load_suite, reveal
from roboschool.scenes.loader import load_scene


def run_suite(
    written: str,
    name: str,
    scene: str | None,
    against: Path | None,
    secret: int | None,
    as_json: bool,
    given: Sequence[str] = (),
) -> None:
    """Evaluate a policy in a suite and print what is found.

    Args:
        written: a policy, as `resolve_path` takes it.
        name: of the suite.
        scene: where it acts; None: the scene that it comes with, or in which it was trained.
        against: the file of a row of the same scene and suite.
        secret: the number of the suite's secret part, if it was published.
        as_json: whether to print JSON.
        given: options of the scene, each KEY=VALUE; they override those with which the policy was trained.

    Raises:
        InvalidInput: the policy, the scene, the suite or the row is unknown, or they do not fit.
    """
    suite = load_suite(name) if secret is None else reveal(name, load_suite(name), secret)
    place, options = (scene, {}) if scene is not None else find_scene(written)
    options = options | read_options(given)
    loaded = load_scene(place, **options)
    other = None if against is None else read_row(against)
    if other is not None and (other.suite, other.scene) != (name, loaded.id):
        raise InvalidInput(f"{against}: a row of {other.group}, not of {loaded.id} {name}")
    agent = loaded.agents[0]
    policy = resolve_policy(written, loaded.interface(agent), agent.policy)
    plan = suite.plan()
    with click.progressbar(length=len(plan), label=f"{loaded.name}, {name}", hidden=as_json) as bar:
        found = evaluate_suite(policy, place, options, suite, other, lambda: bar.update(1))
    click.echo(json.dumps(asdict(found)) if as_json else describe(found))


def describe(found: Generalisation) -> str:
    """Return what is found as lines of text."""
    rows = {
        "train": found.train,
        "held out": found.held_out,
        **{f"  {part}": each for part, each in found.parts.items()},
    }
    lines = [f"{'interquartile mean':<18}{'return':>10}   95 % interval"]
    lines += [f"{name:<18}{each.value:>10.1f}   {_interval(each)}" for name, each in rows.items()]
    lines.append(f"{'gap':<18}{found.gap:>10.1f}")
    if found.improvement is not None:
        better = found.improvement
        lines.append(f"{'P(improvement)':<18}{better.value:>10.3f}   {better.low:.3f} to {better.high:.3f}")
    return "\n".join(lines)


def _interval(each: Interval) -> str:
    return f"{each.low:.1f} to {each.high:.1f}"
