"""Positions and speeds of the driven joints."""

from collections.abc import Sequence
from dataclasses import dataclass

from roboschool.mdp.scene_info import SceneInfo
from roboschool.mdp.sensor import Field, Pick, Sensor
from roboschool.robots.robot import Robot
from roboschool.sensors.joint_scaling import JointScaling, max_speed


@dataclass(frozen=True)
class JointStates(Sensor):
    """Of each joint its position, -1 to 1 between the limits or [rad] without, and its speed over the fastest."""

    def fields(self, robot: Robot, scene: SceneInfo) -> Sequence[Field]:
        """Return two numbers a joint, in the order of the actions."""
        scaling, fields = JointScaling(robot), []
        for number, joint in enumerate(robot.joints):
            at = (number,)
            offset, gain, speed_gain = (
                numbers.item(0, 0, number) for numbers in (scaling.middle, scaling.gain, scaling.speed_gain)
            )
            place, unit = (", -1 to 1 between its limits", "") if joint.lower is not None else ("", "rad")
            speed = f"{max_speed(joint):g} {'m/s' if joint.kind == 'prismatic' else 'rad/s'}"
            fields.append(Field(f"{joint.name}{place}", unit, joint, Pick("q", at, offset, gain)))
            fields.append(Field(f"{joint.name} speed", speed, joint, Pick("qd", at, 0.0, speed_gain)))
        return fields
