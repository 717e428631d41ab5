"""Where the props of a scene are."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Annotated

import numpy as np

from roboschool.errors import InvalidInput, check_choice
from roboschool.mdp.needs import Needs
from roboschool.mdp.record import Record
from roboschool.mdp.scene_info import SceneInfo
from roboschool.mdp.sensor import Field, Sensor
from roboschool.mdp.state import State
from roboschool.robots.robot import Robot
from roboschool.schema import Meaning
from roboschool.sensors.others import fields_of_body


@dataclass(frozen=True)
class Objects(Sensor):
    """Position, relative velocity and x axis of props, in the heading frame."""

    props: Annotated[tuple[str, ...], Meaning("Their names; all if empty.")] = ()
    places: tuple[int, ...] = ()  # of these, once it is in a scene

    def fit(self, robot: Robot, scene: SceneInfo, memory: type[Record]) -> Sensor:
        """Return it in a scene."""
        if not scene.props:
            raise InvalidInput("the scene has no prop")
        names = tuple(check_choice(name, scene.props, "prop", "props") for name in self.props or scene.props)
        return replace(self, props=names, places=tuple(map(scene.prop, names)))

    def fields(self, robot: Robot, scene: SceneInfo) -> Sequence[Field]:
        """Return nine numbers a prop."""
        return [field for name in self.props for field in fields_of_body(name)]

    def needs(self) -> Needs:
        """The props."""
        return Needs(props=True)

    def read(self, previous: State, action: np.ndarray, state: State, dt: float) -> np.ndarray:
        """Return them (..., 9 * props)."""
        chosen = state.relative(state.props)[..., list(self.places), :, :]
        return chosen.reshape(*state.upright.shape, 9 * len(self.places))
