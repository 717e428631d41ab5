"""Rollouts: the same episode as a loop by hand, in both kinds of env."""

from contextlib import closing
from typing import Any

import numpy as np
import pytest

from roboschool.envs.agent import AgentEnv
from roboschool.envs.parallel import ParallelEnv
from roboschool.errors import InvalidInput
from roboschool.policies.policy import Random, Still
from roboschool.simulation.rollout import AgentPolicies, EndRollout, rollout


def test_a_rollout_is_the_episode_of_a_loop_by_hand() -> None:
    with closing(AgentEnv("hopper")) as env:
        steps = list(rollout(env, Random(3), seed=5))
        policy, total, length = Random(3), 0.0, 0
        observation, _ = env.reset(seed=5)
        policy.reset(5)
        over = False
        while not over:
            observation, reward, terminated, truncated, info = env.step(policy.act(observation))
            total, length, over = total + reward, length + 1, terminated or truncated
    assert [step.number for step in steps] == list(range(length + 1))
    assert [step.over for step in steps] == [False] * length + [True]
    last = steps[-1]
    assert (last.total, last.terminated, last.truncated, last.info) == (total, terminated, truncated, info)


def test_a_rollout_of_all_agents_has_results_by_agent() -> None:
    with closing(ParallelEnv("ant_sumo", seconds=0.5)) as env:
        policies = AgentPolicies({"ant_0": Still(8), "ant_1": Random(8)})
        steps = list(rollout(env, policies, seed=1, options={"radius": 2.0}))
        again = list(rollout(env, policies, seed=1, options={"radius": 2.0}))
        assert not env.agents
    assert [step.total for step in steps] == [step.total for step in again]
    assert set(steps[-1].total) == {"ant_0", "ant_1"}
    assert [step.over for step in steps] == [False] * (len(steps) - 1) + [True]


def test_an_actor_or_a_caller_ends_a_rollout() -> None:
    class Three(Still):
        steps = 3

        def act(self, observation: np.ndarray) -> np.ndarray:
            if self.steps == 0:
                raise EndRollout
            self.steps -= 1
            return super().act(observation)

    with closing(AgentEnv("hopper")) as env:
        assert [step.number for step in rollout(env, Three(3), seed=0)] == [0, 1, 2, 3]
        assert next(rollout(env, Still(3), seed=0)).total == 0.0


def test_an_action_that_is_none_is_refused() -> None:
    class Silent(Still):
        def act(self, observation: np.ndarray) -> Any:
            return None

    with closing(AgentEnv("hopper")) as env, pytest.raises(InvalidInput, match="not an array of numbers"):
        list(rollout(env, Silent(3), seed=0))
