"""A simulation: copies of a scene advanced together. The only path from an action to an observation.

    action -> clip -> torque -> one Bullet step a world -> state -> plans -> reward, over -> throws -> observation

Agents with the same robot and task form a group: their arrays have one shape, and lead with (world, agent).
"""

import copy
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, fields
from typing import Any

import numpy as np

from roboschool.errors import InvalidInput, check_choice
from roboschool.mdp.distributions import draw
from roboschool.mdp.effects import Launch, Mark, Placement
from roboschool.mdp.game import Game, GameState, GameUpdate
from roboschool.mdp.state import NEEDED, PLACE, places
from roboschool.physics.backend import Backend, PythonBackend, Readings
from roboschool.physics.checkpoint import Start, WorldCheckpoint, describe_scene
from roboschool.scenes.loader import options_of_reset
from roboschool.scenes.scene import Scene
from roboschool.simulation.group import REPORTED, Group

ONCE = np.array(1)  # step; an array, because numpy is quicker with it than with a number


def check_seeds(seeds: Iterable[Any]) -> None:
    """Check seeds of episodes.

    Raises:
        InvalidInput: one is neither None nor an origin, nor a whole number from 0 up.
    """
    for seed in seeds:
        if not (seed is None or isinstance(seed, EpisodeOrigin) or (isinstance(seed, int | np.integer) and seed >= 0)):
            raise InvalidInput(f"seed {seed!r} is not a whole number from 0 up")


@dataclass(frozen=True)
class Checkpoint:
    """A world with everything its episode remembers. It can be pickled, and is valid in another process."""

    scene: str
    described: Mapping[str, str]  # what its future depends on besides, as `describe_scene` returns it
    checkpoint: WorldCheckpoint
    rng: Any
    step: int
    groups: tuple[tuple[np.ndarray, np.ndarray], ...]  # rows of the state and who is live, for each group
    arena: tuple[np.ndarray, ...]  # what the game looks at
    rules: Game | None  # with what the options of a reset have set
    opponents: Mapping[str, Any] = field(
        default_factory=dict
    )  # copies of policies that were not given as objects, by who they play


@dataclass(frozen=True)
class EpisodeOrigin:
    """What an episode begins from: with the same actions it is the same episode, bit for bit."""

    rng: Any  # the state of the world's generator
    memory: tuple[np.ndarray, ...]  # what the tasks of each group remember from the episode before


