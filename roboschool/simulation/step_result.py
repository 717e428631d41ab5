"""The results of a step."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from roboschool.simulation.group import Group


class StepResult(NamedTuple):
    """The results of a step, for every agent. Tuples have one array for each group, which leads with (world, agent).

    An episode is terminated by the task or the game, and truncated by the clock or where the physics has diverged.
    """

    observations: tuple[np.ndarray, ...]  # (world, agent, n)
    rewards: tuple[np.ndarray, ...]
    costs: tuple[np.ndarray, ...]  # zeros where a task has none
    terminated: tuple[np.ndarray, ...]  # agents whose episode has ended, with this step or before
    truncated: np.ndarray  # worlds whose episode is cut off (world,)

    @classmethod
    def of(cls, groups: Sequence[Group], truncated: np.ndarray) -> "StepResult":
        """Return the results of the last step of groups, with the worlds whose episode is cut off."""
        return cls(
            tuple([group.observation for group in groups]),
            tuple([group.rewards.total for group in groups]),
            tuple([group.costs.total for group in groups]),
            tuple([~group.active for group in groups]),
            truncated,
        )
