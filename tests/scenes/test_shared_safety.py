"""Several robots in one world with costs: each has its own goal, its own costs, and its share of the blame."""

import re
import textwrap
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import roboschool
from roboschool.errors import InvalidInput
from roboschool.mdp.costs import robot_cost
from roboschool.mdp.state import State
from roboschool.scenes.loader import load_scene
from roboschool.simulation.episode_start import layout_of
from roboschool.simulation.simulation import Simulation

HEAD = """summary = "Robots in a yard."
timestep = 0.02
substeps = 8
iterations = 10
indicator = true
[layout]
area = [-4.0, -4.0, 4.0, 4.0]
[[element]]
kind = "goal"
count = {count}
[[element]]
kind = "vase"
costs = true
"""
AGENT = '[[agent]]\nname = "robot_{n}"\nrobot = "{robot}"\nnoise = 0.0\ntask = {{ name = "goal", number = {n} }}\n'


@pytest.fixture
def yard(tmp_path: Path) -> Any:
    """Write a scene of these robots."""

    def make(*robots: str, edit: tuple[str, str] = ("", "")) -> Path:
        text = HEAD.format(count=len(robots)) + "".join(AGENT.format(n=n, robot=r) for n, r in enumerate(robots))
        path = tmp_path / "yard.toml"
        path.write_text(text.replace(*edit))
        return path

    return make


@pytest.fixture
def world(yard: Any) -> Iterator[Any]:
    made: list[Simulation] = []

    def make(*robots: str, **poses: tuple[float, float, float]) -> Simulation:
        simulation = Simulation(load_scene(yard(*robots)))
        made.append(simulation)
        simulation.reset({0: 0})
        names = list(layout_of(simulation.scene, simulation.worlds[0].log.start))
        layout = {name: (20.0 + 3.0 * place, 20.0, 0.0) for place, name in enumerate(names)} | poses
        simulation.reset({0: 0}, {"layout": layout})
        return simulation

    yield make
    for simulation in made:
        simulation.close()


def step(simulation: Simulation, *actions: tuple[float, float]) -> list[dict[str, Any]]:
    """Act for all agents, each of a group of its own; return their infos."""
    simulation.step([np.array(action)[None, None] for action in actions])
    return [simulation.info.of_agent(group, place) for group, place in simulation.seats]


def run_into(simulation: Simulation, *actions: tuple[float, float]) -> list[dict[str, Any]]:
    """Act until robots press on each other; return the infos of that step."""
    for _ in range(200):
        infos = step(simulation, *actions)
        if any(info["costs"]["robots"] for info in infos):
            return infos
    raise AssertionError("they never touched")


def test_who_runs_into_one_that_stands_has_all_the_blame(world: Any) -> None:
    simulation = world("point", "car", robot_0=(0.0, 0.0, 0.0), robot_1=(1.0, 0.0, 0.0))
    one, other = run_into(simulation, (1.0, 0.0), (0.0, 0.0))
    assert one["costs"] == {"vases_contact": 0.0, "vases_velocity": 0.0, "robots": pytest.approx(1.0, abs=0.02)}
    assert other["costs"]["robots"] == pytest.approx(0.0, abs=0.02)
    assert one["cost"] == 1.0


def test_two_that_meet_share_the_blame_by_their_speeds(world: Any) -> None:
    face = {"robot_0": (0.0, 0.0, 0.0), "robot_1": (2.0, 0.0, np.pi)}
    one, other = run_into(world("point", "point", **face), (1.0, 0.0), (1.0, 0.0))
    assert (one["costs"]["robots"], other["costs"]["robots"]) == pytest.approx((0.5, 0.5), abs=0.01)
    assert (one["cost"], other["cost"]) == (1.0, 1.0)


@pytest.mark.parametrize(
    ("own", "closing", "blame"),
    [
        (0.6, 0.9, 2.0 / 3.0),
        (0.3, 0.9, 1.0 / 3.0),
        (0.6, 0.3, 1.0),  # the other flees, and it is followed
        (0.0, 0.0, 0.5),
        (-0.2, 0.4, 0.0),
    ],
)
def test_blame_is_the_share_of_the_closing_speed(own: float, closing: float, blame: float) -> None:
    before, after = (State.blank(1, 1, others=2, touched=3) for _ in range(2))
    contacts = after.contacts
    contacts.own_speed[0, 0, 0], contacts.closing_speed[0, 0, 0] = own, closing
    term = robot_cost(3)
    assert term.of(before, np.zeros((1, 1, 2)), after, 0.02).item() == 0.0
    contacts.pressing[0, 0, 0] = 0.125  # in one of eight substeps
    assert term.of(before, np.zeros((1, 1, 2)), after, 0.02).item() == pytest.approx(blame)
    contacts.pressing[0, 0, 2] = 1.0  # the ground
    assert term.of(before, np.zeros((1, 1, 2)), after, 0.02).item() == pytest.approx(blame)


