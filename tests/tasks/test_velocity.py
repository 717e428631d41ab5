"""The task `velocity`: what it observes, commands and rewards."""

import dataclasses
import math
from contextlib import closing
from typing import Any

import numpy as np
import pytest
from task_values import DT, observe, upright_state, weighted_terms

import roboschool
from roboschool.mdp.actuator import Drive
from roboschool.mdp.effects import Placement
from roboschool.robots.robot import load_robot
from roboschool.scenes.scene import Scene
from roboschool.simulation.simulation import Simulation
from roboschool.tasks.velocity import Velocity
from roboschool.testing import check_task


def parts(**parameters: Any) -> tuple[Scene, Velocity]:
    """The dog's scene, and its task with other parameters."""
    scene = roboschool.load_scene("dog_velocity")
    task = Velocity(load_robot("dog"), **parameters)
    return dataclasses.replace(scene, agents=(dataclasses.replace(scene.agents[0], task=task),)), task


@pytest.mark.parametrize("robot", ["dog", "ant", "humanoid"])
def test_it_suits_robots_with_legs(robot: str) -> None:
    scene = roboschool.load_scene("velocity")
    task = Velocity(load_robot(robot))
    agent = dataclasses.replace(scene.agents[0], task=task)
    with closing(roboschool.VectorEnv(dataclasses.replace(scene, agents=(agent,)), 2)) as env:
        env.reset(seed=0)
        for _ in range(20):
            observation, reward, *_ = env.step(env.action_space.sample())
        assert np.isfinite(observation).all()
        assert np.isfinite(reward).all()


def test_it_keeps_to_the_contract() -> None:
    check_task(Velocity, scene="dog_velocity", command_steps=7)


def test_motion_is_observed_along_the_axes_of_the_trunk() -> None:
    scene, task = parts()
    state = upright_state(scene, task)
    yaw, pitch = 0.5, 0.3
    state.world_x_direction[..., :] = -math.sin(yaw), math.cos(yaw)
    state.roll_pitch[..., 1] = pitch
    state.velocity[..., 0] = 1.0  # forward, along the ground
    state.angular_velocity[..., :] = -math.sin(yaw), math.cos(yaw), 0.0  # about the left of the heading
    state.memory.command[..., :] = 0.1, 0.2, 0.3
    state.q[:] = task.robot.motors.rest + 0.1
    state.action[:] = 0.4
    seen = observe(scene, task, state)[0, 0]
    gravity = [math.sin(pitch), 0.0, -math.cos(pitch)]
    assert seen[:9] == pytest.approx([math.cos(pitch), 0.0, math.sin(pitch), 0.0, 1.0, 0.0, *gravity], abs=1e-6)
    assert seen[9:12] == pytest.approx([0.1, 0.2, 0.3])
    assert seen[12:24] == pytest.approx(0.1, abs=1e-6)
    assert seen[36:] == pytest.approx(0.4)


def test_a_roll_to_the_right_makes_gravity_point_to_the_right() -> None:
    scene, task = parts()
    state = upright_state(scene, task)
    state.roll_pitch[..., 0] = 0.2
    assert observe(scene, task, state)[0, 0, 6:9] == pytest.approx([0.0, -math.sin(0.2), -math.cos(0.2)], abs=1e-6)


def test_terms() -> None:
    scene, task = parts()
    previous, state = upright_state(scene, task), upright_state(scene, task)
    previous.memory.command[..., :] = 0.5, 0.0, -0.3
    previous.memory.air_steps[..., :2] = 20.0
    previous.action[:] = 0.1
    state.memory.command[..., :] = -1.0, -1.0, -1.0  # the next command is not judged by this step
    state.velocity[..., :] = 0.5, 0.3, 0.2
    state.angular_velocity[..., :] = 0.3, 0.4, 0.2
    state.q[:] = task.robot.motors.rest
    state.qd[..., 0] = 1.0
    state.roll_pitch[..., 0] = 0.1
    state.foot_contacts[..., 1:] = 1.0
    state.body_contact[:] = 1.0
    action = np.full((1, 1, 12), 0.1)
    action[..., 3] = 0.2
    terms = {name: value.item() for name, value in weighted_terms(scene, task, previous, action, state).items()}
    assert terms["planar"] == pytest.approx(1.5 * math.exp(-0.09 / 0.25))
    assert terms["yaw"] == pytest.approx(0.75 * math.exp(-0.25 / 0.25))
    assert terms["vertical"] == pytest.approx(-0.02)
    assert terms["sway"] == pytest.approx(-0.01 * 0.25)
    assert terms["orientation"] == pytest.approx(-0.5 * math.sin(0.1) ** 2)
    torques = np.full(12, 60.0 * 0.5 * 0.1)
    torques[3] *= 2.0
    torques[0] -= 1.0  # damping
    assert terms["torque"] == pytest.approx(-0.02 * np.square(torques / 30.0).sum())
    assert terms["acceleration"] == pytest.approx(-2e-8 / DT**2)
    assert terms["action_rate"] == pytest.approx(-0.005 * 0.1**2)
    assert terms["air_time"] == pytest.approx(0.1 * (20.0 * DT - 0.25))  # one foot of two has landed
    assert terms["contact"] == -1.0


