"""The atlas: its numbers, its head, its knees, and that its physics is sound."""

import dataclasses
import math
from typing import Any

import gymnasium
import numpy as np
import pytest
from task_values import positions_of, speeds_of, upright_state, weighted_terms

import roboschool
from roboschool.errors import InvalidInput
from roboschool.mdp.state import State
from roboschool.robots.robot import load_robot
from roboschool.scenes.loader import load_scene
from roboschool.scenes.scene import Scene
from roboschool.simulation.blank_state import blank_state
from roboschool.simulation.simulation import Simulation
from roboschool.tasks.stride import Stride

SCENE = "atlas_forward_walk"
BACK = ["back_bkz", "back_bky", "back_bkx"]
ARM = ["shz", "shx", "ely", "elx", "wry", "wrx", "wry2"]
LEG = ["hpz", "hpx", "hpy", "kny", "aky", "akx"]
JOINTS = [
    *BACK,
    *(f"l_arm_{name}" for name in ARM),
    "neck_ry",
    *(f"r_arm_{name}" for name in ARM),
    *(f"l_leg_{name}" for name in LEG),
    *(f"r_leg_{name}" for name in LEG),
]
TORQUES = {
    **dict(zip(BACK, [31.8, 133.5, 90.0], strict=True)),
    **dict(zip(ARM, [26.1, 29.7, 18.9, 33.6, 7.5, 7.5, 1.5], strict=True)),
    **dict(zip(LEG, [82.5, 159.0, 252.0, 267.0, 27.6, 13.5], strict=True)),
    "neck_ry": 1.5,
}
RANGES = {  # [deg]; of the left side
    **dict(zip(BACK, [(-38.0, 38.0), (-12.6, 30.9), (-30.0, 30.0)], strict=True)),
    **dict(
        zip(ARM, [(-90, 45), (-90, 90), (0, 180), (0, 135), (0, 180), (-67.5, 67.5), (-0.1, 0.1)], strict=True),
    ),
    **dict(
        zip(LEG, [(-10, 45.1), (-30, 30), (-92.4, 37.7), (0, 135), (-57.3, 40.1), (-45.8, 45.8)], strict=True),
    ),
    "neck_ry": (-34.5, 65.5),
}
TURNED = ("shz", "elx", "hpz")  # whose range is turned round on the right side
MASSES = {
    "pelvis": 9.509,
    "ltorso": 2.270,
    "mtorso": 0.799,
    "utorso": 84.409,
    "head": 1.420,
    "l_clav": 4.466,
    "r_hand": 1.0,
    "r_uleg": 8.204,
    "l_talus": 0.125,
    "r_foot": 2.410,
}
TERMS = ["alive", "progress", "electricity", "stall", "limits", "collision", "knees"]
KNEES = [JOINTS.index("l_leg_kny"), JOINTS.index("r_leg_kny")]


def kind(joint: str) -> str:
    """The name of a joint without its side."""
    return joint if joint in TORQUES else joint.split("_")[2]


def task_and_state() -> tuple[Scene, Stride, State]:
    scene = load_scene(SCENE)
    task = scene.agents[0].task
    assert isinstance(task, Stride)
    return scene, task, upright_state(scene, task)


def at_knees(scaled: object, others: float) -> np.ndarray:
    """Scaled positions of all joints: of the knees, left and right, and of the others."""
    positions = np.full(len(JOINTS), others)
    positions[KNEES] = scaled
    return positions


def simulate(noise: float = 0.0, **options: Any) -> Simulation:
    scene = load_scene(SCENE, **options)
    agents = (dataclasses.replace(scene.agents[0], noise=noise),)
    simulation = Simulation(dataclasses.replace(scene, agents=agents))
    simulation.reset({0: 0})
    return simulation


def test_sizes_and_id() -> None:
    env = gymnasium.make("roboschool/AtlasForwardWalk-v1")
    assert env.observation_space.shape == (70,)
    assert env.action_space.shape == (30,)
    assert env.spec is not None
    assert (env.spec.max_episode_steps, env.spec.reward_threshold) == (1000, None)
    env.close()


def test_time() -> None:
    scene = load_scene(SCENE)
    assert (scene.timestep, scene.substeps, scene.steps) == (0.0165, 8, 1000)


def test_masses() -> None:
    robot = load_robot("atlas")
    masses = {link.name: link.mass for link in robot.model.links}
    assert robot.mass == pytest.approx(182.417, abs=0.01)
    assert len(masses) == 31
    assert {name: masses[name] for name in MASSES} == pytest.approx(MASSES)
    for name, mass in masses.items():
        assert mass == masses[name.replace("l_", "r_", 1) if name.startswith("l_") else name]


