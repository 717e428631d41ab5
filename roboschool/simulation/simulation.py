"""A simulation: worlds of a scene advanced together. The only path from an action to an observation.

    action -> clip -> command -> one Bullet step a world -> state -> updates -> reward, end -> launches -> observation

Agents with the same robot and task form a group: their arrays have one shape, and lead with (world, agent).
"""

import copy
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any

import numpy as np

from roboschool.distributions import draw
from roboschool.errors import InvalidInput
from roboschool.mdp.effects import Launch, Marker, Placement
from roboschool.mdp.game import Game
from roboschool.mdp.needs import Needs
from roboschool.mdp.state import TrunkState
from roboschool.physics.backend import Backend, Readings
from roboschool.physics.checkpoint import Start, describe_scene
from roboschool.physics.selection import make_backend
from roboschool.scenes.loader import options_of_reset
from roboschool.scenes.scene import Scene
from roboschool.simulation.checkpoint import Checkpoint, EpisodeOrigin
from roboschool.simulation.clock import Clock
from roboschool.simulation.game_rules import GameRules
from roboschool.simulation.group import Group
from roboschool.simulation.info import Info
from roboschool.simulation.step_result import StepResult


def check_seeds(seeds: Iterable[Any]) -> None:
    """Check seeds of episodes.

    Raises:
        InvalidInput: one is neither None nor an origin, nor a whole number from 0 up.
    """
    for seed in seeds:
        whole = isinstance(seed, int | np.integer) and seed >= 0
        if not (seed is None or isinstance(seed, EpisodeOrigin) or whole):
            raise InvalidInput(f"seed {seed!r} is not a whole number from 0 up")


