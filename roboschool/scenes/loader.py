"""Loads a scene by name, id or path: reads its file, applies options, and makes its agents, props and game."""

import dataclasses
import functools
import math
import os
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, TypeVar, get_type_hints

from roboschool import paths
from roboschool.bodies.terrain import build_terrain, find_terrain_faults
from roboschool.distributions import Number
from roboschool.errors import InvalidInput, UnknownOption, check_choice, raise_faults, suggest
from roboschool.mdp.game import game_class, make_game
from roboschool.mdp.task import make_task
from roboschool.plugins import look_beside
from roboschool.robots.robot import Robot, load_robot
from roboschool.robots.urdf import read_urdf
from roboschool.scenes.agent_sensors import add_sensors
from roboschool.scenes.elements import find_element_faults, make_layout, make_models, overlaps
from roboschool.scenes.lanes import Lanes, draw_entrants, line_up
from roboschool.scenes.layout import Layout, LayoutTable
from roboschool.scenes.scene import (
    Agent,
    AgentSettings,
    Prop,
    Scene,
    describe,
    scene_id,
)
from roboschool.scenes.scene_file import OPTIONS, SETTINGS, AgentTable, PropTable, SceneFile, read_scene
from roboschool.scenes.variants import VARIANT, read_variant, vary_robot, vary_scene
from roboschool.schema import convert

IDENTITY = re.compile(r"(?:roboschool/|Roboschool)([A-Z]\w*)-v([0-9]{1,9})")  # of a scene, in Gymnasium

Made = TypeVar("Made")
Table = TypeVar("Table")
ROBOT = "robot"  # the option that replaces the robot of a scene with one agent


def load_scene(name: str | os.PathLike[str] | Scene, **options: Any) -> Scene:
    """Return the scene called `name`, or with that id, or at that path, with options that override keys of its file.

    The option `robot` replaces the robot of a scene with one agent: a `Robot`, or a name. The option `variant` gives
    seeds of another body, ground and more, see `Variant`. The option `lanes` may be a
    sequence of single-agent scenes, or `Robot`s that run, one for each lane.

    Raises:
        InvalidInput: the scene, one of its robots or tasks, or an option is unknown or wrong.
    """
    return load_for(name, options)


def load_for(name: str | os.PathLike[str] | Scene, options: dict[str, Any], own: Sequence[str] = ()) -> Scene:
    """Return what `load_scene` returns; errors about unknown options also suggest parameters of the env.

    Raises:
        InvalidInput: as there.
    """
    if isinstance(name, Scene):
        for key in options:
            meant = suggest(key, own) if own and key not in OPTIONS else ""
            raise InvalidInput(f"scene {name.name!r}: {key!r}: options are for files; use dataclasses.replace{meant}")
        return name
    identity = IDENTITY.fullmatch(str(name))
    if identity:
        name = "_".join(re.findall(r"[A-Z][a-z0-9]*", identity[1])).lower()
    path, variant = _find_scene(name)
    file, wanted = read_scene(path), read_variant(str(path), options)
    robot = vary_robot(str(path), wanted, [row.robot for row in file.agent], options.get(ROBOT))
    if robot is not None:
        variant, robot = (robot, None) if isinstance(robot, str) and robot in file.robots else ("", robot)
    title = f"{variant}_{path.stem}" if variant else path.stem
    if identity and int(identity[2]) != file.version:
        raise InvalidInput(f"unknown scene {identity[0]!r}; did you mean {scene_id(title, file.version)!r}?")
    changed = _with_options(path, file, {key: options[key] for key in options if key not in (ROBOT, VARIANT)}, own)
    if file.robots:
        changed = _with_robot(changed, variant, robot, options)
    runners = [each for each in options.get("lanes") or () if isinstance(each, Robot)]
    made = _make_scene(path, changed, title, robot, {_label(runner): runner for runner in runners})
    scene = vary_scene(str(path), made, wanted)
    if "substeps" in options or (robot is None and not runners):
        return scene
    needed = max(agent.robot.substeps(scene.timestep, scene.substeps) for agent in scene.agents)
    return dataclasses.replace(scene, substeps=needed)


def _find_scene(name: str | os.PathLike[str]) -> tuple[Path, str]:
    """Return the file of a scene by name or path, and its robot, or nothing: `car_goal1` is `goal1` with a car."""
    known = paths.scenes()
    for stem, path in known.items():
        robot, _, rest = str(name).partition(f"_{stem}")
        if str(name) not in known and robot and not rest and robot in read_scene(path).robots:
            return path, robot
    return paths.find(name, known, "scene"), ""


