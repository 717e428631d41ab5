"""A scene: what a world contains, who acts in it, what each is paid for, and where it is seen from."""

import dataclasses
import functools
import math
import os
import re
import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, get_type_hints

import numpy as np

from roboschool import paths, readers
from roboschool.errors import InvalidInput, UnknownOption, check_choice, suggest
from roboschool.mdp.distributions import Number, check_number
from roboschool.mdp.game import Game, game_class, make_game
from roboschool.mdp.scene_info import SceneInfo
from roboschool.mdp.task import Task, make_task, needs_of
from roboschool.plugins import look_beside
from roboschool.robots.robot import Robot, load_robot
from roboschool.robots.urdf import Joint, Model, read_urdf
from roboschool.scenes.scene_file import (
    LONGEST,
    LONGEST_STEP,
    MOST_AGENTS,
    OPTIONS,
    SHORTEST_STEP,
    AgentRow,
    Lanes,
    PropRow,
    SceneFile,
    View,
    checked,
    read_scene,
)

AGENT_NAME = re.compile(r"[a-z]{1,60}_[0-9]{1,9}")  # what PettingZoo recommends
IDENTITY = re.compile(r"(?:roboschool/|Roboschool)([A-Z]\w*)-v([0-9]{1,9})")  # of a scene, in Gymnasium
PROP_NAME = re.compile(r"[a-z][a-z0-9_]{0,63}")
PROBE = "options"  # by which PettingZoo's own checker tries whether a reset takes options
FARTHEST = 500.0  # [m]


@dataclass(frozen=True)
class Agent:
    """Someone who acts in a scene."""

    name: str
    task: Task
    position: tuple[Number, Number] = (0.0, 0.0)  # x, y [m]
    yaw: Number = 0.0  # heading, 0 along +x [rad]
    noise: float = 0.1  # joints start within this of the rest pose, and within their limits [rad, or m for a slide]
    policy: str = ""  # who plays it if nobody else does
    team: str = ""  # empty: a team of its own

    @property
    def robot(self) -> Robot:
        """The robot, which is the one the task is about."""
        return self.task.robot


@dataclass(frozen=True)
class Prop:
    """A body that nobody drives. It can be thrown if it is free, or hangs on slides."""

    name: str
    model: Model
    position: tuple[Number, Number, Number] = (0.0, 0.0, 0.0)  # of its root [m]
    yaw: Number = 0.0  # heading [rad]

    @property
    def joints(self) -> tuple[Joint, ...]:
        """Its joints that move."""
        return tuple(joint for joint in self.model.joints if joint.kind != "fixed")

    @property
    def moves(self) -> bool:
        """Whether it ever moves."""
        return bool(self.joints) or not self.model.fixed

    @property
    def throwable(self) -> bool:
        """Whether it is free, or bolted to the world and on slides that begin at its root."""
        if not self.joints:
            return not self.model.fixed
        straight = all(joint.kind == "prismatic" and not any(joint.origin) for joint in self.model.joints)
        return self.model.fixed and straight


