"""The results of a step."""

from typing import NamedTuple

import numpy as np


class StepResult(NamedTuple):
    """The results of a step, for every agent. Tuples have one array for each group, which leads with (world, agent).

    An episode is terminated by the task or the game, and truncated by the clock or where the physics has diverged.
    """

    observations: tuple[np.ndarray, ...]  # (world, agent, n)
    rewards: tuple[np.ndarray, ...]
    costs: tuple[np.ndarray, ...]  # zeros where a task has none
    terminated: tuple[np.ndarray, ...]  # agents whose episode has ended, with this step or before
    truncated: np.ndarray  # worlds whose episode is cut off (world,)
