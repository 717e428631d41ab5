"""The state of a world as data: what a camera needs, and what a world needs to go on from there."""

from array import array
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, TypeAlias

from roboschool.tasks.asks import Placement

Triple: TypeAlias = tuple[float, float, float]
Quaternion: TypeAlias = tuple[float, float, float, float]  # x, y, z, w


@dataclass(frozen=True)
class Snapshot:
    """Poses and speeds of every body of a world, exactly, as plain numbers."""

    gravity: float
    friction: float
    placements: tuple[Placement, ...]  # of the robots
    bases: tuple[Any, ...]  # position, orientation, velocity, spin of each robot, then of each prop
    joints: tuple[Any, ...]  # positions and speeds of the joints of each
    spots: tuple[tuple[Triple, Quaternion], ...] = ()  # where each prop began; a camera needs none


@dataclass
class EpisodeLog:
    """Everything a world has been told since its episode began. The same log gives the same world, bit for bit."""

    placements: tuple[Placement, ...]
    props: tuple[tuple[Triple, float], ...]  # spot [m] and heading [rad] of each
    gravity: float  # [m/s2]
    friction: float  # of the ground
    steps: int = 0
    torques: "array[float]" = field(default_factory=lambda: array("d"))  # of all joints, step after step [N m]
    throws: list[tuple[int, str, Triple, Triple]] = field(default_factory=list)  # after how many steps, and which

    def copy(self) -> "EpisodeLog":
        """Return a log that grows on its own."""
        start = (self.placements, self.props, self.gravity, self.friction)
        return EpisodeLog(*start, self.steps, self.torques[:], self.throws[:])

    def rows(self) -> Iterator[list[float]]:
        """Go through the steps: the torques of all joints [N m]."""
        size = len(self.torques) // max(1, self.steps)
        for step in range(self.steps):
            yield self.torques[step * size : (step + 1) * size].tolist()


@dataclass(frozen=True)
class Checkpoint:
    """The state of a world in mid-episode. It can be pickled, and is valid in another process."""

    snapshot: Snapshot
    state: bytes  # as Bullet writes it
    contacts: Any  # between all bodies, as Bullet lists them
    log: EpisodeLog
