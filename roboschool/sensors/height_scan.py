"""The heights of the ground under a robot and ahead of it, on a grid that turns with its heading."""

import functools
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated

import numpy as np

from roboschool.bodies.terrain import Terrain
from roboschool.mdp.scene_info import SceneInfo
from roboschool.mdp.sensor import Field, Sensor
from roboschool.mdp.state import State
from roboschool.robots.robot import Robot
from roboschool.schema import Bounds, Meaning


@dataclass(frozen=True)
class HeightScan(Sensor):
    """How far the ground is below the trunk in its standing height, at the points of a grid [m].

    0 is level ground under a robot that stands; a step up is above 0, a gap below.
    """

    terrain: Terrain | None  # of the scene; None: the ground is level
    standing: float  # height of the trunk over level ground where it stands [m]
    rows: Annotated[int, Bounds(1, 64), Meaning("Points along the heading.")] = 11
    columns: Annotated[int, Bounds(1, 64), Meaning("Points to the side.")] = 11
    spacing: Annotated[float, Bounds(0.01, 2.0), Meaning("Between two points.", "m")] = 0.1
    ahead: Annotated[float, Bounds(-100.0, 100.0), Meaning("Of the trunk, where the middle of the grid is.", "m")] = 0.2
    reach: Annotated[float, Bounds(0.01, 10.0), Meaning("To which numbers are clipped, either way.", "m")] = 1.0

    @functools.cached_property
    def _points(self) -> tuple[np.ndarray, np.ndarray]:
        """Return where the points are: forward and to the left (row x column,) [m]."""
        forward = self.ahead + (np.arange(self.rows) - (self.rows - 1) / 2) * self.spacing
        left = (np.arange(self.columns) - (self.columns - 1) / 2) * self.spacing
        along, aside = np.meshgrid(forward, left, indexing="ij")
        return along.ravel(), aside.ravel()

    def fields(self, robot: Robot, scene: SceneInfo) -> Sequence[Field]:
        """Return a number for each point, row after row, the hindmost first."""
        return [
            Field(f"ground {along:.2f} m ahead, {aside:.2f} m to the left", "m", low=-self.reach, high=self.reach)
            for along, aside in zip(*self._points, strict=True)
        ]

    def read(self, previous: State, action: np.ndarray, state: State, dt: float) -> np.ndarray:
        """Return the heights (..., row x column)."""
        along, aside = self._points
        over: np.ndarray = (self.standing - state.position[..., 2])[..., None] + np.zeros(len(along))
        if self.terrain is not None:
            left, forward = state.world_x_direction[..., :1], state.world_x_direction[..., 1:]
            x = state.position[..., :1] + forward * along + left * aside
            y = state.position[..., 1:2] + forward * aside - left * along
            over += self.terrain.height(state.tile.number[..., None], x, y)
        return over.clip(-self.reach, self.reach)
