"""Loads a scene by name, id or path: reads its file, applies options, and makes its agents, props and game."""

import dataclasses
import functools
import math
import os
import re
import warnings
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, TypeAlias, TypeVar, get_type_hints

from roboschool import paths, readers
from roboschool.distributions import Number
from roboschool.errors import InvalidInput, UnknownOption, check_choice, raise_faults, suggest
from roboschool.mdp.game import game_class, make_game
from roboschool.mdp.task import make_task
from roboschool.plugins import look_beside
from roboschool.robots.robot import Robot, load_robot
from roboschool.robots.urdf import read_urdf
from roboschool.scenes.lanes import Lanes, draw_entrants, line_up
from roboschool.scenes.scene import (
    LONGEST,
    MOST_AGENTS,
    MOST_PROPS,
    SHORTEST_STEP,
    Agent,
    AgentName,
    AgentSettings,
    Coordinate,
    Name,
    Prop,
    Scene,
    SceneSettings,
    describe,
    scene_id,
)
from roboschool.schema import Bounds, Size, convert

IDENTITY = re.compile(r"(?:roboschool/|Roboschool)([A-Z]\w*)-v([0-9]{1,9})")  # of a scene, in Gymnasium
PROBE = "options"  # by which PettingZoo's own checker tries whether a reset takes options

Made = TypeVar("Made")
Table = TypeVar("Table")
Degrees: TypeAlias = Annotated[Number, Bounds(-360.0, 360.0)]
Players: TypeAlias = Annotated[int, Bounds(1, MOST_AGENTS)]


@dataclass(frozen=True, kw_only=True)
class AgentTable(AgentSettings):
    """One `[[agent]]` of a scene file."""

    name: AgentName
    robot: str  # its name, or the path of a card or URDF that begins at the scene
    task: dict[str, Any]  # {name = ..., and its parameters}
    yaw: Degrees = 0.0  # 0 along +x [deg]
    torque_scale: Annotated[float, Bounds(0.0, 10.0, above=True)] = 1.0  # times the torques of its card
    players: Players = 1  # it takes part if the scene has at least this number of players a side


@dataclass(frozen=True, kw_only=True)
class PropTable:
    """One `[[prop]]` of a scene file: a body without motors."""

    name: Name
    model: str  # its URDF: assets/<model>/<model>.urdf, or a path that begins at the scene
    position: tuple[Coordinate, Coordinate, Coordinate] = (0.0, 0.0, 0.0)  # x, y, z of its root [m]
    yaw: Degrees = 0.0  # [deg]


@dataclass(frozen=True, kw_only=True)
class SceneFile(SceneSettings):
    """The file `scenes/<scene>.toml`: settings that go to the `Scene` as they are, and tables to make the rest of."""

    summary: str
    seconds: Annotated[float, Bounds(SHORTEST_STEP, LONGEST)] = 16.5  # an episode lasts at most
    players: Players | None = None  # a side; agents whose own `players` is greater do not take part
    draw: Annotated[int, Bounds(0, math.inf)] = 0  # seed by which the places of `lanes` are drawn
    lanes: Lanes | None = None
    game: dict[str, Any] | None = None  # {name = ..., and its parameters}: rules between the agents
    agent: Annotated[tuple[AgentTable, ...], Size(0, MOST_AGENTS)] = ()
    prop: Annotated[tuple[PropTable, ...], Size(0, MOST_PROPS)] = ()

    @property
    def steps(self) -> int:
        """The number of timesteps that an episode lasts at most."""
        return count_steps(self.seconds, self.timestep)


def count_steps(seconds: float, timestep: float) -> int:
    """Return the number of timesteps in an episode, both in seconds."""
    return round(seconds / timestep)


SETTINGS = tuple(field.name for field in dataclasses.fields(SceneSettings))
OPTIONS = tuple(  # keys of a scene's file that may be given when it is loaded
    field.name
    for field in dataclasses.fields(SceneFile)
    if field.name not in ("version", "summary", "partitions", "agent", "prop")
)
ROBOT = "robot"  # the option that replaces the robot of a scene with one agent


@functools.lru_cache(maxsize=64)
def _read(path: Path, _stamp: float) -> SceneFile:
    return readers.read_toml(path, SceneFile)


def read_scene(path: Path) -> SceneFile:
    """Read a scene file, without its robots.

    Raises:
        InvalidInput: the file is wrong; the message lists all faults.
    """
    return _read(path, os.path.getmtime(path) if os.path.isfile(path) else 0.0)


