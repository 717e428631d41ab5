"""The forces of contacts on links."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Annotated

import numpy as np

from roboschool.errors import InvalidInput, check_choice
from roboschool.mdp.needs import Needs
from roboschool.mdp.record import Record
from roboschool.mdp.remembering import RememberingSensor
from roboschool.mdp.scene_info import SceneInfo
from roboschool.mdp.sensor import Field, Sensor
from roboschool.mdp.state import State
from roboschool.robots.robot import Robot
from roboschool.schema import Bounds, Meaning

LINK = 5  # numbers of a link
MOST_FORCE = 1e5  # [N]


@dataclass(frozen=True)
class Contact(RememberingSensor):
    """Of each link the force of all its contacts with a size, whether they begin, and how long there was none.

    The force is a vector along the axes of the world, friction included: a mean over the substeps of a timestep.
    """

    links: Annotated[tuple[str, ...], Meaning("Names of links; all feet if empty.")] = ()
    threshold: Annotated[
        float, Bounds(0.0, MOST_FORCE), Meaning("Force from which on a link touches something.", "N")
    ] = 1.0
    places: tuple[int, ...] = ()  # of the links in the robot, once it is on one

    def fit(self, robot: Robot, scene: SceneInfo, memory: type[Record]) -> Sensor:
        """Return it on a robot."""
        links, known = self.links or robot.feet, [link.name for link in robot.model.links]
        if not links:
            raise InvalidInput(f"links: the robot {robot.name!r} has no feet: name links")
        places = tuple(known.index(check_choice(name, known, "link", "links")) for name in links)
        return replace(self, links=tuple(links), places=places)

    def fields(self, robot: Robot, scene: SceneInfo) -> Sequence[Field]:
        """Return five numbers a link."""
        return [field for link in self.links for field in _fields_of(link)]

    def needs(self) -> Needs:
        """The forces on links."""
        return Needs(link_forces=True)

    def size(self, robot: Robot, scene: SceneInfo) -> int:
        """Return two numbers a link: whether a contact has begun, and the time without one [s]."""
        return 2 * len(self.places)

    def store(
        self, own: np.ndarray, first: np.ndarray, previous: State, action: np.ndarray, state: State, dt: float
    ) -> None:
        """Note which contacts begin, and how long there was none; an episode begins as if links had just touched."""
        begun, air = own[..., 0::2], own[..., 1::2]
        touches, began = self._touches(state), first[..., None]
        begun[...] = np.where(touches & (air > 0.0) & ~began, 1.0, 0.0)
        air[...] = np.where(touches | began, 0.0, air + dt)

    def observe(self, own: np.ndarray, previous: State, action: np.ndarray, state: State, dt: float) -> np.ndarray:
        """Return them (..., 5 * links)."""
        numbers = np.empty((*own.shape[:-1], len(self.places), LINK))
        numbers[..., :3] = state.link_forces[..., list(self.places), :]
        numbers[..., 3:] = own.reshape(*own.shape[:-1], len(self.places), 2)
        return numbers.reshape(*own.shape[:-1], len(self.places) * LINK)

    def _touches(self, state: State) -> np.ndarray:
        force = state.link_forces[..., list(self.places), :]
        touches: np.ndarray = (force * force).sum(axis=-1) >= max(self.threshold, 1e-9) ** 2
        return touches


def _fields_of(link: str) -> list[Field]:
    forces = [Field(f"force on {link} along the world's {axis}", "N", link) for axis in "xyz"]
    first = Field(f"contact of {link} begins", source=link, low=0.0, high=1.0)
    return [*forces, first, Field(f"time of {link} without contact", "s", link, low=0.0)]
