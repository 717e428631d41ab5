"""Reach for a target with the fingertip, by the rules of Roboschool v1."""

import dataclasses
import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import ClassVar

import numpy as np

from roboschool.errors import InvalidInput, check_range
from roboschool.mdp.effects import Mark, Placement
from roboschool.mdp.state import State
from roboschool.mdp.task import Task
from roboschool.robots.urdf import Joint
from roboschool.tasks.run import AT_LIMIT


@dataclass(frozen=True)
class Reach(Task):
    """Bring the fingertip to the target, and keep it there; the robot is an arm of two joints on a table."""

    memory: ClassVar[tuple[str, ...]] = ("target_x", "target_y")
    pays: ClassVar[dict[str, str]] = {
        "progress": "{progress:g} x the way by which the fingertip has come nearer to the target [m]",
        "electricity": "{electricity:+g} x sum of |action x joint speed|",
        "stall": "{stall:+g} x sum of |action|",
        "limits": "{limits:+g} while the elbow is at a limit",
    }
    ends: ClassVar[str] = "never"
    progress: float = 100.0
    electricity: float = -0.1
    stall: float = -0.01
    limits: float = -0.1
    near: float = 0.02  # targets lie between these distances from the shoulder, where the fingertip gets [m]
    far: float = 0.21

    def __post_init__(self) -> None:
        """Check robot and parameters.

        Raises:
            InvalidInput: the robot has not two joints, or targets are not between two distances.
        """
        if len(self.robot.joints) != 2:
            raise InvalidInput(f"it is for an arm of two joints, not for {self.robot.name!r}")
        check_range("near", self.near, 0.0, self.far)

    def begin(self, placement: Placement, memory: np.ndarray, rng: np.random.Generator) -> tuple[Placement, np.ndarray]:
        """Turn the arm any way, and lay the target anywhere in its reach."""
        ends = [(joint.lower, joint.upper) for joint in self.robot.joints]
        turns = [rng.uniform(-math.pi if low is None else low, math.pi if high is None else high) for low, high in ends]
        distance, way = math.sqrt(rng.uniform(self.near**2, self.far**2)), rng.uniform(-math.pi, math.pi)
        target = np.array([distance * math.cos(way), distance * math.sin(way)])
        return dataclasses.replace(placement, joints=tuple(turns)), target + placement.position

    def observe(self, now: State) -> np.ndarray:
        """Return target, way from it to the tip; cosine, sine, speed of the shoulder; elbow and speed (..., 9)."""
        angle = now.joints[..., 0, 0]
        seen = np.empty((*angle.shape, 9))
        seen[..., :2] = now.memory
        np.subtract(now.position[..., :2], now.memory, out=seen[..., 2:4])
        np.cos(angle, out=seen[..., 4])
        np.sin(angle, out=seen[..., 5])
        seen[..., 6] = now.joints[..., 0, 1]
        seen[..., 7:] = now.joints[..., 1, :]
        return seen

    def reward(self, was: State, action: np.ndarray, now: State, dt: float) -> dict[str, np.ndarray]:
        """Return progress, and the cost of torque, speed and limits."""
        return {
            "progress": self.progress * (_distance(was) - _distance(now)),
            "electricity": np.abs(action * now.joints[..., 1]).dot(self._prices[0]),
            "stall": np.abs(action).dot(self._prices[1]),
            "limits": self.limits * (np.abs(now.joints[..., 1, 0]) > AT_LIMIT),
        }

    def over(self, now: State) -> np.ndarray:
        """Return that no episode ends."""
        return np.zeros(now.points.shape, dtype=bool)

    @cached_property
    def _prices(self) -> tuple[np.ndarray, np.ndarray]:
        """What each joint pays; a dot product is the quickest weighted sum of a few numbers."""
        joints = np.ones(len(self.robot.joints))
        return self.electricity * joints, self.stall * joints

    def marks(self, now: State, world: int, place: int) -> Sequence[Mark]:
        """Show the target."""
        x, y = now.memory[world, place].tolist()
        return (Mark((x, y, 0.01), 0.009),)

    def entries(self) -> list[str]:
        """Return what each number of an observation is."""
        places = [f"{what} {axis} [m]" for what in ("target", "fingertip from the target") for axis in "xy"]
        turns = ["cosine of the shoulder's angle", "sine of the shoulder's angle", "speed of the shoulder [10 rad/s]"]
        return [*places, *turns, "elbow, -1 to 1 between its limits", "speed of the elbow [10 rad/s]"]

    def felt_at(self) -> Sequence[Joint | str | None]:
        """Return where each number of an observation is felt; target and fingertip by the whole arm."""
        shoulder, elbow = self.robot.joints
        return [None] * 4 + [shoulder] * 3 + [elbow] * 2


def _distance(now: State) -> np.ndarray:
    way = now.position[..., :2] - now.memory
    return np.hypot(way[..., 0], way[..., 1])
