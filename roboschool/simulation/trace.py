"""What a function of states does with their numbers, as operations for the native library."""

from functools import cache
from typing import Any

import numpy as np
from numpy.lib.mixins import NDArrayOperatorsMixin

from roboschool.mdp.record import Record
from roboschool.mdp.state import State
from roboschool.mdp.term import Term
from roboschool.physics.native.program import CODES, COMPARISONS, DOT, Program

TRIALS = 8  # states in which a term is compared
PRODUCTS = 256  # dot products of a width that are compared
AXES = 3  # of what can be traced, at most: world, agent, number


class CannotBeTraced(Exception):
    """The function does what the native library cannot do."""


class Traced(NDArrayOperatorsMixin):
    """Stands for an array: numpy's functions of it are noted in a program and not carried out.

    Args:
        program: where they are noted.
        array: what is read when the program runs (world, agent, number).
        single: whether it stands for an array (world, agent).
        true_or_false: whether it stands for booleans, which are the numbers 1 and 0 in the program.
    """

    def __init__(self, program: Program, array: np.ndarray, single: bool, true_or_false: bool = False) -> None:
        self.program, self.array, self.single, self.true_or_false = program, array, single, true_or_false

    def __array_ufunc__(self, ufunc: Any, method: str, *inputs: Any, out: Any = None, **other: Any) -> "Traced":
        code = CODES.get(ufunc)
        if code is None or method != "__call__" or other or any(not isinstance(each, Traced) for each in out or ()):
            raise CannotBeTraced(f"{ufunc.__name__} of {list(other)}")
        traced = [each for each in inputs if isinstance(each, Traced)]
        if len({each.single for each in traced}) > 1 or all(each.true_or_false for each in traced):
            raise CannotBeTraced("axes that broadcast, or booleans")
        single = traced[0].single
        left, right = (_number(each, single) for each in (inputs[0], inputs[-1]))
        return Traced(self.program, self.program.add(code, left, right), single, ufunc in COMPARISONS)

    def __getitem__(self, index: Any) -> "Traced":
        if self.single or not isinstance(index, tuple) or len(index) != 2 or index[0] is not Ellipsis:
            raise CannotBeTraced(f"an index {index}")
        single = not isinstance(index[1], slice)
        part = self.array[..., index[1]]
        return Traced(self.program, part[..., None] if single else part, single, self.true_or_false)

    def dot(self, other: Any) -> "Traced":
        """Note a product with numbers (number,)."""
        numbers = np.asarray(other, float)
        one_after_another = {self.array.strides[2], *numbers.strides} == {numbers.itemsize}  # else BLAS adds in parts
        if self.single or numbers.shape != self.array.shape[2:] or not one_after_another:
            raise CannotBeTraced("a dot product")
        if not is_added_in_order(len(numbers)):
            raise CannotBeTraced(f"a dot product of {len(numbers)} numbers")
        return Traced(self.program, self.program.add(DOT, self.array, numbers[None, None]), single=True)

    def __bool__(self) -> bool:
        raise CannotBeTraced("a decision")

    def __iter__(self) -> Any:
        raise CannotBeTraced("a loop")


def _number(value: Any, single: bool) -> np.ndarray:
    """Return an operand as an array (world, agent, number)."""
    if isinstance(value, Traced):
        return value.array
    array, axes = np.asarray(value), AXES - single
    if array.dtype.kind not in "fi" or array.itemsize > np.dtype(float).itemsize or array.ndim > axes:
        raise CannotBeTraced(f"{value!r:.80}")
    array = array.astype(float).reshape((1,) * (axes - array.ndim) + array.shape)
    return array[..., None] if single else array


@cache
def is_added_in_order(width: int) -> bool:
    """Return whether numpy's dot product of `width` numbers has the bits of the library's, which adds them in order.

    BLAS adds more than a few numbers in an order of its own, which depends on the processor. Few products would agree
    by chance.
    """
    left, right = np.random.default_rng(0).normal(size=(2, PRODUCTS, 1, width))
    program = Program((PRODUCTS, 1))
    written = program.add(DOT, left, right, np.zeros((PRODUCTS, 1, 1)))
    program.kernel()()
    return [row.dot(other) for row, other in zip(left[:, 0], right[:, 0], strict=True)] == written[:, 0, 0].tolist()


class TracedRecord:
    """Stands for a record, such as a state."""

    def __init__(self, program: Program, record: Record) -> None:
        self._program, self._record = program, record

    def __getattr__(self, name: str) -> "Traced | TracedRecord":
        if name not in self._record.quantities:
            raise CannotBeTraced(name)
        value = getattr(self._record, name)
        if isinstance(value, Record):
            return TracedRecord(self._program, value)
        if value.ndim > AXES:
            raise CannotBeTraced(f"the shape of {name}")
        single = value.ndim == 2
        return Traced(self._program, value[..., None] if single else value, single)


def trace_term(
    term: Term, program: Program, previous: State, action: np.ndarray, state: State, dt: float
) -> np.ndarray:
    """Note a term in a program; return what it writes, to be read by operations that follow (., ., 1).

    Raises:
        CannotBeTraced: the native library cannot compute it.
    """
    given = TracedRecord(program, previous), Traced(program, action, single=False), TracedRecord(program, state)
    try:
        traced: Any = term.of(given[0], given[1], given[2], dt)  # type: ignore[arg-type]
    except Exception as error:
        raise CannotBeTraced(str(error)) from None
    if not isinstance(traced, Traced) or not traced.single or traced.true_or_false:
        raise CannotBeTraced(f"a result {traced!r:.80}")
    return traced.array


def is_repeated(term: Term, previous: State, action: np.ndarray, state: State, dt: float) -> bool:
    """Return whether the native library computes a term to the last bit as numpy does, in states of random numbers.

    What the term reaches beside its arguments must not change, for a program has it as it is now; see `Constants`.
    """
    rng = np.random.default_rng(0)
    worlds, agents = state.array.shape[:2]
    program = Program((worlds, agents))
    arrays = previous.array, action, state.array
    before = [array.copy() for array in arrays]
    try:
        traced, written = trace_term(term, program, previous, action, state, dt), np.zeros((worlds, agents, 1))
        program.add(CODES[np.multiply], traced, np.ones((1, 1, 1)), written)
        compute = program.kernel()
        for trial in range(TRIALS):
            for array in arrays:
                array[:] = rng.normal(size=array.shape) if trial % 2 else rng.integers(-1, 2, array.shape)
            compute()
            with np.errstate(all="ignore"):
                value = np.asarray(term.of(previous, action, state, dt), float)
            if written[..., 0].tobytes() != value.tobytes():
                return False
    except Exception:  # also what the term itself raises in a state that cannot be
        return False
    finally:
        for array, kept in zip(arrays, before, strict=True):
            array[:] = kept
    return True
