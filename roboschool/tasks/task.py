"""The contract of a task, and how a task is found by its name."""

import dataclasses
import importlib
from abc import ABC, abstractmethod
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar, get_type_hints

import numpy as np

from roboschool import files
from roboschool.files import InvalidInput, choose, nearest
from roboschool.robot import Robot
from roboschool.state import State


@dataclass(frozen=True)
class Task(ABC):
    """What is wanted of agents with one robot: frozen parameters and pure functions of arrays.

    Arrays lead with (world, agent); a task reduces over trailing axes only, so it never knows how many there are.
    """

    robot: Robot
    sight: ClassVar[float] = np.inf  # everything an agent sees is within this, either way

    @abstractmethod
    def observe(self, now: State) -> np.ndarray:
        """Return what each agent sees (world, agent, n)."""

    @abstractmethod
    def reward(self, was: State, action: np.ndarray, now: State, dt: float) -> dict[str, np.ndarray]:
        """Return the named terms whose sum is the reward, each (world, agent).

        Args:
            was: the state before the step.
            action: what was applied, within -1 and 1 (world, agent, joints).
            now: the state after the step.
            dt: the time between the two [s].
        """

    @abstractmethod
    def over(self, now: State) -> np.ndarray:
        """Return whether each agent's episode has ended, as booleans (world, agent)."""


def make_task(where: str, robot: Robot, spec: dict[str, Any]) -> Task:
    """Return the task that a scene asks for, as `{name = "run", alive = 2.0}` or `{name = "package.module:Class"}`.

    Raises:
        InvalidInput: the task or one of its parameters is unknown or of the wrong type.
    """
    cls = _find(where, spec.get("name"))
    hints = {field.name: get_type_hints(cls)[field.name] for field in dataclasses.fields(cls) if field.name != "robot"}
    given = {key: value for key, value in spec.items() if key != "name"}
    for key, value in given.items():
        if key not in hints:
            raise InvalidInput(f"{where}: task {spec['name']!r} has no {key!r}{nearest(key, hints)}")
        given[key] = files.convert(value, hints[key], f"{where}: task.{key}")
    return cls(robot=robot, **given)


def _find(where: str, name: object) -> type[Task]:
    if isinstance(name, str) and ":" in name:
        module, _, attribute = name.partition(":")
    else:
        own = {p.stem for p in Path(__file__).parent.glob("*.py")} - {"__init__", "task", "terms"}
        module = f"{__package__}.{choose(name, own, 'task', where)}"
        attribute = "".join(part.capitalize() for part in str(name).split("_"))
    try:
        cls = getattr(importlib.import_module(module), attribute)
    except (ImportError, AttributeError, ValueError) as error:
        raise InvalidInput(f"{where}: task {name!r} cannot be imported: {error}") from None
    if not (isinstance(cls, type) and issubclass(cls, Task)):
        raise InvalidInput(f"{where}: task {name!r} is not a subclass of roboschool.Task")
    return cls
