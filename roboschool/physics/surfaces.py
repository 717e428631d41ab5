"""The collision shapes of a world as their URDFs declare them, and where rays meet them."""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from lxml import etree

from roboschool.physics.bodies import BASE, Body
from roboschool.physics.ground import NOWHERE, Ground
from roboschool.physics.output import redirect_native_output
from roboschool.physics.quaternions import matrices
from roboschool.physics.ray_shapes import (
    BOX,
    NEVER,
    PRISM,
    SIDES,
    come_near,
    dot,
    meet_capsules,
    meet_plane,
    meet_prisms,
    meet_terrain,
)
from roboschool.robots.kinematics import rotation_matrix
from roboschool.robots.urdf import Model
from roboschool.robots.urdf_faults import read_floats

with redirect_native_output():
    import pybullet as bullet

AT_ONCE = 2048  # rays
MARGIN = 0.001  # by which Bullet grows the prism that it makes of a cylinder [m]
Placed: TypeAlias = tuple[np.ndarray, np.ndarray]  # positions [m] and axes of things


@dataclass(frozen=True)
class Shape:
    """A collision shape of a link."""

    link: str
    kind: str  # the tag in the URDF
    place: np.ndarray  # of its middle, in the frame of the link (3,) [m]
    axes: np.ndarray  # as columns, likewise (3, 3)
    half: tuple[float, float, float]  # of its sides; of one that is round its radius twice, and of its straight length

    @property
    def reach(self) -> float:
        """From its middle to its farthest point [m]."""
        if self.kind in ("sphere", "capsule"):
            return self.half[0] + self.half[2]
        return math.hypot(*self.half) + 2.0 * MARGIN


def read_shapes(model: Model) -> Iterator[Shape]:
    """Yield the collision shapes of a URDF; of a mesh no sides."""
    for link in etree.fromstring(model.text.encode()).findall("link"):
        for collision in link.findall("collision"):
            origin, (element,) = collision.find("origin"), collision.find("geometry")
            if origin is None:
                origin = etree.Element("origin")
            place, angles = (read_floats(origin, name, "0 0 0") for name in ("xyz", "rpy"))
            half = (0.0, 0.0, 0.0)
            if element.tag == "box":
                x, y, z = read_floats(element, "size")
                half = x / 2.0, y / 2.0, z / 2.0
            elif element.tag != "mesh":
                radius = float(element.get("radius"))
                half = radius, radius, float(element.get("length", 0.0)) / 2.0
            yield Shape(link.get("name"), element.tag, np.array(place), rotation_matrix(*angles), half)


