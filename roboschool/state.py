"""What a group of robots feels: arrays that lead with (world, agent)."""

from dataclasses import dataclass

import numpy as np

from roboschool.robot import Robot

FELT = 2  # column of the row where `felt` begins: the trunk's height
PLACE = 6  # position and velocity, in the world: numbers that tell where another robot or a prop is


@dataclass(frozen=True)
class State:
    """What robots of one kind feel. All arrays are views of `row`; shapes (..., n) stand for (world, agent, n).

    `props` and `others` are empty unless the task asks for them (`Task.sees`).
    """

    row: np.ndarray  # everything below, side by side
    body: int  # how much of the row is about the robot itself: all up to `loose`
    position: np.ndarray  # of the trunk, in the world: its centre of mass, or its hinge if planar [m] (..., 3)
    bearing: np.ndarray  # of the world's +x, seen from the robot: left, forward; sine, cosine (..., 2)
    velocity: np.ndarray  # of the trunk along its heading: forward, left, up [m/s] (..., 3)
    lean: np.ndarray  # roll and pitch of the trunk [rad] (..., 2)
    joints: np.ndarray  # position, -1 to 1 between the limits, or [rad] without limits; speed / the fastest (..., J, 2)
    feet: np.ndarray  # 1 where a foot presses on the ground, else 0 (..., feet)
    felt: np.ndarray  # height, bearing, velocity, lean, joints, feet: all a robot feels of itself (..., 8 + 2J + F)
    spin: np.ndarray  # angular velocity of the trunk, in the world [rad/s] (..., 3)
    bumps: np.ndarray  # 1 where a foot presses on anything but the ground, else 0 (..., feet)
    upright: np.ndarray  # 1 inside the envelope of the robot's card, 0 once it has fallen (...)
    loose: (
        np.ndarray
    )  # joints without a motor, but the track of a planar robot: position, speed [rad, rad/s] (..., K, 2)
    props: np.ndarray  # position and velocity of each prop, in the world [m, m/s] (..., props, 6)
    others: np.ndarray  # the same of the trunk of every other agent, the next in the scene first (..., agents - 1, 6)
    points: np.ndarray  # what the scene's game has given each agent for this step (...)
    memory: np.ndarray  # what the task remembers, by the names in `Task.memory` (..., m)

    @classmethod
    def blank(cls, worlds: int, agents: int, robot: Robot, memory: int = 0, props: int = 0, others: int = 0) -> "State":
        """Return a state of zeros, with room for so many numbers, props and other agents."""
        joints, feet, loose = len(robot.joints), len(robot.feet), len(robot.loose)
        sizes = [3, 2, 3, 2, 2 * joints, feet, 3, feet, 1, 2 * loose, PLACE * props, PLACE * others, 1, memory]
        ends = np.cumsum(sizes).tolist()
        row = np.zeros((worlds, agents, ends[-1]))
        parts = np.split(row, ends[:-1], axis=-1)
        position, bearing, velocity, lean, pairs, flags, spin, bumps, upright = parts[:9]
        shape = (worlds, agents)
        return cls(
            row=row,
            body=ends[9],
            position=position,
            bearing=bearing,
            velocity=velocity,
            lean=lean,
            joints=pairs.reshape(*shape, joints, 2),
            feet=flags,
            felt=row[..., FELT : ends[5]],
            spin=spin,
            bumps=bumps,
            upright=upright[..., 0],
            loose=parts[9].reshape(*shape, loose, 2),
            props=parts[10].reshape(*shape, props, PLACE),
            others=parts[11].reshape(*shape, others, PLACE),
            points=parts[12][..., 0],
            memory=parts[13],
        )
