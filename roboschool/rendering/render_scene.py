"""Robots, props and markers of a scene, ready to be drawn."""

import ctypes
from collections.abc import Sequence
from ctypes import c_double, c_float
from typing import Any, NamedTuple

import numpy as np

from roboschool.mdp.effects import Marker
from roboschool.physics.checkpoint import Snapshot
from roboschool.rendering.camera_view import CameraView
from roboschool.rendering.ground import BLACK, WHITE, find_track, make_ground
from roboschool.rendering.native.library import (
    BOX,
    CAPSULE,
    MARKS,
    POSE,
    SHAPES,
    SPHERE,
    Eye,
    Ground,
    Mesh,
    Picture,
    load_library,
)
from roboschool.rendering.shapes import BASE, Colour, Parts, Tree, read_parts
from roboschool.rendering.team_colours import team_colours, tint
from roboschool.rendering.tiles import draw_tile
from roboschool.scenes.scene import Scene

RADIUS = 0.72  # of a sphere around a body, if its longest side is 1
SMALLEST = 0.45  # such a radius, at least, so that what is around a small robot is seen, too [m]
LOST = 1e5  # a body farther away is not moved any more [m]
NO_BODY = -1  # in a picture of bodies: ground, sky, markers, arch
ARCH, POST, BANNER = 3.0, 0.04, 0.2  # height of the finish arch, half the width of a post and of a square on it [m]
UPRIGHT = np.eye(3).ravel()
UNMARKED = np.zeros(0, MARKS)


class Image(NamedTuple):
    """A picture, and what the camera measures beside colours; several have an axis of their own before the others."""

    colours: np.ndarray  # red, green, blue, bytes (height, width, 3)
    depths: np.ndarray  # distance along the camera's axis [m], infinite for the sky (height, width), float32
    bodies: np.ndarray  # number of the agent, else agents + number of the prop, else -1 (height, width), int32

    @classmethod
    def empty(cls, *size: int) -> "Image":
        """Return one to be drawn (..., height, width)."""
        return cls(np.empty((*size, 3), np.uint8), np.empty(size, np.float32), np.empty(size, np.int32))


