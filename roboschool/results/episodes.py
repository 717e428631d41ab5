"""Episodes of a policy that can be compared bit by bit: their returns, and hashes of actions and of the end."""

import dataclasses
import hashlib
import itertools
from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeAlias

import numpy as np

from roboschool.envs.agent import AgentEnv
from roboschool.envs.foreign import ForeignEnv, interface_of, open_env, open_scene
from roboschool.policies.policy import Policy
from roboschool.policies.resolve import check_fit
from roboschool.results.row import Episode
from roboschool.scenes.variants import vary
from roboschool.simulation.rollout import RolloutStep, rollout
from roboschool.simulation.simulation import Simulation

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
        env = open_env(open_scene(scene, **with_variant(options, variant)))
        try:
            check_fit(policy, interface_of(env.scene), f"scene {env.scene.name!r}")
            for seed, _, split in planned:
                played.append(dataclasses.replace(_play(env, recorder, seed), variant=variant, split=split))
                tick()
        finally:
            env.close()
    return played


def with_variant(options: Mapping[str, Any], variant: str) -> dict[str, Any]:
    """Return options of a scene with a variant like "body=7"; other axes of one that is there, and segments, stay."""
    pairs = (pair.partition("=") for pair in variant.split(",") if pair)
    return vary(options, {axis: int(seed) for axis, _, seed in pairs})


def _play(env: AgentEnv | ForeignEnv, recorder: Recorder, seed: int) -> Episode:
    *_, last = rollout(env, recorder, seed)
    return Episode(
        seed=seed,
        total=float(last.total),
        steps=last.number,
        terminated=bool(last.terminated and not last.truncated),
        actions=recorder.digest.hexdigest()[:DIGITS],
        end=env.fingerprint()[:DIGITS] if isinstance(env, ForeignEnv) else hash_end(env.simulation, last),
    )


def hash_end(simulation: Simulation, last: RolloutStep) -> str:
    """Return the hash of the end of an episode: of what physics and the score are then, and of nothing else.

    It is half the SHA-256 of these numbers as 64-bit floats, the lowest byte first. For each robot, then for each prop:
    position [m], orientation (x, y, z, w), velocity [m/s] and angular velocity [rad/s] of its root, positions of its
    joints [rad or m], and their speeds. Then the number of steps and the return. What tasks, games, sensors,
    randomization and cameras remember is not in it, nor is any generator of random numbers. Where physics has diverged
    it is the hash of steps and return.
    """
    world = simulation.worlds[0].capture()
    bodies = () if simulation.clock.diverged else zip(world.bases, world.joints, strict=True)
    numbers = [number for base, joints in bodies for part in (*base, *joints) for number in part]
    data = np.array([*numbers, last.number, last.total], "<f8").tobytes()
    return hashlib.sha256(data).hexdigest()[:DIGITS]