@dataclass(frozen=True)
class Scene:
    """A world to be built: timing, ground, agents and props. See `SceneFile` for the units."""

    name: str
    summary: str
    agents: tuple[Agent, ...]
    props: tuple[Prop, ...] = ()
    game: Game | None = None
    version: int = 1
    steps: int = 1000  # of an episode
    timestep: float = 0.0165
    substeps: int = 4
    iterations: int = 5
    gravity: Number = 9.8
    friction: Number = 0.8
    ground: bool = True
    threshold: float | None = None
    finish: float | None = None
    weights: Mapping[str, float] = field(default_factory=dict)  # of terms of all tasks that have them
    stadium: tuple[float, float] | None = None
    camera: View | None = None
    path: str = field(default="", compare=False)

    @property
    def id(self) -> str:
        """The Gymnasium id."""
        return scene_id(self.name, self.version)

    @functools.cached_property
    def info(self) -> SceneInfo:
        """What tasks, sensors and games may know of it."""
        return describe(self.agents, self.props, self.finish)

    def __post_init__(self) -> None:
        """Check what must hold for every scene, also one built in Python.

        Raises:
            InvalidInput: the scene cannot be simulated.
        """
        where = self.path or f"scene {self.name!r}"
        names = [agent.name for agent in self.agents]
        if not 1 <= len(names) <= MOST_AGENTS:
            raise InvalidInput(f"{where}: agent: {len(names)} agents, not 1 to {MOST_AGENTS}")
        for name in names:
            if not AGENT_NAME.fullmatch(name):
                raise InvalidInput(f"{where}: agent.name: {name!r} is not a word and a number, like 'ant_0'")
            if names.count(name) > 1:
                raise InvalidInput(f"{where}: agent.name: two agents are called {name!r}")
        props = [prop.name for prop in self.props]
        for name in props:
            if not PROP_NAME.fullmatch(name) or name in names or props.count(name) > 1:
                raise InvalidInput(f"{where}: prop.name: {name!r} is taken, or not of small letters, digits and _")
        if self.camera is not None and self.camera.follow is not None:
            check_choice(self.camera.follow, [*names, *props], "agent or prop", f"{where}: camera.follow")
        self._check_parts(where)
        checks: list[tuple[str, Number | None, float, float]] = [
            ("seconds", self.steps * self.timestep, self.timestep, LONGEST),
            ("timestep", self.timestep, SHORTEST_STEP, LONGEST_STEP),
            ("substeps", self.substeps, 1, 100),
            ("iterations", self.iterations, 1, 1000),
            ("gravity", self.gravity, 0.0, 100.0),  # downwards: -9.8 is a mistake
            ("friction", self.friction, 0.0, 10.0),
            ("finish", self.finish, 0.1, FARTHEST),
        ]
        for prop in self.props:
            checks += [(f"prop {prop.name}.position", number, -FARTHEST, FARTHEST) for number in prop.position]
            checks.append((f"prop {prop.name}.yaw [deg]", _degrees(prop.yaw), -360.0, 360.0))
        checks += [("stadium", number, -FARTHEST, FARTHEST) for number in self.stadium or ()]
        if self.camera is not None:
            checks += [("camera.eye", number, -FARTHEST, FARTHEST) for number in self.camera.eye]
            checks += [("camera.look", number, -FARTHEST, FARTHEST) for number in self.camera.look]
            checks += [
                ("camera.share", self.camera.share, 0.0, 1.0),
                ("camera.stay", self.camera.stay, 0.0, 0.999),
                ("camera.wide", self.camera.wide, 0.01, 10.0),
            ]
        for agent in self.agents:
            checks += [
                (f"agent {agent.name}.position", agent.position[0], -FARTHEST, FARTHEST),
                (f"agent {agent.name}.position", agent.position[1], -FARTHEST, FARTHEST),
                (f"agent {agent.name}.yaw [deg]", _degrees(agent.yaw), -360.0, 360.0),
                (f"agent {agent.name}.noise", agent.noise, 0.0, math.pi),
            ]
        for key, number, lowest, highest in checks:
            if number is not None:
                check_number(f"{where}: {key}", number, lowest, highest)

    def _check_parts(self, where: str) -> None:
        """Check that tasks, game, policies and camera find what they need."""
        throwable = [prop.name for prop in self.props if prop.throwable]
        thrown = [(name, f"agent {agent.name!r}") for agent in self.agents for name in agent.task.launched_props]
        thrown += [(name, "the game") for name in (self.game.launched_props if self.game else ())]
        for name, who in thrown:
            check_choice(name, throwable, "prop that can be thrown", f"{where}: {who}")
            if [other for other, _ in thrown].count(name) > 1:
                raise InvalidInput(
                    f"{where}: {' and '.join(by for other, by in thrown if other == name)} throw {name!r}"
                )
        for agent in self.agents:
            if needs_of(agent.task, self.info).game and self.game is None:
                raise InvalidInput(f"{where}: agent {agent.name!r}: its task is part of a game, and the scene has none")
            if agent.policy and ":" not in agent.policy:
                check_choice(agent.policy, paths.policies(), "policy", f"{where}: agent {agent.name!r}")
        if self.camera is not None and self.camera.eye == self.camera.look:
            raise InvalidInput(f"{where}: camera.look: {self.camera.look} is where the eye is")


