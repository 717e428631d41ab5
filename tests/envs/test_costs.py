"""What other libraries want of costs: six results of a step, and budgets."""

from pathlib import Path
from typing import Any

import gymnasium
import numpy as np
import pytest
from pettingzoo.test import parallel_api_test

import roboschool
from roboschool.envs.costs import Budget, Budgets, SixResults
from roboschool.envs.flat_infos import FlatInfos
from roboschool.envs.sb3 import SB3VecEnv
from roboschool.errors import InvalidInput


class Priced(gymnasium.Env[np.ndarray, np.ndarray]):
    """An env whose steps cost what they are told."""

    observation_space = gymnasium.spaces.Box(-1.0, 1.0, (2,), np.float32)
    action_space = gymnasium.spaces.Box(0.0, 9.0, (1,), np.float32)

    def reset(self, *, seed: int | None = None, options: Any = None) -> tuple[np.ndarray, dict[str, Any]]:
        return np.zeros(2, np.float32), {}

    def step(self, action: np.ndarray) -> tuple[np.ndarray, float, bool, bool, dict[str, Any]]:
        return np.zeros(2, np.float32), 2.0, False, False, {"cost": float(action[0])}


def test_a_step_of_six_results_has_the_cost_after_the_reward() -> None:
    _, reward, cost, terminated, truncated, info = SixResults(Priced()).step(np.array([3.0]))
    assert (reward, cost, terminated, truncated, info["cost"]) == (2.0, 3.0, False, False, 3.0)
    env = SixResults(roboschool.VectorEnv("point_goal2", 2))
    env.reset(seed=0)
    assert env.step(np.zeros((2, 2)))[2].tolist() == [0.0, 0.0]
    assert env.num_envs == 2
    env.close()


def test_costs_of_several_agents_are_by_name() -> None:
    env = SixResults(roboschool.ParallelEnv("two_goals"))
    env.reset(seed=0)
    assert env.step({"point_0": np.zeros(2), "car_0": np.zeros(2)})[2] == {"point_0": 0.0, "car_0": 0.0}
    env.close()


def test_a_budget_is_observed_and_told() -> None:
    env = Budget(Priced(), limit=4.0)
    observation, info = env.reset()
    assert (observation.tolist(), info) == ([0.0, 0.0, 1.0], {"budget": 4.0})
    seen = [env.step(np.array([cost], np.float32)) for cost in (1.0, 4.0, 9.0)]
    assert [step[0][-1] for step in seen] == [0.75, -0.25, -1.0]
    assert [step[4]["budget"] for step in seen] == [3.0, -1.0, -10.0]
    assert env.reset()[0][-1] == 1.0
    driven = Budget(gymnasium.make("roboschool/PointGoal1-v1"))
    assert driven.observation_space.contains(driven.reset(seed=0)[0])
    assert driven.observation_space.contains(driven.step(np.ones(2))[0])
    driven.close()


def test_each_agent_has_its_own_budget() -> None:
    env = Budgets(roboschool.ParallelEnv("two_goals", seconds=0.2), {"point_0": 10.0, "car_0": 2.0})
    observations, infos = env.reset(seed=0)
    assert {agent: info["budget"] for agent, info in infos.items()} == {"point_0": 10.0, "car_0": 2.0}
    assert all(env.observation_space(agent).contains(own) for agent, own in observations.items())
    parallel_api_test(env, num_cycles=15)
    env.close()


@pytest.mark.parametrize("limit", [0.0, -1.0, float("nan"), float("inf"), "25", True])
def test_limits_that_are_none_are_refused(limit: Any) -> None:
    with pytest.raises(InvalidInput, match=r"limit: .* is not a number above 0"):
        Budget(Priced(), limit)


def test_limits_are_of_the_agents() -> None:
    env = roboschool.ParallelEnv("two_goals")
    with pytest.raises(InvalidInput, match="limits: they are of point_0, not of point_0, car_0"):
        Budgets(env, {"point_0": 1.0})
    with pytest.raises(InvalidInput, match=r"limits: car_0: 0\.0 is not a number above 0"):
        Budgets(env, {"point_0": 1.0, "car_0": 0.0})
    env.close()


@pytest.mark.parametrize(("robot", "size"), [("ant", 88), ("dog", 100)])
def test_any_robot_does_what_those_of_safety_gym_do(robot: str, size: int) -> None:
    env = gymnasium.make("roboschool/Goal1-v1", robot=robot)
    assert env.reset(seed=0)[0].shape == (size,)
    assert set(env.step(env.action_space.sample())[4]["costs"]) == {"hazards"}
    env.close()


