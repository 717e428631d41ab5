"""A journal: what each copy's episode began from, and every action since. With it an episode can be lived once more."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from roboschool.simulation.checkpoint import EpisodeOrigin

PAGE = 128  # steps there is room for at first


class ReplayLog:
    """The episodes that all copies are in.

    Args:
        shape: of the actions of one step (copy, agent, joints).
    """

    def __init__(self, shape: tuple[int, ...]) -> None:
        copies = shape[0]
        self.origins: list[int | EpisodeOrigin | None] = [None] * copies  # None: no episode has begun
        self.lengths = np.zeros(copies, dtype=int)  # steps so far
        self.actions = np.zeros((PAGE, *shape))  # (step, copy, agent, joints)
        self.over = np.zeros(copies, dtype=bool)  # copies whose episode has been given up
        self.options: list[Mapping[str, Any]] = [{}] * copies  # the last of the game that were given
        self.seeds: list[int | None] = [None] * copies  # the last seed that was given
        self.episodes = [0] * copies  # since then, for people

    def seed(self, copy: int, seed: int | None) -> None:
        """Note that a copy has got a seed, or none, from outside."""
        if seed is not None:
            self.seeds[copy], self.episodes[copy] = seed, 1

    def begin(self, copy: int, origin: int | EpisodeOrigin, over: bool = False) -> None:
        """Note that a copy has begun an episode; or that it shall, because the one it was in is over."""
        self.origins[copy] = origin
        self.lengths[copy] = 0
        self.over[copy] = over
        self.episodes[copy] += not over  # one that is over is only there for another to follow

    def add(self, copies: Sequence[int], actions: np.ndarray) -> None:
        """Note what some copies have done in a step."""
        steps = self.lengths[copies]
        if steps.max() == len(self.actions):
            self.actions = np.concatenate([self.actions, np.zeros_like(self.actions)])
        self.actions[steps, copies] = actions
        self.lengths[copies] += 1

    def replay(self, copies: Iterable[int]) -> Iterator[tuple[list[int], np.ndarray]]:
        """Go through the steps of some copies' episodes: who acts, and how."""
        todo = list(copies)
        for step in range(max((int(self.lengths[copy]) for copy in todo), default=0)):
            todo = [copy for copy in todo if self.lengths[copy] > step]
            yield todo, self.actions[step, todo]

    def next_seed(self, copy: int) -> int:
        """Return a seed for the episode after one that has been given up: always the same after the same."""
        origin = self.origins[copy]
        rng = np.random.default_rng(origin if not isinstance(origin, EpisodeOrigin) else None)
        if isinstance(origin, EpisodeOrigin):
            rng.bit_generator.state = origin.rng
        return int(rng.integers(2**31))

    def where(self, copy: int) -> str:
        """Return where in its episodes a copy is, for people."""
        episode = f"episode {self.episodes[copy]} since seed {self.seeds[copy]}"
        return f"copy {copy} ({episode}, step {self.lengths[copy] + 1})"
