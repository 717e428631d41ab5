"""How joints are observed: positions between their limits, speeds as shares of the fastest."""

from dataclasses import InitVar, dataclass, field

import numpy as np

from roboschool.mdp.term import constant
from roboschool.robots.robot import Robot
from roboschool.robots.urdf import Joint

DEFAULT_SPEED = 10.0  # fastest speed of a joint whose URDF gives none [rad/s or m/s]


def max_speed(joint: Joint) -> float:
    """Return the fastest speed of a joint [rad/s or m/s]."""
    return joint.velocity or DEFAULT_SPEED


@dataclass(frozen=True, eq=False)
class JointScaling:
    """Numbers that bring a robot's driven joints to -1 to 1: (q - middle) x gain, qd x speed_gain.

    Each is (1, 1, joint), or (world, 1, joint) where each world has its own robot. Joints without limits stay as they
    are [rad].
    """

    robot: InitVar[Robot]
    middle: np.ndarray = field(init=False)
    gain: np.ndarray = field(init=False)
    speed_gain: np.ndarray = field(init=False)

    def __post_init__(self, robot: Robot) -> None:
        """Compute the numbers."""
        motors = robot.motors
        lower = np.where(np.isfinite(motors.lower), motors.lower, -1.0)
        upper = np.where(np.isfinite(motors.upper), motors.upper, 1.0)
        speed = np.where(np.isnan(motors.speed), DEFAULT_SPEED, motors.speed)
        numbers = {"middle": (lower + upper) / 2, "gain": 2.0 / (upper - lower), "speed_gain": 1.0 / speed}
        for name, array in numbers.items():
            object.__setattr__(self, name, constant(array))

    def positions(self, q: np.ndarray) -> np.ndarray:
        """Return positions of joints (..., joints), -1 to 1 between their limits."""
        scaled: np.ndarray = q - self.middle
        scaled *= self.gain
        return scaled

    def speeds(self, qd: np.ndarray) -> np.ndarray:
        """Return speeds of joints (..., joints), 1 for the fastest."""
        scaled: np.ndarray = qd * self.speed_gain
        return scaled
