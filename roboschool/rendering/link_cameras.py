"""Cameras on links of robots, as agents observe with them."""

import math
from collections.abc import Mapping, Sequence

import numpy as np

from roboschool.physics.checkpoint import Snapshot
from roboschool.rendering.camera_view import CameraView
from roboschool.rendering.render_scene import Image, RenderScene
from roboschool.scenes.scene import Scene
from roboschool.sensors.camera import Camera


class LinkCameras:
    """Equal cameras of some agents in worlds of a scene; all images are drawn in one call.

    Args:
        scene: what they look at.
        camera: each of them.
        agents: names of those that carry one.
        worlds: how many.

    Raises:
        InvalidInput: there is no library to draw with.
    """

    def __init__(self, scene: Scene, camera: Camera, agents: Sequence[str], worlds: int = 1) -> None:
        self._render_scene = RenderScene(scene, worlds)
        self._size = width, height = camera.size
        self._range = camera.range
        names = [agent.name for agent in scene.agents]
        self._links = [self._render_scene.link_numbers[names.index(agent)][camera.link] for agent in agents]
        self._place = np.array(camera.position)
        self._wide = math.tan(math.radians(camera.field_of_view) / 2)
        self._high = self._wide * height / width
        down, left = math.radians(camera.pitch), math.radians(camera.yaw)
        heading = np.array((math.cos(left), math.sin(left), 0.0))
        self._ahead = math.cos(down) * heading - (0.0, 0.0, math.sin(down))  # in the frame of the link
        self._top = math.sin(down) * heading + (0.0, 0.0, math.cos(down))

    def images(self, snapshots: Mapping[int, Snapshot], worlds: Sequence[int]) -> Image:
        """Return the images of some worlds (world * agent, height, width, ...).

        Args:
            snapshots: of all worlds.
            worlds: which.
        """
        self._render_scene.show([snapshots[world] for world in range(len(snapshots))])
        places = [(world, link) for world in worlds for link in self._links]
        views = [self._view(self._render_scene.placed[place]) for place in places]
        threads = 1 if len(views) == 1 else None  # a second begins too late to be of use
        image = self._render_scene.draw(views, *self._size, threads, [world for world, _ in places])
        return image._replace(depths=image.depths.clip(0.0, self._range))

    def _view(self, pose: np.ndarray) -> CameraView:
        """Return what is seen from a link (POSE,)."""
        axes = pose[:9].reshape(3, 3)
        eye, ahead, top = pose[9:] + axes @ self._place, axes @ self._ahead, axes @ self._top
        return CameraView(eye, ahead, self._wide, self._high, top)
