"""Training on many variants: each is played as often, a training continues to the same bits, batches hold several."""

from collections import Counter
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from roboschool import InvalidInput, VectorEnv, load_scene
from roboschool.learning.settings import Settings
from roboschool.learning.training import POLICY, Training, plan_of
from roboschool.learning.variants import Rota

SMALL = Settings(envs=8, rollout=16, hidden=(8,), epochs=1, minibatches=2, variants={"body": 20})
SHORT = {"seconds": 0.4}  # 24 steps: the bodies change every second update


def test_every_variant_is_played_as_often_as_every_other() -> None:
    rota = Rota((("body", 20), ("looks", 3)), copies=8, updates=2, seed=0)
    assert [rota.turn(update) for update in range(-1, 5)] == [0, 0, 0, 1, 1, 2]
    played = [variant for turn in range(5) for variant in rota.variants(turn)]
    assert Counter(variant["body"] for variant in played) == dict.fromkeys(range(20), 2)
    assert set(Counter(variant["looks"] for variant in played).values()) == {13, 14}
    assert [variant["body"] for variant in played[:20]] != [variant["body"] for variant in played[20:]]
    assert Rota((("body", 8),), copies=8, updates=2, seed=0).turn(9) == 0, "all are there already"


def test_a_training_on_many_bodies_continues_to_the_same_bits(tmp_path: Path) -> None:
    files = []
    for stops in ((), (1, 3)):  # the second is broken off within a turn, and where one ends
        folder = tmp_path / f"run_{len(stops)}"
        training = Training.begin(plan_of("hopper", SHORT, SMALL, seed=3, steps=4096), folder)
        bodies = set()
        for number in range(6):
            if number in stops:
                training.save()
                training.close()
                training = Training.resume("hopper", folder, None)
            training.update()
            assert isinstance(training.env, VectorEnv)
            bodies |= {scene.agents[0].robot.model.text for scene in training.env.simulation.scenes}
        training.save()
        training.close()
        assert len(bodies) == 20
        files.append((folder / POLICY).read_bytes())
    assert files[0] == files[1]


def test_only_variants_that_a_scene_has_can_be_trained_on() -> None:
    for scene, words in (("reacher", "of no family"), ("CartPole-v1", "'variant' is no option")):
        with pytest.raises(InvalidInput, match=words):
            plan_of(scene, {}, SMALL, seed=0, steps=1)
    with pytest.raises(InvalidInput, match="ground: all copies share it"):
        plan_of("hopper", {}, replace(SMALL, variants={"ground": 3}), seed=0, steps=1)


def test_a_batch_holds_variants_in_turn_also_in_workers() -> None:
    scenes = [load_scene("hopper", variant={"body": seed}) for seed in range(2)]
    seen = []
    for workers in (0, 2):
        env = VectorEnv(scenes, num_envs=3, num_workers=workers)
        env.reset(seed=[7, 7, 7])
        for _ in range(3):
            observation, *_ = env.step(np.full((3, 3), 0.2, np.float32))
        seen.append(observation)
        env.close()
    assert np.array_equal(*seen)
    assert np.array_equal(seen[0][0], seen[0][2])
    assert not np.array_equal(seen[0][0], seen[0][1])


def test_scenes_that_do_not_fit_a_batch_are_refused() -> None:
    two = [load_scene("hopper", variant={"body": seed}) for seed in range(2)]
    with pytest.raises(InvalidInput, match="2 different ones, but no more copies"):
        VectorEnv(two)
    with pytest.raises(InvalidInput, match="no pictures of them"):
        VectorEnv(two, num_envs=2, render_mode="rgb_array")
    with pytest.raises(InvalidInput, match="joints of hopper_0"):
        VectorEnv([two[0], load_scene("hopper", variant={"segments": 4})], num_envs=2)
    with pytest.raises(InvalidInput, match="default policy of paddle_1"):
        VectorEnv([load_scene("pong"), load_scene("pong", variant={"opponent": 1})], num_envs=2)
    with pytest.raises(InvalidInput, match="an empty sequence"):
        VectorEnv([])
