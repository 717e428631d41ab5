"""Keep two poles on end, one on the other, by the rules of Roboschool v1."""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from roboschool.mdp.state import State
from roboschool.tasks.balance import CART, Balance

LENGTH = 0.6  # of a pole [m]
TO_MIDDLE = np.array([LENGTH, LENGTH / 2])  # along each pole to the upper one's middle [m]
HIGHEST = 2.0  # what Roboschool measures the tip's height against; upright it is 1.2 [m]


@dataclass(frozen=True)
class BalanceTwo(Balance):
    """Keep both poles on end; the robot is a slide with a motor, and two hinges without."""

    pays: ClassVar[dict[str, str]] = {
        "alive": "+10 for every step",
        "distance_cost": "-0.01 x (way of the upper pole's middle from the origin)^2 - (tip's height - 2 m)^2",
    }
    ends: ClassVar[str] = "the tip is {lowest:g} m high or lower"
    poles: ClassVar[int] = 2
    lowest: float = 1.0  # height of the tip [m]

    def observe(self, now: State) -> np.ndarray:
        """Return cart, x of the upper middle; cosine, sine, speed of both angles, the second relative (..., 9)."""
        angles = now.loose[..., 0]
        seen = np.empty((*now.points.shape, 9))
        seen[..., :2] = now.joints[..., 0, :]
        seen[..., 2] = self.middle(now)
        np.cos(angles, out=seen[..., 3::3])
        np.sin(angles, out=seen[..., 4::3])
        seen[..., 5::3] = now.loose[..., 1]
        return seen

    def reward(self, was: State, action: np.ndarray, now: State, dt: float) -> dict[str, np.ndarray]:
        """Return 10 less what the tip is low and aside: at most 9.36, upright."""
        low = self.tip(now) - HIGHEST
        x = self.middle(now)
        return {"alive": np.full(x.shape, 10.0), "distance_cost": x * x * -0.01 - low * low}

    def over(self, now: State) -> np.ndarray:
        """Return whether each pair of poles has fallen."""
        return self.tip(now) <= self.lowest

    def middle(self, now: State) -> np.ndarray:
        """Return x of the upper pole's middle [m] (...)."""
        return now.joints[..., 0, 0] + np.sin(_leans(now)).dot(TO_MIDDLE)

    def tip(self, now: State) -> np.ndarray:
        """Return the height of the tip as Roboschool has it: of the upper pole's middle + 0.3 m (...)."""
        return np.cos(_leans(now)).dot(TO_MIDDLE) + LENGTH / 2

    def entries(self) -> list[str]:
        """Return what each number of an observation is."""
        poles = [
            (f"cosine of the {p} angle", f"sine of the {p} angle", f"speed of the {p} angle [rad/s]") for p in POLES
        ]
        return [*CART, "position of the upper pole's middle [m]", *poles[0], *poles[1]]


POLES = ("lower pole's", "upper pole's relative")


def _leans(now: State) -> np.ndarray:
    """Return how far each pole is from the vertical [rad] (..., 2)."""
    return np.add.accumulate(now.loose[..., 0], axis=-1)
