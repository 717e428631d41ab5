"""Costs as other libraries take them: a step of six results, and a budget for each agent."""

from collections.abc import Mapping
from typing import Any

import gymnasium
import numpy as np
from gymnasium.spaces import Box
from pettingzoo import ParallelEnv as PettingZooEnv
from pettingzoo.utils import BaseParallelWrapper

from roboschool.errors import InvalidInput

SPENT = -1.0  # what is observed of a budget that is overdrawn by all of it, or more


def cost_of(info: Mapping[str, Any]) -> Any:
    """Return the cost in an info: a number, an array (row,) of a `VectorEnv`, or numbers by agent of a `ParallelEnv`.

    It is 0 where nothing costs.
    """
    if info and all(isinstance(own, Mapping) for own in info.values()):
        return {agent: own.get("cost", 0.0) for agent, own in info.items()}
    return info.get("cost", 0.0)


class SixResults:
    """An env whose `step` returns the cost after the reward, as Safety-Gymnasium's does; all else is the env's.

    Args:
        env: an `AgentEnv`, a `VectorEnv` or a `ParallelEnv`.
    """

    def __init__(self, env: Any) -> None:
        self.env = env

    def __getattr__(self, name: str) -> Any:
        """Return what the env has."""
        if name == "env":
            raise AttributeError(name)  # a copy that is being made has none yet
        return getattr(self.env, name)

    def step(self, action: Any) -> tuple[Any, Any, Any, Any, Any, Any]:
        """Return observation, reward, cost, terminated, truncated and info."""
        observation, reward, terminated, truncated, info = self.env.step(action)
        return observation, reward, cost_of(info), terminated, truncated, info


def _check_limit(limit: float, where: str) -> float:
    """Return a limit.

    Raises:
        InvalidInput: it is not a number above 0.
    """
    if not isinstance(limit, int | float) or isinstance(limit, bool) or not 0.0 < limit < np.inf:
        raise InvalidInput(f"{where}: {limit!r:.80} is not a number above 0")
    return float(limit)


def _with_budget(space: Any) -> Box:
    """Return the space of an observation with a budget at its end.

    Raises:
        InvalidInput: an observation is no vector.
    """
    if not isinstance(space, Box):
        raise InvalidInput("a budget is added to a vector only, and an agent with a sensor 'camera' observes a dict")
    return Box(np.append(space.low, np.float32(SPENT)), np.append(space.high, np.float32(1.0)), dtype=np.float32)


def _observe(observation: np.ndarray, left: float, limit: float) -> np.ndarray:
    return np.append(observation, np.float32(max(SPENT, left / limit)))


class Budget(gymnasium.Wrapper[np.ndarray, np.ndarray, np.ndarray, np.ndarray]):
    """Tells an agent what is left of what an episode may cost: the last number that it observes, as a fraction.

    It begins at 1, and is below 0 when the budget is overdrawn. `info["budget"]` is what is left.

    Args:
        env: an `AgentEnv`, or what `gymnasium.make` returns.
        limit: of the cost of an episode.

    Raises:
        InvalidInput: the limit is not a number above 0.
    """

    def __init__(self, env: Any, limit: float = 25.0) -> None:
        super().__init__(env)
        self.limit = self.left = _check_limit(limit, "limit")
        self.observation_space = _with_budget(env.observation_space)

    def reset(
        self, *, seed: int | None = None, options: dict[str, Any] | None = None
    ) -> tuple[np.ndarray, dict[str, Any]]:
        """Begin an episode with the whole budget."""
        observation, info = self.env.reset(seed=seed, options=options)
        self.left = self.limit
        return _observe(observation, self.left, self.limit), info | {"budget": self.left}

    def step(self, action: np.ndarray) -> tuple[np.ndarray, Any, bool, bool, dict[str, Any]]:
        """Act for one timestep, and take its cost from the budget."""
        observation, reward, terminated, truncated, info = self.env.step(action)
        self.left -= info.get("cost", 0.0)
        info = info | {"budget": self.left}
        return _observe(observation, self.left, self.limit), reward, terminated, truncated, info


class Budgets(BaseParallelWrapper[str, np.ndarray, np.ndarray]):
    """The same for each agent of a `ParallelEnv`.

    Args:
        env: the env.
        limits: of the cost of an episode: one for all agents, or one for each by name.

    Raises:
        InvalidInput: a limit is not a number above 0, or an agent has none.
    """

    def __init__(self, env: PettingZooEnv[str, np.ndarray, np.ndarray], limits: float | Mapping[str, float] = 25.0):
        super().__init__(env)
        by_name = limits if isinstance(limits, Mapping) else dict.fromkeys(env.possible_agents, limits)
        if set(by_name) != set(env.possible_agents):
            raise InvalidInput(f"limits: they are of {', '.join(by_name)}, not of {', '.join(env.possible_agents)}")
        self.limits = {agent: _check_limit(limit, f"limits: {agent}") for agent, limit in by_name.items()}
        self.left = dict(self.limits)
        self._spaces = {agent: _with_budget(env.observation_space(agent)) for agent in env.possible_agents}

    def observation_space(self, agent: str) -> Box:
        """Return the space of what an agent observes."""
        return self._spaces[agent]

    def reset(self, seed: int | None = None, options: dict[str, Any] | None = None) -> tuple[Any, Any]:
        """Begin an episode with whole budgets."""
        observations, infos = self.env.reset(seed=seed, options=options)
        self.left = dict(self.limits)
        return self._observe(observations), self._tell(infos)

    def step(self, actions: Any) -> tuple[Any, Any, Any, Any, Any]:
        """Act for one timestep, and take from each budget what its agent costs."""
        observations, rewards, terminated, truncated, infos = self.env.step(actions)
        for agent, info in infos.items():
            self.left[agent] -= info.get("cost", 0.0)
        return self._observe(observations), rewards, terminated, truncated, self._tell(infos)

    def _observe(self, observations: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
        return {agent: _observe(own, self.left[agent], self.limits[agent]) for agent, own in observations.items()}

    def _tell(self, infos: Mapping[str, dict[str, Any]]) -> dict[str, dict[str, Any]]:
        return {agent: info | {"budget": self.left[agent]} for agent, info in infos.items()}
