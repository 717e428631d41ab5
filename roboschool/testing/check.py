"""Checks a robot, a prop or a scene: reads it, and tries it out."""

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import msgspec
import numpy as np

from roboschool import paths, readers
from roboschool.errors import InvalidInput, Repairable, describe_error
from roboschool.paths import as_path
from roboschool.robots.robot import Robot, find_driven, load_robot
from roboschool.robots.urdf import read_urdf
from roboschool.scenes.loader import find_robot, load_scene
from roboschool.scenes.scene import Prop, Scene
from roboschool.scenes.top_view import draw_top_view
from roboschool.simulation.episode_start import draw_layout
from roboschool.testing.trial import trial
from roboschool.workers.channel import Requests

ABOVE = 100.0  # a prop is tried out so high above the ground [m]
ROBOT, SCENE, PROP = "robot", "scene", "prop"
SCENE_KEYS = {"summary", "agent", "lanes"}  # a file with one of them is that of a scene
CARD_KEYS = {"model", "trunk", "torque", "actuators"}  # and with one of these, and none of those, it is a card


@dataclass(frozen=True)
class CheckReport:
    """What was found about a file."""

    file: str
    kind: str  # ROBOT, SCENE or PROP; empty if unknown
    about: tuple[str, ...] = ()  # what it is, line by line
    problems: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    repaired: tuple[str, ...] = ()  # those of the problems that `roboschool new robot` repairs


def answer(descriptor: int) -> None:
    """Check the files that are requested, until the parent is gone: the entry of a child process.

    A reply is a report, and whether a user's module may have been imported for it.
    """
    requests = Requests(descriptor)
    for request in requests:
        requests.reply(msgspec.json.encode(examine(request.decode())))


def examine(file: str) -> tuple[CheckReport, bool]:
    """Return the report about a file, and whether a user's module may have been imported for it."""
    found: Robot | Prop | Scene | None = None
    kind, about, notes = "", tuple[str, ...](), list[str]()
    try:
        path = as_path(file)
        kind = find_kind(path)
        found = _load(path)
        about = _describe(found, path)
        problems, notes = trial(found)
        problems += _misnamed(path)
    except (Exception, SystemExit) as error:  # of a user's task or game
        problems = [*_list_faults(error, Path(file)), *_hidden_faults(Path(file), kind)]
    own = found is None or not _is_ours(found)
    repaired = tuple(str(problem) for problem in problems if isinstance(problem, Repairable))
    return CheckReport(file, kind, about, tuple(map(str, dict.fromkeys(problems))), tuple(notes), repaired), own


def _list_faults(error: BaseException, file: Path) -> Iterator[str]:
    """Yield the texts of an error about a file, without the path of it, with which they begin."""
    texts = error.faults if isinstance(error, InvalidInput) and error.faults else (describe_error(error),)
    for text in texts:
        short = text
        for path in (f"{file}:", f"{os.path.realpath(file)}:", f"{os.path.realpath(file.parent)}{os.sep}"):
            short = short.removeprefix(path).lstrip()
        yield type(text)(short)


def _hidden_faults(path: Path, kind: str) -> Iterator[str]:
    """Yield the faults of what a card or a scene with faults names, which cannot be read before those are mended."""
    try:
        table = readers.parse_toml(path) if path.suffix == ".toml" else {}
    except InvalidInput:
        return
    model = table.get("model")
    if kind == ROBOT and isinstance(model, str) and Path(model).name == model and (path.parent / model).is_file():
        try:
            read_urdf(path.parent / model)
        except InvalidInput as error:
            yield from _list_faults(error, path)
    agents = table.get("agent")
    for agent in agents if kind == SCENE and isinstance(agents, list) else ():
        name = agent.get("robot") if isinstance(agent, dict) else None
        try:
            if isinstance(name, str):
                find_robot(path, name)
        except InvalidInput as error:
            yield f"agent {agent.get('name', '')!r:.80}: robot: {error}"


def find_kind(path: Path) -> str:
    """Return what a file is about; empty if that cannot be told.

    Raises:
        InvalidInput: it cannot be read.
    """
    if path.suffix == ".urdf":
        return ROBOT if find_driven(read_urdf(path)) else PROP
    keys = set(readers.parse_toml(path))
    return SCENE if keys & SCENE_KEYS else ROBOT if keys & CARD_KEYS else ""


def _load(path: Path) -> Robot | Prop | Scene:
    kind = find_kind(path)
    if kind == PROP:
        return Prop("prop", read_urdf(path), (0.0, 0.0, ABOVE))
    return load_scene(path) if kind == SCENE else load_robot(path)


def _is_ours(found: Robot | Prop | Scene) -> bool:
    if isinstance(found, Prop):
        return True
    robots = [agent.robot for agent in found.agents] if isinstance(found, Scene) else [found]
    if any(":" in actuator.kind for robot in robots for actuator in robot.actuators):
        return False
    if any(":" in str(table.get("name")) for robot in robots for table in robot.sensor):
        return False
    return not isinstance(found, Scene) or _has_our_parts(found)


def _has_our_parts(scene: Scene) -> bool:
    tasks = [agent.task for agent in scene.agents]
    sensors = [sensor.source for task in tasks for sensor in (*task.added, *task.privileged)]
    parts = [type(part).__module__ for part in (*tasks, *sensors, scene.game) if part]
    ours = all(module.startswith("roboschool.") for module in parts)
    return ours and not any(":" in agent.policy for agent in scene.agents)


def _misnamed(path: Path) -> list[str]:
    if path.suffix != ".toml" or paths.NAME.fullmatch(path.stem):
        return []
    return ["not found by its name, which is not lower case with digits and underscores, like 'my_robot'"]


def _describe(found: Robot | Prop | Scene, path: Path) -> tuple[str, ...]:
    if isinstance(found, Scene):
        return _describe_scene(found, path)
    model = found.model
    mass = f"{sum(link.mass for link in model.links):.3f} kg, {len(model.links)} links"
    if isinstance(found, Prop):
        return (f"{path.stem}: {mass}; no joint has limits with an effort, so it is a prop, or lacks its card",)
    held = "held in its plane" if found.planar else "fixed to the world" if found.fixed else "free"
    return (
        f"{found.name}: {mass}, trunk {found.trunk!r}, {held}",
        f"  {'joint':20}{'limits':>20}{'rest':>9}{'torque':>9}  actuator",
        *(
            f"  {joint.name:20}{joint.range:>20}{joint.shown(rest):>9.1f}{torque:>9.4g}  {actuator}"
            for joint, torque, rest, actuator in zip(
                found.joints, found.torque, found.pose, found.actuators, strict=True
            )
        ),
    )


def _describe_scene(scene: Scene, path: Path) -> tuple[str, ...]:
    named = paths.scenes().get(scene.name) == path
    return (
        f"{scene.id if named else scene.name}: {scene.summary}",
        *(
            ()
            if named
            else ("  no id: it is loaded by its path; `scenes` in a folder of ROBOSCHOOL_PATH would give it one",)
        ),
        *(f"  {agent.name:16} {agent.robot.name}" for agent in scene.agents),
        *_top_view(scene),
    )


def _top_view(scene: Scene) -> list[str]:
    """Return the scene from above, if it has a layout that can be placed."""
    if scene.layout is None:
        return []
    try:
        return draw_top_view(scene, draw_layout(scene, np.random.default_rng(0)))
    except InvalidInput:  # a trial tells it
        return []
