"""What agents with a camera observe: a dict of the vector and of images."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from roboschool.envs.vector_info import take_rows
from roboschool.envs.whole import Whole
from roboschool.errors import InvalidInput
from roboschool.physics.checkpoint import Snapshot
from roboschool.rendering.link_cameras import LinkCameras
from roboschool.scenes.scene import Agent, Scene
from roboschool.sensors.camera import Camera
from roboschool.workers.local_pool import LocalPool
from roboschool.workers.pool import WorkerPool


class Images:
    """The images of some agents with equal cameras in worlds of a scene. The ray caster is opened by the first.

    Args:
        scene: where they are.
        camera: that of each agent.
        agents: their names.
        worlds: how many.
    """

    def __init__(self, scene: Scene, camera: Camera, agents: Sequence[str], worlds: int = 1) -> None:
        self._arguments = scene, camera, agents, worlds
        self._camera, self._agents = camera, agents
        self._cameras: LinkCameras | None = None
        self.latest: dict[int, Snapshot] = {}  # what was drawn of each world

    def draw(self, snapshots: Mapping[int, Snapshot]) -> dict[str, np.ndarray]:
        """Return what is observed beside the vector in some worlds, by name (world * agent, ...); at first in all."""
        if self._cameras is None:
            self._cameras = LinkCameras(*self._arguments)
        self.latest |= snapshots
        seen = self._cameras.images(self.latest, list(snapshots))
        images = {"camera": seen.colours, "depth": seen.depths, "segmentation": seen.bodies}
        wanted = self._camera.rgb, self._camera.depth, self._camera.segmentation
        return {name: image for (name, image), is_wanted in zip(images.items(), wanted, strict=True) if is_wanted}

    def observe(self, vectors: Mapping[str, np.ndarray], snapshot: Snapshot) -> dict[str, dict[str, np.ndarray]]:
        """Return what those of the agents observe that have a vector (n,), by name; there is one world."""
        images = self.draw({0: snapshot})
        return {
            agent: {"vector": vectors[agent]} | {name: image[place] for name, image in images.items()}
            for place, agent in enumerate(self._agents)
            if agent in vectors
        }


def images_of(scene: Scene) -> list[Images]:
    """Return the images of all agents of a scene that have a camera; those with equal cameras are drawn at once."""
    cameras = dict.fromkeys(agent.camera for agent in scene.agents if agent.camera is not None)
    return [Images(scene, own, [agent.name for agent in scene.agents if agent.camera == own]) for own in cameras]


class ImageRows:
    """Takes observations of a vector env, as `take_rows` does, with images; those of all worlds are drawn at once.

    Args:
        scene: of each world.
        camera: of each agent.
        agents: names of those that are controlled.
        pool: of the worlds.
        restart: see `Whole`.
    """

    def __init__(
        self,
        scene: Scene,
        camera: Camera,
        agents: Sequence[str],
        pool: LocalPool | WorkerPool,
        restart: Callable[[], None],
    ) -> None:
        self._worlds = range(len(pool.buffers.observation))
        self._images = Images(scene, camera, agents, len(self._worlds))
        self._pool, self._restart = pool, restart

    def __call__(self, vectors: np.ndarray, chosen: Any) -> dict[str, np.ndarray]:
        """Return what is observed in some worlds: a dict of arrays (row, ...).

        Args:
            vectors: of all worlds (world, agent, n).
            chosen: which worlds: a slice or their numbers.
        """
        worlds = self._worlds[chosen] if isinstance(chosen, slice) else chosen
        with Whole(self._restart):
            snapshots = {world: self._pool.picture(world)[0] for world in worlds}
        return {"vector": take_rows(vectors, chosen)} | self._images.draw(snapshots)

    def final(self, vectors: np.ndarray, chosen: Any, done: np.ndarray) -> np.ndarray:
        """Return the last observations of rows whose episode is over, as objects (row,); None for the others.

        They are drawn before those of the episodes that have begun: of a world whose workers have died, all that is
        known is what was drawn last.

        Args:
            vectors: of all worlds (world, agent, n).
            chosen: which worlds: a slice or their numbers.
            done: whether the episode of a row is over (row,).
        """
        worlds = list(self._worlds[chosen] if isinstance(chosen, slice) else chosen)
        ended = [world for world, is_over in zip(worlds, done[:: vectors.shape[1]].tolist(), strict=True) if is_over]
        images = self._images.draw({world: self._pool.last.pop(world, self._images.latest[world]) for world in ended})
        parts = {"vector": take_rows(vectors, ended)} | images
        final: np.ndarray = np.full(len(done), None, dtype=object)
        for number, row in enumerate(np.flatnonzero(done)):
            final[row] = {name: part[number] for name, part in parts.items()}
        return final


def camera_of_rows(scenes: Sequence[Scene], rows: Sequence[Agent]) -> Camera | None:
    """Return the camera of each row of a vector env, if there is one.

    Args:
        scenes: of its worlds, each once.
        rows: the controlled agents.

    Raises:
        InvalidInput: rows have different cameras, or nothing can be drawn in such an env.
    """
    camera = rows[0].camera
    where = f"scene {scenes[0].name!r}: agent {rows[0].name!r}: sensor 'camera'"
    if different := [row.name for row in rows if row.camera != camera]:
        raise InvalidInput(f"{where}: {different[0]!r} has another camera, or none: rows must be alike")
    if camera is not None and len(scenes) > 1:
        raise InvalidInput(f"{where}: there are no images of {len(scenes)} different scenes")
    return camera
