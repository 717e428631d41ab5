"""A simulation: worlds of a scene advanced together. The only path from an action to an observation.

    action -> clip -> command -> one Bullet step a world -> state -> updates -> reward, end -> launches -> observation

Agents with the same robot and task form a group: their arrays have one shape, and lead with (world, agent).
"""

import copy
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any

import numpy as np

from roboschool.errors import InvalidInput
from roboschool.mdp.effects import Launch, Marker
from roboschool.mdp.game import Game
from roboschool.physics.backend import Backend
from roboschool.physics.checkpoint import describe_scene
from roboschool.physics.native.backend import NativeBackend
from roboschool.physics.native.program import Kernel
from roboschool.physics.selection import make_backend
from roboschool.scenes.reset_options import options_of_reset
from roboschool.scenes.scene import Scene
from roboschool.scenes.shapes import name_bodies, scene_per_world
from roboschool.simulation import episode_start
from roboschool.simulation.checkpoint import Checkpoint, EpisodeOrigin, check_checkpoint, check_seeds
from roboschool.simulation.clock import Clock
from roboschool.simulation.course import Course
from roboschool.simulation.episode_start import PLAIN, StartOptions, Starts
from roboschool.simulation.exchange import readings_of
from roboschool.simulation.game_rules import GameRules
from roboschool.simulation.group import Group
from roboschool.simulation.info import Info
from roboschool.simulation.randomizer import Randomizer
from roboschool.simulation.step_result import StepResult


