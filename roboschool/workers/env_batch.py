"""Copies of a scene, advanced together, whose episodes follow one another."""

import copy
import functools
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np

from roboschool.mdp.effects import Marker
from roboschool.mdp.task import fields_of
from roboschool.physics.checkpoint import Snapshot
from roboschool.policies.policy import Policy
from roboschool.scenes.scene import Agent, Scene
from roboschool.simulation.checkpoint import EpisodeOrigin
from roboschool.simulation.control import Seat
from roboschool.simulation.info import batch_info_names
from roboschool.simulation.simulation import Simulation
from roboschool.workers.shared_memory import Layout, SharedBuffers

Seeds: TypeAlias = Mapping[int, int | EpisodeOrigin | None]  # what the episodes of some copies begin from
Options: TypeAlias = Mapping[int, Mapping[str, Any]]  # of the game, by copy; a copy without any keeps those it has

NEXT_STEP, SAME_STEP = "NextStep", "SameStep"  # Gymnasium's words for when an episode follows another; or "Disabled"


@dataclass(frozen=True)
class BatchSpec:
    """What every copy does."""

    scene: Scene
    played: tuple[str, ...]  # agents of one group whose actions come from outside
    opponents: Mapping[str, Policy]  # who plays others
    autoreset: str  # when an episode follows another
    most: int  # steps after which an episode is cut off, whatever the game's clock says

    @functools.cached_property
    def numbers(self) -> tuple[str, ...]:
        """Names of the numbers in an info."""
        live = ("live",) if len(self.played) > 1 else ()
        return (*batch_info_names(self.scene, self._agent.task), *live)

    @property
    def _agent(self) -> Agent:
        return next(agent for agent in self.scene.agents if agent.name == self.played[0])

    def layout(self, copies: int) -> Layout:
        """Return how large the board of so many copies is."""
        fields = fields_of(self._agent.task, self.scene.info)
        return Layout(copies, len(self.played), len(self._agent.robot.joints), len(fields), len(self.numbers))


class EnvBatch:
    """Copies of a scene, in this process.

    Args:
        job: what every copy does.
        board: what they are told and where they answer.
        remember: whether to return what the episodes that begin begin from.

    Raises:
        InvalidInput: Bullet cannot load a robot, or a policy does not fit.
    """

    def __init__(self, job: BatchSpec, board: SharedBuffers, remember: bool = False) -> None:
        self.job = job
        self.board = board
        self.remember = remember
        count = len(board.action)
        self.all = range(count)
        self.simulation = Simulation(job.scene, count, cutoff=job.most)
        opponents = {name: copy.deepcopy(policy) for name, policy in job.opponents.items()}  # one may be in two seats
        self.seat = Seat(self.simulation, job.played, opponents)
        self.done = np.zeros(count, dtype=bool)  # copies whose episode is over

    def begin(self, seeds: Seeds, options: Options | None = None) -> dict[int, Any]:
        """Begin an episode in some copies, with options of the game if given; return what each begins from."""
        origins = {number: self._origin(number) if seed is None else seed for number, seed in seeds.items()}
        copies = list(seeds)
        for alike, rules in _by_options(seeds, options or {}):
            self.simulation.reset(alike, rules)
        self.seat.begin(copies)
        self.done[copies] = False
        self._show(copies)
        return origins

    def step(self, copies: Collection[int], autoreset: bool = True) -> dict[int, Any]:
        """Act in some copies for one timestep; return what each episode that has begun begins from."""
        rows: Any = slice(None) if len(copies) == len(self.all) else list(copies)
        still = () if len(copies) == len(self.all) else set(self.all).difference(copies)
        mode = self.job.autoreset if autoreset else ""
        fresh = np.flatnonzero(self.done).tolist() if mode == NEXT_STEP and np.count_nonzero(self.done) else []
        if still:
            fresh = [number for number in fresh if number not in still]
        origins = {number: self._origin(number) for number in fresh}
        result = self.simulation.step(self.seat.actions(self.board.action, still), fresh, still)
        if fresh:
            self.seat.begin(fresh)
        group, places = self.seat.group, self.seat.places
        number = self.simulation.groups.index(group)
        self.board.reward[rows] = result.rewards[number][rows][:, places]
        terminated = np.logical_and.reduce(result.terminated[number][:, places], axis=1)
        truncated = result.truncated
        self.board.terminated[rows], self.board.truncated[rows] = terminated[rows], truncated[rows]
        self.done[rows] = terminated[rows] | truncated[rows]
        self._show(rows)
        if mode == SAME_STEP and np.count_nonzero(self.done[rows]):
            ended = [number for number in copies if self.done[number]]
            self.board.final_observation[ended] = self.board.observation[ended]
            self.board.final_numbers[ended] = self.board.numbers[ended]
            origins |= self.begin(dict.fromkeys(ended))
        return origins

    def finish(self, copies: Collection[int]) -> None:
        """Take the episodes of some copies as over."""
        self.done[list(copies)] = True

    def picture(self, number: int) -> tuple[Snapshot, list[Marker]]:
        """Return what a camera needs to see a copy."""
        return self.simulation.worlds[number].capture(), self.simulation.markers(number)

    def close(self) -> None:
        """Free all worlds."""
        self.simulation.close()

    def _origin(self, number: int) -> EpisodeOrigin | None:
        return self.simulation.origin(number) if self.remember else None

    def _show(self, rows: Any) -> None:
        """Write what the agents see, and the numbers about them."""
        group, places, board = self.seat.group, self.seat.places, self.board
        board.observation[rows] = group.observation[rows][:, places]
        for number, place in enumerate(places):
            told = list(self.simulation.info.of_batch(group, place).values())
            if len(places) > 1:
                told.append(group.active[:, place])
            for column, values in enumerate(told):
                board.numbers[rows, number, column] = values[rows]


def _by_options(seeds: Seeds, options: Options) -> Iterator[tuple[Seeds, Mapping[str, Any]]]:
    """Yield the seeds of copies with equal options, and these options."""
    left = dict(seeds)
    while left:
        rules = options.get(next(iter(left)), {})
        alike = {copy: seed for copy, seed in left.items() if options.get(copy, {}) == rules}
        yield alike, rules
        left = {copy: seed for copy, seed in left.items() if copy not in alike}
