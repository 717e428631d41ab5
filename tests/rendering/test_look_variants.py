"""Looks: each part of them is seen, and none is felt."""

import dataclasses
import itertools
import math
from typing import Any

import numpy as np
import pytest

from roboschool import AgentEnv, load_scene
from roboschool.rendering.camera import Camera
from roboschool.rendering.ground import COLOURS, LINES, make_light
from roboschool.results.episodes import play_episodes
from roboschool.scenes.looks import Looks, draw_looks
from roboschool.scenes.scene import Scene

OTHERS: dict[str, Any] = {
    "sun": (0.6, 0.0, 0.8),
    "strength": 0.7,
    "sky": (0.6, 0.6, 0.6),
    "shine": 0.9,
    "clear": 10.0,
    "ground": (0.6, 1.0, 1.0),
    "background": (1.0, 0.6, 1.0),
    "around": 0.3,
    "down": 0.1,
    "back": 1.3,
}


def picture(scene: Scene) -> np.ndarray:
    env = AgentEnv(scene)
    env.reset(seed=0)
    camera = Camera(scene, 96, 64)
    shown = camera.picture(env.simulation.worlds[0].capture())
    camera.close()
    env.close()
    return shown


@pytest.mark.parametrize("name", ["hopper", "ant_sumo"])
def test_every_part_is_seen(name: str) -> None:
    """The one has a camera that follows, the other one that stays."""
    scene = load_scene(name)
    assert set(OTHERS) == {field.name for field in dataclasses.fields(Looks)}
    changed = [scene, *(dataclasses.replace(scene, looks=Looks(**{key: value})) for key, value in OTHERS.items())]
    pictures = [picture(each) for each in changed]
    unseen = {"clear", "background"} if name == "ant_sumo" else set[str]()  # it is seen from above
    for (one, first), (other, second) in itertools.combinations(zip(["ours", *OTHERS], pictures, strict=True), 2):
        assert (first != second).any() or {one, other} & unseen, (one, other)


def test_none_is_felt() -> None:
    class Steady:
        def reset(self, seed: int | None = None) -> None:
            pass

        def act(self, observation: np.ndarray) -> np.ndarray:
            return np.full(8, 0.3)

    plan = [(20000, "", "held out"), (20000, "looks=1", "held out"), (20000, "looks=2", "held out")]
    plain, *others = play_episodes(Steady(), "ant", {"seconds": 0.5}, plan)
    for other in others:
        assert dataclasses.replace(other, variant="") == plain


def test_a_seed_gives_the_same_looks_and_another_seed_others() -> None:
    drawn = [draw_looks(seed) for seed in range(50)]
    assert draw_looks(7) == drawn[7]
    assert len(set(drawn)) == 50
    for looks in drawn:
        assert math.hypot(*looks.sun) == pytest.approx(1.0)
        assert looks.sun[2] > 0.5, "shadows are not endless"
    assert load_scene("ant").looks == Looks()
    assert load_scene("ant", variant={"looks": 7}).looks == drawn[7]


def test_the_light_has_axes_at_right_angles() -> None:
    for looks in (Looks(), draw_looks(3)):
        light = make_light(looks)
        axes = np.array([light.sun, light.east, light.north])
        assert axes @ axes.T == pytest.approx(np.eye(3), abs=1e-6)
    assert set(LINES) < set(COLOURS)


def test_what_means_something_keeps_a_colour_of_its_own() -> None:
    """A goal and a hazard are not alike."""
    scene = load_scene("point_goal1", variant={"looks": 3})
    texts = {prop.model.name: prop.model.text for prop in scene.props}
    colours = {name: text.split('rgba="')[1].split('"')[0] for name, text in texts.items()}
    assert len(set(colours.values())) == len(colours) > 2
