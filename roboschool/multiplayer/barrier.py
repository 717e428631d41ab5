"""A barrier between the agents of a shared world; pure: no clock, lock, thread or socket."""

import contextlib
import threading
from collections.abc import Mapping
from typing import Any, TypeAlias

import numpy as np

from roboschool.envs.parallel import ParallelEnv
from roboschool.envs.spaces import check_count, check_no_camera
from roboschool.errors import InvalidInput, check_choice, describe_error
from roboschool.policies.policy import AnyPolicy, Policy
from roboschool.policies.resolve import resolve_policy
from roboschool.simulation.actions import as_numbers
from roboschool.simulation.control import SEEDS, by_agent

THREADS = "each seat needs a thread of its own"
TIMEOUT = 60.0  # of agents that wait [s]


class WorldClosed(RuntimeError):
    """The world or the agent's seat is closed; the message says why."""


ResetRequest: TypeAlias = tuple[int | None, dict[str, Any]]  # the seed of an episode, and options of the scene's game
Reply: TypeAlias = tuple[Any, ...] | InvalidInput | WorldClosed  # what `reset` or `step` returns or raises


class Barrier:
    """Steps a world when every active agent has acted, and resets it when every seat has requested that.

    A request is answered at once or by a later call: each call returns the replies that became ready, by agent. There
    is no clock in here: its user must call `late` when an agent has waited for `timeout` while `turn` did not change.

    Args:
        world: with `on_termination="leave"`; only the barrier may step it.
        join_timeout: how long a reset waits for the other seats [s]; None: for ever. Before the first episode default
            policies take the missing seats, or the world closes if one has none; later those seats are lost.
        step_timeout: how long a step waits for the other agents [s]; None: for ever. Then the missing ones lose their
            seats.
        episodes: number of episodes in the match; None: no limit.
        default_policies: policies that take seats that stay empty, by agent: objects, or written as for `roboschool
            match`, like "still".

    Raises:
        InvalidInput: a timeout or the number of episodes is wrong, or a default policy does not fit its
            agent.
    """

    def __init__(
        self,
        world: ParallelEnv,
        join_timeout: float | None = TIMEOUT,
        step_timeout: float | None = TIMEOUT,
        episodes: int | None = None,
        default_policies: Mapping[str, AnyPolicy] | None = None,
    ) -> None:
        check_no_camera(world.scene, "a shared world of several players")
        self.world = world
        self.join_timeout = _check_timeout("join_timeout", join_timeout)
        self.step_timeout = _check_timeout("step_timeout", step_timeout)
        self.episodes = None if episodes is None else check_count("episodes", episodes)
        self.default_policies: dict[str, Policy] = {}
        agents = {agent.name: agent for agent in world.scene.agents}
        for name, policy in by_agent(default_policies, "default_policies", world.possible_agents).items():
            agent = agents[check_choice(name, agents, "agent", "default_policies")]
            where = f"default_policies: {name!r}"
            self.default_policies[name] = resolve_policy(policy, world.scene.interface(agent), agent.policy, where)
        self.episode = 0  # the first is 1
        self.step = 0  # of the episode
        self.scores = dict.fromkeys(world.possible_agents, 0.0)  # sums of all rewards
        self.results: dict[str, list[float]] = {}  # of each agent in games that are over; 1 won, -1 lost
        self.forfeits: list[tuple[int, int, str, str]] = []  # episode, step, agent, reason
        self.gone: dict[str, str] = {}  # why an agent's seat is closed
        self.substituted: list[str] = []  # agents played by default policies
        self.end: tuple[str, BaseException | None] | None = None  # why the world is closed
        self._freed = False
        self._requests: dict[str, ResetRequest] = {}  # of agents that wait for an episode
        self._actions: dict[str, np.ndarray] = {}  # of agents that wait for a step
        self._clipped = dict.fromkeys(world.possible_agents, 0)  # actions of the episode beyond -1 or 1
        self._lost: set[str] = set()  # agents that have forfeited the episode
        self._seen: dict[str, np.ndarray] = {}  # observations, for the default policies

    @property
    def turn(self) -> tuple[int, int, bool]:
        """Changes whenever the world moves or an episode begins or ends."""
        return self.episode, self.step, bool(self.world.agents)

    @property
    def waiting(self) -> bool:
        """Whether an agent waits."""
        return bool(self._requests or self._actions)

    @property
    def timeout(self) -> float | None:
        """How long agents wait before it is `late` [s]; None: for ever."""
        return self.step_timeout if self.world.agents else self.join_timeout

    def waits(self, agent: str) -> bool:
        """Return whether an agent has a request without a reply."""
        return agent in self._requests or agent in self._actions

    def missing(self) -> list[str]:
        """Return the agents that all others wait for."""
        if self.world.agents:
            return [name for name in self.world.agents if name not in self._actions and name not in self.substituted]
        out = {*self.gone, *self.substituted, *self._requests}
        return [name for name in self.world.possible_agents if name not in out]

    def ask_reset(self, agent: str, seed: int | None = None, options: dict[str, Any] | None = None) -> dict[str, Reply]:
        """Request the next episode; an agent that is still in one forfeits that.

        Args:
            agent: that makes the request.
            seed: of the world; None leaves it to the others.
            options: of the scene's game, already checked; none leaves them to the others.

        Raises:
            InvalidInput: the agent is unknown or waits already, or the seed is not a whole number from 0 up.
            WorldClosed: the world or the agent's seat is closed.
        """
        self._check(agent)
        self._requests[agent] = check_seed(agent, seed), options or {}
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
        if np.count_nonzero(np.isfinite(array)) < array.size:
            raise InvalidInput(f"agent {agent!r}: the action is not finite: {array}")
        self._actions[agent] = array
        self._clipped[agent] += bool(np.abs(array).max() > 1.0)
        return self._advance()

    def leave(self, agent: str, why: str = "has left") -> dict[str, Reply]:
        """Close an agent's seat: its robot does nothing from now on; the last to leave closes the world.

        Raises:
            InvalidInput: the agent is unknown.
        """
        check_choice(agent, self.world.possible_agents, "agent")
        if self.end is not None or agent in self.gone or agent in self.substituted:
            return {}
        self.gone[agent] = why
        self._forfeit(agent, why)
        waited = self.withdraw(agent)
        no_player = set(self.world.possible_agents) <= {*self.gone, *self.substituted}
        replies = self.close("every seat is closed") if no_player else self._advance()
        return replies | ({agent: WorldClosed(f"agent {agent!r} {why}")} if waited else {})

    def late(self) -> dict[str, Reply]:
        """Continue without the missing agents: others have waited for `timeout`, and the world has not moved."""
        missing = self.missing()
        late = f"no {'action' if self.world.agents else 'reset'} in {self.timeout:g} s"
        replies: dict[str, Reply] = {}
        if self.world.agents or self.episode:
            for name in missing:
                replies |= self.leave(name, f"lost its seat: {late}; {THREADS}")
        elif set(missing) <= self.default_policies.keys():
            self.substituted += missing
            replies = self._advance()
        else:
            replies = self.close(f"{late}, waiting for {', '.join(missing)}; {THREADS}")
        return replies

    def withdraw(self, agent: str) -> bool:
        """Take back an agent's request; return whether there was one."""
        waited = self.waits(agent)
        self._requests.pop(agent, None)
        self._actions.pop(agent, None)
        return waited

    def picture(self) -> np.ndarray | None:
        """Return a picture (height, width, 3) of the world, or None if it has no `render_mode`.

        Raises:
            WorldClosed: the world is gone; after a match that is over it is still there.
        """
        if self._freed:
            raise self._closed()
        return self.world.render()

    def close(self, why: str, cause: BaseException | None = None) -> dict[str, Reply]:
        """Close the world for all agents; a second call does nothing."""
        replies = self._stop(why, cause)
        self._freed = True
        with contextlib.suppress(Exception):  # a broken world must not keep the replies back
            self.world.close()
        return replies

    def _stop(self, why: str, cause: BaseException | None = None) -> dict[str, Reply]:
        """Accept no more requests; pictures of the world can still be taken."""
        if self.end is not None:
            return {}
        self.end = why, cause
        replies: dict[str, Reply] = {name: self._closed() for name in [*self._requests, *self._actions]}
        self._requests.clear()
        self._actions.clear()
        return replies

    def _check(self, agent: str) -> None:
        """Refuse an agent that can make no request now."""
        check_choice(agent, self.world.possible_agents, "agent")
        if agent in self.gone:
            raise WorldClosed(f"agent {agent!r} {self.gone[agent]}")
        if agent in self.substituted:
            raise WorldClosed(f"agent {agent!r} is played by a policy")
        if self.end is not None:
            raise self._closed()
        if self.waits(agent):
            raise InvalidInput(f"agent {agent!r} waits already, for {', '.join(self.missing())}; {THREADS}")

    def _closed(self) -> WorldClosed:
        why, cause = self.end or ("", None)
        error = WorldClosed(f"the world is closed: {why}")
        error.__cause__ = cause
        return error

    def _forfeit(self, agent: str, why: str) -> None:
        if agent in self.world.agents:
            self.forfeits.append((self.episode, self.step, agent, why))
            self._lost.add(agent)
            self.world.deactivate(agent)
            self._dismiss()

    def _dismiss(self) -> None:
        """End the episode if only default policies are left, or no agent: no player needs it."""
        if set(self.world.agents) <= set(self.substituted):
            for name in self.world.agents[:]:
                self.world.deactivate(name)
            if self._lost:
                self._note_results()

    def _advance(self) -> dict[str, Reply]:
        """Step or reset the world if no agent is missing; end the match after its last episode."""
        replies: dict[str, Reply] = {}
        if not self._is_over() and not self.missing():
            try:
                replies = self._step() if self.world.agents else self._reset()
            except BaseException as error:  # even Ctrl-C: the world may have moved by half
                return self.close(describe_error(error), error)
        if self._is_over():
            replies |= self._stop(f"the match is over after {self.episodes} episode{'s' * (self.episodes != 1)}")
        return replies

    def _is_over(self) -> bool:
        return self.episode == self.episodes and not self.world.agents

    def _reset(self) -> dict[str, Reply]:
        for what, part in (("seed", 0), ("set of options", 1)):
            values = {
                name: request[part] for name, request in self._requests.items() if request[part] not in (None, {})
            }
            if any(value != other for value in values.values() for other in values.values()):
                text = ", ".join(f"{name!r} asks for {value}" for name, value in sorted(values.items()))
                asked, self._requests = self._requests, {}
                return {name: InvalidInput(f"one world has one {what}: {text}") for name in asked}
        seeds = [seed for seed, _ in self._requests.values() if seed is not None]
        options = [options for _, options in self._requests.values() if options]
        self._seen, infos = self.world.reset(next(iter(seeds), None), next(iter(options), None))
        self.episode += 1
        self.step = 0
        self._clipped = dict.fromkeys(self._clipped, 0)
        self._lost = set(self.gone)
        for name in self.gone:
            self.world.deactivate(name)
        for name in self.substituted:
            self.default_policies[name].reset(int(self.world.simulation.rngs[0].integers(SEEDS)))
        asked, self._requests = self._requests, {}
        return {name: (self._seen[name], self._info(name, infos)) for name in asked}

    def _step(self) -> dict[str, Reply]:
        fill = {n: self.default_policies[n].act(self._seen[n]) for n in self.substituted if n in self.world.agents}
        self._seen, rewards, out, time_up, infos = self.world.step(self._actions | fill)
        self.step += 1
        for name, reward in rewards.items():
            self.scores[name] += reward
        if self.world.agents:
            self._dismiss()
        else:
            self._note_results()
        acted, self._actions = self._actions, {}
        seen = self._seen
        return {n: (seen[n], rewards[n], out[n], time_up[n], self._info(n, infos)) for n in acted}

    def _note_results(self) -> None:
        """Note the result of the scene's game, if it has one; an agent that has forfeited has lost."""
        simulation = self.world.simulation
        if simulation.clock.diverged:
            return
        for name, (group, place) in zip(self.world.possible_agents, simulation.seats, strict=True):
            report = simulation.info.of_agent(group, place)
            if "result" in report:
                self.results.setdefault(name, []).append(-1.0 if name in self._lost else report["result"])

    def _info(self, agent: str, infos: dict[str, dict[str, Any]]) -> dict[str, Any]:
        """Return an agent's info, with the number of its actions that were clipped in this episode."""
        return infos[agent] | {"clipped": float(self._clipped[agent])}


def check_seed(agent: str, seed: int | None) -> int | None:
    """Return the seed of an episode that an agent asks for.

    Raises:
        InvalidInput: it is neither None nor a whole number from 0 up.
    """
    if seed is not None and not (isinstance(seed, int | np.integer) and seed >= 0):
        raise InvalidInput(f"agent {agent!r}: seed {seed!r} is not a whole number from 0 up")
    return None if seed is None else int(seed)


def _check_timeout(name: str, seconds: float | None) -> float | None:
    if seconds is not None and not (isinstance(seconds, int | float) and 0 < seconds <= threading.TIMEOUT_MAX):
        raise InvalidInput(f"{name}: {seconds!r} is not a number of seconds above 0")
    return seconds
