"""The clock of all worlds of a simulation: it says when the time of an episode is up."""

import numpy as np

ONE_STEP = np.array(1)  # an array, because numpy is quicker with it than with a number; so is `Clock._end`


class Clock:
    """Counts the steps of the current episode in each world.

    Args:
        worlds: how many.
        limit: steps after which the time is up; a game's clock.
        cutoff: steps after which an episode is truncated even if the time is not up.
    """

    def __init__(self, worlds: int, limit: int, cutoff: int | None = None) -> None:
        self.steps = np.zeros(worlds, dtype=int)
        self.cutoff = cutoff
        self.limit = limit
        self.diverged: set[int] = set()  # worlds whose physics has diverged
        self.left: np.ndarray | None = None  # worlds where an agent has left its tile (world,); None: there are none

    @property
    def limit(self) -> int:
        """Steps after which the time is up."""
        return self._limit

    @limit.setter
    def limit(self, limit: int) -> None:
        self._limit = limit
        self._end = np.array(limit if self.cutoff is None else min(limit, self.cutoff))

    def begin(self, world: int, steps: int = 0) -> None:
        """Let an episode of a world begin, or continue after some steps."""
        self.steps[world] = steps
        if self.left is not None:
            self.left[world] = False

    def advance(self, paused: list[int]) -> None:
        """Count a step, except in paused worlds."""
        self.steps += ONE_STEP
        if paused:
            self.steps[paused] -= 1

    @property
    def steps_left(self) -> np.ndarray:
        """Steps until the time is up (world,)."""
        left: np.ndarray = self.limit - self.steps
        return left

    @property
    def truncated(self) -> np.ndarray:
        """Worlds where time is up, an agent has left its tile, or physics has diverged (world,)."""
        truncated: np.ndarray = self.steps >= self._end
        if self.left is not None:
            truncated |= self.left
        if self.diverged:
            truncated[list(self.diverged)] = True
        return truncated
