"""Stride: run, and be paid less for every knee that is stretched or folded to its limit."""

from dataclasses import dataclass
from functools import cached_property
from typing import ClassVar

import numpy as np

from roboschool.errors import check_choice
from roboschool.mdp.state import State
from roboschool.tasks.run import AT_LIMIT, Run


@dataclass(frozen=True)
class Stride(Run):
    """Run, with bent knees: without the fine for each knee at its limit, stiff legs would pay best."""

    pays: ClassVar[dict[str, str]] = Run.pays | {
        "alive": "{alive:+g} for every step, {knee:+g} for every knee at a limit; -1 once fallen",
    }
    alive: float = 4.0  # for every step not fallen; falling costs 1
    knees: tuple[str, ...] = ()  # joints that shall stay off their limits
    knee: float = -1.0  # for every one of them at a limit, beside `limits`, until it has fallen

    def __post_init__(self) -> None:
        """Check the knees.

        Raises:
            InvalidInput: the robot has no such joint.
        """
        for knee in self.knees:
            check_choice(knee, [joint.name for joint in self.robot.joints], "joint", "task 'stride': knees")

    def reward(self, was: State, action: np.ndarray, now: State, dt: float) -> dict[str, np.ndarray]:
        """Return the terms of Run; of "alive" the fines for knees are taken."""
        terms = super().reward(was, action, now, dt)
        stuck = np.abs(now.joints[..., 0]) > AT_LIMIT
        terms["alive"] = terms["alive"] + now.upright * stuck.dot(self._fines)
        return terms

    @cached_property
    def _fines(self) -> np.ndarray:
        """What each joint pays at its limit, as a knee."""
        return self.knee * np.array([float(joint.name in self.knees) for joint in self.robot.joints])
