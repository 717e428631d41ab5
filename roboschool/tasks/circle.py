"""Drive round a circle, by the rules of Safety Gym, between lines that cost."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, ClassVar

import numpy as np

from roboschool.mdp.effects import Marker, ring, straight
from roboschool.mdp.scene_info import SceneInfo
from roboschool.mdp.sensor import Sensor
from roboschool.mdp.state import State
from roboschool.mdp.term import Term
from roboschool.schema import Bounds
from roboschool.sensors.lidar import Lidar
from roboschool.tasks.goal import Goal

GREEN, RED = (0, 255, 0), (237, 99, 79)
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

    def own_lidars(self, scene: SceneInfo) -> dict[str, Sensor]:
        """Return the lidar of the middle."""
        middle = Lidar("middle", lambda state: np.zeros_like(state.position)[..., None, :], None, self.bins, self.reach)
        return {"circle_lidar": middle}

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
        limits = [(axis, limit) for axis, limit in enumerate((self.across, self.along)) if limit is not None]

        def outside(previous: State, action: np.ndarray, state: State, dt: float) -> np.ndarray:
            beyond = np.zeros(state.upright.shape, dtype=bool)
            for axis, limit in limits:
                beyond |= np.abs(state.position[..., axis]) > limit
            return np.where(beyond, 1.0, 0.0)

        lines = [Term("out_of_boundary", 1.0, "1 beyond a line", outside)] if limits else []
        return [*super().costs(scene), *lines]

    def markers(self, state: State, world: int, agent: int) -> Sequence[Marker]:
        """Show the circle and the lines."""
        lines = [ring(0.0, 0.0, self.radius, GREEN, LINE)]
        for axis, limit in enumerate((self.across, self.along)):
            for side in (-1.0, 1.0) if limit is not None else ():
                at = side * (limit or 0.0)
                two = ((at, -self.radius), (at, self.radius)) if axis == 0 else ((-self.radius, at), (self.radius, at))
                lines.append(straight(*two, RED, LINE))
        return lines
