"""A scene in the viewer: its shapes in viser, which a browser draws."""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from roboschool.mdp.effects import Marker
from roboschool.physics.checkpoint import Snapshot
from roboschool.rendering.camera_view import CameraView
from roboschool.rendering.native.library import BOX, CAPSULE, CYLINDER, MESH, SPHERE, STUDIO
from roboschool.rendering.render_scene import RenderScene
from roboschool.rendering.web.packing import MOST_FACES, simplify
from roboschool.scenes.scene import Scene

ROOT = "/world"  # what holds all: it moves against the robot that is followed, so that the camera keeps it
ROUND = 24  # sides of rings
NARROW = 1e-3  # half of what the ray of a click sees, 1 m away [m]
SMALL = 1e-6  # of a shape that is not there [m]


class LiveScene:
    """Draws one scene in a viser server.

    Args:
        server: `viser.ViserServer`.
        scene: what is drawn; what the server has drawn before is removed.

    Raises:
        InvalidInput: there is no native library, or a mesh has been changed since its URDF was read.
    """

    def __init__(self, server: Any, scene: Scene) -> None:
        import trimesh

        self.scenery = server.scene
        self.scenery.reset()
        self.scenery.set_up_direction("+z")
        self._frame = self.scenery.add_frame(ROOT, show_axes=False)
        self._shown = RenderScene(scene)
        if self._shown.ground.kind != STUDIO:
            self.scenery.add_grid(f"{ROOT}/ground", 200.0, 200.0, cell_size=1.0, section_size=5.0, infinite_grid=True)
        unit = {
            SPHERE: trimesh.creation.icosphere(subdivisions=3, radius=1.0),
            CYLINDER: trimesh.creation.cylinder(radius=1.0, height=2.0, sections=32),
            BOX: trimesh.creation.box((2.0, 2.0, 2.0)),
        }
        self._batches: list[tuple[Any, np.ndarray, np.ndarray]] = []  # handle, shapes, places in their frames
        pieces = list(_pieces(self._shown.shapes))
        for kind, solid in unit.items():
            own = [piece[1:] for piece in pieces if piece[0] == kind]
            if own:
                numbers, places, scales = (np.array(column) for column in zip(*own, strict=True))
                self._batches.append((self._add(f"solids{kind}", solid, numbers, scales), numbers, places))
        for number in np.flatnonzero(self._shown.shapes["kind"] >= MESH):
            tree = self._shown.trees[self._shown.shapes["mesh"][number]]
            solid = trimesh.Trimesh(*simplify(tree.corners, MOST_FACES), process=False)
            one = np.array([number])
            self._batches.append((self._add(f"mesh{number}", solid, one, np.ones((1, 3))), one, np.zeros((1, 3))))
        self._marked: tuple[Marker, ...] = ()

    def _add(self, name: str, solid: Any, shapes: np.ndarray, scales: np.ndarray) -> Any:
        colours = np.rint(255 * self._shown.shapes["colour"][shapes]).astype(np.uint8)
        turns, places = np.tile((1.0, 0.0, 0.0, 0.0), (len(shapes), 1)), np.zeros((len(shapes), 3))
        looks = {"batched_scales": scales.clip(SMALL), "batched_colors": colours}
        where = f"{ROOT}/{name}"
        return self.scenery.add_batched_meshes_simple(where, solid.vertices, solid.faces, turns, places, **looks)

    def show(self, snapshot: Snapshot, markers: Sequence[Marker] = (), follow: int | None = None) -> None:
        """Show a moment; the camera keeps the robot `follow`, if any, by number."""
        trunks = self._shown.show([snapshot])[0]
        turns = self._shown.poses[0, :, :9].reshape(-1, 3, 3)
        for handle, shapes, places in self._batches:
            at = self._shown.poses[0, shapes, 9:] + np.einsum("sij,sj->si", turns[shapes], places)
            handle.batched_positions = at.astype(np.float32)
            handle.batched_wxyzs = quaternions(turns[shapes]).astype(np.float32)
        self._frame.position = (0.0, 0.0, 0.0) if follow is None else (*(-trunks[follow][:2]), 0.0)
        self._mark(tuple(markers))

    def pick(self, origin: Sequence[float], direction: Sequence[float]) -> tuple[int, str, np.ndarray] | None:
        """Return what a ray in the browser hits: number of the body, link, and where (3,) [m]; None: no body."""
        way = np.array(direction) / np.linalg.norm(direction)
        eye = np.array(origin) - np.array(self._frame.position)
        image = self._shown.draw([CameraView(eye, way, NARROW, NARROW)], 1, 1)
        body = image.bodies.item()
        if body < 0:
            return None
        at = eye + image.depths.item() * way
        shapes, poses = self._shown.shapes, self._shown.poses[0]
        own = np.flatnonzero(shapes["body"] == body)
        local = np.einsum("sji,sj->si", poses[own, :9].reshape(-1, 3, 3), at - poses[own, 9:]) - shapes["middle"][own]
        caps = np.where(shapes["kind"][own] == CAPSULE, shapes["half"][own, 0], 0.0)
        half = shapes["half"][own] + caps[:, None] * (0.0, 0.0, 1.0)
        nearest = own[np.linalg.norm((abs(local) - half).clip(0.0), axis=1).argmin()]
        return body, self._shown.link_names[self._shown.owners[nearest]], at

    def on_click(self, act: Callable[[Any], None]) -> None:
        """Let something be done when a body is clicked; it is given the event of viser."""
        for handle, *_ in self._batches:
            handle.on_click(act)

    def _mark(self, markers: tuple[Marker, ...]) -> None:
        if markers == self._marked:
            return
        before, self._marked = len(self._marked), markers
        for number, marker in enumerate(markers):
            name, radius = f"{ROOT}/markers/{number}", max(marker.radius, SMALL)
            if marker.line < 0.0:
                x, y, z = marker.position
                middle = (x, y, z + marker.line / 2)
                self.scenery.add_cylinder(name, radius, -marker.line, marker.colour, position=middle)
            elif marker.line == 0.0:
                self.scenery.add_icosphere(name, radius=radius, color=marker.colour, position=marker.position)
            else:
                self.scenery.add_line_segments(name, _outline(marker), marker.colour, thickness=marker.line)
        for number in range(len(markers), before):
            self.scenery.remove_by_name(f"{ROOT}/markers/{number}")


