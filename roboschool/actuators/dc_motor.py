"""A motor with brushes, or without and driven like one, on a constant voltage."""

from dataclasses import dataclass

import numpy as np

from roboschool.errors import InvalidInput
from roboschool.mdp.actuator import Actuator, Command
from roboschool.robots.motors import Motors


@dataclass(frozen=True)
class DcMotor(Actuator):
    """The action is the share of the voltage; the torque falls linearly with the speed.

    The current is (voltage - back-EMF) / resistance; torque is proportional to current, back-EMF to speed. Hence the
    torque of the shaft is stall_torque x (action - speed / no_load_speed); the joint has `gear` times the torque and
    1 / gear of the speed. At action 0 the motor is shorted, and brakes. Numbers are those of the datasheet; `effort`,
    behind the gear, is that of the current limit.
    """

    stall_torque: float  # of the shaft, at the full voltage [N m]
    no_load_speed: float  # of the shaft, at the full voltage [rad/s]; 1 rpm is 0.10472 rad/s
    gear: float = 1.0  # turns of the shaft for one of the joint
    efficiency: float = 1.0  # share of the torque that the gear passes on

    def __post_init__(self) -> None:
        """Check the parameters.

        Raises:
            InvalidInput: one is out of range.
        """
        if min(self.stall_torque, self.no_load_speed, self.gear) <= 0.0 or not 0.0 < self.efficiency <= 1.0:
            numbers = "stall_torque, no_load_speed, gear and efficiency"
            raise InvalidInput(f"{numbers} must be above 0, and efficiency at most 1")

    def command(self, action: np.ndarray, motors: Motors) -> Command:
        """Return speed and torque behind the gear, as a target and a gain."""
        speed, torque = self.no_load_speed / self.gear, self.stall_torque * self.gear * self.efficiency
        return Command(velocity=action * speed, kd=torque / speed)