def describe(agents: Sequence[Agent], props: Sequence[Prop], finish: float | None) -> SceneInfo:
    """Return what tasks, sensors and games may know of a scene."""
    return SceneInfo(
        agents=tuple(agent.name for agent in agents),
        teams=tuple(agent.team or agent.name.rpartition("_")[0] for agent in agents),
        props=tuple(prop.name for prop in props),
        finish=math.inf if finish is None else finish,
    )


def load_scene(name: str | os.PathLike[str] | Scene, **options: Any) -> Scene:
    """Return the scene called `name`, or with that id, or at that path, with options that stand for keys of its file.

    The option `lanes` may be a sequence of single-agent scenes, one for each lane.

    Raises:
        InvalidInput: the scene, one of its robots or tasks, or an option is unknown or wrong.
    """
    return load_for(name, options)


def load_for(name: str | os.PathLike[str] | Scene, options: dict[str, Any], own: Sequence[str] = ()) -> Scene:
    """Return what `load_scene` returns, for an env with parameters of its own, which a misspelt option may mean.

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
    return _build(path, file, options, own)


def options_of_reset(scene: Scene, options: Mapping[str, Any] | None, depth: int = 4) -> dict[str, Any]:
    """Return those options of a reset that the scene's game takes, as it takes them; warn of any other.

    A warning and no error, for checkers of other people try whether a reset takes any option.

    Args:
        scene: whose game it is.
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


def scene_id(name: str, version: int, parts: str = "") -> str:
    """Return the id of a scene: `half_cheetah` is `roboschool/HalfCheetah-v1`; parts stand before the version."""
    return f"roboschool/{paths.class_name(name)}{parts and '-'}{parts}-v{version}"


def _build(path: Path, file: SceneFile, options: dict[str, Any], own: Sequence[str]) -> Scene:
    for key in options:
        if key not in OPTIONS:
            meant = suggest(key, [*OPTIONS, *own])
            if file.game is not None and key in game_class(str(path), file.game, path.parent).reset_options:
                meant = f'; a reset sets it: reset(options={{"{key}": ...}})'
            raise UnknownOption(f"{path}: unexpected keyword argument {key!r}{meant}")
    options = dict(options)
    lanes = options.pop("lanes", None)
    if lanes is not None:
        if file.lanes is None:
            raise InvalidInput(f"{path}: option 'lanes': this scene has none")
        if isinstance(lanes, str) or not isinstance(lanes, Sequence) or not lanes:
            raise InvalidInput(f"{path}: option 'lanes': {lanes!r} is not a sequence of scenes, one for each lane")
        entrants = readers.convert(tuple(lanes), tuple[str, ...], f"{path}: option 'lanes'")
        file = dataclasses.replace(file, lanes=dataclasses.replace(file.lanes, entrants=entrants, places=None))
    hints = get_type_hints(SceneFile)
    given = {key: readers.convert(value, hints[key], f"{path}: option {key!r}") for key, value in options.items()}
    file = checked(path, dataclasses.replace(file, **given))
    agents = [_agent(path, row) for row in _taking_part(path, file)]
    if file.lanes:
        agents += _line_up(path, file.lanes, file.draw)
    props = tuple(_prop(path, row) for row in file.prop)
    return Scene(
        name=path.stem,
        summary=file.summary,
        agents=tuple(agents),
        props=props,
        game=make_game(str(path), file.game, describe(agents, props, file.finish), path.parent),
        version=file.version,
        steps=file.steps,
        timestep=file.timestep,
        substeps=file.substeps,
        iterations=file.iterations,
        gravity=file.gravity,
        friction=file.friction,
        ground=file.ground,
        threshold=file.threshold,
        finish=file.finish,
        stadium=file.stadium,
        camera=file.camera,
        path=str(path),
    )


def _taking_part(path: Path, file: SceneFile) -> list[AgentRow]:
    """Return the agents there are with so many players a side."""
    most = max((row.players for row in file.agent), default=1)
    if file.players is None:
        return list(file.agent)
    if most == 1:
        raise InvalidInput(f"{path}: option 'players': this scene has none")
    if not 1 <= file.players <= most:
        raise InvalidInput(f"{path}: players: {file.players} is not within 1 and {most}")
    taking = [row for row in file.agent if row.players <= file.players]
    told = {"players": file.players}  # a task may ask how many there are
    return [dataclasses.replace(row, task=row.task | told) if "players" in row.task else row for row in taking]


