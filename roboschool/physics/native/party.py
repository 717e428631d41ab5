"""Agents that act alike, for which the native library keeps account of who takes part in a step."""

import ctypes

import numpy as np

from roboschool.physics.native import library
from roboschool.physics.native.program import Kernel


class Party:
    """Agents with one robot and task, in all worlds; arrays stay where they are.

    Args:
        active: whose episode goes on (world, agent); those that end in a step are set to False.
        terminated: whom the last step has ended (world, agent), which is written if `ended` is given.
        counted: 1 where a step is rewarded, else 0 (world, agent), which is written if `acting` is given.
        acting: what applies the actions of a world before a step; None: they have been applied.
        ended: 1 for those that a step has ended, else 0, which a kernel writes (world, agent); None: nobody is noted.
    """

    def __init__(
        self,
        active: np.ndarray,
        terminated: np.ndarray,
        counted: np.ndarray,
        acting: Kernel | None,
        ended: np.ndarray | None,
    ) -> None:
        self._kept = (active, terminated, counted, acting, ended)
        for array in (active, terminated, counted, ended):
            assert array is None or array.flags.c_contiguous
        self.struct = library.Party(
            active.shape[1],
            None if acting is None else ctypes.addressof(acting.struct),
            active.ctypes.data,
            terminated.ctypes.data,
            counted.ctypes.data,
            None if ended is None else ended.ctypes.data,
        )
