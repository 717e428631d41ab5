"""What an episode changes of robots and their surroundings, as physics applies it: factors and additions."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol, TypeAlias

from roboschool.distributions import Number
from roboschool.robots.robot import Robot

Vector: TypeAlias = tuple[float, float, float]
STILL: Vector = (0.0, 0.0, 0.0)


@dataclass(frozen=True)
class BodyConditions:
    """What differs in a robot. Empty tuples change nothing."""

    mass: tuple[float, ...] = ()  # times mass and inertia of each link of its model
    damping: tuple[float, ...] = ()  # added to that of each of its joints that move [N m s/rad]
    friction: tuple[float, ...] = ()  # by which each of them is braked [N m]
    payload: float = 0.0  # [kg]


@dataclass(frozen=True)
class Conditions:
    """What differs in a world."""

    gravity: Vector = STILL  # added [m/s2]
    restitution: float | None = None  # between robots and the ground, and among robots; None: what their models say
    wind: Vector = STILL  # a force on the trunk of each robot [N]
    bodies: tuple[BodyConditions, ...] = ()  # of each agent


NOMINAL = Conditions()


@dataclass(frozen=True)
class DrawnNumber:
    """A number that is drawn for each episode."""

    key: str  # of `[randomize]`
    name: str  # in `info["randomized"]`
    unit: str
    number: Number  # from which it is drawn
    at: str = ""  # the link or joint that it is about


class Ranges(Protocol):
    """What a scene randomizes, as sensors may know it."""

    def conditions(self, robot: Robot) -> Sequence[DrawnNumber]:
        """Return what is drawn for a robot, in the order of `State.conditions`, without the noise behind it."""
