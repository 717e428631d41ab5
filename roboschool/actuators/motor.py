"""A torque motor that saturates, on a joint with a spring and a damper."""

from dataclasses import dataclass

import numpy as np

from roboschool.errors import InvalidInput
from roboschool.mdp.actuator import Actuator, Command
from roboschool.robots.card import MAX_TORQUE
from roboschool.robots.motors import Motors


@dataclass(frozen=True)
class Motor(Actuator):
    """The torque is `gain` times the action times the effort, and never more than the effort.

    The spring and the damper of the joint act beside it. For a slide read m and N instead of rad and N m.
    """

    gain: float = 1.0  # the torque is greatest from the action 1 / gain on
    stiffness: float = 0.0  # of the spring [N m/rad]
    rest: float = 0.0  # where the spring pulls to [rad]
    damping: float = 0.0  # [N m s/rad]

    def __post_init__(self) -> None:
        """Check the parameters.

        Raises:
            InvalidInput: one is out of range.
        """
        if self.gain <= 0.0 or self.stiffness < 0.0 or self.damping < 0.0:
            raise InvalidInput("gain must be above 0, and stiffness and damping not below 0")

    def command(self, action: np.ndarray, motors: Motors) -> Command:
        """Return the torque, and the numbers of spring and damper."""
        torque = np.minimum(np.maximum(self.gain * action, -1.0), 1.0) * motors.effort
        return Command(torque, self.rest, self.stiffness, kd=self.damping, effort=MAX_TORQUE, stall=MAX_TORQUE)
