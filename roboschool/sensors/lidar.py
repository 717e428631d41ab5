"""A lidar that sees one class of things, by bearing and distance."""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import numpy as np

from roboschool.mdp.needs import Needs
from roboschool.mdp.scene_info import SceneInfo
from roboschool.mdp.sensor import Field, Sensor
from roboschool.mdp.state import State
from roboschool.robots.robot import Robot
from roboschool.sensors.imu import to_body


@dataclass(frozen=True)
class Chosen:
    """The one of several points that the task remembers."""

    points: Callable[[State], np.ndarray]  # (..., k, 3)
    quantity: str  # of the task's memory: which of them, from 0

    def __call__(self, state: State) -> np.ndarray:
        """Return where it is [m] (..., 1, 3)."""
        number = getattr(state.memory, self.quantity).astype(np.intp)[..., None, None]
        return np.take_along_axis(self.points(state), number, axis=-2)


@dataclass(frozen=True)
class Unless:
    """Whether things are seen: not while a number that the task remembers is above 0."""

    quantity: str

    def __call__(self, state: State) -> np.ndarray:
        """Return 1 or 0 (...)."""
        return np.where(getattr(state.memory, self.quantity) > 0.0, 0.0, 1.0)


@dataclass(frozen=True)
class Lidar(Sensor):
    """How near things of a class are, in bins around the robot: 1 at its middle, 0 from `reach` on.

    Bin 0 begins where the x axis of the body points; the next are counter-clockwise. A thing is seen in its own bin
    and, by where in it it is, in both neighbours, so that the numbers do not jump. Things hide nothing. The rules are
    those of Safety Gym's pseudo lidar.
    """

    name: str  # of the class
    points: Callable[[State], np.ndarray]  # where they are, in the world [m] (..., k, 3)
    seen: Callable[[State], np.ndarray] | None = None  # 1 for robots that see them now, else 0 (...); None: all
    bins: int = 16
    reach: float = 3.0  # [m]
    also: Needs = field(default=Needs(props=True))

    def fields(self, robot: Robot, scene: SceneInfo) -> Sequence[Field]:
        """Return one number a bin."""
        step = 360.0 / self.bins
        return [
            Field(f"{self.name} near, {step * place:g} to {step * (place + 1):g} deg", low=0.0, high=1.0)
            for place in range(self.bins)
        ]

    def needs(self) -> Needs:
        """Return what the points need."""
        return self.also

    def read(self, previous: State, action: np.ndarray, state: State, dt: float) -> np.ndarray:
        """Return them (..., bins).

        Angles are those of the C library, as in sensing.c; numpy's arctan2 has other bits on some processors.
        """
        way = to_body(state, self.points(state) - state.position[..., None, :])
        x, y = way[..., 0], way[..., 1]
        near = np.maximum(1.0 - np.hypot(x, y) / self.reach, 0.0)
        if self.seen is not None:
            near *= self.seen(state)[..., None]
        angles = np.array(list(map(math.atan2, y.ravel().tolist(), x.ravel().tolist()))).reshape(x.shape)
        place = angles * (self.bins / (2.0 * math.pi)) % self.bins
        own = np.minimum(place.astype(np.intp), self.bins - 1)  # a hair below 0 is rounded to `bins`
        share = place - own
        lead, flat = own.shape[:-1], (math.prod(own.shape[:-1]), own.shape[-1])
        numbers = np.zeros((flat[0], self.bins))
        rows = np.arange(flat[0])[:, None]
        for bin_, value in ((own, near), ((own + 1) % self.bins, share * near), (own - 1, (1.0 - share) * near)):
            np.maximum.at(numbers, (rows, bin_.reshape(flat)), value.reshape(flat))
        return numbers.reshape(*lead, self.bins)
