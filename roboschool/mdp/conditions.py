"""What an episode changes of robots and their surroundings, as physics applies it: factors and additions."""

from dataclasses import dataclass
from typing import TypeAlias

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
