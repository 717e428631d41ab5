"""Run to a flag, get up after a fall, and bear cubes thrown at you, by the rules of Roboschool v1."""

import dataclasses
import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from roboschool.errors import check_range
from roboschool.mdp.effects import Launch, Placement
from roboschool.mdp.state import State
from roboschool.tasks.flagrun import Flagrun

# On its feet, on its front, on its back [rad]. Not quite 90 degrees as in v1: there the heading is rounding noise.
PITCH = (0.0, math.pi / 2 - 0.05, 1.5 * math.pi - 0.15)
LOW = 0.8  # a trunk below this is on the ground [m]
RISEN = 0.7  # height from which on standing up pays no more [m]
LAST = 10  # episodes from each pose that the choice of the next is based on
FRAME, GROUND, POSE, HISTORY = (
    3,
    4,
    5,
    slice(6, 6 + len(PITCH) * LAST),
)  # columns of the memory, after those of the flag
DOOMED = 10_000.0  # counter of one that fell though it began on its feet
EVERY, FROM = 30, 100  # a cube is thrown at these steps, after so many [steps]
AWAY, ABOVE = 4.0, 1.0  # where it comes from, relative to where it is aimed [m]
FAST = (20.0, 30.0)  # its speed [m/s]


@dataclass(frozen=True)
class FlagrunHarder(Flagrun):
    """Run to flags from three poses, the hardest most often; a fall is not the end if one gets up in time."""

    heights: ClassVar[tuple[str, ...]] = ("pelvis",)
    memory: ClassVar[tuple[str, ...]] = (
        *Flagrun.memory,
        "frame",
        "ground",
        "pose",
        *(f"{pose}_{i}" for pose in ("feet", "front", "back") for i in range(LAST)),
    )
    pays: ClassVar[dict[str, str]] = Flagrun.pays | {
        "alive": "{low:g} to {high:g}, as high as chest and pelvis are, for every step; -1 when down for too long",
        "progress": "speed toward the flag [m/s], while not on the ground",
        "electricity": "{electricity:+g}, on the ground {crawl:+g}, x mean of |action x joint speed|; "
        "{stall:+g} x mean of action squared",
        "rise": "{rise:g} x what the bonus for being alive has gained",
    }
    ends: ClassVar[str] = "on the ground for {down} steps; at once if the episode began on its feet"
    electricity: float = -1.0
    crawl: float = -0.4  # electricity on the ground
    stall: float = -0.425
    low: float = 0.5  # bonus for being alive, flat on the ground
    high: float = 2.0  # and on its feet
    rise: float = 100.0
    down: int = 170  # steps on the ground that end an episode
    survive: int = 1000  # steps after which a start from a pose counts as mastered; as many as the scene's, at most
    cube: str = "cube"  # the prop that is thrown

    def __post_init__(self) -> None:
        """Check the parameters.

        Raises:
            InvalidInput: one is out of range.
        """
        super().__post_init__()
        check_range("down", self.down, 1, 10**9)
        check_range("survive", self.survive, 1, 10**9)
        check_range("low", self.low, 0.0, self.high)

    @property
    def throws(self) -> tuple[str, ...]:
        """The cube."""
        return (self.cube,)

    def begin(self, placement: Placement, memory: np.ndarray, rng: np.random.Generator) -> tuple[Placement, np.ndarray]:
        """Choose a pose by how often those before have failed, after noting how the last episode went."""
        history = _note(memory, self.survive, self.down)
        weights = 1.0 - (history == 1.0).sum(axis=-1) / (1.0 + (history != 0.0).sum(axis=-1))
        pose = int(rng.choice(len(PITCH), p=weights / weights.sum()))
        placement, memory = super().begin(placement, memory, rng)
        memory[FRAME], memory[GROUND], memory[POSE], memory[HISTORY] = 0.0, 0.0, pose, history.ravel()
        return dataclasses.replace(placement, pitch=PITCH[pose]), memory

    def plan(
        self, was: State, now: State, live: np.ndarray, rngs: Sequence[np.random.Generator]
    ) -> tuple[np.ndarray, Sequence[Launch]]:
        """Move the flag, count the steps on the ground, and throw the cube at those who stand."""
        memory, _ = super().plan(was, now, live, rngs)
        memory[..., FRAME] += 1.0
        fallen = now.position[..., 2] < LOW
        ground = np.maximum(memory[..., GROUND] + np.where(fallen, 1.0, -1.0), 0.0)
        memory[..., GROUND] = np.where(fallen & (memory[..., POSE] == 0.0), DOOMED, ground)
        frame = memory[..., FRAME]
        due = (frame % EVERY == 0.0) & (frame > FROM) & (memory[..., GROUND] == 0.0) & live
        return memory, [self._throw(now, world, agent, rngs[world]) for world, agent in np.argwhere(due).tolist()]

    def _throw(self, now: State, world: int, agent: int, rng: np.random.Generator) -> Launch:
        """Aim where the robot will be when the cube arrives."""
        speed, way = rng.uniform(*FAST), rng.uniform(-math.pi, math.pi)
        aim = now.position[world, agent] + now.drift[world, agent] * (AWAY / speed)
        start = aim + np.array([AWAY * math.cos(way), AWAY * math.sin(way), ABOVE])
        flight = (aim - start) * (speed / np.linalg.norm(aim - start)) + rng.uniform(-1.0, 1.0, 3)
        return Launch(world, self.cube, tuple(start.tolist()), tuple(flight.tolist()))

    def reward(self, was: State, action: np.ndarray, now: State, dt: float) -> dict[str, np.ndarray]:
        """Return the terms of `Flagrun`, and what getting up pays."""
        terms = super().reward(was, action, now, dt)
        fallen = now.position[..., 2] < LOW
        before, after = self._bonus(was), self._bonus(now)
        less = (self.crawl - self.electricity) * np.abs(action * now.joints[..., 1]).mean(axis=-1)
        terms["alive"] = np.where(self.over(now), -1.0, after)
        terms["progress"] = np.where(fallen, 0.0, terms["progress"])
        terms["electricity"] = terms["electricity"] + fallen * less
        return terms | {"rise": self.rise * (after - before)}

    def _bonus(self, now: State) -> np.ndarray:
        height = (0.7 * now.position[..., 2] + 0.3 * now.heights[..., 0]).clip(0.0, RISEN)
        return self.low + (self.high - self.low) * height / RISEN

    def over(self, now: State) -> np.ndarray:
        """Return whether each agent has been on the ground for too long."""
        return now.memory[..., GROUND] >= self.down


def _note(memory: np.ndarray, survive: int, down: int) -> np.ndarray:
    """Return how the last episodes from each pose went (pose, episode): 1 mastered, -1 failed, 0 none yet."""
    history = memory[HISTORY].reshape(len(PITCH), LAST).copy()
    mastered, failed = memory[FRAME] >= survive, memory[GROUND] >= down
    if mastered or failed:
        pose = int(memory[POSE])
        history[pose] = np.append(history[pose, 1:], -1.0 if failed else 1.0)
    return history
