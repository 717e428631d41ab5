"""Lists robots, scenes, scores and games."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import click

from roboschool import paths
from roboschool.envs.foreign import open_scene
from roboschool.envs.spaces import observation_space
from roboschool.errors import InvalidInput
from roboschool.readers import read_json
from roboschool.robots.robot import Robot, load_robot
from roboschool.scenes.loader import load_scene
from roboschool.scenes.scene import Scene, scene_id
from roboschool.scenes.scene_file import read_scene


@dataclass(frozen=True)
class Card:
    """The keys that are read of a policy's JSON file."""

    score_mean: float  # return
    score_sd: float
    score_q05: float  # 5 % of the returns are less
    falls: float | None  # share of the episodes that end early; None where that says nothing
    steps: int  # of the training
    wall_seconds: float


def print_catalogue(as_json: bool) -> None:
    """Print robots and scenes, as tables or as JSON; errors in scenes are printed to stderr.

    Raises:
        InvalidInput: a robot is wrong.
    """
    robots = [load_robot(name) for name in sorted(paths.robots())]
    scenes = []
    for name in sorted(paths.scenes()):
        try:
            scenes.append(load_scene(name))
        except InvalidInput as error:  # noqa: PERF203 - the others are still worth listing
            click.echo(f"Error: {error}", err=True)
    if as_json:
        click.echo(json.dumps({"robots": list(map(_robot, robots)), "scenes": list(map(_scene, scenes))}, indent=2))
        return
    wide = max(len(name) for name in (*paths.robots(), *paths.scenes())) + 2
    click.echo(f"{'robot':{wide}}{'joints':>7}{'feet':>6}{'mass [kg]':>11}")
    for robot in robots:
        click.echo(f"{robot.name:{wide}}{len(robot.joints):>7}{len(robot.feet):>6}{robot.mass:>11.3f}")
    rows = [("agents", "obs", "act", "steps"), *map(_sizes, scenes)]
    widths = [max(map(len, column)) + 2 for column in zip(*rows, strict=True)]
    cells = ["".join(f"{cell:>{width}}" for cell, width in zip(row, widths, strict=True)) for row in rows]
    click.echo(f"\n{'scene':{wide}}{'Gymnasium id':{wide + 12}}{cells[0]}  summary")
    for scene, row in zip(scenes, cells[1:], strict=True):
        click.echo(f"{scene.name:{wide}}{scene.id:{wide + 12}}{row}  {scene.summary}")
        for variant in _variants(scene):
            click.echo(f"  {variant:{wide - 2}}{scene_id(variant, scene.version)}")


def _variants(scene: Scene) -> list[str]:
    """Return the names that a scene has with each robot that its file lists."""
    return [f"{robot}_{scene.name}" for robot in read_scene(paths.scenes()[scene.name]).robots]


def _sizes(scene: Scene) -> tuple[str, str, str, str]:
    """Return how many agents there are, their sizes, where several differ all of them, and the steps of an episode."""
    entry = _scene(scene)
    return str(len(scene.agents)), several(entry["observation"]), several(entry["action"]), str(scene.steps)


def several(numbers: Sequence[int]) -> str:
    """Return numbers as text, each once."""
    return ", ".join(map(str, dict.fromkeys(numbers)))


def print_scores() -> None:
    """Print the scores of the shipped policies, as a Markdown table made of their JSON files."""
    click.echo("| scene | score, mean ± sd | 5 % quantile | falls | threshold | steps | wall time |")
    click.echo("|---|---|---|---|---|---|---|")
    for name, path in sorted(paths.policies().items()):
        card: Card = read_json(path.with_suffix(".json"), schema=Card)
        digits = 1 if abs(card.score_mean) < 100.0 else 0
        score = f"{card.score_mean:.{digits}f} ± {card.score_sd:.{digits}f} | {card.score_q05:.{digits}f}"
        falls = "-" if card.falls is None else f"{100 * card.falls:.0f} %"
        threshold = f"{solved:g}" if (solved := open_scene(name).threshold) else "-"
        steps, minutes = f"{card.steps / 1e6:.1f} M", f"{card.wall_seconds / 60:.0f} min"
        click.echo(f"| `{name}` | {score} | {falls} | {threshold} | {steps} | {minutes} |")


def print_games() -> None:
    """Print the scenes with a game, as a Markdown table."""
    click.echo("| scene | agents | steps | ends by | reset options | default policies | trained policy |")
    click.echo("|---|---|---|---|---|---|---|")
    for scene in map(load_scene, sorted(paths.scenes())):
        if scene.game is not None:
            agents = ", ".join(f"`{agent.name}`" for agent in scene.agents)
            reasons, reset_options = (
                ", ".join(filter(None, scene.game.reasons)),
                ", ".join(f"`{k}`" for k in scene.game.reset_options),
            )
            policies = ", ".join(
                sorted({f"`{agent.policy.rpartition(':')[2]}`" for agent in scene.agents if agent.policy})
            )
            trained = f"`{scene.name}`" if scene.name in paths.policies() else "-"
            cells = [f"`{scene.name}`", agents, scene.steps, reasons, reset_options or "-", policies or "-", trained]
            click.echo("| " + " | ".join(map(str, cells)) + " |")


def _robot(robot: Robot) -> dict[str, Any]:
    return {
        "name": robot.name,
        "joints": [joint.name for joint in robot.joints],
        "feet": list(robot.feet),
        "mass": round(robot.mass, 3),
    }


def _scene(scene: Scene) -> dict[str, Any]:
    return {
        "name": scene.name,
        "id": scene.id,
        "summary": scene.summary,
        "agents": [agent.name for agent in scene.agents],
        "observation": [int(observation_space(scene, agent).shape[0]) for agent in scene.agents],
        "action": [len(agent.robot.joints) for agent in scene.agents],
        "steps": scene.steps,
        "threshold": scene.threshold,
        "policy": scene.name in paths.policies(),
        "variants": [scene_id(variant, scene.version) for variant in _variants(scene)],
    }
