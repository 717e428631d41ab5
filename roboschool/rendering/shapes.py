"""What is drawn of a body: its links, and the visual shapes of its URDF."""

import functools
import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
from lxml import etree

from roboschool.physics.root_frames import root_frame
from roboschool.rendering.native.library import (
    BOX,
    CAPSULE,
    CYLINDER,
    FIXED,
    HEIGHTS,
    LINKS,
    MESH,
    POSE,
    SHAPES,
    SLIDES,
    SPHERE,
    TURNS,
    load_library,
)
from roboschool.robots.kinematics import rotation_matrix
from roboschool.robots.mesh import read_triangles
from roboschool.robots.urdf import Joint, Model

Colour: TypeAlias = tuple[int, int, int]  # red, green, blue, 0 to 255

PLAIN = (0.72, 0.74, 0.76)  # the colour of a shape without a material
BASE = 7  # numbers of a base: its position [m], its orientation x, y, z, w
ROUND = {"sphere": SPHERE, "capsule": CAPSULE, "cylinder": CYLINDER}


@dataclass(frozen=True)
class Tree:
    """A mesh, ready to be drawn."""

    nodes: np.ndarray
    blocks: np.ndarray
    low: np.ndarray  # of the box around it (3,) [m]
    high: np.ndarray

    @property
    def corners(self) -> np.ndarray:
        """The corners of its triangles (triangle, 3, 3) [m]."""
        rows = self.blocks.swapaxes(1, 2).reshape(-1, 3, 3)
        first, ways = rows[:, :1], rows[:, 1:]
        real = ways.any(axis=(1, 2))  # the last block is not full
        corners: np.ndarray = np.concatenate((first, first + ways), axis=1)[real]
        return corners


@dataclass(frozen=True)
class Parts:
    """The links and shapes of bodies, as the library needs them."""

    links: np.ndarray  # `LINKS`
    shapes: np.ndarray  # `SHAPES`
    owners: np.ndarray  # the link of each shape (shape,)
    local: np.ndarray  # poses of shapes in the frames of their links (shape, POSE)
    trees: Sequence[Tree]  # of the meshes
    names: Mapping[str, int]  # of the links
    centres: Mapping[str, np.ndarray]  # of mass of each link in its frame (3,) [m]


def read_parts(model: Model, joints: Sequence[str]) -> Parts:
    """Return what is drawn of a body, alone in its row.

    Args:
        model: its URDF.
        joints: names of the joints that move, in the order of their positions in the row.

    Raises:
        InvalidInput: a mesh has been changed since the URDF was read.
    """
    root = etree.fromstring(model.text.encode())
    elements = {link.get("name"): link for link in root.findall("link")}
    order = {model.root: -1} | {joint.child: number for number, joint in enumerate(_downwards(model))}
    links = np.zeros(len(order), LINKS)
    names = {name: number for number, name in enumerate(order)}
    position, (x, y, z, w) = root_frame(model)
    turn = _matrix(x, y, z, w).T
    links[0] = (-1, FIXED, 0, _pose(turn, -turn @ np.array(position)), (0.0, 0.0, 0.0))
    for joint in _downwards(model):
        kind = {"fixed": FIXED, "prismatic": SLIDES}.get(joint.kind, TURNS)
        place = BASE + joints.index(joint.name) if joint.kind != "fixed" else 0
        origin = _pose(rotation_matrix(*joint.origin[3:]), joint.origin[:3])
        links[names[joint.child]] = (names[joint.parent], kind, place, origin, joint.axis)
    colours = _materials(root)
    found = [(names[name], *shape) for name in order for shape in _shapes(elements[name], colours)]
    trees = [tree for *_, tree in found if tree is not None]
    shapes = np.zeros(len(found), SHAPES)
    for number, (_, shape, _, tree) in enumerate(found):
        shapes[number] = shape
        shapes[number]["mesh"] = -1 if tree is None else next(k for k, other in enumerate(trees) if other is tree)
    owners = np.array([owner for owner, *_ in found], np.int32)
    local = np.array([pose for _, _, pose, _ in found]).reshape(-1, POSE)
    centres = {name: _origin(element.find("inertial"))[9:] for name, element in elements.items()}
    return Parts(links, shapes, owners, local, trees, names, centres)


def _downwards(model: Model) -> list[Joint]:
    """Return the joints, each behind that of its parent."""
    found: list[Joint] = []
    reached = [model.root]
    for link in reached:
        own = [joint for joint in model.joints if joint.parent == link]
        found += own
        reached += [joint.child for joint in own]
    return found


