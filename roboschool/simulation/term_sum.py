"""The sum of weighted terms: a reward or a cost."""

from collections.abc import Collection, Mapping, Sequence

import numpy as np

from roboschool.errors import InvalidInput
from roboschool.mdp.state import State
from roboschool.mdp.term import Term
from roboschool.physics.native.program import CODES, Kernel, Program
from roboschool.simulation.constants import Constants
from roboschool.simulation.trace import is_repeated, trace_term


class TermSum:
    """Terms with their weights.

    Args:
        terms: what is added.
        weights: instead of those of terms, by name; names that no term has are left alone.
        shape: of a term's value (world, agent).
    """

    def __init__(self, terms: Sequence[Term], weights: Mapping[str, float], shape: tuple[int, int]) -> None:
        self.terms = tuple(terms)
        self.names = tuple(term.name for term in terms)
        self.shape = shape
        self.weights = np.array([weights.get(term.name, term.weight) for term in terms], dtype=float)
        self._factors = self.weights[:, None, None]
        self.values = np.zeros((len(terms), *shape))  # of the last step, times the weights (term, world, agent)
        self._fused: set[str] = set()  # names of terms that the native library computes
        self._plans: dict[int, _Plan] = {}  # by the id of the state after the step
        self._constants = Constants()  # of the fused terms
        self.total = np.zeros(shape)

    def check(self, where: str, state: State, action: np.ndarray) -> None:
        """Check names and shapes of terms, once.

        Raises:
            InvalidInput: one is wrong; the message begins with `where`.
        """
        if len(set(self.names)) < len(self.names):
            raise InvalidInput(f"{where}: two terms have one name: {', '.join(self.names)}")
        with np.errstate(all="ignore"):  # a blank state may divide by zero
            for term in self.terms:
                value = np.shape(term.of(state, action, state, 1.0))
                if value != self.shape:
                    raise InvalidInput(f"{where}: the term {term.name!r} has shape {value}, not {self.shape}")

    def compute(
        self,
        previous: State,
        action: np.ndarray,
        state: State,
        dt: float,
        counted: np.ndarray,
        is_computed: bool = False,
    ) -> None:
        """Compute the terms and their total for a step.

        Args:
            previous: the state before it.
            action: what was applied (world, agent, joints).
            state: the state after it.
            dt: the time between the two [s].
            counted: 1 for agents whose step counts, else 0 (world, agent).
            is_computed: whether the kernel of the state, if there is one, has been computed.
        """
        if self._plans and not self._constants.hold():
            self._plans = {}  # numpy takes what is there now
        plan = self._plans.get(id(state))
        if plan is not None and plan.is_of(previous, action, state, dt, counted):
            self.values, self.total = plan.take(self.terms, is_computed)
            return
        values = np.empty((len(self.terms), *self.shape))
        for place, term in enumerate(self.terms):
            values[place] = term.of(previous, action, state, dt)
        values *= self._factors
        values *= counted
        self.values = values
        self.total = self._sum(values)

    def prepare(self, previous: State, action: np.ndarray, state: State, dt: float, counted: np.ndarray) -> None:
        """Let the native library compute what it can for a step between two states; the arrays stay where they are."""
        step = previous, action, state, dt
        if self.terms:
            if not self._plans:
                repeated = [term for term in self.terms if is_repeated(term, *step)]
                self._fused = {term.name for term in repeated if self._constants.reach(term.of)}
            self._plans[id(state)] = _Plan(self.terms, self._fused, self._factors, step, counted)

    def kernel(self, state: State) -> Kernel | None:
        """Return what computes all for a step to a state, if it is prepared and no term is left to numpy."""
        plan = self._plans.get(id(state))
        return None if plan is None or plan.left else plan.kernel

    def _sum(self, values: np.ndarray) -> np.ndarray:
        """Return the sum of all terms, added in order, so that it does not depend on how many worlds there are."""
        if not len(values):
            return np.zeros(self.shape)
        total: np.ndarray = np.add.accumulate(values, axis=0)[-1]  # in order, and three times as fast as a loop
        return total

    def clear(self, worlds: list[int]) -> None:
        """Set terms and total to zero in some worlds."""
        if not self.terms:
            return
        if len(worlds) == len(self.total):
            self.values, self.total = np.zeros(self.values.shape), np.zeros(self.total.shape)
            return
        self.values, self.total = self.values.copy(), self.total.copy()
        self.values[:, worlds], self.total[worlds] = 0.0, 0.0

    def by_name(self, world: int, agent: int) -> dict[str, float]:
        """Return the weighted terms of an agent."""
        return dict(zip(self.names, self.values[:, world, agent].tolist(), strict=True))


class _Plan:
    """The sum of terms for a step between two states, in one native call but for what the library cannot compute."""

    def __init__(
        self,
        terms: Sequence[Term],
        fused: Collection[str],
        factors: np.ndarray,
        step: tuple[State, np.ndarray, State, float],
        counted: np.ndarray,
    ) -> None:
        self._step, self._counted = step, counted
        worlds, agents = shape = counted.shape
        program = Program((worlds, agents))
        self._raw = np.zeros((len(terms), *shape))
        self._sums = np.zeros((len(terms) + 1, *shape))
        self.left = [place for place, term in enumerate(terms) if term.name not in fused]
        *results, total = self._sums[..., None]
        multiply, one = CODES[np.multiply], np.ones((1, 1, 1))
        for place, term in enumerate(terms):
            value = self._raw[place][..., None] if place in self.left else trace_term(term, program, *step)
            weighted = program.add(multiply, value, factors[place][..., None])
            program.add(multiply, weighted, counted[..., None], results[place])
        program.add(multiply, results[0], one, total)
        for result in results[1:]:
            program.add(CODES[np.add], total, result, total)
        self.kernel = program.kernel()

    def is_of(self, previous: State, action: np.ndarray, state: State, dt: float, counted: np.ndarray) -> bool:
        """Return whether this is the plan of a step."""
        mine = self._step
        same = mine[0] is previous and mine[1] is action and mine[2] is state
        return same and mine[3] == dt and self._counted is counted

    def take(self, terms: Sequence[Term], is_computed: bool) -> tuple[np.ndarray, np.ndarray]:
        """Return the weighted terms (term, world, agent) and their total."""
        for place in self.left:
            self._raw[place] = terms[place].of(*self._step)
        if self.left or not is_computed:
            self.kernel()
        sums = self._sums.copy()
        return sums[:-1], sums[-1]
