"""The checkers of other libraries, over each new task with an imported robot: one of ours, less its card."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import gymnasium
import numpy as np
import pytest
from gymnasium.utils.env_checker import check_env
from pettingzoo.test import api_test, parallel_api_test, parallel_seed_test
from pettingzoo.utils import parallel_to_aec
from stable_baselines3.common.env_checker import check_env as check_env_of_sb3

import roboschool
from roboschool import paths

PAIRS = [("dog_velocity", "dog"), ("dog_rough", "dog"), ("rover_drive", "rover"), ("arm_reach_pose", "arm")]
PAIRS += [("ant_stand", name) for name in ("dog", "rover", "arm")]

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Models without cards, and a cache of its own for what is made of them."""
    made = tmp_path_factory.mktemp("models")
    for name in {name for _, name in PAIRS}:
        shutil.copy(paths.robots()[name].with_suffix(".urdf"), made)
    with pytest.MonkeyPatch.context() as monkeypatch:
        monkeypatch.setenv("ROBOSCHOOL_CACHE", str(made / "cache"))
        yield made


@pytest.mark.parametrize(("scene", "name"), PAIRS)
def test_every_face_takes_an_imported_robot(scene: str, name: str, folder: Path) -> None:
    robot = roboschool.load_robot(folder / f"{name}.urdf")
    assert robot.model.path != str(paths.robots()[name].with_suffix(".urdf"))
    env = gymnasium.make(roboschool.load_scene(scene).id, robot=robot, render_mode="rgb_array")
    check_env(env.unwrapped)
    env.close()
    alone = roboschool.AgentEnv(scene, robot=robot)
    check_env_of_sb3(alone)
    alone.close()
    for on_termination in ("stay", "leave"):
        world = roboschool.parallel_env(scene, robot=robot, on_termination=on_termination)
        parallel_api_test(world, num_cycles=100)
        api_test(parallel_to_aec(world), num_cycles=100)
        world.close()
    parallel_seed_test(lambda: roboschool.parallel_env(scene, robot=robot), num_cycles=50)
    many = gymnasium.make_vec(roboschool.load_scene(scene).id, num_envs=2, robot=str(folder / f"{name}.urdf"))
    many.reset(seed=0)
    seen, reward, *_ = many.step(np.zeros(many.action_space.shape))
    assert seen in many.observation_space
    assert np.isfinite(reward).all()
    many.close()
