"""Observations that the native library computes, with numpy's bits."""

import ctypes
from ctypes import c_int, c_ssize_t, c_void_p

import numpy as np

from roboschool.physics.native import library
from roboschool.physics.native.program import Kernel

ARRAYS = ("columns", "state", "read", "offset", "scale", "low", "high")


class Struct(ctypes.Structure):
    """`struct observation`."""

    _fields_ = [
        *((name, c_int) for name in ("agents", "width")),
        *((name, c_void_p) for name in ARRAYS),
        *((name, c_ssize_t) for name in ("stride", "own")),
        ("result", c_void_p),
    ]


class Observation:
    """Numbers that are picked from a state that keeps its array, scaled and clipped.

    `kernel` computes them, and writes them to `result` (world, agent, width), float32.

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
        columns = columns.astype(np.int32)
        self.result = np.zeros(read.shape, np.float32)
        kept = (columns, state, read, *(np.array(each) for each in (offset, scale, low, high)), self.result)
        assert all(array.flags.c_contiguous for array in kept)
        assert columns.max(initial=0) < state.shape[-1]
        struct = Struct(agents, width, stride=state.shape[-1], own=width if len(offset) > 1 else 0)
        for name, array in zip((*ARRAYS, "result"), kept, strict=True):
            setattr(struct, name, array.ctypes.data)
        self.kernel = Kernel(library.Kernel(None, 0, agents, ctypes.addressof(struct)), worlds, struct, kept)
