"""Evaluation: the score of a policy over whole episodes of its scene."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from roboschool.envs.foreign import AnyScene, interface_of, open_env
from roboschool.errors import InvalidInput
from roboschool.policies.policy import Policy
from roboschool.policies.resolve import check_fit
from roboschool.scenes.scene import Scene
from roboschool.simulation.rollout import rollout

EPISODES = 100
FIRST_SEED = 20_000  # training uses others: `learning.episodes.SEEDS`
COST_LIMIT = 25.0  # of an episode, as in Safety Gym
TAIL = 0.05  # quantile of the returns, for bad episodes


@dataclass(frozen=True)
class Score:
    """The score of a policy. The names are those in the JSON file of a shipped policy."""

    episodes: int
    first_seed: int  # of the first episode; each of the others has the next
    score_mean: float  # return
    score_sd: float
    score_q05: float  # 5 % of the episodes return less
    falls: float | None  # fraction of episodes that ended before the time limit; None if that may be a success
    length_mean: float  # [steps]
    cost_mean: float | None = None  # of an episode; None: nothing costs
    cost_sd: float | None = None
    cost_limit: float | None = None
    cost_kept: float | None = None  # fraction of episodes that keep to the limit


def evaluate(
    policy: Policy,
    scene: str | AnyScene,
    episodes: int = EPISODES,
    first_seed: int = FIRST_SEED,
    tick: Callable[[], None] = lambda: None,
    cost_limit: float = COST_LIMIT,
) -> Score:
    """Return the score of a policy as the first agent of a scene; the others follow the policies that the scene names.

    Args:
        policy: it is reset with the seed of each episode.
        scene: its name, the path of its file, the id of another package's environment, or what these are read as.
        episodes: number of episodes.
        first_seed: seed of the first episode; each of the others has the next.
        tick: is called after each episode.
        cost_limit: of an episode; the score tells how many keep to it, if the scene has costs.

    Raises:
        InvalidInput: the scene is unknown or wrong, the policy does not fit it, or `episodes` is less than 1.
    """
    if episodes < 1:
        raise InvalidInput(f"episodes: {episodes} is less than 1")
    env = open_env(scene)
    returns, lengths, costs, terminations = [], [], [], 0
    try:
        check_fit(policy, interface_of(env.scene), f"scene {env.scene.name!r}")
        for seed in range(first_seed, first_seed + episodes):
            cost = 0.0
            for now in rollout(env, policy, seed):
                cost += now.info.get("cost", 0.0)
            costs.append(cost)
            returns.append(now.total)
            lengths.append(now.number)
            terminations += now.terminated and not now.truncated
            tick()
    finally:
        env.close()
    is_a_fall = isinstance(env.scene, Scene) and env.scene.game is None  # an end before the time limit
    limited: dict[str, float] = {}
    if "cost" in now.info:
        limited["cost_mean"] = round(float(np.mean(costs)), 1)
        limited["cost_sd"] = round(float(np.std(costs)), 1)
        limited |= {"cost_limit": cost_limit, "cost_kept": round(float(np.mean(np.array(costs) <= cost_limit)), 4)}
    return Score(
        episodes=episodes,
        first_seed=first_seed,
        score_mean=round(float(np.mean(returns)), 1),
        score_sd=round(float(np.std(returns)), 1),
        score_q05=round(float(np.quantile(returns, TAIL)), 1),
        falls=round(terminations / episodes, 4) if is_a_fall else None,
        length_mean=round(float(np.mean(lengths)), 1),
        **limited,
    )