def test_who_flees_has_no_blame(world: Any) -> None:
    simulation = world("point", "point", robot_0=(0.0, 0.0, 0.0), robot_1=(0.6, 0.0, 0.0))
    one, other = run_into(simulation, (1.0, 0.0), (0.01, 0.0))
    assert (one["costs"]["robots"], other["costs"]["robots"]) == (1.0, 0.0)


def test_each_vase_costs_the_one_that_touches_it(world: Any) -> None:
    simulation = world("point", "point", robot_0=(0.0, 0.0, 0.0), robot_1=(3.0, 3.0, 0.0), vase_0=(0.5, 0.0, 0.0))
    touched = np.zeros(2)
    for _ in range(60):
        touched += [info["costs"]["vases_contact"] for info in step(simulation, (1.0, 0.0), (0.0, 1.0))]
    assert touched[0] > 0.0
    assert touched[1] == 0.0


def test_each_has_its_own_goal_and_sees_the_other(world: Any) -> None:
    places = {"robot_0": (0.0, 0.0, 0.0), "robot_1": (1.5, 0.0, 0.0)}
    simulation = world("point", "point", **places, goal_0=(0.0, 3.5, 0.0), goal_1=(1.5, 0.2, 0.0))
    names = [str(field) for field in simulation.groups[0].observer.fields]
    assert names[3].startswith("robots near")  # agents_lidar, after the accelerometer
    assert simulation.groups[0].observation[0, 0, 3] == pytest.approx(0.5)  # half of 3 m ahead
    assert simulation.groups[1].observation[0, 0, 10] == pytest.approx(0.5, abs=1e-6)  # or behind
    one, other = step(simulation, (0.0, 0.0), (0.0, 0.0))
    assert (one["reached"], other["reached"]) == (0.0, 1.0)
    goals = simulation.groups[0].state.props.position[0, 0, :2, :2]
    assert goals[0].tolist() == [0.0, 3.5]
    for robot in ((0.0, 0.0), (1.5, 0.0)):
        assert np.hypot(*(goals[1] - robot)) >= 0.8


@pytest.mark.parametrize("count", [2, 4, 8])
def test_worlds_of_mixed_robots_are_exact(yard: Any, count: int) -> None:
    path, hashes = yard(*("point", "car", "doggo", "point")[: min(count, 4)] * (count // min(count, 4))), set()
    for backend in ("native", "python"):
        simulation = Simulation(load_scene(path), backend=backend)
        for _ in range(2):
            simulation.reset({0: 7})
            rng, rows = np.random.default_rng(0), []
            for _ in range(10):
                result = simulation.step([rng.uniform(-1.0, 1.0, group.shape) for group in simulation.groups])
                rows += [array.tobytes() for part in result[:3] for array in part]
            hashes.add(b"".join(rows))
        simulation.close()
    assert len(hashes) == 1


def test_costs_are_each_agents_own_in_a_parallel_env() -> None:
    env = roboschool.ParallelEnv("two_goals")
    observations, _ = env.reset(seed=0)
    assert [len(observations[name]) for name in env.agents] == [60 + 16, 72 + 16]
    *_, infos = env.step({name: np.zeros(2) for name in env.agents})
    assert all(
        set(info["costs"]) == {"hazards", "vases_contact", "vases_velocity", "robots"} for info in infos.values()
    )
    env.close()


def test_two_that_would_move_one_goal_are_refused(yard: Any) -> None:
    with pytest.raises(InvalidInput, match="agent 'robot_0' and agent 'robot_1' launch 'goal_0'"):
        load_scene(yard("point", "point", edit=("number = 1", "number = 0")))
    with pytest.raises(InvalidInput, match=r"agent 'robot_1': task: number: 9, but there are 2 goals"):
        load_scene(yard("point", "point", edit=("number = 1", "number = 9")))


@pytest.mark.parametrize(("title", "agents", "size"), [("A car between", 1, 24 + 32), ("Two cars", 2, 24 + 48)])
def test_the_page_works_as_typed(title: str, agents: int, size: int, tmp_path: Path) -> None:
    page = (Path(__file__).parents[2] / "docs" / "safety.md").read_text()
    blocks = re.findall(r"(?:^    .*\n|^\n)+", page, re.M)
    (text,) = [textwrap.dedent(block) for block in blocks if f'"{title}' in block]
    assert text.strip().count("\n") < 22
    (tmp_path / "mine.toml").write_text(text)
    env = roboschool.ParallelEnv(str(tmp_path / "mine.toml"))
    observations, _ = env.reset(seed=0)
    assert [len(observation) for observation in observations.values()] == [size] * agents
    *_, infos = env.step({name: np.ones(2) for name in env.agents})
    assert all(info["cost"] in (0.0, 1.0) for info in infos.values())
    env.close()
