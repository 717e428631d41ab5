"""Which links touch something."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from roboschool.mdp.scene_info import SceneInfo
from roboschool.mdp.sensor import Field, Sensor
from roboschool.mdp.state import State
from roboschool.robots.robot import Robot


@dataclass(frozen=True)
class Touch(Sensor):
    """For each foot of the robot's card whether it presses on anything, the ground or not."""

    def fields(self, robot: Robot, scene: SceneInfo) -> Sequence[Field]:
        """Return one number a foot."""
        return [Field(f"{foot} touches", source=foot, low=0.0, high=1.0) for foot in robot.feet]

    def read(self, previous: State, action: np.ndarray, state: State, dt: float) -> np.ndarray:
        """Return 1 or 0 for each (..., feet)."""
        touches: np.ndarray = np.maximum(state.foot_contacts, state.foot_obstacle_contacts)
        return touches
