"""Move a gripper to a pose."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, Any, ClassVar

import numpy as np

from roboschool.errors import InvalidInput
from roboschool.mdp.effects import Marker, Placement
from roboschool.mdp.record import Record, quantity
from roboschool.mdp.scene_info import SceneInfo
from roboschool.mdp.sensor import Field, Sensor
from roboschool.mdp.state import State
from roboschool.mdp.task import Task
from roboschool.mdp.term import Term, constant
from roboschool.robots.kinematics import find_pose
from roboschool.robots.robot import Robot
from roboschool.schema import Bounds
from roboschool.sensors.joint_scaling import JointScaling
from roboschool.sensors.joints import joint_sensors

TRIES = 50  # random poses of the joints that are looked at for a goal that is high enough
AXIS = 0.1  # length of the axes that a picture shows [m]
COLOURS = ((255, 64, 64), (64, 200, 64), (64, 96, 255))  # of x, y and z


class PoseMemory(Record):
    """What is remembered of a goal."""

    position: np.ndarray = quantity(3, unit="m", frame="world", doc="where the gripper shall be")
    axes: np.ndarray = quantity(3, 3, frame="world", doc="its axes, as columns")


@dataclass(frozen=True)
class PoseError(Sensor):
    """How the gripper must move and turn to its goal, seen from the gripper."""

    def fields(self, robot: Robot, scene: SceneInfo) -> Sequence[Field]:
        """Return six numbers."""
        way = [Field(f"way to the goal along the gripper's {axis}", "m") for axis in "xyz"]
        return *way, *(Field(f"turn to the goal about the gripper's {axis}", "rad") for axis in "xyz")

    def read(self, previous: State, action: np.ndarray, state: State, dt: float) -> np.ndarray:
        """Return way and turn (..., 6)."""
        axes, goal = _axes(state), state.memory.axes
        away = state.memory.position - state.position
        numbers = np.empty((*away.shape[:-1], 6))
        for axis in range(3):
            numbers[..., axis] = _dot(axes[..., axis], away)
        numbers[..., 3:] = _turn(axes, goal)
        return numbers


@dataclass(frozen=True)
class ReachPose(Task):
    """Move the gripper to a pose, position and orientation, and keep it there.

    The gripper is the trunk of the card of an arm that is fixed to the world; its position is that of its centre of
    mass. The pose is one that the arm has with its joints at random within `spread` of the rest pose.
    """

    memory: ClassVar[type[Record]] = PoseMemory
    ends_when_fallen: ClassVar[bool] = False
    observation_limit: ClassVar[float] = 10.0
    spread: Annotated[float, Bounds(0.0, math.pi)] = 0.6  # of the joints, for a goal [rad, or m for a slide]
    min_height: Annotated[float, Bounds(-100.0, 100.0)] = 0.08  # of a goal [m]
    distance: Annotated[float, Bounds(0.0001, 10.0)] = 0.05  # that counts as near [m]
    angle: Annotated[float, Bounds(0.001, math.pi)] = 0.2  # that counts as near [rad]

    def __post_init__(self) -> None:
        """Check robot and parameters.

        Raises:
            InvalidInput: the robot is not fixed to the world, or its trunk is its root, or a parameter is out of range.
        """
        super().__post_init__()
        if not self.robot.fixed or self.robot.fixed_base:
            wanted = "an arm that is fixed to the world and whose trunk is its gripper"
            raise InvalidInput(f"it is for {wanted}, not for {self.robot.name!r}")

    def reset(self, placement: Placement, memory: Any, rng: np.random.Generator) -> Placement:
        """Draw the pose that the gripper shall have."""
        motors = self.robot.motors
        rest, low, high = motors.rest[0, 0], motors.lower[0, 0], motors.upper[0, 0]
        cos, sin = math.cos(placement.yaw), math.sin(placement.yaw)
        base = np.array([[cos, -sin, 0.0], [sin, cos, 0.0], [0.0, 0.0, 1.0]])
        for _ in range(TRIES):
            joints = np.minimum(np.maximum(rest + rng.uniform(-self.spread, self.spread, len(rest)), low), high)
            position, axes = find_pose(self.robot, joints.tolist())
            if position[2] > self.min_height:
                break
        memory.position[:] = base @ position + (*placement.position, 0.0)
        memory.axes[:] = base @ axes
        return placement

    def sensors(self, scene: SceneInfo) -> Sequence[Sensor]:
        """Return the error, and the joints."""
        return (PoseError(), *joint_sensors(self.robot))

    def rewards(self, scene: SceneInfo) -> Sequence[Term]:
        """Return how near the gripper is, and the price of haste."""
        scaling, count = JointScaling(self.robot), len(self.robot.joints)
        mean = constant(np.full(count, 1.0 / count))

        def position(previous: State, action: np.ndarray, state: State, dt: float) -> np.ndarray:
            off = _away(state) / self.distance
            return 1.0 / (1.0 + 0.1 * off * off)

        def orientation(previous: State, action: np.ndarray, state: State, dt: float) -> np.ndarray:
            off = _angle(state) / self.angle
            return 1.0 / (1.0 + 0.3 * off * off)

        def reached(previous: State, action: np.ndarray, state: State, dt: float) -> np.ndarray:
            return 1.0 * (_away(state) < self.distance) * (_angle(state) < self.angle)

        def haste(previous: State, action: np.ndarray, state: State, dt: float) -> np.ndarray:
            speeds = scaling.speeds(state.qd)
            return (speeds * speeds).dot(mean)

        return (
            Term("position", 1.0, f"1 / (1 + 0.1 x (distance to the goal / {self.distance:g} m)^2)", position),
            Term("orientation", 0.5, f"1 / (1 + 0.3 x (angle to the goal / {self.angle:g} rad)^2)", orientation),
            Term("reached", 1.0, f"1 within {self.distance:g} m and {self.angle:g} rad of the goal", reached),
            Term("haste", -0.1, "mean of (joint speed / its maximum)^2", haste),
        )

    def markers(self, state: State, world: int, agent: int) -> Sequence[Marker]:
        """Show the goal and its axes."""
        goal, axes = state.memory.position[world, agent], state.memory.axes[world, agent]
        tips = [(goal + AXIS * axes[:, axis]).tolist() for axis in range(3)]
        balls = [Marker((x, y, z), 0.012, colour) for (x, y, z), colour in zip(tips, COLOURS, strict=True)]
        x, y, z = goal.tolist()
        return (Marker((x, y, z), 0.02), *balls)


def _axes(state: State) -> np.ndarray:
    """Return the axes of each trunk in the world, as columns (..., 3, 3)."""
    sin, cos = -state.world_x_direction[..., 0], state.world_x_direction[..., 1]
    roll, pitch = state.roll_pitch[..., 0], state.roll_pitch[..., 1]
    sr, cr, sp, cp = np.sin(roll), np.cos(roll), np.sin(pitch), np.cos(pitch)
    axes = np.empty((*sin.shape, 3, 3))
    axes[..., 0, 0], axes[..., 1, 0], axes[..., 2, 0] = cos * cp, sin * cp, -sp
    axes[..., 0, 1], axes[..., 1, 1], axes[..., 2, 1] = cos * sp * sr - sin * cr, sin * sp * sr + cos * cr, cp * sr
    axes[..., 0, 2], axes[..., 1, 2], axes[..., 2, 2] = cos * sp * cr + sin * sr, sin * sp * cr - cos * sr, cp * cr
    return axes


def _turn(axes: np.ndarray, goal: np.ndarray) -> np.ndarray:
    """Return by what axes turn to those of a goal, about themselves: axis x angle [rad] (..., 3)."""
    error = [[_dot(axes[..., i], goal[..., j]) for j in range(3)] for i in range(3)]
    sine = np.stack([error[2][1] - error[1][2], error[0][2] - error[2][0], error[1][0] - error[0][1]], axis=-1) / 2.0
    length = np.sqrt(_dot(sine, sine))
    angle = np.arctan2(length, (error[0][0] + error[1][1] + error[2][2] - 1.0) / 2.0)
    turn: np.ndarray = sine * (angle / np.maximum(length, 1e-9))[..., None]
    return turn


def _dot(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """Return the scalar product of vectors of three numbers (...)."""
    product: np.ndarray = a[..., 0] * b[..., 0] + a[..., 1] * b[..., 1] + a[..., 2] * b[..., 2]
    return product


def _away(state: State) -> np.ndarray:
    """Return how far each gripper is from its goal [m] (...)."""
    away = state.memory.position - state.position
    return np.sqrt(_dot(away, away))


def _angle(state: State) -> np.ndarray:
    """Return by what angle each gripper is turned from its goal [rad] (...)."""
    turn = _turn(_axes(state), state.memory.axes)
    return np.sqrt(_dot(turn, turn))
