"""Joints as an inertial unit knows them: speeds without a scale, the turn of a ball joint as a matrix."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from roboschool.mdp.scene_info import SceneInfo
from roboschool.mdp.sensor import Field, Pick, Sensor
from roboschool.mdp.state import State
from roboschool.robots.robot import Robot

GIMBAL = ((0.0, 0.0, 1.0), (0.0, 1.0, 0.0), (1.0, 0.0, 0.0))  # axes of three hinges that make a ball joint


def find_hinges(robot: Robot) -> list[int]:
    """Return which driven joints turn within limits, by name."""
    chosen = [place for place, joint in enumerate(robot.joints) if joint.kind == "revolute"]
    return sorted(chosen, key=lambda place: robot.joints[place].name)


@dataclass(frozen=True)
class JointSpeeds(Sensor):
    """Speeds of driven joints, not scaled."""

    places: tuple[int, ...]  # among the driven joints

    def fields(self, robot: Robot, scene: SceneInfo) -> Sequence[Field]:
        """Return one number a joint."""
        joints = [(place, robot.joints[place]) for place in self.places]
        return [Field(f"speed of {j.name}", "rad/s", j, Pick("qd", (place,))) for place, j in joints]


def find_ball(robot: Robot) -> int | None:
    """Return the first of three hinges without motors, about z, y and x in one place, among the passive joints.

    Together they are a ball joint. None if there are not such hinges.
    """
    joints = {joint.name: joint for joint in robot.model.joints}
    row = [joints[name] for name in robot.passive_joints]
    for place in range(len(row) - len(GIMBAL) + 1):
        first, second, third = row[place : place + len(GIMBAL)]
        chained = (second.parent, third.parent) == (first.child, second.child)
        together = not any((*second.origin, *third.origin))
        if chained and together and tuple(joint.axis for joint in (first, second, third)) == GIMBAL:
            return place
    return None


def _turn(state: State, place: int) -> np.ndarray:
    """Return the turn of a ball against the robot as a matrix (..., 3, 3)."""
    (sz, sy, sx), (cz, cy, cx) = ([of(state.passive_q[..., place + n]) for n in range(3)] for of in (np.sin, np.cos))
    rows = [
        [cz * cy, cz * sy * sx - sz * cx, cz * sy * cx + sz * sx],
        [sz * cy, sz * sy * sx + cz * cx, sz * sy * cx - cz * sx],
        [-sy, cy * sx, cy * cx],
    ]
    return np.stack([np.stack(row, axis=-1) for row in rows], axis=-2)


@dataclass(frozen=True)
class BallTurn(Sensor):
    """How a ball joint has turned: nine numbers of a matrix, row after row."""

    place: int  # of its first hinge among the passive joints

    def fields(self, robot: Robot, scene: SceneInfo) -> Sequence[Field]:
        """Return nine numbers."""
        name = robot.passive_joints[self.place]
        return [Field(f"turn of the ball at {name}, {row}{column}") for row in "xyz" for column in "xyz"]

    def read(self, previous: State, action: np.ndarray, state: State, dt: float) -> np.ndarray:
        """Return them (..., 9)."""
        turn = _turn(state, self.place)
        return turn.reshape(*turn.shape[:-2], 9)


@dataclass(frozen=True)
class BallVelocity(Sensor):
    """The angular velocity of a ball joint against the robot, in the frame of the ball."""

    place: int  # of its first hinge among the passive joints

    def fields(self, robot: Robot, scene: SceneInfo) -> Sequence[Field]:
        """Return three numbers."""
        name = robot.passive_joints[self.place]
        return [Field(f"angular velocity of the ball at {name} about {axis}", "rad/s") for axis in "xyz"]

    def read(self, previous: State, action: np.ndarray, state: State, dt: float) -> np.ndarray:
        """Return them (..., 3): each hinge turns what hangs on it."""
        yaw, pitch, roll = (state.passive_qd[..., self.place + n] for n in range(3))
        y, x = (state.passive_q[..., self.place + n] for n in (1, 2))
        return np.stack(
            [
                roll - yaw * np.sin(y),
                pitch * np.cos(x) + yaw * np.cos(y) * np.sin(x),
                yaw * np.cos(y) * np.cos(x) - pitch * np.sin(x),
            ],
            axis=-1,
        )
