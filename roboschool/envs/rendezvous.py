"""Who waits for whom in a shared world; pure: no clock, lock, thread or socket."""

import contextlib
from typing import Any, TypeAlias

import numpy as np

from roboschool.envs.parallel import ParallelEnv
from roboschool.files import InvalidInput, choose
from roboschool.simulation import as_numbers

THREADS = "each seat needs a thread of its own"


class WorldClosed(RuntimeError):
    """The world is gone, or the agent's seat in it; the message says why."""


Reply: TypeAlias = tuple[Any, ...] | InvalidInput | WorldClosed  # what `reset` or `step` returns or raises


class Rendezvous:
    """Who waits for whom: the world moves when every live agent has acted, and begins when every seat has asked.

    There is no clock, lock or thread in here. Whoever asks is answered at once or by a later call: each call returns
    the replies that became ready, by agent.

    Args:
        world: with `death="leave"`; nobody else may step it.
    """

    def __init__(self, world: ParallelEnv) -> None:
        self.world = world
        self.episode = 0  # the first is 1
        self.step = 0  # of the episode
        self.forfeits: list[tuple[int, int, str, str]] = []  # episode, step, agent, reason
        self._gone: dict[str, str] = {}  # why an agent's seat is closed
        self._seeds: dict[str, int | None] = {}  # of those who wait for an episode
        self._actions: dict[str, np.ndarray] = {}  # of those who wait for a step
        self._end: tuple[str, BaseException | None] | None = None

    @property
    def turn(self) -> tuple[int, int, bool]:
        """Changes whenever the world moves or an episode begins or ends."""
        return self.episode, self.step, bool(self.world.agents)

    def missing(self) -> list[str]:
        """Return the agents everybody waits for."""
        if self.world.agents:
            return [name for name in self.world.agents if name not in self._actions]
        return [name for name in self.world.possible_agents if name not in self._gone and name not in self._seeds]

    def ask_reset(self, agent: str, seed: int | None = None) -> dict[str, Reply]:
        """Ask for the next episode; an agent that is still in one forfeits that.

        Raises:
            InvalidInput: the agent is unknown or waits already, or the seed is not a whole number from 0 up.
            WorldClosed: the world or the agent's seat is closed.
        """
        self._check(agent)
        if seed is not None and not (isinstance(seed, int | np.integer) and seed >= 0):
            raise InvalidInput(f"agent {agent!r}: seed {seed!r} is not a whole number from 0 up")
        self._seeds[agent] = seed
        self._forfeit(agent, "has reset before the episode's end")
        return self._advance()

    def ask_step(self, agent: str, action: Any) -> dict[str, Reply]:
        """Act for one timestep.

        Raises:
            InvalidInput: the agent is unknown, waits already or is in no episode, or the action has the wrong shape
                or is not finite.
            WorldClosed: the world or the agent's seat is closed.
        """
        self._check(agent)
        if agent not in self.world.agents:
            raise InvalidInput(f"agent {agent!r} is in no episode: call reset() first")
        array = as_numbers(agent, action, self.world.action_space(agent).shape).astype(float)
        if not np.isfinite(array).all():
            raise InvalidInput(f"agent {agent!r}: the action is not finite: {array}")
        self._actions[agent] = array
        return self._advance()

    def leave(self, agent: str, why: str = "has left") -> dict[str, Reply]:
        """Close an agent's seat: its robot does nothing from now on; the last to leave closes the world.

        Raises:
            InvalidInput: the agent is unknown.
        """
        choose(agent, self.world.possible_agents, "agent")
        if self._end is not None or agent in self._gone:
            return {}
        self._gone[agent] = why
        self._forfeit(agent, why)
        waited = self.withdraw(agent)
        everybody = len(self._gone) == len(self.world.possible_agents)
        replies = self.close("every seat is closed") if everybody else self._advance()
        return replies | ({agent: WorldClosed(f"agent {agent!r} {why}")} if waited else {})

    def withdraw(self, agent: str) -> bool:
        """Take back what an agent has asked; return whether it had."""
        waited = agent in self._seeds or agent in self._actions
        self._seeds.pop(agent, None)
        self._actions.pop(agent, None)
        return waited

    def close(self, why: str, cause: BaseException | None = None) -> dict[str, Reply]:
        """Close the world for everybody; again does nothing."""
        if self._end is not None:
            return {}
        self._end = why, cause
        replies: dict[str, Reply] = {name: self._closed() for name in [*self._seeds, *self._actions]}
        self._seeds.clear()
        self._actions.clear()
        with contextlib.suppress(Exception):  # a broken world must not keep the replies back
            self.world.close()
        return replies

    def _check(self, agent: str) -> None:
        """Refuse an agent that cannot ask now."""
        choose(agent, self.world.possible_agents, "agent")
        if agent in self._gone:
            raise WorldClosed(f"agent {agent!r} {self._gone[agent]}")
        if self._end is not None:
            raise self._closed()
        if agent in self._seeds or agent in self._actions:
            raise InvalidInput(f"agent {agent!r} waits already, for {', '.join(self.missing())}; {THREADS}")

    def _closed(self) -> WorldClosed:
        why, cause = self._end or ("", None)
        error = WorldClosed(f"the world is closed: {why}")
        error.__cause__ = cause
        return error

    def _forfeit(self, agent: str, why: str) -> None:
        if agent in self.world.agents:
            self.forfeits.append((self.episode, self.step, agent, why))
            self.world.retire(agent)

    def _advance(self) -> dict[str, Reply]:
        """Move the world if nobody is missing."""
        if self.missing():
            return {}
        try:
            return self._move() if self.world.agents else self._begin()
        except BaseException as error:  # even Ctrl-C: the world may have moved by half
            return self.close(f"{type(error).__name__}: {error}", error)

    def _begin(self) -> dict[str, Reply]:
        seeds = {name: seed for name, seed in self._seeds.items() if seed is not None}
        if len(set(seeds.values())) > 1:
            text = ", ".join(f"{name!r} asks for {seed}" for name, seed in sorted(seeds.items()))
            asked, self._seeds = self._seeds, {}
            return {name: InvalidInput(f"one world has one seed: {text}") for name in asked}
        observations, infos = self.world.reset(seed=next(iter(seeds.values()), None))
        self.episode += 1
        self.step = 0
        for name in self._gone:
            self.world.retire(name)
        asked, self._seeds = self._seeds, {}
        return {name: (observations[name], infos[name]) for name in asked}

    def _move(self) -> dict[str, Reply]:
        step = self.world.step(self._actions)
        self.step += 1
        acted, self._actions = self._actions, {}
        return {name: tuple(part[name] for part in step) for name in acted}
