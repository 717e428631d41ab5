"""A servo that holds a position."""

from dataclasses import dataclass

import numpy as np

from roboschool.errors import InvalidInput
from roboschool.mdp.actuator import Actuator, Command
from roboschool.robots.motors import Motors


@dataclass(frozen=True)
class Position(Actuator):
    """A spring and a damper between the joint and a target.

    Action 0 is the rest pose, -1 and 1 are `scale` away from it, within the limits of the joint. With a `speed`, the
    torque that drives the joint falls linearly with its speed, from `stall` to 0, as that of the motor in a servo does;
    `effort` caps it. For a slide read m and N instead of rad and N m.
    """

    kp: float  # [N m/rad]
    kd: float  # [N m s/rad]
    scale: float  # of the target [rad]
    speed: float | None = None  # at which it has no torque left [rad/s]; None: its torque does not depend on the speed
    stall: float | None = None  # torque at standstill [N m]; None: the effort

    def __post_init__(self) -> None:
        """Check the parameters.

        Raises:
            InvalidInput: one is out of range.
        """
        if self.kp <= 0.0 or self.kd < 0.0 or self.scale <= 0.0:
            raise InvalidInput("kp and scale must be above 0, and kd not below 0")
        if (self.speed is not None and self.speed <= 0.0) or (self.stall is not None and self.stall <= 0.0):
            raise InvalidInput("speed and stall must be above 0")
        if self.stall is not None and self.speed is None:
            raise InvalidInput("stall has no effect without a speed")

    def command(self, action: np.ndarray, motors: Motors) -> Command:
        """Return the target and the gains."""
        target = np.minimum(np.maximum(motors.rest + self.scale * action, motors.lower), motors.upper)
        stall = motors.effort if self.stall is None else self.stall
        droop = 0.0 if self.speed is None else stall / self.speed
        return Command(position=target, kp=self.kp, kd=self.kd, stall=stall, droop=droop)
