"""The task `drive`: what it observes and rewards, and how goals appear and move."""

import dataclasses
import math
from contextlib import closing
from typing import Any

import numpy as np
import pytest
from task_values import DT, observe, upright_state, weighted_terms

import roboschool
from roboschool.mdp.effects import Placement
from roboschool.robots.robot import load_robot
from roboschool.scenes.scene import Scene
from roboschool.tasks.drive import Drive
from roboschool.testing import check_task

ACTION = np.array([[[0.5, -0.5, 1.0, 0.0]]])


def parts(**parameters: Any) -> tuple[Scene, Drive]:
    """The rover's scene, and its task with other parameters."""
    return roboschool.load_scene("rover_drive"), Drive(load_robot("rover"), **parameters)


def generators() -> list[np.random.Generator]:
    return [np.random.default_rng(3)]


def test_it_keeps_to_the_contract() -> None:
    check_task(Drive, scene="rover_drive", reach=1.0, pace=0.02)


@pytest.mark.parametrize("name", ["ant", "humanoid", "dog"])
def test_it_suits_robots_with_legs(name: str) -> None:
    with closing(roboschool.AgentEnv(roboschool.load_scene("rover_drive", robot=name))) as env:
        env.reset(seed=0)
        observation, reward, *_ = env.step(env.action_space.sample())
    assert np.isfinite([*observation, reward]).all()


def test_terms() -> None:
    scene, task = parts()
    previous, state = upright_state(scene, task), upright_state(scene, task)
    previous.memory.goal[..., :] = 3.0, 4.0
    state.memory.goal[..., :] = -9.0, 9.0  # of what follows; the step is judged by the goal that it was made for
    state.position[..., :2] = 3.0, 0.0  # 5 m away before, 4 m now
    terms = {name: float(value[0, 0]) for name, value in weighted_terms(scene, task, previous, ACTION, state).items()}
    assert terms == pytest.approx({"progress": 1.0 / DT, "reached": 0.0, "effort": -0.05 * 1.5 / 4, "fall": 0.0})
    state.position[..., :2] = 3.0, 3.7
    state.upright[:] = 0.0
    terms = {name: float(value[0, 0]) for name, value in weighted_terms(scene, task, previous, ACTION, state).items()}
    assert (terms["reached"], terms["fall"]) == (10.0, -10.0)
    assert task.terminated(state).all()
    assert not task.terminated(previous).any()


def test_the_goal_is_observed_from_the_robot() -> None:
    scene, task = parts()
    state = upright_state(scene, task)
    state.position[..., :2] = 1.0, 1.0
    state.world_x_direction[..., :] = -1.0, 0.0  # it heads along +y
    state.memory.goal[..., :] = 2.0, 4.0
    assert observe(scene, task, state)[0, 0, :3] == pytest.approx([3.0, -1.0, 0.2 * math.sqrt(10.0)])
    state.memory.goal[..., :] = 1.0, 11.0  # twice as far as it sees
    assert observe(scene, task, state)[0, 0, :3] == pytest.approx([5.0, 0.0, 2.0], abs=1e-6)


def test_goals_appear_at_their_distance_and_move_at_their_pace() -> None:
    scene, task = parts(near=1.0, far=3.0, pace=0.25)
    memory, rng = upright_state(scene, task).memory.at((0, 0)), np.random.default_rng(0)
    for _ in range(100):
        placement = Placement((5.0, -2.0), 1.0, ())
        assert task.reset(placement, memory, rng) is placement
        assert 1.0 <= math.dist(memory.goal, (5.0, -2.0)) <= 3.0
        assert np.hypot(*memory.pace) == pytest.approx(0.25)


def test_a_goal_moves_and_another_one_appears_where_it_has_been_reached() -> None:
    scene, task = parts()
    state = upright_state(scene, task)
    state.memory.goal[..., :], state.memory.pace[..., :] = (1.0, 2.0), (0.5, -0.25)
    moved = task.update(state, state, np.ones((1, 1), bool), generators()).memory
    assert moved.goal[0, 0].tolist() == [1.5, 1.75]
    assert moved.pace[0, 0].tolist() == [0.5, -0.25]
    state.memory.goal[..., :] = 0.3, 0.0  # within 0.4 m
    new = task.update(state, state, np.ones((1, 1), bool), generators()).memory
    assert 2.0 <= np.hypot(*new.goal[0, 0]) <= 5.0
    resting = generators()
    task.update(state, state, np.zeros((1, 1), bool), resting)
    assert resting[0].random() == generators()[0].random()  # nothing is drawn for who does not take part


@pytest.mark.parametrize("name", ["arm", "hopper"])
def test_it_is_for_robots_that_move_on_the_ground(name: str) -> None:
    with pytest.raises(roboschool.InvalidInput, match=f"moves on the ground, not for '{name}'"):
        Drive(load_robot(name))


def test_distances_are_in_order() -> None:
    with pytest.raises(roboschool.InvalidInput, match="near: 4 is above far, 3"):
        parts(near=4.0, far=3.0)


def test_a_marker_shows_the_goal() -> None:
    scene, task = parts()
    state = upright_state(scene, task)
    state.memory.goal[..., :] = 1.0, 2.0
    (marker,) = task.markers(state, 0, 0)
    assert dataclasses.astuple(marker)[0] == (1.0, 2.0, 0.15)
