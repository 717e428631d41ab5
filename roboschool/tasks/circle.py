"""Drive round a circle, by the rules of Safety Gym, between lines that cost."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, ClassVar

import numpy as np

from roboschool.mdp.costs import boundary_cost
from roboschool.mdp.effects import Marker, ring, straight
from roboschool.mdp.scene_info import SceneInfo
from roboschool.mdp.sensor import Sensor
from roboschool.mdp.state import State
from roboschool.mdp.term import Term
from roboschool.schema import Bounds
from roboschool.tasks.goal import Goal

GREEN, RED = (51, 199, 89), (237, 99, 79)
LINE = 0.04  # width of painted lines [m]

Length = Annotated[float, Bounds(0.01, 1000.0)]


@dataclass(frozen=True)
class Circle(Goal):
    """Drive counter-clockwise round a circle about the origin, as fast as possible."""

    kinds: ClassVar[tuple[str, ...]] = ()
    reach: Length = 6.0  # of lidars [m]
    radius: Length = 1.5  # [m]
    across: Length | None = None  # it costs to be further than this from x = 0 [m]
    along: Length | None = None  # and from y = 0 [m]

    @property
    def launched_props(self) -> tuple[str, ...]:
        """None."""
        return ()

    def own_lidars(self) -> dict[str, Sensor]:
        """Return the lidar of the middle."""
        return {"circle_lidar": self.lidars.of_points("middle", _middle, [self.radius])}

    def rewards(self, scene: SceneInfo) -> Sequence[Term]:
        """Return the speed round the middle, less away from the circle."""

        def round_(previous: State, action: np.ndarray, state: State, dt: float) -> np.ndarray:
            x, y = state.position[..., 0], state.position[..., 1]
            velocity, away = state.world_velocity, np.hypot(x, y)
            speed = (velocity[..., 1] * x - velocity[..., 0] * y) / np.maximum(away, 1e-9)
            return speed / (1.0 + np.abs(away - self.radius))

        doc = f"speed round the middle, over 1 + distance from the circle of {self.radius:g} m"
        return (Term("round", 0.1, doc, round_, "m/s"),)

    def costs(self, scene: SceneInfo) -> Sequence[Term]:
        """Return what the scene's elements cost, and being beyond the lines."""
        return [*super().costs(scene), *boundary_cost((self.across, self.along))]

    def markers(self, state: State, world: int, agent: int) -> Sequence[Marker]:
        """Show the circle and the lines."""
        lines = [ring(0.0, 0.0, self.radius, GREEN, LINE)]
        for axis, limit in enumerate((self.across, self.along)):
            for side in (-1.0, 1.0) if limit is not None else ():
                at = side * (limit or 0.0)
                two = ((at, -self.radius), (at, self.radius)) if axis == 0 else ((-self.radius, at), (self.radius, at))
                lines.append(straight(*two, RED, LINE))
        return (*super().markers(state, world, agent), *lines)


def _middle(state: State) -> np.ndarray:
    return np.zeros_like(state.position)[..., None, :]
