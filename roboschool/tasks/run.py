"""Run toward +x, by the rules of Roboschool v1."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import ClassVar

import numpy as np

from roboschool.mdp.state import UNKNOWN_SPEED, State
from roboschool.mdp.task import Task
from roboschool.robots.urdf import Joint

PACE = 0.3  # what a trunk velocity of 1 m/s looks like
ONE = np.array(1.0)  # arrays, because numpy is quicker with them than with numbers
FALLEN = np.array(0.0)  # `upright` of a robot that has
AT_LIMIT = np.array(0.99)  # a joint closer to its limit than this is at it, 1 being the limit
TRUNK = (
    "height over the stance [m]",
    "sine of the angle to the goal",
    "cosine of the angle to the goal",
    "0.3 x speed forward [m/s]",
    "0.3 x speed to the left [m/s]",
    "0.3 x speed upward [m/s]",
    "roll [rad]",
    "pitch [rad]",
)


def joint_entries(joint: Joint) -> tuple[str, str]:
    """Return what the two numbers of a joint in a `State` are."""
    place = "-1 to 1 between its limits" if joint.lower is not None else "[rad]"
    unit = "m/s" if joint.kind == "prismatic" else "rad/s"
    return f"{joint.name}, {place}", f"{joint.name} speed [{joint.velocity or UNKNOWN_SPEED:g} {unit}]"


@dataclass(frozen=True)
class Run(Task):
    """Run along +x as fast as possible, without falling, wasting energy or stopping joints at their limits."""

    sight: ClassVar[float] = 5.0
    pays: ClassVar[dict[str, str]] = {
        "alive": "{alive:+g} for every step, -1 once fallen",
        "progress": "speed along +x [m/s]",
        "electricity": "{electricity:+g} x mean of |action x joint speed|, {stall:+g} x mean of action squared",
        "limits": "{limits:+g} for every joint at a limit (closer to it than 1 % of half its range)",
        "collision": "{collision:+g} for every foot that presses on anything but the ground",
    }
    ends: ClassVar[str] = "{fallen}"
    alive: float = 1.0  # for every step not fallen; falling costs 1
    electricity: float = -2.0  # times the mean of |action x joint speed|
    stall: float = -0.1  # times the mean of action squared
    limits: float = -0.2  # for every joint at a limit
    collision: float = -1.0  # for every foot that presses on something other than the ground

    def observe(self, now: State) -> np.ndarray:
        """Return height over the stance, bearing of +x, velocity, roll and pitch, joints, feet (..., 8 + 2J + F)."""
        seen = now.felt - self._origin
        seen *= self._scale
        return np.minimum(np.maximum(seen, self._lowest, out=seen), self._highest, out=seen)

    def reward(self, was: State, action: np.ndarray, now: State, dt: float) -> dict[str, np.ndarray]:
        """Return the five terms of Roboschool; progress is the speed along +x [m/s]."""
        position, speed = now.joints[..., 0], now.joints[..., 1].copy()  # side by side they are multiplied quicker
        power, heat, limits, collisions = self._prices
        return {
            "alive": now.upright * self._standing - ONE,
            "progress": (now.position[..., 0] - was.position[..., 0]) / dt,
            "electricity": np.abs(action * speed).dot(power) + (action * action).dot(heat),
            "limits": (np.abs(position) > AT_LIMIT).dot(limits),
            "collision": now.bumps.dot(collisions),
        }

    def over(self, now: State) -> np.ndarray:
        """Return whether each agent has fallen."""
        return now.upright == FALLEN

    def entries(self) -> list[str]:
        """Return what each number of an observation is."""
        joints = [entry for joint in self.robot.joints for entry in joint_entries(joint)]
        return [*TRUNK, *joints, *(f"{foot} on the ground" for foot in self.robot.feet)]

    def felt_at(self) -> Sequence[Joint | str | None]:
        """Return where each number of an observation is felt: as `entries`, the trunk's by the whole robot."""
        joints = [joint for joint in self.robot.joints for _ in joint_entries(joint)]
        return [*(None for _ in TRUNK), *joints, *self.robot.feet]

    @cached_property
    def _origin(self) -> np.ndarray:
        """What is taken off each felt number: the standing height off the height; with all the axes of a state."""
        origin = np.zeros(self._scale.shape)
        origin[..., 0] = self.robot.standing_height
        return origin

    @cached_property
    def _scale(self) -> np.ndarray:
        trunk = [1.0, 1.0, 1.0, PACE, PACE, PACE, 1.0, 1.0]
        return np.array([[trunk + [1.0] * (2 * len(self.robot.joints) + len(self.robot.feet))]])

    @cached_property
    def _lowest(self) -> np.ndarray:
        return np.array(-self.sight)

    @cached_property
    def _highest(self) -> np.ndarray:
        return np.array(self.sight)

    @cached_property
    def _standing(self) -> np.ndarray:
        """What standing pays, over having fallen."""
        return np.array(self.alive + 1.0)

    @cached_property
    def _prices(self) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
        """What each joint and foot pays; a dot product is the quickest weighted sum of a few numbers."""
        joints, feet = np.ones(len(self.robot.joints)), np.ones(len(self.robot.feet))
        each = joints / len(joints)
        ends = np.array([joint.lower is not None for joint in self.robot.joints])
        return self.electricity * each, self.stall * each, self.limits * ends, self.collision * feet
