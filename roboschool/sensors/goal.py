"""Where a goal on the ground is, and how it moves."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from roboschool.mdp.scene_info import SceneInfo
from roboschool.mdp.sensor import Field, Sensor
from roboschool.mdp.state import State
from roboschool.robots.robot import Robot

FAR = 5.0  # beyond this distance only the direction is observed [m]


@dataclass(frozen=True)
class Goal(Sensor):
    """Where the goal of the task's memory is, seen from the robot, and its distance before it is clipped."""

    def fields(self, robot: Robot, scene: SceneInfo) -> Sequence[Field]:
        """Return three numbers."""
        names = ("goal, forward", "goal, to the left")
        clipped = [Field(f"{name}, at most {FAR:g} m away", "m") for name in names]
        return *clipped, Field("0.2 x distance of the goal", "m")

    def read(self, previous: State, action: np.ndarray, state: State, dt: float) -> np.ndarray:
        """Return forward, left, distance (..., 3)."""
        offset = state.memory.goal - state.position[..., :2]
        left, forward = state.world_x_direction[..., 0], state.world_x_direction[..., 1]
        x, y = offset[..., 0], offset[..., 1]
        distance = np.hypot(x, y)
        share = np.minimum(1.0, FAR / np.maximum(distance, FAR))
        numbers = np.empty((*x.shape, 3))
        numbers[..., 0] = (x * forward - y * left) * share
        numbers[..., 1] = (y * forward + x * left) * share
        numbers[..., 2] = 0.2 * distance
        return numbers
