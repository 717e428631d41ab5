"""A camera: pictures of a scene from one point of view."""

from collections.abc import Sequence

import numpy as np

from roboschool.errors import InvalidInput
from roboschool.mdp.effects import Marker
from roboschool.physics.checkpoint import Snapshot
from roboschool.rendering.camera_view import NARROWEST, VIEW, CameraView, Fixed, Follow
from roboschool.rendering.render_scene import Image, RenderScene
from roboschool.rendering.sketch import Sketch
from roboschool.scenes.scene import Scene

SMALLEST, LARGEST = 16, 4096  # sides of a picture [pixels]
MIDDLE = 0.65  # height of a robot's middle, if its trunk's is 1
RUN_OUT = 2.0  # so far behind the finish the view follows as before it; then it turns to those who come later [m]


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
        self._follow = Follow(high * width / height, high, line, scene.looks)
        self._fixed = None if scene.camera is None else Fixed(scene.camera, width / height, scene.looks)
        self._render_scene: RenderScene | None = None  # opened by the first picture
        self._view: CameraView | None = None  # of the last

    def picture(self, snapshot: Snapshot, markers: Sequence[Marker] = (), sketch: Sketch | None = None) -> np.ndarray:
        """Return the next picture (height, width, 3), bytes, with marks in it, and with lines over it if there are."""
        picture = self.image(snapshot, markers).colours
        if sketch is None or self._render_scene is None or self._view is None:
            return picture
        return sketch.draw(picture, self._render_scene, self._view)

    def image(self, snapshot: Snapshot, markers: Sequence[Marker] = ()) -> Image:
        """Return the next picture with its depths, and with what is seen in each pixel.

        Raises:
            InvalidInput: there is no library to draw it.
        """
        scene = self._open()
        self._view = view = self._aim(scene, 0, scene.show([snapshot], [markers])[0])
        colours, depths, bodies = scene.draw([view], self.width, self.height)
        return Image(colours[0], depths[0], bodies[0])

    def _aim(self, scene: RenderScene, world: int, trunks: np.ndarray) -> CameraView:
        """Return the next view of what has been placed; the robots' trunks are there (robot, 3) [m]."""
        if self._fixed:
            followed = self._fixed.view.follow
            return self._fixed.camera_view(None if followed is None else scene.position(followed, world))
        return self._follow.camera_view(trunks * (1.0, 1.0, MIDDLE), scene.robot_radii())

    def trunks(self, snapshot: Snapshot) -> tuple[np.ndarray, np.ndarray]:
        """Return the positions of the robots' trunks (robot, 3) and a radius around each robot (robot,) [m]."""
        scene = self._open()
        return scene.show([snapshot])[0], scene.robot_radii()

    def reset(self) -> None:
        """Reset the view: the next picture is taken from its target directly, without a smooth transition."""
        self._follow.reset()
        if self._fixed is not None:
            self._fixed.reset()

    def close(self) -> None:
        """Free what is drawn; a second call does nothing."""
        self._render_scene = None

    def _open(self) -> RenderScene:
        if self._render_scene is None:
            self._render_scene = RenderScene(self.scene)
        return self._render_scene


class CameraBatch:
    """Cameras of worlds of one scene, each as a `Camera` sees its own; all pictures are drawn in one call.

    Args:
        scene: what to look at.
        worlds: how many.
        width: of the pictures [pixels].
        height: of the pictures [pixels].

    Raises:
        InvalidInput: there is no library, or width or height is as `Camera` does not take it.
    """

    def __init__(self, scene: Scene, worlds: int, width: int = 64, height: int = 64) -> None:
        self._cameras = [Camera(scene, width, height) for _ in range(worlds)]
        self._size = width, height
        self._render_scene = RenderScene(scene, worlds)

    def images(self, snapshots: Sequence[Snapshot], markers: Sequence[Sequence[Marker]] = ()) -> Image:
        """Return the next pictures of all worlds (world, height, width, ...), with their markers in them."""
        trunks = self._render_scene.show(snapshots, markers)
        cameras = enumerate(self._cameras)
        views = [camera._aim(self._render_scene, world, trunks[world]) for world, camera in cameras]
        return self._render_scene.draw(views, *self._size)

    def reset(self, world: int) -> None:
        """Reset the view of a world, as `Camera.reset` does."""
        self._cameras[world].reset()
