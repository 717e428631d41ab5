"""Runs of a `VectorEnv` as hashes."""

import hashlib
import pickle
from collections.abc import Callable
from typing import Any

import numpy as np
from gymnasium.vector import AutoresetMode

import roboschool
from roboschool.workers.pool import WorkerPool

COPIES = 5


def workers(envs: roboschool.VectorEnv) -> list[Any]:
    assert isinstance(envs._pool, WorkerPool)
    return envs._pool.workers


def tell(envs: roboschool.VectorEnv, steps: int, before: Callable[[int], object] = lambda step: None) -> list[str]:
    """The story of a run: a hash of everything that every step returns."""
    envs.action_space.seed(0)
    story = [digest(envs.reset(seed=3))]
    done = np.zeros(envs.num_envs, bool)
    for step in range(steps):
        before(step)
        if envs.metadata["autoreset_mode"] == AutoresetMode.DISABLED and done.any():
            story.append(digest(envs.reset(options={"reset_mask": done})))
        result = envs.step(envs.action_space.sample())
        done = result[2] | result[3]
        story.append(digest(result))
    return story


def digest(result: Any) -> str:
    return hashlib.sha256(pickle.dumps([plain(part) for part in result])).hexdigest()


def plain(part: Any) -> Any:
    """Numbers without the accidents of pickling, and words without the name of a file."""
    if isinstance(part, dict):
        return sorted((name, plain(value)) for name, value in part.items())
    if isinstance(part, np.ndarray) and part.dtype != object:
        return part.tobytes()
    if isinstance(part, np.ndarray):
        return [plain(value) for value in part]
    return part.split("; to replay it")[0] if isinstance(part, str) else part


def story_of(scene: Any, num_workers: int, steps: int = 40, before: Any = None, **arguments: Any) -> list[str]:
    envs = roboschool.VectorEnv(scene, COPIES, num_workers=num_workers, **arguments)
    story = tell(envs, steps, before(envs) if before else lambda step: None)
    envs.close()
    return story
