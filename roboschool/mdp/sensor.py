"""The contract of a sensor: a part of an agent's observation, each number declared once."""

import re
from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from roboschool.mdp.needs import Needs
from roboschool.mdp.record import Record
from roboschool.mdp.scene_info import SceneInfo
from roboschool.mdp.state import State
from roboschool.robots.robot import Robot
from roboschool.robots.urdf import Joint


@dataclass(frozen=True)
class Pick:
    """A number of the state, which is observed as (number - offset) x scale."""

    quantity: str  # an attribute of `State`
    index: tuple[int, ...] = ()  # in it, behind (world, agent)
    offset: float = 0.0
    scale: float = 1.0


@dataclass(frozen=True)
class Field:
    """One number of an observation."""

    name: str
    unit: str = ""
    source: Joint | str | None = None  # where it is measured: at a joint, at a link (its name), or at the whole robot
    pick: Pick | None = None  # where it is in the state; None if the sensor reads it
    low: float = -np.inf  # narrower than the task's `observation_limit`, if finite
    high: float = np.inf

    def __str__(self) -> str:
        return f"{self.name} [{self.unit}]" if self.unit else self.name


class Sensor(ABC):
    """What an agent observes. A sensor is a frozen dataclass of parameters.

    Either all its fields say where they are in the state (`Field.pick`): such sensors are read at once, all together.
    Or it has a method `read`.
    """

    @abstractmethod
    def fields(self, robot: Robot, scene: SceneInfo) -> Sequence[Field]:
        """Return a description of each of its numbers."""

    def needs(self) -> Needs:
        """Return what it needs in the state beyond the quantities that physics always reports."""
        return Needs()

    def fit(self, robot: Robot, scene: SceneInfo, memory: type[Record]) -> "Sensor":
        """Return the sensor as it is on a robot in a scene, whose task remembers a record of this class.

        Raises:
            InvalidInput: the robot, the scene or the task lacks what it needs.
        """
        return self

    @property
    def source(self) -> "Sensor":
        """The sensor itself, or that which it changes."""
        return self

    def read(self, previous: State, action: np.ndarray, state: State, dt: float) -> np.ndarray:
        """Return its numbers (world, agent, len(fields)).

        Args:
            previous: the state before the step; `state` itself where an episode begins.
            action: what was applied, within -1 and 1 (world, agent, joints).
            state: the state after the step.
            dt: the time between the two [s].
        """
        raise NotImplementedError(f"{type(self).__name__} has no read(), and not all of its fields are picked")


def read_picks(picks: Sequence[Pick], state: State) -> np.ndarray:
    """Return numbers that are picked from a state (world, agent, len(picks))."""
    numbers = [(_at(state, each) - each.offset) * each.scale for each in picks]
    return np.stack(numbers, axis=-1)


def _at(state: State, pick: Pick) -> np.ndarray:
    place = (..., *pick.index)
    numbers: np.ndarray = getattr(state, pick.quantity)[place]
    return numbers


def sensor_name(sensor: Sensor) -> str:
    """Return the name by which a scene means a sensor: `foot_contacts` is a `FootContacts`."""
    return re.sub(r"(?<!^)(?=[A-Z])", "_", type(sensor.source).__name__).lower()