class Simulation:
    """Worlds of a scene, advanced together.

    Args:
        scene: of every world; or a scene for each, alike in everything but numbers (see `check_same_shapes`).
        worlds: how many; with a scene for each, as many as these.
        limit: steps after which the time of an episode is up, if not after the scene's; a game's clock.
        cutoff: steps after which an episode is truncated even if its time is not up; None: never.
        backend: "native" or "python"; see `make_backend`.
        threads: number of threads that step worlds at the same time. Results do not depend on it.

    Raises:
        InvalidInput: scenes do not fit one another, or a task or a game does not keep to its contract.
    """

    def __init__(
        self,
        scene: Scene | Sequence[Scene],
        worlds: int | None = None,
        limit: int | None = None,
        cutoff: int | None = None,
        backend: str | None = None,
        threads: int = 1,
    ) -> None:
        self.scenes = scene_per_world(scene, worlds)
        self.scene = scene = self.scenes[0]  # for all that is the same in every world
        worlds = len(self.scenes)
        tasks = dict.fromkeys(agent.task for agent in scene.agents)
        self.groups = [Group(self.scenes, task) for task in tasks]
        owners = {index: (group, place) for group in self.groups for place, index in enumerate(group.agents)}
        self.seats = [owners[index] for index in range(len(scene.agents))]  # group and place in it, of each agent
        self.randomizer = Randomizer(self.scenes, self.groups)
        self.clock = Clock(worlds, scene.steps if limit is None else limit, cutoff)
        self.course = None if scene.terrain is None else Course(scene, self.groups)
        self.game = GameRules(scene, worlds, self.groups)
        self.info = Info(self.groups, self.game, self.clock, self.course)
        self._gathers = self.game.gathers
        self._updates = self._gathers or any(group.updates for group in self.groups)
        self._watches = bool(scene.props) and (self._gathers or any(prop.moves for prop in scene.props))
        self.backend: Backend = make_backend(self.scenes, backend, threads)
        self.worlds = self.backend.worlds
        self.clock.diverged = self.backend.diverged
        self._readings = readings_of(self.seats, self.game, self._watches)
        self._commands = [group.commands[:, place] for group, place in self.seats]
        self._kernels: list[Kernel] = []  # computed in the native call of a step
        self._native = self.backend if isinstance(self.backend, NativeBackend) else None
        if self._native:
            self.game.prepare()
            for group in self.groups:
                group.prepare(scene.timestep)
            self._prepare(self._native, is_computed=True)
        self.rngs = [np.random.default_rng() for _ in range(worlds)]
        self._starts = Starts(self.scenes, self.seats, self.randomizer, self.course)
        self.begun = self.closed = False  # whether there is an episode to step in; whether all is freed
        described = {id(each): describe_scene(each) for each in self.scenes}
        self._described = [described[id(each)] for each in self.scenes]

    def _prepare(self, backend: NativeBackend, is_computed: bool) -> None:
        """Let the native library apply actions, and compute what follows from a step if that is wanted."""
        self._kernels = [kernel for group in self.groups for kernel in group.kernels()] if is_computed else []
        parties = [group.party(is_computed) for group in self.groups]
        backend.prepare(self._commands, self._readings, self._kernels, parties, at_once=not self._updates)

    def reset(self, seeds: Mapping[int, int | EpisodeOrigin | None], options: Mapping[str, Any] | None = None) -> None:
        """Start a new episode in some worlds.

        Args:
            seeds: for each of these worlds its seed, the origin of the episode to repeat, or None to continue with
                the generator of the world.
            options: of the game (`Game.reset_options`); they hold in these worlds until another reset changes them.
                `randomize` has other ranges for what the scene randomizes, and holds likewise; `level` of the terrain
                until a seed. These hold for one episode: `layout` (see `layout_of`), `pose`, `joints` and `velocity` of
                agents (see `Beginning`), and `state`, from which it goes on. Unknown options cause a warning.

        Raises:
            InvalidInput: a seed is not a whole number from 0 up, or an option is wrong; nothing has changed then. Or an
                agent begins inside something: another reset must follow.
        """
        self._check_open()
        check_seeds(seeds.values())
        own = options_of_reset(self.scene, options)
        start, rules = episode_start.take_start_options(self.scene, own), self.game.with_options(own)
        worlds, is_new = list(seeds), start.state is None
        for world, seed in seeds.items():
            self._reset_world(world, seed, rules, start)
        for group in self.groups:
            group.begin(worlds)
        for world in worlds if is_new else ():
            self.backend.read(world, self._readings)
        if self._gathers:
            self.game.gather(self.clock.steps_left)
        self._observe(worlds, is_new and bool(self._kernels) and not self._updates)
        self.begun = True

    def step(self, actions: Sequence[Any], reset: Collection[int] = (), paused: Collection[int] = ()) -> StepResult:
        """Act in every world for one timestep.

        Args:
            actions: for each group, (world, agent, joints); clipped to -1 and 1.
            reset: worlds that begin a new episode instead; the rewards of their agents are zero.
            paused: worlds where nothing happens and no time passes; the rewards of their agents mean nothing.

        Raises:
            InvalidInput: an action has the wrong shape or is not finite, or no episode has begun; the worlds
                are unchanged.
        """
        self._check_begun()
        idle, everywhere = [*reset, *paused], not (paused or self.clock.diverged)
        for group, action in zip(self.groups, actions, strict=True):
            group.act(action, idle, self.clock.steps, everywhere and self._native is not None)
        if self._native and self._kernels and not all(group.holds_still() for group in self.groups):
            self._prepare(self._native, is_computed=False)  # numpy takes what is there now
        if self._gathers or self._watches:
            self.game.advance()
        for group in self.groups:
            group.advance()
        self.clock.advance(list(paused))
        for number in (begun := [number for number in reset if number not in paused]):
            self._reset_world(number, None, None)
        out = {*paused, *self.clock.diverged}
        worlds = [n for n in range(len(self.worlds)) if n not in out] if out else range(len(self.worlds))
        for push in self.randomizer.pushes([n for n in worlds if n not in begun] if begun else worlds, self.rngs):
            self.backend.apply(push)
        self.backend.step(self._commands, worlds, self._readings, begun)
        frozen = [*self.clock.diverged, *paused]
        for number in frozen:
            for group in self.groups:
                group.state.array[number] = group.previous.array[number]
            self.game.freeze(number)
        launches = self._update([*reset, *frozen]) if self._updates else ()
        kernels, decided = self._kernels, None if self.scene.game is None else self.game.decided
        if self._native and kernels and self._updates:
            self._native.compute(worlds, begun)
        for kernel in kernels if frozen else ():
            kernel(frozen)
        for group in self.groups:
            group.judge(self.scene.timestep, decided, bool(kernels))
        if self.course is not None:
            self.clock.left = self.course.has_left()
        if launches:
            self._launch(launches)
        self._observe(list(reset), bool(kernels) and not launches)
        return self.result()

    def result(self) -> StepResult:
        """Return the results of the last step."""
        return StepResult.of(self.groups, self.clock.truncated)

    def _update(self, out: list[int]) -> list[Launch]:
        """Update the memory of game and tasks, except in some worlds; return launches."""
        if self._gathers:
            self.game.gather(self.clock.steps_left)
        launches: list[Launch] = []
        if self.scene.game is not None:
            active = np.ones(len(self.worlds), dtype=bool)
            active[out] = False
            rewards, launches = self.game.update(active, self.rngs)
            for group in self.groups:
                group.state.game_reward[:] = rewards[:, group.index]
            self.game.hand_out()
        for group in self.groups:
            if group.updates:
                taking_part = group.active.copy()
                taking_part[out] = False
                own = group.update(taking_part, self.rngs)
                launches += [launch for launch in own if taking_part[launch.world].any()]
        return launches

    def _launch(self, launches: Sequence[Launch]) -> None:
        """Set props in motion."""
        for launch in launches:
            self.backend.apply(launch)
            self.game.state.props.array[launch.world] = self.worlds[launch.world].props()
        if self._gathers:
            self.game.gather(self.clock.steps_left)

    def _observe(self, worlds: list[int], is_computed: bool = False) -> None:
        """Observe for all agents; in some worlds an episode has just begun, and there was no state before."""
        for group in self.groups:
            for world in worlds:
                group.previous.array[world] = group.state.array[world]
            group.observe(group.previous, self.scene.timestep, is_computed and not (worlds and group.looks_back))

    def _check_open(self) -> None:
        if self.closed:
            raise InvalidInput(f"scene {self.scene.name!r}: it is closed")

    def _check_begun(self) -> None:
        if not self.begun:
            self._check_open()
            raise InvalidInput(f"scene {self.scene.name!r}: no episode has begun: call reset() first")

    def _reset_world(
        self, world: int, seed: int | EpisodeOrigin | None, rules: Game | None, start: StartOptions = PLAIN
    ) -> None:
        """Place every robot of a world for a new episode, with new rules if given; then read the world."""
        level = 0 if self.course is None else self.course.choose(world, seed, start.level)
        episode_start.seed_world(self.groups, self.rngs, world, seed)
        if start.state is not None:
            own = self.rngs[world].bit_generator.state
            self.load(start.state, world)
            self.rngs[world].bit_generator.state = own
            self.clock.steps[world] = 0
            return
        rng = self.rngs[world]
        self.backend.reset(world, self._starts.draw(world, rng, start, level))
        if start.beginnings:
            self.begun = False  # should the check fail
            self.backend.read(world, self._readings)
            episode_start.check_start(self.worlds[world], start.beginnings)
        for launch in self.game.reset(world, rules, rng):
            self.backend.apply(launch)
        self.clock.begin(world)
        for group in self.groups:
            group.begin_world(world, rng, self.randomizer.ranges[world])

    def deactivate(self, agent: int, world: int = 0) -> None:
        """End an agent's episode: it is passive from now on, and its rewards are zero."""
        group, place = self.seats[agent]
        group.active[world, place] = False

    def activate_all(self) -> None:
        """Activate all agents, including those that have terminated."""
        for group in self.groups:
            group.active[:] = True

    def set_memory(self, agent: int, world: int = 0, **values: Any) -> None:
        """Write what the task of an agent remembers, by name, as in `set_memory(0, goal=(1.0, 2.0))`, and observe."""
        group, place = self.seats[agent]
        for name, value in values.items():
            getattr(group.state.memory, name)[world, place] = value
        group.observe(group.previous, self.scene.timestep)

    def origin(self, world: int) -> EpisodeOrigin:
        """Return what the next episode of a world begins from if it gets no seed."""
        state = self.rngs[world].bit_generator.state
        level = 0 if self.course is None else self.course.next_level(world)
        return EpisodeOrigin(state, tuple(group.state.memory.array[world].copy() for group in self.groups), level)

    def markers(self, world: int = 0) -> list[Marker]:
        """Return the markers that pictures of a world show."""
        markers = [marker for group, place in self.seats for marker in group.task.markers(group.state, world, place)]
        game = self.scene.game
        return [*markers, *(game.markers(self.game.state, world) if game is not None else ())]

    def save(self, world: int = 0) -> Checkpoint:
        """Return a world and everything its episode remembers, to be given to `load`.

        Raises:
            InvalidInput: no episode has begun, or the physics has diverged, so there is no state to save.
        """
        self._check_begun()
        if world in self.clock.diverged:
            raise InvalidInput(f"scene {self.scene.name!r}: the physics has diverged: call reset()")
        return Checkpoint(
            scene=self.scene.name,
            described=self._described[world],
            world=self.backend.save(world),
            **{name: copy.deepcopy(part) for name, part in self._episode(world).items()},
        )

    def _episode(self, world: int) -> dict[str, Any]:
        """Return what is remembered of the episode of a world, beside the bodies, by the fields of `Checkpoint`."""
        return {
            "rng": self.rngs[world].bit_generator.state,
            "step": int(self.clock.steps[world]),
            "groups": tuple((group.state.array[world], group.active[world]) for group in self.groups),
            "game_state": self.game.state.array[world],
            "rules": self.game.rules[world],
            "ranges": self.randomizer.ranges[world],
        }

    def contents(self, world: int = 0) -> tuple[Any, ...]:
        """Return the whole state of a world and its episode, to be hashed; some arrays are views."""
        bodies = self.scene.name, name_bodies(self.scenes[world]), self.worlds[world].capture()
        return (*bodies, *self._episode(world).values(), {})

    def load(self, saved: Checkpoint, world: int = 0, opponents: Iterable[str] = (), exact: bool = True) -> None:
        """Restore what `save` returned; the world continues bit for bit as the one that was saved.

        Args:
            saved: what it returned.
            world: which is to be as saved.
            opponents: agents whose policies must be in it.
            exact: see `World.load`.

        Raises:
            InvalidInput: it is not a saved state, or of another scene, or lacks a policy, or the simulation is closed;
                nothing has changed. Or its episode cannot be replayed here; `reset` must be called then.
        """
        self._check_open()
        check_checkpoint(saved, self.scenes[world].name, self._described[world], opponents)
        begun, self.begun = self.begun, False
        self.backend.load(world, saved.world, exact)
        self.begun = begun
        self.rngs[world].bit_generator.state = copy.deepcopy(saved.rng)
        self.clock.begin(world, saved.step)
        self.game.rules[world] = saved.rules
        if saved.ranges is not None:
            self.randomizer.set(world, saved.ranges)
        self.game.state.array[world] = saved.game_state
        for group, (array, active) in zip(self.groups, saved.groups, strict=True):
            group.state.array[world] = array
            group.active[world] = active
            group.set_conditions(world)
            group.terminated[...] = group.task.terminated(group.state)
        self._observe([world])
        self.begun = True

    def close(self) -> None:
        """Free all worlds; a second call does nothing."""
        self.begun, self.closed = False, True
        self.backend.close()
