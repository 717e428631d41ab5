"""Copies as Stable-Baselines3 steps them: what its own `DummyVecEnv` makes of single envs."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import gymnasium
import numpy as np
import pytest
from folders import ROOT
from stable_baselines3 import PPO
from stable_baselines3.common.evaluation import evaluate_policy
from stable_baselines3.common.vec_env import DummyVecEnv, VecMonitor, VecNormalize

import roboschool
from roboschool import InvalidInput
from roboschool.envs.sb3 import SB3VecEnv, Snapshots

ROWS = 3


@pytest.mark.parametrize("number", [0, 2])
def test_rows_are_those_of_single_envs(number: int) -> None:
    """Hoppers fall, or their time is up at step 15: both ends of episodes, and both at once, are told apart."""

    def make() -> gymnasium.Env[Any, Any]:
        return gymnasium.wrappers.TimeLimit(roboschool.AgentEnv("hopper"), 15)

    dummy = DummyVecEnv([make] * ROWS)
    ours = SB3VecEnv("hopper", ROWS, number, max_episode_steps=15)
    dummy.seed(5)
    ours.seed(5)
    assert (dummy.reset() == ours.reset()).all()
    ours.action_space.seed(0)
    ends = []
    for _ in range(120):
        actions = np.stack([ours.action_space.sample() for _ in range(ROWS)])
        theirs, mine = dummy.step(actions), ours.step(actions)
        for one, other in zip(theirs[:3], mine[:3], strict=True):
            assert one.dtype == other.dtype
            assert (one == other).all()
        for row in range(ROWS):
            info, expected = mine[3][row], theirs[3][row]
            if mine[2][row]:
                assert (info["terminal_observation"] == expected["terminal_observation"]).all()
                assert info["TimeLimit.truncated"] == expected["TimeLimit.truncated"]
                ends.append(info["TimeLimit.truncated"])
            assert {name: info[name] for name in ("progress", "distance")} == {
                name: expected[name] for name in ("progress", "distance")
            }
    assert set(ends) == {True, False}
    dummy.close()
    ours.close()


def test_a_policy_learns_from_workers_and_is_evaluated() -> None:
    env = VecMonitor(SB3VecEnv("hopper", 8, 2))
    model = PPO("MlpPolicy", env, n_steps=32, batch_size=64, n_epochs=1, seed=0, device="cpu")
    model.learn(512)
    assert model.num_timesteps == 512
    assert len(model.ep_info_buffer or ()) > 0
    mean, _ = evaluate_policy(model, env, n_eval_episodes=4)
    assert np.isfinite(mean)
    env.close()


def test_agents_of_one_world_learn_one_policy() -> None:
    env = VecNormalize(SB3VecEnv("ants", 8, 1, agent=["ant_0", "ant_1", "ant_2", "ant_3"]))
    assert env.num_envs == 8
    model = PPO("MlpPolicy", env, n_steps=16, batch_size=64, n_epochs=1, seed=0, device="cpu")
    model.learn(128)
    env.close()


def test_rows_are_not_envs_of_their_own() -> None:
    env = SB3VecEnv("hopper", 2, render_mode="rgb_array", width=64, height=48)
    assert env.get_attr("num_envs") == [2, 2]
    assert env.get_attr("num_envs", 1) == [2]
    assert not env.has_attr("nothing")
    with pytest.raises(roboschool.InvalidInput, match="'gravity' cannot be set"):
        env.set_attr("gravity", 1.0)
    with pytest.raises(roboschool.InvalidInput, match="not envs of their own"):
        env.env_method("picture")
    with pytest.raises(roboschool.InvalidInput, match="at once"):
        SB3VecEnv("hopper", 2, autoreset_mode="NextStep")
    env.reset()
    picture = env.render()
    assert picture is not None
    assert picture.shape == (96, 64, 3)
    env.close()


def test_snapshots_say_at_once_what_cannot_be_played(tmp_path: Path) -> None:
    pool = roboschool.OpponentPool(tmp_path)
    for arguments, words in (
        ({"scene": "pnog", "games": 1}, "did you mean 'pong'"),
        ({"scene": "ant", "games": 1}, "scene 'ant'"),
        ({"scene": "pong", "games": -1}, "games: -1"),
        ({"games": 1}, "in which scene"),
    ):
        with pytest.raises(InvalidInput, match=words):
            Snapshots(pool, every=5000, **arguments)
    envs = SB3VecEnv("hopper", 2)
    model = PPO("MlpPolicy", envs, n_steps=8, batch_size=16, device="cpu")
    with pytest.raises(InvalidInput, match="scene 'pong': agent 'paddle_0': the policy observes 15 numbers"):
        model.learn(16, callback=Snapshots(pool, every=5000, scene="pong", games=1))
    envs.close()


@pytest.mark.slow
def test_the_example_of_self_play_learns_and_goes_on_where_it_was(tmp_path: Path) -> None:
    script = ROOT / "examples" / "self_play_sumo.py"
    few = ["--watch", "200", "--copies", "8", "--games", "1", "--episodes", "2"]
    command = [sys.executable, script, *few, "--out", "sumo", "--steps"]
    for steps in (4096, 8192):
        done = subprocess.run([*command, str(steps)], cwd=tmp_path, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stdout + done.stderr
        card = json.loads((tmp_path / "sumo" / "policy.json").read_text())
        assert card["steps"] == steps
        assert ("imitating" in done.stderr) == (steps == 4096), "the second goes on"
    assert len(roboschool.OpponentPool(tmp_path / "sumo" / "pool")) == 1
    policy = roboschool.load_policy(tmp_path / "sumo" / "policy.safetensors")
    assert policy.act(np.zeros(42, np.float32)).shape == (8,)


@pytest.mark.parametrize("number", [0, 2])
def test_options_of_a_reset_are_each_rows_own_and_hold(number: int) -> None:
    """The ring of a row is what its own options say, in the next episode too, as in a `DummyVecEnv`."""
    dummy = DummyVecEnv([lambda: roboschool.AgentEnv("ant_sumo", seconds=0.05)] * ROWS)
    ours = SB3VecEnv("ant_sumo", ROWS, number, seconds=0.05)
    kept = (2.0, 2.5, 3.0)
    for given, radii in (([{"radius": radius} for radius in kept], kept), (None, kept), ({"radius": 4.0}, (4.0,) * 3)):
        for envs in (dummy, ours):
            envs.seed(1)
            envs.set_options(given)
        assert (dummy.reset() == ours.reset()).all()
        for _ in range(5):
            mine, theirs = ours.step(np.zeros((ROWS, 8))), dummy.step(np.zeros((ROWS, 8)))
            assert (mine[0] == theirs[0]).all()
            assert [info["radius"] for info in mine[3]] == [info["radius"] for info in theirs[3]] == [*radii]
    dummy.close()
    ours.close()


def test_options_of_rows_that_do_not_fit_are_refused() -> None:
    envs = SB3VecEnv("ant_sumo", 4, agent=["ant_0", "ant_1"])
    with pytest.raises(InvalidInput, match="options: 2 dicts for 4 rows"):
        envs.set_options([{}, {}])
    with pytest.raises(InvalidInput, match="options: rows 2 and 3 share a world, and their options differ"):
        envs.set_options([{"radius": 2.0}, {"radius": 2.0}, {"radius": 3.0}, {}])
    envs.set_options([{"radius": 2.0}] * 2 + [{"radius": 3.0}] * 2)
    envs.reset()
    assert [info["radius"] for info in envs.reset_infos] == [2.0, 2.0, 3.0, 3.0]
    envs.set_options({"radus": 2.0})
    with pytest.raises(InvalidInput, match="did you mean 'radius'"):
        envs.reset()
    envs.close()
