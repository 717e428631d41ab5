"""A lidar of rays: how near the surfaces of one class of things are, in some directions."""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import numpy as np

from roboschool.mdp.needs import Needs
from roboschool.mdp.scene_info import SceneInfo
from roboschool.mdp.sensor import Field, Sensor
from roboschool.mdp.state import State
from roboschool.robots.robot import Robot
from roboschool.sensors.imu import to_body


@dataclass(frozen=True)
class RayLidar(Sensor):
    """How near the first thing of a class is along each ray: 1 at the middle of the robot, 0 from `reach` on.

    Ray 0 points along the x axis of the body; the next are counter-clockwise. Things are upright cylinders with the
    radius of the element, cubes those that fit into them; they hide others of their class behind them. The rays go
    over the ground, so that flat things are seen as well, which Safety Gym's natural lidar misses.
    """

    name: str  # of the class
    points: Callable[[State], np.ndarray]  # where they are, in the world [m] (..., k, 3)
    radii: tuple[float, ...]  # of each [m] (k,)
    seen: Callable[[State], np.ndarray] | None = None  # 1 for robots that see them now, else 0 (...); None: all
    bins: int = 16  # number of rays
    reach: float = 3.0  # [m]
    also: Needs = field(default=Needs(props=True))

    def fields(self, robot: Robot, scene: SceneInfo) -> Sequence[Field]:
        """Return one number a ray."""
        step = 360.0 / self.bins
        return [Field(f"{self.name} near, at {step * place:g} deg", low=0.0, high=1.0) for place in range(self.bins)]

    def needs(self) -> Needs:
        """Return what the points need."""
        return self.also

    def read(self, previous: State, action: np.ndarray, state: State, dt: float) -> np.ndarray:
        """Return them (..., rays)."""
        way = to_body(state, self.points(state) - state.position[..., None, :])
        turns = np.arange(self.bins) * (2.0 * math.pi / self.bins)
        x, y = way[..., None, :, 0], way[..., None, :, 1]  # (..., 1, k)
        cosines, sines = np.cos(turns)[:, None], np.sin(turns)[:, None]  # (ray, 1)
        along, aside, radii = cosines * x + sines * y, cosines * y - sines * x, np.array(self.radii)
        half = np.sqrt(np.maximum(radii**2 - aside**2, 0.0))  # of the chord that the ray cuts
        hit = (np.abs(aside) < radii) & (along + half > 0.0)
        near = np.where(hit, 1.0 - np.maximum(along - half, 0.0) / self.reach, 0.0)
        nearest: np.ndarray = near.max(axis=-1, initial=0.0)
        return nearest if self.seen is None else nearest * self.seen(state)[..., None]
