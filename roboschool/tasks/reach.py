"""Reach for a target with the fingertip, by the rules of Roboschool v1."""

import dataclasses
import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, Any, ClassVar

import numpy as np

from roboschool.errors import InvalidInput, check_range
from roboschool.mdp.effects import Marker, Placement
from roboschool.mdp.record import Record, quantity
from roboschool.mdp.scene_info import SceneInfo
from roboschool.mdp.sensor import Field, Sensor
from roboschool.mdp.state import State
from roboschool.mdp.task import Task
from roboschool.mdp.term import Term, constant
from roboschool.robots.robot import Robot
from roboschool.schema import Bounds
from roboschool.sensors.joint_scaling import JointScaling
from roboschool.tasks.run import AT_LIMIT


class ReachMemory(Record):
    """What is remembered of a reach."""

    target: np.ndarray = quantity(2, unit="m", frame="world")


@dataclass(frozen=True)
class ArmAndTarget(Sensor):
    """Target, fingertip, and both joints of the arm."""

    scaling: JointScaling

    def fields(self, robot: Robot, scene: SceneInfo) -> Sequence[Field]:
        """Return nine numbers; target and fingertip are measured at the whole arm."""
        shoulder, elbow = robot.joints
        return (
            *(Field(f"{what} {axis}", "m") for what in ("target", "fingertip from the target") for axis in "xy"),
            Field("cosine of the shoulder's angle", source=shoulder),
            Field("sine of the shoulder's angle", source=shoulder),
            Field("speed of the shoulder", "10 rad/s", shoulder),
            Field("elbow, -1 to 1 between its limits", source=elbow),
            Field("speed of the elbow", "10 rad/s", elbow),
        )

    def read(self, previous: State, action: np.ndarray, state: State, dt: float) -> np.ndarray:
        """Return target, way from it to the tip; cosine, sine, speed of the shoulder; elbow and speed (..., 9)."""
        target, q = state.memory.target, self.scaling.positions(state.q)
        numbers = np.empty((*q.shape[:-1], 9))
        numbers[..., :2] = target
        np.subtract(state.position[..., :2], target, out=numbers[..., 2:4])
        np.cos(q[..., 0], out=numbers[..., 4])
        np.sin(q[..., 0], out=numbers[..., 5])
        numbers[..., 7] = q[..., 1]
        numbers[..., 6::2] = self.scaling.speeds(state.qd)
        return numbers


@dataclass(frozen=True)
class Reach(Task):
    """Bring the fingertip to the target, and keep it there; the robot is an arm of two joints on a table."""

    ends_when_fallen: ClassVar[bool] = False
    memory: ClassVar[type[Record]] = ReachMemory
    near: Annotated[float, Bounds(0.0, 1e3)] = 0.02  # targets lie between these distances from the shoulder [m]
    far: Annotated[float, Bounds(0.0, 1e3)] = 0.21

    def __post_init__(self) -> None:
        """Check robot and parameters.

        Raises:
            InvalidInput: the robot has not two joints, or targets are not between two distances.
        """
        super().__post_init__()
        if len(self.robot.joints) != 2:
            raise InvalidInput(f"it is for an arm of two joints, not for {self.robot.name!r}")
        check_range("near", self.near, 0.0, self.far)

    def reset(self, placement: Placement, memory: Any, rng: np.random.Generator) -> Placement:
        """Turn the arm any way, and put the target anywhere in its reach."""
        edges = [(joint.lower, joint.upper) for joint in self.robot.joints]
        angles = [
            rng.uniform(-math.pi if low is None else low, math.pi if high is None else high) for low, high in edges
        ]
        distance, angle = math.sqrt(rng.uniform(self.near**2, self.far**2)), rng.uniform(-math.pi, math.pi)
        target = np.array([distance * math.cos(angle), distance * math.sin(angle)])
        memory.target[:] = target + placement.position
        return dataclasses.replace(placement, joints=tuple(angles))

    def sensors(self, scene: SceneInfo) -> Sequence[Sensor]:
        """Return target, fingertip and both joints."""
        return (ArmAndTarget(JointScaling(self.robot)),)

    def rewards(self, scene: SceneInfo) -> Sequence[Term]:
        """Return progress, and the penalties for torque, speed and limits."""
        scaling, ones = JointScaling(self.robot), constant(np.ones(len(self.robot.joints)))

        def progress(previous: State, action: np.ndarray, state: State, dt: float) -> np.ndarray:
            return _distance(previous) - _distance(state)

        def electricity(previous: State, action: np.ndarray, state: State, dt: float) -> np.ndarray:
            return np.abs(action * scaling.speeds(state.qd)).dot(ones)

        def stall(previous: State, action: np.ndarray, state: State, dt: float) -> np.ndarray:
            return np.abs(action).dot(ones)

        def limits(previous: State, action: np.ndarray, state: State, dt: float) -> np.ndarray:
            return np.abs(scaling.positions(state.q)[..., 1]) > AT_LIMIT

        return (
            Term("progress", 100.0, "way by which the fingertip has come nearer to the target", progress, "m"),
            Term("electricity", -0.1, "sum of |action x joint speed / its maximum|", electricity),
            Term("stall", -0.01, "sum of |action|", stall),
            Term("limits", -0.1, "1 while the elbow is at a limit", limits),
        )

    def markers(self, state: State, world: int, agent: int) -> Sequence[Marker]:
        """Show the target."""
        x, y = state.memory.target[world, agent].tolist()
        return (Marker((x, y, 0.01), 0.009),)


def _distance(state: State) -> np.ndarray:
    """Return how far the fingertip is from the target [m] (...)."""
    offset = state.position[..., :2] - state.memory.target
    return np.hypot(offset[..., 0], offset[..., 1])
