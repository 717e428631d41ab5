"""One `gymnasium.Env` for each agent of a shared world, each for its own thread."""

import threading
import time
from collections.abc import Callable, Mapping
from typing import Any

import gymnasium
import numpy as np

from roboschool.envs.parallel import ParallelEnv
from roboschool.envs.spaces import PICTURES, check_render_mode
from roboschool.errors import InvalidInput, check_choice
from roboschool.multiplayer.barrier import TIMEOUT, Barrier, Reply, WorldClosed, check_seed
from roboschool.policies.policy import AnyPolicy
from roboschool.scenes.reset_options import options_of_reset
from roboschool.scenes.scene import Scene


class LobbySeat(gymnasium.Env[np.ndarray, np.ndarray]):
    """One agent of a lobby's world; `lobby[agent]` returns it."""

    metadata = {"render_modes": PICTURES}

    def __init__(self, lobby: "Lobby", agent: str) -> None:
        self.lobby = lobby
        self.agent = agent
        self.scene = lobby.world.scene
        self.render_mode = lobby.world.render_mode
        self.metadata = lobby.world.metadata
        self.observation_space = lobby.world.observation_space(agent)
        self.action_space = lobby.world.action_space(agent)

    def reset(
        self, *, seed: int | None = None, options: dict[str, Any] | None = None
    ) -> tuple[np.ndarray, dict[str, Any]]:
        """Begin an episode with all other seats; wait until they too have called `reset` and the current one is over.

        Args:
            seed: of the world; None leaves it to the others.
            options: of the scene's game, like `{"dense_weight": 0.5}`; they hold for all seats until a reset has
                others.

        Raises:
            InvalidInput: the seed is not a whole number from 0 up, an option is wrong, seats ask for different seeds or
                options, or another thread waits in this seat.
            WorldClosed: the world or this seat is closed.
        """
        super().reset(seed=check_seed(self.agent, seed))
        rules = options_of_reset(self.scene, options, depth=3)
        observation, info = self.lobby.ask(self.agent, lambda barrier: barrier.ask_reset(self.agent, seed, rules))
        return observation, info

    def step(self, action: np.ndarray) -> tuple[np.ndarray, float, bool, bool, dict[str, Any]]:
        """Act for one timestep with all other active agents; wait until they too have acted. See `AgentEnv.step`.

        Raises:
            InvalidInput: the action has the wrong shape or is not finite, the agent's episode is over, or another
                thread waits in this seat.
            WorldClosed: the world or this seat is closed.
        """
        reply = self.lobby.ask(self.agent, lambda barrier: barrier.ask_step(self.agent, action))
        observation, reward, terminated, truncated, info = reply
        return observation, reward, terminated, truncated, info

    def render(self) -> np.ndarray | None:
        """Return a picture (height, width, 3) of the world if `render_mode` is "rgb_array".

        Raises:
            WorldClosed: the world is closed.
        """
        return None if self.render_mode is None else self.lobby.picture()

    def close(self) -> None:
        """Leave: the robot stays passive and the others continue; a second call does nothing."""
        self.lobby.leave(self.agent)


class Lobby:
    """All agents of a scene in one world, each as its own `gymnasium.Env`: `Lobby("ants")["ant_0"]`.

    The world steps when all active agents have acted, so each seat needs its own thread.

    Args:
        scene: its name, the path of its file, or a `Scene`.
        join_timeout: how long a reset waits for the other seats [s]; None: for ever. Then the lobby closes, or, after
            the first episode, the missing seats are lost.
        step_timeout: how long a step waits for an agent that does not act, before that loses its seat [s].
        default_policies: policies that take seats that stay empty, by agent, as in `Barrier`.
        options: `max_cycles` and `render_mode` of `ParallelEnv`; others override keys of the scene file.

    Raises:
        InvalidInput: the scene, a timeout, a policy or an option is unknown or wrong.
    """

    def __init__(
        self,
        scene: str | Scene,
        join_timeout: float | None = TIMEOUT,
        step_timeout: float | None = TIMEOUT,
        default_policies: Mapping[str, AnyPolicy] | None = None,
        **options: Any,
    ) -> None:
        check_render_mode(options.get("render_mode"), PICTURES)  # a window belongs to one thread
        self.world = ParallelEnv(scene, on_termination="leave", **options)
        self._barrier = Barrier(self.world, join_timeout, step_timeout, default_policies=default_policies)
        self._mutex = threading.RLock()
        self._bells = {name: threading.Condition(self._mutex) for name in self.world.possible_agents}
        self._turn, self._moved = self._barrier.turn, 0.0  # and when that began [s]
        self._replies: dict[str, Reply] = {}
        self._seats = {name: LobbySeat(self, name) for name in self.world.possible_agents}

    def __getitem__(self, agent: str) -> LobbySeat:
        return self._seats[check_choice(agent, self._seats, "agent", f"scene {self.world.scene.name!r}")]

    @property
    def forfeits(self) -> list[tuple[int, int, str, str]]:
        """Episodes given up and seats lost: episode (the first is 1), step, agent, reason."""
        return self._barrier.forfeits

    def ask(self, agent: str, call: Callable[[Barrier], dict[str, Reply]]) -> tuple[Any, ...]:
        """Make a request to the barrier for an agent; wait for the reply and return or raise it."""
        with self._mutex:
            since = time.monotonic()
            try:
                self._deliver(call(self._barrier))
                while agent not in self._replies:
                    if not self._barrier.waits(agent):
                        raise WorldClosed(f"agent {agent!r}: its reply was lost when another seat was interrupted")
                    self._wait(agent, since)
            except (InvalidInput, WorldClosed):
                raise  # a request of another thread in this seat stays
            except BaseException:  # Ctrl-C: the caller does not wait any more
                self._barrier.withdraw(agent)
                self._replies.pop(agent, None)
                raise
            reply = self._replies.pop(agent)
        if isinstance(reply, Exception):
            raise reply
        return reply

    def picture(self) -> np.ndarray | None:
        """Return a picture (height, width, 3) of the world."""
        with self._mutex:
            return self._barrier.picture()

    def leave(self, agent: str) -> None:
        """Close an agent's seat; a second call does nothing."""
        with self._mutex:
            self._deliver(self._barrier.leave(agent))

    def close(self) -> None:
        """Free the world; seats that wait get `WorldClosed`; a second call does nothing."""
        with self._mutex:
            self._deliver(self._barrier.close("the lobby was closed"))

    def _deliver(self, replies: dict[str, Reply]) -> None:
        """Wake only the seats that have a reply: a thread that wakes costs as much as a small robot's step."""
        self._replies |= replies
        if self._barrier.turn != self._turn:
            self._turn, self._moved = self._barrier.turn, time.monotonic()
        for agent in replies:
            self._bells[agent].notify()

    def _wait(self, agent: str, since: float) -> None:
        """Wait for a reply; if nothing has moved for too long continue without the missing agents."""
        timeout = self._barrier.timeout
        left = max(since, self._moved) + timeout - time.monotonic() if timeout else None
        if left is None or left > 0:
            self._bells[agent].wait(left)
        else:
            self._deliver(self._barrier.late())
