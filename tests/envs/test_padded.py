"""Robots with different numbers of joints in one batch: the same bits as alone, in rows that are padded."""

from pathlib import Path

import numpy as np
import pytest

from roboschool import InvalidInput, PaddedVectorEnv, VectorEnv, load_scene, paths
from roboschool.scenes.scene import Scene

STEPS = 8


def crawler(segments: int, body: int, **options: object) -> Scene:
    return load_scene("ant", variant={"segments": segments, "body": body}, **options)


def changed(folder: Path, name: str, line: str) -> str:
    """Write the scene of the ant with another line about it."""
    path = folder / f"{name}.toml"
    path.write_text(paths.scenes()["ant"].read_text() + line + "\n")
    return str(path)


def test_crawlers_of_three_to_eight_legs_are_one_batch() -> None:
    scenes = [crawler(legs, 1) for legs in range(3, 9)] + [crawler(legs, 2) for legs in range(3, 9)]
    envs = PaddedVectorEnv(scenes, num_envs=13)
    assert len(envs.envs) == 6, "bodies with as many legs share an env"
    observation, _ = envs.reset(seed=4)
    assert {name: part.shape for name, part in observation.items()} == {
        "trunk": (13, 8),
        "joints": (13, 16, 3),
        "mask": (13, 16),
    }
    assert observation["mask"].sum(axis=1).tolist() == [6, 8, 10, 12, 14, 16] * 2 + [6]
    assert envs.padding.columns == ("-1 to 1 between its limits", "speed [10 rad/s]", "on the ground")
    for _ in range(STEPS):
        action = envs.action_space.sample()
        observation, reward, terminated, truncated, info = envs.step(action)
    assert observation in envs.observation_space
    assert not observation["joints"][observation["mask"] == 0].any()
    assert observation["joints"][:, 1::2, 2].any(), "feet touch the ground"
    assert reward.shape == terminated.shape == truncated.shape == info["progress"].shape == (13,)
    assert info["_progress"].all()
    envs.close()


@pytest.mark.parametrize("mode", ["NextStep", "SameStep"])
def test_a_row_has_the_bits_of_its_scene_alone(mode: str) -> None:
    scenes = [crawler(legs, 7, seconds=0.08) for legs in (5, 3, 5)]
    envs, alone = PaddedVectorEnv(scenes, 5, autoreset_mode=mode), VectorEnv(scenes[1], autoreset_mode=mode)
    rng = np.random.default_rng(0)
    padded, _ = envs.reset(seed=10)
    plain, _ = alone.reset(seed=14)
    last: tuple[object, ...] = ()
    for _ in range(STEPS):
        table = padded["joints"][4]
        rows = np.concatenate([padded["trunk"][4], table[:6, :2].ravel(), table[1:6:2, 2]])
        assert np.array_equal(plain[0], rows)
        action = rng.uniform(-1.0, 1.0, envs.action_space.shape)
        action[padded["mask"] == 0] = np.nan
        padded, reward, terminated, truncated, info = envs.step(action)
        plain, own, ended, over, told = alone.step(action[4:, :6])
        assert (reward[4], terminated[4], truncated[4]) == (own[0], ended[0], over[0])
        assert info["progress"][4] == told["progress"][0]
        if "_final_obs" in info:
            last = (*last, info["final_obs"][4]["trunk"][0] == told["final_obs"][0][0])
            assert info["final_obs"][4]["joints"].shape == (10, 3)
            assert info["final_info"]["progress"][4] == told["final_info"]["progress"][0]
    assert last == ((True,) if mode == "SameStep" else ())


def test_it_is_the_same_from_workers() -> None:
    scenes, found = [crawler(legs, 1) for legs in (3, 4)], []
    for workers in (0, 1):
        envs = PaddedVectorEnv(scenes, 2, num_workers=workers)
        envs.reset(seed=1)
        found.append(envs.step(np.full((2, 8), 0.5))[0]["joints"])
        envs.close()
    assert np.array_equal(*found)


def test_bodies_that_no_batch_holds_together_are_padded_too() -> None:
    """Their motors differ, so that each is in an env of its own."""
    envs = PaddedVectorEnv([load_scene("dog_velocity", variant={"body": body}) for body in (1, 2)], 2)
    observation, _ = envs.reset(seed=0)
    assert len(envs.envs) == 2
    assert observation["mask"].all()


def test_what_does_not_fit_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InvalidInput, match=r"scenes: 2 of them for 1 rows"):
        PaddedVectorEnv(["ant", "hopper"], 1)
    with pytest.raises(InvalidInput, match=r"scene 'reacher' beside 'ant': only one trunk observes '"):
        PaddedVectorEnv(["ant", "reacher"], 2)
    with pytest.raises(InvalidInput, match=r"scene 'ants': it has several agents"):
        PaddedVectorEnv(["ants"], 1)
    with pytest.raises(InvalidInput, match=r"autoreset_mode"):
        PaddedVectorEnv(["ant"], 1, autoreset_mode="Disabled")
    with pytest.raises(InvalidInput, match=r"scene 'seeing': .* no place for the images of 'ant_0'"):
        PaddedVectorEnv([changed(tmp_path, "seeing", 'sensor = [{ name = "camera" }]')], 1)
    with pytest.raises(InvalidInput, match=r"scene 'told': .* no place for what is privileged"):
        PaddedVectorEnv([changed(tmp_path, "told", 'privileged = [{ name = "gyro" }]')], 1)
    envs = PaddedVectorEnv(["ant"], 2)
    with pytest.raises(InvalidInput, match=r"seed: 1 seeds for 2 rows"):
        envs.reset(seed=[1])
    envs.reset(seed=1)
    with pytest.raises(InvalidInput, match=r"actions: one is not finite"):
        envs.step(np.full((2, 8), np.nan))
    with pytest.raises(InvalidInput, match=r"shape \(2, 7\), not \(2, 8\)"):
        envs.step(np.zeros((2, 7)))
