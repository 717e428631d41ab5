"""A motor whose torque is set."""

from dataclasses import dataclass

import numpy as np

from roboschool.mdp.actuator import Actuator, Command
from roboschool.robots.motors import Motors


@dataclass(frozen=True)
class Torque(Actuator):
    """The torque is the action times the effort [N m]."""

    def command(self, action: np.ndarray, motors: Motors) -> Command:
        """Return the torque."""
        return Command(torque=action * motors.effort)
