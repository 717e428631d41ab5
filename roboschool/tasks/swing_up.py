"""Swing a pole up that hangs, and keep it there, by the rules of Roboschool v1."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from roboschool.mdp.scene_info import SceneInfo
from roboschool.mdp.state import State
from roboschool.mdp.term import Term
from roboschool.tasks.balance import Balance


@dataclass(frozen=True)
class SwingUp(Balance):
    """Swing the pole up, and keep it on end."""

    start: ClassVar[float] = math.pi

    def rewards(self, scene: SceneInfo) -> Sequence[Term]:
        """Return the height of the pole's end, over its length."""

        def height(previous: State, action: np.ndarray, state: State, dt: float) -> np.ndarray:
            return np.cos(state.passive_q[..., 0])

        return (Term("height", 1.0, "cosine of the pole's angle: 1 on end, -1 hanging", height),)

    def terminated(self, state: State) -> np.ndarray:
        """Return that no episode terminates."""
        return np.zeros(state.upright.shape, dtype=bool)

    @property
    def termination(self) -> str:
        """Never."""
        return "never"
