"""The state of a world as data: what a camera needs, and what a world needs to be restored."""

import hashlib
from array import array
from collections.abc import Iterator
from dataclasses import dataclass, field, fields, replace
from typing import Any, TypeAlias

from roboschool.mdp.conditions import NOMINAL, Conditions, Vector
from roboschool.mdp.effects import Placement, Push
from roboschool.mdp.sensor import Sensor
from roboschool.scenes.scene import Scene

Triple: TypeAlias = tuple[float, float, float]
Quaternion: TypeAlias = tuple[float, float, float, float]  # x, y, z, w


SENSORS = ("added", "privileged")  # of a task; they are described apart


@dataclass(frozen=True)
class Snapshot:
    """Poses and speeds of every body of a world, exactly, as plain numbers."""

    gravity: float
    friction: float
    placements: tuple[Placement, ...]  # of the robots
    bases: tuple[Any, ...]  # position, orientation, velocity, angular velocity of each robot, then of each prop
    joints: tuple[Any, ...]  # positions and speeds of the joints of each
    starts: tuple[tuple[Triple, Quaternion], ...] = ()  # where each prop began; a camera needs none
    tile: int = 0  # of the terrain


@dataclass(frozen=True)
class Start:
    """What an episode of a world begins with."""

    placements: tuple[Placement, ...]  # of the robots
    props: tuple[tuple[Triple, float], ...] = ()  # position [m] and yaw [rad] of each
    gravity: float = 9.8  # downwards [m/s2]
    friction: float = 0.8  # of the ground
    conditions: Conditions = NOMINAL
    tile: int = 0  # of the terrain


@dataclass
class EpisodeLog:
    """All inputs of a world since its episode began. The same log gives the same world, bit for bit."""

    start: Start
    steps: int = 0
    commands: "array[float]" = field(default_factory=lambda: array("d"))  # for all robots, step after step
    launches: list[tuple[int, str, Triple, Triple]] = field(default_factory=list)  # after this number of steps: which
    base: "WorldCheckpoint | None" = None  # what was loaded inexactly and counts as the beginning
    pushes: list[tuple[int, Push]] = field(default_factory=list)  # likewise

    def copy(self) -> "EpisodeLog":
        """Return an independent copy."""
        return EpisodeLog(self.start, self.steps, self.commands[:], self.launches[:], self.base, self.pushes[:])

    def begun_at(self, checkpoint: "WorldCheckpoint") -> "EpisodeLog":
        """Return the log of an episode that starts at Bullet's state in a checkpoint."""
        empty = EpisodeLog(self.start)
        return replace(empty, base=replace(checkpoint, log=empty))

    def rows(self) -> Iterator[list[float]]:
        """Go through the steps: the commands for all robots, one after the other."""
        size = len(self.commands) // max(1, self.steps)
        for step in range(self.steps):
            yield self.commands[step * size : (step + 1) * size].tolist()


@dataclass(frozen=True)
class WorldCheckpoint:
    """The state of a world in mid-episode. It can be pickled, and is valid in another process."""

    snapshot: Snapshot
    state: bytes  # as Bullet writes it
    contacts: Any  # between all bodies, as Bullet lists them
    log: EpisodeLog
    forces: tuple[tuple[Vector, Vector], ...] = ()  # on each robot: wind, and a push


def describe_scene(scene: Scene) -> dict[str, str]:
    """Return everything beside its state that the future of a world depends on: texts or hashes, by name."""
    described = {name: str(getattr(scene, name)) for name in ("timestep", "substeps", "iterations", "ground")}
    if scene.terrain is not None:
        described["terrain"] = str(scene.terrain)
    for agent in scene.agents:
        robot = agent.robot
        described[f"agent {agent.name!r}: robot"] = _hash(
            robot.model.text, robot.torque, robot.actuators, robot.self_collision, *robot.steering
        )
        described[f"agent {agent.name!r}: task"] = _hash(*_parameters(agent.task))
        if sensors := (*agent.task.added, *agent.task.privileged):
            described[f"agent {agent.name!r}: sensors"] = _hash(*map(_parameters_of_sensor, sensors))
    if scene.randomize is not None and scene.randomize.payload is not None:
        described["payload"] = f"{scene.randomize.payload.position} {scene.randomize.payload.link}"
    for prop in scene.props:
        described[f"prop {prop.name!r}"] = _hash(prop.model.text)
    described["game"] = type(scene.game).__name__
    return described


def _parameters_of_sensor(sensor: Sensor) -> list[str]:
    return [*_parameters(sensor), *_parameters(sensor.source)]


def _parameters(task: Any) -> list[str]:
    """Return the class of a task or a sensor, and those of its parameters that are written alike in every process."""
    plain = (bool, int, float, str, tuple, dict, type(None))
    values = [(each.name, getattr(task, each.name)) for each in fields(task) if each.name not in SENSORS]
    return [type(task).__name__, *(f"{name}={value!r}" for name, value in values if isinstance(value, plain))]


def _hash(*parts: object) -> str:
    return hashlib.sha256(repr(parts).encode()).hexdigest()