def test_joints_in_order_of_action() -> None:
    robot = load_robot("atlas")
    assert robot.model.root == robot.trunk == "pelvis"
    assert [joint.name for joint in robot.model.joints] == JOINTS
    assert [joint.name for joint in robot.joints] == JOINTS
    assert {joint.kind for joint in robot.joints} == {"revolute"}
    assert robot.feet == ("r_foot", "l_foot")


@pytest.mark.parametrize("place", range(30), ids=JOINTS)
def test_ranges_and_torques(place: int) -> None:
    robot, name = load_robot("atlas"), JOINTS[place]
    joint, (low, high) = robot.joints[place], RANGES[kind(name)]
    if name.startswith("r_") and kind(name) in TURNED:
        low, high = -high, -low
    assert (math.degrees(joint.lower), math.degrees(joint.upper)) == pytest.approx((low, high), abs=0.01)
    assert robot.torque[place] == TORQUES[kind(name)] == pytest.approx(0.3 * joint.effort)


@pytest.mark.parametrize(
    ("joint", "fastest"), [("back_bky", 9.0), ("neck_ry", 6.28), ("l_arm_wry2", 1.0), ("r_leg_kny", 12.0)]
)
def test_fastest_speed_is_observed_as_one(joint: str, fastest: float) -> None:
    robot = load_robot("atlas")
    assert robot.joints[JOINTS.index(joint)].velocity == fastest


def test_rest_pose_is_within_the_limits_whatever_the_noise() -> None:
    robot = load_robot("atlas")
    for joint, rest in zip(robot.joints, robot.pose, strict=True):
        room = 0.0 if kind(joint.name) == "wry2" else 0.1  # the noise of that one ends at its limits
        assert joint.lower <= rest - room
        assert rest + room <= joint.upper


def test_stands_on_flat_soles_and_touches_only_the_ground() -> None:
    import pybullet

    simulation = simulate()
    world, group = simulation.worlds[0], simulation.groups[0]
    body = world.bodies[0]
    assert group.state.position[0, 0, 2] == pytest.approx(group.robot.standing_height, abs=0.001)
    head = pybullet.getLinkState(body.id, body.links["head"], 0, 1, world.client)[0]
    assert head[2] == pytest.approx(1.86, abs=0.01)
    simulation.step([np.zeros((1, 1, 30))])
    assert group.state.foot_contacts.tolist() == [[[1.0, 1.0]]]
    assert group.state.foot_obstacle_contacts.tolist() == [[[0.0, 0.0]]]
    assert len(pybullet.getContactPoints(body.id, body.id, physicsClientId=world.client)) == 0
    touching = {c[3] for c in pybullet.getContactPoints(body.id, world.ground, physicsClientId=world.client)}
    assert touching == set(body.feet)
    simulation.close()


@pytest.mark.parametrize(("height", "stands"), [(1.31, True), (1.3, False), (1.0, False)])
def test_falls_by_the_height_of_its_head(height: float, stands: bool) -> None:
    robot = load_robot("atlas")
    assert robot.height_link == "head"
    assert robot.is_upright(height, 3.0, 1.5, [0.0, 0.0]) is stands


def test_head_counts_and_not_the_pelvis() -> None:
    """Left alone it falls; the episode ends in the step in which the head comes down to 1.3 m."""
    import pybullet

    simulation = simulate()
    world, group = simulation.worlds[0], simulation.groups[0]
    body = world.bodies[0]
    for _ in range(200):
        simulation.step([np.zeros((1, 1, 30))])
        height = pybullet.getLinkState(body.id, body.links["head"], 0, 1, world.client)[0][2]
        assert (height > 1.3) is bool(group.state.upright[0, 0])
        if group.terminated.all():
            break
    assert group.terminated.all()
    assert group.rewards.by_name(0, 0)["alive"] == -1.0
    simulation.close()


@pytest.mark.parametrize(
    ("left", "right", "alive"),
    [(0.0, 0.0, 4.0), (1.0, 0.0, 3.0), (0.0, -0.995, 3.0), (-1.0, 1.0, 2.0), (0.98, -0.98, 4.0)],
)
def test_alive_is_four_less_one_for_every_knee_at_a_limit(left: float, right: float, alive: float) -> None:
    scene, task, state = task_and_state()
    state.q[:] = positions_of(task.robot, at_knees((left, right), 0.5))
    terms = weighted_terms(scene, task, state, np.zeros((1, 1, 30)), state)
    assert list(terms) == TERMS
    assert terms["alive"].item() == 4.0
    assert terms["knees"].item() == alive - 4.0