class Simulation:
    """Worlds of a scene, advanced together.

    Args:
        scene: what each world holds.
        worlds: how many.
        limit: steps after which the time of an episode is up, if not after the scene's; a game's clock.
        cutoff: steps after which an episode is truncated even if its time is not up; None: never.
        backend: "native" or "python"; see `make_backend`.
    """

    def __init__(
        self,
        scene: Scene,
        worlds: int = 1,
        limit: int | None = None,
        cutoff: int | None = None,
        backend: str | None = None,
    ) -> None:
        self.scene = scene
        tasks = dict.fromkeys(agent.task for agent in scene.agents)
        self.groups = [Group(scene, task, worlds) for task in tasks]
        owners = {index: (group, place) for group in self.groups for place, index in enumerate(group.agents)}
        self.seats = [owners[index] for index in range(len(scene.agents))]  # group and place in it, of each agent
        self.clock = Clock(worlds, scene.steps if limit is None else limit, cutoff)
        self.game = GameRules(scene, worlds, self.groups)
        self.info = Info(self.groups, self.game, self.clock)
        gathered = Needs()
        for group in self.groups:
            gathered |= group.needs
        plays = scene.game is not None
        self._gathers = plays or gathered.props or gathered.others or gathered.game
        self._velocities = gathered.others or self.game.needs.velocities
        self._updates = self._gathers or any(group.updates for group in self.groups)
        self._watches = bool(scene.props) and (self._gathers or any(prop.moves for prop in scene.props))
        self._trunks = TrunkState.blank(worlds, len(scene.agents))  # of all agents, side by side
        self.backend: Backend = make_backend(scene, worlds, backend)
        self.worlds = self.backend.worlds
        self.clock.diverged = self.backend.diverged
        self._readings = (
            self._readings_of("state"),
            self._readings_of("previous"),
        )  # what this step writes, and the last
        self.rngs = [np.random.default_rng() for _ in range(worlds)]
        self.begun = False  # whether there is an episode to step in
        self.closed = False
        self._described = describe_scene(scene)

    def reset(self, seeds: Mapping[int, int | EpisodeOrigin | None], options: Mapping[str, Any] | None = None) -> None:
        """Begin a new episode in some worlds.

        Args:
            seeds: for each of these worlds its seed, the origin of the episode to repeat, or None to go on with the
                world's own generator.
            options: of the game (`Game.reset_options`); they hold in these worlds until a reset has others.
                Any other is warned of.

        Raises:
            InvalidInput: a seed is not a whole number from 0 up, or an option is wrong; nothing has changed then.
        """
        self._check_open()
        check_seeds(seeds.values())
        rules = self.game.with_options(options_of_reset(self.scene, options))
        for world, seed in seeds.items():
            self._reset_world(world, seed, rules)
        worlds = list(seeds)
        if self._gathers:
            self._gather()
        for group in self.groups:
            group.applied[worlds] = 0.0
            group.begin(worlds)
        self._observe(worlds)
        self.begun = True

    def step(self, actions: Sequence[Any], reset: Collection[int] = (), paused: Collection[int] = ()) -> StepResult:
        """Act in every world for one timestep.

        Args:
            actions: for each group, (world, agent, joints); clipped to -1 and 1.
            reset: worlds that begin a new episode instead; the rewards of their agents are zero.
            paused: worlds where nothing happens and no time passes; the rewards of their agents mean nothing.

        Raises:
            InvalidInput: an action has the wrong shape or is not finite, or no episode has begun; nothing has moved
                then.
        """
        self._check_begun()
        for group, action in zip(self.groups, actions, strict=True):
            group.act(action, [*reset, *paused])
        if self._gathers or self._watches:
            self.game.advance()
        for group in self.groups:
            group.advance()
        self.clock.advance(list(paused))
        self._readings = self._readings[::-1]
        out = {*paused, *reset, *self.clock.diverged}
        for number in reset:
            if number not in paused:
                self._reset_world(number, None)
        commands = [group.commands[:, place] for group, place in self.seats]
        running = [number for number in range(len(self.worlds)) if number not in out]
        self.backend.step(commands, running, self._readings[0])
        frozen = [*self.clock.diverged, *paused]
        for number in frozen:
            for group in self.groups:
                group.state.array[number] = group.previous.array[number]
            self.game.state.props.array[number] = self.game.previous.props.array[number]
            self.game.state.contacts[number] = self.game.previous.contacts[number]
        launches = self._update([*reset, *frozen]) if self._updates else ()
        for group in self.groups:
            group.judge(self.scene.timestep, self.game.decided)
        if launches:
            self._launch(launches)
        self._observe(list(reset))
        return self.result()

    def result(self) -> StepResult:
        """Return what has come of the last step."""
        groups = self.groups
        return StepResult(
            tuple([group.observation for group in groups]),
            tuple([group.rewards.total for group in groups]),
            tuple([group.costs.total for group in groups]),
            tuple([~group.active for group in groups]),
            self.clock.truncated,
        )

    def _update(self, out: list[int]) -> list[Launch]:
        """Let game and tasks remember what has happened, but in some worlds; return what they launch."""
        if self._gathers:
            self._gather()
        launches: list[Launch] = []
        if self.scene.game is not None:
            active = np.ones(len(self.worlds), dtype=bool)
            active[out] = False
            rewards, launches = self.game.update(active, self.rngs)
            for group in self.groups:
                group.state.game_reward[:] = rewards[:, group.index]
            self._hand_out_game()
        for group in self.groups:
            if group.updates:
                taking_part = group.active.copy()
                taking_part[out] = False
                own = group.update(taking_part, self.rngs)
                launches += [launch for launch in own if taking_part[launch.world].any()]
        return launches

    def _gather(self) -> None:
        """Bring what game and tasks need to know of all agents and props into their states."""
        state = self.game.state
        for group in self.groups:
            self._trunks.array[:, group.index] = group.trunks
            state.upright[:, group.index] = group.state.upright
        if self._velocities:
            state.agents.array[:] = self._trunks.bodies()
        else:
            state.agents.position[:] = self._trunks.position
        state.steps_left[:] = self.clock.steps_left
        for group in self.groups:
            if group.needs.props:
                group.state.props.array[:] = state.props.array[:, None]
            if group.needs.others:
                group.state.others.array[:] = state.agents.array[:, group.others]
        self._hand_out_game()

    def _hand_out_game(self) -> None:
        state = self.game.state
        for group in self.groups:
            if group.needs.game:
                group.state.game.array[:] = state.memory.array[:, None]
                group.state.agent_stats.array[:] = state.agent_stats.array[:, group.index]
                group.state.steps_left[:] = state.steps_left[:, None]

    def _launch(self, launches: Sequence[Launch]) -> None:
        """Set props in motion."""
        for launch in launches:
            self.backend.apply(launch)
            self.game.state.props.array[launch.world] = self.worlds[launch.world].props()
        if self._gathers:
            self._gather()

    def _observe(self, worlds: list[int]) -> None:
        """Observe for all agents; in some worlds an episode has just begun, and there was no state before."""
        for group in self.groups:
            if worlds:
                group.previous.array[worlds] = group.state.array[worlds]
            group.observe(group.previous, self.scene.timestep)

    def _check_open(self) -> None:
        if self.closed:
            raise InvalidInput(f"scene {self.scene.name!r}: it is closed")

    def _check_begun(self) -> None:
        if not self.begun:
            self._check_open()
            raise InvalidInput(f"scene {self.scene.name!r}: no episode has begun: call reset() first")

    def _reset_world(self, world: int, seed: int | EpisodeOrigin | None, rules: Game | None = None) -> None:
        """Place every robot of a world for a new episode, with new rules if given."""
        if isinstance(seed, EpisodeOrigin):
            self.rngs[world].bit_generator.state = seed.rng
            for group, memory in zip(self.groups, seed.memory, strict=True):
                group.state.memory.array[world] = memory
        elif seed is not None:
            self.rngs[world] = np.random.default_rng(seed)
            for group in self.groups:
                group.state.memory.array[world] = 0.0
        rng = self.rngs[world]
        gravity, friction = draw(self.scene.gravity, rng), draw(self.scene.friction, rng)
        props = []
        for prop in self.scene.props:
            x, y, z = (draw(number, rng) for number in prop.position)
            props.append(((x, y, z), draw(prop.yaw, rng)))
        placements = []
        for agent, (group, place) in zip(self.scene.agents, self.seats, strict=True):
            position = (draw(agent.position[0], rng), draw(agent.position[1], rng))
            yaw = draw(agent.yaw, rng)
            noise = rng.uniform(-agent.noise, agent.noise, len(group.pose))
            joints = np.minimum(np.maximum(noise + group.pose, group.lower), group.upper)
            placement = Placement(position, yaw, tuple(joints.tolist()))
            placements.append(agent.task.reset(placement, group.state.memory.at((world, place)), rng))
        self.backend.reset(world, Start(tuple(placements), tuple(props), gravity, friction))
        for launch in self.game.reset(world, rules, rng):
            self.backend.apply(launch)
        self.clock.steps[world] = 0
        for group in self.groups:
            group.active[world] = True
            group.state.game_reward[world] = 0.0
        self.backend.read(world, self._readings[0])

    def _readings_of(self, which: str) -> Readings:
        """Return the arrays, `state` or `previous`, that physics writes to."""
        game = getattr(self.game, which)
        return Readings(
            agents=[getattr(group, which).array[:, place] for group, place in self.seats],
            props=game.props.array if self._watches else None,
            contacts=game.contacts if self.game.needs.contacts else None,
        )

    def deactivate(self, agent: int, world: int = 0) -> None:
        """End an agent's episode: it does nothing from now on, and its rewards are zero."""
        group, place = self.seats[agent]
        group.active[world, place] = False

    def activate_all(self) -> None:
        """Let the episodes of all agents go on, also of those that have terminated."""
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
        return EpisodeOrigin(state, tuple(group.state.memory.array[world].copy() for group in self.groups))

    def markers(self, world: int = 0) -> list[Marker]:
        """Return what is shown in pictures of a world beside the bodies."""
        markers = [marker for group, place in self.seats for marker in group.task.markers(group.state, world, place)]
        game = self.scene.game
        return [*markers, *(game.markers(self.game.state, world) if game is not None else ())]

    def save(self, world: int = 0) -> Checkpoint:
        """Return a world and everything its episode remembers, to be given to `load`.

        Raises:
            InvalidInput: no episode has begun, or the physics has blown up, so there is nothing to go on from.
        """
        self._check_begun()
        if world in self.clock.diverged:
            raise InvalidInput(f"scene {self.scene.name!r}: the physics has blown up: call reset()")
        return Checkpoint(
            scene=self.scene.name,
            described=self._described,
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
        }

    def contents(self, world: int = 0) -> tuple[Any, ...]:
        """Return all numbers that a world and its episode are made of, to be hashed; some are views."""
        return (self.scene.name, self._bodies(), self.worlds[world].capture(), *self._episode(world).values(), {})

    def load(self, saved: Checkpoint, world: int = 0, opponents: Iterable[str] = (), exact: bool = True) -> None:
        """Take back what `save` returned, and go on from there bit for bit as the world that was saved.

        Args:
            saved: what it returned.
            world: which is to be as saved.
            opponents: agents whose policies must be in it.
            exact: see `World.load`.

        Raises:
            InvalidInput: it is none, or of another scene, or lacks a policy, or the simulation is closed; nothing has
                changed then. Or its episode cannot be replayed here; `reset` must be called then.
        """
        self._check_open()
        where = f"scene {self.scene.name!r}"
        if not isinstance(saved, Checkpoint):
            raise InvalidInput(f"{where}: {saved!r:.80} is no saved state")
        if saved.scene != self.scene.name or [*saved.described] != [*self._described]:
            raise InvalidInput(f"{where}: the state is of scene {saved.scene!r}, or of other agents")
        if others := [what for what, value in self._described.items() if saved.described[what] != value]:
            raise InvalidInput(f"{where}: where the state was saved this was other: {', '.join(others)}")
        missing = [name for name in opponents if name not in saved.opponents]
        if missing:
            held = f"only of {', '.join(saved.opponents)}" if saved.opponents else "none"
            raise InvalidInput(f"{where}: policies control {', '.join(missing)}; of such the state has {held}")
        begun, self.begun = self.begun, False
        self.backend.load(world, saved.world, exact)
        self.begun = begun
        self.rngs[world].bit_generator.state = copy.deepcopy(saved.rng)
        self.clock.steps[world] = saved.step
        self.game.rules[world] = saved.rules
        self.game.state.array[world] = saved.game_state
        for group, (array, active) in zip(self.groups, saved.groups, strict=True):
            group.state.array[world] = array
            group.active[world] = active
            group.terminated = group.task.terminated(group.state)
        self._observe([world])
        self.begun = True

    def _bodies(self) -> tuple[str, ...]:
        agents = [f"{agent.name} {agent.robot.name} {type(agent.task).__name__}" for agent in self.scene.agents]
        return (*agents, *(f"{prop.name} {prop.model.name}" for prop in self.scene.props))

    def close(self) -> None:
        """Free all worlds; again does nothing."""
        self.begun, self.closed = False, True
        self.backend.close()
