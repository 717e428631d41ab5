"""Swing a pole up that hangs, and keep it there, by the rules of Roboschool v1."""

import math
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from roboschool.mdp.state import State
from roboschool.tasks.balance import Balance


@dataclass(frozen=True)
class SwingUp(Balance):
    """Swing the pole up, and keep it on end."""

    pays: ClassVar[dict[str, str]] = {"height": "cosine of the pole's angle: +1 on end, -1 hanging"}
    ends: ClassVar[str] = "never"
    start: ClassVar[float] = math.pi

    def reward(self, was: State, action: np.ndarray, now: State, dt: float) -> dict[str, np.ndarray]:
        """Return the height of the pole's end, over its length."""
        return {"height": np.cos(now.loose[..., 0, 0])}

    def over(self, now: State) -> np.ndarray:
        """Return that no episode ends."""
        return np.zeros(now.points.shape, dtype=bool)
