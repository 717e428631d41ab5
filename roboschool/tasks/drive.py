"""Drive to a goal that moves."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, Any, ClassVar

import numpy as np

from roboschool.errors import InvalidInput
from roboschool.mdp.effects import Marker, Placement
from roboschool.mdp.record import Record, quantity
from roboschool.mdp.scene_info import SceneInfo
from roboschool.mdp.sensor import Sensor
from roboschool.mdp.state import State
from roboschool.mdp.task import Task, Update
from roboschool.mdp.term import Term, constant
from roboschool.schema import Bounds
from roboschool.sensors.feet import FootContacts
from roboschool.sensors.goal import Goal
from roboschool.sensors.joints import joint_sensors
from roboschool.sensors.trunk import AngularVelocity, RollPitch, TrunkHeight, TrunkVelocity


class GoalMemory(Record):
    """What is remembered of a goal."""

    goal: np.ndarray = quantity(2, unit="m", frame="world", doc="where it is")
    pace: np.ndarray = quantity(2, unit="m a step", frame="world", doc="how it moves")


@dataclass(frozen=True)
class Drive(Task):
    """Drive to a goal that moves along a line; when it has been reached, another one appears.

    It is for robots that are not fixed to the world: with wheels, or with legs.
    """

    memory: ClassVar[type[Record]] = GoalMemory
    observation_limit: ClassVar[float] = 10.0
    near: Annotated[float, Bounds(0.0, 100.0)] = 2.0  # goals appear between these distances from the robot [m]
    far: Annotated[float, Bounds(0.1, 100.0)] = 5.0
    pace: Annotated[float, Bounds(0.0, 1.0)] = 0.005  # by which the goal moves in a step [m]
    reach: Annotated[float, Bounds(0.01, 10.0)] = 0.4  # distance at which it has been reached [m]

    def __post_init__(self) -> None:
        """Check robot and parameters.

        Raises:
            InvalidInput: the robot is fixed to the world or held in a plane, or a parameter is out of range.
        """
        super().__post_init__()
        if self.robot.fixed or self.robot.planar:
            raise InvalidInput(f"it is for a robot that moves on the ground, not for {self.robot.name!r}")
        if self.near > self.far:
            raise InvalidInput(f"near: {self.near:g} is above far, {self.far:g}")

    def reset(self, placement: Placement, memory: Any, rng: np.random.Generator) -> Placement:
        """Let the first goal appear."""
        memory.goal[:], memory.pace[:] = self._appear(placement.position, rng)
        return placement

    def update(self, previous: State, state: State, active: np.ndarray, rngs: Sequence[np.random.Generator]) -> Update:
        """Move the goal; where it has been reached, let another one appear."""
        memory = state.memory.copy()
        memory.goal += memory.pace
        reached = (_distance(state, state) < self.reach) & active
        if np.count_nonzero(reached):
            for world, agent in np.argwhere(reached):
                start = state.position[world, agent, :2].tolist()
                memory.goal[world, agent], memory.pace[world, agent] = self._appear(start, rngs[world])
        return Update(memory)

    def _appear(self, start: Sequence[float], rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
        """Return where a goal is, seen from the world, and how it moves."""
        distance, angle, way = rng.uniform(self.near, self.far), *rng.uniform(-math.pi, math.pi, 2)
        goal = np.array([start[0] + distance * math.cos(angle), start[1] + distance * math.sin(angle)])
        return goal, self.pace * np.array([math.cos(way), math.sin(way)])

    def sensors(self, scene: SceneInfo) -> Sequence[Sensor]:
        """Return the goal, the trunk and how it moves, joints, feet."""
        trunk = (TrunkHeight(), TrunkVelocity(), AngularVelocity(), RollPitch())
        return (Goal(), *trunk, *joint_sensors(self.robot), FootContacts())

    def rewards(self, scene: SceneInfo) -> Sequence[Term]:
        """Return progress, goals, and the price of effort and of a fall."""
        mean = constant(np.full(len(self.robot.joints), 1.0 / len(self.robot.joints)))

        def progress(previous: State, action: np.ndarray, state: State, dt: float) -> np.ndarray:
            return (_distance(previous, previous) - _distance(state, previous)) / dt

        def reached(previous: State, action: np.ndarray, state: State, dt: float) -> np.ndarray:
            return 1.0 * (_distance(state, previous) < self.reach)

        def effort(previous: State, action: np.ndarray, state: State, dt: float) -> np.ndarray:
            return (action * action).dot(mean)

        def fall(previous: State, action: np.ndarray, state: State, dt: float) -> np.ndarray:
            return 1.0 - state.upright

        return (
            Term("progress", 1.0, "speed toward the goal", progress, "m/s"),
            Term("reached", 10.0, "1 for a goal that has been reached", reached),
            Term("effort", -0.05, "mean of action squared", effort),
            Term("fall", -10.0, "1 once fallen", fall),
        )

    def markers(self, state: State, world: int, agent: int) -> Sequence[Marker]:
        """Show the goal: a ball on the ground."""
        x, y = state.memory.goal[world, agent].tolist()
        return (Marker((x, y, 0.15), 0.15),)


def _distance(state: State, goals: State) -> np.ndarray:
    """Return how far the robots are from the goals of another moment [m] (...)."""
    offset = goals.memory.goal - state.position[..., :2]
    distance: np.ndarray = np.hypot(offset[..., 0], offset[..., 1])
    return distance
