"""A scene: what a world contains, which agents act in it, and where it is seen from.

The bounds of every number are in the annotations. They hold for files and for scenes made in Python alike.
"""

import dataclasses
import functools
import math
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Annotated, Any, TypeAlias

from roboschool import paths
from roboschool.bodies.terrain import EDGE, Terrain, TerrainSettings, build_terrain, find_terrain_faults
from roboschool.distributions import Number
from roboschool.errors import describe_unknown, raise_faults
from roboschool.mdp.game import Game
from roboschool.mdp.scene_info import SceneInfo
from roboschool.mdp.task import Task, fields_of
from roboschool.policies.handicap import Handicap
from roboschool.policies.interface import Interface
from roboschool.robots.robot import Robot
from roboschool.robots.urdf import Joint, Model
from roboschool.scenes.layout import Layout
from roboschool.scenes.looks import Looks
from roboschool.scenes.randomize import Randomize, delay_robot, find_randomize_faults
from roboschool.schema import Bounds, Pattern, Size, check_fields
from roboschool.sensors.camera import Camera

MOST_AGENTS = 64
MOST_PROPS = 1000
LONGEST = 1e5  # an episode [s]
SHORTEST_STEP, LONGEST_STEP = 1e-4, 0.1  # [s]
NEWEST = 9999  # version of an id
MOST_PARTITIONS = 100
AGENT_NAME = re.compile(r"[a-z]{1,60}_[0-9]{1,9}")  # what PettingZoo recommends
PARTITION = re.compile(r"[0-9]{1,3}x[0-9]{1,3}d?|[0-9]{1,3}(\|[0-9]{1,3})+")  # of a robot's joints

Name: TypeAlias = Annotated[str, Pattern(r"[a-z][a-z0-9_]{0,63}", "of small letters, digits and _")]
AgentName: TypeAlias = Annotated[str, Pattern(AGENT_NAME.pattern, "a word and a number, like 'ant_0'")]
Team: TypeAlias = Annotated[str, Pattern(r"([a-z][a-z0-9_]{0,63})?", "of small letters, digits and _")]
Partition: TypeAlias = Annotated[str, Pattern(PARTITION.pattern, "like '4x2', '2x4d' or '9|8'")]
Metres: TypeAlias = Annotated[float, Bounds(-500.0, 500.0)]
Point: TypeAlias = tuple[Metres, Metres, Metres]
Coordinate: TypeAlias = Annotated[Number, Bounds(-500.0, 500.0)]  # [m]


@dataclass(frozen=True, kw_only=True)
class AgentSettings:
    """What the table of an agent in a file and an `Agent` have in common."""

    position: tuple[Coordinate, Coordinate] = (0.0, 0.0)  # x, y [m]
    hold: Annotated[int, Bounds(1, 1000)] = 1  # timesteps for which an action holds; those between are ignored
    noise: Annotated[float, Bounds(0.0, math.pi)] = 0.1  # joints start within this of the rest pose [rad, m]
    policy: str = ""  # the default policy: the name of a scene with a trained one, or "package.module:Class"
    sensor: tuple[dict[str, Any], ...] = field(default=(), hash=False)  # beside its task's: {name = ..., parameters}
    privileged: tuple[dict[str, Any], ...] = field(default=(), hash=False)  # likewise; in its info, for training
    team: Team = ""  # agents of one team win and lose together; empty: a team of its own


@dataclass(frozen=True)
class Agent(AgentSettings):
    """A robot with a task in a scene."""

    name: AgentName
    task: Task
    yaw: Annotated[Number, Bounds(-math.tau, math.tau)] = field(default=0.0, kw_only=True)  # 0 along +x [rad]
    handicap: Handicap | None = field(default=None, kw_only=True)  # of its default policy
    camera: Camera | None = field(default=None, kw_only=True)  # on one of its links; envs draw what it sees

    @property
    def robot(self) -> Robot:
        """The robot, which is the one of the task."""
        return self.task.robot

    def delayed(self, ranges: Randomize) -> "Agent":
        """Return the agent with actuators that are as late as a scene says."""
        return dataclasses.replace(self, task=dataclasses.replace(self.task, robot=delay_robot(self.robot, ranges)))


@dataclass(frozen=True)
class Prop:
    """A body without motors. It can be launched if it is free, or hangs on slides."""

    name: Name
    model: Model
    position: tuple[Coordinate, Coordinate, Coordinate] = (0.0, 0.0, 0.0)  # x, y, z of its root [m]
    yaw: Annotated[Number, Bounds(-math.tau, math.tau)] = 0.0  # [rad]
    element: bool = False  # whether a layout places it; it can be moved to another place though it is fixed
    rate: Annotated[float, Bounds(-100.0, 100.0)] = 0.0  # at which a motor turns its hinges; 0: no motor [rad/s]

    @property
    def joints(self) -> tuple[Joint, ...]:
        """Its joints that move."""
        return tuple(joint for joint in self.model.joints if joint.kind != "fixed")

    @property
    def moves(self) -> bool:
        """Whether it ever moves."""
        return bool(self.joints) or not self.model.fixed

    @property
    def can_be_launched(self) -> bool:
        """Whether it is free or an element, or fixed to the world and on slides that begin at its root."""
        if not self.joints:
            return self.element or not self.model.fixed
        straight = all(joint.kind == "prismatic" and not any(joint.origin) for joint in self.model.joints)
        return self.model.fixed and straight


