"""Keep a pole on end, by the rules of Roboschool v1."""

import dataclasses
import math
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from roboschool.errors import InvalidInput, check_range
from roboschool.mdp.effects import Placement
from roboschool.mdp.state import State
from roboschool.mdp.task import Task

CART = ["position of the cart [m]", "speed of the cart [m/s]"]


@dataclass(frozen=True)
class Balance(Task):
    """Keep the pole on end; the robot is a slide with a motor, and a hinge without."""

    pays: ClassVar[dict[str, str]] = {"alive": "+1 for every step"}
    ends: ClassVar[str] = "the pole leans by more than {tilt:g} rad"
    tilt: float = 0.2  # of the pole, beyond which it has fallen [rad]
    swing: float = 0.1  # the pole begins within this of the vertical [rad]
    start: ClassVar[float] = 0.0  # angle about which it begins [rad]
    poles: ClassVar[int] = 1

    def __post_init__(self) -> None:
        """Check robot and parameters.

        Raises:
            InvalidInput: the robot is no slide with a motor and hinges without, or a parameter is out of range.
        """
        if (len(self.robot.joints), len(self.robot.passive_joints)) != (1, self.poles):
            wanted = f"one joint with a motor and {self.poles} without"
            raise InvalidInput(f"it is for a robot of {wanted}, not for {self.robot.name!r}")
        check_range("tilt", self.tilt, 0.0, math.pi)
        check_range("swing", self.swing, 0.0, math.pi)

    def begin(self, placement: Placement, memory: np.ndarray, rng: np.random.Generator) -> tuple[Placement, np.ndarray]:
        """Lean all poles by chance."""
        leans = self.start + rng.uniform(-self.swing, self.swing, len(self.robot.passive_joints))
        return dataclasses.replace(placement, loose=tuple(leans.tolist())), memory

    def observe(self, now: State) -> np.ndarray:
        """Return position and speed of the cart; cosine, sine and speed of the pole's angle (..., 5)."""
        angle = now.loose[..., 0, 0]
        seen = np.empty((*angle.shape, 5))
        seen[..., :2] = now.joints[..., 0, :]
        np.cos(angle, out=seen[..., 2])
        np.sin(angle, out=seen[..., 3])
        seen[..., 4] = now.loose[..., 0, 1]
        return seen

    def reward(self, was: State, action: np.ndarray, now: State, dt: float) -> dict[str, np.ndarray]:
        """Return 1."""
        return {"alive": np.ones(now.points.shape)}

    def over(self, now: State) -> np.ndarray:
        """Return whether each pole has fallen."""
        return np.abs(now.loose[..., 0, 0]) > self.tilt

    def entries(self) -> list[str]:
        """Return what each number of an observation is."""
        return [*CART, "cosine of the pole's angle", "sine of the pole's angle", "speed of the pole [rad/s]"]
