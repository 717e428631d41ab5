"""Rollouts: one episode of a policy in an env, step by step."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np

from roboschool.policies.policy import Policy


class EndRollout(Exception):
    """An actor ends a rollout."""


class Env(Protocol):
    """An `AgentEnv`, or a `ParallelEnv`, whose observations, actions and results are by agent."""

    def reset(self, *, seed: int | None = None, options: dict[str, Any] | None = None) -> tuple[Any, Any]:
        """Begin an episode; return observation and info."""

    def step(self, action: Any) -> tuple[Any, Any, Any, Any, Any]:
        """Act for one timestep; return observation, reward, terminated, truncated and info."""


class Actor(Protocol):
    """A `Policy`, or what acts for all agents of a `ParallelEnv` at once."""

    def reset(self, seed: int | None = None) -> None:
        """Begin an episode."""

    def act(self, observation: Any) -> Any:
        """Return an action.

        Raises:
            EndRollout: the rollout ends without this step.
        """


@dataclass(frozen=True)
class RolloutStep:
    """The results of a step; in a `ParallelEnv` all but `number` and `over` are by agent."""

    number: int  # 0 after the reset
    total: Any  # sum of the rewards since the reset
    terminated: Any
    truncated: Any
    info: Any
    over: bool  # whether the episode has ended


class AgentPolicies:
    """Policies by agent, which act together in a `ParallelEnv`; each gets its own seed."""

    def __init__(self, policies: Mapping[str, Policy]) -> None:
        self.policies = policies

    def reset(self, seed: int | None = None) -> None:
        """Begin an episode."""
        seeds = np.random.SeedSequence(seed).generate_state(len(self.policies)).tolist()
        for policy, own in zip(self.policies.values(), seeds, strict=True):
            policy.reset(own)

    def act(self, observation: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
        """Return an action (joints,) for each agent that observes."""
        return {name: self.policies[name].act(own) for name, own in observation.items()}


def rollout(
    env: Env, actor: Actor, seed: int | None = None, options: dict[str, Any] | None = None
) -> Iterator[RolloutStep]:
    """Play an episode; yield after the reset and after each step.

    The env is then in the state of that step, and may be looked at. The caller may stop at any step.

    Args:
        env: it is reset with the seed.
        actor: it is reset with the same seed, after the env.
        seed: None: continue with the generator of the env.
        options: of the reset, which the scene's game takes.

    Raises:
        InvalidInput: the seed or an option is wrong, or an action does not fit.
    """
    observation, info = env.reset(seed=seed, options=options)
    actor.reset(seed)
    by_agent = isinstance(observation, Mapping)
    total: Any = dict.fromkeys(observation, 0.0) if by_agent else 0.0
    now = RolloutStep(0, total, False, False, info, over=False)
    yield now
    while not now.over:
        try:
            action = actor.act(observation)
        except EndRollout:
            return
        observation, reward, terminated, truncated, info = env.step(action)
        if by_agent:
            total = {agent: value + reward.get(agent, 0.0) for agent, value in total.items()}
            over = all(terminated[agent] or truncated[agent] for agent in terminated)
        else:
            total += reward
            over = bool(terminated or truncated)
        now = RolloutStep(now.number + 1, total, terminated, truncated, info, over)
        yield now
