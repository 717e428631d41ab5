"""The sum of weighted terms: a reward or a cost."""

from collections.abc import Mapping, Sequence

import numpy as np

from roboschool.errors import InvalidInput
from roboschool.mdp.state import State
from roboschool.mdp.term import Term


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
        self.weights = np.array([weights.get(term.name, term.weight) for term in terms])
        self._factors = self.weights[:, None, None]
        self._plain = bool((self.weights == 1.0).all())
        self.values = np.zeros((len(terms), *shape))  # of the last step, times the weights (term, world, agent)
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
        self, previous: State, action: np.ndarray, state: State, dt: float, rewarded: np.ndarray | None
    ) -> None:
        """Compute the terms and their total for a step.

        Args:
            previous: the state before it.
            action: what was applied (world, agent, joints).
            state: the state after it.
            dt: the time between the two [s].
            rewarded: agents whose step counts (world, agent); None: all.
        """
        values = np.empty((len(self.terms), *self.shape))
        for place, term in enumerate(self.terms):
            values[place] = term.of(previous, action, state, dt)
        if not self._plain:
            values *= self._factors
        if rewarded is not None:
            values *= rewarded
        self.values = values
        self.total = self._sum(values)

    def _sum(self, values: np.ndarray) -> np.ndarray:
        """Return the sum of all terms, added in order, so that it does not depend on how many worlds there are."""
        if not len(values):
            return np.zeros(self.shape)
        total: np.ndarray = np.add.accumulate(values, axis=0)[-1]  # in order, and three times as fast as a loop
        return total

    def clear(self, worlds: list[int]) -> None:
        """Set terms and total to zero in some worlds."""
        self.values, self.total = self.values.copy(), self.total.copy()
        self.values[:, worlds], self.total[worlds] = 0.0, 0.0

    def by_name(self, world: int, agent: int) -> dict[str, float]:
        """Return the weighted terms of an agent."""
        return dict(zip(self.names, self.values[:, world, agent].tolist(), strict=True))
