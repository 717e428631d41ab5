"""What a scene randomizes does what its units say, computed by hand."""

import math
from typing import Any

import numpy as np
import pybullet
import pytest
from conditions import begin

from roboschool.simulation.noise import sample_noise
from roboschool.simulation.simulation import Simulation

ALOFT = {"height": 2.0}
SECONDS = 0.1


def momentum(simulation: Simulation) -> np.ndarray:
    """The momentum of the first robot, link by link [kg m/s]."""
    body, client = simulation.worlds[0].bodies[0], simulation.worlds[0].client
    total = np.zeros(3)
    for link in body.links.values():
        mass = pybullet.getDynamicsInfo(body.id, link, physicsClientId=client)[0]
        state = pybullet.getLinkState(body.id, link, 1, 1, client) if link >= 0 else None
        velocity = state[6] if state else pybullet.getBaseVelocity(body.id, client)[0]
        total += mass * np.array(velocity)
    return total


def masses(simulation: Simulation) -> dict[str, float]:
    """The mass of each link [kg]."""
    body, client = simulation.worlds[0].bodies[0], simulation.worlds[0].client
    return {name: pybullet.getDynamicsInfo(body.id, n, physicsClientId=client)[0] for name, n in body.links.items()}


def rest(simulation: Simulation, steps: int) -> None:
    """Let time pass without actions."""
    for _ in range(steps):
        simulation.step([np.zeros(group.shape) for group in simulation.groups])


@pytest.mark.parametrize(
    ("key", "value", "pull"),
    [("gravity", (1.0, 0.5, 0.0), "mass"), ("wind", (20.0, -10.0, 0.0), "force")],
)
def test_gravity_and_wind_accelerate_a_robot_aloft(key: str, value: tuple[float, ...], pull: str) -> None:
    simulation = begin("dog_velocity", **{key: value, "start": ALOFT})
    steps, mass = round(SECONDS / simulation.scene.timestep), sum(masses(simulation).values())
    before = momentum(simulation)
    rest(simulation, steps)
    gained = (momentum(simulation) - before) / (steps * simulation.scene.timestep)
    wanted = np.array(value) * (mass if pull == "mass" else 1.0) - (0.0, 0.0, 9.8 * mass)
    assert gained == pytest.approx(wanted, rel=0.02)


@pytest.mark.parametrize(
    "push",
    [
        {"impulse": (3.0, -2.0, 0.0)},
        {"force": (30.0, -20.0, 0.0), "seconds": 0.1},
        {"impulse": (3.0, -2.0, 0.0), "link": "front_left_shank"},
    ],
)
def test_push_gives_a_robot_its_impulse(push: dict[str, Any]) -> None:
    simulation = begin("dog_velocity", push={"every": 0.1, **push}, start=ALOFT)
    steps = round(0.1 / simulation.scene.timestep)
    rest(simulation, steps - 1)
    before = momentum(simulation)
    assert before[:2] == pytest.approx([0.0, 0.0], abs=1e-2)
    rest(simulation, steps if "seconds" in push else 1)
    assert momentum(simulation)[:2] == pytest.approx([3.0, -2.0], rel=0.03)


def test_mass_scales_mass_and_inertia_of_links_by_name() -> None:
    plain, heavy = begin("ant", friction=1.0), begin("ant", mass={"torso": 2.0})
    changed = {name for name, mass in masses(plain).items() if masses(heavy)[name] != mass}
    assert changed == {"torso"}
    assert masses(heavy)["torso"] == 2.0 * masses(plain)["torso"]
    inertias = [
        pybullet.getDynamicsInfo(world.bodies[0].id, -1, physicsClientId=world.client)[2]
        for world in (plain.worlds[0], heavy.worlds[0])
    ]
    assert inertias[1] == tuple(2.0 * number for number in inertias[0])


def test_payload_weighs_on_the_feet_and_on_its_side() -> None:
    forces = []
    for mass in (0.0, 3.0):
        simulation = begin("dog_velocity", payload={"mass": mass, "position": (0.2, 0.0, 0.0)})
        rest(simulation, 60)
        world = simulation.worlds[0]
        points = pybullet.getContactPoints(world.bodies[0].id, world.ground, physicsClientId=world.client)
        middle = simulation.groups[0].state.position[0, 0, 0]
        cos = simulation.groups[0].state.world_x_direction[0, 0, 1]
        forces.append((sum(p[9] for p in points), sum(p[9] * (p[6][0] - middle) for p in points) * np.sign(cos)))
    (light, _), (loaded, _) = forces
    assert loaded - light == pytest.approx(3.0 * 9.8, rel=0.1)


def test_joint_friction_holds_a_pole() -> None:
    free = begin("inverted_pendulum", friction=1.0)
    held = begin("inverted_pendulum", joint_friction={free.groups[0].robot.passive_joints[0]: 100.0})
    start = held.groups[0].state.passive_q.copy()
    rest(free, 30)
    rest(held, 30)
    assert abs(free.groups[0].state.passive_q - start).max() > 0.01
    assert held.groups[0].state.passive_q == pytest.approx(start, abs=1e-3)


def test_joint_damping_takes_the_speed_of_a_joint() -> None:
    speeds = []
    for damping in (0.0, 0.1):
        simulation = begin(
            "dog_velocity", joint_damping=damping, start={**ALOFT, "joint_speeds": 100.0}, motor_strength=0.0
        )
        rest(simulation, 10)
        speeds.append(np.abs(simulation.groups[0].state.qd).mean())
    assert speeds[1] < 0.5 * speeds[0]


