"""Where the other agents of a scene are."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from roboschool.errors import InvalidInput
from roboschool.mdp.needs import Needs
from roboschool.mdp.record import Record
from roboschool.mdp.scene_info import SceneInfo
from roboschool.mdp.sensor import Field, Sensor
from roboschool.mdp.state import State
from roboschool.robots.robot import Robot

WAYS = ("forward", "left", "up")
PARTS = (("position", "m"), ("velocity", "m/s"), ("x axis", ""))


def fields_of_body(name: str) -> list[Field]:
    """Return nine numbers of a body that a robot sees from where it is."""
    return [Field(f"{part} of {name}, {way}", unit) for part, unit in PARTS for way in WAYS]


@dataclass(frozen=True)
class Others(Sensor):
    """Position, relative velocity and x axis of each other agent, in the heading frame; the next in the scene first."""

    def fit(self, robot: Robot, scene: SceneInfo, memory: type[Record]) -> Sensor:
        """Return it in a scene."""
        if len(scene.agents) < 2:
            raise InvalidInput("the scene has no other agent")
        return self

    def fields(self, robot: Robot, scene: SceneInfo) -> Sequence[Field]:
        """Return nine numbers an agent."""
        return [field for n in range(1, len(scene.agents)) for field in fields_of_body(f"agent {n} further on")]

    def needs(self) -> Needs:
        """The other agents."""
        return Needs(others=True)

    def read(self, previous: State, action: np.ndarray, state: State, dt: float) -> np.ndarray:
        """Return them (..., 9 * agents)."""
        return state.relative(state.others).reshape(*state.upright.shape, -1)
