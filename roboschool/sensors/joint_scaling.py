"""How joints are observed: positions between their limits, speeds as shares of the fastest."""

import numpy as np

from roboschool.robots.robot import Robot
from roboschool.robots.urdf import Joint

DEFAULT_SPEED = 10.0  # fastest speed of a joint whose URDF gives none [rad/s or m/s]


def max_speed(joint: Joint) -> float:
    """Return the fastest speed of a joint [rad/s or m/s]."""
    return joint.velocity or DEFAULT_SPEED


class JointScaling:
    """Numbers that bring a robot's driven joints to -1 to 1: (q - middle) x gain, qd x speed_gain; each (1, 1, joints).

    Joints without limits stay as they are [rad].
    """

    def __init__(self, robot: Robot) -> None:
        joints = robot.joints
        lower = np.array([-1.0 if joint.lower is None else joint.lower for joint in joints])
        upper = np.array([1.0 if joint.upper is None else joint.upper for joint in joints])
        # they lead with (world, agent) as what they meet: numpy is three times quicker then
        self.middle = ((lower + upper) / 2)[None, None]
        self.gain = (2.0 / (upper - lower))[None, None]
        self.speed_gain = (1.0 / np.array([max_speed(joint) for joint in joints]))[None, None]

    def positions(self, q: np.ndarray) -> np.ndarray:
        """Return positions of joints (..., joints), -1 to 1 between their limits."""
        scaled: np.ndarray = (q - self.middle) * self.gain
        return scaled

    def speeds(self, qd: np.ndarray) -> np.ndarray:
        """Return speeds of joints (..., joints), 1 for the fastest."""
        scaled: np.ndarray = qd * self.speed_gain
        return scaled