class Simulation:
    """Copies of a scene, advanced together.

    Args:
        scene: what each world holds.
        worlds: how many copies.
    """

    def __init__(self, scene: Scene, worlds: int = 1) -> None:
        self.scene = scene
        tasks = dict.fromkeys(agent.task for agent in scene.agents)
        self.groups = [Group(scene, task, worlds) for task in tasks]
        owners = {index: (group, place) for group in self.groups for place, index in enumerate(group.agents)}
        self.seats = [owners[index] for index in range(len(scene.agents))]  # group and place in it, of each agent
        self.game = scene.game
        self.rules = [scene.game] * worlds  # with what the options of a reset have set, for the episodes that begin
        self.meets = self.game is not None or any(task.sees for task in tasks)  # whether anybody looks around
        self.feels = self.game is not None and self.game.feels
        self.follows = any("others" in task.sees for task in tasks) or (self.game is not None and self.game.follows)
        self.plans = self.meets or any(group.plans for group in self.groups)
        self.watches = bool(scene.props) and (self.meets or any(prop.moves for prop in scene.props))
        self.was, self.now = self._arena(worlds), self._arena(worlds)
        self.trunks = np.zeros((worlds, len(scene.agents), NEEDED))  # of all agents, side by side
        self.backend: Backend = PythonBackend(scene, worlds)
        self.readings = {which: self._readings(which) for which in ("was", "now")}
        self.worlds = self.backend.worlds
        self.decided = np.zeros(worlds, dtype=bool)  # worlds whose game this step has decided
        self.rngs = [np.random.default_rng() for _ in range(worlds)]
        self.steps = np.zeros(worlds, dtype=int)  # of the current episode
        self.limit = scene.steps  # after so many its time is up
        self.broken = self.backend.diverged  # worlds whose physics has blown up
        self._check_game()
        self.begun = False  # whether there is an episode to step in
        self.closed = False
        self._described = describe_scene(scene)

    def _arena(self, worlds: int) -> GameState:
        memory, agent_stats = (len(self.game.memory), len(self.game.agent_stats)) if self.game else (0, 0)
        return GameState.blank(worlds, len(self.scene.agents), len(self.scene.props), PLACE, memory, agent_stats)

    def _check_game(self) -> None:
        """Check what the game says of itself and the shapes of what it returns, once.

        Raises:
            InvalidInput: one is wrong; the message names the game and the method.
        """
        if self.game is None:
            return
        worlds, agents = self.now.agents.shape[:2]
        name = f"game {type(self.game).__name__}"
        parameters = [field.name for field in fields(self.game) if field.name not in ("agents", "props", "finish")]
        for parameter in self.game.reset_options:
            check_choice(parameter, parameters, "parameter", f"{name}: reset_options")
        begun: Any = self.game.begin(0, np.random.default_rng(0))
        if not isinstance(begun, tuple | list) or len(begun) != 3:
            raise InvalidInput(f"{name}: begin() returns {begun!r:.80}, not memory, agent_stats and throws")
        for part, given, wanted in zip(
            ("memory", "agent_stats"), begun, (self.now.memory, self.now.agent_stats), strict=False
        ):
            if np.shape(given) != wanted.shape[1:]:
                raise InvalidInput(f"{name}: begin() returns {part} of shape {np.shape(given)}, not {wanted.shape[1:]}")
        with np.errstate(all="ignore"):
            verdict = self.game.judge(self.was, self.now, np.zeros(worlds, dtype=bool), self.rngs)
        if not isinstance(verdict, GameUpdate):
            raise InvalidInput(f"{name}: judge() returns {verdict!r:.80}, not a GameUpdate")
        shapes = {
            "points": (worlds, agents),
            "over": (worlds,),
            "memory": self.now.memory.shape,
            "agent_stats": self.now.agent_stats.shape,
        }
        for part, shape in shapes.items():
            if np.shape(getattr(verdict, part)) != shape:
                given = np.shape(getattr(verdict, part))
                raise InvalidInput(f"{name}: judge() returns {part} of shape {given}, not {shape}")
        if np.asarray(verdict.over).dtype != bool:
            raise InvalidInput(f"{name}: judge() returns over of {np.asarray(verdict.over).dtype}, not booleans")
        taken = {*REPORTED, *(term for group in self.groups for term in group.terms)}
        for number in (*self.game.memory, *self.game.agent_stats):
            if number in taken:
                raise InvalidInput(f"{name}: the name {number!r} is taken")
            taken.add(number)

    def reset(self, seeds: Mapping[int, int | EpisodeOrigin | None], options: Mapping[str, Any] | None = None) -> None:
        """Begin a new episode in some worlds.

        Args:
            seeds: for each of these worlds its seed, the origin of the episode to begin once more, or None to go on
                with the world's own generator.
            options: of the game (`Game.reset_options`); they hold in these worlds until a reset has others.
                Any other is warned of.

        Raises:
            InvalidInput: a seed is not a whole number from 0 up, or an option is wrong; nothing has changed then.
        """
        self._check_open()
        check_seeds(seeds.values())
        options = options_of_reset(self.scene, options)
        rules = self.game.with_options(options) if options and self.game is not None else None
        for world, seed in seeds.items():
            self._begin(world, seed, rules)
            for group in self.groups:
                group.feel(slice(world, world + 1))
        if self.meets:
            self._look_around()
        for group in self.groups:
            group.rest(list(seeds))
            group.see()
        self.begun = True

    def step(self, actions: Sequence[Any], fresh: Collection[int] = (), still: Collection[int] = ()) -> None:
        """Act in every world for one timestep.

        Args:
            actions: for each group, (world, agent, joints); clipped to -1 and 1.
            fresh: worlds that begin a new episode instead; their agents are paid nothing.
            still: worlds where nothing happens and no time passes; what their agents are paid means nothing.

        Raises:
            InvalidInput: an action has the wrong shape or is not finite, or no episode has begun; nothing has moved
                then.
        """
        self._check_begun()
        for group, action in zip(self.groups, actions, strict=True):
            group.act(action, [*fresh, *still])
        if self.meets or self.watches:
            self.was, self.now = self.now, self.was
            self.now.memory[:], self.now.agent_stats[:] = self.was.memory, self.was.agent_stats
        for group in self.groups:
            group.was, group.now = group.now, group.was
            if group.plans:
                group.now.memory[:] = group.was.memory
        self.readings = {"was": self.readings["now"], "now": self.readings["was"]}
        self.steps += ONCE
        if still:
            self.steps[list(still)] -= 1
        out = {*still, *fresh, *self.broken}
        moving = [number for number in range(len(self.worlds)) if number not in out]
        for number in fresh:
            if number not in still:
                self._begin(number, None)
        commands = [group.commands[:, place] for group, place in self.seats]
        self.backend.step(commands, moving, self.readings["now"])
        idle = [*self.broken, *still]
        for group in self.groups:
            group.feel()
            for number in idle:
                group.now.row[number] = group.was.row[number]
        for number in idle:
            self.now.props[number], self.now.touches[number] = self.was.props[number], self.was.touches[number]
        throws = self._plan([*fresh, *idle]) if self.plans else ()
        for group in self.groups:
            group.judge(self.scene.timestep, self.decided)
        if throws:
            self._throw(throws)
        for group in self.groups:
            group.see()

    def _plan(self, out: list[int]) -> list[Launch]:
        """Let game and tasks remember what has happened, but in some worlds; return what they ask for."""
        if self.meets:
            self._look_around()
        throws: list[Launch] = []
        if self.game is not None:
            live = np.ones(len(self.worlds), dtype=bool)
            live[out] = False
            verdict = self.game.judge(self.was, self.now, live, self.rngs)
            np.copyto(self.now.memory, verdict.memory, where=live[:, None])
            np.copyto(self.now.agent_stats, verdict.agent_stats, where=live[:, None, None])
            self.decided = verdict.over & live
            throws += [throw for throw in verdict.throws if live[throw.world]]
            for group in self.groups:
                group.now.points[:] = verdict.points[:, group.seats] * live[:, None]
            self._tell_game()
        for group in self.groups:
            if group.plans:
                live = group.live.copy()
                live[out] = False
                throws += [throw for throw in group.plan(live, self.rngs) if live[throw.world].any()]
        return throws

    def _look_around(self) -> None:
        """Let the agents that care know where the others and the props are."""
        agents, props = self.now.agents, self.now.props
        for group in self.groups:
            self.trunks[:, group.seats] = group.now.body[..., :NEEDED]
            self.now.upright[:, group.seats] = group.now.upright
        if self.follows:
            agents[:] = places(self.trunks)
        else:
            agents[..., :3] = self.trunks[..., :3]
        self.now.left[:] = self.limit - self.steps
        for group in self.groups:
            if "props" in group.task.sees:
                group.now.props[:] = props[:, None]
            if "others" in group.task.sees:
                group.now.others[:] = agents[:, group.others]
        self._tell_game()

    def _tell_game(self) -> None:
        for group in self.groups:
            if "game" in group.task.sees:
                group.now.game[:] = self.now.memory[:, None]
                group.now.agent_stats[:] = self.now.agent_stats[:, group.seats]
                group.now.left[:] = self.now.left[:, None]

    def _throw(self, throws: Sequence[Launch]) -> None:
        """Do what has been asked for."""
        for throw in throws:
            self.backend.apply(throw)
            self.now.props[throw.world] = self.worlds[throw.world].props()
        if self.meets:
            self._look_around()

    def _check_open(self) -> None:
        if self.closed:
            raise InvalidInput(f"scene {self.scene.name!r}: it is closed")

    def _check_begun(self) -> None:
        if not self.begun:
            self._check_open()
            raise InvalidInput(f"scene {self.scene.name!r}: no episode has begun: call reset() first")

    def _begin(self, world: int, seed: int | EpisodeOrigin | None, rules: Game | None = None) -> None:
        """Place every robot of a world for a new episode, with new rules if given; its joints are left raw."""
        if isinstance(seed, EpisodeOrigin):
            self.rngs[world].bit_generator.state = seed.rng
            for group, memory in zip(self.groups, seed.memory, strict=True):
                group.now.memory[world] = memory
        elif seed is not None:
            self.rngs[world] = np.random.default_rng(seed)
            for group in self.groups:
                group.now.memory[world] = 0.0
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
            memory = group.now.memory[world, place]
            placement, memory[:] = agent.task.begin(Placement(position, yaw, tuple(joints.tolist())), memory, rng)
            placements.append(placement)
        self.backend.reset(world, Start(tuple(placements), tuple(props), gravity, friction))
        rules = self.rules[world] if rules is None else rules
        if rules is not None:
            self.now.memory[world], self.now.agent_stats[world], throws = rules.begin(world, rng)
            for throw in throws:
                self.backend.apply(throw)
        self.rules[world] = rules
        self.steps[world] = 0
        for group in self.groups:
            group.live[world] = True
            group.now.points[world] = 0.0
        self.backend.read(world, self.readings["now"])

    def _readings(self, which: str) -> Readings:
        """Return the arrays of a state, `was` or `now`, that physics writes to; the joints that it writes are raw."""
        state: GameState = getattr(self, which)
        return Readings(
            agents=[getattr(group, which).body[:, place] for group, place in self.seats],
            props=state.props if self.watches else None,
            contacts=state.touches if self.feels else None,
        )

    def origin(self, world: int) -> EpisodeOrigin:
        """Return what the next episode of a world begins from if it gets no seed."""
        state = self.rngs[world].bit_generator.state
        return EpisodeOrigin(state, tuple(group.now.memory[world].copy() for group in self.groups))

    def numbers(self, group: Group, place: int) -> dict[str, np.ndarray]:
        """Return numbers about an agent in every world (world,).

        They are the terms of its reward, its distance along +x [m], whether physics blew up, and what the game
        remembers.
        """
        numbers = {name: term[:, place] for name, term in group.terms.items()}
        numbers["distance"] = group.now.position[:, place, 0]
        numbers["physics_error"] = np.zeros(len(self.worlds))
        numbers["physics_error"][list(self.broken)] = 1.0
        if self.game is not None:
            agent_stats = self.now.agent_stats[:, group.agents[place]]
            numbers |= {name: self.now.memory[:, column] for column, name in enumerate(self.game.memory)}
            numbers |= {name: agent_stats[:, column] for column, name in enumerate(self.game.agent_stats)}
        return numbers

    def report(self, group: Group, place: int, world: int = 0) -> dict[str, float]:
        """Return the `numbers` of an agent in one world; made anew, because slices of them all take longer."""
        report: dict[str, float] = {name: term.item(world, place) for name, term in group.terms.items()}
        report["distance"] = group.now.position.item(world, place, 0)
        report["physics_error"] = float(world in self.broken)
        if self.game is not None:
            report |= zip(self.game.memory, self.now.memory[world].tolist(), strict=True)
            report |= zip(self.game.agent_stats, self.now.agent_stats[world, group.agents[place]].tolist(), strict=True)
        return report

    def marks(self, world: int = 0) -> list[Mark]:
        """Return what is shown in pictures of a world beside the bodies."""
        marks = [mark for group, place in self.seats for mark in group.task.marks(group.now, world, place)]
        return [*marks, *(self.game.marks(self.now, world) if self.game else ())]

    def save(self, world: int = 0) -> Checkpoint:
        """Return a world and everything its episode remembers, to be given to `load`.

        Raises:
            InvalidInput: no episode has begun, or the physics has blown up, so there is nothing to go on from.
        """
        self._check_begun()
        if world in self.broken:
            raise InvalidInput(f"scene {self.scene.name!r}: the physics has blown up: call reset()")
        return Checkpoint(
            scene=self.scene.name,
            described=self._described,
            checkpoint=self.backend.save(world),
            **{name: copy.deepcopy(part) for name, part in self._episode(world).items()},
        )

    def _episode(self, world: int) -> dict[str, Any]:
        """Return what is remembered of the episode of a world, beside the bodies, by the fields of `Checkpoint`."""
        return {
            "rng": self.rngs[world].bit_generator.state,
            "step": int(self.steps[world]),
            "groups": tuple((group.now.row[world], group.live[world]) for group in self.groups),
            "arena": tuple(array[world] for array in vars(self.now).values()),
            "rules": self.rules[world],
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
        if not isinstance(saved, Checkpoint):
            raise InvalidInput(f"scene {self.scene.name!r}: {saved!r:.80} is no saved state")
        if saved.scene != self.scene.name or [*saved.described] != [*self._described]:
            raise InvalidInput(f"scene {self.scene.name!r}: the state is of scene {saved.scene!r}, or of other agents")
        if others := [what for what, value in self._described.items() if saved.described[what] != value]:
            what = ", ".join(others)
            raise InvalidInput(f"scene {self.scene.name!r}: where the state was saved this was other: {what}")
        missing = [name for name in opponents if name not in saved.opponents]
        if missing:
            held = f"only {', '.join(saved.opponents)}" if saved.opponents else "nobody"
            raise InvalidInput(
                f"scene {self.scene.name!r}: policies play {', '.join(missing)}, and in the state they play {held}"
            )
        begun, self.begun = self.begun, False
        self.backend.load(world, saved.checkpoint, exact)
        self.begun = begun
        self.rngs[world].bit_generator.state = copy.deepcopy(saved.rng)
        self.steps[world] = saved.step
        for group, (row, live) in zip(self.groups, saved.groups, strict=True):
            group.now.row[world] = row
            group.live[world] = live
            group.over = group.task.over(group.now)
            group.see()
        self.rules[world] = saved.rules
        for array, row in zip(vars(self.now).values(), saved.arena, strict=True):
            array[world] = row
        self.begun = True

    def _bodies(self) -> tuple[str, ...]:
        agents = [f"{agent.name} {agent.robot.name} {type(agent.task).__name__}" for agent in self.scene.agents]
        return (*agents, *(f"{prop.name} {prop.model.name}" for prop in self.scene.props))

    def close(self) -> None:
        """Free all worlds; again does nothing."""
        self.begun, self.closed = False, True
        self.backend.close()
