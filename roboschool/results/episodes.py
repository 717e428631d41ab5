"""Episodes of a policy that can be compared bit by bit: their returns, and hashes of actions and of the end."""

import hashlib
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from roboschool.envs.agent import AgentEnv
from roboschool.policies.policy import Policy
from roboschool.policies.resolve import check_fit
from roboschool.results.row import Episode
from roboschool.scenes.loader import load_scene
from roboschool.simulation.rollout import rollout
from roboschool.tournament.match import fingerprint

DIGITS = 32  # of a hash in a row


class Recorder:
    """A policy that acts as another does, and hashes its actions."""

    def __init__(self, policy: Policy) -> None:
        self.policy = policy
        self.digest = hashlib.sha256()

    def reset(self, seed: int | None = None) -> None:
        """Begin an episode."""
        self.digest = hashlib.sha256()
        self.policy.reset(seed)

    def act(self, observation: np.ndarray) -> np.ndarray:
        """Return the policy's action (joints,)."""
        action = self.policy.act(observation)
        self.digest.update(np.ascontiguousarray(action, np.float64).tobytes())
        return action


def play_episodes(
    policy: Policy,
    scene: str,
    options: dict[str, Any],
    seeds: Sequence[int],
    tick: Callable[[], None] = lambda: None,
) -> list[Episode]:
    """Return an episode for each seed, of a policy as the first agent of a scene, without weights of a training.

    Raises:
        InvalidInput: the scene or an option is unknown or wrong, or the policy does not fit.
    """
    env = AgentEnv(load_scene(scene, **options))
    recorder, played = Recorder(policy), []
    try:
        check_fit(policy, env.scene.interface(env.scene.agents[0]), f"scene {env.scene.name!r}")
        for seed in seeds:
            *_, last = rollout(env, recorder, seed)
            played.append(
                Episode(
                    seed=seed,
                    total=float(last.total),
                    steps=last.number,
                    terminated=bool(last.terminated and not last.truncated),
                    actions=recorder.digest.hexdigest()[:DIGITS],
                    end=hashlib.sha256(fingerprint(env.simulation).encode()).hexdigest()[:DIGITS],
                )
            )
            tick()
    finally:
        env.close()
    return played
