"""A batch of worlds of one scene that are advanced together, episode after episode."""

import copy
import dataclasses
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
from roboschool.simulation.control import ControlledAgents
from roboschool.simulation.info import batch_info_names
from roboschool.simulation.simulation import Simulation
from roboschool.workers.shared_memory import Layout, SharedBuffers, rows_of

Seeds: TypeAlias = Mapping[int, int | EpisodeOrigin | None]  # by world; None: continue with its generator
Options: TypeAlias = Mapping[int, Mapping[str, Any]]  # by world; a world without any keeps those it has

NEXT_STEP, SAME_STEP = "NextStep", "SameStep"  # values of Gymnasium's `AutoresetMode`; the third is "Disabled"


@dataclass(frozen=True)
class BatchSpec:
    """What every world of a batch contains, and how its episodes follow one another."""

    scene: Scene
    agents: tuple[str, ...]  # of one group, whose actions come from outside
    opponents: Mapping[str, Policy]  # of other agents, by agent
    autoreset: str  # value of `AutoresetMode`
    max_steps: int  # after which an episode is truncated, also if that is later than the scene's own limit
    threads: int = 1  # of each process, which step worlds at the same time
    variants: tuple[Scene, ...] = ()  # what worlds contain instead, in turn; alike in everything but numbers

    @functools.cached_property
    def info_names(self) -> tuple[str, ...]:
        """Names of the numbers in an info."""
        live = ("live",) if len(self.agents) > 1 else ()
        return (*batch_info_names(self.scene, self._agent.task), *live)

    @property
    def has_cameras(self) -> bool:
        """Whether its agents have cameras."""
        return self._agent.camera is not None

    @property
    def _agent(self) -> Agent:
        return next(agent for agent in self.scene.agents if agent.name == self.agents[0])

    def scene_of(self, world: int) -> Scene:
        """Return what a world contains."""
        return self.variants[world % len(self.variants)] if self.variants else self.scene

    def alone(self, world: int) -> "BatchSpec":
        """Return what a batch of a single world contains, as it is in this one."""
        return dataclasses.replace(self, scene=self.scene_of(world), variants=())

    def layout(self, worlds: int) -> Layout:
        """Return the sizes of the buffers of a number of worlds."""
        fields = fields_of(self._agent.task, self.scene.info)
        return Layout(worlds, len(self.agents), len(self._agent.robot.joints), len(fields), len(self.info_names))


