"""The camera of an agent: images against what is computed by hand, the same in every env, and errors."""

from contextlib import closing
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from sensors.scenes_of_sensors import load_with

from roboschool.envs.agent import AgentEnv
from roboschool.envs.costs import Budget
from roboschool.envs.joint import JointEnv
from roboschool.envs.parallel import ParallelEnv
from roboschool.envs.sb3 import SB3VecEnv
from roboschool.envs.vector import VectorEnv
from roboschool.errors import InvalidInput
from roboschool.mdp.layout import COLOURS
from roboschool.multiplayer.lobby import Lobby
from roboschool.simulation.simulation import Simulation
from roboschool.testing.suite import checker_faults

SMALL = 'name = "camera", size = [40, 32], depth = true, segmentation = true'
PILLAR = '\n[[element]]\nkind = "pillar"\nsize = 0.25\npositions = [[1.5, 0.0]]\n'
SECOND = '\n[[agent]]\nname = "dog_1"\nrobot = "dog"\nposition = [2.0, 0.0]\ntask = { name = "velocity" }\n'
ROUGH = '\n[terrain]\nkinds = ["rough"]\nsize = [8.0, 8.0]\n'
MODES = ("SameStep", "NextStep")
ORIGIN = {"pose": (0.0, 0.0, 0.0)}


def act(env: AgentEnv, steps: int = 1) -> Any:
    """Step with actions that are always the same; return the last observation."""
    for number in range(steps):
        observation, *_ = env.step(np.sin(np.arange(12) + number))
    return observation


def assert_same(one: Any, other: Any) -> None:
    """Compare two observations byte by byte."""
    assert list(one) == list(other)
    for name in one:
        assert np.array_equal(one[name], other[name]), name


def test_it_looks_down_on_the_ground(tmp_path: Path) -> None:
    scene = load_with(tmp_path, 'name = "camera", depth = true, position = [0.7, 0.0, 0.1], pitch = 90.0')
    with closing(AgentEnv(scene)) as env:
        observation, _ = env.reset(seed=0, options=ORIGIN)
        height = float(env.simulation.groups[0].state.position[0, 0, 2])
        assert observation["depth"].shape == (84, 84)
        assert observation["depth"][41:43, 41:43] == pytest.approx(height + 0.1, abs=1e-3)
        assert env.observation_space.contains(observation)


def test_a_pillar_is_where_it_is_and_as_it_is_painted(tmp_path: Path) -> None:
    ahead = 'name = "camera", depth = true, segmentation = true, size = [64, 32], position = [0.4, 0.0, 0.0]'
    with closing(AgentEnv(load_with(tmp_path, ahead, more=PILLAR))) as env:
        seen, _ = env.reset(seed=0, options=ORIGIN)
    assert seen["depth"][15:17, 31:33] == pytest.approx(1.5 - 0.25 - 0.4, abs=1e-3)
    assert (seen["segmentation"][15:17, 31:33] == 1).all(), "the first prop, after one agent"
    width = np.count_nonzero(seen["segmentation"][16] == 1)
    half = np.arcsin(0.25 / 1.1)  # angle from its middle to its edge
    assert width == pytest.approx(64 * np.tan(half) / np.tan(np.radians(30.0)), abs=1.0)
    assert np.array_equal(np.argsort(seen["camera"][16, 32]), np.argsort(COLOURS["pillar"]))
    assert seen["depth"].max() == 10.0, "the sky"
    left = ahead.replace("position", "yaw = 90.0, position")
    beside = PILLAR.replace("1.5, 0.0", "0.4, 1.5")
    with closing(AgentEnv(load_with(tmp_path, left, more=beside))) as env:
        seen, _ = env.reset(seed=0, options=ORIGIN)
    assert seen["depth"][15:17, 31:33] == pytest.approx(1.5 - 0.25, abs=1e-3)


@pytest.mark.parametrize("ground", ["", ROUGH])
def test_it_follows_its_link_as_rays_do(tmp_path: Path, ground: str) -> None:
    """Bullet casts a ray from the same place along the axis of the camera."""
    at = 'link = "front_left_thigh", position = [0.2, 0.0, 0.05]'
    ray = f'name = "rays", count = 1, low = -60.0, high = -60.0, {at}'
    camera = f'name = "camera", size = [128, 128], field_of_view = 20.0, depth = true, pitch = 60.0, {at}'
    with closing(AgentEnv(load_with(tmp_path, ray, camera, more=ground))) as env:
        env.reset(seed=0)
        for number in range(5):
            seen = act(env, 1 + number)
            assert 0.05 < seen["vector"][-1] < 3.0
            assert seen["depth"][63:65, 63:65].mean() == pytest.approx(seen["vector"][-1], abs=1e-3)


