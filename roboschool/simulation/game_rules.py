"""The game of a simulation: its rules in every world, what it looks at, and the checks of its contract."""

from collections.abc import Mapping, Sequence
from dataclasses import fields
from typing import Any

import numpy as np

from roboschool.errors import InvalidInput, check_choice
from roboschool.mdp.effects import Launch
from roboschool.mdp.game import Game, GameState, GameUpdate
from roboschool.mdp.needs import GameNeeds, Needs
from roboschool.mdp.state import TrunkState
from roboschool.physics.contact_sums import PAIR
from roboschool.scenes.scene import Scene
from roboschool.simulation.gathering import Gathering
from roboschool.simulation.group import RESERVED, Group


class GameRules:
    """The scene's game in all worlds, if it has one, and the state of agents and props that games and tasks look at.

    Args:
        scene: which.
        worlds: how many.
        groups: the agents.

    Raises:
        InvalidInput: the game does not keep to its contract; the message names the method.
    """

    def __init__(self, scene: Scene, worlds: int, groups: Sequence[Group]) -> None:
        self.game = scene.game
        self.groups = tuple(groups)
        self.needs = self.game.needs if self.game is not None else GameNeeds(velocities=False)
        self.rules: list[Game | None] = [scene.game] * worlds  # with what the options of a reset have set
        self.decided = np.zeros(worlds, dtype=bool)  # worlds whose game this step has decided
        agents, props = len(scene.agents), len(scene.props)
        sizes: dict[str, Any] = {"agents": agents, "props": props, "bodies": agents + props}
        if self.game is not None:
            sizes |= {"memory": self.game.memory, "agent_stats": self.game.agent_stats}
        needs = Needs()
        for group in groups:
            needs |= group.needs
        self.adds_up = needs.contacts
        if self.adds_up:
            sizes |= {"touched": agents + props + 1, "sums": PAIR}
        self.state, self.previous = (GameState.blank(worlds, **sizes) for _ in range(2))
        self.memory_names = self.state.memory.names
        self.stats_names = self.state.agent_stats.names
        # whether `gather` is needed
        self.gathers = self.game is not None or needs.props or needs.others or needs.game or needs.contacts
        self._velocities = needs.others or needs.contacts or self.needs.velocities
        self._substeps = scene.substeps
        self._native: Gathering | None = None
        self._trunks = TrunkState.blank(worlds, agents)  # of all agents, side by side
        if self.game is not None:
            self._check(self.game, groups)

    def _check(self, game: Game, groups: Sequence[Group]) -> None:
        """Check what the game says of itself and the shapes of what it returns, once."""
        worlds, agents = self.state.upright.shape
        name = f"game {type(game).__name__}"
        parameters = [field.name for field in fields(game) if field.name != "scene"]
        for parameter in game.reset_options:
            check_choice(parameter, parameters, "parameter", f"{name}: reset_options")
        launches: Any = game.reset(0, self.state.memory.copy().at(0), self.state.agent_stats.copy().at(0), _rng())
        _check_launches(f"{name}: reset() returns", launches)
        with np.errstate(all="ignore"):
            rngs = [_rng() for _ in range(worlds)]
            update: Any = game.update(self.previous, self.state, np.zeros(worlds, dtype=bool), rngs)
        if not isinstance(update, GameUpdate):
            raise InvalidInput(f"{name}: update() returns {update!r:.80}, not a GameUpdate")
        _check_launches(f"{name}: update() returns", update.launches)
        for part, wanted in (("memory", game.memory), ("agent_stats", game.agent_stats)):
            record, shape = getattr(update, part), getattr(self.state, part).array.shape
            if not isinstance(record, wanted):
                raise InvalidInput(f"{name}: update() returns {part} that is no {wanted.__name__}")
            if record.array.shape != shape:
                raise InvalidInput(f"{name}: update() returns {part} of shape {record.array.shape}, not {shape}")
        for part, shape in (("rewards", (worlds, agents)), ("terminated", (worlds,))):
            given = np.shape(getattr(update, part))
            if given != shape:
                raise InvalidInput(f"{name}: update() returns {part} of shape {given}, not {shape}")
        if np.asarray(update.terminated).dtype != bool:
            kind = np.asarray(update.terminated).dtype
            raise InvalidInput(f"{name}: update() returns terminated of {kind}, not booleans")
        taken = {*RESERVED, *(term for group in groups for term in group.rewards.names)}
        for number in (*self.memory_names, *self.stats_names):
            if number in taken:
                raise InvalidInput(f"{name}: the name {number!r} is taken")
            taken.add(number)

    def with_options(self, options: Mapping[str, Any]) -> Game | None:
        """Return the rules with options of a reset; None to leave them as they are."""
        return self.game.with_options(options) if options and self.game is not None else None

    def reset(self, world: int, rules: Game | None, rng: np.random.Generator) -> Sequence[Launch]:
        """Begin an episode in a world, with new rules if given; return how its props move."""
        chosen = self.rules[world] if rules is None else rules
        launches: Sequence[Launch] = ()
        if chosen is not None:
            memory, agent_stats = self.state.memory.at(world), self.state.agent_stats.at(world)
            memory.array[:], agent_stats.array[:] = 0.0, 0.0
            launches = chosen.reset(world, memory, agent_stats, rng)
        self.rules[world] = chosen
        return launches

    def advance(self) -> None:
        """Keep the state as the previous one."""
        self.previous.array[...] = self.state.array

    def freeze(self, world: int) -> None:
        """Leave what physics writes as it was in a world where no time has passed."""
        for name in ("props", "contacts", "pair_sums"):
            now, before = getattr(self.state, name), getattr(self.previous, name)
            getattr(now, "array", now)[world] = getattr(before, "array", before)[world]

    def gather(self, steps_left: np.ndarray) -> None:
        """Copy the quantities of agents and props that game and tasks need into their states.

        Args:
            steps_left: until the time is up (world,).
        """
        if self._native is not None:
            self._native()
            self.state.steps_left[:] = steps_left
            self.hand_out()
            return
        state = self.state
        for group in self.groups:
            self._trunks.array[:, group.index] = group.trunks
            state.upright[:, group.index] = group.state.upright
        if self._velocities:
            state.agents.array[:] = self._trunks.bodies()
        else:
            state.agents.position[:] = self._trunks.position
        state.steps_left[:] = steps_left
        for group in self.groups:
            if group.needs.props:
                group.state.props.array[:] = state.props.array[:, None]
            if group.needs.others:
                group.state.others.array[:] = state.agents.array[:, group.others]
            if group.needs.contacts:
                self._gather_contacts(group)
        self.hand_out()

    def prepare(self) -> None:
        """Let the native library gather if anything is; all arrays stay where they are."""
        if self.gathers:
            moving, adds_up = self._velocities, self.adds_up
            self._native = Gathering(self.state, self.previous, self.groups, moving, self._substeps, adds_up)

    def _gather_contacts(self, group: Group) -> None:
        """Write `State.contacts` from the sums of this timestep and the velocities before it."""
        before, own = self.previous, np.array(group.agents)[:, None]
        sums = self.state.pair_sums[:, own, group.touched]  # (world, agent, body, PAIR)
        velocities = np.concatenate(
            [before.agents.velocity, before.props.velocity, np.zeros((len(sums), 1, 3))], axis=1
        )  # the ground's is zero
        contacts, vectors = group.state.contacts, sums[..., 2:]
        length = np.sqrt(vectors[..., 0] ** 2 + vectors[..., 1] ** 2 + vectors[..., 2] ** 2)
        normal = vectors / np.where(length > 0.0, length, 1.0)[..., None]
        mine, its = (_along(velocities[:, bodies], normal) for bodies in (own, group.touched))
        contacts.pressing[:] = sums[..., 0] / self._substeps
        contacts.force[:] = sums[..., 1] / self._substeps
        contacts.normal[:] = normal
        contacts.own_speed[:] = -mine
        contacts.closing_speed[:] = its - mine

    def hand_out(self) -> None:
        """Copy what the game remembers into the states of tasks that need it."""
        state = self.state
        for group in self.groups:
            if group.needs.game:
                group.state.game.array[:] = state.memory.array[:, None]
                group.state.agent_stats.array[:] = state.agent_stats.array[:, group.index]
                group.state.steps_left[:] = state.steps_left[:, None]

    def update(self, active: np.ndarray, rngs: Sequence[np.random.Generator]) -> tuple[np.ndarray, list[Launch]]:
        """Update the game's memory of active worlds (world,).

        Returns:
            The game rewards (world, agent), and the launches.
        """
        assert self.game is not None
        update = self.game.update(self.previous, self.state, active, rngs)
        np.copyto(self.state.memory.array, update.memory.array, where=active[:, None])
        np.copyto(self.state.agent_stats.array, update.agent_stats.array, where=active[:, None, None])
        self.decided = update.terminated & active
        rewards: np.ndarray = update.rewards * active[:, None]
        return rewards, [launch for launch in update.launches if active[launch.world]]


def _along(velocity: np.ndarray, normal: np.ndarray) -> np.ndarray:
    """Return speeds along a normal (...), of vectors (..., 3); added in one order, for any number of worlds."""
    along: np.ndarray = velocity[..., 0] * normal[..., 0] + velocity[..., 1] * normal[..., 1]
    along += velocity[..., 2] * normal[..., 2]
    return along


def _check_launches(where: str, launches: Any) -> None:
    if not isinstance(launches, Sequence) or not all(isinstance(launch, Launch) for launch in launches):
        raise InvalidInput(f"{where} {launches!r:.80}, not launches")


def _rng() -> np.random.Generator:
    return np.random.default_rng(0)
