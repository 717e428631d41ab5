"""Elements of a scene are placed at random, clear of each other, or where a file or a reset says."""

from pathlib import Path

import numpy as np
import pytest

import roboschool
from roboschool.errors import InvalidInput
from roboschool.scenes.loader import load_scene
from roboschool.scenes.scene import Scene
from roboschool.simulation.episode_start import draw_layout, layout_of
from roboschool.simulation.simulation import Simulation

YARD = """summary = "A yard."
[layout]
area = [-2.0, -2.0, 2.0, 2.0]
[[agent]]
name  = "robot_0"
robot = "point"
task  = { name = "goal" }
[[element]]
kind = "goal"
[[element]]
kind  = "hazard"
count = 4
costs = true
"""


@pytest.fixture
def yard(tmp_path: Path):
    """Write a scene with changes, and load it."""

    def load(*changes: tuple[str, str]) -> Scene:
        text = YARD
        for old, new in changes:
            assert old in text
            text = text.replace(old, new)
        path = tmp_path / "yard.toml"
        path.write_text(text)
        return load_scene(path)

    return load


def gaps(scene: Scene, seed: int) -> float:
    """Return how clear the two nearest things of a layout are [m]."""
    poses = draw_layout(scene, np.random.default_rng(seed))
    keep = {agent.name: scene.layout.robot_keepout for agent in scene.agents}
    keep |= {scene.props[element.prop].name: element.keepout for element in scene.layout.elements}
    names = list(poses)
    return min(
        float(np.hypot(poses[a][0] - poses[b][0], poses[a][1] - poses[b][1])) - keep[a] - keep[b]
        for place, a in enumerate(names)
        for b in names[:place]
    )


@pytest.mark.parametrize("name", ["point_goal2", "point_button2", "car_push2"])
def test_everything_keeps_its_distance_and_stays_inside(name: str) -> None:
    scene = load_scene(name)
    x, y, far_x, far_y = scene.layout.area
    for seed in range(20):
        assert gaps(scene, seed) >= 0.0
        poses = np.array(list(draw_layout(scene, np.random.default_rng(seed)).values()))
        assert (poses[:, :2] > (x, y)).all()
        assert (poses[:, :2] < (far_x, far_y)).all()
        assert 0.0 <= poses[:, 2].min() <= poses[:, 2].max() < 2.0 * np.pi


def test_things_are_anywhere_in_the_area() -> None:
    scene = load_scene("point_goal0")
    poses = [draw_layout(scene, np.random.default_rng(seed))["goal_0"] for seed in range(400)]
    xy = np.array(poses)[:, :2]
    assert np.abs(xy).max() == pytest.approx(1.0 - 0.305, abs=0.02)
    assert np.abs(xy.mean(axis=0)).max() < 0.1


def test_the_same_seed_gives_the_same_layout_and_another_does_not() -> None:
    scene = load_scene("point_button1")
    one, two, other = (draw_layout(scene, np.random.default_rng(seed)) for seed in (4, 4, 5))
    assert one == two != other


def test_a_layout_can_be_saved_and_given_to_a_reset() -> None:
    env = roboschool.AgentEnv("point_goal2")
    env.reset(seed=1)
    saved = layout_of(env.scene, env.simulation.worlds[0].log.start)
    first = env.simulation.groups[0].state.props.position.copy()
    env.reset(seed=2)
    assert not np.array_equal(first, env.simulation.groups[0].state.props.position)
    env.reset(seed=3, options={"layout": saved})
    assert np.array_equal(first, env.simulation.groups[0].state.props.position)
    env.reset(seed=1)
    assert np.array_equal(first, env.simulation.groups[0].state.props.position)
    for layout, said in (
        (3, "layout: 3 is not a mapping"),
        (saved | {"hazard_99": (0.0, 0.0, 0.0)}, "unknown agent or element 'hazard_99'"),
        ({"robot_0": saved["robot_0"]}, "goal_0, hazard_0.* is not in it; it is of another scene"),
        (saved | {"vase_0": (0.0, float("nan"), 0.0)}, "vase_0: .* is not finite"),
        (saved | {"vase_0": "here"}, "vase_0: 'here' is not x, y and yaw"),
    ):
        with pytest.raises(InvalidInput, match=f"scene 'point_goal2': reset: .*{said}"):
            env.reset(options={"layout": layout})
    env.close()


