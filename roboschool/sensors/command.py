"""What the task of an agent wants from it, as far as it remembers that."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Annotated

import numpy as np

from roboschool.errors import check_choice
from roboschool.mdp.record import Record
from roboschool.mdp.scene_info import SceneInfo
from roboschool.mdp.sensor import Field, Sensor
from roboschool.mdp.state import State
from roboschool.robots.robot import Robot
from roboschool.schema import Meaning


@dataclass(frozen=True)
class Command(Sensor):
    """A quantity of the memory of the task, such as a commanded velocity or a goal, as it is there."""

    of: Annotated[str, Meaning("The quantity.")] = "command"
    names: tuple[str, ...] = ()  # of its numbers, once it is on an agent
    unit: str = ""

    def fit(self, robot: Robot, scene: SceneInfo, memory: type[Record]) -> Sensor:
        """Return it for a task."""
        quantity = memory.quantities[check_choice(self.of, memory.quantities, "quantity that the task remembers", "of")]
        blank = getattr(memory.blank(), self.of)
        numbers = [""] if blank.ndim == 0 else [f" {place}" for place in range(blank.size)]
        return replace(self, names=tuple(f"{self.of}{number}" for number in numbers), unit=quantity.unit)

    def fields(self, robot: Robot, scene: SceneInfo) -> Sequence[Field]:
        """Return its numbers."""
        return [Field(name, self.unit) for name in self.names]

    def read(self, previous: State, action: np.ndarray, state: State, dt: float) -> np.ndarray:
        """Return them (..., n)."""
        numbers: np.ndarray = getattr(state.memory, self.of)
        return numbers.reshape(*state.upright.shape, len(self.names)).astype(float)
