"""The task `stand`: what it observes and rewards."""

import math
from contextlib import closing
from typing import Any

import numpy as np
import pytest
from task_values import observe, positions_of, speeds_of, upright_state, weighted_terms

import roboschool
from roboschool.robots.robot import load_robot
from roboschool.scenes.scene import Scene
from roboschool.tasks.stand import Stand
from roboschool.testing import check_task

ACTION = np.full((1, 1, 8), 0.5)
HEIGHT = load_robot("ant").standing_height


def parts(**parameters: Any) -> tuple[Scene, Stand]:
    """The ant's scene, and its task with other parameters."""
    return roboschool.load_scene("ant_stand"), Stand(load_robot("ant"), **parameters)


def test_it_keeps_to_the_contract() -> None:
    check_task(Stand, scene="ant_stand", slack=0.3)


@pytest.mark.parametrize("name", ["humanoid", "dog", "arm", "rover"])
def test_it_suits_any_robot(name: str) -> None:
    with closing(roboschool.AgentEnv(roboschool.load_scene("ant_stand", robot=name))) as env:
        env.reset(seed=0)
        observation, reward, *_ = env.step(env.action_space.sample())
    assert np.isfinite([*observation, reward]).all()


def test_who_stands_still_in_the_rest_pose_has_all_there_is() -> None:
    scene, task = parts()
    state = upright_state(scene, task)
    state.q[:] = task.robot.motors.rest
    terms = weighted_terms(scene, task, state, np.zeros((1, 1, 8)), state)
    assert {name: float(value[0, 0]) for name, value in terms.items()} == pytest.approx(
        {"alive": 1.0, "height": 1.0, "still": 1.0, "pose": 0.0, "effort": 0.0}
    )


def test_terms() -> None:
    scene, task = parts(slack=0.5, alive=2.0)
    state = upright_state(scene, task)
    state.q[:] = task.robot.motors.rest + np.array([0.2, *[0.0] * 7]) * (
        positions_of(task.robot, 1.0) - positions_of(task.robot, 0.0)
    )
    state.position[..., 2] = 1.5 * HEIGHT  # a slack too high
    state.velocity[..., :] = 0.3, 0.0, 0.4  # 0.5 m/s
    state.angular_velocity[..., :] = 0.0, 2.0, 0.0
    terms = weighted_terms(scene, task, upright_state(scene, task), ACTION, state)
    assert terms["alive"] == 2.0
    assert terms["height"] == pytest.approx(math.exp(-1.0))
    assert terms["still"] == pytest.approx(math.exp(-4.0 * (0.25 + 0.25 * 4.0)))
    assert terms["pose"] == pytest.approx(-0.04 / 8)  # one of eight joints, by a fifth of half its range
    assert terms["effort"] == pytest.approx(-0.1 * 0.25)


def test_who_lies_is_not_rewarded_for_standing_and_ends() -> None:
    scene, task = parts()
    state = upright_state(scene, task)
    state.upright[:] = 0.0
    assert weighted_terms(scene, task, state, ACTION, state)["alive"] == 0.0
    assert task.terminated(state).all()
    assert not task.terminated(upright_state(scene, task)).any()
    assert task.termination == task.robot.fallen != ""


def test_observation() -> None:
    scene, task = parts()
    state = upright_state(scene, task)
    state.position[..., 2] = HEIGHT + 0.1
    state.velocity[..., :] = 1.0, 2.0, 3.0
    state.angular_velocity[..., :] = 0.1, 0.2, 0.3
    state.roll_pitch[..., :] = 0.4, 0.5
    state.q[:], state.qd[:] = positions_of(task.robot, 0.25), speeds_of(task.robot, -0.5)
    state.foot_contacts[..., :] = 1.0, 0.0, 0.0, 1.0
    joints = [0.25, -0.5] * 8  # position and speed of each
    trunk = [0.1, 0.3, 0.6, 0.9, 0.1, 0.2, 0.3, 0.4, 0.5]  # height, 0.3 x velocity, rates, roll and pitch
    assert observe(scene, task, state)[0, 0] == pytest.approx([*trunk, *joints, 1.0, 0.0, 0.0, 1.0], abs=1e-6)
