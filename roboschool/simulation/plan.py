"""What a scene randomizes of one agent: the names of the numbers that are drawn, and what each is for."""

import math
from collections.abc import Sequence
from typing import TypeAlias

import numpy as np

from roboschool.mdp.actuator import QUANTITIES
from roboschool.mdp.conditions import BodyConditions, Vector
from roboschool.mdp.effects import Placement
from roboschool.mdp.sensor import sensor_name
from roboschool.mdp.task import Task, sensors_of
from roboschool.scenes.randomize import COMMON, NOISE, START, PushRanges, Randomize, drawn_numbers, moving_joints
from roboschool.scenes.scene import Scene

SCALED = ("torque", "kp", "kd", "effort", "stall", "droop")  # by the strength of a motor
NEUTRAL = (0.0, 1.0)  # what is behind the numbers that are drawn
ADDEND, FACTOR = -2, -1  # their places
Drawn: TypeAlias = Sequence[float]  # the numbers of an agent in an episode, then 0 and 1


class Plan:
    """What is drawn for an agent with a task in a scene.

    Args:
        scene: which.
        task: of the agent.
        ranges: in place of the scene's.
    """

    def __init__(self, scene: Scene, task: Task, ranges: Randomize | None = None) -> None:
        self.robot, self.dt = task.robot, scene.timestep
        ranges = ranges or scene.randomize or Randomize()
        self.push: PushRanges | None = ranges.push
        sensors = sensors_of(task, scene.info)
        drawn = drawn_numbers(ranges, self.robot, [sensor_name(sensor) for sensor in sensors])
        self.common = sum(number.key in COMMON for number in drawn)
        self.order = sorted(range(len(drawn)), key=lambda place: drawn[place].key == NOISE)  # as they are drawn
        self.names = tuple(drawn[place].name for place in self.order)
        numbers = [drawn[place].number for place in self.order]
        bounds = [number if isinstance(number, tuple) else (number, number) for number in numbers]
        self.low = np.array([low for low, _ in bounds])
        self.span = np.array([high - low for low, high in bounds])
        self._places = {name: place for place, name in enumerate(self.names)}
        joints, moving = [joint.name for joint in self.robot.joints], moving_joints(self.robot)
        self._gravity, self._wind = self._axes("gravity"), self._axes("wind")
        self._bounce, self._slip = self.find("restitution"), self._at("friction", FACTOR)
        self._payload = self._at("payload")
        names = ("position_x", "position_y", "yaw", "pitch", "roll", "height")
        self._start = [self._at(f"{START}_{name}") for name in names]
        self._velocity, self._turning = self._axes(f"{START}_velocity"), self._axes(f"{START}_angular_velocity")
        self._mass = self._find("mass", [link.name for link in self.robot.model.links], FACTOR)
        self._damping = self._find("joint_damping", moving, ADDEND)
        self._friction = self._find("joint_friction", moving, ADDEND)
        self._offsets = self._find("start_joints", joints, ADDEND)
        self._speeds = self._find("start_joint_speeds", joints, ADDEND)
        self._moves = any(number.key == START for number in drawn)
        self._units = [1.0 if joint.kind == "prismatic" else math.pi / 180.0 for joint in self.robot.joints]
        strength, kp, kd = (self._find(key, joints, FACTOR) for key in ("motor_strength", "kp", "kd"))
        self.scales = self._scaled(strength, kp, kd) if strength or kp or kd else None
        counts = [(sensor_name(sensor), len(sensor.fields(self.robot, scene.info))) for sensor in sensors]
        self.noise = self._find("noise", [name for name, count in counts for _ in range(count)], ADDEND)

    def _find(self, key: str, names: Sequence[str], neutral: int) -> list[int]:
        """Return for each name the place of its number; nothing if none is drawn."""
        if key in self._places:
            return [self._places[key]] * len(names)
        places = [self._places.get(f"{key}/{name}", neutral) for name in names]
        return places if any(place != neutral for place in places) else []

    def _scaled(self, strength: list[int], kp: list[int], kd: list[int]) -> np.ndarray:
        """Return the places of the two factors of each number that `Drive.command` returns for the robot (2, n)."""
        joints = len(self.robot.joints)
        one = [FACTOR] * joints
        if not self.robot.has_feedback:
            return np.array([strength or one, one])
        rows = [strength or one if name in SCALED else one for name in QUANTITIES]
        gains = [{"kp": kp, "kd": kd}.get(name) or one for name in QUANTITIES]
        late = self.robot.is_late
        whole = [[*each, *each, one] if late else each for each in (rows, gains)]
        return np.array([np.concatenate(each) for each in whole])

    def _axes(self, name: str) -> tuple[int, int, int]:
        """Return the places of the three numbers of a vector."""
        return self._at(f"{name}_x"), self._at(f"{name}_y"), self._at(f"{name}_z")

    def _at(self, name: str, neutral: int = ADDEND) -> int:
        """Return the place of a number, or of what changes nothing if it is not drawn."""
        return self._places.get(name, neutral)

    def find(self, name: str) -> int | None:
        """Return the place of a number, if it is drawn."""
        return self._places.get(name)

    def world(self, drawn: Drawn) -> tuple[Vector, float | None, Vector, float]:
        """Return what is added to gravity, the restitution if it is drawn, the wind, and the factor of friction."""
        gravity, wind = (_take(drawn, places) for places in (self._gravity, self._wind))
        return gravity, None if self._bounce is None else drawn[self._bounce], wind, drawn[self._slip]

    def body(self, drawn: Drawn) -> BodyConditions:
        """Return what physics changes of the robot."""
        mass, damping, friction = (
            tuple([drawn[place] for place in places]) for places in (self._mass, self._damping, self._friction)
        )
        return BodyConditions(mass, damping, friction, drawn[self._payload])

    def place(self, drawn: Drawn, placement: Placement) -> Placement:
        """Return where the robot begins; what the scene proposes, changed."""
        if not self._moves:
            return placement
        motors = self.robot.motors
        joints, speeds = placement.joints, placement.speeds
        if self._offsets:
            offsets = zip(joints, self._offsets, self._units, strict=True)
            near = np.array([joint + drawn[place] * unit for joint, place, unit in offsets])
            joints = tuple(near.clip(motors.lower[0, 0], motors.upper[0, 0]).tolist())
        if self._speeds:
            speeds = tuple([drawn[place] * unit for place, unit in zip(self._speeds, self._units, strict=True)])
        x, y, yaw, pitch, roll, height = [drawn[place] for place in self._start]
        turning = _take(drawn, self._turning)
        return Placement(  # `dataclasses.replace` takes as long as all else here
            (placement.position[0] + x, placement.position[1] + y),
            placement.yaw + math.radians(yaw),
            joints,
            placement.passive_joints,
            placement.pitch + math.radians(pitch),
            math.radians(roll),
            height,
            placement.trunk_height,
            _take(drawn, self._velocity),
            (math.radians(turning[0]), math.radians(turning[1]), math.radians(turning[2])),
            speeds,
        )


def _take(drawn: Drawn, places: tuple[int, int, int]) -> Vector:
    """Return the three numbers of a vector."""
    x, y, z = places
    return drawn[x], drawn[y], drawn[z]
