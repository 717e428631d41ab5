"""The checkers of the libraries whose contracts we keep, over every scene they apply to; warnings are errors."""

import pickle
from pathlib import Path
from typing import Any

import cloudpickle
import gymnasium
import numpy as np
import pettingzoo
import pytest
from gymnasium.utils.env_checker import check_env
from gymnasium.vector import AutoresetMode
from pettingzoo.test import api_test, parallel_api_test, parallel_seed_test
from pettingzoo.utils import parallel_to_aec
from sensors.scenes_of_sensors import SEEN
from stable_baselines3.common.env_checker import check_env as check_env_of_sb3
from stories import TYPICAL

import roboschool
from roboschool.scenes.loader import load_scene

ALONE = [name for name in TYPICAL if len(load_scene(name).agents) == 1]


@pytest.mark.parametrize("name", TYPICAL)
def test_gymnasium(name: str) -> None:
    env = gymnasium.make(load_scene(name).id, render_mode="rgb_array")
    check_env(env.unwrapped)
    env.close()


@pytest.mark.parametrize("name", TYPICAL)
def test_the_id_of_2017_is_the_same_env(name: str) -> None:
    new = gymnasium.spec(load_scene(name).id)
    old = gymnasium.spec(new.id.replace("roboschool/", "Roboschool"))
    for field in ("entry_point", "vector_entry_point", "reward_threshold", "max_episode_steps", "kwargs"):
        assert getattr(old, field) == getattr(new, field)
    env = gymnasium.make(old)
    assert isinstance(env.unwrapped, roboschool.AgentEnv)
    env.close()


@pytest.mark.parametrize("name", TYPICAL)
def test_stable_baselines3(name: str) -> None:
    env = roboschool.AgentEnv(name)
    check_env_of_sb3(env)
    env.close()


@pytest.mark.parametrize("on_termination", ["stay", "leave"])
@pytest.mark.parametrize("name", TYPICAL)
def test_pettingzoo_parallel(name: str, on_termination: str) -> None:
    env = roboschool.parallel_env(name, on_termination=on_termination)
    parallel_api_test(env, num_cycles=100)
    env.close()


@pytest.mark.filterwarnings("ignore:Agents have different (observation|action) space sizes")  # a race of kinds
@pytest.mark.filterwarnings("ignore:Observations are different shapes")
@pytest.mark.parametrize("on_termination", ["stay", "leave"])
@pytest.mark.parametrize("name", TYPICAL)
def test_pettingzoo_aec(name: str, on_termination: str) -> None:
    env = roboschool.parallel_env(name, on_termination=on_termination)
    api_test(parallel_to_aec(env), num_cycles=100)
    env.close()


@pytest.mark.parametrize("name", TYPICAL)
def test_pettingzoo_seed(name: str) -> None:
    parallel_seed_test(lambda: roboschool.parallel_env(name), num_cycles=50)


@pytest.mark.parametrize("name", ALONE)
def test_make_vec_finds_our_vector_env(name: str) -> None:
    envs = gymnasium.make_vec(load_scene(name).id, num_envs=2)
    assert isinstance(envs, roboschool.VectorEnv)
    envs.action_space.seed(0)
    envs.reset(seed=0)
    for _ in range(5):
        seen, reward, terminated, truncated, info = envs.step(envs.action_space.sample())
    assert seen in envs.observation_space
    assert reward.shape == terminated.shape == truncated.shape == info["distance"].shape == (2,)
    assert reward == pytest.approx(sum(info[term] for term in envs.simulation.groups[0].rewards.names))
    envs.close()


@pytest.fixture(name="seen")
def write_scene_with_all_kinds_of_sensors(tmp_path: Path) -> Path:
    (tmp_path / "seen.toml").write_text(SEEN)
    return tmp_path / "seen.toml"


@pytest.mark.filterwarnings("ignore:Your observation (depth|segmentation) has an unconventional shape")  # advice
def test_images_and_what_is_privileged_pass_every_checker(seen: Path) -> None:
    env = roboschool.AgentEnv(seen)
    check_env(env, skip_render_check=True)
    check_env_of_sb3(env)
    env.close()
    for make in (roboschool.parallel_env, lambda scene: roboschool.parallel_env(scene, on_termination="leave")):
        world = make(seen)
        parallel_api_test(world, num_cycles=30)  # `api_test` wants arrays of all if one is a dict
        world.close()
    parallel_seed_test(lambda: roboschool.parallel_env(seen), num_cycles=20)


@pytest.mark.skipif(not hasattr(pettingzoo, "make"), reason="PettingZoo has a registry since 1.27")
def test_pettingzoo_finds_our_worlds() -> None:
    world = pettingzoo.make("parallel", "roboschool/Race-v1", lanes=["ant", "hopper"])
    assert isinstance(world.unwrapped, roboschool.ParallelEnv)
    world.reset(seed=0)
    assert world.agents == ["ant_0", "hopper_0"]
    world.close()


