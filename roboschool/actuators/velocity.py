"""A motor that keeps a speed."""

from dataclasses import dataclass

import numpy as np

from roboschool.errors import InvalidInput
from roboschool.mdp.actuator import Actuator, Command
from roboschool.robots.motors import Motors


@dataclass(frozen=True)
class Velocity(Actuator):
    """A damper between the joint and a target speed: -1 and 1 are the top speed. For a slide read m and N."""

    kd: float  # [N m s/rad]
    speed: float | None = None  # top speed [rad/s]; None: the joint's in the URDF

    def __post_init__(self) -> None:
        """Check the parameters.

        Raises:
            InvalidInput: one is out of range.
        """
        if self.kd <= 0.0 or (self.speed is not None and self.speed <= 0.0):
            raise InvalidInput("kd and speed must be above 0")

    def command(self, action: np.ndarray, motors: Motors) -> Command:
        """Return the target speed and the gain.

        Raises:
            InvalidInput: neither card nor URDF gives a top speed.
        """
        if self.speed is None and np.isnan(motors.speed).any():
            raise InvalidInput("no top speed: give `speed`, or a velocity to the joint's limit in the URDF")
        return Command(velocity=action * (motors.speed if self.speed is None else self.speed), kd=self.kd)
