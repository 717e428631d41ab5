"""The driven joints of a robot as arrays of numbers."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from roboschool.robots.robot import Robot


@dataclass(frozen=True, eq=False)
class Motors:
    """Driven joints, in the order of the actions. For a slide read m and N instead of rad and N m.

    Arrays are (1, 1, joint), or (world, 1, joint) where each world has its own robot: they broadcast to (world, agent,
    joint). They lead with three axes because numpy is three times quicker if the operands have equally many.
    """

    names: tuple[str, ...]
    rest: np.ndarray  # rest pose [rad]
    lower: np.ndarray  # limits [rad], infinite for a continuous joint
    upper: np.ndarray
    speed: np.ndarray  # top speed by the URDF [rad/s]; NaN if it gives none
    effort: np.ndarray  # the largest torque [N m]

    def take(self, columns: Sequence[int]) -> "Motors":
        """Return some of the joints, by their numbers."""
        columns = list(columns)
        arrays = (self.rest, self.lower, self.upper, self.speed, self.effort)
        return Motors(tuple(self.names[column] for column in columns), *(array[..., columns] for array in arrays))


def motors_of(robots: Sequence["Robot"]) -> Motors:
    """Return the driven joints of the robot of each world; all have the same joints."""

    def numbers(of: Sequence[Sequence[float]]) -> np.ndarray:
        return np.array(of, dtype=float)[:, None]

    joints = [robot.joints for robot in robots]
    return Motors(
        names=tuple(joint.name for joint in joints[0]),
        rest=numbers([robot.pose for robot in robots]),
        lower=numbers([[-np.inf if joint.lower is None else joint.lower for joint in own] for own in joints]),
        upper=numbers([[np.inf if joint.upper is None else joint.upper for joint in own] for own in joints]),
        speed=numbers([[joint.velocity or np.nan for joint in own] for own in joints]),
        effort=numbers([robot.torque for robot in robots]),
    )
