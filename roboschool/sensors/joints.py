"""Positions and speeds of the driven joints."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from roboschool.mdp.scene_info import SceneInfo
from roboschool.mdp.sensor import Field, Pick, Sensor
from roboschool.mdp.state import State
from roboschool.robots.robot import Robot
from roboschool.sensors.joint_scaling import JointScaling, max_speed


@dataclass(frozen=True)
class JointStates(Sensor):
    """Of each joint with limits its position, -1 to 1 between them, and of every joint its speed over the fastest."""

    def fields(self, robot: Robot, scene: SceneInfo) -> Sequence[Field]:
        """Return two numbers a joint, in the order of the actions; one of a joint without limits."""
        scaling, fields = JointScaling(robot), []
        for number, joint in enumerate(robot.joints):
            at = (number,)
            offset, gain, speed_gain = (
                numbers.item(0, 0, number) for numbers in (scaling.middle, scaling.gain, scaling.speed_gain)
            )
            if joint.lower is not None:
                name = f"{joint.name}, -1 to 1 between its limits"
                fields.append(Field(name, "", joint, Pick("q", at, offset, gain)))
            speed = f"{max_speed(joint):g} {'m/s' if joint.kind == 'prismatic' else 'rad/s'}"
            fields.append(Field(f"{joint.name} speed", speed, joint, Pick("qd", at, 0.0, speed_gain)))
        return fields


@dataclass(frozen=True)
class JointAngles(Sensor):
    """Sine and cosine of joints without limits."""

    joints: tuple[int, ...]  # their numbers among the driven joints

    def fields(self, robot: Robot, scene: SceneInfo) -> Sequence[Field]:
        """Return two numbers a joint."""
        joints = [robot.joints[number] for number in self.joints]
        return [Field(f"{what} of {joint.name}", source=joint) for joint in joints for what in ("sine", "cosine")]

    def read(self, previous: State, action: np.ndarray, state: State, dt: float) -> np.ndarray:
        """Return sine and cosine of each (..., 2 * joints)."""
        angles = state.q[..., list(self.joints)]
        numbers = np.empty((*angles.shape[:-1], 2 * len(self.joints)))
        np.sin(angles, out=numbers[..., 0::2])
        np.cos(angles, out=numbers[..., 1::2])
        return numbers


def joint_sensors(robot: Robot) -> tuple[Sensor, ...]:
    """Return what a robot feels of its joints: positions, or of those without limits sines and cosines; and speeds.

    Of wheels only the speed is observed.
    """
    joints = enumerate(robot.joints)
    turning = tuple(n for n, joint in joints if joint.lower is None and joint.name not in robot.wheels)
    return (JointStates(), JointAngles(turning)) if turning else (JointStates(),)
