"""Stand still."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, ClassVar

import numpy as np

from roboschool.mdp.scene_info import SceneInfo
from roboschool.mdp.sensor import Sensor
from roboschool.mdp.state import State
from roboschool.mdp.task import Task
from roboschool.mdp.term import Term, constant
from roboschool.schema import Bounds
from roboschool.sensors.feet import FootContacts
from roboschool.sensors.joint_scaling import JointScaling
from roboschool.sensors.joints import joint_sensors
from roboschool.sensors.trunk import AngularVelocity, RollPitch, TrunkHeight, TrunkVelocity


@dataclass(frozen=True)
class Stand(Task):
    """Stand still in the rest pose, at the standing height; any robot can."""

    observation_limit: ClassVar[float] = 10.0
    slack: Annotated[float, Bounds(0.001, 100.0)] = 0.2  # share of the standing height that counts as far off
    alive: Annotated[float, Bounds(0.0, 100.0)] = 1.0  # for every step while upright

    def sensors(self, scene: SceneInfo) -> Sequence[Sensor]:
        """Return the trunk and how it moves, joints, feet."""
        trunk = (TrunkHeight(), TrunkVelocity(), AngularVelocity(), RollPitch())
        return (*trunk, *joint_sensors(self.robot), FootContacts())

    def rewards(self, scene: SceneInfo) -> Sequence[Term]:
        """Return what standing still is made of; a term of each is 1 at best."""
        motors, scaling = self.robot.motors, JointScaling(self.robot)
        count = len(self.robot.joints)
        mean = constant(np.full(count, 1.0 / count))
        limited = np.array([float(joint.lower is not None) for joint in self.robot.joints]) / count
        tall, uneven = max(self.robot.standing_height, 0.01), scene.terrain is not None

        def alive(previous: State, action: np.ndarray, state: State, dt: float) -> np.ndarray:
            return self.alive * state.upright

        def height(previous: State, action: np.ndarray, state: State, dt: float) -> np.ndarray:
            over = state.trunk_height[..., 0] if uneven else state.position[..., 2]
            off = (over - self.robot.standing_height) / (self.slack * tall)
            return np.exp(-off * off)

        def pose(previous: State, action: np.ndarray, state: State, dt: float) -> np.ndarray:
            off = (state.q - motors.rest) * scaling.gain
            return (off * off).dot(limited)

        def still(previous: State, action: np.ndarray, state: State, dt: float) -> np.ndarray:
            velocity, turning = state.velocity, state.angular_velocity
            return np.exp(-4.0 * (_square(velocity) + 0.25 * _square(turning)))

        def effort(previous: State, action: np.ndarray, state: State, dt: float) -> np.ndarray:
            return (action * action).dot(mean)

        return (
            Term("alive", 1.0, f"{self.alive:g} for every step while upright", alive),
            Term("height", 1.0, f"exp(-(height's error / {self.slack * tall:.3g} m)^2)", height),
            Term("still", 1.0, "exp(-4 x (speed^2 + 0.25 x angular speed^2)) of the trunk", still),
            Term("pose", -1.0, "mean of (joint's way from the rest pose / half of its range)^2", pose),
            Term("effort", -0.1, "mean of action squared", effort),
        )


def _square(vectors: np.ndarray) -> np.ndarray:
    """Return the squared length of vectors of three numbers (...)."""
    x, y, z = vectors[..., 0], vectors[..., 1], vectors[..., 2]
    squared: np.ndarray = x * x + y * y + z * z
    return squared
