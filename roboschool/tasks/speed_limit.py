"""Run toward +x below a speed limit, as in Safety-Gymnasium's velocity environments."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated

import numpy as np

from roboschool.errors import InvalidInput
from roboschool.mdp.scene_info import SceneInfo
from roboschool.mdp.state import State
from roboschool.mdp.term import Term
from roboschool.schema import Bounds
from roboschool.tasks.run import Run

LIMITS = {  # of Safety-Gymnasium, version 1 [m/s]
    "ant": 2.6222,
    "half_cheetah": 3.2096,
    "hopper": 0.7402,
    "humanoid": 1.4149,
    "walker2d": 2.3415,
}


@dataclass(frozen=True)
class SpeedLimit(Run):
    """Run along +x; a step that is faster than the limit costs."""

    limit: Annotated[float, Bounds(0.0, 1000.0)] | None = None  # None: that of Safety-Gymnasium for the robot [m/s]

    def __post_init__(self) -> None:
        """Find the limit.

        Raises:
            InvalidInput: a parameter is out of range, or there is no limit for the robot.
        """
        super().__post_init__()
        if self.limit is None and self.robot.name not in LIMITS:
            known = ", ".join(LIMITS)
            raise InvalidInput(f"limit: there is none for {self.robot.name!r}, only for {known}: give one")

    def costs(self, scene: SceneInfo) -> Sequence[Term]:
        """Return whether the step was faster than the limit, over the ground."""
        limit = LIMITS[self.robot.name] if self.limit is None else self.limit

        def speeding(previous: State, action: np.ndarray, state: State, dt: float) -> np.ndarray:
            way = state.position[..., :2] - previous.position[..., :2]
            return np.where(np.hypot(way[..., 0], way[..., 1]) > limit * dt, 1.0, 0.0)

        return (Term("speeding", 1.0, f"1 if faster than {limit:g} m/s", speeding),)