class RenderScene:
    """Robots, props and markers of worlds of one scene, which snapshots place.

    Args:
        scene: what is drawn.
        worlds: how many.

    Raises:
        InvalidInput: there is no library, or a mesh has been changed since its URDF was read.
    """

    def __init__(self, scene: Scene, worlds: int = 1) -> None:
        self.library = load_library()
        self.ground = make_ground(scene)
        self._terrain, self._tiles = scene.info.terrain, [0] * worlds  # the tile of each world
        bodies = [
            read_parts(agent.robot.model, [*agent.robot.unactuated, *(joint.name for joint in agent.robot.joints)])
            for agent in scene.agents
        ]
        bodies += [read_parts(prop.model, [joint.name for joint in prop.joints]) for prop in scene.props]
        joints = [len(agent.robot.unactuated) + len(agent.robot.joints) for agent in scene.agents]
        joints += [len(prop.joints) for prop in scene.props]
        stops = np.cumsum([BASE + count for count in joints])
        self._columns = [slice(stop - BASE - count, stop) for stop, count in zip(stops, joints, strict=True)]
        self._rows = np.zeros((worlds, stops[-1]))
        for columns in self._columns:
            self._rows[:, columns.start + BASE - 1] = 1.0  # upright
        self._agents = len(scene.agents)
        self._names = [agent.name for agent in scene.agents] + [prop.name for prop in scene.props]
        self.link_names = [name for parts in bodies for name in parts.names]
        self._arrange(bodies, _arch(scene), [*team_colours(scene), *[None] * len(scene.props)])
        self.trunks: list[tuple[int, np.ndarray]] = []  # the link of each body's trunk, and its centre of mass in it
        trunks = [agent.robot.trunk for agent in scene.agents]
        trunks += [prop.joints[-1].child if prop.joints else prop.model.root for prop in scene.props]
        self.link_numbers: list[dict[str, int]] = []  # of each body, by name
        for number, (parts, trunk) in enumerate(zip(bodies, trunks, strict=True)):
            first = sum(len(other.links) for other in bodies[:number])
            self.link_numbers.append({name: first + link for name, link in parts.names.items()})
            self.trunks.append((self.link_numbers[-1][trunk], parts.centres[trunk]))
        self.placed, self.poses = self.library.place(self._rows, self.links, self.owners, self.local)
        self.radii = self._measure()  # of a sphere around each body (body,) [m]
        self.markers = [_read_markers((), self.ground)] * worlds

    def _arrange(
        self, bodies: Sequence[Parts], still: tuple[np.ndarray, np.ndarray], teams: Sequence[Colour | None]
    ) -> None:
        """Put links and shapes of all bodies, and those that stay where they are, into arrays."""
        links, shapes, owners, trees = list[np.ndarray](), list[np.ndarray](), list[np.ndarray](), list[Tree]()
        for number, (parts, columns) in enumerate(zip(bodies, self._columns, strict=True)):
            own, looks = parts.links.copy(), parts.shapes.copy()
            first = sum(len(other) for other in links)
            own["parent"][1:] += first
            own["place"] += columns.start
            looks["body"] = number
            looks["mesh"] += len(trees)
            looks["colour"] = tint(looks["colour"], teams[number])
            links.append(own)
            shapes.append(looks)
            owners.append(parts.owners + first)
            trees += parts.trees
        self.links = np.concatenate(links)
        self.shapes = np.concatenate((*shapes, still[0]))
        self.owners = np.concatenate((*owners, np.full(len(still[0]), -1))).astype(np.int32)
        self.local = np.concatenate((*(parts.local for parts in bodies), still[1]))
        self.trees = trees
        self.meshes = _mesh_array(trees)

    def _measure(self) -> np.ndarray:
        """Return a radius around each body as it is placed (body,) [m]."""
        turns, places = self.poses[0, :, :9].reshape(-1, 3, 3), self.poses[0, :, 9:]
        kinds, half = self.shapes["kind"], self.shapes["half"]
        caps = np.where(kinds >= BOX, 0.0, half[:, 0])[:, None]
        reach = np.einsum("sij,sj->si", abs(turns), half - caps * (1.0, 1.0, 0.0)) + caps
        middles = places + np.einsum("sij,sj->si", turns, self.shapes["middle"])
        radii = np.full(len(self._names), SMALLEST)
        for body in range(len(self._names)):
            own = self.shapes["body"] == body
            if own.any():
                size = (middles + reach)[own].max(axis=0) - (middles - reach)[own].min(axis=0)
                radii[body] = max(SMALLEST, RADIUS * size.max())
        return radii

    def show(self, snapshots: Sequence[Snapshot], markers: Sequence[Sequence[Marker]] = ()) -> np.ndarray:
        """Place what is in the worlds; return the positions of the robots' trunks (world, robot, 3) [m].

        A body whose pose is not finite or too far away stays where it was; such a marker is left out.
        """
        for row, snapshot in zip(self._rows, snapshots, strict=True):
            bodies = zip(snapshot.bases, snapshot.joints, strict=True)
            numbers = np.array(
                [number for base, joints in bodies for part in (*base[:2], joints[0]) for number in part]
            )
            with np.errstate(over="ignore"):
                numbers = numbers.astype(np.float32)  # as a match file rounds them
            near = abs(numbers) < LOST
            for columns in [slice(None)] if near.all() else self._columns:
                if near[columns].all():
                    row[columns] = numbers[columns]
        self._tiles = [snapshot.tile for snapshot in snapshots]
        self.placed, self.poses = self.library.place(self._rows, self.links, self.owners, self.local)
        self.markers = [_read_markers(own, self.ground) for own in markers or [()] * len(self._rows)]
        worlds, robots = range(len(self._rows)), range(self._agents)
        return np.array([[self._position(world, robot) for robot in robots] for world in worlds])

    def robot_radii(self) -> np.ndarray:
        """Return the radius of a sphere around each robot (robot,) [m]."""
        return self.radii[: self._agents]

    def position(self, name: str, world: int = 0) -> np.ndarray:
        """Return the position of an agent's robot or of a prop (3,) [m]."""
        return self._position(world, self._names.index(name))

    def far_end(self, link: int, direction: np.ndarray) -> np.ndarray:
        """Return the point of a link in the first world that is farthest against a direction of length 1 (3,) [m]."""
        own = np.flatnonzero(self.owners == link)
        if not len(own):
            return np.array(self.placed[0, link, 9:])
        turns, places = self.poses[0, own, :9].reshape(-1, 3, 3), self.poses[0, own, 9:]
        shapes = self.shapes[own]
        caps = np.where(shapes["kind"] >= BOX, 0.0, shapes["half"][:, 0])[:, None]
        along = np.sign(direction @ turns) * (shapes["half"] - caps * (1.0, 1.0, 0.0))
        points = places + np.einsum("sij,sj->si", turns, shapes["middle"] - along) - caps * direction
        farthest: np.ndarray = points[(points @ direction).argmin()]
        return farthest

    def _position(self, world: int, body: int) -> np.ndarray:
        link, centre = self.trunks[body]
        pose = self.placed[world, link]
        placed: np.ndarray = pose[9:] + pose[:9].reshape(3, 3) @ centre
        return placed

    def draw(
        self,
        views: Sequence[CameraView],
        width: int,
        height: int,
        threads: int | None = None,
        worlds: Sequence[int] | None = None,
    ) -> Image:
        """Draw views, all in one call (view, ...); the number of threads changes no pixel.

        Args:
            views: from where.
            width: of the pictures [pixels].
            height: of the pictures [pixels].
            threads: see `Library.draw`.
            worlds: what each view is of; None: of each world there is one.
        """
        images, seen = Image.empty(len(views), height, width), range(len(self.poses)) if worlds is None else worlds
        marked = [self.markers[world] for world in seen]
        shapes = [np.concatenate((self.shapes, own.shapes)) for own in marked]
        poses = [np.concatenate((self.poses[world], own.poses)) for world, own in zip(seen, marked, strict=True)]
        strokes, meshes = [own.strokes for own in marked], [self.meshes] * len(shapes)
        if self._terrain is not None:
            tiles = [draw_tile(self._terrain, self._tiles[world]) for world in seen]
            meshes = [_mesh_array([*self.trees, tile.tree]) for tile in tiles]
            shapes = [np.concatenate((own, tile.shape)) for own, tile in zip(shapes, tiles, strict=True)]
            poses = [np.concatenate((own, tile.pose)) for own, tile in zip(poses, tiles, strict=True)]
            for own in shapes:
                own["mesh"][-1] = len(self.trees)
        pictures = [
            fill_picture(drawn, placed, trees, self.ground, view, image, lines)
            for drawn, placed, trees, lines, view, image in zip(
                shapes, poses, meshes, strokes, views, map(Image, *images), strict=True
            )
        ]
        self.library.draw(pictures, threads)
        return images


