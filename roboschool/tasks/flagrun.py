"""Run to a flag that moves, by the rules of Roboschool v1."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from roboschool.errors import check_range
from roboschool.mdp.effects import Launch, Mark, Placement
from roboschool.mdp.state import State
from roboschool.tasks.run import Run

FIELD = (13.125, 6.25)  # flags stand within this of the middle of the stadium [m]
AHEAD = (13.125, 26.25)  # or straight ahead, between these distances along +x [m]
GOAL, TIMER = slice(0, 2), 2  # columns of the memory


@dataclass(frozen=True)
class Flagrun(Run):
    """Run to a flag; it is put elsewhere when the robot has reached it, or when time is up."""

    pays: ClassVar[dict[str, str]] = Run.pays | {"progress": "speed toward the flag [m/s]"}
    memory: ClassVar[tuple[str, ...]] = ("goal_x", "goal_y", "timer")
    patience: int = 150  # steps until the flag moves on
    reach: float = 1.0  # distance at which it has been reached [m]
    straight: float = 0.5  # share of the episodes whose first flag is straight ahead

    def __post_init__(self) -> None:
        """Check the parameters.

        Raises:
            InvalidInput: one is out of range.
        """
        check_range("patience", self.patience, 1, 10**9)
        check_range("reach", self.reach, 0.0, FIELD[1])
        check_range("straight", self.straight, 0.0, 1.0)

    def begin(self, placement: Placement, memory: np.ndarray, rng: np.random.Generator) -> tuple[Placement, np.ndarray]:
        """Put up the first flag: straight ahead, or anywhere."""
        goal = _anywhere(rng)
        if rng.random() < self.straight:
            goal = (rng.uniform(*AHEAD), 0.0)
        memory = memory.copy()
        memory[GOAL], memory[TIMER] = goal, self.patience
        return placement, memory

    def plan(
        self, was: State, now: State, live: np.ndarray, rngs: Sequence[np.random.Generator]
    ) -> tuple[np.ndarray, Sequence[Launch]]:
        """Put the flag elsewhere where it has been reached, or has stood long enough."""
        memory = now.memory.copy()
        memory[..., TIMER] -= 1.0
        due = (memory[..., TIMER] <= 0.0) | (self.distance(now, now) < self.reach)
        if np.count_nonzero(due):
            for world, agent in np.argwhere(due & live):
                memory[world, agent, GOAL] = _anywhere(rngs[world])
                memory[world, agent, TIMER] = self.patience
        return memory, ()

    def reward(self, was: State, action: np.ndarray, now: State, dt: float) -> dict[str, np.ndarray]:
        """Return the terms of `Run`; progress is the speed toward the flag that stood during the step [m/s]."""
        terms = super().reward(was, action, now, dt)
        terms["progress"] = (self.distance(was, was) - self.distance(now, was)) / dt
        return terms

    def observe(self, now: State) -> np.ndarray:
        """Return what `Run` does, with the bearing of the flag instead of that of +x."""
        seen = super().observe(now)
        left, forward = now.bearing[..., 0], now.bearing[..., 1]
        x, y = _way(now, now)
        far = np.maximum(np.hypot(x, y), 1e-9)
        seen[..., 1] = (y * forward + x * left) / far
        seen[..., 2] = (x * forward - y * left) / far
        return seen

    def marks(self, now: State, world: int, place: int) -> Sequence[Mark]:
        """Show the flag: a ball on the ground."""
        x, y = now.memory[world, place, GOAL].tolist()
        return (Mark((x, y, 0.2), 0.2),)

    def distance(self, now: State, then: State) -> np.ndarray:
        """Return how far the robots are from the flags of another moment [m] (...)."""
        distance: np.ndarray = np.hypot(*_way(now, then))
        return distance


def _way(now: State, then: State) -> tuple[np.ndarray, np.ndarray]:
    """Return the way from the robots to the flags of another moment, along x and y [m]."""
    way = then.memory[..., GOAL] - now.position[..., :2]
    return way[..., 0], way[..., 1]


def _anywhere(rng: np.random.Generator) -> tuple[float, float]:
    return rng.uniform(-FIELD[0], FIELD[0]), rng.uniform(-FIELD[1], FIELD[1])
