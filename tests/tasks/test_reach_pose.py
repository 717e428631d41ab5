"""The task `reach_pose`: what it observes and rewards, and which poses it draws."""

import math
from contextlib import closing
from typing import Any

import numpy as np
import pytest
from task_values import observe, speeds_of, upright_state, weighted_terms

import roboschool
from roboschool.mdp.effects import Placement
from roboschool.mdp.state import State
from roboschool.robots.kinematics import find_pose, rotation_matrix
from roboschool.robots.robot import load_robot
from roboschool.scenes.scene import Scene
from roboschool.tasks.reach_pose import ReachPose
from roboschool.testing import check_task

IDLE = np.zeros((1, 1, 7))


def parts(**parameters: Any) -> tuple[Scene, ReachPose]:
    """The arm's scene, and its task with other parameters."""
    return roboschool.load_scene("arm_reach_pose"), ReachPose(load_robot("arm"), **parameters)


def at_goal(scene: Scene, task: ReachPose, turned: tuple[float, float, float] = (0.0, 0.0, 0.0)) -> State:
    """A state whose goal is where the gripper is, which is turned [rad]."""
    state = upright_state(scene, task)
    roll, pitch, yaw = turned
    state.roll_pitch[..., :] = roll, pitch
    state.world_x_direction[..., :] = -math.sin(yaw), math.cos(yaw)
    state.memory.position[:] = state.position
    state.memory.axes[:] = rotation_matrix(roll, pitch, yaw)
    return state


def values(scene: Scene, task: ReachPose, state: State) -> dict[str, float]:
    return {name: float(value[0, 0]) for name, value in weighted_terms(scene, task, state, IDLE, state).items()}


def test_it_keeps_to_the_contract() -> None:
    check_task(ReachPose, scene="arm_reach_pose", spread=0.3)


@pytest.mark.parametrize("turned", [(0.0, 0.0, 0.0), (0.4, -0.9, 2.0)])
def test_who_is_there_and_still_has_all_there_is(turned: tuple[float, float, float]) -> None:
    scene, task = parts()
    state = at_goal(scene, task, turned)
    assert values(scene, task, state) == pytest.approx(
        {"position": 1.0, "orientation": 0.5, "reached": 1.0, "haste": 0.0}, abs=1e-9
    )
    assert observe(scene, task, state)[0, 0, :6] == pytest.approx(np.zeros(6), abs=1e-6)
    assert not task.terminated(state).any()


def test_terms() -> None:
    scene, task = parts(distance=0.1, angle=0.5)
    state = at_goal(scene, task)
    state.memory.position[..., 0] += 0.2
    state.memory.axes[:] = rotation_matrix(0.0, 0.0, 1.0)
    state.qd[:] = speeds_of(task.robot, 0.5)
    assert values(scene, task, state) == pytest.approx(
        {"position": 1.0 / 1.4, "orientation": 0.5 / 2.2, "reached": 0.0, "haste": -0.1 * 0.25}
    )
    state.memory.position[:] = state.position + np.array([0.09, 0.0, 0.0])
    state.memory.axes[:] = rotation_matrix(0.0, 0.0, 0.49)
    assert values(scene, task, state)["reached"] == 1.0


def test_way_and_turn_are_observed_from_the_gripper() -> None:
    scene, task = parts()
    state = at_goal(scene, task, (0.0, 0.0, math.pi / 2))  # it points along +y
    state.memory.position[:] = state.position + np.array([0.1, 0.2, 0.3])
    state.memory.axes[:] = rotation_matrix(0.0, 0.0, math.pi / 2) @ rotation_matrix(0.7, 0.0, 0.0)
    assert observe(scene, task, state)[0, 0, :6] == pytest.approx([0.2, -0.1, 0.3, 0.7, 0.0, 0.0], abs=1e-6)


def test_goals_are_poses_that_the_arm_can_have() -> None:
    scene, task = parts(spread=0.0)
    memory = upright_state(scene, task).memory.at((0, 0))
    task.reset(Placement((1.0, 2.0), math.pi / 2, ()), memory, np.random.default_rng(0))
    position, axes = find_pose(task.robot, list(task.robot.pose))
    x, y, z = position.tolist()
    assert memory.position == pytest.approx([1.0 - y, 2.0 + x, z])  # turned by a quarter
    assert memory.axes == pytest.approx(rotation_matrix(0.0, 0.0, math.pi / 2) @ axes, abs=1e-9)
    high = ReachPose(task.robot, min_height=0.3)
    for seed in range(30):
        high.reset(Placement((0.0, 0.0), 0.0, ()), memory, np.random.default_rng(seed))
        assert memory.position[2] > 0.3


def test_the_rest_pose_is_where_kinematics_say() -> None:
    with closing(roboschool.AgentEnv("arm_reach_pose")) as env:
        env.reset(seed=0)
        state, robot = env.simulation.groups[0].state, env.scene.agents[0].robot
        position, axes = find_pose(robot, state.q[0, 0].tolist())
        assert state.position[0, 0] == pytest.approx(position, abs=1e-4)
        state.memory.position[:], state.memory.axes[:] = position, axes
        assert ReachPose(robot).sensors(env.scene.info)[0].read(state, IDLE, state, 0.1) == pytest.approx(
            np.zeros((1, 1, 6)), abs=1e-3
        )


def test_it_is_for_arms_with_a_gripper() -> None:
    with pytest.raises(roboschool.InvalidInput, match="whose trunk is its gripper, not for 'ant'"):
        ReachPose(load_robot("ant"))
