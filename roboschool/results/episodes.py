"""Episodes of a policy that can be compared bit by bit: their returns, and hashes of actions and of the end."""

import dataclasses
import hashlib
import itertools
from collections.abc import Callable, Sequence
from typing import Any, TypeAlias

import numpy as np

from roboschool.envs.agent import AgentEnv
from roboschool.envs.foreign import ForeignEnv, interface_of, open_env, open_scene
from roboschool.policies.policy import Policy
from roboschool.policies.resolve import check_fit
from roboschool.results.row import Episode
from roboschool.simulation.rollout import rollout
from roboschool.tournament.match import fingerprint

DIGITS = 32  # of a hash in a row

Planned: TypeAlias = tuple[int, str, str]  # seed, variant and split of an episode


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
    plan: Sequence[Planned],
    tick: Callable[[], None] = lambda: None,
) -> list[Episode]:
    """Return the episodes of a plan, of a policy as the first agent of a scene, without weights of a training.

    Raises:
        InvalidInput: the scene or an option is unknown or wrong, or the policy does not fit.
    """
    recorder, played = Recorder(policy), []
    for variant, planned in itertools.groupby(plan, lambda each: each[1]):
        env = open_env(open_scene(scene, **(options | variant_option(variant))))
        try:
            check_fit(policy, interface_of(env.scene), f"scene {env.scene.name!r}")
            for seed, _, split in planned:
                played.append(dataclasses.replace(_play(env, recorder, seed), variant=variant, split=split))
                tick()
        finally:
            env.close()
    return played


def variant_option(variant: str) -> dict[str, Any]:
    """Return the option of a scene that a variant like "body=7" stands for."""
    pairs = (pair.partition("=") for pair in variant.split(",") if pair)
    return {"variant": {axis: int(seed) for axis, _, seed in pairs}} if variant else {}


def _play(env: AgentEnv | ForeignEnv, recorder: Recorder, seed: int) -> Episode:
    *_, last = rollout(env, recorder, seed)
    state = env.fingerprint() if isinstance(env, ForeignEnv) else fingerprint(env.simulation)
    return Episode(
        seed=seed,
        total=float(last.total),
        steps=last.number,
        terminated=bool(last.terminated and not last.truncated),
        actions=recorder.digest.hexdigest()[:DIGITS],
        end=hashlib.sha256(state.encode()).hexdigest()[:DIGITS],
    )
