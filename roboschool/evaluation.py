"""Evaluation: the score of a policy over whole episodes of its scene."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from roboschool.envs.agent import AgentEnv
from roboschool.errors import InvalidInput
from roboschool.policies.policy import Policy
from roboschool.policies.resolve import check_fit
from roboschool.scenes.scene import Scene
from roboschool.simulation.rollout import rollout

EPISODES = 100
FIRST_SEED = 20_000  # training uses others: `learning.episodes.SEEDS`
TAIL = 0.05  # quantile of the returns, for bad episodes


@dataclass(frozen=True)
class Score:
    """The score of a policy. The names are those in the JSON file of a shipped policy."""

    episodes: int
    first_seed: int  # of the first episode; each of the others has the next
    score_mean: float  # return
    score_sd: float
    score_q05: float  # 5 % of the episodes return less
    falls: float | None  # fraction of episodes that ended before the time limit; None in a game, which may be decided
    length_mean: float  # [steps]


def evaluate(
    policy: Policy,
    scene: str | Scene,
    episodes: int = EPISODES,
    first_seed: int = FIRST_SEED,
    tick: Callable[[], None] = lambda: None,
) -> Score:
    """Return the score of a policy as the first agent of a scene; the others follow the policies that the scene names.

    Args:
        policy: it is reset with the seed of each episode.
        scene: its name, the path of its file, or a `Scene`.
        episodes: number of episodes.
        first_seed: seed of the first episode; each of the others has the next.
        tick: is called after each episode.

    Raises:
        InvalidInput: the scene is unknown or wrong, the policy does not fit it, or `episodes` is less than 1.
    """
    if episodes < 1:
        raise InvalidInput(f"episodes: {episodes} is less than 1")
    env = AgentEnv(scene)
    returns, lengths, terminations = [], [], 0
    try:
        check_fit(policy, env.scene.interface(env.scene.agents[0]), f"scene {env.scene.name!r}")
        for seed in range(first_seed, first_seed + episodes):
            *_, now = rollout(env, policy, seed)
            returns.append(now.total)
            lengths.append(now.number)
            terminations += now.terminated and not now.truncated
            tick()
    finally:
        env.close()
    return Score(
        episodes=episodes,
        first_seed=first_seed,
        score_mean=round(float(np.mean(returns)), 1),
        score_sd=round(float(np.std(returns)), 1),
        score_q05=round(float(np.quantile(returns, TAIL)), 1),
        falls=None if env.scene.game is not None else round(terminations / episodes, 4),
        length_mean=round(float(np.mean(lengths)), 1),
    )
