"""Run to a flag that moves, by the rules of Roboschool v1."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, Any, ClassVar

import numpy as np

from roboschool.mdp.effects import Marker, Placement
from roboschool.mdp.record import Record, quantity
from roboschool.mdp.scene_info import SceneInfo
from roboschool.mdp.sensor import Field, Sensor
from roboschool.mdp.state import State
from roboschool.mdp.task import Update
from roboschool.mdp.term import Term
from roboschool.robots.robot import Robot
from roboschool.schema import Bounds
from roboschool.sensors.trunk import WorldXDirection
from roboschool.tasks.run import Run

FIELD = (13.125, 6.25)  # flags stand within this of the middle of the stadium [m]
AHEAD = (13.125, 26.25)  # or straight ahead, between these distances along +x [m]


class FlagMemory(Record):
    """What is remembered of a flag."""

    goal: np.ndarray = quantity(2, unit="m", frame="world", doc="where the flag stands")
    timer: np.ndarray = quantity(unit="steps", doc="until it is put elsewhere")


@dataclass(frozen=True)
class FlagDirection(Sensor):
    """Where the flag is, seen from the robot."""

    def fields(self, robot: Robot, scene: SceneInfo) -> Sequence[Field]:
        """Return sine and cosine."""
        return Field("sine of the angle to the goal"), Field("cosine of the angle to the goal")

    def read(self, previous: State, action: np.ndarray, state: State, dt: float) -> np.ndarray:
        """Return sine and cosine (..., 2)."""
        left, forward = state.world_x_direction[..., 0], state.world_x_direction[..., 1]
        x, y = _offset(state, state)
        distance = np.maximum(np.hypot(x, y), 1e-9)
        numbers = np.empty((*x.shape, 2))
        numbers[..., 0] = (y * forward + x * left) / distance
        numbers[..., 1] = (x * forward - y * left) / distance
        return numbers


@dataclass(frozen=True)
class Flagrun(Run):
    """Run to a flag; it is put elsewhere when the robot has reached it, or when its time is up."""

    memory: ClassVar[type[Record]] = FlagMemory
    flag_steps: Annotated[int, Bounds(1, 10**9)] = 150  # until the flag moves on
    reach: Annotated[float, Bounds(0.0, FIELD[1])] = 1.0  # distance at which it has been reached [m]
    straight: Annotated[float, Bounds(0.0, 1.0)] = 0.5  # share of the episodes whose first flag is straight ahead

    def reset(self, placement: Placement, memory: Any, rng: np.random.Generator) -> Placement:
        """Put up the first flag: straight ahead, or anywhere."""
        goal = _anywhere(rng)
        if rng.random() < self.straight:
            goal = (rng.uniform(*AHEAD), 0.0)
        memory.goal[:], memory.timer[...] = goal, self.flag_steps
        return placement

    def update(self, previous: State, state: State, active: np.ndarray, rngs: Sequence[np.random.Generator]) -> Update:
        """Put the flag elsewhere where it has been reached, or has stood long enough."""
        memory = state.memory.copy()
        memory.timer -= 1.0
        due = (memory.timer <= 0.0) | (self.distance(state, state) < self.reach)
        if np.count_nonzero(due):
            for world, agent in np.argwhere(due & active):
                memory.goal[world, agent] = _anywhere(rngs[world])
                memory.timer[world, agent] = self.flag_steps
        return Update(memory)

    def sensors(self, scene: SceneInfo) -> Sequence[Sensor]:
        """Return what `Run` observes, with the direction of the flag instead of that of +x."""
        sensors = super().sensors(scene)
        return [FlagDirection() if isinstance(sensor, WorldXDirection) else sensor for sensor in sensors]

    def rewards(self, scene: SceneInfo) -> Sequence[Term]:
        """Return the terms of `Run`; progress is the speed toward the flag that stood during the step."""

        def progress(previous: State, action: np.ndarray, state: State, dt: float) -> np.ndarray:
            return (self.distance(previous, previous) - self.distance(state, previous)) / dt

        term = Term("progress", 1.0, "speed toward the flag", progress, "m/s")
        return [term if other.name == term.name else other for other in super().rewards(scene)]

    def markers(self, state: State, world: int, agent: int) -> Sequence[Marker]:
        """Show the flag: a ball on the ground."""
        x, y = state.memory.goal[world, agent].tolist()
        return (Marker((x, y, 0.2), 0.2),)

    def distance(self, state: State, flags: State) -> np.ndarray:
        """Return how far the robots are from the flags of another moment [m] (...)."""
        distance: np.ndarray = np.hypot(*_offset(state, flags))
        return distance


def _offset(state: State, flags: State) -> tuple[np.ndarray, np.ndarray]:
    """Return the way from the robots to the flags of another moment, along x and y [m]."""
    offset = flags.memory.goal - state.position[..., :2]
    return offset[..., 0], offset[..., 1]


def _anywhere(rng: np.random.Generator) -> tuple[float, float]:
    return rng.uniform(-FIELD[0], FIELD[0]), rng.uniform(-FIELD[1], FIELD[1])
