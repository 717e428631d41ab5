"""Worlds that are advanced together: the protocol, and the backend that calls pybullet for each body."""

import math
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from roboschool.mdp.effects import Launch, Push
from roboschool.mdp.state import BodyState
from roboschool.physics.checkpoint import Start, WorldCheckpoint
from roboschool.physics.worlds import World
from roboschool.scenes.scene import Scene


@dataclass(frozen=True)
class Readings:
    """The arrays that physics writes to. None: no one needs them."""

    agents: Sequence[np.ndarray]  # for each agent its `State`, of which the `BodyState` is written (world, n)
    props: np.ndarray | None = None  # position, velocity and x axis of each (world, prop, 9)
    pairs: np.ndarray | None = None  # of each agent with each agent, prop and the ground (world, agent, body, PAIR)
    rays: Sequence[np.ndarray] = ()  # what those of each agent hit, sensor after sensor (world, ray * HIT)
    contacts: np.ndarray | None = None  # 1 where agents press on agents, then props (world, agent, agent + prop)


class Backend(Protocol):
    """Worlds of scenes with the same shapes. All backends give the same bits."""

    name: str
    worlds: Sequence[World]  # for pictures, comparisons and tests
    diverged: set[int]  # worlds whose physics is not sound any more; they must be reset or loaded, not stepped

    def reset(self, world: int, start: Start) -> None:
        """Start an episode in a world: the same start gives the same bits, whatever happened before.

        Then it must be read.
        """

    def step(
        self, commands: Sequence[np.ndarray], worlds: Iterable[int], readings: Readings, begun: Collection[int] = ()
    ) -> None:
        """Let a timestep pass in some worlds, and read them.

        Args:
            commands: for each agent what `Drive.command` returns for it (world, n).
            worlds: their numbers.
            readings: where to write what is read.
            begun: those of them that have just been reset: they are only read.
        """

    def read(self, world: int, readings: Readings) -> None:
        """Read a world, and note whether its physics is sound."""

    def apply(self, effect: Launch | Push) -> None:
        """Carry out an effect.

        Raises:
            InvalidInput: see `World.launch`.
        """

    def save(self, world: int) -> WorldCheckpoint:
        """Return the state of a world, to be given to `load` here or in another process; nothing changes."""

    def load(self, world: int, checkpoint: WorldCheckpoint, exact: bool = True) -> None:
        """Take back a state; see `World.load`.

        Raises:
            InvalidInput: the state is damaged, or its episode differs here. The world must be reset then.
        """

    def close(self) -> None:
        """Free all worlds; a second call does nothing."""


class PythonBackend:
    """The reference: several calls of pybullet for each body and step."""

    name = "python"

    def __init__(self, scenes: Sequence[Scene]) -> None:
        self.worlds: Sequence[World] = [World(scene) for scene in scenes]
        self.diverged: set[int] = set()

    def reset(self, world: int, start: Start) -> None:
        """Start an episode in a world."""
        self._repair(world)
        self.worlds[world].reset(start)

    def step(
        self, commands: Sequence[np.ndarray], worlds: Iterable[int], readings: Readings, begun: Collection[int] = ()
    ) -> None:
        """Let a timestep pass in some worlds, and read each at once, while it is in the processor's cache."""
        rows = [command.tolist() for command in commands]
        for world in worlds:
            if world not in begun:
                self.worlds[world].step([row[world] for row in rows])
            self.read(world, readings)

    def read(self, world: int, readings: Readings) -> None:
        """Read a world, and note whether its physics is sound."""
        bodies = self.worlds[world]
        for agent, array in enumerate(readings.agents):
            values, sound = bodies.read(agent)
            row: list[float] = []
            for name in BodyState.quantities:
                row += values[name]
            array[world, : len(row)] = row
            if not (sound and math.isfinite(sum(row))):
                self.diverged.add(world)
        if readings.props is not None:
            readings.props[world] = bodies.props()
            if not np.isfinite(readings.props[world]).all():
                self.diverged.add(world)
        if readings.pairs is not None and bodies.sums is not None:
            readings.pairs[world] = bodies.sums.pairs
        if readings.contacts is not None:
            contacts, agents = readings.contacts[world], len(readings.agents)
            contacts[:] = 0.0
            for one, other in bodies.contacts():
                if one < agents:
                    contacts[one, other] = 1.0
                if other < agents:
                    contacts[other, one] = 1.0
        self.cast(world, readings)

    def cast(self, world: int, readings: Readings) -> None:
        """Cast the rays of sensors in a world."""
        rays = self.worlds[world].rays
        if readings.rays and rays.is_needed:
            hits, begun = rays.cast().ravel(), 0
            for array in readings.rays:
                array[world] = hits[begun : begun + array.shape[1]]
                begun += array.shape[1]

    def apply(self, effect: Launch | Push) -> None:
        """Carry out an effect."""
        if isinstance(effect, Push):
            self.worlds[effect.world].push(effect)
        else:
            self.worlds[effect.world].launch(effect.prop, effect.position, effect.velocity)

    def save(self, world: int) -> WorldCheckpoint:
        """Return the state of a world."""
        return self.worlds[world].save()

    def load(self, world: int, checkpoint: WorldCheckpoint, exact: bool = True) -> None:
        """Take back a state."""
        self._repair(world)
        self.worlds[world].load(checkpoint, exact)

    def close(self) -> None:
        """Free all worlds."""
        for world in self.worlds:
            world.close()

    def _repair(self, world: int) -> None:
        if world in self.diverged:
            self.worlds[world].rebuild()
            self.diverged.remove(world)
