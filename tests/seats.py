"""What tests of seats share: players in threads, and the dict loop that they are compared with."""

import threading
from collections.abc import Callable
from typing import Any

import gymnasium
import numpy as np
from waits import LONG

from roboschool.envs.parallel import ParallelEnv

RNG_SEEDS = {"hopper_0": 10, "humanoid_0": 11, "ant_0": 12}


def together(*jobs: Callable[[], Any]) -> list[Any]:
    """Do each job in a thread of its own; return what they returned or raised."""
    done: list[Any] = [None] * len(jobs)

    def run(place: int) -> None:
        try:
            done[place] = jobs[place]()
        except Exception as error:
            done[place] = error

    threads = [threading.Thread(target=run, args=(place,), daemon=True) for place in range(len(jobs))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(LONG)
        assert not thread.is_alive(), "a thread hangs"
    return done


def play(env: Any, episodes: int, seed: int | None = 4) -> list[tuple[Any, ...]]:
    """Play with random actions; return all that was seen, but how many actions were clipped, which is checked here."""
    generator = np.random.default_rng(RNG_SEEDS[env.agent])
    story: list[tuple[Any, ...]] = []
    for episode in range(episodes):
        observation, info = env.reset(seed=None if episode else seed)
        assert info.pop("clipped") == 0.0
        story.append((observation.tobytes(), info))
        over, clipped = False, 0
        while not over:
            action = draw(generator, env.action_space)
            clipped += bool(np.abs(action).max() > 1.0)
            observation, reward, terminated, truncated, info = env.step(action)
            assert info.pop("clipped") == clipped
            story.append((observation.tobytes(), reward, terminated, truncated, info))
            over = terminated or truncated
    return story


def draw(generator: np.random.Generator, space: gymnasium.Space[Any]) -> np.ndarray:
    return generator.uniform(-1.2, 1.2, space.shape).astype(np.float32)


def play_dicts(world: ParallelEnv, episodes: int, seed: int) -> dict[str, list[tuple[Any, ...]]]:
    """What `play` does, for all agents in one loop."""
    generators = {name: np.random.default_rng(RNG_SEEDS[name]) for name in world.possible_agents}
    stories: dict[str, list[tuple[Any, ...]]] = {name: [] for name in world.possible_agents}
    for episode in range(episodes):
        observations, infos = world.reset(seed=None if episode else seed)
        for name, story in stories.items():
            story.append((observations[name].tobytes(), infos[name]))
        while world.agents:
            acting = {name: draw(generators[name], world.action_space(name)) for name in world.agents}
            seen, *rest = world.step(acting)
            for name in acting:
                stories[name].append((seen[name].tobytes(), *(part[name] for part in rest)))  # type: ignore[index]
    return stories
