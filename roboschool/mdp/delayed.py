"""What becomes of a sensor's numbers on their way: a bias, a delay, and a history of the last steps."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Annotated

import numpy as np

from roboschool.distributions import Number
from roboschool.mdp.needs import Needs
from roboschool.mdp.record import Record
from roboschool.mdp.remembering import RememberingSensor
from roboschool.mdp.scene_info import SceneInfo
from roboschool.mdp.sensor import Field, Pick, Sensor, read_picks
from roboschool.mdp.state import State
from roboschool.robots.robot import Robot
from roboschool.schema import Bounds, Meaning

MOST_STEPS = 100  # of a delay, and of a history


@dataclass(frozen=True)
class Delayed(RememberingSensor):
    """A sensor with a bias, seen late, and with its past. Before an episode all was as it is at its start."""

    sensor: Sensor
    bias: Annotated[
        Number, Bounds(-1e4, 1e4), Meaning("Added to each of its numbers; of a range, drawn for each and each episode.")
    ] = 0.0
    delay: Annotated[
        int | tuple[int, int],
        Bounds(0, MOST_STEPS),
        Meaning("By which it is late; of a range, drawn for each episode.", "steps"),
    ] = 0
    history: Annotated[
        int, Bounds(1, MOST_STEPS), Meaning("How many of its readings are observed: the latest first.", "steps")
    ] = 1
    width: int = 0  # numbers of the sensor, once it is on a robot
    kept: int = 0  # those of its own, if it remembers
    picks: tuple[Pick, ...] = ()  # where they are in the state, if it does not read them

    @property
    def source(self) -> Sensor:
        """The sensor that it changes."""
        return self.sensor

    @property
    def depth(self) -> int:
        """How many readings are remembered."""
        return (self.delay[1] if isinstance(self.delay, tuple) else self.delay) + self.history

    def fit(self, robot: Robot, scene: SceneInfo, memory: type[Record]) -> Sensor:
        """Return it on a robot."""
        sensor = self.sensor.fit(robot, scene, memory)
        kept = sensor.size(robot, scene) if isinstance(sensor, RememberingSensor) else 0
        fields = sensor.fields(robot, scene)
        picks = tuple(field.pick for field in fields if field.pick is not None)
        return replace(
            self, sensor=sensor, width=len(fields), kept=kept, picks=picks if len(picks) == len(fields) else ()
        )

    def fields(self, robot: Robot, scene: SceneInfo) -> Sequence[Field]:
        """Return those of the sensor, for each step of the history."""
        own = [replace(field, pick=None) for field in self.sensor.fields(robot, scene)]
        past = [replace(f, name=f"{f.name}, {step} steps ago") for step in range(1, self.history) for f in own]
        return [*own, *past]

    def needs(self) -> Needs:
        """Return what the sensor needs."""
        return self.sensor.needs()

    def size(self, robot: Robot, scene: SceneInfo) -> int:
        """Return the numbers of the sensor's own, a bias for each of what it reads, a delay, and its last readings."""
        return self.kept + self.width + 1 + self.depth * self.width

    def draw(self, own: np.ndarray, rng: np.random.Generator) -> None:
        """Draw bias and delay."""
        if isinstance(self.sensor, RememberingSensor):
            self.sensor.draw(own[: self.kept], rng)
        if isinstance(self.bias, tuple):
            own[self.kept : self.kept + self.width] = rng.uniform(*self.bias, self.width)
        else:
            own[self.kept : self.kept + self.width] = self.bias
        low, high = self.delay if isinstance(self.delay, tuple) else (self.delay, self.delay)
        own[self.kept + self.width] = rng.integers(low, high + 1) if low < high else low

    def store(
        self, own: np.ndarray, first: np.ndarray, previous: State, action: np.ndarray, state: State, dt: float
    ) -> None:
        """Note what is read now; at the start of an episode as if it had always been read."""
        inner = own[..., : self.kept]
        if isinstance(self.sensor, RememberingSensor):
            self.sensor.store(inner, first, previous, action, state, dt)
            now = self.sensor.observe(inner, previous, action, state, dt)
        else:
            now = read_picks(self.picks, state) if self.picks else self.sensor.read(previous, action, state, dt)
        now = now + own[..., self.kept : self.kept + self.width]
        readings = self._readings(own)
        readings[..., 1:, :] = np.where(first[..., None, None], now[..., None, :], readings[..., :-1, :])
        readings[..., 0, :] = now

    def observe(self, own: np.ndarray, previous: State, action: np.ndarray, state: State, dt: float) -> np.ndarray:
        """Return the readings that have arrived (..., history * width)."""
        late = own[..., self.kept + self.width].astype(np.intp)[..., None] + np.arange(self.history)
        seen = np.take_along_axis(self._readings(own), late[..., None], axis=-2)
        return seen.reshape(*own.shape[:-1], self.history * self.width)

    def _readings(self, own: np.ndarray) -> np.ndarray:
        """Return a view of what is remembered, the latest first (..., depth, width)."""
        return own[..., self.kept + self.width + 1 :].reshape(*own.shape[:-1], self.depth, self.width)