def load_scene(name: str | os.PathLike[str] | Scene, **options: Any) -> Scene:
    """Return the scene called `name`, or with that id, or at that path, with options that override keys of its file.

    The option `robot` replaces the robot of a scene with one agent: a `Robot`, or a name. The option `lanes` may be a
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
    path = paths.find(name, paths.scenes(), "scene")
    file = read_scene(path)
    if identity and int(identity[2]) != file.version:
        raise InvalidInput(f"unknown scene {identity[0]!r}; did you mean {scene_id(path.stem, file.version)!r}?")
    robot = options.get(ROBOT)
    changed = _with_options(path, file, {key: value for key, value in options.items() if key != ROBOT}, own)
    runners = [each for each in options.get("lanes") or () if isinstance(each, Robot)]
    scene = _make_scene(path, changed, robot, {_label(runner): runner for runner in runners})
    if "substeps" in options or not (robot or runners):
        return scene
    needed = max(agent.robot.substeps(scene.timestep, scene.substeps) for agent in scene.agents)
    return dataclasses.replace(scene, substeps=needed)


def options_of_reset(scene: Scene, options: Mapping[str, Any] | None, depth: int = 4) -> dict[str, Any]:
    """Return those options of a reset that the scene's game takes, as it takes them; warn of any other.

    It is a warning, not an error, because the checkers of other packages call reset with arbitrary options.

    Args:
        scene: the scene of the game.
        options: as they are given; none if None.
        depth: how many calls ago an env was reset, which is the line that a warning is about.

    Raises:
        InvalidInput: they are not a mapping, or one is wrong, or meant for the game but misspelt.
    """
    if options is None:
        return {}
    where = f"scene {scene.name!r}: reset"
    if not isinstance(options, Mapping):
        raise InvalidInput(f"{where}: options: {options!r:.80} is not a mapping, like {{'dense_weight': 0.5}}")
    reset_options = scene.game.reset_options if scene.game is not None else ()
    rules = scene.game.with_options(options) if scene.game is not None and options else None
    for key in options:
        if key not in reset_options and key != PROBE:
            others = f"only {', '.join(reset_options)}" if reset_options else "nor any other"
            given = f"; {key!r} is given when the env is made" if key in OPTIONS else ""
            warnings.warn(f"{where} has no option {key!r}, {others}{given}", stacklevel=depth)
    return {key: getattr(rules, key) for key in options if key in reset_options}


def _with_options(path: Path, file: SceneFile, options: dict[str, Any], own: Sequence[str]) -> SceneFile:
    """Return the file with options in the place of its keys."""
    for key in options:
        if key not in OPTIONS:
            meant = suggest(key, [*OPTIONS, ROBOT, *own])
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


def _make_scene(path: Path, file: SceneFile, robot: Any, brought: Mapping[str, Robot]) -> Scene:
    """Return the scene of a file, with another robot unless it is None, and robots that run by what stands for them."""
    if robot is not None and (len(file.agent) != 1 or file.lanes):
        raise InvalidInput(f"{path}: option 'robot': only for scenes with one agent")
    if robot is not None:
        file = dataclasses.replace(file, partitions=(), threshold=None)  # those of its own robot
    if not file.steps:
        raise InvalidInput(f"{path}: seconds: {file.seconds} s are less than a timestep, {file.timestep} s")
    agents, agent_faults = _make_all(functools.partial(_make_agent, path, robot=robot), _taking_part(path, file))
    props, prop_faults = _make_all(functools.partial(_make_prop, path), file.prop)
    faults = agent_faults + prop_faults
    if file.lanes:
        entrants = draw_entrants(str(path), file.lanes, file.draw)
        runners, lane_faults = _make_all(functools.partial(_make_runner, path, brought), entrants)
        agents += line_up(runners, file.lanes.width)
        faults += lane_faults
    raise_faults(str(path), (text.removeprefix(f"{path}: ") for text in faults))
    return Scene(
        name=path.stem,
        summary=file.summary,
        agents=tuple(agents),
        props=tuple(props),
        game=make_game(str(path), file.game, describe(agents, [prop.name for prop in props], file.finish), path.parent),
        steps=file.steps,
        path=str(path),
        **{key: getattr(file, key) for key in SETTINGS},
    )


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