def _agent(path: Path, row: AgentRow) -> Agent:
    where = f"{path}: agent {row.name!r}"
    try:
        if row.robot.endswith((".toml", ".urdf")):
            source = path.parent / row.robot
        else:
            beside = {p.stem: p for p in (path.parent.parent / "assets").glob("*/*.toml") if p.stem == p.parent.name}
            known = paths.robots() | beside
            source = known[check_choice(row.robot, known, "robot")]
        robot = load_robot(source)
    except InvalidInput as error:
        raise InvalidInput(f"{where}: robot: {error}") from None
    if not 0.0 < row.power <= 10.0:
        raise InvalidInput(f"{where}: power: {row.power} is not between 0 and 10")
    if row.power != 1.0:
        robot = dataclasses.replace(robot, torque=tuple(row.power * torque for torque in robot.torque))
    task = make_task(where, robot, row.task, path.parent)
    if ":" in row.policy:
        look_beside(f"{where}: policy {row.policy!r}: ", row.policy.partition(":")[0], path.parent)
    return Agent(row.name, task, row.position, _radians(row.yaw), row.noise, row.policy)


def _prop(path: Path, row: PropRow) -> Prop:
    where = f"{path}: prop {row.name!r}"
    beside = path.parent.parent / "assets" / row.model / f"{row.model}.urdf"
    if row.model.endswith(".urdf"):
        beside = path.parent / row.model
    try:
        model = read_urdf(beside if os.path.isfile(beside) else paths.find(row.model, paths.models(), "model"))
    except InvalidInput as error:
        raise InvalidInput(f"{where}: model: {error}") from None
    return Prop(row.name, model, row.position, _radians(row.yaw))


def _degrees(radians: Any) -> Any:
    """Return a number or a range in degrees; a list stays one, to be refused."""
    if isinstance(radians, tuple | list):
        return type(radians)(map(math.degrees, radians))
    return math.degrees(radians)


def _radians(degrees: Number) -> Number:
    if isinstance(degrees, tuple):
        low, high = degrees
        return math.radians(low), math.radians(high)
    return math.radians(degrees)


def _is_single(path: Path) -> bool:
    """Return whether a file is that of a scene with one agent; one that cannot be read is not."""
    try:
        return len(read_scene(path).agent) == 1
    except InvalidInput:
        return False


def _line_up(path: Path, lanes: Lanes, draw: int) -> list[Agent]:
    """Return the agents of single-agent scenes, one lane each; the first lane is on the left."""
    if not 0.0 < lanes.width <= FARTHEST:
        raise InvalidInput(f"{path}: lanes.width: {lanes.width} is not between 0 and {FARTHEST:g} m")
    entrants = lanes.entrants
    if len(entrants) > MOST_AGENTS:
        raise InvalidInput(f"{path}: lanes: {len(entrants)} of them, more than {MOST_AGENTS}")
    if lanes.places is not None:
        if draw < 0 or not 1 <= lanes.places <= MOST_AGENTS or not entrants:
            raise InvalidInput(f"{path}: {lanes.places} of {len(entrants)} entrants cannot be drawn by the seed {draw}")
        entrants = tuple(np.random.default_rng(draw).choice(entrants, lanes.places).tolist())
    agents: list[Agent] = []
    for lane, entrant in enumerate(entrants):
        name, _, policy = entrant.partition("/")
        source = paths.scenes().get(name)
        rows = read_scene(source).agent if source else ()
        if source is None or len(rows) != 1:
            alone = [scene for scene, file in paths.scenes().items() if _is_single(file)]
            raise InvalidInput(f"{path}: lanes: {name!r} is not a scene with one agent{suggest(name, alone)}")
        agent = _agent(source, rows[0])
        kind = agent.name.rpartition("_")[0]
        number = sum(other.name.rpartition("_")[0] == kind for other in agents)
        y = ((len(entrants) - 1) / 2 - lane) * lanes.width
        policy = policy or (name if name in paths.policies() else "")
        agents.append(dataclasses.replace(agent, name=f"{kind}_{number}", position=(0.0, y), policy=policy))
    return agents
