"""Operations on arrays that the native library carries out in one call, with numpy's bits."""

import ctypes
from collections.abc import Callable
from ctypes import c_int, c_ssize_t, c_void_p

import numpy as np

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


class Operand(ctypes.Structure):
    """`struct operand`."""

    _fields_ = [("data", c_void_p), *((axis, c_ssize_t) for axis in ("world", "agent", "number"))]


class Operation(ctypes.Structure):
    """`struct operation`."""

    _fields_ = [("code", c_int), ("width", c_int), *((name, Operand) for name in ("left", "right", "result"))]


class Program:
    """Operations in order, carried out for each world and agent in turn, on arrays that stay where they are.

    Args:
        shape: of all arrays, as far as they have these axes (world, agent).
    """

    def __init__(self, shape: tuple[int, int]) -> None:
        self.shape = shape
        self._operations: list[Operation] = []
        self._kept: list[np.ndarray] = []
        self._run: Callable[[], None] | None = None

    def add(self, code: int, left: np.ndarray, right: np.ndarray, result: np.ndarray | None = None) -> np.ndarray:
        """Add an operation; return the array that it writes, if not `result` then (1, 1, number).

        Args:
            code: see program.c.
            left: (world, agent, number), with 1 where they broadcast.
            right: another.
            result: where it is written for all to keep; None: only for the operations that follow.
        """
        width = max(left.shape[2], right.shape[2])
        assert {left.shape[2], right.shape[2]} <= {1, width}
        result = np.zeros((1, 1, 1 if code == DOT else width)) if result is None else result
        self._kept += [left, right, result]
        self._operations.append(Operation(code, width, *(self._operand(array) for array in (left, right, result))))
        return result

    def _operand(self, array: np.ndarray) -> Operand:
        wide = (*self.shape, array.shape[2])
        assert array.dtype == float
        assert all(size in (1, full) for size, full in zip(array.shape, wide, strict=True))
        steps = [step if size > 1 else 0 for step, size in zip(array.strides, array.shape, strict=True)]
        return Operand(array.ctypes.data, *steps)

    def __call__(self) -> None:
        """Carry all out."""
        if self._run is None:
            self._run = self._prepare()
        self._run()

    def _prepare(self) -> Callable[[], None]:
        operations = (Operation * len(self._operations))(*self._operations)
        address, count, carry_out = ctypes.addressof(operations), len(operations), load_library().carry_out
        worlds, agents = self.shape
        self._prepared = operations  # what the address is of
        return lambda: carry_out(address, count, worlds, agents)
