"""How a legged robot moves, as labs observe it: in the frame of its trunk, which pitches and rolls with it."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np

from roboschool.mdp.scene_info import SceneInfo
from roboschool.mdp.sensor import Field, Pick, Sensor
from roboschool.mdp.state import State
from roboschool.robots.robot import Robot

Numbers: TypeAlias = float | np.ndarray


@dataclass(frozen=True)
class BaseMotion(Sensor):
    """Velocity and angular velocity of the trunk, and the direction of gravity, along the trunk's own axes."""

    def fields(self, robot: Robot, scene: SceneInfo) -> Sequence[Field]:
        """Return nine numbers."""
        quantities = (("velocity", "m/s"), ("angular velocity", "rad/s"), ("gravity", ""))
        return [Field(f"{name} along the trunk's {axis}", unit) for name, unit in quantities for axis in "xyz"]

    def read(self, previous: State, action: np.ndarray, state: State, dt: float) -> np.ndarray:
        """Return the numbers (..., 9)."""
        left, forward = state.world_x_direction[..., 0], state.world_x_direction[..., 1]
        roll, pitch = state.roll_pitch[..., 0], state.roll_pitch[..., 1]
        turns = (np.cos(roll), np.sin(roll), np.cos(pitch), np.sin(pitch))
        x, y, z = (state.angular_velocity[..., axis] for axis in range(3))
        numbers = np.empty((*roll.shape, 9))
        along, aside, up = (state.velocity[..., axis] for axis in range(3))
        numbers[..., 0], numbers[..., 1], numbers[..., 2] = _to_trunk(turns, along, aside, up)
        numbers[..., 3], numbers[..., 4], numbers[..., 5] = _to_trunk(
            turns, forward * x - left * y, left * x + forward * y, z
        )
        numbers[..., 6], numbers[..., 7], numbers[..., 8] = _to_trunk(turns, 0.0, 0.0, -1.0)
        return numbers


@dataclass(frozen=True)
class JointOffsets(Sensor):
    """Of each joint its position from the rest pose, then of each its speed."""

    def fields(self, robot: Robot, scene: SceneInfo) -> Sequence[Field]:
        """Return two numbers a joint, the positions first, in the order of the actions."""
        fields = []
        for name, quantity, offsets in (("from rest", "q", robot.pose), ("speed", "qd", [0.0] * len(robot.pose))):
            for number, (joint, offset) in enumerate(zip(robot.joints, offsets, strict=True)):
                unit = "m" if joint.kind == "prismatic" else "rad"
                pick = Pick(quantity, (number,), offset)
                fields.append(Field(f"{joint.name} {name}", unit if quantity == "q" else f"{unit}/s", joint, pick))
        return fields


def _to_trunk(turns: tuple[np.ndarray, ...], along: Numbers, aside: Numbers, up: Numbers) -> tuple[Numbers, ...]:
    """Return a vector of the heading frame in that of the trunk, given cosine and sine of roll, then of pitch."""
    cos_roll, sin_roll, cos_pitch, sin_pitch = turns
    low = sin_pitch * along + cos_pitch * up
    return cos_pitch * along - sin_pitch * up, cos_roll * aside + sin_roll * low, cos_roll * low - sin_roll * aside
