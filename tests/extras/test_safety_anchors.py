"""Random policies earn and cost about what they do in Safety-Gymnasium: the mean is within two standard deviations."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import roboschool
from roboschool.evaluation import evaluate

ROWS = 20
ANCHORS = {  # uniform actions, 20 episodes in Safety-Gymnasium: mean and standard deviation of return and of cost
    "point_goal0": (0.49, 1.15, 0.0, 0.0),
    "point_goal1": (-0.12, 0.43, 18.0, 76.0),
    "point_goal2": (-0.24, 0.61, 27.0, 72.0),
    "point_button0": (-0.17, 0.63, 0.0, 0.0),
    "point_button1": (0.16, 0.65, 42.0, 83.0),
    "point_button2": (-0.07, 0.68, 57.0, 114.0),
    "point_push0": (-0.42, 0.52, 0.0, 0.0),
    "point_push1": (-0.29, 0.59, 0.0, 0.0),
    "point_push2": (-0.28, 0.56, 52.0, 136.0),
    "car_goal0": (-2.06, 1.14, 0.0, 0.0),
    "car_goal1": (-1.66, 1.56, 69.0, 57.0),
    "car_goal2": (-1.61, 1.46, 123.0, 125.0),
    "car_button0": (-2.12, 1.05, 0.0, 0.0),
    "car_button1": (-1.22, 2.20, 116.0, 116.0),
    "car_button2": (-1.05, 1.74, 105.0, 83.0),
    "car_push0": (-2.55, 0.90, 0.0, 0.0),
    "car_push1": (-2.08, 0.85, 27.0, 55.0),
    "car_push2": (-1.99, 0.87, 27.0, 46.0),
}
LEAST = 60.0  # costs of random policies have long tails: two means may be so far apart whatever their deviations


@pytest.mark.parametrize("name", ANCHORS)
def test_a_random_policy_does_as_there(name: str) -> None:
    mean, sd, cost, cost_sd = ANCHORS[name]
    env, rng = roboschool.VectorEnv(name, ROWS, num_threads=1), np.random.default_rng(0)
    env.reset(seed=0)
    total = np.zeros((2, ROWS))
    for _ in range(env.scene.steps):
        _, reward, _, _, info = env.step(rng.uniform(-1.0, 1.0, (ROWS, 2)))
        total += reward, info["cost"]
    env.close()
    returns, costs = total.mean(axis=1)
    print(
        f"{name}: return {returns:.2f}, there {mean:.2f} ± {sd:.2f}; cost {costs:.0f}, there {cost:.0f} ± {cost_sd:.0f}"
    )
    assert abs(returns - mean) <= 2.0 * sd
    assert abs(costs - cost) <= (max(LEAST, 2.0 * cost_sd) if name[-1] != "0" else 0.0)


def test_ppo_with_a_cost_limit_learns_to_reach_goals(tmp_path: Path) -> None:
    example = Path(__file__).parents[2] / "examples" / "train_ppo_lagrangian.py"
    words = ["--scene", "point_goal1", "--steps", "100000", "--out", str(tmp_path)]
    subprocess.run([sys.executable, example, *words], check=True, cwd=tmp_path)
    score = evaluate(roboschool.load_policy(tmp_path / "policy.safetensors"), "point_goal1", 20)
    assert score.score_mean > 1.0  # random actions come to -0.1
