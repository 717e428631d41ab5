"""Observations that the native library computes in one call, with numpy's bits."""

import ctypes
from ctypes import c_int, c_ssize_t, c_void_p

import numpy as np

from roboschool.physics.native.library import load_library

ARRAYS = ("columns", "state", "read", "offset", "scale", "low", "high")


class Struct(ctypes.Structure):
    """`struct observation`."""

    _fields_ = [
        *((name, c_int) for name in ("worlds", "agents", "width")),
        *((name, c_void_p) for name in ARRAYS),
        *((name, c_ssize_t) for name in ("stride", "own")),
        ("result", c_void_p),
    ]


class Observation:
    """Numbers that are picked from a state that keeps its array, scaled and clipped.

    Args:
        state: its numbers (world, agent, n).
        columns: of each number its place in the state; -1 where `read` has it instead (width,).
        read: what sensors have written (world, agent, width).
        offset: subtracted from what is picked ((1 or world), width).
        scale: what the difference is multiplied by, alike.
        low: what is observed at least (width,).
        high: and at most.
    """

    def __init__(
        self,
        state: np.ndarray,
        columns: np.ndarray,
        read: np.ndarray,
        offset: np.ndarray,
        scale: np.ndarray,
        low: np.ndarray,
        high: np.ndarray,
    ) -> None:
        worlds, agents, width = read.shape
        self.columns = columns.astype(np.int32)
        self._result = np.zeros(read.shape, np.float32)
        self._kept = (self.columns, state, read, *(np.array(each) for each in (offset, scale, low, high)))
        assert all(array.flags.c_contiguous for array in self._kept)
        assert self.columns.max(initial=0) < state.shape[-1]
        self._struct = Struct(worlds, agents, width, stride=state.shape[-1], own=width if len(offset) > 1 else 0)
        for name, array in zip((*ARRAYS, "result"), (*self._kept, self._result), strict=True):
            setattr(self._struct, name, array.ctypes.data)
        self._address, self._observe = ctypes.addressof(self._struct), load_library().observe

    def __call__(self) -> np.ndarray:
        """Return the numbers (world, agent, width), float32."""
        self._observe(self._address)
        observed: np.ndarray = self._result.copy()
        return observed
