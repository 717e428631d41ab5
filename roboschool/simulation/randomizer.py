"""Draws what a scene randomizes, at the start of each episode, from the generator of its world."""

import itertools
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from roboschool.mdp.conditions import NOMINAL, Conditions
from roboschool.mdp.effects import Placement, Push
from roboschool.scenes.randomize import Randomize, with_ranges
from roboschool.scenes.scene import Scene
from roboschool.simulation.group import Group
from roboschool.simulation.plan import NEUTRAL, Drawn, Plan


@dataclass(frozen=True)
class EpisodeDraw:
    """What an episode of a world has drawn."""

    conditions: Conditions = NOMINAL
    friction: float = 1.0  # times that of the ground
    agents: tuple[tuple[Plan, Drawn], ...] = ()

    def place(self, agent: int, placement: Placement) -> Placement:
        """Return where an agent's robot begins."""
        if not self.agents:
            return placement
        plan, drawn = self.agents[agent]
        return plan.place(drawn, placement)


PLAIN_DRAW = EpisodeDraw()


class Randomizer:
    """What the scene of each world randomizes, and with which ranges now.

    Args:
        scenes: of each world.
        groups: the agents; what is drawn is written to their states.
    """

    def __init__(self, scenes: Sequence[Scene], groups: Sequence[Group]) -> None:
        self._scenes, self._groups = scenes, groups
        self.ranges = [scene.randomize for scene in scenes]
        owners = {index: (group, place) for group in groups for place, index in enumerate(group.agents)}
        self._seats = [owners[index] for index in range(len(owners))]
        self._plans = [group.plan for group, _ in self._seats]  # of each agent
        self._common = self._plans[0].common
        stops = np.cumsum([self._common, *(len(plan.names) - self._common for plan in self._plans)])
        everyone = np.arange(self._common)
        spans = [np.concatenate([everyone, np.arange(start, end)]) for start, end in itertools.pairwise(stops)]
        self._gather = [span[plan.order] for span, plan in zip(spans, self._plans, strict=True)]
        self._low, self._span = (np.zeros((len(scenes), stops[-1])) for _ in range(2))
        for world, ranges in enumerate(self.ranges):
            if ranges is not None:
                self._write(world, ranges)
        self._draws = any(ranges is not None for ranges in self.ranges)

    def _write(self, world: int, ranges: Randomize) -> None:
        scene = self._scenes[world]
        for agent, places in enumerate(self._gather):
            group, _ = self._seats[agent]
            plan = Plan(scene, group.task, ranges)
            self._low[world, places], self._span[world, places] = plan.low, plan.span

    def set(self, world: int, ranges: object) -> None:
        """Draw from other ranges from the next episode on.

        Args:
            world: which.
            ranges: of some keys that the scene randomizes; the others are as the scene has them.

        Raises:
            InvalidInput: see `with_ranges`.
        """
        scene = self._scenes[world]
        self.ranges[world] = made = with_ranges(f"scene {scene.name!r}", scene.randomize, ranges)
        self._write(world, made)

    def draw(self, world: int, rng: np.random.Generator) -> EpisodeDraw:
        """Draw for an episode, and write it to the states of the agents."""
        if not self._draws:
            return PLAIN_DRAW
        values = self._low[world] + self._span[world] * rng.random(self._low.shape[1])
        agents = []
        for (group, place), plan, gather in zip(self._seats, self._plans, self._gather, strict=True):
            own = values[gather]
            group.state.conditions[world, place] = own
            agents.append((plan, [*own.tolist(), *NEUTRAL]))
        plan, first = agents[0]
        gravity, restitution, wind, friction = plan.world(first)
        bodies = tuple([plan.body(drawn) for plan, drawn in agents])
        return EpisodeDraw(Conditions(gravity, restitution, wind, bodies), friction, tuple(agents))

    def pushes(self, worlds: Sequence[int], rngs: Sequence[np.random.Generator]) -> list[Push]:
        """Return the pushes that begin or end now, in some worlds, with the generator of each."""
        pushes: list[Push] = []
        for group in self._groups:
            if group.pushes is not None:
                pushes += group.pushes.advance(group.state, worlds, rngs, self.ranges)
        return pushes
