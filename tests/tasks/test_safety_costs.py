"""Staged moments in scenes of Safety Gym: every reward and cost is the number worked out by hand."""

import math
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
import pytest

from roboschool.mdp.layout import find_position
from roboschool.scenes.loader import load_scene
from roboschool.simulation.episode_start import layout_of
from roboschool.simulation.simulation import Simulation

STILL, AHEAD = (0.0, 0.0), (1.0, 0.0)


class Stage:
    """A scene with one robot, whose things are put where a test wants them."""

    def __init__(self, scene: str, **options: Any) -> None:
        self.simulation = Simulation(load_scene(scene, **options))
        self.simulation.reset({0: 0})
        self.group = self.simulation.groups[0]

    def set(self, **poses: tuple[float, ...]) -> None:
        """Begin with things where they are told, all others far away from each other."""
        names = list(layout_of(self.simulation.scene, self.simulation.worlds[0].log.start))
        layout = {name: (20.0 + 3.0 * place, 20.0, 0.0) for place, name in enumerate(names)}
        layout |= {name: (*pose, 0.0)[:3] for name, pose in poses.items()}
        self.simulation.reset({0: 0}, {"layout": layout})

    def step(self, action: tuple[float, ...] = STILL) -> dict[str, Any]:
        self.simulation.step([np.array(action)[None, None]])
        return self.simulation.info.of_agent(self.group, 0)

    def place(self, name: str) -> np.ndarray:
        return self.group.state.props.position[0, 0, self.simulation.scene.info.prop(name)]


@pytest.fixture
def stage() -> Iterator[Any]:
    made: list[Stage] = []

    def make(scene: str, **options: Any) -> Stage:
        made.append(Stage(scene, **options))
        return made[-1]

    yield make
    for each in made:
        each.simulation.close()


@pytest.mark.parametrize(
    ("away", "other", "raw"), [(0.19, 9.0, 0.01), (0.21, 9.0, 0.0), (0.0, 9.0, 0.2), (0.1, 0.15, 0.15)]
)
def test_hazards_cost_by_how_deep_the_robot_is_in_them(stage: Any, away: float, other: float, raw: float) -> None:
    here = stage("point_goal1")
    here.set(robot_0=(0.0, 0.0), hazard_0=(away, 0.0), hazard_1=(0.0, other))
    info = here.step()
    assert info["costs"] == {"hazards": pytest.approx(raw, abs=1e-9)}
    assert info["cost"] == (1.0 if raw else 0.0)


def test_costs_are_summed_if_they_are_not_only_indicated(stage: Any) -> None:
    here = stage("point_goal1", indicator=False)
    here.set(robot_0=(0.0, 0.0), hazard_0=(0.15, 0.0), hazard_1=(0.0, 0.12))
    assert here.step()["cost"] == pytest.approx(0.05 + 0.08)


def test_a_scene_without_costs_says_that_it_costs_nothing(stage: Any) -> None:
    info = stage("point_goal0").step()
    assert (info["cost"], info["costs"]) == (0.0, {})


def test_a_vase_costs_when_it_is_touched_and_while_it_moves(stage: Any) -> None:
    here = stage("point_goal2")
    here.set(robot_0=(0.0, 0.0), vase_0=(0.5, 0.0))
    infos = [here.step(AHEAD) for _ in range(60)]
    first = next(place for place, info in enumerate(infos) if info["cost"])
    assert here.place("vase_0")[0] > 0.55
    assert infos[first]["costs"]["vases_velocity"] > 0.1
    assert infos[first]["costs"]["vases_contact"] == 1.0  # though it has bounced away when the step ends
    assert infos[first]["cost"] == 1.0
    assert max(info["costs"]["vases_contact"] for info in infos) == 1.0
    rolling = [info for info in infos[first:] if not info["costs"]["vases_contact"] and info["costs"]["vases_velocity"]]
    assert rolling  # it also costs after the touch
    assert all(info["cost"] == 1.0 for info in rolling)


def test_vases_at_rest_cost_nothing(stage: Any) -> None:
    here = stage("point_goal2")
    assert sum(here.step((0.0, 1.0))["costs"]["vases_velocity"] for _ in range(200)) == 0.0


def test_a_free_vase_costs_nothing(stage: Any) -> None:
    here = stage("point_goal1")
    here.set(robot_0=(0.0, 0.0), vase_0=(0.3, 0.0))
    assert sum(here.step(AHEAD)["cost"] for _ in range(50)) == 0.0
    assert here.place("vase_0")[0] > 0.35