def test_a_file_fixes_positions_areas_numbers_and_the_seed(yard) -> None:
    fixed = yard(
        ("count = 4", "positions = [[1.0, 1.0], [-1.0, 1.0]]"),
        ('kind = "goal"', 'kind = "goal"\nareas = [[-1.5, -2.0, 0.0, -1.0]]'),
    )
    for seed in range(10):
        poses = draw_layout(fixed, np.random.default_rng(seed))
        assert poses["hazard_1"][:2] == (-1.0, 1.0)
        assert -1.5 < poses["goal_0"][0] < 0.0
        assert -2.0 < poses["goal_0"][1] < -1.0
    seeded = yard(("[layout]", "[layout]\nseed = 3"))
    assert draw_layout(seeded, np.random.default_rng(0)) == draw_layout(seeded, np.random.default_rng(1))
    some = yard(("count = 4", "count = [1, 4]"))
    near = {
        sum(
            abs(pose[0]) < 2.0
            for name, pose in draw_layout(some, np.random.default_rng(seed)).items()
            if "hazard" in name
        )
        for seed in range(40)
    }
    assert near == {1, 2, 3, 4}
    spread = yard(('kind = "goal"', 'kind = "goal"\nareas = [[-1.9, -1.9, -0.9, -0.9], [0.9, 0.9, 1.9, 1.9]]'))
    signs = [draw_layout(spread, np.random.default_rng(seed))["goal_0"][0] > 0.0 for seed in range(40)]
    assert 5 < sum(signs) < 35


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("count = 4", "count = -4", r"element\[1\].count: -4 is not within 0 and 200"),
        ("count = 4", "count = [3, 1]", "a range begins with its lower end|is not within"),
        ("count = 4", "cuont = 4", "unknown key 'element.*cuont'; did you mean 'count'"),
        ('"hazard"', '"hazzard"', r"element\[1\].kind: unknown kind of element 'hazzard'; did you mean 'hazard'"),
        ('kind = "goal"', 'kind = "vase"', "no element of the kind 'goal'"),
        ('name = "goal" }', 'name = "push" }', "no element of the kind 'box'"),
        ("area = [-2.0, -2.0", "area = [2.0, -2.0", "layout.area"),
        ("count = 4", "areas = [[1.0, 0.0, 0.0, 1.0]]", r"element\[1\].areas: 0, 1 is not above"),
        ("count = 4", "positions = [[0.0, 0.0], [0.1, 0.0]]", "hazard_1 is at 0.1, 0, which is too near hazard_0"),
        (
            'kind = "goal"\n[[element]]\nkind  = "hazard"\ncount = 4',
            'kind = "goal"\npositions = [[0.6, 0.0]]\n[[element]]\nkind = "wall"\npositions = [[1.0, 0.0]]',
            "wall_0 is at 1, 0, which is too near goal_0",
        ),
    ],
)
def test_a_wrong_file_is_refused_in_one_error(yard, old: str, new: str, said: str) -> None:
    with pytest.raises(InvalidInput, match=said) as error:
        yard((old, new))
    assert "yard.toml" in str(error.value)


def test_a_range_of_sizes_is_spread_over_the_things(yard) -> None:
    scene = yard(("count = 4", "count = 3\nsize = [0.1, 0.3]"))
    assert [element.size for element in scene.layout.elements] == pytest.approx([0.3, 0.1, 0.2, 0.3])
    assert len({prop.model for prop in scene.props[1:]}) == 3
    assert [element.size for element in yard(("count = 4", "size = [0.1, 0.3]")).layout.elements] == [0.3, 0.1]
    with pytest.raises(InvalidInput, match=r"element\[1\]\.size: 0\.1 is less than 0\.3"):
        yard(("count = 4", "size = [0.3, 0.1]"))


def test_what_does_not_fit_is_named(yard) -> None:
    scene = yard(("count = 4", "count = 60"))
    with pytest.raises(InvalidInput, match=r"yard.toml: layout: hazard_\d+ finds no place in .* of 40 layouts"):
        Simulation(scene).reset({0: 0})
