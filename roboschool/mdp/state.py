"""What a group of robots feels: arrays that lead with (world, agent)."""

from dataclasses import dataclass

import numpy as np

from roboschool.robots.robot import Robot

FELT = 2  # column of the row where `felt` begins: the trunk's height
UNKNOWN_SPEED = 10.0  # fastest speed of a joint whose URDF gives none [rad/s or m/s]
NEEDED = 10  # numbers of a row from which a place is found: position, bearing, velocity, lean
PLACE = 9  # position, velocity, and where the x axis points, in the world: where another robot or a prop is


@dataclass(frozen=True)
class State:
    """What robots of one kind feel. All arrays are views of `row`; shapes (..., n) stand for (world, agent, n).

    `props`, `others` and `game` are empty unless the task asks for them (`Task.sees`).
    """

    row: np.ndarray  # everything below, side by side
    body: np.ndarray  # what is about the robot itself: all up to `heights` (..., n)
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
    heights: np.ndarray  # of the links that the task names, `Task.heights` [m] (..., n)
    props: np.ndarray  # position, velocity and x axis of each prop, in the world [m, m/s] (..., props, 9)
    others: np.ndarray  # the same of the trunk of every other agent, the next in the scene first (..., agents - 1, 9)
    points: np.ndarray  # what the scene's game has given each agent for this step (...)
    left: np.ndarray  # steps until the time is up (...)
    game: np.ndarray  # what the scene's game remembers, by the names in `Game.memory` (..., n)
    agent_stats: np.ndarray  # what it remembers of this agent, by the names in `Game.agent_stats` (..., n)
    memory: np.ndarray  # what the task remembers, by the names in `Task.memory` (..., m)

    @property
    def ahead(self) -> np.ndarray:
        """Where the trunk's x axis points, in the world (..., 3)."""
        return ahead(self.bearing, self.lean)

    @property
    def drift(self) -> np.ndarray:
        """The velocity of the trunk, in the world [m/s] (..., 3)."""
        return drift(self.bearing, self.velocity)

    def sight(self, places: np.ndarray) -> np.ndarray:
        """Return places as each robot sees them: from where it is, along its heading.

        Args:
            places: position, velocity and x axis of each of k things, in the world [m, m/s] (..., k, 9).

        Returns:
            Position, relative velocity and x axis: forward, left, up [m, m/s] (..., k, 3, 3).
        """
        own = np.concatenate([self.position, self.drift, np.zeros_like(self.position)], axis=-1)
        off = places - own[..., None, :]
        x, y, z = off[..., 0::3], off[..., 1::3], off[..., 2::3]
        left, forward = self.bearing[..., None, :1], self.bearing[..., None, 1:]
        return np.stack([forward * x - left * y, left * x + forward * y, z], axis=-1)

    @classmethod
    def blank(
        cls,
        worlds: int,
        agents: int,
        robot: Robot,
        heights: int = 0,
        props: int = 0,
        others: int = 0,
        game: int = 0,
        agent_stats: int = 0,
        memory: int = 0,
    ) -> "State":
        """Return a state of zeros, with room for so many of what the task needs beyond the robot."""
        joints, feet, loose = len(robot.joints), len(robot.feet), len(robot.passive_joints)
        own = [3, 2, 3, 2, 2 * joints, feet, 3, feet, 1, 2 * loose, heights]
        ends = np.cumsum([*own, PLACE * props, PLACE * others, 1, 1, game, agent_stats, memory]).tolist()
        row = np.zeros((worlds, agents, ends[-1]))
        parts = np.split(row, ends[:-1], axis=-1)
        shape = (worlds, agents)
        return cls(
            row=row,
            body=row[..., : sum(own)],
            position=parts[0],
            bearing=parts[1],
            velocity=parts[2],
            lean=parts[3],
            joints=parts[4].reshape(*shape, joints, 2),
            feet=parts[5],
            felt=row[..., FELT : ends[5]],
            spin=parts[6],
            bumps=parts[7],
            upright=parts[8][..., 0],
            loose=parts[9].reshape(*shape, loose, 2),
            heights=parts[10],
            props=parts[11].reshape(*shape, props, PLACE),
            others=parts[12].reshape(*shape, others, PLACE),
            points=parts[13][..., 0],
            left=parts[14][..., 0],
            game=parts[15],
            agent_stats=parts[16],
            memory=parts[17],
        )


def places(body: np.ndarray) -> np.ndarray:
    """Return the places of trunks (..., 9), of any robots: all are found at once, which is quicker.

    Args:
        body: the first `NEEDED` numbers of the rows of states: position, bearing, velocity and lean (..., 10).
    """
    bearing = body[..., 3:5]
    return np.concatenate([body[..., :3], drift(bearing, body[..., 5:8]), ahead(bearing, body[..., 8:])], axis=-1)


def ahead(bearing: np.ndarray, lean: np.ndarray) -> np.ndarray:
    """Return where x axes of trunks point, in the world (..., 3)."""
    left, forward, pitch = bearing[..., 0], bearing[..., 1], lean[..., 1]
    level = np.cos(pitch)
    return np.stack([forward * level, -left * level, -np.sin(pitch)], axis=-1)


def drift(bearing: np.ndarray, velocity: np.ndarray) -> np.ndarray:
    """Return velocities along the heading as they are in the world [m/s] (..., 3)."""
    left, forward = bearing[..., 0], bearing[..., 1]  # -sine and cosine of the heading
    along, aside, up = (velocity[..., axis] for axis in range(3))
    return np.stack([forward * along + left * aside, forward * aside - left * along, up], axis=-1)