def _mesh_array(trees: Sequence[Tree]) -> Any:
    """Return a ctypes array of meshes, whose trees must live as long."""
    return (Mesh * (len(trees) + 1))(*(Mesh(tree.nodes.ctypes.data, tree.blocks.ctypes.data) for tree in trees))


def fill_picture(
    shapes: np.ndarray,
    poses: np.ndarray,
    meshes: Any,
    ground: Ground,
    view: CameraView,
    image: Image,
    strokes: np.ndarray = UNMARKED,
) -> Picture:
    """Return what the library draws an image from; all that is given must live as long as it.

    Args:
        shapes: `SHAPES` (shape,).
        poses: of the shapes (shape, POSE).
        meshes: a ctypes array of `Mesh`, at least one.
        ground: and sky.
        view: from where it is seen.
        image: to be drawn.
        strokes: `MARKS`, on the ground (mark,).
    """
    height, width = image.depths.shape
    vectors = ((c_float * 3)(*vector) for vector in (view.ahead, view.right, view.up))
    return Picture(
        *(shapes.ctypes.data, poses.ctypes.data, ctypes.addressof(meshes), ctypes.pointer(ground), strokes.ctypes.data),
        Eye((c_double * 3)(*view.eye), *vectors, view.wide, view.high),
        *(len(shapes), len(strokes), width, height, *(array.ctypes.data for array in image)),
    )


