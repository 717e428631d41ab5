"""A pool without workers: the worlds of a vector environment in this process."""

from collections import deque
from collections.abc import Mapping, Sequence
from typing import Any

from roboschool.mdp.effects import Marker
from roboschool.physics.checkpoint import Snapshot
from roboschool.workers.env_batch import BatchSpec, EnvBatch, Options


class LocalPool:
    """All worlds in this process.

    Args:
        spec: of every world.
        count: of worlds.
    """

    waiting = False  # whether it only waits for workers, so that an interruption does no harm

    def __init__(self, spec: BatchSpec, count: int) -> None:
        self.buffers = spec.layout(count).allocate()
        self.batch = EnvBatch(spec, self.buffers)
        self.errors: dict[int, str] = {}  # always empty here: errors are raised
        self.ready: deque[int] = deque()
        self.last: dict[int, Snapshot] = {}  # how episodes have ended that another has replaced at once, for cameras

    def reset(self, seeds: Mapping[int, int | None], options: Options) -> None:
        """Begin an episode in some worlds, with options of the game."""
        self.ready = deque(world for world in self.ready if world not in seeds)
        self.last = {world: last for world, last in self.last.items() if world not in seeds}
        self.batch.reset(seeds, options)

    def set_ranges(self, ranges: Mapping[int, Any]) -> None:
        """Randomize with other ranges from the next episode on, in some worlds."""
        self.batch.set_ranges(ranges)

    def send(self, worlds: Sequence[int]) -> None:
        """Step some worlds with the actions in the buffers."""
        self.last |= self.batch.step(worlds)[1]
        self.ready.extend(worlds)

    def recv(self, count: int) -> list[int]:
        """Return the first `count` worlds that have been stepped."""
        if count < len(self.ready):
            return [self.ready.popleft() for _ in range(count)]
        everyone = list(self.ready)
        self.ready.clear()
        return everyone

    def picture(self, world: int) -> tuple[Snapshot, list[Marker]]:
        """Return what a camera needs to draw a world."""
        return self.batch.picture(world)

    def abandon(self) -> None:
        """Drop all steps that were sent; every world must be reset."""
        self.ready.clear()

    def close(self) -> None:
        """Free all worlds."""
        self.batch.close()