@dataclass(frozen=True, kw_only=True)
class FixedCamera:
    """A camera at a fixed position, which can turn towards a moving body."""

    eye: Point  # where it is [m]
    target: Point  # the point it looks at [m]
    follow: str | None = None  # an agent or a prop; the target is moved towards it
    follow_weight: Annotated[float, Bounds(0.0, 1.0)] = 0.5  # share of the way from the target to it
    smoothing: Annotated[float, Bounds(0.0, 0.999)] = 0.0  # share of the previous target kept at every picture
    half_width: Annotated[float, Bounds(0.01, 10.0)] = 1.0  # of what is seen 1 m away [m]; 1 is an angle of 90 deg


@dataclass(frozen=True, kw_only=True)
class SceneSettings:
    """What the file of a scene and a `Scene` have in common."""

    version: Annotated[int, Bounds(1, NEWEST)] = 1  # of the id
    timestep: Annotated[float, Bounds(SHORTEST_STEP, LONGEST_STEP)] = 0.0165  # between two actions [s]
    substeps: Annotated[int, Bounds(1, 100)] = 4  # of physics in one timestep
    iterations: Annotated[int, Bounds(1, 1000)] = 5  # of the contact solver
    gravity: Annotated[Number, Bounds(0.0, 100.0)] = 9.8  # downwards [m/s2]
    friction: Annotated[Number, Bounds(0.0, 10.0)] = 0.8  # of the ground
    ground: bool = True  # whether there is one
    terrain: TerrainSettings | None = None  # its shape; it is level if there is none
    threshold: float | None = None  # mean return that counts as solved
    finish: Annotated[float, Bounds(0.1, 500.0)] | None = None  # x of the line across the lanes [m]
    stadium: tuple[Metres, Metres] | None = None  # x, y of the middle of a painted stadium [m]
    camera: FixedCamera | None = None  # follows the robots if there is none
    partitions: Annotated[
        tuple[Partition, ...], Size(0, MOST_PARTITIONS)
    ] = ()  # of the one robot's joints; an id for each
    weights: dict[str, float] = field(default_factory=dict, hash=False)  # of reward terms, for all agents
    randomize: Randomize | None = field(default=None, hash=False)  # what differs from episode to episode
    indicator: bool = False  # whether `cost` is 1 in a step that costs anything, instead of the sum of the costs