def _with_robot(file: SceneFile, variant: str, robot: Any, options: Mapping[str, Any]) -> SceneFile:
    """Return a file that lists robots with one of them, or another if not None; the timing is that of the robot's card.

    Options give another timing. Elements of a robot that is not listed are those of the file's own.
    """
    agents = tuple(dataclasses.replace(row, robot=variant) if variant else row for row in file.agent)
    name = agents[0].robot if agents else ""
    if isinstance(robot, Robot) and robot.name in file.robots:
        name = robot.name
    elements = tuple(table for table in file.element if not table.robots or name in table.robots)
    file = dataclasses.replace(file, agent=agents, element=elements)
    known = paths.robots()
    meant = name if robot is None else robot
    chosen = meant if isinstance(meant, Robot) else load_robot(known[meant]) if meant in known else None
    if chosen is None or chosen.timestep is None:
        return file
    timestep = file.timestep if "timestep" in options else chosen.timestep
    substeps = file.substeps if "substeps" in options else chosen.substeps(timestep, 1)
    return dataclasses.replace(file, timestep=timestep, substeps=substeps)


def _with_options(path: Path, file: SceneFile, options: dict[str, Any], own: Sequence[str]) -> SceneFile:
    """Return the file with options in the place of its keys."""
    for key in options:
        if key not in OPTIONS:
            meant = suggest(key, [*OPTIONS, ROBOT, VARIANT, *own])
            if file.game is not None and key in game_class(str(path), file.game, path.parent).reset_options:
                meant = f'; a reset sets it: reset(options={{"{key}": ...}})'
            raise UnknownOption(f"{path}: unexpected keyword argument {key!r}{meant}")
    hints = get_type_hints(SceneFile, include_extras=True)
    given = {key: value for key, value in options.items() if key != "lanes"}
    if "lanes" in options:
        given["lanes"] = _choose_lanes(f"{path}: option 'lanes'", file.lanes, options["lanes"])
    converted = {key: convert(value, hints[key], f"{path}: option {key!r}") for key, value in given.items()}
    return dataclasses.replace(file, **converted)


def _choose_lanes(where: str, lanes: Lanes | None, entrants: Any) -> dict[str, Any]:
    """Return lanes for other entrants."""
    if lanes is None:
        raise InvalidInput(f"{where}: this scene has none")
    if isinstance(entrants, str) or not isinstance(entrants, Sequence) or not entrants:
        raise InvalidInput(f"{where}: {entrants!r} is not a sequence of scenes, one for each lane")
    return {"entrants": [_label(each) if isinstance(each, Robot) else each for each in entrants], "width": lanes.width}


def _label(robot: Robot) -> str:
    """Return what stands for a robot among entrants; no scene is called so."""
    return f"robot {robot.name} {id(robot)}"


def _make_scene(path: Path, file: SceneFile, name: str, robot: Any, brought: Mapping[str, Robot]) -> Scene:
    """Return the scene of a file, with another robot unless it is None, and robots that run by what stands for them."""
    if robot is not None and (len(file.agent) != 1 or file.lanes):
        raise InvalidInput(f"{path}: option 'robot': only for scenes with one agent")
    if robot is not None:
        file = dataclasses.replace(file, partitions=(), threshold=None)  # those of its own robot
    raise_faults(str(path), find_element_faults(file.layout, file.element))
    terrain = file.terrain and dataclasses.replace(file.terrain, image=_beside(path, file.terrain.image))
    if terrain is not None:
        raise_faults(str(path), find_terrain_faults(terrain))
    if not file.steps:
        raise InvalidInput(f"{path}: seconds: {file.seconds} s are less than a timestep, {file.timestep} s")
    layout = LayoutTable() if file.layout is None and file.element else file.layout
    settings = {key.name: getattr(layout, key.name) for key in dataclasses.fields(LayoutTable)} if layout else {}
    placed = make_layout(Layout(**settings), file.element, len(file.prop)) if layout else None
    agents, agent_faults = _make_all(functools.partial(_make_agent, path, robot=robot), _taking_part(path, file))
    props, prop_faults = _make_all(functools.partial(_make_prop, path), file.prop)
    faults = agent_faults + prop_faults
    if file.lanes:
        entrants = draw_entrants(str(path), file.lanes, file.draw)
        runners, lane_faults = _make_all(functools.partial(_make_runner, path, brought), entrants)
        agents += line_up(runners, file.lanes.width)
        faults += lane_faults
    raise_faults(str(path), (text.removeprefix(f"{path}: ") for text in faults))
    props += [Prop(made.name, made.model, element=True, rate=made.rate) for made in make_models(file.element)]
    names = [prop.name for prop in props]
    info = describe(agents, names, file.finish, None if terrain is None else build_terrain(terrain), file.randomize)
    agents, faults = _make_all(functools.partial(_place_task, placed), agents)
    agents, sensor_faults = _make_all(functools.partial(add_sensors, path, info), agents)
    raise_faults(str(path), [*faults, *sensor_faults, *(overlaps(placed, names) if placed else ())])
    return Scene(
        name=name,
        summary=file.summary,
        agents=tuple(agents),
        props=tuple(props),
        game=make_game(str(path), file.game, info, path.parent),
        layout=placed,
        steps=file.steps,
        path=str(path),
        **{key: getattr(file, key) for key in SETTINGS} | {"terrain": terrain},
    )


def _beside(path: Path, name: str) -> str:
    """Return the path of a file that begins at the scene; nothing for nothing."""
    return str(path.parent / name) if name else ""


