"""The driven joints of a robot as arrays of numbers."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

STRONGEST = 50.0  # times what lifts a whole robot by an arm as long as it is high: no motor that it carries has that


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


def strongest(weight: float, height: float) -> float:
    """Return the torque beyond which a hinge of a free robot cannot be meant [N m].

    Args:
        weight: of the robot [N].
        height: of its trunk where it stands [m].
    """
    return STRONGEST * weight * height