def test_images_are_exact_and_change_nothing(tmp_path: Path) -> None:
    scene, blind = load_with(tmp_path, SMALL, more=ROUGH), load_with(tmp_path, more=ROUGH)
    with closing(AgentEnv(scene)) as env, closing(AgentEnv(blind)) as other:
        env.reset(seed=3)
        other.reset(seed=3)
        saved, once = env.get_state(), act(env, 20)
        assert np.array_equal(once["vector"], act(other, 20))
        env.set_state(saved)
        assert_same(act(env, 20), once)
        env.reset(seed=3)
        assert_same(act(env, 20), once)


@pytest.mark.parametrize(("workers", "threads"), [(0, 2), (1, 1)])
def test_a_batch_sees_what_each_sees_alone(tmp_path: Path, workers: int, threads: int) -> None:
    scene = load_with(tmp_path, SMALL, more=ROUGH)
    with closing(VectorEnv(scene, 3, workers, threads)) as batch:
        seen, _ = batch.reset(seed=5)
        assert batch.observation_space.contains(seen)
        for number in range(3):
            seen, *_ = batch.step(np.tile(np.sin(np.arange(12) + number), (3, 1)))
        batch.send(np.zeros((1, 12)), [1])
        copies, part, *_ = batch.recv()
        assert copies.tolist() == [1]
    for row in range(3):
        with closing(AgentEnv(scene)) as env:
            env.reset(seed=5 + row)
            assert_same({name: images[row] for name, images in seen.items()}, act(env, 3))
            if row == 1:
                alone, *_ = env.step(np.zeros(12))
                assert_same({name: images[0] for name, images in part.items()}, alone)


@pytest.mark.parametrize("workers", [0, 2])
def test_the_last_images_of_an_episode_are_handed_over(tmp_path: Path, workers: int) -> None:
    """Episodes of 4 steps; envs that begin another one only at the next step show what was seen at the end."""
    scene, action = load_with(tmp_path, SMALL, more=ROUGH), np.full((3, 12), 0.3)
    modes = {mode: VectorEnv(scene, 3, workers, max_episode_steps=4, autoreset_mode=mode) for mode in MODES}
    with closing(modes["SameStep"]) as envs, closing(modes["NextStep"]) as others:
        first, _ = envs.reset(seed=2)
        others.reset(seed=2)
        for _ in range(3):
            *_, info = envs.step(action)
            others.step(action)
        assert "final_obs" not in info
        seen, _, _, truncated, info = envs.step(action)
        last, *_ = others.step(action)
        assert truncated.all()
        for row in range(3):
            assert info["final_obs"][row] in envs.single_observation_space
            assert_same(info["final_obs"][row], {name: images[row] for name, images in last.items()})
        begun, *_ = others.step(action)
        assert_same(seen, begun)
        assert (seen["camera"] != first["camera"]).any(), "on another tile"


def test_only_rows_that_end_have_last_images(tmp_path: Path) -> None:
    with closing(VectorEnv(load_with(tmp_path, SMALL), 2, max_episode_steps=2, autoreset_mode="SameStep")) as envs:
        envs.reset(seed=0)
        envs.send(np.zeros((1, 12)), [1])
        envs.recv()
        *_, info = envs.step(np.zeros((2, 12)))
        assert info["_final_obs"].tolist() == [False, True]
        assert info["final_obs"][0] is None
        assert set(info["final_obs"][1]) == {"vector", "camera", "depth", "segmentation"}


def test_stable_baselines_has_images(tmp_path: Path) -> None:
    envs = SB3VecEnv(load_with(tmp_path, SMALL), 2, max_episode_steps=2)
    seen = envs.reset()
    assert seen["camera"].shape == (2, *envs.observation_space["camera"].shape)
    envs.step(np.zeros((2, 12)))
    seen, _, done, infos = envs.step(np.zeros((2, 12)))
    assert done.all()
    for row in range(2):
        assert infos[row]["terminal_observation"] in envs.observation_space
        assert (infos[row]["terminal_observation"]["vector"] != seen["vector"][row]).any()
    envs.close()