def test_a_pillar_costs_while_it_is_touched_and_does_not_move(stage: Any) -> None:
    here = stage("point_push2")
    here.set(robot_0=(0.0, 0.0), pillar_0=(0.6, 0.0))
    infos = [here.step(AHEAD) for _ in range(100)]
    assert infos[0]["costs"] == {"hazards": 0.0, "pillars": 0.0}
    assert infos[-1]["costs"] == {"hazards": 0.0, "pillars": 1.0}
    assert infos[-1]["cost"] == 1.0
    assert here.group.state.position[0, 0, 0] == pytest.approx(0.25, abs=0.02)  # nose and pillar: 0.15 + 0.2
    assert here.place("pillar_0") == pytest.approx([0.6, 0.0, 0.0])


def test_a_gremlin_goes_round_in_two_pi_seconds_and_costs_when_it_meets_a_robot(stage: Any) -> None:
    here = stage("point_button1")
    here.set(robot_0=(10.0, 0.0), gremlin_0=(0.0, 0.0, 0.3), gremlin_1=(5.0, 0.0, 2.0))
    start = here.place("gremlin_0").copy()
    assert start[:2] == pytest.approx([0.35 * math.cos(0.3), 0.35 * math.sin(0.3)], abs=1e-6)
    places = [here.place("gremlin_0").copy() for _ in range(314) if here.step()]
    assert np.hypot(*np.array(places)[:, :2].T) == pytest.approx(np.full(314, 0.35), abs=2e-3)
    assert np.array(places)[:, 2] == pytest.approx(np.full(314, 0.1), abs=0.005)
    assert places[156][:2] == pytest.approx(-start[:2], abs=0.01)
    assert places[-1] == pytest.approx(start, abs=0.01)
    here.set(robot_0=(0.35, 0.0), gremlin_0=(0.0, 0.0, 4.5))
    costs = [here.step()["costs"]["gremlins"] for _ in range(120)]
    assert costs[0] == 0.0
    assert max(costs) == 1.0


def test_a_goal_that_is_reached_pays_one_and_moves_away(stage: Any) -> None:
    here = stage("point_goal2")
    here.set(robot_0=(0.0, 0.0), goal_0=(0.31, 0.0))
    info = here.step()
    assert (info["reached"], info["progress"]) == (0.0, 0.0)
    infos = [info]
    while not infos[-1]["reached"]:
        assert here.place("goal_0") == pytest.approx([0.31, 0.0, 0.0])
        infos.append(here.step(AHEAD))
    x = here.group.state.position[0, 0, 0]
    assert sum(info["progress"] for info in infos) == pytest.approx(x, abs=1e-9)
    assert infos[-1]["reached"] == 1.0
    goal, robot = here.place("goal_0")[:2], here.group.state.position[0, 0, :2]
    assert np.hypot(*(goal - robot)) >= 0.4 + 0.305
    assert np.abs(goal).max() <= 2.0 - 0.305
    before = np.hypot(*(goal - robot))
    info = here.step(STILL)  # the way to the new goal counts from where it is
    after = np.hypot(*(goal - here.group.state.position[0, 0, :2]))
    assert info["progress"] == pytest.approx(before - after, abs=1e-9)
    assert not here.simulation.result().terminated[0].any()


def test_a_new_goal_is_clear_of_everything(stage: Any) -> None:
    here = stage("point_goal2")
    elements = here.simulation.scene.layout.elements
    for seed in range(20):
        here.simulation.reset({0: seed})
        goal = here.place("goal_0")
        layout = layout_of(here.simulation.scene, here.simulation.worlds[0].log.start)
        here.simulation.reset({0: seed}, {"layout": layout | {"robot_0": (*goal[:2], 0.0)}})
        assert here.step()["reached"] == 1.0
        point = here.place("goal_0")[:2]
        for element in elements[1:]:
            name = here.simulation.scene.props[element.prop].name
            assert np.hypot(*(here.place(name)[:2] - point)) >= element.keepout + 0.305 - 1e-9


