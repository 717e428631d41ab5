"""Keep two poles on end, one on the other, by the rules of Roboschool v1."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from roboschool.mdp.scene_info import SceneInfo
from roboschool.mdp.sensor import Field, Sensor
from roboschool.mdp.state import State
from roboschool.mdp.term import Term
from roboschool.robots.robot import Robot
from roboschool.sensors.joints import JointStates
from roboschool.tasks.balance import Balance

LENGTH = 0.6  # of a pole [m]
TO_MIDDLE = np.array([LENGTH, LENGTH / 2])  # along each pole to the upper one's middle [m]
MAX_HEIGHT = 2.0  # what Roboschool measures the tip's height against; upright it is 1.2 [m]
POLES = ("lower pole's", "upper pole's relative")


@dataclass(frozen=True)
class PoleAngles(Sensor):
    """Where the upper pole is, how both lean, and how fast."""

    task: "BalanceTwo"

    def fields(self, robot: Robot, scene: SceneInfo) -> Sequence[Field]:
        """Return one number, and three a pole."""
        fields = [Field("position of the upper pole's middle", "m")]
        for pole in POLES:
            names = (f"cosine of the {pole} angle", f"sine of the {pole} angle")
            fields += [*map(Field, names), Field(f"speed of the {pole} angle", "rad/s")]
        return fields

    def read(self, previous: State, action: np.ndarray, state: State, dt: float) -> np.ndarray:
        """Return x of the upper middle; cosine, sine, speed of both angles, the second relative (..., 7)."""
        numbers = np.empty((*state.upright.shape, 7))
        numbers[..., 0] = self.task.middle(state)
        np.cos(state.passive_q, out=numbers[..., 1::3])
        np.sin(state.passive_q, out=numbers[..., 2::3])
        numbers[..., 3::3] = state.passive_qd
        return numbers


@dataclass(frozen=True)
class BalanceTwo(Balance):
    """Keep both poles on end; the robot is a slide with a motor, and two hinges without."""

    poles: ClassVar[int] = 2
    min_height: float = 1.0  # of the tip; at this height or below it has fallen [m]

    def sensors(self, scene: SceneInfo) -> Sequence[Sensor]:
        """Return position and speed of the cart, and how the poles are."""
        return JointStates(), PoleAngles(self)

    def rewards(self, scene: SceneInfo) -> Sequence[Term]:
        """Return 10 less what the tip is low and aside: at most 9.36, upright."""

        def alive(previous: State, action: np.ndarray, state: State, dt: float) -> np.ndarray:
            return np.ones(state.upright.shape)

        def distance(previous: State, action: np.ndarray, state: State, dt: float) -> np.ndarray:
            low = self.tip(state) - MAX_HEIGHT
            x = self.middle(state)
            return x * x * 0.01 + low * low

        return (
            Term("alive", 10.0, "1 for every step", alive),
            Term(
                "distance_cost",
                -1.0,
                "0.01 x (way of the upper pole's middle from the origin)^2 + (tip's height - 2 m)^2",
                distance,
            ),
        )

    def terminated(self, state: State) -> np.ndarray:
        """Return whether each pair of poles has fallen."""
        return self.tip(state) <= self.min_height

    @property
    def termination(self) -> str:
        """How low the tip may be."""
        return f"the tip is {self.min_height:g} m high or lower"

    def middle(self, state: State) -> np.ndarray:
        """Return x of the upper pole's middle [m] (...)."""
        return state.q[..., 0] + np.sin(_angles(state)).dot(TO_MIDDLE)

    def tip(self, state: State) -> np.ndarray:
        """Return the height of the tip as Roboschool has it: of the upper pole's middle + 0.3 m (...)."""
        return np.cos(_angles(state)).dot(TO_MIDDLE) + LENGTH / 2


def _angles(state: State) -> np.ndarray:
    """Return how far each pole is from the vertical [rad] (..., 2)."""
    return np.add.accumulate(state.passive_q, axis=-1)