@dataclass(frozen=True)
class Scene(SceneSettings):
    """A world to be built: timing, ground, agents and props.

    Raises:
        InvalidInput: a field is out of its bounds, or the parts do not fit each other; the message lists all faults.
    """

    name: str
    summary: str
    agents: Annotated[tuple[Agent, ...], Size(1, MOST_AGENTS)]
    props: Annotated[tuple[Prop, ...], Size(0, MOST_PROPS)] = ()
    game: Game | None = None
    layout: Layout | None = None  # of robots, and of props that are elements
    looks: Looks = field(default_factory=Looks, kw_only=True)  # of its pictures
    steps: Annotated[int, Bounds(1, math.inf)] = field(default=1000, kw_only=True)  # of an episode, at most
    path: str = field(default="", compare=False, kw_only=True)  # of its file

    def __post_init__(self) -> None:
        """Check what must hold for every scene, also for one that is made or replaced in Python."""
        where = self.path or f"scene {self.name!r}"
        raise_faults(where, self._field_faults())
        raise_faults(where, self._reference_faults())
        if self.randomize is not None and self.randomize.delay is not None:
            object.__setattr__(self, "agents", tuple(agent.delayed(self.randomize) for agent in self.agents))

    @property
    def id(self) -> str:
        """The Gymnasium id."""
        return scene_id(self.name, self.version)

    @functools.cached_property
    def info(self) -> SceneInfo:
        """What tasks, sensors and games may know of it."""
        terrain = None if self.terrain is None else build_terrain(self.terrain)
        return describe(self.agents, [prop.name for prop in self.props], self.finish, terrain, self.randomize)

    def weights_of(self, task: Task) -> dict[str, float]:
        """Return the weights of terms that replace a task's own, by name."""
        return {**self.weights, **task.weights}

    def interface(self, agent: Agent) -> Interface:
        """Return what an agent of the scene observes and drives."""
        fields = fields_of(agent.task, self.info)
        return Interface(tuple(map(str, fields)), tuple(joint.name for joint in agent.robot.joints))

    def _field_faults(self) -> Iterator[str]:
        """Go through fields that are of a wrong type or out of their bounds."""
        yield from check_fields(self)
        for agent in self.agents:
            yield from check_fields(agent, f"agent {agent.name}")
            if agent.handicap is not None:
                yield from check_fields(agent.handicap, f"agent {agent.name}: handicap")
        for prop in self.props:
            yield from check_fields(prop, f"prop {prop.name}")
        if self.camera is not None:
            yield from check_fields(self.camera, "camera")
        if self.terrain is not None:
            faults = list(check_fields(self.terrain, "terrain"))
            yield from faults or find_terrain_faults(self.terrain)

    def _reference_faults(self) -> Iterator[str]:
        """Go through names that are taken or unknown, and what does not fit each other."""
        if self.steps * self.timestep > LONGEST:
            yield f"steps: {self.steps} of {self.timestep} s are more than {LONGEST:g} s"
        names = [*(agent.name for agent in self.agents), *(prop.name for prop in self.props)]
        for place, name in enumerate(names):
            if name in names[:place]:
                yield f"{'agent' if place < len(self.agents) else 'prop'}.name: {name!r} is taken"
        if self.camera is not None:
            if self.camera.follow is not None and self.camera.follow not in names:
                yield f"camera.follow: {describe_unknown(self.camera.follow, names, 'agent or prop')}"
            if self.camera.eye == self.camera.target:
                yield f"camera.target: {self.camera.target} is where the eye is"
        for agent in self.agents:
            if agent.task.needs.game and self.game is None:
                yield f"agent {agent.name!r}: its task is part of a game, and the scene has none"
            if agent.policy and ":" not in agent.policy and agent.policy not in (known := paths.policies()):
                yield f"agent {agent.name!r}: {describe_unknown(agent.policy, known, 'policy')}"
        yield from find_randomize_faults(
            self.randomize, [agent.task for agent in self.agents], self.info, self.timestep
        )
        if self.terrain is not None:
            yield from self._terrain_faults(self.terrain)
        yield from self._launch_faults()
        yield from self._weight_faults()

    def _weight_faults(self) -> Iterator[str]:
        """Go through weights of terms that do not exist."""
        terms: dict[str, None] = {}
        for agent in self.agents:
            if self.weights or agent.task.weights:
                own = [term.name for term in (*agent.task.rewards(self.info), *agent.task.costs(self.info))]
                terms |= dict.fromkeys(own)
                for name in agent.task.weights:
                    if name not in own:
                        yield f"agent {agent.name!r}: task.weights: {describe_unknown(name, own, 'term')}"
        for name in self.weights:
            if name not in terms:
                yield f"weights: {describe_unknown(name, terms, 'term')}"

    def _terrain_faults(self, settings: TerrainSettings) -> Iterator[str]:
        """Go through what does not fit on the terrain."""
        if not self.ground:
            yield "terrain: the scene has no ground"
        if self.game is not None and self.game.needs_level_ground:
            yield f"terrain: the game {type(self.game).__name__} is played on level ground"
        for agent in self.agents:
            if agent.robot.fixed and not agent.robot.planar:
                yield f"agent {agent.name!r}: {agent.robot.name} is bolted to level ground, and the scene has a terrain"
            for axis, where, side, share in zip("xy", agent.position, settings.size, settings.origin, strict=True):
                low, high = where if isinstance(where, tuple) else (where, where)
                if low < EDGE - share * side or high > (1.0 - share) * side - EDGE:
                    room = f"{EDGE - share * side:g} to {(1.0 - share) * side - EDGE:g} m"
                    yield f"agent {agent.name!r}: position: {axis} is not on a tile of the terrain, {room}"
            if settings.curriculum and type(agent.task).progress is Task.progress:
                yield f"terrain.curriculum: the task of {agent.name} does not say how far it has come (`Task.progress`)"

    def _launch_faults(self) -> Iterator[str]:
        """Go through props that cannot be launched, or are launched by several."""
        can_be_launched = [prop.name for prop in self.props if prop.can_be_launched]
        launchers: dict[str, list[str]] = {}
        for agent in self.agents:
            for name in agent.task.launched_props:
                launchers.setdefault(name, []).append(f"agent {agent.name!r}")
        for name in self.game.launched_props if self.game else ():
            launchers.setdefault(name, []).append("the game")
        for name, who in launchers.items():
            if name not in can_be_launched:
                yield f"{' and '.join(who)}: {describe_unknown(name, can_be_launched, 'prop that can be launched')}"
            if len(who) > 1:
                yield f"{' and '.join(who)} launch {name!r}"


def describe(
    agents: Sequence[Agent],
    props: Sequence[str],
    finish: float | None,
    terrain: Terrain | None = None,
    ranges: Randomize | None = None,
) -> SceneInfo:
    """Return what tasks, sensors and games may know of a scene."""
    return SceneInfo(
        agents=tuple(agent.name for agent in agents),
        teams=tuple(agent.team or agent.name for agent in agents),
        props=tuple(props),
        finish=math.inf if finish is None else finish,
        terrain=terrain,
        ranges=ranges,
    )


def scene_id(name: str, version: int, partition: str = "") -> str:
    """Return the id of a scene: `half_cheetah` is `roboschool/HalfCheetah-v1`; a partition is before the version."""
    return f"roboschool/{paths.class_name(name)}{partition and '-'}{partition}-v{version}"
