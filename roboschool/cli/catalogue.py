"""Lists robots, scenes and games."""

import json
from collections.abc import Sequence
from typing import Any

import click

from roboschool import paths
from roboschool.envs.spaces import vector_space
from roboschool.errors import InvalidInput
from roboschool.robots.robot import Robot, load_robot
from roboschool.scenes.loader import load_scene
from roboschool.scenes.scene import Scene, scene_id
from roboschool.scenes.scene_file import read_scene


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
        "observation": [int(vector_space(scene, agent).shape[0]) for agent in scene.agents],
        "action": [len(agent.robot.joints) for agent in scene.agents],
        "steps": scene.steps,
        "threshold": scene.threshold,
        "policy": scene.name in paths.policies(),
        "variants": [scene_id(variant, scene.version) for variant in _variants(scene)],
    }
