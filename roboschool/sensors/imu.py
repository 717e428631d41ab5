"""What an inertial unit in the trunk measures, in the frame of the body: all of it, with roll and pitch."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from roboschool.mdp.scene_info import SceneInfo
from roboschool.mdp.sensor import Field, Sensor
from roboschool.mdp.state import State
from roboschool.robots.robot import Robot

GRAVITY = 9.81  # that a unit at rest feels as an acceleration upward [m/s2]
NORTH = -0.5  # what a magnetometer reads along the world's y axis


def to_body(state: State, vectors: np.ndarray) -> np.ndarray:
    """Return vectors of the world as each robot's body sees them.

    Args:
        state: where the robots are (..., agent).
        vectors: k for each robot (..., agent, k, 3).

    Returns:
        Forward, left, up along the axes of the body (..., agent, k, 3).
    """
    x, y = vectors[..., 0], vectors[..., 1]
    left, forward = state.world_x_direction[..., :1], state.world_x_direction[..., 1:]
    return _tilt(state, forward * x - left * y, left * x + forward * y, vectors[..., 2])


def _tilt(state: State, along: np.ndarray, aside: np.ndarray, up: np.ndarray) -> np.ndarray:
    """Return vectors of the heading frame, each (..., agent, k), in the frame of the body (..., agent, k, 3)."""
    sines, cosines = np.sin(state.roll_pitch), np.cos(state.roll_pitch)
    roll, pitch, level_roll, level_pitch = sines[..., :1], sines[..., 1:], cosines[..., :1], cosines[..., 1:]
    above = pitch * along + level_pitch * up
    seen = np.empty((*along.shape, 3))
    seen[..., 0] = level_pitch * along - pitch * up
    seen[..., 1] = level_roll * aside + roll * above
    seen[..., 2] = level_roll * above - roll * aside
    return seen


@dataclass(frozen=True)
class _BodyVector(Sensor):
    """A vector in the frame of the body."""

    name: ClassVar[str]
    unit: ClassVar[str] = ""

    def fields(self, robot: Robot, scene: SceneInfo) -> Sequence[Field]:
        """Return three numbers."""
        return [Field(f"{self.name}, {way}", self.unit) for way in ("forward", "left", "up")]


@dataclass(frozen=True)
class Accelerometer(_BodyVector):
    """The mean acceleration during the step, and what gravity adds: 9.81 m/s2 upward at rest."""

    name: ClassVar[str] = "acceleration"
    unit: ClassVar[str] = "m/s2"

    def read(self, previous: State, action: np.ndarray, state: State, dt: float) -> np.ndarray:
        """Return it (..., 3); gravity alone where an episode begins."""
        left, forward = (state.world_x_direction[..., axis : axis + 1] for axis in (0, 1))
        was_left, was_forward = (previous.world_x_direction[..., axis : axis + 1] for axis in (0, 1))
        along, aside, up = (previous.velocity[..., axis : axis + 1] for axis in range(3))
        x, y = was_forward * along + was_left * aside, was_forward * aside - was_left * along
        now = state.velocity
        gained = _tilt(
            state,
            (now[..., :1] - (forward * x - left * y)) / dt,
            (now[..., 1:2] - (left * x + forward * y)) / dt,
            (now[..., 2:] - up) / dt + GRAVITY,
        )
        return gained[..., 0, :]


@dataclass(frozen=True)
class Velocimeter(_BodyVector):
    """The velocity of the trunk."""

    name: ClassVar[str] = "velocity"
    unit: ClassVar[str] = "m/s"

    def read(self, previous: State, action: np.ndarray, state: State, dt: float) -> np.ndarray:
        """Return it (..., 3)."""
        along, aside, up = (state.velocity[..., axis : axis + 1] for axis in range(3))
        return _tilt(state, along, aside, up)[..., 0, :]


@dataclass(frozen=True)
class Gyro(_BodyVector):
    """The angular velocity of the trunk."""

    name: ClassVar[str] = "angular velocity"
    unit: ClassVar[str] = "rad/s"

    def read(self, previous: State, action: np.ndarray, state: State, dt: float) -> np.ndarray:
        """Return it (..., 3)."""
        return to_body(state, state.angular_velocity[..., None, :])[..., 0, :]


@dataclass(frozen=True)
class Magnetometer(_BodyVector):
    """The field of a magnet that points along the world's -y: a compass."""

    name: ClassVar[str] = "magnetic field"

    def read(self, previous: State, action: np.ndarray, state: State, dt: float) -> np.ndarray:
        """Return it (..., 3)."""
        field = np.zeros_like(state.position)
        field[..., 1] = NORTH
        return to_body(state, field[..., None, :])[..., 0, :]
