"""A term of a reward or a cost."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from roboschool.mdp.state import State


@dataclass(frozen=True)
class Term:
    """One number that is added to an agent's reward or cost, `weight` x `of(...)`; the weight is data of the scene.

    Attributes:
        name: in the info of every step.
        weight: what it is multiplied by, unless a scene says otherwise.
        doc: a short description.
        unit: of what is multiplied; empty: none.
        of: (previous, action, state, dt) -> (world, agent); see `Sensor.read` for the arguments.
    """

    name: str
    weight: float
    doc: str
    of: Callable[[State, np.ndarray, State, float], np.ndarray]
    unit: str = ""

    def __str__(self) -> str:
        factor = "" if self.weight == 1.0 else f"{self.weight:g} x "
        return f"{factor}{self.doc}{f' [{self.unit}]' if self.unit else ''}"


def constant(numbers: ArrayLike) -> np.ndarray:
    """Return numbers, as an array that cannot be written.

    The native library computes no term that reaches an array which can, for it would not see the change.
    """
    array = np.array(numbers, dtype=float)
    array.flags.writeable = False
    return array
