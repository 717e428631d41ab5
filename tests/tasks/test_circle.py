"""Driving round a circle, by the formula of Safety Gym."""

import numpy as np
import pytest

from roboschool.mdp.layout import Placing
from roboschool.mdp.scene_info import SceneInfo
from roboschool.mdp.state import State
from roboschool.robots.robot import load_robot
from roboschool.tasks.circle import Circle


def value(terms, name: str, state: State) -> float:
    (term,) = [term for term in terms if term.name == name]
    return term.weight * float(term.of(state, np.zeros((1, 1, 2)), state, 0.02)[0, 0])


@pytest.mark.parametrize(
    ("position", "velocity", "reward"),
    [
        ((1.5, 0.0), (0.0, 2.0), 0.2),  # on the circle, counter-clockwise
        ((1.5, 0.0), (0.0, -2.0), -0.2),
        ((1.5, 0.0), (2.0, 0.0), 0.0),
        ((0.0, 1.0), (-1.0, 0.0), 0.1 / 1.5),  # half a metre inside
        ((0.0, -3.5), (1.0, 0.0), 0.1 / 3.0),
        ((0.0, 0.0), (1.0, 1.0), 0.0),
    ],
)
def test_speed_round_the_middle_is_rewarded(position, velocity, reward: float) -> None:
    state = State.blank(1, 1)
    state.world_x_direction[..., 1] = 1.0
    state.position[..., :2], state.velocity[..., :2] = position, velocity
    task = Circle(load_robot("point"))
    assert value(task.rewards(SceneInfo()), "round", state) == pytest.approx(reward)


@pytest.mark.parametrize(("x", "y", "cost"), [(1.12, 5.0, 0.0), (1.13, 0.0, 1.0), (-1.13, 0.0, 1.0)])
def test_it_costs_to_be_beyond_a_line(x: float, y: float, cost: float) -> None:
    state = State.blank(1, 1)
    state.position[..., :2] = x, y
    assert value(Circle(load_robot("point"), across=1.125).costs(SceneInfo()), "out_of_boundary", state) == cost
    both = Circle(load_robot("point"), across=1.125, along=2.0).costs(SceneInfo())
    assert value(both, "out_of_boundary", state) == float(cost or y > 2.0)
    assert Circle(load_robot("point"), placing=Placing()).costs(SceneInfo()) == []
