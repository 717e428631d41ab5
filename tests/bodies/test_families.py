"""Families of bodies: ours are among them, seeds give others, and what does not exist is refused."""

import itertools
import math
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import gymnasium
import numpy as np
import pytest

from roboschool import AgentEnv, InvalidInput, load_scene, paths
from roboschool.bodies.family import EACH, INNER, KINDS, OUTER, Family, distance, draw_factors, kind_of
from roboschool.bodies.variation import FAMILIES, vary_body
from roboschool.bodies.writer import format_urdf
from roboschool.robots.robot import load_robot
from roboschool.tournament.match import fingerprint

SCENES = {"chain": "hopper", "crawler": "ant", "hound": "dog_velocity", "biped": "walker2d"}
KINDRED = [(family, segments) for family in FAMILIES.values() for segments in family.segments]


def without_visuals(urdf: str) -> bytes:
    """Return a URDF without what is only seen."""
    robot = ElementTree.fromstring(urdf)
    for link in robot.iter("link"):
        for visual in link.findall("visual"):
            link.remove(visual)
    ElementTree.indent(robot)
    return ElementTree.tostring(robot)


@pytest.mark.parametrize("family", FAMILIES.values(), ids=lambda family: family.name)
def test_factors_of_one_give_our_robot(family: Family) -> None:
    text = format_urdf(family.build(family.own_segments, dict.fromkeys(family.factors, 1.0)))
    shipped = paths.robots()[family.robot].with_suffix(".urdf").read_text()
    if family.name in ("chain", "biped"):
        assert without_visuals(text) == without_visuals(shipped)
    ours, made = load_robot(family.robot), vary_body(family.robot, None)
    assert made.mass == pytest.approx(ours.mass)
    assert made.pose == pytest.approx(ours.pose)
    assert made.torque == ours.torque
    assert made.standing_height == pytest.approx(ours.standing_height, abs=1e-3)
    assert [(j.name, j.parent, j.child) for j in made.joints] == [(j.name, j.parent, j.child) for j in ours.joints]
    for one, other in zip(made.joints, ours.joints, strict=True):
        assert one.origin == pytest.approx(other.origin)
        assert one.axis == pytest.approx(other.axis)
        assert (one.lower, one.upper) == pytest.approx((other.lower, other.upper))


@pytest.mark.parametrize(("family", "segments"), KINDRED, ids=lambda value: getattr(value, "name", str(value)))
def test_a_body_loads_stands_and_steps(family: Family, segments: int) -> None:
    """Those on three legs and more stand for 100 steps without being driven; the others balance on their own."""
    seed = EACH + segments
    env = AgentEnv(SCENES[family.name], variant={"body": seed, "segments": segments})
    env.reset(seed=0)
    robot, state = env.scene.agents[0].robot, env.simulation.groups[0].state
    assert state.position[0, 0, 2] == pytest.approx(robot.standing_height, abs=0.1)
    assert len(robot.joints) == len(vary_body(family.robot, None, segments).joints)
    ends = [
        env.step(np.zeros(env.action_space.shape))[2] for _ in range(100 if family.name in ("crawler", "hound") else 5)
    ]
    assert not any(ends)
    env.close()


def test_a_thousand_bodies_are_unlike_each_other() -> None:
    """Seeds of one family and number of segments; a difference of the root mean square of factors of 2 % at least."""
    count = 0
    for family, _ in KINDRED:
        bodies = [draw_factors(family.factors, kind * EACH + seed) for kind in range(len(KINDS)) for seed in range(26)]
        count += len(bodies)
        assert min(distance(one, other) for one, other in itertools.combinations(bodies, 2)) > 0.02
    assert count >= 1000
    assert distance(bodies[0], bodies[0]) == 0.0


@pytest.mark.parametrize("kind", range(len(KINDS)))
def test_kinds_of_bodies_are_drawn_from_their_ranges(kind: int) -> None:
    assert kind_of(kind * EACH + 5) == KINDS[kind]
    inner, outer, drawn = math.log(INNER), math.log(OUTER), []
    for seed in range(100):
        values = np.abs(np.log(list(draw_factors(FAMILIES["chain"].factors, kind * EACH + seed).values())))
        assert values.max() <= outer
        drawn.append((values > inner).sum())
    assert {0: set(drawn) == {0}, 1: set(drawn) == {8}, 2: set(drawn) == set(range(1, 8))}[kind]


def test_the_same_seed_is_the_same_body_and_another_is_not() -> None:
    vary_body.cache_clear()
    first = vary_body("ant", 3, 6).model.text
    vary_body.cache_clear()
    assert vary_body("ant", 3, 6).model.text == first != vary_body("ant", 4, 6).model.text


def test_looks_change_no_bit_and_every_colour() -> None:
    hashes, pictures = set(), []
    for looks in (None, 1, 2):
        variant = {"body": 7} if looks is None else {"body": 7, "looks": looks}
        env = AgentEnv("ant", variant=variant, render_mode="rgb_array", width=64, height=48)
        env.reset(seed=0)
        rng = np.random.default_rng(0)
        for _ in range(50):
            env.step(rng.uniform(-1.0, 1.0, env.action_space.shape))
        hashes.add(fingerprint(env.simulation))
        pictures.append(env.render())
        env.close()
    assert len(hashes) == 1
    assert all((one != other).any() for one, other in itertools.combinations(pictures, 2))


def test_a_variant_is_an_option_of_gym_make() -> None:
    env = gymnasium.make("roboschool/Hopper-v1", variant={"body": 3, "segments": 5})
    assert env.action_space.shape == (5,)
    env.reset(seed=0)
    env.close()


def test_bodies_of_one_kind_share_a_batch() -> None:
    scenes = [load_scene("hopper", variant={"body": seed}) for seed in range(3)]
    from roboschool.simulation.simulation import Simulation

    simulation = Simulation(scenes)
    simulation.reset(dict.fromkeys(range(3), 0))
    simulation.step([np.zeros(simulation.groups[0].shape)])
    assert len({float(z) for z in simulation.groups[0].state.position[:, 0, 2]}) == 3
    simulation.close()


BAD: list[tuple[str, dict[str, Any], str]] = [
    ("ant", {"variant": {"bodi": 1}}, "unknown key 'bodi'; did you mean 'body'"),
    ("ant", {"variant": {"body": -1}}, "body: -1 is not within 0 and 299999"),
    ("ant", {"variant": {"body": 1, "segments": 9}}, "segments: 9 is not among 3, 4, 5, 6, 7, 8, which a crawler has"),
    ("reacher", {"variant": {"body": 1}}, "robot 'reacher' is of no family; there are bodies for ant, dog"),
    ("pong", {"variant": {"body": 1}}, "only scenes with one agent have that axis"),
    ("ant", {"variant": {"body": 1}, "robot": "hopper"}, "the option 'robot' gives it already"),
    ("ant", {"variant": 7}, "option 'variant'"),
    ("ant", {"varient": {"body": 1}}, "did you mean 'variant'"),
]


@pytest.mark.parametrize(("scene", "options", "words"), BAD)
def test_a_variant_that_a_scene_lacks_is_refused(scene: str, options: dict[str, Any], words: str) -> None:
    with pytest.raises(InvalidInput) as error:
        load_scene(scene, **options)
    assert words in str(error.value)
    assert Path(f"{scene}.toml").name in str(error.value)
