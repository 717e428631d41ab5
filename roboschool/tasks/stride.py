"""Stride: run, with a penalty for every knee that is stretched or folded to its limit."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from roboschool.errors import check_choice
from roboschool.mdp.scene_info import SceneInfo
from roboschool.mdp.state import State
from roboschool.mdp.term import Term, constant
from roboschool.sensors.joint_scaling import JointScaling
from roboschool.tasks.run import AT_LIMIT, Run


@dataclass(frozen=True)
class Stride(Run):
    """Run, with bent knees: without the penalty for each knee at its limit, stiff legs would earn the most."""

    alive: float = 4.0  # for every step while upright; a fall costs 1
    knees: tuple[str, ...] = ()  # joints that shall stay off their limits

    def __post_init__(self) -> None:
        """Check the knees.

        Raises:
            InvalidInput: the robot has no such joint.
        """
        super().__post_init__()
        for knee in self.knees:
            check_choice(knee, [joint.name for joint in self.robot.joints], "joint", "task 'stride': knees")

    def rewards(self, scene: SceneInfo) -> Sequence[Term]:
        """Return the terms of `Run`, and that of the knees."""
        scaling = JointScaling(self.robot)
        chosen = constant([joint.name in self.knees for joint in self.robot.joints])

        def knees(previous: State, action: np.ndarray, state: State, dt: float) -> np.ndarray:
            return state.upright * (np.abs(scaling.positions(state.q)) > AT_LIMIT).dot(chosen)

        return *super().rewards(scene), Term("knees", -1.0, "knees at a limit, until it has fallen", knees)
