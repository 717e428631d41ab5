"""Keep two poles on end, one on the other, by the rules of Roboschool v1."""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from roboschool.state import State
from roboschool.tasks.balance import CART, Balance

LENGTH = 0.6  # of a pole [m]
HIGHEST = 2.0  # what Roboschool measures the tip's height against; upright it is 1.2 [m]


@dataclass(frozen=True)
class BalanceTwo(Balance):
    """Keep both poles on end; the robot is a slide with a motor, and two hinges without."""

    pays: ClassVar[dict[str, str]] = {
        "alive": "+10 for every step",
        "distance_cost": "-0.01 x (way of the upper pole's middle from the origin)^2 - (tip's height - 2 m)^2",
    }
    ends: ClassVar[str] = "the tip is {lowest:g} m high or lower"
    lowest: float = 1.0  # height of the tip [m]

    def observe(self, now: State) -> np.ndarray:
        """Return cart, x of the upper middle; cosine, sine, speed of both angles, the second relative (..., 9)."""
        first, second = now.loose[..., 0, :], now.loose[..., 1, :]
        return np.stack(
            [
                now.joints[..., 0, 0],
                now.joints[..., 0, 1],
                self.upper(now)[0],
                np.cos(first[..., 0]),
                np.sin(first[..., 0]),
                first[..., 1],
                np.cos(second[..., 0]),
                np.sin(second[..., 0]),
                second[..., 1],
            ],
            axis=-1,
        )

    def reward(self, was: State, action: np.ndarray, now: State, dt: float) -> dict[str, np.ndarray]:
        """Return 10 less what the tip is low and aside: at most 9.36, upright."""
        x, height = self.upper(now)
        return {"alive": np.full(x.shape, 10.0), "distance_cost": -0.01 * x * x - (height - HIGHEST) ** 2}

    def over(self, now: State) -> np.ndarray:
        """Return whether each pair of poles has fallen."""
        return self.upper(now)[1] <= self.lowest

    def upper(self, now: State) -> tuple[np.ndarray, np.ndarray]:
        """Return x of the upper pole's middle [m], and the height of its tip [m] as Roboschool has it: middle + 0.3."""
        lean = now.loose[..., 0, 0]
        both = lean + now.loose[..., 1, 0]
        x = now.joints[..., 0, 0] + LENGTH * np.sin(lean) + LENGTH / 2 * np.sin(both)
        return x, LENGTH * np.cos(lean) + LENGTH / 2 * np.cos(both) + LENGTH / 2

    def entries(self) -> list[str]:
        """Return what each number of an observation is."""
        poles = [
            (f"cosine of the {p} angle", f"sine of the {p} angle", f"speed of the {p} angle [rad/s]") for p in POLES
        ]
        return [*CART, "position of the upper pole's middle [m]", *poles[0], *poles[1]]


POLES = ("lower pole's", "upper pole's relative")
