"""A camera: pictures of a scene from one point of view.

What stands up in a scene is drawn, and drawn again, flattened along the sunlight, for the shadows. Ground and sky are
painted behind by formulas that average over each pixel: smooth at any distance.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np

from roboschool.errors import InvalidInput
from roboschool.mdp.effects import Marker
from roboschool.physics.camera_images import SUN, RenderScene
from roboschool.physics.checkpoint import Snapshot
from roboschool.rendering.backdrop import BLACK, WHITE, Backdrop, Studio
from roboschool.rendering.camera_view import NARROWEST, NEAR, VIEW, CameraView, Fixed, Follow
from roboschool.rendering.stadium import Stadium
from roboschool.scenes.scene import Scene

SMALLEST, LARGEST = 16, 4096  # sides of a picture [pixels]
MIDDLE = 0.65  # height of a robot's middle, if its trunk's is 1
RUN_OUT = 2.0  # so far behind the finish the view follows as before it; then it turns to those who come later [m]
FLAT = np.eye(4) - np.outer((*SUN / SUN[2], 0.0), (0.0, 0.0, 1.0, 0.0))  # projects everything on the ground
SHADE, SOFT = 0.45, 2  # share of light that a shadow takes, width of its edge [pixels]
FINER, COARSER = 2, 4  # robots are drawn finer than the picture, for smooth edges, and first coarser, to find them
SMALL = 40  # what has a smaller radius is found without a picture [pixels]
MARGIN = 8  # around what was found [pixels]
ARCH, POST, BANNER = 3.0, 0.04, 0.2  # height of the finish arch, half the width of a post and of a square on it [m]


class Camera:
    """Takes pictures of a scene: of one robot from its side, of several from their front, following them smoothly.

    A scene with a `camera` is seen from there instead.

    Args:
        scene: what to look at.
        width: of the pictures [pixels].
        height: of the pictures [pixels].

    Raises:
        InvalidInput: width or height is not a whole number of pixels, or too small or large.
    """

    def __init__(self, scene: Scene, width: int = 600, height: int = 400) -> None:
        for name, size in (("width", width), ("height", height)):
            if not isinstance(size, int) or not SMALLEST <= size <= LARGEST:
                raise InvalidInput(f"{name}: {size!r} is not a whole number from {SMALLEST} to {LARGEST}")
        self.scene, self.width, self.height = scene, width, height
        high = max(VIEW, NARROWEST * height / width)
        line = None if scene.finish is None else scene.finish + RUN_OUT
        self._follow = Follow(high * width / height, high, line)
        self._fixed = None if scene.camera is None else Fixed(scene.camera, width / height)
        self._backdrop = _backdrop(scene)
        self._render_scene: RenderScene | None = None  # opened by the first picture

    def picture(self, snapshot: Snapshot, markers: Sequence[Marker] = ()) -> np.ndarray:
        """Return the next picture (height, width, 3), bytes, with marks in it."""
        scene = self._open()
        trunks = scene.show(snapshot, markers)
        if self._fixed:
            followed = self._fixed.view.follow
            camera_view = self._fixed.camera_view(None if followed is None else scene.position(followed))
        else:
            camera_view = self._follow.camera_view(trunks * (1.0, 1.0, MIDDLE), scene.robot_radii())
        picture: np.ndarray = self._backdrop.paint(camera_view, self.width, self.height)
        self._draw(scene, picture, camera_view)
        return (picture + 0.5).astype(np.uint8)

    def trunks(self, snapshot: Snapshot) -> tuple[np.ndarray, np.ndarray]:
        """Return the positions of the robots' trunks (robot, 3) and a radius around each robot (robot,) [m]."""
        scene = self._open()
        return scene.show(snapshot), scene.robot_radii()

    def reset(self) -> None:
        """Reset the view: the next picture is taken from its target directly, without a smooth transition."""
        self._follow.reset()
        if self._fixed is not None:
            self._fixed.reset()

    def close(self) -> None:
        """Free what is drawn; a second call does nothing."""
        if self._render_scene is not None:
            self._render_scene.close()
            self._render_scene = None

    def _open(self) -> RenderScene:
        if self._render_scene is None:
            self._render_scene = RenderScene(self.scene)
            if self._backdrop.track and self.scene.finish:
                right, left, _ = self._backdrop.track
                _add_arch(self._render_scene, self.scene.finish, right - 2 * POST, left + 2 * POST)
        return self._render_scene

    def _draw(self, scene: RenderScene, picture: np.ndarray, camera_view: CameraView) -> None:
        """Draw everything and its shadow into a picture (height, width, 3)."""
        high, wide = picture.shape[:2]
        top, bottom, left, right = self._find(scene, camera_view, wide, high)
        projection = camera_view.project(top / high, bottom / high, left / wide, right / wide)
        part = picture[top:bottom, left:right]
        height, width = part.shape[:2]
        if self.scene.ground:
            _, shadow = scene.draw(camera_view.view @ FLAT, projection, width, height)
            part *= 1.0 - SHADE * _blur(shadow)[..., None]
        colours, drawn = scene.draw(camera_view.view, projection, FINER * width, FINER * height)
        opaque = drawn[..., None].astype(np.float32)
        part *= 1.0 - _shrink(opaque)
        part += _shrink(colours * opaque)

    def _find(self, scene: RenderScene, camera_view: CameraView, width: int, height: int) -> tuple[int, int, int, int]:
        """Return top, bottom, left and right of what is worth drawing: small parts are drawn faster."""
        size = -(-width // COARSER), -(-height // COARSER)
        seen = scene.draw(camera_view.view, camera_view.project(), *size)[1]
        if self.scene.ground:
            seen |= scene.draw(camera_view.view @ FLAT, camera_view.project(), *size)[1]
        distant = self._distant(scene, camera_view, width, height)
        edges = []
        for axis, length in ((0, height), (1, width)):
            places = np.flatnonzero(seen.any(1 - axis)) * length // seen.shape[axis]
            places = np.concatenate((places, distant[:, axis].astype(int)))
            first, last = (int(places.min()), int(places.max())) if len(places) else (0, 0)
            edges += [max(0, first - MARGIN), min(length, last + COARSER + MARGIN)]
        return edges[0], edges[1], edges[2], edges[3]

    def _distant(self, scene: RenderScene, camera_view: CameraView, width: int, height: int) -> np.ndarray:
        """Return pixels (pixel, 2) around what is so small that Bullet may leave it out of a coarse picture."""
        points, reach = scene.spheres()
        if self.scene.ground:
            points = np.concatenate((points, points - points[:, 2:] * SUN / SUN[2]))
            reach = np.concatenate((reach, reach * np.linalg.norm(SUN) / SUN[2]))
        offsets = points - camera_view.eye
        ahead = offsets @ camera_view.ahead
        grain = height / (2 * camera_view.high * ahead.clip(NEAR))  # pixels a metre
        middles = np.column_stack(
            (height / 2 - offsets @ camera_view.up * grain, width / 2 + offsets @ camera_view.right * grain)
        )
        reach = (reach * grain)[:, None]
        inside = ((middles + reach > 0.0) & (middles - reach < (height, width))).all(axis=1)
        small = inside & (ahead > NEAR) & (reach[:, 0] < SMALL)
        corners: np.ndarray = np.concatenate(((middles - reach)[small], (middles + reach)[small]))
        return corners.clip(0, (height, width))


def _backdrop(scene: Scene) -> Backdrop | Studio:
    if not scene.ground:
        return Studio()
    return Backdrop(scene) if scene.stadium is None else Stadium(scene, scene.stadium)


def _add_arch(scene: RenderScene, x: float, right: float, left: float) -> None:
    """Add an arch over the finish, between two y [m]."""
    for y in (right, left):
        scene.add_box((POST, POST, ARCH / 2), (x, y, ARCH / 2), WHITE)
    squares = round((left - right) / (2 * BANNER))
    half = (left - right) / squares / 2
    for row, column in np.ndindex(2, squares):
        centre = (x, right + half * (2 * column + 1), ARCH - BANNER * (2 * row + 1))
        scene.add_box((POST / 2, half, BANNER), centre, BLACK if (row + column) % 2 else WHITE)


def _shrink(fine: Any) -> Any:
    """Return the means of squares of FINER x FINER pixels."""
    rows: Any = sum(fine[start::FINER] for start in range(FINER))
    return sum(rows[:, start::FINER] for start in range(FINER)) / FINER**2


def _blur(mask: Any) -> Any:
    """Return means over SOFT pixels to every side."""
    size = range(2 * SOFT + 1)
    padded = np.pad(mask.astype(np.float32), SOFT, mode="edge")
    rows: Any = sum(padded[start : start + mask.shape[0]] for start in size)
    return sum(rows[:, start : start + mask.shape[1]] for start in size) / len(size) ** 2
