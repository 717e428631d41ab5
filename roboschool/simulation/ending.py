"""Whether a task terminates episodes, computed by the native library."""

from types import FunctionType, MethodType
from typing import Any

import numpy as np

from roboschool.mdp.state import State
from roboschool.mdp.task import Task
from roboschool.physics.native.program import CODES, Kernel, Program
from roboschool.simulation.constants import Constants
from roboschool.simulation.trace import CannotBeTraced, Traced, TracedRecord, random_states


class Ending:
    """What `Task.terminated` says of a state that keeps its array.

    `kernel` computes it, and writes it to `ended` (world, agent), 1 or 0. It is None where numpy must do it.

    Args:
        task: whose.
        state: of which.
    """

    def __init__(self, task: Task, state: State) -> None:
        self.ended = np.zeros(state.array.shape[:2])
        self.kernel: Kernel | None = None
        self._constants = Constants()  # which the method reaches
        try:
            kernel = self._trace(task, state)
        except Exception:  # whatever the method raises if it does not get arrays
            return
        if self._is_repeated(task, state, kernel):
            self.kernel = kernel

    def holds(self) -> bool:
        """Return whether what the method reaches is as it was; if not, numpy must compute from now on."""
        if self.kernel is not None and not self._constants.hold():
            self.kernel = None
            return False
        return True

    def _trace(self, task: Task, state: State) -> Kernel:
        program = Program((state.array.shape[0], state.array.shape[1]))
        stand_in: Any = _StandIn(task, self._constants)
        traced: Any = stand_in.terminated(TracedRecord(program, state))
        if isinstance(traced, Traced) and traced.single and traced.true_or_false:
            program.add(CODES[np.multiply], traced.array, np.ones((1, 1, 1)), self.ended[..., None])
        elif isinstance(traced, Traced) or traced.any():
            raise CannotBeTraced(f"a result {traced!r:.80}")
        return program.kernel()

    def _is_repeated(self, task: Task, state: State, kernel: Kernel) -> bool:
        """Return whether the library finds what numpy finds, in states of random numbers."""
        for _ in random_states(state.array):
            kernel()
            with np.errstate(all="ignore"):
                if not np.array_equal(task.terminated(state), self.ended):
                    return False
        self.ended[:] = 0.0
        return True


class _StandIn:
    """Stands for a task: what its methods reach is noted; what can change unnoticed is refused."""

    def __init__(self, task: Task, constants: Constants) -> None:
        self._task, self._constants = task, constants

    def __getattr__(self, name: str) -> Any:
        value = self._constants.attribute(self._task, name)
        return MethodType(value, self) if isinstance(value, FunctionType) else value