def test_other_joints_at_a_limit_cost_as_in_a_run() -> None:
    scene, task, state = task_and_state()
    state.q[:] = positions_of(task.robot, at_knees(0.0, 1.0))
    terms = weighted_terms(scene, task, state, np.zeros((1, 1, 30)), state)
    assert (terms["alive"].item(), terms["knees"].item()) == (4.0, 0.0)
    assert terms["limits"].item() == pytest.approx(-0.2 * 28)


def test_fallen_costs_one_whatever_the_knees() -> None:
    scene, task, state = task_and_state()
    state.upright[:] = 0.0
    state.q[:] = positions_of(task.robot, at_knees(1.0, 0.0))
    terms = weighted_terms(scene, task, state, np.zeros((1, 1, 30)), state)
    assert (terms["alive"].item(), terms["knees"].item()) == (-1.0, 0.0)
    assert task.terminated(state).all()


def test_prices() -> None:
    scene, task, state = task_and_state()
    state.qd[:] = speeds_of(task.robot, 0.5)
    state.foot_obstacle_contacts[:] = 1.0
    terms = weighted_terms(scene, task, state, np.full((1, 1, 30), -1.0), state)
    assert terms["electricity"].item() == pytest.approx(-2.0 * 0.5)
    assert terms["stall"].item() == pytest.approx(-0.1)
    assert terms["collision"].item() == -2.0


def test_an_unknown_knee_is_named() -> None:
    with pytest.raises(InvalidInput, match=r"unknown joint 'l_leg_knee'; did you mean 'l_leg_kny'\?"):
        Stride(load_robot("atlas"), knees=("l_leg_knee",))


def test_rows_alone_give_what_rows_together_give() -> None:
    scene, task, _ = task_and_state()
    state, generator = blank_state(scene, task, 3, 2), np.random.default_rng(0)
    state.array[:] = generator.normal(0.5, 0.7, state.array.shape)
    state.upright[:] = generator.integers(0, 2, state.upright.shape)
    action = generator.uniform(-1, 1, (3, 2, 30))
    together = weighted_terms(scene, task, state, action, state)
    for row in np.ndindex(3, 2):
        one = blank_state(scene, task)
        one.array[:] = state.array[row]
        alone = weighted_terms(scene, task, one, action[row][None, None], one)
        assert list(alone) == list(together)
        for term, value in together.items():
            assert alone[term].item() == pytest.approx(value[row], rel=1e-12)


@pytest.mark.parametrize("hold", [1, 15])
def test_random_torques_do_not_blow_it_up(hold: int) -> None:
    """Even with torques that stay for a while, which push joints harder than ones that change at every step."""
    simulation, generator = simulate(noise=0.1), np.random.default_rng(0)
    group = simulation.groups[0]
    for step in range(600):
        if step % hold == 0:
            action = generator.choice([-1.0, 1.0], (1, 1, 30))
        simulation.activate_all()  # it goes on lying down
        simulation.step([action])
        assert not simulation.clock.diverged
        assert np.isfinite(group.observation).all()
        positions, speeds = map(np.array, simulation.worlds[0].capture().joints[0])
        assert (positions > group.robot.motors.lower[0, 0] - math.radians(15)).all()
        assert (positions < group.robot.motors.upper[0, 0] + math.radians(15)).all()
        assert np.abs(speeds).max() < 100.0, "where Bullet clamps"
    simulation.close()


def test_comes_to_rest_when_left_alone() -> None:
    simulation = simulate(noise=0.1)
    group = simulation.groups[0]
    for _ in range(600):
        simulation.activate_all()
        simulation.step([np.zeros((1, 1, 30))])
    assert group.state.position[0, 0, 2] < 0.4
    assert np.abs(group.state.velocity).max() < 0.2
    positions, _ = map(np.array, simulation.worlds[0].capture().joints[0])
    assert (positions > group.robot.motors.lower[0, 0] - math.radians(2)).all()
    assert (positions < group.robot.motors.upper[0, 0] + math.radians(2)).all()
    simulation.close()


def test_an_episode_by_the_front_door() -> None:
    env = roboschool.AgentEnv(SCENE)
    seen, _ = env.reset(seed=0)
    assert seen[0] == pytest.approx(0.0, abs=0.02)
    seen, reward, terminated, truncated, info = env.step(np.zeros(30))
    assert reward == pytest.approx(sum(info[term] for term in TERMS))
    assert (info["alive"], info["knees"]) == (4.0, 0.0)
    assert not terminated
    assert not truncated
    env.close()