def test_agents_with_and_without_one_share_a_world(tmp_path: Path) -> None:
    scene = load_with(tmp_path, SMALL + ", position = [0.5, 0.0, 0.0]", more=SECOND)
    with closing(ParallelEnv(scene)) as world, closing(AgentEnv(scene)) as alone:
        seen, _ = world.reset(seed=1)
        assert seen["dog_1"].shape == (48,)
        assert all(world.observation_space(name).contains(seen[name]) for name in seen)
        assert (seen["dog_0"]["segmentation"] == 1).any(), "the other dog"
        assert_same(seen["dog_0"], alone.reset(seed=1)[0])
        simulation = Simulation(scene)
        assert len(simulation.groups) == 1, "a camera divides no group"
        simulation.close()
    assert checker_faults(scene) == []


def test_agents_of_a_world_see_what_rows_see(tmp_path: Path) -> None:
    scene = load_with(tmp_path, SMALL, more=f"{SECOND}sensor = [{{ {SMALL} }}]\n")
    names, action = ["dog_0", "dog_1"], np.sin(np.arange(12))
    with closing(ParallelEnv(scene, "leave")) as world, closing(VectorEnv(scene, 2, agent=names)) as rows:
        world.reset(seed=2)
        rows.reset(seed=2)
        world.deactivate("dog_0")
        rows.simulation.deactivate(0)
        seen, *_ = world.step({"dog_1": action})
        batch, *_ = rows.step(np.stack([np.zeros(12), action]))
        assert list(seen) == ["dog_1"]
        assert_same(seen["dog_1"], {name: images[1] for name, images in batch.items()})


@pytest.mark.parametrize(
    ("sensor", "message"),
    [
        ("size = [84, 200]", "size: [1]: 200 is not within 32 and 128"),
        ("size = [10000, 10000]", "(1) [0]: 10000 is not within 32 and 128 (2) [1]: 10000"),
        ("size = [84]", "size: [84] has the length 1, not 2"),
        ('link = "trnk"', "link: unknown link 'trnk'; did you mean 'trunk'"),
        ("field_of_view = 180.0", "field_of_view: 180.0 is not within 5 and 150"),
        ("fieldofview = 60.0", "has no 'fieldofview'; did you mean 'field_of_view'"),
        ("delay = 1", "has no 'delay'"),
        ("rgb = false", "rgb: none of rgb, depth and segmentation is true"),
    ],
)
def test_what_is_wrong_is_one_clear_error(tmp_path: Path, sensor: str, message: str) -> None:
    with pytest.raises(InvalidInput) as error:
        load_with(tmp_path, f'name = "camera", {sensor}')
    assert f"agent 'dog_0': sensor 'camera'{'' if message.startswith('has') else ': '}" in str(error.value)
    assert message in str(error.value)
    assert "seeing.toml" in str(error.value)


def test_what_has_no_images_says_so(tmp_path: Path) -> None:
    scene = load_with(tmp_path, SMALL)
    with pytest.raises(InvalidInput, match="sensor 'camera': JointEnv has no images"):
        JointEnv(scene, "4x2")
    with pytest.raises(InvalidInput, match="a shared world of several players has no images"):
        Lobby(load_with(tmp_path, SMALL, more=SECOND))
    with closing(AgentEnv(scene)) as env, pytest.raises(InvalidInput, match="a budget is added to a vector only"):
        Budget(env)
    with pytest.raises(InvalidInput, match="'dog_1' has another camera, or none"):
        VectorEnv(load_with(tmp_path, SMALL, more=SECOND), 2, agent=["dog_0", "dog_1"])
    with pytest.raises(InvalidInput, match="there are 2, but an agent has one at most"):
        load_with(tmp_path, SMALL, SMALL)
    with pytest.raises(InvalidInput, match="only numbers can be privileged"):
        load_with(tmp_path, more='\n[[agent.privileged]]\nname = "camera"\n')
    with pytest.raises(InvalidInput, match="unknown sensor 'camera'"):
        load_with(tmp_path, SMALL, more="\n[randomize]\nnoise = { camera = 0.1 }\n")
