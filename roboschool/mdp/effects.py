"""Effects that tasks and games request, as data: where a robot starts, a prop to launch, a marker to show."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Placement:
    """Where an agent's robot begins an episode; its lowest point touches the ground."""

    position: tuple[float, float]  # x, y [m]
    yaw: float  # heading, 0 along +x [rad]
    joints: tuple[float, ...]  # in the order of the actions [rad, or m for a slide]
    passive_joints: tuple[float, ...] = ()  # of those without a motor; near zero if empty [rad, or m]
    pitch: float = 0.0  # of the trunk [rad]


@dataclass(frozen=True)
class Launch:
    """Takes a prop to a position and sets it moving."""

    world: int
    prop: str
    position: tuple[float, float, float]  # [m]
    velocity: tuple[float, float, float]  # [m/s]


@dataclass(frozen=True)
class Marker:
    """A ball that is drawn in pictures and has no body, or a line that is painted on the ground.

    The line is where the distance to a segment is the radius: a straight line if that is 0, a ring if the segment ends
    where it begins.
    """

    position: tuple[float, float, float]  # [m]
    radius: float  # [m]
    colour: tuple[int, int, int] = (255, 128, 128)  # red, green, blue
    line: float = 0.0  # width of the line; 0: it is a ball [m]
    end: tuple[float, float] | None = None  # x, y of the end of the segment, which begins at the position [m]


def ring(x: float, y: float, radius: float, colour: tuple[int, int, int], line: float = 0.08) -> Marker:
    """Return a ring that is painted around a point on the ground."""
    return Marker((x, y, 0.0), radius, colour, line)


def straight(
    start: tuple[float, float], end: tuple[float, float], colour: tuple[int, int, int], line: float = 0.08
) -> Marker:
    """Return a straight line that is painted on the ground."""
    return Marker((*start, 0.0), 0.0, colour, line, end)
