"""The arrays of actions and results that processes share, in one piece of memory."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

BOUNDARY = 64  # bytes; where an array begins


@dataclass(frozen=True)
class SharedBuffers:
    """Arrays that lead with (world, agent) or (world,); the agents are those that are controlled from outside."""

    action: np.ndarray  # (world, agent, joints)
    observation: np.ndarray  # (world, agent, observation_size)
    reward: np.ndarray  # (world, agent)
    terminated: np.ndarray  # (world,)
    truncated: np.ndarray  # (world,)
    info: np.ndarray  # (world, agent, info_size)
    final_observation: np.ndarray  # of an episode after which another began in the same step; as `observation`
    final_info: np.ndarray  # likewise; as `info`

    def part(self, worlds: slice) -> "SharedBuffers":
        """Return the arrays of some worlds, in the same memory."""
        return SharedBuffers(*(array[worlds] for array in vars(self).values()))

    def copy_results(self, other: "SharedBuffers", worlds: Sequence[int]) -> None:
        """Copy everything but the actions of some worlds from other buffers."""
        rows = rows_of(worlds)
        for own, theirs in zip(list(vars(self).values())[1:], list(vars(other).values())[1:], strict=True):
            own[rows] = theirs[rows]


def rows_of(worlds: Sequence[int]) -> Any:
    """Return an index of the rows of some worlds: a slice if they are consecutive, which numpy handles faster."""
    run = range(worlds[0], worlds[-1] + 1)
    return slice(run.start, run.stop) if list(worlds) == list(run) else list(worlds)


@dataclass(frozen=True)
class Layout:
    """The sizes of `SharedBuffers`."""

    worlds: int
    agents: int
    joints: int
    observation_size: int
    info_size: int  # numbers in an info

    def _arrays(self) -> list[tuple[tuple[int, ...], Any]]:
        rows = (self.worlds, self.agents)
        observation, info = ((*rows, self.observation_size), np.float32), ((*rows, self.info_size), np.float64)
        flag = ((self.worlds,), np.bool_)
        action, reward = ((*rows, self.joints), np.float64), (rows, np.float64)
        return [action, observation, reward, flag, flag, info, observation, info]

    @property
    def size(self) -> int:
        """Bytes of memory that the buffers take."""
        return sum(_padded(shape, kind) for shape, kind in self._arrays())

    def allocate(self, memory: Any = None) -> SharedBuffers:
        """Return buffers in the given memory, else in new memory that is all zeros."""
        memory = bytearray(self.size) if memory is None else memory
        arrays, start = [], 0
        for shape, kind in self._arrays():
            arrays.append(np.ndarray(shape, kind, memory, start))
            start += _padded(shape, kind)
        return SharedBuffers(*arrays)


def _padded(shape: tuple[int, ...], kind: Any) -> int:
    return -(-math.prod(shape) * int(np.dtype(kind).itemsize) // BOUNDARY) * BOUNDARY
