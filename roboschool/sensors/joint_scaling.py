"""How joints are observed: positions between their limits, speeds as shares of the fastest."""

import numpy as np

from roboschool.robots.robot import Robot
from roboschool.robots.urdf import Joint

DEFAULT_SPEED = 10.0  # fastest speed of a joint whose URDF gives none [rad/s or m/s]


def max_speed(joint: Joint) -> float:
    """Return the fastest speed of a joint [rad/s or m/s]."""
    return joint.velocity or DEFAULT_SPEED


class JointScaling:
    """Numbers that bring a robot's driven joints to -1 to 1: (q - middle) x gain, qd x speed_gain.

    Each is (1, 1, joint), or (world, 1, joint) where each world has its own robot. Joints without limits stay as they
    are [rad].
    """

    def __init__(self, robot: Robot) -> None:
        motors = robot.motors
        lower = np.where(np.isfinite(motors.lower), motors.lower, -1.0)
        upper = np.where(np.isfinite(motors.upper), motors.upper, 1.0)
        self.middle = (lower + upper) / 2
        self.gain = 2.0 / (upper - lower)
        self.speed_gain = 1.0 / np.where(np.isnan(motors.speed), DEFAULT_SPEED, motors.speed)

    def positions(self, q: np.ndarray) -> np.ndarray:
        """Return positions of joints (..., joints), -1 to 1 between their limits."""
        scaled: np.ndarray = q - self.middle
        scaled *= self.gain
        return scaled

    def speeds(self, qd: np.ndarray) -> np.ndarray:
        """Return speeds of joints (..., joints), 1 for the fastest."""
        scaled: np.ndarray = qd * self.speed_gain
        return scaled
