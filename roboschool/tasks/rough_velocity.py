"""Track a commanded velocity on rough ground, which the robot scans."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, Any, ClassVar

import numpy as np

from roboschool.mdp.record import Record, quantity
from roboschool.mdp.scene_info import SceneInfo
from roboschool.mdp.sensor import Sensor
from roboschool.mdp.state import State
from roboschool.mdp.task import Update
from roboschool.schema import Bounds
from roboschool.sensors.height_scan import HeightScan
from roboschool.sensors.imu import Accelerometer, Gyro
from roboschool.tasks.velocity import Velocity, VelocityMemory

TINY = 1e-9  # [m/s]
LEAST = 0.05  # mean commanded speed from which on progress can be told [m/s]


class RoughMemory(VelocityMemory):
    """What is remembered of an episode, for its progress."""

    commanded: np.ndarray = quantity(unit="m/s", doc="commanded speeds, added up over the steps")
    walked: np.ndarray = quantity(unit="m/s", doc="speeds along the command, up to it, added up likewise")
    steps: np.ndarray = quantity(unit="steps", doc="so far")


@dataclass(frozen=True)
class RoughVelocity(Velocity):
    """Track a commanded velocity along rough ground, and a yaw rate, without falling."""

    memory: ClassVar[type[Record]] = RoughMemory
    rows: Annotated[int, Bounds(1, 64)] = 11  # of the scan, along the heading
    columns: Annotated[int, Bounds(1, 64)] = 11  # to the side
    spacing: Annotated[float, Bounds(0.01, 2.0)] = 0.1  # between two points [m]

    def sensors(self, scene: SceneInfo) -> Sequence[Sensor]:
        """Return those of `Velocity`, an inertial unit, and the scan."""
        scan = HeightScan(scene.terrain, self.robot.standing_height, self.rows, self.columns, self.spacing)
        return *super().sensors(scene), Accelerometer(), Gyro(), scan

    def update(self, previous: State, state: State, active: np.ndarray, rngs: Sequence[np.random.Generator]) -> Update:
        """Add up what was commanded and what was walked, beside what `Velocity` remembers."""
        command = state.memory.command[..., :2]
        speed = np.hypot(command[..., 0], command[..., 1])
        along = (state.velocity[..., 0] * command[..., 0] + state.velocity[..., 1] * command[..., 1]) / np.maximum(
            speed, TINY
        )
        memory: Any = super().update(previous, state, active, rngs).memory
        memory.commanded += speed
        memory.walked += np.minimum(along, speed)
        memory.steps += 1.0
        return Update(memory)

    def progress(self, state: State, steps: int) -> np.ndarray:
        """Return the share of the commanded distance that was walked; of an episode that a fall ended, as much less."""
        memory = state.memory
        share = memory.walked / np.maximum(memory.commanded, TINY)
        share = np.where(state.upright > 0.0, share, share * memory.steps / steps)
        return np.where(memory.commanded > LEAST * memory.steps, share, np.nan)