def test_feet_are_not_asked_to_step_on_the_spot() -> None:
    scene, task = parts()
    previous, state = upright_state(scene, task), upright_state(scene, task)
    previous.memory.air_steps[:], state.foot_contacts[:] = 20.0, 1.0
    assert weighted_terms(scene, task, previous, np.zeros((1, 1, 12)), state)["air_time"] == 0.0


def test_commands_come_from_the_generator_of_the_episode_and_change() -> None:
    scene, _ = parts(command_steps=5, standing=0.0)
    with closing(Simulation(scene, 2)) as simulation:
        simulation.reset({0: 1, 1: 2})
        group, seen = simulation.groups[0], []
        for _ in range(11):
            seen.append(group.state.memory.command[:, 0].copy())
            simulation.step([np.zeros(group.shape)])
    assert [len({tuple(command[world]) for command in seen}) for world in (0, 1)] == [3, 3]
    assert (seen[0] == seen[4]).all()
    assert (np.abs(seen) <= 0.8).all()
    assert (seen[0][0] != seen[0][1]).all()


def test_a_command_may_be_one_number_and_may_be_to_stand() -> None:
    _, fixed = parts(forward=0.5, left=0.0, turn=(0.1, 0.2), standing=0.0)
    _, still = parts(standing=1.0)
    for task, low, high in ((fixed, (0.5, 0.0, 0.1), (0.5, 0.0, 0.2)), (still, (0.0,) * 3, (0.0,) * 3)):
        memory = upright_state(*parts()).memory.at((0, 0))
        task.reset(Placement((0.0, 0.0), 0.0, ()), memory, np.random.default_rng(0))
        assert (memory.command >= low).all()
        assert (memory.command <= high).all()
    with pytest.raises(roboschool.InvalidInput, match="turn: a range begins with its lower end"):
        parts(turn=(1.0, -1.0))


def test_time_in_the_air_is_counted_and_the_body_feels_the_ground() -> None:
    scene, _ = parts()
    with closing(Simulation(scene)) as simulation:
        simulation.reset({0: 0})
        group = simulation.groups[0]
        for _ in range(30):
            simulation.step([np.zeros(group.shape)])
        assert group.state.foot_contacts.all()
        assert not group.state.memory.air_steps.any()
        assert not group.state.body_contact.any()
        rng, contacts, air = np.random.default_rng(0), 0.0, 0.0
        for _ in range(150):  # it stumbles
            simulation.activate_all()
            simulation.step([rng.choice([-1.0, 1.0], group.shape)])
            contacts += group.state.body_contact.sum()
            air = max(air, group.state.memory.air_steps.max())
        assert 0.0 < contacts < 150.0
        assert air > 1.0


def test_the_torque_of_a_servo_is_limited() -> None:
    robot = load_robot("dog")
    drive, rest = Drive(robot), robot.motors.rest
    still = np.zeros((1, 1, 12))
    assert drive.torques(still, rest + 0.1, still) == pytest.approx(-6.0)
    assert drive.torques(still, rest - 10.0, still) == pytest.approx(30.0)
    ant = load_robot("ant")
    assert Drive(ant).torques(np.full((1, 1, 8), 0.5), ant.motors.rest, np.zeros(8)) == pytest.approx(125.0)


def test_the_dog_stands_and_weighs_fifteen_kilograms() -> None:
    assert load_robot("dog").mass == pytest.approx(15.0, abs=0.01)
    with closing(roboschool.AgentEnv("dog_velocity")) as env:
        env.reset(seed=3)
        for _ in range(300):
            *_, terminated, _, _ = env.step(np.zeros(12))
        assert not terminated
        state = env.simulation.groups[0].state
        assert state.position[0, 0, 2] == pytest.approx(load_robot("dog").standing_height, rel=0.1)
