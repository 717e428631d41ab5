"""What players of several games observe: their own body, others, points on the ground; and colours that games share."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import numpy as np

from roboschool.mdp.needs import Needs
from roboschool.mdp.scene_info import SceneInfo
from roboschool.mdp.sensor import Field, Sensor
from roboschool.mdp.state import Bodies, State, side_by_side
from roboschool.robots.robot import Robot
from roboschool.sensors.feet import FootContacts
from roboschool.sensors.joints import JointStates
from roboschool.sensors.trunk import SPEED_SCALE, RollPitch, TrunkHeight, TrunkVelocity

LIMIT = 5.0  # every number is clipped to this, either way
DISTANCE = 5.0  # observed as 1 [m]
TIME = 500.0  # observed as 1 [steps]
DIRECTIONS = ("forward", "left", "up")
SCALES = np.array([1.0 / DISTANCE, SPEED_SCALE, 1.0])[:, None]  # of positions, velocities and x axes
COLOURS = ((237, 99, 79), (0, 205, 195))  # of two teams, home and away, and of what is theirs
NEUTRAL = (250, 185, 40)  # of lines, rings and goals that belong to no team

OWN_BODY: tuple[Sensor, ...] = (TrunkHeight(), TrunkVelocity(), RollPitch(), JointStates(), FootContacts())


@dataclass(frozen=True)
class RelativeBodies(Sensor):
    """Where bodies are, how fast, and which way they face: 9 numbers each, in the robot's heading frame.

    Bodies that are missing are zeros, so that all observe alike however many play: no x axis is all zeros.
    """

    names: tuple[str, ...]

    def bodies(self, state: State) -> Bodies:
        """Return which they are, as many as there are names or fewer (..., k)."""
        raise NotImplementedError

    def fields(self, robot: Robot, scene: SceneInfo) -> Sequence[Field]:
        """Return nine numbers a body."""
        return [field for name in self.names for field in _body_fields(name)]

    def read(self, previous: State, action: np.ndarray, state: State, dt: float) -> np.ndarray:
        """Return them (..., 9 x names)."""
        seen = state.relative(self.bodies(state)) * SCALES
        numbers: np.ndarray = seen.reshape(*seen.shape[:-3], -1)
        missing = len(self.names) - seen.shape[-3]
        if missing:
            zeros = np.zeros((*numbers.shape[:-1], 9 * missing))
            numbers = np.concatenate([numbers, zeros], axis=-1)
        return numbers


def _body_fields(name: str) -> list[Field]:
    """Return what the numbers of a body are."""
    return [
        *(Field(f"{name}, {direction}", f"{DISTANCE:g} m") for direction in DIRECTIONS),
        *(Field(f"{SPEED_SCALE:g} x speed of {name}, {way}, less own", "m/s") for way in DIRECTIONS),
        *(Field(f"where the x axis of {name} points, {direction}") for direction in DIRECTIONS),
    ]


@dataclass(frozen=True)
class OtherAgents(RelativeBodies):
    """The other agents, the next in the scene first."""

    def needs(self) -> Needs:
        """Return that it needs the others."""
        return Needs(others=True)

    def bodies(self, state: State) -> Bodies:
        """Return all of them."""
        return state.others


@dataclass(frozen=True)
class OneProp(RelativeBodies):
    """A prop."""

    number: int

    def needs(self) -> Needs:
        """Return that it needs the props."""
        return Needs(props=True)

    def bodies(self, state: State) -> Bodies:
        """Return it alone."""
        return state.props.at((Ellipsis, slice(self.number, self.number + 1), slice(None)))


@dataclass(frozen=True)
class Ball(OneProp):
    """A ball: position and velocity; its x axis says nothing, for it rolls."""

    def fields(self, robot: Robot, scene: SceneInfo) -> Sequence[Field]:
        """Return six numbers."""
        return super().fields(robot, scene)[:6]

    def read(self, previous: State, action: np.ndarray, state: State, dt: float) -> np.ndarray:
        """Return them (..., 6)."""
        return super().read(previous, action, state, dt)[..., :6]


@dataclass(frozen=True)
class GroundPoints(Sensor):
    """Where points on the ground are, forward and to the left: two numbers each."""

    names: tuple[str, ...]
    points: Callable[[State], np.ndarray]  # x and y of each, in the world [m] (..., k, 2)

    def fields(self, robot: Robot, scene: SceneInfo) -> Sequence[Field]:
        """Return two numbers a point."""
        return [Field(f"{name}, {way}", f"{DISTANCE:g} m") for name in self.names for way in DIRECTIONS[:2]]

    def needs(self) -> Needs:
        """Return that points are of the game."""
        return Needs(game=True)

    def read(self, previous: State, action: np.ndarray, state: State, dt: float) -> np.ndarray:
        """Return them (..., 2 x names)."""
        offset = self.points(state) - state.position[..., None, :2]
        x, y = offset[..., 0], offset[..., 1]
        left, forward = state.world_x_direction[..., None, 0], state.world_x_direction[..., None, 1]
        seen = side_by_side(forward * x - left * y, left * x + forward * y) / DISTANCE
        numbers: np.ndarray = seen.reshape(*seen.shape[:-2], -1)
        return numbers


@dataclass(frozen=True)
class GoalDirection(Sensor):
    """Where a goal line across the x axis is, for those whose goal is at +x (`agent_stats.way` 1) or -x (-1)."""

    def fields(self, robot: Robot, scene: SceneInfo) -> Sequence[Field]:
        """Return four numbers."""
        return (
            Field("sine of the angle to the goal"),
            Field("cosine of the angle to the goal"),
            Field("own position along the way to the goal, from the middle", f"{DISTANCE:g} m"),
            Field("own position to the left of that way", f"{DISTANCE:g} m"),
        )

    def needs(self) -> Needs:
        """Return that the way is the game's."""
        return Needs(game=True)

    def read(self, previous: State, action: np.ndarray, state: State, dt: float) -> np.ndarray:
        """Return direction, sine and cosine, and the robot's position as from behind its own line (..., 4)."""
        way = state.agent_stats.way[..., None]
        return np.concatenate([state.world_x_direction * way, state.position[..., :2] * way / DISTANCE], axis=-1)


@dataclass(frozen=True)
class Numbers(Sensor):
    """Single numbers, each with what computes it from the state."""

    columns: tuple[tuple[Field, Callable[[State], np.ndarray]], ...]  # each (world, agent)
    also: Needs = field(default=Needs(game=True))

    def fields(self, robot: Robot, scene: SceneInfo) -> Sequence[Field]:
        """Return one number a column."""
        return [field for field, _ in self.columns]

    def needs(self) -> Needs:
        """Return what the columns need."""
        return self.also

    def read(self, previous: State, action: np.ndarray, state: State, dt: float) -> np.ndarray:
        """Return them (..., columns)."""
        return side_by_side(*(of(state) for _, of in self.columns))


STEPS_LEFT = (Field("steps left", f"{TIME:g}"), lambda state: state.steps_left * (1.0 / TIME))  # a column of `Numbers`


def distance_field(name: str) -> Field:
    """Return the field of a distance that is observed as a share of `DISTANCE`."""
    return Field(name, f"{DISTANCE:g} m")


def flat_distance(one: np.ndarray, other: np.ndarray) -> np.ndarray:
    """Return how far things are from each other over the ground, by their x and y [m] (...)."""
    away: np.ndarray = np.hypot(one[..., 0] - other[..., 0], one[..., 1] - other[..., 1])
    return away
