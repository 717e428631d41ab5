"""The numbers of their own that sensors have in the state (`State.own`), and when they are written."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from roboschool.mdp.needs import HIT, Needs
from roboschool.mdp.remembering import RememberingSensor
from roboschool.mdp.scene_info import SceneInfo
from roboschool.mdp.sensor import Field, Sensor
from roboschool.mdp.state import State
from roboschool.mdp.task import Task, privileged_of, sensors_of
from roboschool.robots.robot import Robot


@dataclass(frozen=True)
class BoundSensor(Sensor):
    """A sensor with its numbers in the state."""

    sensor: RememberingSensor
    start: int  # in `State.own`
    stop: int

    @property
    def source(self) -> Sensor:
        """What it observes with."""
        return self.sensor.source

    def fields(self, robot: Robot, scene: SceneInfo) -> Sequence[Field]:
        """Return those of the sensor."""
        return self.sensor.fields(robot, scene)

    def needs(self) -> Needs:
        """Return what the sensor needs."""
        return self.sensor.needs()

    def own(self, state: State) -> np.ndarray:
        """Return a view of its numbers (world, agent, n)."""
        return state.own[..., self.start : self.stop]

    def read(self, previous: State, action: np.ndarray, state: State, dt: float) -> np.ndarray:
        """Return what is observed."""
        return self.sensor.observe(self.own(state), previous, action, state, dt)


def bind(task: Task, scene: SceneInfo, privileged: bool = False) -> list[Sensor]:
    """Return what an agent observes, in order, or what is privileged, each sensor that remembers with its numbers."""
    sensors, observed = _bind_all(task, scene), len(sensors_of(task, scene))
    return sensors[observed:] if privileged else sensors[:observed]


def _bind_all(task: Task, scene: SceneInfo) -> list[Sensor]:
    """Return what an agent observes, then what is privileged."""
    sensors: list[Sensor] = []
    start = 1  # the first is the number of steps
    for sensor in (*sensors_of(task, scene), *privileged_of(task, scene)):
        if not isinstance(sensor, RememberingSensor):
            sensors.append(sensor)
            continue
        stop = start + sensor.size(task.robot, scene)
        sensors.append(BoundSensor(sensor, start, stop))
        start = stop
    return sensors


def _bound(task: Task, scene: SceneInfo) -> list[BoundSensor]:
    return [sensor for sensor in _bind_all(task, scene) if isinstance(sensor, BoundSensor)]


def memory_size(task: Task, scene: SceneInfo) -> int:
    """Return how many numbers of their own the sensors of a task have in the state; 0 if none remembers."""
    return max((sensor.stop for sensor in _bound(task, scene)), default=0)


class SensorMemory:
    """What the sensors of a group remember.

    Args:
        task: of the group.
        scene: where it is.
        state: that of the group.
    """

    def __init__(self, task: Task, scene: SceneInfo, state: State) -> None:
        self._bound = _bound(task, scene)
        self._state = state
        self.is_needed = bool(self._bound)

    def ray_views(self, agent: int) -> list[np.ndarray]:
        """Return where physics writes what the rays of an agent hit, sensor after sensor (world, ray * HIT)."""
        counts = [(each.start, sum(len(fan.directions) for fan in each.needs().rays)) for each in self._bound]
        return [self._state.own[:, agent, start : start + HIT * count] for start, count in counts if count]

    def begin(self, state: State, world: int, rng: np.random.Generator) -> None:
        """Forget everything where an episode of a world begins, and draw from its generator what sensors draw."""
        state.own[world] = 0.0
        for sensor in self._bound:
            for agent in range(state.own.shape[1]):
                sensor.sensor.draw(state.own[world, agent, sensor.start : sensor.stop], rng)

    def start(self, previous: State, action: np.ndarray, state: State, dt: float) -> None:
        """Let sensors remember the state where an episode has begun, if they have not."""
        first = state.own[..., 0] == 0.0
        if first.any():
            self._store(previous, action, state, dt, first, first)

    def advance(self, previous: State, action: np.ndarray, state: State, dt: float, idle: Sequence[int]) -> None:
        """Let sensors remember the state after a step, but in idle worlds."""
        chosen = np.ones(state.own.shape[:-1], dtype=bool)
        chosen[list(idle)] = False
        self._store(previous, action, state, dt, chosen, state.own[..., 0] == 0.0)

    def _store(
        self, previous: State, action: np.ndarray, state: State, dt: float, chosen: np.ndarray, first: np.ndarray
    ) -> None:
        before = state.own.copy()
        for sensor in self._bound:
            sensor.sensor.store(sensor.own(state), first, previous, action, state, dt)
        state.own[..., 0] += 1.0
        np.copyto(state.own, before, where=~chosen[..., None])
