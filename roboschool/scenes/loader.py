"""Loads a scene by name, id or path: reads its file, applies options, and makes its agents, props and game."""

import dataclasses
import functools
import math
import os
import re
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
from roboschool.robots.robot import load_robot
from roboschool.robots.urdf import read_urdf
from roboschool.scenes.elements import ElementTable, find_element_faults, make_layout, make_models, overlaps
from roboschool.scenes.lanes import Lanes, draw_entrants, line_up
from roboschool.scenes.layout import MOST_ELEMENTS, Layout, LayoutTable
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
from roboschool.schema import Bounds, Pattern, Size, convert

IDENTITY = re.compile(r"(?:roboschool/|Roboschool)([A-Z]\w*)-v([0-9]{1,9})")  # of a scene, in Gymnasium
MOST_ROBOTS = 20  # of one file
PREFIX = "([A-Z][a-z]{1,19})?"

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
    robots: Annotated[
        tuple[Name, ...], Size(0, MOST_ROBOTS)
    ] = ()  # a scene and ids for each, in the place of its robots
    prefix: Annotated[str, Pattern(PREFIX, "a word like 'Safexp'")] = ""  # of more ids of theirs
    episode_steps: Annotated[int, Bounds(1, 10**7)] | None = None  # instead of `seconds`
    layout: LayoutTable | None = None  # where robots and elements are placed
    agent: Annotated[tuple[AgentTable, ...], Size(0, MOST_AGENTS)] = ()
    element: Annotated[tuple[ElementTable, ...], Size(0, MOST_ELEMENTS)] = ()
    prop: Annotated[tuple[PropTable, ...], Size(0, MOST_PROPS)] = ()

    @property
    def steps(self) -> int:
        """The number of timesteps that an episode lasts at most."""
        return count_steps(self.seconds, self.timestep) if self.episode_steps is None else self.episode_steps


def count_steps(seconds: float, timestep: float) -> int:
    """Return the number of timesteps in an episode, both in seconds."""
    return round(seconds / timestep)


SETTINGS = tuple(field.name for field in dataclasses.fields(SceneSettings))
OPTIONS = tuple(  # keys of a scene's file that may be given when it is loaded
    field.name
    for field in dataclasses.fields(SceneFile)
    if field.name not in ("version", "summary", "partitions", "robots", "prefix", "agent", "element", "prop")
)


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

    The option `lanes` may be a sequence of single-agent scenes, one for each lane.

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
    path, robot = _find_scene(name)
    file = read_scene(path)
    title = f"{robot}_{path.stem}" if robot else path.stem
    if identity and int(identity[2]) != file.version:
        raise InvalidInput(f"unknown scene {identity[0]!r}; did you mean {scene_id(title, file.version)!r}?")
    given = _with_options(path, file, options, own)
    return _make_scene(path, with_robot(given, robot, options) if given.robots else given, title)


def _find_scene(name: str | os.PathLike[str]) -> tuple[Path, str]:
    """Return the file of a scene by name or path, and its robot, or nothing: `car_goal1` is `goal1` with a car."""
    known = paths.scenes()
    for stem, path in known.items():
        robot, _, rest = str(name).partition(f"_{stem}")
        if str(name) not in known and robot and not rest and robot in read_scene(path).robots:
            return path, robot
    return paths.find(name, known, "scene"), ""


def with_robot(file: SceneFile, robot: str, options: Mapping[str, Any]) -> SceneFile:
    """Return the file with one of its `robots`, and the timing of that robot's card, unless options give another."""
    agents = tuple(dataclasses.replace(row, robot=robot) if robot else row for row in file.agent)
    name = agents[0].robot if agents else ""
    elements = tuple(table for table in file.element if not table.robots or name in table.robots)
    file = dataclasses.replace(file, agent=agents, element=elements)
    own = load_robot(name) if name in paths.robots() else None
    if own is None or own.timestep is None:
        return file
    timestep = file.timestep if "timestep" in options else own.timestep
    substeps = file.substeps if "substeps" in options else own.substeps(timestep, 1)
    return dataclasses.replace(file, timestep=timestep, substeps=substeps)


def _with_options(path: Path, file: SceneFile, options: dict[str, Any], own: Sequence[str]) -> SceneFile:
    """Return the file with options in the place of its keys."""
    for key in options:
        if key not in OPTIONS:
            meant = suggest(key, [*OPTIONS, *own])
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
    return {"entrants": list(entrants), "width": lanes.width}


def _make_scene(path: Path, file: SceneFile, name: str) -> Scene:
    """Return the scene of a file."""
    raise_faults(str(path), find_element_faults(file.layout, file.element))
    if not file.steps:
        raise InvalidInput(f"{path}: seconds: {file.seconds} s are less than a timestep, {file.timestep} s")
    layout = LayoutTable() if file.layout is None and file.element else file.layout
    settings = {key.name: getattr(layout, key.name) for key in dataclasses.fields(LayoutTable)} if layout else {}
    placed = make_layout(Layout(**settings), file.element, len(file.prop)) if layout else None
    agents, agent_faults = _make_all(functools.partial(_make_agent, path), _taking_part(path, file))
    props, prop_faults = _make_all(functools.partial(_make_prop, path), file.prop)
    faults = agent_faults + prop_faults
    if file.lanes:
        entrants = draw_entrants(str(path), file.lanes, file.draw)
        runners, lane_faults = _make_all(functools.partial(_make_runner, path), entrants)
        agents += line_up(runners, file.lanes.width)
        faults += lane_faults
    raise_faults(str(path), (text.removeprefix(f"{path}: ") for text in faults))
    props += [Prop(made.name, made.model, element=True, rate=made.rate) for made in make_models(file.element)]
    names = [prop.name for prop in props]
    info = describe(agents, names, file.finish)
    agents, faults = _make_all(functools.partial(_place_task, placed), agents)
    raise_faults(str(path), [*faults, *(overlaps(placed, names) if placed else ())])
    return Scene(
        name=name,
        summary=file.summary,
        agents=tuple(agents),
        props=tuple(props),
        game=make_game(str(path), file.game, info, path.parent),
        layout=placed,
        steps=file.steps,
        path=str(path),
        **{key: getattr(file, key) for key in SETTINGS},
    )


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


def _make_agent(path: Path, table: AgentTable) -> Agent:
    where = f"{path}: agent {table.name!r}"
    try:
        if table.robot.endswith((".toml", ".urdf")):
            source = path.parent / table.robot
        else:
            beside = {p.stem: p for p in (path.parent.parent / "assets").glob("*/*.toml") if p.stem == p.parent.name}
            known = paths.robots() | beside
            source = known[check_choice(table.robot, known, "robot")]
        robot = load_robot(source)
    except InvalidInput as error:
        raise InvalidInput(f"{where}: robot: {error}") from None
    if table.torque_scale != 1.0:
        robot = dataclasses.replace(robot, torque=tuple(table.torque_scale * torque for torque in robot.torque))
    task = make_task(where, robot, table.task, path.parent)
    if ":" in table.policy:
        look_beside(f"{where}: policy {table.policy!r}: ", table.policy.partition(":")[0], path.parent)
    settings = {field.name: getattr(table, field.name) for field in dataclasses.fields(AgentSettings)}
    return Agent(table.name, task, yaw=_radians(table.yaw), **settings)


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


def _make_runner(path: Path, entrant: str) -> Agent:
    """Return the agent of a scene with one agent, with the policy that an entrant of a race names."""
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
