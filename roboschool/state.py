"""What a group of robots feels: arrays that lead with (world, agent)."""

from dataclasses import dataclass

import numpy as np

from roboschool.robot import Robot

FELT = 2  # column of the row where `felt` begins: the trunk's height


@dataclass(frozen=True)
class State:
    """What robots of one kind feel. All arrays are views of `row`; shapes (..., n) stand for (world, agent, n)."""

    row: np.ndarray  # everything below, side by side
    position: np.ndarray  # of the trunk, in the world: its centre of mass, or its hinge if planar [m] (..., 3)
    bearing: np.ndarray  # of the world's +x, seen from the robot: left, forward; sine, cosine (..., 2)
    velocity: np.ndarray  # of the trunk along its heading: forward, left, up [m/s] (..., 3)
    lean: np.ndarray  # roll and pitch of the trunk [rad] (..., 2)
    joints: np.ndarray  # position, -1 to 1 between the limits; speed / the joint's fastest (..., joints, 2)
    feet: np.ndarray  # 1 where a foot presses on the ground, else 0 (..., feet)
    felt: np.ndarray  # height, bearing, velocity, lean, joints, feet: all a robot feels of itself (..., 8 + 2J + F)
    spin: np.ndarray  # angular velocity of the trunk, in the world [rad/s] (..., 3)
    bumps: np.ndarray  # 1 where a foot presses on anything but the ground, else 0 (..., feet)
    upright: np.ndarray  # 1 inside the envelope of the robot's card, 0 once it has fallen (...)

    @classmethod
    def blank(cls, worlds: int, agents: int, robot: Robot) -> "State":
        """Return a state of zeros."""
        joints, feet = len(robot.joints), len(robot.feet)
        ends = np.cumsum([3, 2, 3, 2, 2 * joints, feet, 3, feet, 1])
        row = np.zeros((worlds, agents, int(ends[-1])))
        position, bearing, velocity, lean, pairs, flags, spin, bumps, upright = np.split(row, ends[:-1], axis=-1)
        return cls(
            row=row,
            position=position,
            bearing=bearing,
            velocity=velocity,
            lean=lean,
            joints=pairs.reshape(worlds, agents, joints, 2),
            feet=flags,
            felt=row[..., FELT : int(ends[5])],
            spin=spin,
            bumps=bumps,
            upright=upright[..., 0],
        )
