"""A servo that holds a position."""

from dataclasses import dataclass

import numpy as np

from roboschool.errors import InvalidInput
from roboschool.mdp.actuator import Actuator, Command
from roboschool.robots.motors import Motors


@dataclass(frozen=True)
class Position(Actuator):
    """A spring and a damper between the joint and a target.

    Action 0 is the rest pose, -1 and 1 are `scale` away from it, within the limits of the joint. For a slide read m and
    N instead of rad and N m.
    """

    kp: float  # [N m/rad]
    kd: float  # [N m s/rad]
    scale: float  # of the target [rad]

    def __post_init__(self) -> None:
        """Check the parameters.

        Raises:
            InvalidInput: one is out of range.
        """
        if self.kp <= 0.0 or self.kd < 0.0 or self.scale <= 0.0:
            raise InvalidInput("kp and scale must be above 0, and kd not below 0")

    def command(self, action: np.ndarray, motors: Motors) -> Command:
        """Return the target and the gains."""
        target = np.minimum(np.maximum(motors.rest + self.scale * action, motors.lower), motors.upper)
        return Command(position=target, kp=self.kp, kd=self.kd)