def test_strength_and_gains_scale_commands() -> None:
    action = np.random.default_rng(0).uniform(-1.0, 1.0, (1, 1, 12))
    commands = []
    for ranges in ({"friction": 1.0}, {"motor_strength": 0.5}, {"kp": 2.0, "kd": 3.0}):
        group = begin("dog_velocity", **ranges).groups[0]
        group.act(action, (), np.zeros(1))
        commands.append(group.commands.reshape(8, 12))
    plain, weak, stiff = commands
    factors = np.array([0.5, 1.0, 0.5, 1.0, 0.5, 0.5, 0.5, 0.5])[:, None]
    assert np.array_equal(weak, plain * factors)
    assert np.array_equal(stiff, plain * np.array([1.0, 1.0, 2.0, 1.0, 3.0, 1.0, 1.0, 1.0])[:, None])
    ants = [begin("ant", motor_strength=strength).groups[0] for strength in (1.0, {"hip_1": 0.5})]
    for group in ants:
        group.act(np.ones(group.shape), (), np.zeros(1))
    share = ants[1].commands[0, 0] / ants[0].commands[0, 0]
    assert share.tolist() == [0.5 if joint.name == "hip_1" else 1.0 for joint in ants[0].robot.joints]


def test_delay_is_in_milliseconds_and_reaches_torque_motors_too() -> None:
    simulation = begin("ant", delay=10.0)
    substep = simulation.scene.timestep / simulation.scene.substeps
    assert (simulation.groups[0].state.delay == round(0.01 / substep)).all()


def test_restitution_lets_a_robot_bounce() -> None:
    speeds = []
    for restitution in (0.0, 0.9):
        simulation = begin("ant", restitution=restitution, start={"height": 0.5})
        upward = []
        for _ in range(25):
            rest(simulation, 1)
            upward.append(simulation.groups[0].state.velocity[0, 0, 2])
        speeds.append(max(upward))
    assert speeds[1] > speeds[0] + 0.2


def test_start_is_as_it_was_drawn() -> None:
    ranges = {
        "position": (1.0, -2.0),
        "yaw": 90.0,
        "height": 0.3,
        "roll": 10.0,
        "pitch": -20.0,
        "velocity": (1.0, 0.5, 0.25),
        "angular_velocity": (10.0, 20.0, 30.0),
        "joints": 3.0,
        "joint_speeds": 45.0,
    }
    plain = begin("ant", seed=1, friction=1.0).groups[0]
    simulation = begin("ant", seed=1, friction=1.0, start=ranges)
    state, was = simulation.groups[0].state, plain.state
    assert state.position[0, 0, :2] - was.position[0, 0, :2] == pytest.approx([1.0, -2.0])
    assert simulation.worlds[0].bodies[0].gap(simulation.worlds[0].floor) == pytest.approx(0.3, abs=1e-3)
    assert np.degrees(state.roll_pitch[0, 0]) == pytest.approx([10.0, -20.0])
    assert state.velocity[0, 0] == pytest.approx([1.0, 0.5, 0.25])
    assert np.degrees(state.angular_velocity[0, 0]) == pytest.approx([10.0, 20.0, 30.0])
    heading = [
        math.degrees(math.atan2(-each.world_x_direction[0, 0, 0], each.world_x_direction[0, 0, 1]))
        for each in (state, was)
    ]
    assert (heading[0] - heading[1]) % 360.0 == pytest.approx(90.0)
    assert state.qd[0, 0] == pytest.approx(math.radians(45.0))


def test_planar_robot_and_fixed_one_start_so_too() -> None:
    hopper = begin("hopper", start={"height": 0.2, "velocity": (1.0, 9.0, 0.5), "pitch": 5.0}).groups[0].state
    assert hopper.velocity[0, 0] == pytest.approx([1.0, 0.0, 0.5])
    assert math.degrees(hopper.roll_pitch[0, 0, 1]) == pytest.approx(5.0)
    arm = begin("arm_reach_pose", start={"joint_speeds": 10.0, "velocity": (1.0, 0.0, 0.0)}).groups[0].state
    assert np.degrees(arm.qd[0, 0, :6]) == pytest.approx(10.0)


def test_noise_has_its_deviation_and_no_memory() -> None:
    keys, steps = np.repeat(np.arange(50.0), 40), np.tile(np.arange(40.0), 50)
    noise = sample_noise(keys, steps, 30)
    assert noise.mean() == pytest.approx(0.0, abs=0.02)
    assert noise.std() == pytest.approx(1.0, abs=0.01)
    assert abs(noise).max() < 3.5
    assert abs(np.corrcoef(noise.T) - np.eye(30)).max() < 0.1  # places
    assert abs(np.corrcoef(noise[:-1, 0], noise[1:, 0])[0, 1]) < 0.1  # steps
    assert np.array_equal(noise[7], sample_noise(keys[7:8], steps[7:8], 30)[0])


def test_noise_reaches_the_sensors_that_are_named() -> None:
    clean = begin("dog_velocity", friction=1.0)
    names = [field.name for field in clean.groups[0].observer.fields]
    noisy = begin("dog_velocity", noise={"joint_offsets": 0.3}, friction=1.0)
    differ = [
        name
        for name, one, other in zip(
            names, clean.groups[0].observation[0, 0], noisy.groups[0].observation[0, 0], strict=True
        )
        if one != other
    ]
    assert differ
    assert len(differ) < len(names)
