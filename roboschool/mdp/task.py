"""The contract of a task, and how a task is found by its name."""

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, ClassVar

import numpy as np

from roboschool.mdp.effects import Launch, Marker, Placement
from roboschool.mdp.needs import Needs
from roboschool.mdp.parameters import check_parameters
from roboschool.mdp.record import Nothing, Record
from roboschool.mdp.scene_info import SceneInfo
from roboschool.mdp.sensor import Field, Sensor
from roboschool.mdp.state import State
from roboschool.mdp.term import Term
from roboschool.plugins import builtin_classes, find_class, make
from roboschool.robots.robot import Robot

MAX_SPEED = 100.0  # Bullet lets nothing move faster [m/s, rad/s]


@dataclass(frozen=True)
class Update:
    """The results of a task for a step."""

    memory: Record  # what it remembers now (world, agent)
    launches: Sequence[Launch] = ()  # props that it sets in motion


@dataclass(frozen=True)
class Task(ABC):
    """The objective of agents with one robot: frozen parameters and pure functions of arrays.

    Arrays lead with (world, agent); a task reduces over trailing axes only, so that it works for any number of both.
    A task never acts: it returns effects as data, and its memory is a part of the state.

    Attributes:
        robot: which it is about.
        weights: of terms of the reward or of costs, by name, instead of those that the task itself gives them.
        added: sensors that the scene puts on the agent, beside those of the task.
        privileged: likewise, for who trains a policy; they are no part of the observation.
    """

    robot: Robot
    weights: Mapping[str, float] = field(default_factory=dict, hash=False, kw_only=True)
    added: tuple[Sensor, ...] = field(default=(), hash=False, kw_only=True)
    privileged: tuple[Sensor, ...] = field(default=(), hash=False, kw_only=True)
    observation_limit: ClassVar[float] = MAX_SPEED  # every number of an observation is clipped to it, either way
    memory: ClassVar[type[Record]] = Nothing  # what it remembers of each agent; if anything, `update` is called
    ends_when_fallen: ClassVar[bool] = True  # otherwise no episode terminates; a rule of its own overrides `terminated`
    needs: ClassVar[Needs] = Needs()  # of its terms and of `terminated`; sensors tell their own

    def __post_init__(self) -> None:
        """Check the parameters.

        Raises:
            InvalidInput: one is out of the range that its annotation gives.
        """
        check_parameters(self)

    @property
    def launched_props(self) -> tuple[str, ...]:
        """The props that `update` may launch; each must be in the scene, and be launched by nothing else."""
        return ()

    @abstractmethod
    def sensors(self, scene: SceneInfo) -> Sequence[Sensor]:
        """Return what each agent observes, in order."""

    @abstractmethod
    def rewards(self, scene: SceneInfo) -> Sequence[Term]:
        """Return the terms whose sum is the reward."""

    def costs(self, scene: SceneInfo) -> Sequence[Term]:
        """Return the terms whose sum is the cost, which is no part of the reward; none if the task has no cost."""
        return ()

    def terminated(self, state: State) -> np.ndarray:
        """Return whether each agent's episode has ended, as booleans (world, agent): here, whether it has fallen."""
        ended: np.ndarray = state.upright == 0.0
        return ended if self.ends_when_fallen else np.zeros(ended.shape, dtype=bool)

    @property
    def termination(self) -> str:
        """A description of when an episode terminates; empty if the task has a rule of its own and no description."""
        if type(self).terminated is not Task.terminated:
            return ""
        return self.robot.fallen if self.ends_when_fallen else "never"

    def reset(self, placement: Placement, memory: Any, rng: np.random.Generator) -> Placement:
        """Return where one agent's robot begins an episode, and write what the task then remembers.

        Args:
            placement: what the scene proposes.
            memory: a record of the class `memory`: what was remembered at the end of the last episode; zeros if there
                was none or the world was seeded anew. Unless this method is overridden it is set to zeros.
            rng: the generator of the world; all randomness comes from it.
        """
        memory.array[:] = 0.0
        return placement

    def update(self, previous: State, state: State, active: np.ndarray, rngs: Sequence[np.random.Generator]) -> Update:
        """Return what is remembered after a step, and what is launched; called before the reward is computed.

        Args:
            previous: the state before the step.
            state: the state after it, with the memory of the one before; it is not changed here.
            active: who takes part (world, agent); for others nothing may be drawn, and what is returned is ignored.
            rngs: the generator of each world.
        """
        return Update(state.memory)

    def progress(self, state: State, steps: int) -> np.ndarray:
        """Return the share of what was commanded that agents have achieved in an episode (world, agent).

        A curriculum of levels follows it. NaN: too little was commanded to tell.

        Args:
            state: the state when it ended.
            steps: of an episode, if nothing ends it before.
        """
        return np.full(state.upright.shape, np.nan)

    def markers(self, state: State, world: int, agent: int) -> Sequence[Marker]:
        """Return the markers that pictures show for one agent."""
        return ()


def sensors_of(task: Task, scene: SceneInfo) -> tuple[Sensor, ...]:
    """Return what an agent observes, in order: the sensors of its task, then those that its scene adds."""
    return _fit((*task.sensors(scene), *task.added), task, scene)


def privileged_of(task: Task, scene: SceneInfo) -> tuple[Sensor, ...]:
    """Return what is observed of an agent, beside what it observes itself."""
    return _fit(task.privileged, task, scene)


def _fit(sensors: Sequence[Sensor], task: Task, scene: SceneInfo) -> tuple[Sensor, ...]:
    return tuple(sensor.fit(task.robot, scene, task.memory) for sensor in sensors)


def needs_of(task: Task, scene: SceneInfo) -> Needs:
    """Return what a task and its sensors need in their state."""
    needs = task.needs
    for sensor in (*sensors_of(task, scene), *privileged_of(task, scene)):
        needs |= sensor.needs()
    return needs


def fields_of(task: Task, scene: SceneInfo) -> list[Field]:
    """Return the field of each number of an observation."""
    return [field for sensor in sensors_of(task, scene) for field in sensor.fields(task.robot, scene)]


def make_task(where: str, robot: Robot, spec: dict[str, Any], beside: Path | None = None) -> Task:
    """Return the task that a scene asks for, as `{name = "run", alive = 2.0}` or `{name = "package.module:Class"}`.

    Its module may be in the folder `beside`.

    Raises:
        InvalidInput: the task or one of its parameters is unknown or of the wrong type.
    """
    own = builtin_classes("games", "observations", "player", "scripted", "race", holds="Player") | builtin_classes(
        "tasks"
    )
    cls = find_class(f"{where}: ", "task", spec.get("name"), own, Task, beside)  # type: ignore[type-abstract]
    return make(where, "task", spec, cls, robot=robot, added=(), privileged=())