def quaternions(turns: np.ndarray) -> np.ndarray:
    """Return rotation matrices (n, 3, 3) as quaternions w, x, y, z (n, 4), by the largest part (Shepperd 1978)."""
    m = turns
    trace = np.trace(m, axis1=1, axis2=2)
    squares = np.stack((trace, m[:, 0, 0], m[:, 1, 1], m[:, 2, 2]), axis=1)
    rows = np.empty((len(m), 4, 4))
    skew = (m[:, 2, 1] - m[:, 1, 2], m[:, 0, 2] - m[:, 2, 0], m[:, 1, 0] - m[:, 0, 1])
    even = (m[:, 0, 1] + m[:, 1, 0], m[:, 0, 2] + m[:, 2, 0], m[:, 1, 2] + m[:, 2, 1])
    x, y, z = (1.0 + 2.0 * m[:, i, i] - trace for i in range(3))
    rows[:, 0] = np.stack((1.0 + trace, *skew), axis=1)
    rows[:, 1] = np.stack((skew[0], x, even[0], even[1]), axis=1)
    rows[:, 2] = np.stack((skew[1], even[0], y, even[2]), axis=1)
    rows[:, 3] = np.stack((skew[2], even[1], even[2], z), axis=1)
    best = rows[np.arange(len(m)), squares.argmax(axis=1)]
    found: np.ndarray = best / np.linalg.norm(best, axis=1, keepdims=True)
    return found


def _pieces(shapes: np.ndarray) -> Any:
    """Yield the unit shapes that shapes consist of: kind, number of the shape, place in its frame, scale."""
    for number, shape in enumerate(shapes):
        kind, (a, b, c) = shape["kind"], shape["half"].tolist()
        if kind == BOX:
            yield BOX, number, (0.0, 0.0, 0.0), (a, b, c)
        elif kind in (CYLINDER, CAPSULE):
            yield CYLINDER, number, (0.0, 0.0, 0.0), (a, a, c)
        caps = {SPHERE: (0.0,), CAPSULE: (-c, c)}.get(kind, ())
        yield from ((SPHERE, number, (0.0, 0.0, end), (a, a, a)) for end in caps)


def _outline(marker: Marker) -> np.ndarray:
    """Return the segments of a line that is painted on the ground (segment, 2, 3)."""
    start, end = marker.position[:2], marker.end or marker.position[:2]
    if start == end:
        angles = np.linspace(0.0, 2.0 * np.pi, 4 * ROUND + 1)
        points = np.array(start) + marker.radius * np.stack((np.cos(angles), np.sin(angles)), axis=1)
    else:
        points = np.array((start, end))
    high = np.column_stack((points, np.full(len(points), 0.01)))
    return np.stack((high[:-1], high[1:]), axis=1).astype(np.float32)
