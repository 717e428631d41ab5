"""Other people's trainers: the examples run, and what reaches a trainer is what our worlds say."""

import math
import os
import re
import subprocess
import sys
from pathlib import Path

import gymnasium
import numpy as np
import pytest
import supersuit
import torch
from gymnasium.vector import AutoresetMode
from ray.rllib.env.wrappers.pettingzoo_env import ParallelPettingZooEnv
from stable_baselines3 import PPO
from torchrl.envs import GymEnv, GymWrapper, MarlGroupMapType, PettingZooWrapper, check_env_specs

import roboschool
from roboschool import paths
from roboschool.envs.flat_infos import FlatInfos
from roboschool.evaluation import evaluate
from roboschool.scenes.loader import load_scene

EXAMPLES = Path(__file__).parents[2] / "examples"
SCENES = sorted(paths.scenes())
SHARED = ["ant 4x2", "humanoid 9|8", "half_cheetah 6x1"]  # scene and parts
MANY = [name for name in SCENES if len(load_scene(name).agents) > 1] + SHARED
ALL_ANTS = ["--scene", "ants", "--all-agents", "--seconds", "1.65"]

pytestmark = pytest.mark.filterwarnings("ignore")  # theirs

Row = tuple[dict[str, np.ndarray], dict[str, np.ndarray], dict[str, float]]  # actions, observations, rewards


def world_of(name: str) -> roboschool.ParallelEnv | roboschool.JointEnv:
    return roboschool.JointEnv(*name.split()) if name in SHARED else roboschool.parallel_env(name)


def story(name: str) -> list[Row]:
    """Step a plain world at random, up to its end."""
    world, generator = world_of(name), np.random.default_rng(0)
    rows: list[Row] = []
    world.reset(seed=0)
    while len(rows) < 20:
        actions = {a: generator.uniform(-1, 1, world.action_space(a).shape).astype(np.float32) for a in world.agents}
        seen, rewards, *_ = world.step(actions)
        if not world.agents:
            break
        rows.append((actions, seen, rewards))
    world.close()
    assert len(rows) > 5
    return rows


def run(example: str, *arguments: str, cwd: Path) -> str:
    command = [sys.executable, EXAMPLES / f"{example}.py", *arguments]
    env = os.environ | {"HOME": str(cwd)}  # where Ray writes
    done = subprocess.run(command, cwd=cwd, capture_output=True, text=True, check=False, env=env)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.mark.parametrize("arguments", [["--scene", "hopper"], ALL_ANTS], ids=["hopper", "ants"])
@pytest.mark.parametrize("example", ["train_rllib", "train_torchrl"])
def test_example(example: str, arguments: list[str], tmp_path: Path) -> None:
    said = run(example, *arguments, "--iterations", "2", "--batch", "400", cwd=tmp_path)
    lines = re.findall(r"^iteration (\d): (\d+) steps, mean return (\S+)$", said, re.M)
    assert [line[0] for line in lines] == ["1", "2"]
    for iteration, steps, mean in lines:  # RLlib's may be a few more: whole rows of copies
        assert 400 * int(iteration) <= int(steps) < 400 * int(iteration) + 50
        assert math.isfinite(float(mean))
    assert list(tmp_path.glob(f"{arguments[1]}_{example.removeprefix('train_')}*")), "the policy is saved"


def test_example_supersuit(tmp_path: Path) -> None:
    arguments = ["--seconds", "0.825", "--worlds", "2", "--rollout", "64", "--steps", "1024"]
    said = run("train_supersuit", *arguments, cwd=tmp_path)
    means = re.findall(r"ep_rew_mean +\| (\S+)", said)
    assert len(means) == 2, "two rollouts of 64 steps by 8 ants"
    assert all(math.isfinite(float(mean)) for mean in means)
    model = PPO.load(tmp_path / "ants_supersuit.zip")
    assert model.num_timesteps == 1024
    action, _ = model.predict(np.zeros(28, np.float32))
    assert action.shape == (8,)


@pytest.mark.parametrize("framework", ["jax", "keras"])
def test_example_learns_the_inverted_pendulum(framework: str, tmp_path: Path) -> None:
    said = run(f"train_{framework}", cwd=tmp_path)
    last = float(re.findall(r"^\d+ steps, mean return (\S+)$", said, re.M)[-1])
    assert last >= 950.0, "the threshold of the scene"
    policy = roboschool.load_policy(tmp_path / f"inverted_pendulum_{framework}.safetensors")
    assert evaluate(policy, "inverted_pendulum", 10).score_mean >= 950.0, "as well by numpy, and without noise"


