"""What the native library computes for worlds: operations on arrays, with numpy's bits, and an observation."""

import ctypes
from collections.abc import Collection
from ctypes import c_int, c_ssize_t, c_void_p

import numpy as np

from roboschool.physics.native import library
from roboschool.physics.native.library import load_library

UFUNCS = (  # in the order of the codes of program.c
    np.add,
    np.subtract,
    np.multiply,
    np.divide,
    np.greater,
    np.greater_equal,
    np.less,
    np.less_equal,
    np.equal,
    np.not_equal,
    np.absolute,
    np.negative,
    np.sqrt,
)
COMPARISONS = UFUNCS[4:10]
CODES = {ufunc: code for code, ufunc in enumerate(UFUNCS)}
DOT = len(UFUNCS)
CLIP = DOT + 1  # to -right and right


class Operand(ctypes.Structure):
    """`struct operand`."""

    _fields_ = [("data", c_void_p), *((axis, c_ssize_t) for axis in ("world", "agent", "number"))]


class Operation(ctypes.Structure):
    """`struct operation`."""

    _fields_ = [("code", c_int), ("width", c_int), *((name, Operand) for name in ("left", "right", "result"))]


class Kernel:
    """What is computed for one world after the other, in one call.

    Args:
        struct: `struct kernel`.
        worlds: how many there are.
        kept: whatever the structure has addresses of.
    """

    def __init__(self, struct: library.Kernel, worlds: int, *kept: object) -> None:
        self.struct = struct
        self._address, self._worlds, self._kept = ctypes.addressof(struct), worlds, kept
        self._compute = load_library().compute

    def __call__(self, worlds: Collection[int] | None = None) -> None:
        """Compute it, for all worlds if None."""
        if worlds is None:
            self._compute(self._address, None, self._worlds)
        elif worlds:
            self._compute(self._address, (c_int * len(worlds))(*worlds), len(worlds))


class Program:
    """Operations in order, carried out for each world and agent in turn, on arrays that stay where they are.

    Args:
        shape: of all arrays, as far as they have these axes (world, agent).
    """

    def __init__(self, shape: tuple[int, int]) -> None:
        self.shape = shape
        self._operations: list[Operation] = []
        self._kept: list[np.ndarray] = []

    def add(self, code: int, left: np.ndarray, right: np.ndarray, result: np.ndarray | None = None) -> np.ndarray:
        """Add an operation; return the array that it writes, if not `result` then (world, 1, number).

        Args:
            code: see program.c.
            left: (world, agent, number), with 1 where they broadcast.
            right: another.
            result: where it is written for all to keep; None: only for the operations that follow.
        """
        width = max(left.shape[2], right.shape[2])
        assert {left.shape[2], right.shape[2]} <= {1, width}
        if result is None:  # threads compute different worlds at the same time
            result = np.zeros((self.shape[0], 1, 1 if code == DOT else width))
        self._kept += [left, right, result]
        self._operations.append(Operation(code, width, *(self._operand(array) for array in (left, right, result))))
        return result

    def _operand(self, array: np.ndarray) -> Operand:
        wide = (*self.shape, array.shape[2])
        assert array.dtype == float
        assert all(size in (1, full) for size, full in zip(array.shape, wide, strict=True))
        steps = [step if size > 1 else 0 for step, size in zip(array.strides, array.shape, strict=True)]
        return Operand(array.ctypes.data, *steps)

    def kernel(self) -> Kernel:
        """Return what carries all out."""
        worlds, agents = self.shape
        operations = (Operation * len(self._operations))(*self._operations)
        struct = library.Kernel(ctypes.addressof(operations), len(operations), agents, None)
        return Kernel(struct, worlds, operations, self._kept)
