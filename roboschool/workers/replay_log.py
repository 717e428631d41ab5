"""The origin of each world's episode and every action since, from which the episode can be replayed."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from roboschool.scenes.reset_options import RANDOMIZE, lasting
from roboschool.simulation.checkpoint import EpisodeOrigin

CAPACITY = 128  # steps; it is doubled when an episode is longer


class ReplayLog:
    """The current episodes of all worlds.

    Args:
        shape: of the actions of one step (world, agent, joints).
    """

    def __init__(self, shape: tuple[int, ...]) -> None:
        worlds = shape[0]
        self.origins: list[int | EpisodeOrigin | None] = [None] * worlds  # None: no episode has begun
        self.lengths = np.zeros(worlds, dtype=int)  # steps so far
        self.actions = np.zeros((CAPACITY, *shape))  # (step, world, agent, joints)
        self.done = np.zeros(worlds, dtype=bool)  # worlds whose episode was truncated because it ended workers
        self.options: list[Mapping[str, Any]] = [{}] * worlds  # of the reset of the current episodes
        self.ranges: dict[int, Any] = {}  # of what is randomized from the next episode on, by world
        self.seeds: list[int | None] = [None] * worlds  # the last one given
        self.episodes = [0] * worlds  # since that seed, for messages

    def seed(self, world: int, seed: int | None) -> None:
        """Record the seed of a reset, if it had one."""
        if seed is not None:
            self.seeds[world], self.episodes[world] = seed, 1

    def begin(self, world: int, origin: int | EpisodeOrigin, done: bool = False) -> None:
        """Record that an episode has begun in a world; `done`: it is only there for another to follow."""
        self.origins[world] = origin
        self.options[world] = lasting(self.options[world])
        if world in self.ranges:
            self.options[world] = {**self.options[world], RANDOMIZE: self.ranges.pop(world)}
        self.lengths[world] = 0
        self.done[world] = done
        self.episodes[world] += not done

    def add(self, worlds: Sequence[int], actions: np.ndarray) -> None:
        """Record the actions (world, agent, joints) of some worlds in a step."""
        steps = self.lengths[worlds]
        if steps.max() == len(self.actions):
            self.actions = np.concatenate([self.actions, np.zeros_like(self.actions)])
        self.actions[steps, worlds] = actions
        self.lengths[worlds] += 1

    def replay(self, worlds: Iterable[int]) -> Iterator[tuple[list[int], np.ndarray]]:
        """Yield, for each step of some worlds' episodes, the worlds that act in it and their actions."""
        left = list(worlds)
        for step in range(max((int(self.lengths[world]) for world in left), default=0)):
            left = [world for world in left if self.lengths[world] > step]
            yield left, self.actions[step, left]

    def next_seed(self, world: int) -> int:
        """Return a seed for the episode after a truncated one; it depends on that one's origin only."""
        origin = self.origins[world]
        rng = np.random.default_rng(origin if not isinstance(origin, EpisodeOrigin) else None)
        if isinstance(origin, EpisodeOrigin):
            rng.bit_generator.state = origin.rng
        return int(rng.integers(2**31))

    def position(self, world: int) -> str:
        """Return the environment, episode and step of a world, for messages."""
        episode = f"episode {self.episodes[world]} since seed {self.seeds[world]}"
        return f"environment {world} ({episode}, step {self.lengths[world] + 1})"