def _place_task(layout: Layout | None, agent: Agent) -> Agent:
    """Return an agent whose task knows the elements of a layout, if it asks for them."""
    fields = {field.name for field in dataclasses.fields(agent.task)}
    if layout is None or "placing" not in fields:
        return agent
    task: Any = agent.task
    try:
        return dataclasses.replace(agent, task=dataclasses.replace(task, placing=layout.placing))
    except InvalidInput as error:
        raise InvalidInput(f"agent {agent.name!r}: task: {error}") from None


def _make_all(make: Callable[[Table], Made], tables: Iterable[Table]) -> tuple[list[Made], list[str]]:
    """Return what is made of tables, and the faults of those of which nothing can be made."""
    made: list[Made] = []
    faults: list[str] = []
    for table in tables:
        try:
            made.append(make(table))
        except InvalidInput as error:  # noqa: PERF203
            faults.append(str(error))
    return made, list(dict.fromkeys(faults))


def _taking_part(path: Path, file: SceneFile) -> list[AgentTable]:
    """Return the agents that take part with the scene's number of players a side."""
    most = max((row.players for row in file.agent), default=1)
    if file.players is None:
        return list(file.agent)
    if most == 1:
        raise InvalidInput(f"{path}: option 'players': this scene has none")
    if file.players > most:
        raise InvalidInput(f"{path}: players: {file.players} is not within 1 and {most}")
    taking = [row for row in file.agent if row.players <= file.players]
    count = {"players": file.players}  # a parameter of some tasks
    return [dataclasses.replace(row, task=row.task | count) if "players" in row.task else row for row in taking]


def _make_agent(path: Path, table: AgentTable, robot: Any = None) -> Agent:
    """Return the agent of a table, with another robot unless it is None."""
    where = f"{path}: agent {table.name!r}"
    if not isinstance(robot, Robot):
        try:
            robot = find_robot(path, table.robot) if robot is None else _known_robot(path, robot)
        except InvalidInput as error:
            raise InvalidInput(f"{where}: robot: {error}") from None
    if table.torque_scale != 1.0:
        robot = dataclasses.replace(robot, torque=tuple(table.torque_scale * torque for torque in robot.torque))
    task = make_task(where, robot, table.task, path.parent)
    if ":" in table.policy:
        look_beside(f"{where}: policy {table.policy!r}: ", table.policy.partition(":")[0], path.parent)
    settings = {field.name: getattr(table, field.name) for field in dataclasses.fields(AgentSettings)}
    return Agent(table.name, task, yaw=_radians(table.yaw), **settings)


def find_robot(path: Path, name: str) -> Robot:
    """Return the robot that the scene at a path means by a name, or by a path that begins there.

    Raises:
        InvalidInput: there is none, or it is wrong.
    """
    if name.endswith((".toml", ".urdf")):
        return load_robot(path.parent / name)
    return _known_robot(path, name)


def _known_robot(path: Path, name: str) -> Robot:
    beside = {p.stem: p for p in (path.parent.parent / "assets").glob("*/*.toml") if p.stem == p.parent.name}
    known = paths.robots() | beside
    return load_robot(known[check_choice(name, known, "robot")])


def _make_prop(path: Path, table: PropTable) -> Prop:
    where = f"{path}: prop {table.name!r}"
    beside = path.parent.parent / "assets" / table.model / f"{table.model}.urdf"
    if table.model.endswith(".urdf"):
        beside = path.parent / table.model
    try:
        model = read_urdf(beside if os.path.isfile(beside) else paths.find(table.model, paths.models(), "model"))
    except InvalidInput as error:
        raise InvalidInput(f"{where}: model: {error}") from None
    return Prop(table.name, model, table.position, _radians(table.yaw))


def _make_runner(path: Path, brought: Mapping[str, Robot], entrant: str) -> Agent:
    """Return the agent of a scene with one agent, with the policy that an entrant of a race names; or of a robot."""
    if entrant in brought:
        robot = brought[entrant]
        letters = re.sub(r"[^a-z]", "", robot.name)[:40] or "robot"
        return Agent(f"{letters}_0", make_task(f"{path}: lanes: {robot.name}", robot, {"name": "run"}))
    name, _, policy = entrant.partition("/")
    source = paths.scenes().get(name)
    tables = read_scene(source).agent if source else ()
    if source is None or len(tables) != 1:
        alone = [scene for scene, file in paths.scenes().items() if _is_single(file)]
        raise InvalidInput(f"{path}: lanes: {name!r} is not a scene with one agent{suggest(name, alone)}")
    policy = policy or (name if name in paths.policies() else "")
    return dataclasses.replace(_make_agent(source, tables[0]), policy=policy)


def _is_single(path: Path) -> bool:
    """Return whether a file is that of a scene with one agent; one that cannot be read is not."""
    try:
        return len(read_scene(path).agent) == 1
    except InvalidInput:
        return False


def _radians(degrees: Number) -> Number:
    if isinstance(degrees, tuple):
        low, high = degrees
        return math.radians(low), math.radians(high)
    return math.radians(degrees)
