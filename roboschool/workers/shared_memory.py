"""A board: arrays that say what all copies shall do and what has come of it, in one piece of memory."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

BOUNDARY = 64  # bytes; where an array begins


@dataclass(frozen=True)
class SharedBuffers:
    """Arrays that lead with (copy, agent), or (copy,); the agents are those that are played."""

    action: np.ndarray  # (copy, agent, joints)
    observation: np.ndarray  # (copy, agent, n)
    reward: np.ndarray  # (copy, agent)
    terminated: np.ndarray  # (copy,)
    truncated: np.ndarray  # (copy,)
    numbers: np.ndarray  # of the info (copy, agent, k)
    final_observation: np.ndarray  # of the episode that has just ended, where the next begins at once (copy, agent, n)
    final_numbers: np.ndarray  # (copy, agent, k)

    def part(self, copies: slice) -> "SharedBuffers":
        """Return the board of some copies; it is the same memory."""
        return SharedBuffers(*(array[copies] for array in vars(self).values()))

    def take(self, other: "SharedBuffers", copies: Sequence[int]) -> None:
        """Take over what has come of some copies."""
        rows = rows_of(copies)
        for mine, theirs in zip(list(vars(self).values())[1:], list(vars(other).values())[1:], strict=True):
            mine[rows] = theirs[rows]


def rows_of(copies: Sequence[int]) -> Any:
    """Return an index of the rows of some copies: a slice if they are neighbours, for numpy is quicker with that."""
    run = range(copies[0], copies[-1] + 1)
    return slice(run.start, run.stop) if list(copies) == list(run) else list(copies)


@dataclass(frozen=True)
class Layout:
    """How large a board is."""

    copies: int
    agents: int
    joints: int
    sees: int  # numbers in an observation
    numbers: int  # in an info

    def _arrays(self) -> list[tuple[tuple[int, ...], Any]]:
        rows = (self.copies, self.agents)
        seen, told = ((*rows, self.sees), np.float32), ((*rows, self.numbers), np.float64)
        flag = ((self.copies,), np.bool_)
        return [((*rows, self.joints), np.float64), seen, (rows, np.float64), flag, flag, told, seen, told]

    @property
    def size(self) -> int:
        """How many bytes a board takes."""
        return sum(_padded(shape, kind) for shape, kind in self._arrays())

    def board(self, memory: Any = None) -> SharedBuffers:
        """Return the board that lies in some memory, or else in new memory, all zeros."""
        memory = bytearray(self.size) if memory is None else memory
        arrays, start = [], 0
        for shape, kind in self._arrays():
            arrays.append(np.ndarray(shape, kind, memory, start))
            start += _padded(shape, kind)
        return SharedBuffers(*arrays)


def _padded(shape: tuple[int, ...], kind: Any) -> int:
    return -(-math.prod(shape) * int(np.dtype(kind).itemsize) // BOUNDARY) * BOUNDARY