def test_a_box_is_pushed_and_its_way_counts_in_three_dimensions(stage: Any) -> None:
    here = stage("point_push0")
    here.set(robot_0=(0.0, 0.0), box_0=(1.0, 0.0), goal_0=(2.0, 0.0))
    infos = [here.step(AHEAD) for _ in range(200)]
    box, robot = here.place("box_0"), here.group.state.position[0, 0]
    assert box[0] > 1.1
    far = math.dist((1.0, 0.0, 0.2), (0.0, 0.0, 0.1)) - math.dist(box, robot)
    assert sum(info["approach"] for info in infos) == pytest.approx(far, abs=2e-3)
    moved = math.hypot(1.0, 0.04) - math.dist(box, (2.0, 0.0, 0.16)) if not any(i["reached"] for i in infos) else None
    if moved is not None:
        assert sum(info["progress"] for info in infos) == pytest.approx(moved, abs=2e-3)


@pytest.mark.parametrize(("away", "reached"), [(0.29, 1.0), (0.2985, 0.0)])
def test_a_box_is_at_the_goal_by_its_distance_in_space(stage: Any, away: float, reached: float) -> None:
    here = stage("car_push0")
    here.set(robot_0=(0.0, 0.0), box_0=(2.0, 0.0), goal_0=(2.0 + away, 0.0))
    box = here.place("box_0").copy()
    height = box[2] - 0.16
    assert box[2] == pytest.approx(0.125, abs=1e-3)  # that of a car is smaller
    assert here.step()["reached"] == float(math.hypot(away, height) <= 0.3) == reached
    assert here.place("box_0") == pytest.approx(box, abs=1e-3)


def press(here: Stage, right: int) -> None:
    """Let the robot press on button 0."""
    here.set(robot_0=(0.0, 0.0), button_0=(0.25, 0.0))
    here.simulation.set_memory(0, button=right)


def test_a_wrong_button_costs_and_the_right_one_pays(stage: Any) -> None:
    here = stage("point_button1")
    press(here, right=3)
    infos = [here.step(AHEAD) for _ in range(10)]
    assert infos[-1]["costs"] == {"hazards": 0.0, "gremlins": 0.0, "buttons": 1.0}
    assert (infos[-1]["cost"], infos[-1]["reached"]) == (1.0, 0.0)
    press(here, right=0)
    infos = [here.step(AHEAD) for _ in range(10)]
    first = next(place for place, info in enumerate(infos) if info["reached"])
    assert sum(info["cost"] for info in infos[: first + 1]) == 0.0
    assert not here.simulation.result().terminated[0].any()


def test_for_ten_steps_no_button_is_seen_and_none_costs(stage: Any) -> None:
    here = stage("point_button1")
    press(here, right=0)
    while not here.step(AHEAD)["reached"]:
        pass
    names = [str(field) for field in here.group.observer.fields]
    buttons = [place for place, name in enumerate(names) if name.startswith("buttons near")]
    goal = [place for place, name in enumerate(names) if name.startswith("goal near")]
    here.simulation.set_memory(0, button=2)
    hidden, costs = [], []
    for _ in range(12):
        seen = here.group.observation[0, 0]
        hidden.append(not seen[buttons].any())
        costs.append(here.step(AHEAD)["costs"]["buttons"])
        here.simulation.set_memory(0, button=2)
    assert hidden == [True] * 10 + [False] * 2
    assert costs == [0.0] * 10 + [1.0] * 2
    here.set(robot_0=(0.0, 0.0), button_2=(1.0, 0.0))
    here.simulation.set_memory(0, button=2)
    assert here.group.observation[0, 0, goal][0] == pytest.approx(2.0 / 3.0)


def test_the_first_button_is_any_of_the_four(stage: Any) -> None:
    here, drawn = stage("point_button0"), set()
    for seed in range(40):
        here.simulation.reset({0: seed})
        drawn.add(here.group.state.memory.button.item())
    assert drawn == {0.0, 1.0, 2.0, 3.0}


def test_the_clearest_spot_is_taken_if_none_is_clear() -> None:
    others = [(0.0, 0.0, 1.0), (1.0, 0.0, 1.0)]
    point, gap = find_position(np.random.default_rng(0), ((-0.5, -0.5, 0.5, 0.5),), 0.1, others, 500)
    assert gap < 0.0
    assert abs(point[0]) > 0.3
    assert abs(point[1]) > 0.3


def test_layouts_of_a_mapping_type_are_taken(stage: Any) -> None:
    here = stage("point_goal0")
    layout: Mapping[str, Any] = {"robot_0": [0.5, 0.25, 1.0], "goal_0": np.array([-0.5, 0.0, 0.0])}
    here.simulation.reset({0: 1}, {"layout": layout})
    assert here.group.state.position[0, 0] == pytest.approx([0.5, 0.25, 0.1], abs=1e-6)