YARD = """summary = "A point drives into another, in a hazard."
timestep = 0.02
substeps = 4
indicator = true
agent = [
    { name = "point_0", robot = "point", noise = 0.0, task = { name = "goal" } },
    { name = "point_1", robot = "point", noise = 0.0, task = { name = "goal", number = 1 } },
]
element = [
    { kind = "goal", count = 2 },
    { kind = "hazard", costs = true },
    { kind = "vase", costs = true },
]
"""
LAYOUT = {
    "point_0": (0.0, 0.0, 0.0),
    "point_1": (0.5, 0.0, 0.0),
    "hazard_0": (0.3, 0.1, 0.0),
    "goal_0": (1.0, 1.5, 0.0),
    "goal_1": (-1.0, 1.5, 0.0),
    "vase_0": (0.0, -1.5, 0.0),
}
FORWARD = np.array([1.0, 0.0], np.float32)


def costs_in(info: dict[str, Any], row: int) -> dict[str, float]:
    """Return the costs of a row, and their sum, in the info of a vector env."""
    named = {name: float(value[row]) for name, value in info["costs"].items() if not name.startswith("_")}
    return named | {"cost": float(info["cost"][row])}


def test_staged_costs_are_the_same_numbers_in_every_env(tmp_path: Path) -> None:
    """A point drives into one that stands: the driver has all the blame, and each its own way into the hazard."""
    path, options = tmp_path / "yard.toml", {"layout": LAYOUT}
    path.write_text(YARD)
    together = roboschool.ParallelEnv(str(path))
    together.reset(seed=0, options=options)
    for number in range(1, 100):
        *_, infos = together.step({"point_0": FORWARD, "point_1": np.zeros(2)})
        if infos["point_0"]["costs"]["robots"]:
            steps = number
            break
    driver, other = infos["point_0"], infos["point_1"]
    for info, blame in ((driver, 1.0), (other, 0.0)):
        inside = max(0.0, 0.2 - float(np.hypot(info["distance"] - 0.3, 0.1)))
        expected = {"hazards": inside, "vases_contact": 0.0, "vases_velocity": 0.0, "robots": blame}
        assert info["costs"] == pytest.approx(expected, abs=1e-3)
        assert info["cost"] == float(sum(expected.values()) > 0.0)
    assert driver["costs"]["hazards"] > 0.05

    told = driver["costs"] | {"cost": driver["cost"]}
    single = roboschool.AgentEnv(str(path))
    single.reset(seed=0, options=options)
    for _ in range(steps):
        *_, info = single.step(FORWARD)
    assert info["costs"] | {"cost": info["cost"]} == told
    for workers, mode in ((0, "NextStep"), (0, "SameStep"), (1, "SameStep")):
        many = roboschool.VectorEnv(str(path), 2, workers, autoreset_mode=mode, max_episode_steps=steps)
        many.reset(seed=0, options=options)
        for _ in range(steps):
            *_, info = many.step(np.stack([FORWARD, -FORWARD]))
        last = info["final_info"] if mode == "SameStep" else info
        assert costs_in(last, 0) == told
        assert costs_in(last, 1)["robots"] == 0.0
        many.close()
    rows = SB3VecEnv(str(path), 2, 1, max_episode_steps=steps)
    rows.seed(0)
    rows.set_options(options)
    rows.reset()
    for _ in range(steps):
        *_, infos_of_rows = rows.step(np.stack([FORWARD, -FORWARD]))
    assert infos_of_rows[0]["costs"] | {"cost": infos_of_rows[0]["cost"]} == told
    for env in (together, single, rows):
        env.close()


def test_flat_infos_have_no_tables() -> None:
    plain, flat = (roboschool.ParallelEnv("two_goals", seconds=0.2) for _ in range(2))
    env = FlatInfos(flat)
    _, infos = plain.reset(seed=0)
    _, found = env.reset(seed=0)
    assert {key: value for key, value in infos["car_0"].items() if key != "costs"} | {
        f"costs/{name}": value for name, value in infos["car_0"]["costs"].items()
    } == found["car_0"]
    actions = {agent: np.zeros(2) for agent in plain.agents}
    *_, infos = plain.step(actions)
    *_, found = env.step(actions)
    assert not any(isinstance(value, dict) for value in found["point_0"].values())
    assert found["point_0"]["costs/hazards"] == infos["point_0"]["costs"]["hazards"]
    env.close()
    plain.close()
