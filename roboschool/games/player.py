"""The task of agents that play a game: what all such tasks have in common."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from roboschool.games.observations import LIMIT
from roboschool.mdp.needs import Needs
from roboschool.mdp.state import State
from roboschool.mdp.task import Task
from roboschool.mdp.term import Term

Value = Callable[[State, np.ndarray, State, float], np.ndarray]  # of a term: see `Term.of`


@dataclass(frozen=True)
class GamePlayer(Task):
    """Its episode ends for all agents when the game does."""

    ends_when_fallen: ClassVar[bool] = False
    observation_limit: ClassVar[float] = LIMIT
    needs: ClassVar[Needs] = Needs(game=True)


def dense(name: str, weight: float, doc: str, of: Value, unit: str = "") -> Term:
    """Return a term that is also multiplied by the game's `dense_weight`."""

    def weighted(previous: State, action: np.ndarray, state: State, dt: float) -> np.ndarray:
        value: np.ndarray = state.game.dense_weight * of(previous, action, state, dt)
        return value

    return Term(name, weight, doc, weighted, unit)


def effort(weight: float) -> Term:
    """Return the term of the effort of all motors."""
    return dense("effort", weight, "sum of action squared", lambda previous, action, state, dt: squares(action))


def standing(weight: float) -> Term:
    """Return the term of being upright."""
    doc = "1 while it stands, -1 once it has fallen"
    return dense("standing", weight, doc, lambda previous, action, state, dt: 2.0 * state.upright - 1.0)


def sparse(doc: str, name: str = "sparse") -> Term:
    """Return the term of the game reward."""
    return Term(name, 1.0, doc, lambda previous, action, state, dt: state.game_reward)


def squares(action: np.ndarray) -> np.ndarray:
    """Return the sum of action squared (...)."""
    return (action * action).sum(axis=-1)
