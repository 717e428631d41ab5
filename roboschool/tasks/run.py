"""Run toward +x, by the rules of Roboschool v1."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from roboschool.mdp.scene_info import SceneInfo
from roboschool.mdp.sensor import Sensor
from roboschool.mdp.state import State
from roboschool.mdp.task import Task
from roboschool.mdp.term import Term, constant
from roboschool.sensors.feet import FootContacts
from roboschool.sensors.joint_scaling import JointScaling
from roboschool.sensors.joints import joint_sensors
from roboschool.sensors.trunk import RollPitch, TrunkHeight, TrunkVelocity, WorldXDirection

AT_LIMIT = constant(0.99)  # a joint closer to its limit than this is at it, 1 being the limit


@dataclass(frozen=True)
class Run(Task):
    """Run along +x as fast as possible, without falling, wasting energy or stopping joints at their limits."""

    observation_limit: ClassVar[float] = 5.0
    alive: float = 1.0  # for every step while upright; a fall costs 1

    def sensors(self, scene: SceneInfo) -> Sequence[Sensor]:
        """Return height over the standing height, direction of +x, velocity, roll and pitch, joints, feet."""
        trunk = (TrunkHeight(), WorldXDirection(), TrunkVelocity(), RollPitch())
        return (*trunk, *joint_sensors(self.robot), FootContacts())

    def rewards(self, scene: SceneInfo) -> Sequence[Term]:
        """Return the terms of Roboschool; its electricity is two here, electricity and stall."""
        scaling, standing, one = JointScaling(self.robot), constant(self.alive + 1.0), constant(1.0)
        joints, feet = self.robot.joints, constant(np.ones(len(self.robot.feet)))
        mean = constant(
            np.full(len(joints), 1.0 / len(joints))
        )  # a dot product is the quickest weighted sum of a few numbers
        limited = constant([joint.lower is not None for joint in joints])

        def alive(previous: State, action: np.ndarray, state: State, dt: float) -> np.ndarray:
            return state.upright * standing - one

        def progress(previous: State, action: np.ndarray, state: State, dt: float) -> np.ndarray:
            return (state.position[..., 0] - previous.position[..., 0]) / dt

        def electricity(previous: State, action: np.ndarray, state: State, dt: float) -> np.ndarray:
            power = scaling.speeds(state.qd)
            power *= action
            return np.abs(power, out=power).dot(mean)

        def stall(previous: State, action: np.ndarray, state: State, dt: float) -> np.ndarray:
            return (action * action).dot(mean)

        def limits(previous: State, action: np.ndarray, state: State, dt: float) -> np.ndarray:
            positions = scaling.positions(state.q)
            return (np.abs(positions, out=positions) > AT_LIMIT).dot(limited)

        def collision(previous: State, action: np.ndarray, state: State, dt: float) -> np.ndarray:
            return state.foot_obstacle_contacts.dot(feet)

        return (
            Term("alive", 1.0, f"{self.alive:+g} for every step, -1 once fallen", alive),
            Term("progress", 1.0, "speed along +x", progress, "m/s"),
            Term("electricity", -2.0, "mean of |action x joint speed / its maximum|", electricity),
            Term("stall", -0.1, "mean of action squared", stall),
            Term("limits", -0.2, "joints at a limit (closer to it than 1 % of half the range)", limits),
            Term("collision", -1.0, "feet that press on anything but the ground", collision),
        )