class EnvBatch:
    """Worlds of a scene, in this process.

    Args:
        spec: of every world.
        buffers: where actions are read and results are written.
        keep_origins: whether `reset` and `step` return the origins of the episodes that they begin.
        first: number of its first world among all of the spec.

    Raises:
        InvalidInput: Bullet cannot load a robot, or a policy does not fit.
    """

    def __init__(self, spec: BatchSpec, buffers: SharedBuffers, keep_origins: bool = False, first: int = 0) -> None:
        self.spec = spec
        self.buffers = buffers
        self.keep_origins = keep_origins
        count = len(buffers.action)
        self.all = range(count)
        limit = max(spec.scene.steps, spec.max_steps)
        scenes = [spec.scene_of(first + world) for world in self.all]
        self.simulation = Simulation(scenes, limit=limit, cutoff=spec.max_steps, threads=spec.threads)
        opponents = {name: copy.deepcopy(policy) for name, policy in spec.opponents.items()}  # two may be one object
        self.seat = ControlledAgents(self.simulation, spec.agents, opponents)
        self._number = self.simulation.groups.index(self.seat.group)
        self._places = rows_of(self.seat.places)  # in their group
        self.done = np.zeros(count, dtype=bool)  # worlds whose episode is over

    def reset(self, seeds: Seeds, options: Options | None = None) -> dict[int, Any]:
        """Begin an episode in some worlds, with options of the game if given; return the origin of each."""
        origins = {number: self._origin(number) if seed is None else seed for number, seed in seeds.items()}
        worlds = list(seeds)
        for alike, rules in _by_options(seeds, options or {}):
            self.simulation.reset(alike, rules)
        self.seat.reset(worlds)
        self.done[worlds] = False
        self._write(worlds)
        return origins

    def step(self, worlds: Collection[int], autoreset: bool = True) -> tuple[dict[int, Any], dict[int, Snapshot]]:
        """Advance some worlds by one timestep.

        Returns:
            The origin of each episode that has begun, and what cameras of agents see of those that it has replaced.
        """
        rows: Any = slice(None) if len(worlds) == len(self.all) else list(worlds)
        paused = () if len(worlds) == len(self.all) else set(self.all).difference(worlds)
        mode = self.spec.autoreset if autoreset else ""
        done = self.done.tolist() if mode == NEXT_STEP else ()
        ended = [number for number, over in enumerate(done) if over and number not in paused]
        origins = {number: self._origin(number) for number in ended}
        result = self.simulation.step(self.seat.actions(self.buffers.action, paused), ended, paused)
        if ended:
            self.seat.reset(ended)
        buffers, truncated = self.buffers, result.truncated
        buffers.reward[rows] = result.rewards[self._number][rows][:, self._places]
        terminated = result.terminated[self._number][:, self.seat.place]
        for place in self.seat.places[1:]:
            terminated = terminated & result.terminated[self._number][:, place]
        buffers.terminated[rows], buffers.truncated[rows] = terminated[rows], truncated[rows]
        self.done[rows] = (terminated | truncated)[rows]
        self._write(rows)
        last: dict[int, Snapshot] = {}
        if mode == SAME_STEP and np.count_nonzero(self.done[rows]):
            ended = [number for number in worlds if self.done[number]]
            self.buffers.final_observation[ended] = self.buffers.observation[ended]
            self.buffers.final_info[ended] = self.buffers.info[ended]
            if self.spec.has_cameras:
                last = {number: self.simulation.worlds[number].capture() for number in ended}
            origins |= self.reset(dict.fromkeys(ended))
        return origins, last

    def set_ranges(self, ranges: Mapping[int, Any]) -> None:
        """Randomize with other ranges from the next episode on, in some worlds."""
        for world, own in ranges.items():
            self.simulation.randomizer.set(world, own)

    def mark_done(self, worlds: Collection[int]) -> None:
        """Mark the episodes of some worlds as over."""
        self.done[list(worlds)] = True

    def picture(self, number: int) -> tuple[Snapshot, list[Marker]]:
        """Return what a camera needs to draw a world."""
        return self.simulation.worlds[number].capture(), self.simulation.markers(number)

    def close(self) -> None:
        """Free all worlds."""
        self.simulation.close()

    def _origin(self, number: int) -> EpisodeOrigin | None:
        return self.simulation.origin(number) if self.keep_origins else None

    def _write(self, rows: Any) -> None:
        """Write observations and infos of some worlds."""
        group, places, buffers = self.seat.group, self.seat.places, self.buffers
        buffers.observation[rows] = group.observation[rows][:, self._places]
        everyone = isinstance(rows, slice)
        info = buffers.info if everyone else np.empty(buffers.info.shape)
        for number, place in enumerate(places):
            self.simulation.info.write(group, place, info[:, number])
            if len(places) > 1:
                info[:, number, -1] = group.active[:, place]
        if not everyone:
            buffers.info[rows] = info[rows]


def _by_options(seeds: Seeds, options: Options) -> Iterator[tuple[Seeds, Mapping[str, Any]]]:
    """Yield the seeds of worlds with equal options, and these options."""
    left = dict(seeds)
    while left:
        rules = options.get(next(iter(left)), {})
        alike = {world: seed for world, seed in left.items() if options.get(world, {}) == rules}
        yield alike, rules
        left = {world: seed for world, seed in left.items() if world not in alike}
