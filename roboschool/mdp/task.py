"""The contract of a task, and how a task is found by its name."""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

import numpy as np

from roboschool.errors import check_choice
from roboschool.mdp.effects import Launch, Mark, Placement
from roboschool.mdp.state import State
from roboschool.plugins import builtin_classes, find_class, make
from roboschool.robots.robot import Robot
from roboschool.robots.urdf import Joint

FASTEST = 100.0  # Bullet lets nothing move faster [m/s, rad/s]


@dataclass(frozen=True)
class Task(ABC):
    """What is wanted of agents with one robot: frozen parameters and pure functions of arrays.

    Arrays lead with (world, agent); a task reduces over trailing axes only, so it never knows how many there are.
    A task never acts: what it asks for is returned as data, and what it remembers is a part of the state.
    """

    robot: Robot
    sight: ClassVar[float] = FASTEST  # everything an agent sees is within this, either way
    sees: ClassVar[frozenset[str]] = frozenset()  # of "props", "others", "game": what it needs in its state
    heights: ClassVar[tuple[str, ...]] = ()  # links whose height it needs
    memory: ClassVar[tuple[str, ...]] = ()  # names of the numbers it remembers; with any, `plan` is called each step
    pays: ClassVar[dict[str, str]] = {}  # what each term of the reward is, for people; {alive:g} stands for a parameter
    ends: ClassVar[str] = ""  # when an episode ends, for people; {fallen} stands for the robot's `fallen`

    @property
    def throws(self) -> tuple[str, ...]:
        """The props that `plan` may throw; each must be there, and be thrown by nobody else."""
        return ()

    @abstractmethod
    def observe(self, now: State) -> np.ndarray:
        """Return what each agent sees (world, agent, n)."""

    @abstractmethod
    def reward(self, was: State, action: np.ndarray, now: State, dt: float) -> dict[str, np.ndarray]:
        """Return the named terms whose sum is the reward, each (world, agent).

        Args:
            was: the state before the step.
            action: what was applied, within -1 and 1 (world, agent, joints).
            now: the state after the step.
            dt: the time between the two [s].
        """

    @abstractmethod
    def over(self, now: State) -> np.ndarray:
        """Return whether each agent's episode has ended, as booleans (world, agent)."""

    def begin(self, placement: Placement, memory: np.ndarray, rng: np.random.Generator) -> tuple[Placement, np.ndarray]:
        """Return where one agent's robot begins an episode, and what the task then remembers.

        Args:
            placement: what the scene proposes.
            memory: from the end of the last episode; zeros if there is none or the world was seeded anew (m,).
            rng: the world's generator; all randomness comes from it.
        """
        return placement, np.zeros(memory.shape)

    def plan(
        self, was: State, now: State, live: np.ndarray, rngs: Sequence[np.random.Generator]
    ) -> tuple[np.ndarray, Sequence[Launch]]:
        """Return what is remembered after a step, and what is asked of the worlds; called before the reward is paid.

        Args:
            was: the state before the step.
            now: the state after it, with the memory of the one before.
            live: who takes part (world, agent); for others nothing may be drawn, and what is returned is ignored.
            rngs: the generator of each world.
        """
        return now.memory, ()

    def marks(self, now: State, world: int, place: int) -> Sequence[Mark]:
        """Return what is shown in pictures beside the bodies, for one agent."""
        return ()

    def entries(self) -> list[str]:
        """Return what each number of an observation is, with its unit, for people; empty if nobody has said."""
        return []

    def felt_at(self) -> Sequence[Joint | str | None]:
        """Return where each number of an observation is felt, so that agents who share a robot see what is near them.

        At a joint, at a link (its name), or (None) by the whole robot; empty if nobody has said.
        """
        return []


def make_task(where: str, robot: Robot, spec: dict[str, Any], beside: Path | None = None) -> Task:
    """Return the task that a scene asks for, as `{name = "run", alive = 2.0}` or `{name = "package.module:Class"}`.

    A module of the scene's own may be in the folder `beside`.

    Raises:
        InvalidInput: the task or one of its parameters is unknown or of the wrong type.
    """
    own = builtin_classes("games", "observations", "scripted", "race", holds="Player") | builtin_classes("tasks")
    cls = find_class(f"{where}: ", "task", spec.get("name"), own, Task, beside)  # type: ignore[type-abstract]
    task = make(where, "task", spec, cls, robot=robot)
    for link in task.heights:
        check_choice(link, [other.name for other in robot.model.links], "link", f"{where}: task {spec['name']!r}")
    return task
