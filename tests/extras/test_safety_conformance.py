"""All 27 ids of Safety Gym, under both names, pass the checkers of Gymnasium and PettingZoo, ours, and a seed test."""

import itertools
import warnings

import gymnasium
import numpy as np
import pytest
from gymnasium.utils.env_checker import check_env
from pettingzoo.test import parallel_api_test, parallel_seed_test

import roboschool
from roboschool.testing import check_scene

NAMES = ["".join(parts) for parts in itertools.product(("Point", "Car", "Doggo"), ("Goal", "Button", "Push"), "012")]
IDS = [name for each in NAMES for name in (f"roboschool/{each}-v1", f"Safexp-{each}-v0")]
STEPS = 100


@pytest.mark.parametrize("id_", IDS)
def test_gymnasium(id_: str) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        env = gymnasium.make(id_).unwrapped
        check_env(env, skip_render_check=True)
        env.close()


@pytest.mark.parametrize("id_", IDS)
def test_one_seed_gives_one_episode(id_: str) -> None:
    found = []
    for _ in range(2):
        env, rng = gymnasium.make(id_), np.random.default_rng(0)
        numbers = [env.reset(seed=7)[0].tobytes()]
        for _ in range(STEPS):
            observation, reward, *_, info = env.step(rng.uniform(-1.0, 1.0, env.action_space.shape))
            numbers += [observation.tobytes(), reward, info["cost"], tuple(info["costs"].items())]
        found.append(numbers)
        env.close()
    assert found[0] == found[1]


@pytest.mark.parametrize("name", NAMES)
def test_pettingzoo(name: str) -> None:
    parallel_api_test(roboschool.parallel_env(f"roboschool/{name}-v1"), num_cycles=STEPS)
    parallel_seed_test(lambda: roboschool.parallel_env(f"roboschool/{name}-v1"), num_cycles=10)


@pytest.mark.parametrize("name", NAMES)
def test_ours(name: str) -> None:
    check_scene(f"roboschool/{name}-v1")
