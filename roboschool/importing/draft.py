"""A robot while it is imported: its links, joints and shapes as numbers, in metres, kilograms and radians."""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import TypeAlias

import numpy as np

from roboschool.robots.robot import RAIL

Frame: TypeAlias = np.ndarray  # (4, 4): rotation and position in the frame above
Colour: TypeAlias = tuple[float, float, float, float]  # red, green, blue, alpha, 0 to 1


@dataclass(frozen=True, eq=False)
class Solid:
    """What a shape would be if it were solid."""

    volume: float  # [m3]
    centre: np.ndarray  # of mass, in the shape's frame (3,)
    inertia: np.ndarray  # about the centre, for a density of 1 (3, 3) [m5]
    reach: float  # its largest extent [m]
    corners: np.ndarray  # that lie around it (n, 3)


@dataclass(eq=False)  # arrays have no one answer
class Shape:
    """What is seen of a link, or collides."""

    kind: str  # box, cylinder, sphere, capsule or mesh
    size: tuple[float, ...]  # x, y, z of a box; radius; radius and length; x, y, z factors of a mesh
    frame: Frame  # in its link
    file: str = ""  # of a mesh
    colour: Colour | None = None
    solid: Solid | None = None  # of a mesh that was converted


@dataclass(eq=False)
class DraftLink:
    """A rigid part."""

    name: str
    mass: float | None = None  # None or 0: not stated
    centre: np.ndarray = field(default_factory=lambda: np.zeros(3))  # of mass (3,)
    inertia: np.ndarray | None = None  # about the centre, along the link's axes (3, 3)
    visuals: list[Shape] = field(default_factory=list)
    collisions: list[Shape] = field(default_factory=list)
    contact: dict[str, float] = field(default_factory=dict)  # Bullet's numbers about touch, by element
    density: float | None = None  # of its shapes, if its mass follows from them [kg/m3]


@dataclass(frozen=True)
class Mimic:
    """A joint that follows another: position = multiplier * leader + offset."""

    leader: str
    multiplier: float
    offset: float


@dataclass(eq=False)
class DraftJoint:
    """A joint between two links."""

    name: str
    kind: str
    parent: str
    child: str
    frame: Frame  # of the child in the parent
    axis: np.ndarray  # in the child's frame (3,)
    lower: float | None = None
    upper: float | None = None
    effort: float | None = None
    velocity: float | None = None
    damping: float = 0.0
    friction: float = 0.0
    mimic: Mimic | None = None
    zero: float = 0.0  # what the file calls our position of zero [rad or m]
    passive: bool = False  # whether the file says what drives joints, and nothing drives this one

    @property
    def moves(self) -> bool:
        """Whether it is not fixed."""
        return self.kind != "fixed"


@dataclass
class Draft:
    """A robot."""

    name: str
    links: dict[str, DraftLink]
    joints: dict[str, DraftJoint]
    merged: list[str] = field(default_factory=list)  # links that are now a part of others
    fixed: bool = False  # whether the file says that the root is fixed to the world
    rest: dict[str, float] = field(default_factory=dict)  # rest pose that the file states, by joint [rad or m]

    def root(self) -> str:
        """Return the link that is no joint's child."""
        children = {joint.child for joint in self.joints.values()}
        return next(name for name in self.links if name not in children)

    def is_planar(self) -> bool:
        """Return whether all hangs on joints without motors that let it slide along x and z and turn about y."""
        link, found = self.root(), []
        for kind, axis in RAIL:
            below = self.joints_below(link)
            if len(below) != 1 or not below[0].passive or self.links[link].collisions:
                return False
            found.append(below[0].kind == kind and bool(np.allclose(below[0].axis, axis)))
            link = below[0].child
        return all(found)

    def joints_below(self, link: str) -> list[DraftJoint]:
        """Return the joints whose parent is a link."""
        return [joint for joint in self.joints.values() if joint.parent == link]

    def downwards(self) -> Iterator[str]:
        """Go through the links, each after its parent."""
        below: dict[str, list[str]] = {}
        for joint in self.joints.values():
            below.setdefault(joint.parent, []).append(joint.child)
        reached = [self.root()]
        for link in reached:
            yield link
            reached += below.get(link, [])

    def frames(self, pose: dict[str, float] | None = None) -> dict[str, Frame]:
        """Return the frame of each link in the root's, with joints at a pose by name [rad or m], 0 if not given."""
        by_child = {joint.child: joint for joint in self.joints.values()}
        found: dict[str, Frame] = {}
        for link in self.downwards():
            joint = by_child.get(link)
            if joint is None:
                found[link] = np.eye(4)
                continue
            found[link] = found[joint.parent] @ joint.frame @ motion(joint, (pose or {}).get(joint.name, 0.0))
        return found

    def mass(self) -> float:
        """Return the mass of all links [kg]."""
        return sum(link.mass or 0.0 for link in self.links.values())


def motion(joint: DraftJoint, position: float) -> Frame:
    """Return how a joint at a position [rad or m] moves its child."""
    frame = np.eye(4)
    if joint.kind == "prismatic":
        frame[:3, 3] = joint.axis * position
    elif joint.moves and position:
        frame[:3, :3] = turn(joint.axis, position)
    return frame


def turn(axis: np.ndarray, angle: float) -> np.ndarray:
    """Return the rotation about an axis of length 1 by an angle [rad], (3, 3)."""
    x, y, z = axis
    cross = np.array([[0.0, -z, y], [z, 0.0, -x], [-y, x, 0.0]])
    return np.asarray(np.eye(3) + math.sin(angle) * cross + (1.0 - math.cos(angle)) * cross @ cross)


def pose_frame(xyz: Sequence[float], rpy: Sequence[float]) -> Frame:
    """Return a frame from a position [m] and the three angles of a URDF [rad]."""
    roll, pitch, yaw = rpy
    frame = np.eye(4)
    about_x, about_y, about_z = (turn(np.eye(3)[i], angle) for i, angle in enumerate((roll, pitch, yaw)))
    frame[:3, :3] = about_z @ about_y @ about_x
    frame[:3, 3] = xyz
    return frame


def frame_angles(frame: Frame) -> tuple[float, float, float]:
    """Return the three angles of a URDF [rad] of a frame."""
    r = frame[:3, :3]
    flat = math.hypot(r[0, 0], r[1, 0])
    if flat > 1e-9:
        return math.atan2(r[2, 1], r[2, 2]), math.atan2(-r[2, 0], flat), math.atan2(r[1, 0], r[0, 0])
    return math.atan2(-r[1, 2], r[1, 1]), math.atan2(-r[2, 0], flat), 0.0