class Surfaces:
    """All surfaces of a world that a ray can meet.

    Args:
        client: that of the world.
        bodies: agents, then props. The ground counts as one more.
        ground: of the world, if it has one.
    """

    def __init__(self, client: int, bodies: Sequence[Body], ground: Ground | None) -> None:
        self._client, self._ground, self._floor = client, ground, len(bodies)
        shapes = [list(read_shapes(body.model)) for body in bodies]
        self.are_known = not any(shape.kind == "mesh" for own in shapes for shape in own)  # else Bullet must be asked
        self._solid = np.array([number for number, own in enumerate(shapes) if own], int)  # bodies that have shapes
        if not self.are_known or not self._solid.size:
            return
        self._count = np.array([len(shapes[number]) for number in self._solid])
        self._first = np.cumsum(self._count) - self._count  # the first shape of each
        self._owner = np.repeat(self._solid, self._count)
        self._posed: list[tuple[int, list[int]]] = []  # Bullet's body, and its links that have shapes, but the root
        links: list[int] = []  # of each shape, counted over all bodies
        places, axes = [], []
        begun = 0
        for number in self._solid:
            body, own = bodies[number], shapes[number]
            order = sorted({BASE} | {body.links[shape.link] for shape in own})
            place, turn = _to_root(body)
            for shape in own:
                link = body.links[shape.link]
                links.append(begun + order.index(link))
                places.append(place + turn @ shape.place if link == BASE else shape.place)
                axes.append(turn @ shape.axes if link == BASE else shape.axes)
            self._posed.append((body.id, order[1:]))
            begun += len(order)
        self._link, self._places, self._axes = np.array(links), np.array(places), np.array(axes)
        listed = [shape for own in shapes for shape in own]
        self._reach = np.array([shape.reach for shape in listed])
        self._half = np.array([shape.half for shape in listed])
        self._is_round, self._is_box, self._is_cylinder = (
            np.array([shape.kind in kinds for shape in listed])
            for kinds in (("sphere", "capsule"), ("box",), ("cylinder",))
        )

    def meet(
        self, start: np.ndarray, direction: np.ndarray, reach: np.ndarray, own: np.ndarray
    ) -> tuple[np.ndarray, np.ndarray]:
        """Return how far it is to what each ray meets first [m], and the number of that body.

        A ray that begins in a body leaves it without meeting it. Where it meets nothing, that is `NEVER`.

        Args:
            start: where rays begin [m] (ray, 3).
            direction: of length 1 (ray, 3).
            reach: of the rays [m] (ray,).
            own: the number of the body that each ray goes through (ray,).
        """
        posed = self._poses() if self._solid.size else None
        parts = [slice(begun, begun + AT_ONCE) for begun in range(0, len(start), AT_ONCE)]
        found = [self._meet(posed, start[part], direction[part], reach[part], own[part]) for part in parts]
        distance, body = (np.concatenate(each) for each in zip(*found, strict=True))
        return distance, body

    def _meet(
        self, posed: Placed | None, start: np.ndarray, direction: np.ndarray, reach: np.ndarray, own: np.ndarray
    ) -> tuple[np.ndarray, np.ndarray]:
        distance, body = self._meet_ground(start, direction, reach), np.full(len(start), self._floor)
        if posed is not None:
            ray, shape, far = self._meet_shapes(posed, start, direction, reach, own)
            order = np.lexsort((far, ray))
            ray, first = np.unique(ray[order], return_index=True)
            far, shape = far[order][first], shape[order][first]
            nearer = far < distance[ray]
            distance[ray[nearer]], body[ray[nearer]] = far[nearer], self._owner[shape[nearer]]
        return np.where(distance <= reach, distance, NEVER), body

    def _meet_ground(self, start: np.ndarray, direction: np.ndarray, reach: np.ndarray) -> np.ndarray:
        ground = self._ground
        if ground is None or ground.body == NOWHERE:
            return np.full(len(start), NEVER)
        if ground.terrain is None:
            return meet_plane(start, direction)
        return meet_terrain(ground.terrain, ground.tile, start, direction, reach)

    def _meet_shapes(
        self, posed: Placed, start: np.ndarray, direction: np.ndarray, reach: np.ndarray, own: np.ndarray
    ) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Return rays and shapes that come near each other, and how far it is till they meet [m] (pair,)."""
        place, turn = posed
        middle = place + dot(turn, self._places[:, None])
        root = middle[self._first]
        radius = np.maximum.reduceat(_length(middle - np.repeat(root, self._count, axis=0)) + self._reach, self._first)
        near = come_near(root - start[:, None], direction[:, None], reach[:, None], radius)
        ray, solid = np.nonzero(near & (self._solid != own[:, None]))
        count = self._count[solid]
        ray = np.repeat(ray, count)
        shape = np.arange(len(ray)) + np.repeat(self._first[solid] - (np.cumsum(count) - count), count)
        near = come_near(middle[shape] - start[ray], direction[ray], reach[ray], self._reach[shape])
        ray, shape = ray[near], shape[near]
        # the rays in the frames of the shapes, whose axes are the columns of turn times axes
        columns = np.stack([dot(turn[shape], self._axes[shape, None, :, axis]) for axis in range(3)], axis=1)
        here = dot(columns, (start[ray] - middle[shape])[:, None])
        ahead = dot(columns, direction[ray][:, None])
        far, half = np.full(len(ray), NEVER), self._half[shape]
        chosen = self._is_round[shape]
        if chosen.any():
            far[chosen] = meet_capsules(here[chosen], ahead[chosen], half[chosen, 2], half[chosen, 0])
        chosen = self._is_box[shape]
        if chosen.any():
            far[chosen] = meet_prisms(here[chosen], ahead[chosen], BOX, half[chosen])
        chosen = self._is_cylinder[shape]
        if chosen.any():
            wide, high = half[chosen, :1] * math.cos(math.pi / SIDES), half[chosen, 2:]
            halves = np.concatenate([np.repeat(wide, len(PRISM) - 1, axis=1), high], axis=1) + MARGIN
            far[chosen] = meet_prisms(here[chosen], ahead[chosen], PRISM, halves)
        return ray, shape, far

    def _poses(self) -> Placed:
        """Return position [m] and orientation of the frame of the link of each shape (shape, 3), (shape, 3, 3)."""
        client, poses = self._client, []
        for body, links in self._posed:
            poses.append(bullet.getBasePositionAndOrientation(body, client))
            if links:
                poses += [state[4:6] for state in bullet.getLinkStates(body, links, 0, 1, client)]
        position, turned = (np.array(part) for part in zip(*poses, strict=True))
        return position[self._link], matrices(turned)[self._link]


def _to_root(body: Body) -> tuple[np.ndarray, np.ndarray]:
    """Return position [m] and axes, as columns, of the root of a body in the frame that Bullet tells."""
    inertial = bullet.getDynamicsInfo(body.id, BASE, physicsClientId=body.client)[3:5]
    place, turned = bullet.invertTransform(*inertial)
    return np.array(place), matrices(np.array([turned]))[0]


def _length(vectors: np.ndarray) -> np.ndarray:
    length: np.ndarray = np.sqrt(dot(vectors, vectors))
    return length
