"""Effects that tasks and games request, as data: where a robot starts, a prop to launch, a push, a marker to show."""

from dataclasses import dataclass

from roboschool.mdp.conditions import STILL, Vector


@dataclass(frozen=True)
class Placement:
    """Where an agent's robot begins an episode, and how it moves; its lowest point touches the ground."""

    position: tuple[float, float]  # x, y [m]
    yaw: float  # heading, 0 along +x [rad]
    joints: tuple[float, ...]  # in the order of the actions [rad, or m for a slide]
    passive_joints: tuple[float, ...] = ()  # of those without a motor; near zero if empty [rad, or m]
    pitch: float = 0.0  # of the trunk [rad]
    roll: float = 0.0  # of a free trunk [rad]
    height: float = 0.0  # of its lowest point over the ground [m]
    trunk_height: float | None = None  # that of the trunk, instead [m]
    velocity: Vector = STILL  # of the trunk: forward, left, up [m/s]
    angular_velocity: Vector = STILL  # of the trunk, in the world [rad/s]
    speeds: tuple[float, ...] = ()  # of the joints, in the order of the actions [rad/s, or m/s]; none: at rest

    @property
    def is_plain(self) -> bool:
        """Whether it rests upright on the ground."""
        moves = any(self.velocity) or any(self.angular_velocity) or any(self.speeds)
        return not (moves or self.roll or self.height or self.trunk_height is not None)


@dataclass(frozen=True)
class Push:
    """A force on the robot of an agent, from now on until another push."""

    world: int
    agent: int
    force: Vector  # at a centre of mass, in the world [N]


@dataclass(frozen=True)
class Launch:
    """Takes a prop to a position and sets it moving."""

    world: int
    prop: str
    position: Vector  # [m]
    velocity: Vector  # [m/s]


@dataclass(frozen=True)
class Marker:
    """A ball or a post that is drawn in pictures and has no body, or a line that is painted on the ground.

    The line is where the distance to a segment is the radius: a straight line if that is 0, a ring if the segment ends
    where it begins.
    """

    position: Vector  # [m]
    radius: float  # [m]
    colour: tuple[int, int, int] = (255, 128, 128)  # red, green, blue
    line: float = 0.0  # width of the line; 0: it is a ball; below 0: a post, so far down from its position [m]
    end: tuple[float, float] | None = None  # x, y of the end of the segment, which begins at the position [m]


def ring(x: float, y: float, radius: float, colour: tuple[int, int, int], line: float = 0.08) -> Marker:
    """Return a ring that is painted around a point on the ground."""
    return Marker((x, y, 0.0), radius, colour, line)


def post(x: float, y: float, height: float, colour: tuple[int, int, int], radius: float = 0.05) -> Marker:
    """Return a post that stands on the ground, with a round top."""
    return Marker((x, y, height - radius), radius, colour, radius - height)


def straight(
    start: tuple[float, float], end: tuple[float, float], colour: tuple[int, int, int], line: float = 0.08
) -> Marker:
    """Return a straight line that is painted on the ground."""
    return Marker((*start, 0.0), 0.0, colour, line, end)