class Markers(NamedTuple):
    """Markers, ready to be drawn."""

    shapes: np.ndarray  # of balls and posts, `SHAPES`
    poses: np.ndarray  # of them (shape, POSE)
    strokes: np.ndarray  # lines on the ground, `MARKS`


def _read_markers(markers: Sequence[Marker], ground: Ground) -> Markers:
    """Return what is drawn of markers; one that is not finite or too far away is left out."""
    markers = [
        marker
        for marker in markers
        if all(abs(number) < LOST for number in (*marker.position, marker.radius, marker.line, *(marker.end or ())))
    ]
    lines = [marker for marker in markers if marker.line > 0.0]
    strokes, middle = np.zeros(len(lines), MARKS), np.array(ground.middle)
    for mark, marker in zip(strokes, lines, strict=True):
        start = marker.position[:2]
        mark["start"], mark["end"] = start - middle, (marker.end or start) - middle
        mark["radius"], mark["line"], mark["colour"] = marker.radius, marker.line, _share(marker.colour)
    return Markers(*_solids([marker for marker in markers if marker.line <= 0.0]), strokes)


def _solids(markers: Sequence[Marker]) -> tuple[np.ndarray, np.ndarray]:
    """Return the shapes of balls and posts, and their poses (shape, POSE)."""
    shapes, poses = np.zeros(len(markers), SHAPES), np.empty((len(markers), POSE))
    for shape, pose, marker in zip(shapes, poses, markers, strict=True):
        shape["kind"], shape["body"] = CAPSULE if marker.line else SPHERE, NO_BODY
        shape["half"] = marker.radius, marker.radius, -marker.line / 2 or marker.radius
        shape["colour"] = _share(marker.colour)
        pose[:9], pose[9:] = UPRIGHT, np.array(marker.position, np.float32)
        pose[11] += marker.line / 2
    return shapes, poses


def _share(colour: Colour) -> tuple[float, ...]:
    return tuple(part / 255 for part in colour)


def _arch(scene: Scene) -> tuple[np.ndarray, np.ndarray]:
    """Return the boxes of the arch over the finish, if there is one, and their poses (box, POSE)."""
    track, found = find_track(scene), list[Any]()
    if track and scene.finish:
        right, left, x = track[0] - 2 * POST, track[1] + 2 * POST, scene.finish
        found += [((POST, POST, ARCH / 2), (x, y, ARCH / 2), WHITE) for y in (right, left)]
        squares = round((left - right) / (2 * BANNER))
        half = (left - right) / squares / 2
        for row, column in np.ndindex(2, squares):
            centre = (x, right + half * (2 * column + 1), ARCH - BANNER * (2 * row + 1))
            found.append(((POST / 2, half, BANNER), centre, BLACK if (row + column) % 2 else WHITE))
    shapes, poses = np.zeros(len(found), SHAPES), np.empty((len(found), POSE))
    for shape, pose, (half, centre, colour) in zip(shapes, poses, found, strict=True):
        shape["kind"], shape["body"], shape["half"], shape["colour"] = BOX, NO_BODY, half, _share(colour)
        pose[:9], pose[9:] = UPRIGHT, centre
    return shapes, poses