@pytest.mark.parametrize("more", [[], ["--plain"]], ids=["limit", "plain"])
def test_example_of_a_cost_limit_learns_and_goes_on(more: list[str], tmp_path: Path) -> None:
    arguments = ["--scene", "car_goal1", "--cost-limit", "5", "--out", "kept", *more]
    for resumed in ([], ["--resume"]):
        run("train_ppo_lagrangian", *arguments, "--steps", str(8192 * (1 + len(resumed))), *resumed, cwd=tmp_path)
    head, *rows = (tmp_path / "kept" / "curve.csv").read_text().splitlines()
    assert head.startswith("steps,seconds,episode_return,episode_cost,multiplier")
    assert [row.split(",")[0] for row in rows] == ["8192", "16384"]
    multipliers = [float(row.split(",")[4]) for row in rows]
    assert all(multipliers) != bool(more)
    assert len(roboschool.load_policy(tmp_path / "kept" / "policy.safetensors").act(np.zeros(72, np.float32))) == 2


@pytest.mark.parametrize("name", MANY)
def test_supersuit(name: str) -> None:
    world = world_of(name)
    names = world.possible_agents
    padded = supersuit.pad_action_space_v0(supersuit.pad_observations_v0(world))  # robots of several kinds
    envs = supersuit.concat_vec_envs_v1(supersuit.pettingzoo_env_to_vec_env_v1(padded), 2)
    envs.reset(seed=0)
    for actions, seen, rewards in story(name):
        given = np.zeros((2, len(names), *envs.action_space.shape), np.float32)
        for place, agent in enumerate(names):
            given[:, place, : len(actions[agent])] = actions[agent]
        got, paid, *_ = envs.step(given.reshape(-1, given.shape[-1]))
        for place, agent in enumerate(names):
            assert (got[place, : len(seen[agent])] == seen[agent]).all()
            assert paid[place] == np.float32(rewards[agent])
    envs.close()


@pytest.mark.parametrize("name", MANY)
def test_rllib(name: str) -> None:
    env = ParallelPettingZooEnv(world_of(name))
    env.reset(seed=0)
    for actions, seen, rewards in story(name):
        got, paid, over, cut, _ = env.step(actions)
        assert all((got[agent] == seen[agent]).all() for agent in actions)
        assert got.keys() == seen.keys()
        assert paid == rewards
        assert not over["__all__"]
        assert not cut["__all__"]
    env.close()


@pytest.mark.parametrize("name", MANY)
def test_torchrl(name: str) -> None:
    each = MarlGroupMapType.ONE_GROUP_PER_AGENT if name in SHARED else None  # parts may feel different joints
    world = world_of(name)
    env = PettingZooWrapper(world if name in SHARED else FlatInfos(world), group_map=each)
    check_env_specs(env)
    tensors = env.reset(seed=0)
    for actions, seen, rewards in story(name):
        for group, agents in env.group_map.items():
            tensors[group, "action"] = torch.tensor(np.stack([actions[agent] for agent in agents]))
        tensors = env.step(tensors)["next"]
        for group, agents in env.group_map.items():
            for place, agent in enumerate(agents):
                assert (tensors[group, "observation"][place].numpy() == seen[agent]).all()
                assert tensors[group, "reward"][place].item() == np.float32(rewards[agent])
    env.close()


@pytest.mark.parametrize("name", SCENES)
def test_torchrl_finds_the_id(name: str) -> None:
    env = GymEnv(load_scene(name).id)
    check_env_specs(env)
    env.close()


@pytest.mark.parametrize("mode", [AutoresetMode.SAME_STEP, AutoresetMode.DISABLED])
def test_torchrl_takes_our_vector_env(mode: AutoresetMode) -> None:
    env = GymWrapper(gymnasium.make_vec("roboschool/Hopper-v1", num_envs=3, autoreset_mode=mode))
    check_env_specs(env)
    ended = env.rollout(100, break_when_any_done=False)["next", "done"]
    assert ended.shape == (3, 100, 1)
    assert ended.any(dim=1).all(), "hoppers that act at random fall soon, and begin again"
    env.close()
