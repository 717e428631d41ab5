"""A clock that goes round, as a gait does."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated

import numpy as np

from roboschool.mdp.remembering import RememberingSensor
from roboschool.mdp.scene_info import SceneInfo
from roboschool.mdp.sensor import Field
from roboschool.mdp.state import State
from roboschool.robots.robot import Robot
from roboschool.schema import Bounds, Meaning


@dataclass(frozen=True)
class Clock(RememberingSensor):
    """Sine and cosine of the time since the episode began."""

    period: Annotated[float, Bounds(0.0, 1e5, above=True), Meaning("Time of a round.", "s")] = 1.0

    def fields(self, robot: Robot, scene: SceneInfo) -> Sequence[Field]:
        """Return two numbers."""
        return [Field(f"{of} of the clock of {self.period:g} s", low=-1.0, high=1.0) for of in ("sine", "cosine")]

    def size(self, robot: Robot, scene: SceneInfo) -> int:
        """Return one number: the time [s]."""
        return 1

    def store(
        self, own: np.ndarray, first: np.ndarray, previous: State, action: np.ndarray, state: State, dt: float
    ) -> None:
        """Note the time."""
        own[..., 0] = np.where(first, 0.0, own[..., 0] + dt)

    def observe(self, own: np.ndarray, previous: State, action: np.ndarray, state: State, dt: float) -> np.ndarray:
        """Return sine and cosine (..., 2)."""
        angle = own[..., 0] * (2.0 * math.pi / self.period)
        return np.stack([np.sin(angle), np.cos(angle)], axis=-1)
