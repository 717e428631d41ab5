"""The infos of agents: terms of their reward, costs, and what the game remembers."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from roboschool.mdp.sensor import sensor_name
from roboschool.mdp.task import Task, privileged_of
from roboschool.scenes.scene import Scene
from roboschool.simulation.clock import Clock
from roboschool.simulation.course import Course
from roboschool.simulation.game_rules import GameRules
from roboschool.simulation.group import Group
from roboschool.simulation.plan import Plan

LEVELS = ("level", "next_level")  # in every info of a scene with a terrain, last
REPORTED = ("distance", "physics_error")  # in every info, after the terms of the reward


class Info:
    """Makes infos.

    In every info are the weighted terms of the reward, `distance` (along +x [m]) and `physics_error`; `cost` and
    `costs` (by name) if the task has costs; `randomized` (by name) if the scene randomizes anything; `privileged`, an
    array (n,), if the scene has such sensors; `level` of the tile and `next_level` in a scene with a terrain; and the
    numbers that a game remembers of the world and of the agent.
    """

    def __init__(self, groups: Sequence[Group], game: GameRules, clock: Clock, course: Course | None) -> None:
        self._groups, self._game, self._clock, self._course = groups, game, clock, course

    def of_agent(self, group: Group, place: int, world: int = 0) -> dict[str, Any]:
        """Return the info of an agent in one world."""
        info: dict[str, Any] = group.rewards.by_name(world, place)
        info["distance"] = group.state.position.item(world, place, 0)
        info["physics_error"] = float(world in self._clock.diverged)
        if group.costs.terms or group.indicates:
            info["cost"] = group.costs.total.item(world, place)
            info["costs"] = group.costs.by_name(world, place)
        if group.plan.names:
            info["randomized"] = dict(zip(group.plan.names, group.state.conditions[world, place].tolist(), strict=True))
        if group.critic.fields:
            info["privileged"] = group.privileged[world, place].copy()
        if self._game.game is not None:
            state = self._game.state
            info |= zip(self._game.memory_names, state.memory.array[world].tolist(), strict=True)
            stats = state.agent_stats.array[world, group.agents[place]].tolist()
            info |= zip(self._game.stats_names, stats, strict=True)
        if self._course is not None:
            info["level"] = group.state.tile.level.item(world, place)
            info["next_level"] = float(self._course.next_level(world))
        return info

    def write(self, group: Group, place: int, numbers: np.ndarray) -> None:
        """Write the numbers of an agent's info in every world (world, name), in the order of `batch_info_names`."""
        terms, costs = len(group.rewards.names), len(group.costs.names)
        numbers[:, :terms] = group.rewards.values[:, :, place].T
        numbers[:, terms] = group.state.position[:, place, 0]
        numbers[:, terms + 1] = 0.0
        if self._clock.diverged:
            numbers[list(self._clock.diverged), terms + 1] = 1.0
        rest = numbers[:, terms + len(REPORTED) :]
        if costs or group.indicates:
            rest[:, 0] = group.costs.total[:, place]
            rest[:, 1 : 1 + costs] = group.costs.values[:, :, place].T
            rest = rest[:, 1 + costs :]
        if drawn := len(group.plan.names):
            rest[:, :drawn] = group.state.conditions[:, place]
            rest = rest[:, drawn:]
        if seen := len(group.critic.fields):
            rest[:, :seen] = group.privileged[:, place]
            rest = rest[:, seen:]
        if self._game.game is not None:
            state, memory = self._game.state, len(self._game.memory_names)
            rest[:, :memory] = state.memory.array
            rest[:, memory : memory + len(self._game.stats_names)] = state.agent_stats.array[:, group.agents[place]]
            rest = rest[:, memory + len(self._game.stats_names) :]
        if self._course is not None:
            rest[:, 0], rest[:, 1] = group.state.tile.level[:, place], self._course.next_levels()


def batch_info_names(scene: Scene, task: Task) -> tuple[str, ...]:
    """Return the names of the numbers that `Info.write` writes for agents with a task in a scene.

    Costs by name are `costs/name`, what an episode has drawn `randomized/name`.
    """
    terms = [term.name for term in task.rewards(scene.info)]
    costs = [term.name for term in task.costs(scene.info)]
    cost = ["cost", *(COSTS + name for name in costs)] if costs or scene.indicator else []
    drawn = [RANDOMIZED + name for name in Plan(scene, task).names]
    seen = [
        f"{PRIVILEGED}{sensor_name(sensor)}_{number}/{place}"
        for number, sensor in enumerate(privileged_of(task, scene.info))
        for place in range(len(sensor.fields(task.robot, scene.info)))
    ]
    game = scene.game
    memory = [*game.memory.blank().names, *game.agent_stats.blank().names] if game is not None else []
    tile = LEVELS if scene.terrain is not None else ()
    return (*terms, *REPORTED, *cost, *drawn, *seen, *memory, *tile)


COSTS = "costs/"  # before the name of each cost in the numbers of a batch
RANDOMIZED = "randomized/"  # likewise before what is drawn for an episode
PRIVILEGED = "privileged/"  # likewise before what privileged sensors observe
