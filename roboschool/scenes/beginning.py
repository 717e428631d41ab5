"""How agents begin an episode if the options of a reset say so: pose, joints, velocity."""

import dataclasses
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from roboschool.errors import InvalidInput, check_choice
from roboschool.mdp.effects import Placement
from roboschool.robots.robot import Robot
from roboschool.scenes.randomize import moving_joints
from roboschool.scenes.scene import Scene

POSE, JOINTS, VELOCITY = PARTS = ("pose", "joints", "velocity")
SIZES = {POSE: (3, 6), VELOCITY: (3, 6)}
WORDS = {
    POSE: "x, y and yaw, or x, y, z, roll, pitch and yaw",
    VELOCITY: "three numbers, or six with the angular velocity",
}
FARTHEST = 500.0  # [m]
FASTEST = 50.0  # Bullet clamps speeds at 100 [m/s, rad/s]


@dataclass(frozen=True)
class Beginning:
    """How one agent begins. What is not given is as the scene has it."""

    pose: tuple[float, ...] = ()  # x, y [m] and yaw [rad] on the ground; or x, y, z of the trunk, roll, pitch and yaw
    joints: Mapping[str, float] = field(default_factory=dict)  # positions by name [rad, or m]
    velocity: tuple[float, ...] = ()  # of the trunk in the world [m/s], and its angular velocity [rad/s]

    def change(self, placement: Placement, robot: Robot) -> Placement:
        """Return a placement that begins so."""
        changes: dict[str, Any] = {}
        if self.pose:
            x, y, *rest, yaw = self.pose
            height, roll, pitch = rest or (None, 0.0, 0.0)
            changes = {"position": (x, y), "yaw": yaw, "trunk_height": height, "roll": roll, "pitch": pitch}
            changes["height"] = 0.0
        if self.joints:
            driven = zip(robot.joints, placement.joints, strict=True)
            changes["joints"] = tuple(self.joints.get(joint.name, here) for joint, here in driven)
            if passive := robot.passive_joints:
                here = placement.passive_joints or (0.0,) * len(passive)
                changes["passive_joints"] = tuple(
                    self.joints.get(name, at) for name, at in zip(passive, here, strict=True)
                )
        placement = dataclasses.replace(placement, **changes)
        if self.velocity:
            cos, sin = math.cos(placement.yaw), math.sin(placement.yaw)
            x, y, z, *turning = self.velocity
            roll, pitch, yaw = turning or (0.0, 0.0, 0.0)
            ahead = cos * x + sin * y, cos * y - sin * x, z
            placement = dataclasses.replace(placement, velocity=ahead, angular_velocity=(roll, pitch, yaw))
        return placement


def check_beginning(where: str, scene: Scene, key: str, given: Any) -> dict[str, Any]:
    """Return what an option of a reset says of each agent that it names.

    Args:
        where: what an error begins with.
        scene: in which the agents are.
        key: one of `PARTS`.
        given: a mapping of agents to values; in a scene with one agent also its value.

    Raises:
        InvalidInput: a value is wrong, or there is no such agent or joint.
    """
    agents = {agent.name: agent for agent in scene.agents}
    where = f"{where}: {key}"
    if not isinstance(given, Mapping) or not agents.keys() & given.keys():
        if len(agents) > 1 and not isinstance(given, Mapping):
            raise InvalidInput(f"{where}: {given!r:.80} is not by agent, like {{{scene.agents[0].name!r}: ...}}")
        given = {scene.agents[0].name: given} if len(agents) == 1 else given
    found: dict[str, Any] = {}
    for name, value in given.items():
        agent = agents[check_choice(name, agents, "agent", where)]
        if key == JOINTS:
            found[name] = _check_joints(f"{where}: {name}", agent.robot, value)
        else:
            found[name] = _check_numbers(f"{where}: {name}", key, value)
    return found


def _check_numbers(where: str, key: str, value: Any) -> tuple[float, ...]:
    """Return a pose or a velocity."""
    most = FARTHEST if key == POSE else FASTEST
    try:
        numbers = tuple(map(float, value))
    except (TypeError, ValueError):
        numbers = ()
    if len(numbers) not in SIZES[key]:
        raise InvalidInput(f"{where}: {value!r:.80} is not {WORDS[key]}")
    if not all(abs(number) <= most for number in numbers):
        raise InvalidInput(f"{where}: {value!r:.80} is not within {-most:g} and {most:g}")
    return numbers


def _check_joints(where: str, robot: Robot, value: Any) -> dict[str, float]:
    """Return positions of joints by name."""
    if not isinstance(value, Mapping):
        raise InvalidInput(f"{where}: {value!r:.80} is not a mapping of joints to positions")
    joints = {joint.name: joint for joint in robot.model.joints}
    known = moving_joints(robot)
    found = {}
    for name, given in value.items():
        joint = joints[check_choice(name, known, "joint", where)]
        if isinstance(given, bool) or not isinstance(given, int | float) or not math.isfinite(given):
            raise InvalidInput(f"{where}: {name}: {given!r:.80} is not a position")
        low = -math.inf if joint.lower is None else joint.lower
        high = math.inf if joint.upper is None else joint.upper
        if not low <= given <= high:
            raise InvalidInput(f"{where}: {name}: {given:g} is not within {low:g} and {high:g}, its limits")
        found[name] = float(given)
    return found


def beginnings_of(scene: Scene, options: Mapping[str, Mapping[str, Any]]) -> dict[int, Beginning]:
    """Return how agents begin, by number, from checked options of a reset by name."""
    names: Sequence[str] = [agent.name for agent in scene.agents]
    named = {name for values in options.values() for name in values}
    return {
        names.index(name): Beginning(**{key: values[name] for key, values in options.items() if name in values})
        for name in sorted(named)
    }
