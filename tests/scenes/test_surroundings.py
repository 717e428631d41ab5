"""Variants of ground, conditions and opponents: the same seed gives the same bits, and each axis is its own."""

import dataclasses
from typing import Any

import numpy as np
import pytest

from roboschool import AgentEnv, InvalidInput, load_scene
from roboschool.bodies.family import EACH, INNER, OUTER, distance, draw_factors
from roboschool.policies.handicap import Handicap, Handicapped
from roboschool.policies.policy import Random
from roboschool.scenes.surroundings import CONDITIONS, EASY, GROUNDS, TRACK
from roboschool.tournament.match import fingerprint

EACH_KIND = (5, EACH + 5, 2 * EACH + 5)


def play(scene: str, steps: int = 30, **variant: int) -> str:
    """Return the fingerprint of an episode of random actions."""
    env = AgentEnv(scene, **({"variant": variant} if variant else {}))
    env.reset(seed=3)
    rng = np.random.default_rng(0)
    for _ in range(steps):
        env.step(rng.uniform(-1.0, 1.0, env.action_space.shape))
    found = fingerprint(env.simulation)
    env.close()
    return found


@pytest.mark.parametrize(("scene", "axis"), [("hopper", "ground"), ("hopper", "conditions"), ("pong", "opponent")])
def test_a_seed_gives_the_same_bits_and_another_seed_others(scene: str, axis: str) -> None:
    found = [play(scene, **{axis: seed}) for seed in (*EACH_KIND, EACH_KIND[0])]
    assert found[0] == found[3]
    assert len({*found, play(scene)}) == 4


def test_looks_beside_other_axes_change_no_bit() -> None:
    assert play("hopper", body=3, ground=4, conditions=5) == play("hopper", body=3, ground=4, conditions=5, looks=6)


def test_grounds_are_of_their_kinds() -> None:
    drawn: dict[int, list[tuple[str, int]]] = {}
    for kind in range(3):
        for seed in range(60):
            terrain = load_scene("dog_velocity", variant={"ground": kind * EACH + seed}).terrain
            assert terrain is not None
            assert (len(terrain.kinds), terrain.levels[0]) == (1, terrain.levels[1])
            drawn.setdefault(kind, []).append((terrain.kinds[0], terrain.levels[0]))
    easy, hard, mixed = (set(drawn[kind]) for kind in range(3))
    assert {name for name, _ in easy} == {name for name, _ in hard} == set(GROUNDS)
    assert {level for _, level in easy} == set(range(1, EASY + 1))
    assert {level for _, level in hard} == set(range(EASY + 1, 11))
    assert {name for name, _ in mixed} == {TRACK}


def test_a_ground_has_the_size_of_the_scene_that_has_one() -> None:
    rough = load_scene("dog_rough", variant={"ground": 1}).terrain
    assert rough is not None
    assert (rough.size, rough.curriculum, rough.shape) == ((12.0, 12.0), False, (1, 1))
    runway, square = (load_scene(name, variant={"ground": 1}).terrain for name in ("ant", "ant_stand"))
    assert runway is not None
    assert square is not None
    assert (runway.size, square.size) == ((80.0, 7.0), (24.0, 24.0))


def test_conditions_are_factors_and_leave_what_else_is_randomized() -> None:
    scene = load_scene("hopper", variant={"conditions": EACH + 1}, randomize={"wind": (0.0, 0.0, 0.0), "mass": 1.0})
    ranges = scene.randomize
    assert ranges is not None
    assert ranges.wind == (0.0, 0.0, 0.0)
    assert isinstance(ranges.gravity, tuple)
    assert isinstance(ranges.gravity[2], float)
    factors = [ranges.friction, 1.0 - ranges.gravity[2] / 9.8, ranges.mass, ranges.motor_strength]
    for factor in factors:
        assert isinstance(factor, float)
        assert 1.0 / OUTER <= factor <= OUTER
        assert not 1.0 / INNER < factor < INNER
    one, other = (draw_factors(tuple("abcd"), 7, *stream) for stream in ((), (CONDITIONS,)))
    assert distance(one, other) > 0.02


def test_opponents_are_held_back_and_whoever_is_controlled_is_not() -> None:
    scene = load_scene("pong", variant={"opponent": 3})
    assert scene.agents[1].handicap is not None
    policies = {load_scene("pong", variant={"opponent": seed}).agents[1].policy for seed in range(9)}
    assert policies == {"pong", "roboschool.games.pong:Trainer"}
    env = AgentEnv(scene)
    assert isinstance(env.opponents["paddle_1"], Handicapped)
    assert set(env.opponents) == {"paddle_1"}
    given = AgentEnv(scene, opponents={"paddle_1": "still"})
    assert not isinstance(given.opponents["paddle_1"], Handicapped)


def test_a_handicap_is_strength_noise_and_patience() -> None:
    plain, weak = Random(3), Handicapped(Random(3), Handicap(strength=0.5, hold=2))
    actions = []
    for policy in (plain, weak):
        policy.reset(5)
        actions.append([policy.act(np.zeros(1)) for _ in range(4)])
    assert np.array_equal(0.5 * actions[0][0], actions[1][0])
    assert np.array_equal(actions[1][0], actions[1][1])
    assert np.array_equal(0.5 * actions[0][1], actions[1][2])
    noisy = Handicapped(Random(3), Handicap(noise=0.3))
    seen = []
    for _ in range(2):
        noisy.reset(5)
        seen.append([noisy.act(np.zeros(1)) for _ in range(3)])
    assert np.array_equal(*seen)
    assert np.abs(seen[0]).max() <= 1.0


BAD: list[tuple[str, dict[str, Any], str]] = [
    ("ant_sumo", {"ground": 1}, "ground: the scene has a game"),
    ("reacher", {"ground": 1}, "ground: the scene has props"),
    ("arm_reach_pose", {"ground": 1}, "ground: the scene has a robot that is bolted down"),
    ("hopper", {"opponent": 1}, "opponent: only games have that axis"),
    ("kick_and_defend", {"opponent": 1}, "opponent: no policy is known for 'keeper_0'"),
    ("hopper", {"conditions": 3 * EACH}, "conditions: 300000 is not within 0 and 299999"),
    ("hopper", {"condition": 3}, "did you mean 'conditions'"),
]


@pytest.mark.parametrize(("scene", "variant", "words"), BAD)
def test_an_axis_that_a_scene_lacks_is_one_clear_error(scene: str, variant: dict[str, int], words: str) -> None:
    with pytest.raises(InvalidInput) as error:
        load_scene(scene, variant=variant)
    assert words in str(error.value)
    assert f"{scene}.toml" in str(error.value)
    assert "\n" not in str(error.value)


def test_a_handicap_of_an_agent_is_checked() -> None:
    scene = load_scene("pong")
    agent = dataclasses.replace(scene.agents[1], handicap=Handicap(strength=-1.0))
    with pytest.raises(InvalidInput, match="strength"):
        dataclasses.replace(scene, agents=(scene.agents[0], agent))
