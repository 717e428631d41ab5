"""Drive straight ahead, by the rules of Safety Gym, between two lines that cost."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, ClassVar

import numpy as np

from roboschool.mdp.costs import boundary_cost
from roboschool.mdp.effects import Marker, straight
from roboschool.mdp.scene_info import SceneInfo
from roboschool.mdp.sensor import Sensor
from roboschool.mdp.state import State
from roboschool.mdp.term import Term
from roboschool.schema import Bounds
from roboschool.tasks.circle import LINE, RED
from roboschool.tasks.goal import Goal

BEHIND, AHEAD = -10.0, 500.0  # where the lines begin and end: no robot comes so far [m]


@dataclass(frozen=True)
class Straight(Goal):
    """Drive along +x as far as possible."""

    kinds: ClassVar[tuple[str, ...]] = ()
    along: Annotated[float, Bounds(0.01, 1000.0)] | None = None  # it costs to be further than this from y = 0 [m]

    @property
    def launched_props(self) -> tuple[str, ...]:
        """None."""
        return ()

    def own_lidars(self) -> dict[str, Sensor]:
        """None: nothing is to be reached."""
        return {}

    def rewards(self, scene: SceneInfo) -> Sequence[Term]:
        """Return how far it came along +x."""

        def progress(previous: State, action: np.ndarray, state: State, dt: float) -> np.ndarray:
            return state.position[..., 0] - previous.position[..., 0]

        return (Term("progress", 1.0, "how far it came along +x", progress, "m"),)

    def costs(self, scene: SceneInfo) -> Sequence[Term]:
        """Return what the scene's elements cost, and being beyond the lines."""
        return [*super().costs(scene), *boundary_cost((None, self.along))]

    def markers(self, state: State, world: int, agent: int) -> Sequence[Marker]:
        """Show the lines."""
        sides = (-self.along, self.along) if self.along is not None else ()
        lines = [straight((BEHIND, y), (AHEAD, y), RED, LINE) for y in sides]
        return (*super().markers(state, world, agent), *lines)
