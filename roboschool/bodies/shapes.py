"""Shapes, links and joints of a body, as numbers. Lengths in metres, angles in degrees.

Masses are of the shapes at the density of water unless a mass is given. A link's frame is at the joint that carries it.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TypeAlias

import numpy as np

Point: TypeAlias = tuple[float, float, float]

DENSITY = 1000.0  # [kg/m3]


@dataclass(frozen=True)
class Capsule:
    """A rod with round ends from `start` to `end`; a sphere where the two agree."""

    start: Point
    end: Point
    radius: float
    mass: float | None = None  # [kg]; from the density if None
    colour: str | None = None  # the link's if None

    @property
    def length(self) -> float:
        """Distance of the ends [m]."""
        return math.dist(self.start, self.end)

    @property
    def centre(self) -> np.ndarray:
        """The middle (3,) [m]."""
        return (np.array(self.start) + self.end) / 2

    def weigh(self) -> tuple[float, np.ndarray]:
        """Return mass [kg] and inertia about the centre [kg m2]: a cylinder and two half balls."""
        r, h = self.radius, self.length
        rod, ball = math.pi * r**2 * h, 4 / 3 * math.pi * r**3
        mass = (rod + ball) * DENSITY if self.mass is None else self.mass
        rod, ball = mass * rod / (rod + ball), mass * ball / (rod + ball)
        along = rod * r**2 / 2 + ball * 2 / 5 * r**2
        across = rod * (h**2 / 12 + r**2 / 4) + ball * (2 / 5 * r**2 + h**2 / 4 + 3 / 8 * h * r)
        axis = (np.array(self.end) - self.start) / h if h else np.array([0.0, 0.0, 1.0])
        return mass, across * np.eye(3) + (along - across) * np.outer(axis, axis)


def ball(centre: Point, radius: float, mass: float | None = None) -> Capsule:
    """Return a sphere."""
    return Capsule(centre, centre, radius, mass)


def rod(centre: Point, half: float, tilt: float, radius: float, mass: float | None = None) -> Capsule:
    """Return a capsule given by its centre, half length and tilt about y from upright [rad]."""
    reach = half * np.array([math.sin(tilt), 0.0, math.cos(tilt)])
    return Capsule(tuple(centre - reach), tuple(centre + reach), radius, mass)


@dataclass(frozen=True)
class Cylinder(Capsule):
    """A rod with flat ends."""

    def weigh(self) -> tuple[float, np.ndarray]:
        """Return mass [kg] and inertia about the centre [kg m2]."""
        r, h = self.radius, self.length
        mass = math.pi * r**2 * h * DENSITY if self.mass is None else self.mass
        along, across = mass * r**2 / 2, mass * (3 * r**2 + h**2) / 12
        axis = (np.array(self.end) - self.start) / h
        return mass, across * np.eye(3) + (along - across) * np.outer(axis, axis)


@dataclass(frozen=True)
class Block:
    """A box."""

    size: Point  # sides of the box [m]
    mass: float = 0.0  # [kg]
    inertia: float | None = None  # about every axis [kg m2]; of a solid box if None
    centre: Point = (0, 0, 0)
    colour: str | None = None  # the link's if None
    turn: float = 0.0  # about z, of what is never weighed [rad]

    def weigh(self) -> tuple[float, np.ndarray]:
        """Return mass [kg] and inertia about the centre [kg m2]."""
        x, y, z = np.square(self.size)
        solid = self.mass / 12 * np.diag([y + z, x + z, x + y])
        return self.mass, solid if self.inertia is None else self.inertia * np.eye(3)


@dataclass(frozen=True)
class Drum:
    """A cylinder, about y unless it is turned to stand."""

    radius: float
    length: float
    mass: float  # [kg]; 0 of what is only seen, inside another
    centre: Point = (0, 0, 0)
    colour: str | None = None  # the link's if None
    standing: bool = False  # about z

    def weigh(self) -> tuple[float, np.ndarray]:
        """Return mass [kg] and inertia about the centre [kg m2]."""
        along = self.mass * self.radius**2 / 2
        across = self.mass * (self.radius**2 / 4 + self.length**2 / 12)
        return self.mass, np.diag([across, across, along] if self.standing else [across, along, across])


@dataclass(frozen=True)
class Link:
    """A rigid part: its shapes together."""

    name: str
    colour: str = "slate"
    shapes: Sequence["Capsule | Block | Drum"] = ()
    friction: float = 0.8
    rotor: float = 0.0  # inertia added about every axis [kg m2]
    bounce: float = 0.0  # restitution; of two bodies that meet, the product counts
    rolling: float = 0.0  # resistance to rolling, times the friction of what it rolls on [m]
    solid: bool = True  # whether other bodies meet it
    looks: Sequence["Capsule | Block | Drum"] = ()  # drawn, and weightless; nothing meets them
    drawn: bool = True  # whether its shapes are, beside its looks


@dataclass(frozen=True)
class Joint:
    """A joint, with the link that it carries."""

    name: str
    parent: str
    child: Link
    at: Point  # in the parent's frame [m]
    axis: Point
    limits: tuple[float, float] | None = None  # [deg]; None turns for ever
    slide: bool = False
    damping: float = 0.0  # [N m s/rad, or N s/m for a slide]
    fastest: float = 10.0  # speed that is observed as 1 [rad/s or m/s]
    effort: float = 1000.0  # [N m or N]
    fixed: bool = False
    turn: Point = (0, 0, 0)  # roll, pitch, yaw of the child in the parent's frame [deg]
    mimics: str = ""  # the joint that it follows one to one


@dataclass
class Body:
    """A robot or a prop: a base, and joints, each after the one that carries its parent."""

    name: str
    base: Link
    joints: list[Joint] = field(default_factory=list)
