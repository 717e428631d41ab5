"""Whether a task can be computed for a different robot in each world."""

import dataclasses
from collections.abc import Sequence

import numpy as np

from roboschool.errors import InvalidInput
from roboschool.mdp.scene_info import SceneInfo
from roboschool.mdp.state import State
from roboschool.mdp.task import Task
from roboschool.robots.robot import Robot
from roboschool.simulation.observer import Observer

TIMESTEP = 0.01  # of the step that is compared [s]


def check_variants(task: Task, robots: Sequence[Robot], scene: SceneInfo, blank: State) -> None:
    """Check that a task gives each world the numbers that it gives for that world's robot alone.

    A task that takes its numbers from `robot.motors` does; one that takes them from `robot.joints` or the card does not
    notice that robots differ.

    Args:
        task: of all worlds; its robot stands for `robots`.
        robots: of each world.
        scene: what the task may know.
        blank: a state of all worlds.

    Raises:
        InvalidInput: it does not; the message names the term, or the method.
    """
    rng = np.random.default_rng(0)
    previous, state = blank.copy(), blank.copy()
    for each in (previous, state):
        for name in ("position", "velocity", "q", "qd"):
            getattr(each, name)[:] = rng.normal(size=getattr(each, name).shape)
    action = rng.uniform(-1.0, 1.0, (*state.array.shape[:-1], len(task.robot.joints)))
    together = _compute(task, robots, scene, previous, action, state)
    for world, robot in enumerate(robots):
        rows = slice(world, world + 1)
        own = dataclasses.replace(task, robot=robot)
        one, other = (each.of(each.array[rows]) for each in (previous, state))
        for name, values in _compute(own, [robot], scene, one, action[rows], other).items():
            if not np.array_equal(values, together[name][rows], equal_nan=True):
                where = f"task {type(task).__name__}: {name}"
                raise InvalidInput(f"{where}: it uses numbers of one robot in all worlds; take them from robot.motors")


def _compute(
    task: Task, robots: Sequence[Robot], scene: SceneInfo, previous: State, action: np.ndarray, state: State
) -> dict[str, np.ndarray]:
    """Return all that a task says of a step, by the name of the term or the method."""
    with np.errstate(all="ignore"):
        found = {f"term {term.name!r}": term.of(previous, action, state, TIMESTEP) for term in task.rewards(scene)}
        found |= {f"cost {term.name!r}": term.of(previous, action, state, TIMESTEP) for term in task.costs(scene)}
        found["terminated()"] = task.terminated(state)
        found["sensors()"] = Observer(task, scene, state, robots).read(previous, action, state, TIMESTEP)
    return {name: np.array(values) for name, values in found.items()}
