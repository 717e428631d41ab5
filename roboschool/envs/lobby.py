"""One `gymnasium.Env` for each agent of a shared world, each for a thread of its own."""

import contextlib
import threading
import time
from collections.abc import Callable
from typing import Any, TypeAlias

import gymnasium
import numpy as np

from roboschool.camera import Camera
from roboschool.envs.parallel import ParallelEnv
from roboschool.envs.spaces import FPS, RENDER_MODES
from roboschool.files import InvalidInput, choose
from roboschool.scene import Scene
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


class LobbySeat(gymnasium.Env[np.ndarray, np.ndarray]):
    """One agent of a lobby's world; `lobby[agent]` returns it."""

    metadata = {"render_modes": RENDER_MODES, "render_fps": FPS}

    def __init__(self, lobby: "Lobby", agent: str) -> None:
        self.lobby = lobby
        self.agent = agent
        self.scene = lobby.world.scene
        self.render_mode = lobby.world.render_mode
        self.observation_space = lobby.world.observation_space(agent)
        self.action_space = lobby.world.action_space(agent)
        self.camera = Camera(self.scene)  # one a thread: EGL draws only in the thread that began

    def reset(
        self, *, seed: int | None = None, options: dict[str, Any] | None = None
    ) -> tuple[np.ndarray, dict[str, Any]]:
        """Begin an episode with all other seats; wait until they too have asked and the current one is over.

        Raises:
            InvalidInput: seats ask for different seeds, or another thread waits in this seat.
            WorldClosed: the world or this seat is closed.
        """
        super().reset(seed=seed)
        observation, info = self.lobby.ask(self.agent, lambda host: host.ask_reset(self.agent, seed))
        self.camera.cut()
        return observation, info

    def step(self, action: np.ndarray) -> tuple[np.ndarray, float, bool, bool, dict[str, Any]]:
        """Act for one timestep with all other live agents; wait until they too have acted. See `AgentEnv.step`.

        Raises:
            InvalidInput: the action has the wrong shape or is not finite, the agent's episode is over, or another
                thread waits in this seat.
            WorldClosed: the world or this seat is closed.
        """
        reply = self.lobby.ask(self.agent, lambda host: host.ask_step(self.agent, action))
        observation, reward, terminated, truncated, info = reply
        return observation, reward, terminated, truncated, info

    def render(self) -> np.ndarray | None:
        """Return a picture (height, width, 3) of the world if `render_mode` is "rgb_array"."""
        return None if self.render_mode is None else self.lobby.picture(self.camera)

    def close(self) -> None:
        """Leave: the robot does nothing from now on, the others go on; again does nothing."""
        self.lobby.leave(self.agent)


class Lobby:
    """All agents of a scene in one world, each as a `gymnasium.Env` of its own: `Lobby("ants")["ant_0"]`.

    The world moves when every live agent has acted, so each seat needs a thread of its own.

    Args:
        scene: its name, the path of its file, or a `Scene`.
        join_timeout: how long a reset waits for a seat that does not ask, before the lobby closes [s]; None: for ever.
        step_timeout: how long a step waits for an agent that does not act, before that loses its seat [s].
        options: `max_cycles` and `render_mode` of `ParallelEnv`; others stand for keys of the scene file.

    Raises:
        InvalidInput: the scene, a timeout or an option is unknown or wrong.
    """

    def __init__(
        self,
        scene: str | Scene,
        join_timeout: float | None = 60.0,
        step_timeout: float | None = 60.0,
        **options: Any,
    ) -> None:
        self.world = ParallelEnv(scene, death="leave", **options)
        self.join_timeout = _check_timeout("join_timeout", join_timeout)
        self.step_timeout = _check_timeout("step_timeout", step_timeout)
        self._rendezvous = Rendezvous(self.world)
        self._changed = threading.Condition()
        self._replies: dict[str, Reply] = {}
        self._seats = {name: LobbySeat(self, name) for name in self.world.possible_agents}

    def __getitem__(self, agent: str) -> LobbySeat:
        return self._seats[choose(agent, self._seats, "agent", f"scene {self.world.scene.name!r}")]

    @property
    def forfeits(self) -> list[tuple[int, int, str, str]]:
        """Who has given up an episode or lost a seat: episode (the first is 1), step, agent, reason."""
        return self._rendezvous.forfeits

    def ask(self, agent: str, call: Callable[[Rendezvous], dict[str, Reply]]) -> tuple[Any, ...]:
        """Ask the rendezvous something for an agent; wait for the reply and return or raise it."""
        with self._changed:
            self._deliver(call(self._rendezvous))
            try:
                while agent not in self._replies:
                    self._wait_a_turn(agent)
            except BaseException:  # Ctrl-C: whoever has gone away does not wait any more
                self._rendezvous.withdraw(agent)
                self._replies.pop(agent, None)
                raise
            reply = self._replies.pop(agent)
        if isinstance(reply, Exception):
            raise reply
        return reply

    def picture(self, camera: Camera) -> np.ndarray:
        """Return a picture (height, width, 3) of the world."""
        with self._changed:
            return camera.picture(self.world.simulation.worlds[0].capture())

    def leave(self, agent: str) -> None:
        """Close an agent's seat; again does nothing."""
        with self._changed:
            self._deliver(self._rendezvous.leave(agent))
            self._seats[agent].camera.close()

    def close(self) -> None:
        """Free the world; whoever waits gets `WorldClosed`; again does nothing."""
        with self._changed:
            self._deliver(self._rendezvous.close("the lobby was closed"))
            for seat in self._seats.values():
                seat.camera.close()

    def _deliver(self, replies: dict[str, Reply]) -> None:
        self._replies |= replies
        self._changed.notify_all()

    def _wait_a_turn(self, agent: str) -> None:
        """Wait until there is a reply or the world has moved; after too long do without those who are missing."""
        turn = self._rendezvous.turn
        patience = self.step_timeout if self.world.agents else self.join_timeout
        deadline = time.monotonic() + patience if patience else None
        while agent not in self._replies and self._rendezvous.turn == turn:
            left = deadline - time.monotonic() if deadline else None
            if left is None or left > 0:
                self._changed.wait(left)
            else:
                self._go_on_without(self._rendezvous.missing(), f"in {patience:g} s")

    def _go_on_without(self, missing: list[str], late: str) -> None:
        if self.world.agents:
            for name in missing:
                self._deliver(self._rendezvous.leave(name, f"lost its seat: no action {late}; {THREADS}"))
        else:
            text = f"no reset {late}, waiting for {', '.join(missing)}; {THREADS}"
            self._deliver(self._rendezvous.close(text))


def _check_timeout(name: str, seconds: float | None) -> float | None:
    if seconds is not None and not 0 < seconds <= threading.TIMEOUT_MAX:
        raise InvalidInput(f"{name}: {seconds} is not a number of seconds above 0")
    return seconds