def _materials(root: Any) -> dict[str, tuple[float, ...]]:
    """Return the colours of materials by name, wherever they are defined."""
    materials = [material for material in root.iter("material") if material.find("color") is not None]
    return {material.get("name"): _numbers(material.find("color"), "rgba")[:3] for material in reversed(materials)}


def _shapes(link: Any, colours: Mapping[str, tuple[float, ...]]) -> Iterator[tuple[Any, np.ndarray, Tree | None]]:
    """Yield the visual shapes of a link: as one of `SHAPES`, its pose, and its tree if it is a mesh."""
    for visual in link.findall("visual"):
        (shape,) = visual.find("geometry")
        material, middle, tree, pose = visual.find("material"), (0.0, 0.0, 0.0), None, _origin(visual)
        colour: tuple[float, ...] = PLAIN
        if material is not None:
            own = material.find("color")
            colour = colours.get(material.get("name"), PLAIN) if own is None else _numbers(own, "rgba")[:3]
        if shape.tag == "mesh":
            scale = _numbers(shape, "scale") or (1.0, 1.0, 1.0)
            tree = _read_tree(shape.get("filename"), os.path.getmtime(shape.get("filename")), scale)
            kind, half, middle = MESH, (tree.high - tree.low) / 2, (tree.high + tree.low) / 2
        elif shape.tag == "box":
            kind, half = BOX, [size / 2 for size in _numbers(shape, "size")]
        else:
            radius, length = float(shape.get("radius")), float(shape.get("length", "0"))
            kind, half = ROUND[shape.tag], (radius, radius, length / 2)
        yield (kind, 0, -1, half, middle, colour), pose, tree


@functools.lru_cache(maxsize=256)
def _read_tree(file: str, _stamp: float, scale: tuple[float, ...]) -> Tree:
    return _grow_tree((read_triangles(Path(file)) * scale).astype(np.float32))


def _grow_tree(corners: np.ndarray) -> Tree:
    nodes, blocks = load_library().build(corners)
    return Tree(nodes, blocks, corners.min((0, 1)), corners.max((0, 1)))


def heightfield(heights: np.ndarray, cell: float, colour: tuple[float, ...] = PLAIN) -> tuple[np.ndarray, Tree]:
    """Return a heightfield as a shape (1,), `SHAPES`, and its tree; it is centred, with rows along y.

    Each cell is two triangles, which meet in the diagonal from its greatest x to its greatest y.

    Args:
        heights: finite numbers (rows, columns), two of each at least [m].
        cell: distance between two of them [m].
        colour: red, green, blue, 0 to 1.
    """
    rows, columns = heights.shape
    x, y = ((np.arange(count) - (count - 1) / 2) * cell for count in (columns, rows))
    points = np.stack((*np.meshgrid(x, y), heights), axis=-1).astype(np.float32)
    a, b, c, d = points[:-1, :-1], points[:-1, 1:], points[1:, 1:], points[1:, :-1]
    tree = _grow_tree(np.stack((np.stack((a, b, d), 2), np.stack((b, c, d), 2))).reshape(-1, 3, 3))
    shape = np.zeros(1, SHAPES)
    shape["kind"], shape["body"], shape["colour"] = HEIGHTS, -1, colour
    shape["half"], shape["middle"] = (tree.high - tree.low) / 2, (tree.high + tree.low) / 2
    return shape, tree


def _origin(element: Any) -> np.ndarray:
    """Return the pose that the <origin> of an element says (POSE,)."""
    origin = element.find("origin")
    if origin is None:
        return _pose(np.eye(3), (0.0, 0.0, 0.0))
    return _pose(rotation_matrix(*(_numbers(origin, "rpy") or (0.0,) * 3)), _numbers(origin, "xyz") or (0.0,) * 3)


def _numbers(element: Any, key: str) -> tuple[float, ...]:
    return tuple(map(float, element.get(key, "").split()))


def _pose(turn: np.ndarray, place: Any) -> np.ndarray:
    return np.concatenate((turn.ravel(), place))


def _matrix(x: float, y: float, z: float, w: float) -> np.ndarray:
    """Return the matrix of a rotation by a quaternion of length 1."""
    cross = np.array(((0.0, -z, y), (z, 0.0, -x), (-y, x, 0.0)))
    matrix: np.ndarray = np.eye(3) + 2.0 * (w * cross + cross @ cross)
    return matrix