def test_time_limit_truncates_every_face() -> None:
    env = gymnasium.make("roboschool/Ant-v1")
    env.reset(seed=0)
    for step in range(1, 1001):
        *_, terminated, truncated, _ = env.step(np.zeros(8))
        assert (terminated, truncated) == (False, step == 1000)
    env.close()
    envs = roboschool.VectorEnv("ant", 2, max_episode_steps=3)
    envs.reset(seed=0)
    ends = [envs.step(np.zeros((2, 8)))[3].tolist() for _ in range(8)]
    assert [end[0] for end in ends] == [False, False, True, False, False, False, True, False]
    envs.close()
    world = roboschool.parallel_env("ants", max_cycles=3)
    world.reset(seed=0)
    still = dict.fromkeys(world.agents, np.zeros(8))
    for cycle in range(1, 4):
        _, _, terminations, truncations, _ = world.step(still)
        assert set(terminations.values()) == {False}
        assert set(truncations.values()) == {cycle == 3}
    assert world.agents == []
    assert world.step({}) == ({}, {}, {}, {}, {})
    world.close()


def test_same_step_autoreset_hands_over_the_last_observation() -> None:
    """The copies end after 4 steps; the single env shows what they must have seen."""
    envs = roboschool.VectorEnv("ant", 3, max_episode_steps=4, autoreset_mode=AutoresetMode.SAME_STEP)
    next_step = roboschool.VectorEnv("ant", 3, max_episode_steps=4)
    for e in (envs, next_step):
        assert e.autoreset_mode == e.metadata["autoreset_mode"]
        e.reset(seed=2)
    action = np.full((3, 8), 0.3)
    for step in range(1, 5):
        seen, reward, _, truncated, info = envs.step(action)
        other, other_reward, *_ = next_step.step(action)
        assert (reward == other_reward).all()
        assert truncated.all() == (step == 4)
    for copy in range(3):
        assert (info["final_obs"][copy] == other[copy]).all()
        assert (seen[copy] != other[copy]).any()
    assert info["_final_obs"].all()
    assert (info["final_info"]["alive"] == 1.0).all()
    assert (next_step.step(action)[0] == seen).all(), "the new episode begins alike in both modes"
    envs.close()
    next_step.close()


def test_reset_by_mask() -> None:
    envs = roboschool.VectorEnv("hopper", 3, autoreset_mode=AutoresetMode.DISABLED)
    first, _ = envs.reset(seed=0)
    for _ in range(3):
        before, *_ = envs.step(np.full((3, 3), 0.5))
    after, _ = envs.reset(seed=0, options={"reset_mask": np.array([True, False, True])})
    assert (after[[0, 2]] == first[[0, 2]]).all()
    assert (after[1] == before[1]).all()
    envs.close()


@pytest.mark.parametrize("tool", [pickle, cloudpickle])
def test_a_pickled_env_has_a_world_of_its_own(tool: object) -> None:
    for env in (roboschool.AgentEnv("hopper"), roboschool.parallel_env("race")):
        env.reset(seed=0)
        copy = tool.loads(tool.dumps(env))  # type: ignore[attr-defined]
        copy.reset(seed=0)
        assert copy.simulation.worlds[0].client != env.simulation.worlds[0].client
        env.close()
        copy.close()


def test_info_has_the_same_numeric_keys_at_reset_and_at_every_step() -> None:
    env = roboschool.AgentEnv("ant")
    _, first = env.reset(seed=0)
    *_, later = env.step(np.zeros(8))
    assert list(first) == list(later)
    assert {type(value) for value in (*first.values(), *later.values())} == {float}
    env.close()


def test_what_is_returned_does_not_change_later() -> None:
    env = roboschool.AgentEnv("ant")
    seen, _ = env.reset(seed=0)
    kept = seen.copy()
    env.step(np.ones(8))
    assert (seen == kept).all()
    env.close()
    envs = roboschool.VectorEnv("ant", 2)
    envs.reset(seed=0)
    step = envs.step(np.ones((2, 8)))
    kept_step = [part.copy() for part in step[:4]]
    envs.step(-np.ones((2, 8)))
    assert all((a == b).all() for a, b in zip(step[:4], kept_step, strict=True))
    envs.close()


class Pushy:
    """Acts at random, by the seed it is given."""

    def __init__(self) -> None:
        self.generator = np.random.default_rng()
        self.seeds: list[int | None] = []

    def reset(self, seed: int | None = None) -> None:
        self.generator = np.random.default_rng(seed)
        self.seeds.append(seed)

    def act(self, observation: np.ndarray) -> np.ndarray:
        return self.generator.uniform(-1, 1, 8)


