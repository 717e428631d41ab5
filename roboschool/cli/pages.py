"""The page about every environment, as Markdown, made of cards, scenes and tasks: docs/environments.md."""

import dataclasses
from collections.abc import Iterator
from pathlib import Path

import click

from roboschool import paths
from roboschool.cli.catalogue import several
from roboschool.envs.spaces import vector_space
from roboschool.mdp.task import Task, fields_of
from roboschool.scenes.loader import load_scene
from roboschool.scenes.scene import Agent, Scene, scene_id
from roboschool.scenes.scene_file import read_scene

INTRO = """# Environments

`roboschool list --markdown` makes this page from cards, scenes and tasks, and a test notices when it is stale.
An action is a number from -1 to 1 for each actuator; for a torque actuator it is a fraction of the largest torque
([actuators.md](actuators.md)). A step lasts {dt:g} s, unless the time limit says otherwise. The goal of a run is far
along +x; the goal of a flagrun is the flag. Every id is also registered under its name of 2017, such as
`RoboschoolAnt-v1`. The steps of an episode are the id's `max_episode_steps`.
"""


def print_pages() -> None:
    """Print the page."""
    scenes = [load_scene(name) for name in sorted(paths.scenes())]
    click.echo(INTRO.format(dt=scenes[0].timestep))
    click.echo("| scene | id | agents | observation | action | steps | threshold |\n|---|---|---|---|---|---|---|")
    for scene in scenes:
        click.echo(_row(scene))
    described: dict[Task, str] = {}  # where each robot with its task is described
    for scene in scenes:
        click.echo("\n" + "\n".join(_page(scene, described)))


def _row(scene: Scene) -> str:
    sizes = [vector_space(scene, agent).shape[0] for agent in scene.agents]
    actions = [len(agent.robot.joints) for agent in scene.agents]
    cells = [f"[{scene.name}](#{scene.name})", f"`{scene.id}`", len(scene.agents), several(sizes), several(actions)]
    return "| " + " | ".join(map(str, [*cells, scene.steps, _number(scene.threshold)])) + " |"


def _page(scene: Scene, described: dict[Task, str]) -> Iterator[str]:
    """Yield the lines about a scene."""
    yield f"## {scene.name}\n"
    yield f"{scene.summary} `{scene.id}`\n"
    ids = [scene_id(f"{robot}_{scene.name}", scene.version) for robot in read_scene(Path(scene.path)).robots]
    if ids:
        yield f"The same with each of its robots: {', '.join(f'`{identity}`' for identity in ids)}.\n"
    yield f"![{scene.name}](pictures/{scene.name}.png)\n"
    for task in dict.fromkeys(agent.task for agent in scene.agents):
        played = [agent for agent in scene.agents if agent.task == task]
        names = ", ".join(agent.name for agent in played)
        if task in described:
            yield f"**{names}**: as in [{described[task]}](#{described[task]}).\n"
        else:
            described[task] = scene.name
            yield f"**{names}**: robot `{task.robot.name}` ({task.robot.mass:.3f} kg), task `{type(task).__name__}`.\n"
            yield from _agents(scene, played)


def _agents(scene: Scene, played: list[Agent]) -> Iterator[str]:
    """Yield the lines about agents with one robot and task."""
    task, robot = played[0].task, played[0].robot
    weights = scene.weights_of(task)
    for kind, terms in (("reward", task.rewards(scene.info)), ("cost", task.costs(scene.info))):
        for term in terms:
            yield f"- {kind} `{term.name}`: {dataclasses.replace(term, weight=weights.get(term.name, term.weight))}"
    termination = task.termination or "as the task says"
    yield f"- terminates: {termination}"
    yield f"- time limit: {scene.steps} steps, {scene.steps * scene.timestep:g} s"
    defaults = sorted({agent.policy for agent in played if agent.policy})
    yield from (f"- default policy `{policy}`" for policy in defaults)
    yield f"\n<details><summary>{_count(scene, played[0])}</summary>\n\n| # | observation |\n|---|---|"
    yield from (
        f"| {number} | {entry.replace('|', '&#124;')} |"
        for number, entry in enumerate(map(str, fields_of(task, scene.info)))
    )
    yield "\n| # | action | actuator |\n|---|---|---|"
    drives = zip(robot.joints, robot.actuators, robot.torque, strict=True)
    for number, (joint, actuator, effort) in enumerate(drives):
        unit = "N" if joint.kind == "prismatic" else "N m"
        yield f"| {number} | {joint.name}, {joint.range} | {actuator}, up to {effort:g} {unit} |"
    yield "\n</details>\n"


def _count(scene: Scene, agent: Agent) -> str:
    return f"{vector_space(scene, agent).shape[0]} observations, {len(agent.robot.joints)} actions"


def _number(threshold: float | None) -> str:
    return "-" if threshold is None else f"{threshold:g}"
