"""What is observed for training only: in infos, and as arrays of vector envs."""

from contextlib import closing
from pathlib import Path

import numpy as np
import pytest
from sensors.scenes_of_sensors import load_with

from roboschool.envs.agent import AgentEnv
from roboschool.envs.vector import VectorEnv
from roboschool.errors import InvalidInput

PRIVILEGED = """
[[agent.privileged]]
name = "velocimeter"

[[agent.privileged]]
name  = "rays"
count = 1
rows  = 2
low   = -90.0
high  = -80.0
level = true
"""


def test_it_is_in_the_info_and_not_observed(tmp_path: Path) -> None:
    with (
        closing(AgentEnv(load_with(tmp_path, more=PRIVILEGED))) as env,
        closing(AgentEnv(load_with(tmp_path))) as plain,
    ):
        env.reset(seed=0)
        plain.reset(seed=0)
        for _ in range(3):
            action = env.action_space.sample()
            observation, *_, info = env.step(action)
            other, *_, without = plain.step(action)
        assert np.array_equal(observation, other)
        assert "privileged" not in without
        assert info["privileged"].shape == (5,)
        assert info["privileged"].dtype == np.float32
        height = env.simulation.groups[0].state.position[0, 0, 2]
        assert info["privileged"][3] == pytest.approx(height, abs=1e-3), "straight down"


@pytest.mark.parametrize("workers", [0, 1])
def test_it_is_an_array_of_a_vector_env(tmp_path: Path, workers: int) -> None:
    scene = load_with(tmp_path, more=PRIVILEGED)
    with closing(VectorEnv(scene, 2, num_workers=workers)) as envs, closing(AgentEnv(scene)) as env:
        envs.reset(seed=[4, 5])
        env.reset(seed=4)
        for _ in range(3):
            actions = envs.action_space.sample()
            info, own = envs.step(actions)[4], env.step(actions[0])[4]
            assert info["privileged"].shape == (2, 5)
            assert np.array_equal(info["privileged"][0], own["privileged"])
            assert info["_privileged"].all()


def test_a_fault_is_told(tmp_path: Path) -> None:
    with pytest.raises(InvalidInput, match=r"seeing.toml: agent 'dog_0': sensor 'rays': range: 0.0 is not"):
        load_with(tmp_path, more='\n[[agent.privileged]]\nname = "rays"\nrange = 0.0\n')