def test_opponents_play_the_other_seats() -> None:
    pushy = Pushy()
    env = roboschool.AgentEnv("ants", agent="ant_1", opponents={"ant_0": pushy})
    lonely = roboschool.AgentEnv("ants", agent="ant_1")

    def positions(e: roboschool.AgentEnv) -> list[np.ndarray]:
        e.reset(seed=3)
        for _ in range(20):
            e.step(np.zeros(8))
        return [base[0] for base in e.simulation.worlds[0].capture().bases]

    first, again, without = positions(env), positions(env), positions(lonely)
    assert first == again, "an opponent's seed comes from the episode's"
    assert first[0] != without[0]
    env.close()
    lonely.close()


def test_fallen_agents_stay_unpaid_or_leave() -> None:
    for on_termination in ("stay", "leave"):
        world = roboschool.parallel_env("race", on_termination=on_termination)
        world.reset(seed=0)
        generator = np.random.default_rng(0)
        fallen_at: dict[str, int] = {}
        for step in range(400):
            live = world.agents[:]
            actions = {a: generator.uniform(-1, 1, world.action_space(a).shape) for a in live}
            _, rewards, terminations, truncations, infos = world.step(actions)
            assert list(rewards) == live
            for name in live:
                if name in fallen_at:
                    assert on_termination == "stay"
                    assert rewards[name] == infos[name]["alive"] == 0.0
                elif infos[name]["alive"] == -1.0:
                    fallen_at[name] = step
                    assert terminations[name] is (on_termination == "leave")
            assert not any(truncations.values())
            if set(fallen_at) == {"hopper_0", "humanoid_0"}:
                break
        assert set(world.agents) == ({"ant_0"} if on_termination == "leave" else {"ant_0", "hopper_0", "humanoid_0"})
        world.close()


def test_all_fallen_end_together() -> None:
    world = roboschool.parallel_env("three_humanoids")
    world.reset(seed=0)
    for _ in range(200):
        _, _, terminations, truncations, _ = world.step({a: np.zeros(17) for a in world.agents})
        assert len(set(terminations.values())) == 1
        if all(terminations.values()):
            break
    assert all(terminations.values())
    assert not any(truncations.values())
    assert world.agents == []
    world.close()


def test_state_holds_all_robots() -> None:
    world = roboschool.parallel_env("race")
    world.reset(seed=0)
    assert world.state() in world.state_space
    assert world.state().shape == world.state_space.shape
    world.close()


@pytest.mark.parametrize(
    ("options", "length"),
    [
        ({}, 150),
        ({"max_episode_steps": 160}, 160),
        ({"max_episode_steps": 40}, 40),
        ({"max_episode_steps": -1, "seconds": 0.33}, 20),
        ({"seconds": 0.33}, 20),  # a clock that is set still holds
        ({"seconds": 0.33, "max_episode_steps": 40}, 20),
        ({"timestep": 0.033, "substeps": 8}, 75),
        ({"seconds": 2.64, "max_episode_steps": 160}, 160),
    ],
)
def test_max_episode_steps_means_what_gymnasium_means(options: dict[str, Any], length: int) -> None:
    """It takes the place of the scene's own limit, fewer steps or more, in one env and in many; pickled, too."""
    env = gymnasium.make("roboschool/Reacher-v1", **options)
    envs = gymnasium.make_vec("roboschool/Reacher-v1", num_envs=2, **options)
    synchronous = gymnasium.make_vec("roboschool/Reacher-v1", num_envs=1, vectorization_mode="sync", **options)
    again = pickle.loads(pickle.dumps(env))
    for one in (env, envs, synchronous, again):
        one.reset(seed=0)
        action = np.zeros(one.action_space.shape)
        ends = [one.step(action)[2:4] for _ in range(length)]
        assert not np.any([terminated for terminated, _ in ends])
        assert np.all([truncated for _, truncated in ends[-1:]])
        assert not np.any([truncated for _, truncated in ends[:-1]])
        one.close()


@pytest.mark.parametrize(("most", "length", "reason"), [(8, 8, 0.0), (500, 20, 1.0)])
def test_a_game_is_decided_by_its_own_clock_however_many_steps_there_may_be(
    most: int, length: int, reason: float
) -> None:
    env = gymnasium.make("roboschool/AntSumo-v1", seconds=0.33, max_episode_steps=most)
    envs = gymnasium.make_vec("roboschool/AntSumo-v1", num_envs=1, seconds=0.33, max_episode_steps=most)
    for one in (env, envs):
        one.reset(seed=0)
        steps = [one.step(np.zeros(one.action_space.shape)) for _ in range(length)]
        assert [bool(np.all(step[3])) for step in steps] == [False] * (length - 1) + [True]
        assert steps[-1][4]["reason"] == reason
        one.close()
