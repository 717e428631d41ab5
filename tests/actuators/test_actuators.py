"""Actuators: what a card says of them, what physics makes of it at every substep, and that episodes stay exact."""

import dataclasses
import math
import pickle
import subprocess
import sys
import textwrap
from pathlib import Path

import numpy as np
import pybullet
import pytest
from folders import ROOT, TESTS
from rods import DT, EFFORT, GRAVITY, INERTIA, LENGTH, MASS, OWN, SPEED, act, integrate, joint, rod, undamped
from servo_ants import ants
from stories import tell

from roboschool.envs.vector import VectorEnv
from roboschool.errors import InvalidInput
from roboschool.physics.stability import check_gains
from roboschool.scenes.loader import load_scene
from roboschool.simulation.simulation import Simulation
from roboschool.testing.check import examine


@pytest.mark.parametrize(
    ("kp", "kd", "effort", "saturates"),
    [
        (30.0, 2.0, 50.0, False),
        (400.0, 5.0, 8.0, True),
        (0.5 * 4.0 * INERTIA / DT**2, 0.4 * 2.0 * INERTIA / DT, 50.0, True),  # 0.9 of the limit of stability
        (1.0, 0.9 * 2.0 * INERTIA / DT, 20.0, False),
    ],
)
def test_position_actuator_moves_a_pendulum_as_worked_out_by_hand(
    tmp_path: Path, kp: float, kd: float, effort: float, saturates: bool
) -> None:
    scene = rod(
        tmp_path,
        f'[actuators]\nhinge_0 = {{ kind = "position", kp = {kp!r}, kd = {kd!r}, scale = 0.8, effort = {effort} }}',
        pose=0.3,
        damping=0.1,
    )
    simulation = undamped(scene)
    rng, q, v, saturated = np.random.default_rng(0), 0.3, 0.0, 0
    for _ in range(200):
        action = rng.uniform(-1.5, 1.5)
        target = min(max(0.3 + 0.8 * min(max(action, -1.0), 1.0), -2.0), 2.0)
        for _ in range(4):
            torque = kp * (target - q) - kd * v
            saturated += abs(torque) > effort
            q, v = integrate(q, v, min(max(torque, -effort), effort), damping=0.1)
        assert act(simulation, action) == pytest.approx((q, v), rel=1e-9, abs=1e-9)
        assert abs(q) < 2.0  # the limits of the joint are not part of the calculation
    assert (saturated > 0) == saturates
    simulation.close()


def test_position_actuator_comes_to_rest_where_its_spring_bears_the_weight(tmp_path: Path) -> None:
    kp, target = 60.0, 1.0
    scene = rod(tmp_path, '[actuators]\nhinge_0 = { kind = "position", kp = 60.0, kd = 8.0, scale = 1.0 }')
    simulation = undamped(scene)
    for _ in range(600):
        q, v = act(simulation, 1.0)
    assert abs(v) < 1e-9
    assert kp * (target - q) == pytest.approx(MASS * GRAVITY * LENGTH * math.sin(q), abs=1e-6)
    simulation.close()


def test_undamped_spring_conserves_energy(tmp_path: Path) -> None:
    """Semi-implicit Euler conserves v^2 I + kp q^2 - dt kp q v exactly; the period is arccos(1 - kp dt^2 / 2 I)."""
    kp = 500.0
    scene = rod(tmp_path, f'[actuators]\nhinge_0 = {{ kind = "position", kp = {kp}, kd = 0.0, scale = 1.0 }}', pose=0.1)
    simulation = undamped(scene, gravity=0.0)
    body, client = simulation.worlds[0].bodies[0], simulation.worlds[0].client
    pybullet.resetJointState(body.id, body.driven[0], 0.15, 0.0, physicsClientId=client)

    def energy(q: float, v: float) -> float:
        return INERTIA * v * v + kp * q * q - DT * kp * q * v

    path = [act(simulation, 0.0) for _ in range(500)]
    assert [energy(q - 0.1, v) for q, v in path] == pytest.approx([energy(0.05, 0.0)] * 500, rel=1e-9)
    angle = math.acos(1.0 - kp * DT**2 / (2.0 * INERTIA))  # of a substep
    wanted = [0.05 * math.cos((4 * n + 0.5) * angle) / math.cos(0.5 * angle) for n in range(1, 501)]
    assert [q - 0.1 for q, _ in path] == pytest.approx(wanted, abs=1e-9)
    simulation.close()


@pytest.mark.parametrize("action", [1.0, -0.5, 0.25])
def test_velocity_actuator_accelerates_at_its_effort_to_its_speed(tmp_path: Path, action: float) -> None:
    scene = rod(tmp_path, '[actuators]\nhinge_0 = { kind = "velocity", kd = 20.0, speed = 4.0, effort = 7.0 }')
    simulation = undamped(scene, gravity=0.0)
    _, v = act(simulation, action)
    limit = 4 * DT * 7.0 / INERTIA
    assert v == pytest.approx(math.copysign(limit, action), rel=1e-12)  # saturated in all four substeps
    while abs(joint(simulation)[0]) < 1.2:
        _, v = act(simulation, action)
    assert v == pytest.approx(4.0 * action, rel=2e-3)
    simulation.close()


def test_velocity_actuator_takes_its_top_speed_from_the_urdf(tmp_path: Path) -> None:
    simulation = undamped(rod(tmp_path, '[actuators]\nhinge_0 = { kind = "velocity", kd = 80.0 }'), gravity=0.0)
    for _ in range(12):
        _, v = act(simulation, 1.0)
    assert v == pytest.approx(SPEED, rel=1e-6)
    simulation.close()


@pytest.mark.parametrize(("pose", "action", "target"), [(0.5, 0.0, 0.5), (0.5, -1.0, -0.2), (1.5, 1.0, 2.0)])
def test_position_target_is_the_rest_pose_and_its_scale_within_the_limits(
    tmp_path: Path, pose: float, action: float, target: float
) -> None:
    scene = rod(tmp_path, '[actuators]\nhinge_0 = { kind = "position", kp = 90.0, kd = 15.0, scale = 0.7 }', pose)
    simulation = undamped(scene, gravity=0.0)
    for _ in range(600):
        q, _ = act(simulation, action)
    assert q == pytest.approx(target, abs=1e-6)
    simulation.close()


def test_effort_is_that_of_the_urdf_or_of_the_card_and_is_scaled_by_the_scene(tmp_path: Path) -> None:
    row = '[actuators]\nhinge_0 = { kind = "position", kp = 1e4, kd = 0.0, scale = 1.0%s }'
    for given, power, effort in (("", 1.0, EFFORT), (", effort = 12", 1.0, 12.0), (", effort = 12.0", 0.5, 6.0)):
        scene = rod(tmp_path, row % given)
        scene.write_text(scene.read_text() + f"torque_scale = {power}\n")
        simulation = undamped(scene, gravity=0.0)
        assert act(simulation, 1.0)[1] == pytest.approx(4 * DT * effort / INERTIA, rel=1e-12)
        simulation.close()


@pytest.mark.parametrize(
    ("kp", "kd", "damping"),
    [(1.0, 0.0, 0.0), (0.5, 0.5, 0.0), (0.5, 0.5, 5.0), (0.1, 0.9, 0.0), (0.0, 1.0, 0.0), (0.0, 1.0, 5.0)],
)
@pytest.mark.parametrize("links", [1, 3])
def test_gains_are_stable_up_to_the_limit_that_the_check_states(
    tmp_path: Path, kp: float, kd: float, damping: float, links: int
) -> None:
    """Shares of the limit by kp and kd; the mode that breaks first is found by a tiny push."""
    kind = 'kind = "position", scale = 0.1, kp' if kp else 'kind = "velocity", speed = 1.0, kd'
    for share, stable in ((0.99, True), (1.01, False)):
        unit = share * max_stiffness(tmp_path, links)
        spring, damper = kp * unit / DT**2, kd * unit / (2.0 * DT) - damping
        numbers = f"{spring!r}, kd = {damper!r}" if kp else f"{damper!r}"
        rows = "".join(f"hinge_{n} = {{ {kind} = {numbers}, effort = 1e6 }}\n" for n in range(links))
        simulation = undamped(rod(tmp_path, f"[actuators]\n{rows}", damping=damping, links=links), gravity=0.0)
        problems, limits = check_gains(simulation.worlds[0])
        assert len(problems) == (not stable)
        assert len(limits) == links + 1
        body, client = simulation.worlds[0].bodies[0], simulation.worlds[0].client
        for number in body.driven:
            pybullet.resetJointState(body.id, number, 0.0, 1e-6 * (-1) ** number, physicsClientId=client)
        speeds = [abs(act(simulation, *[0.0] * links)[1]) for _ in range(150)]
        assert (max(speeds) < 1e-4) == stable
        simulation.close()


def max_stiffness(folder: Path, links: int) -> float:
    """Return dt^2 kp + 2 dt kd at the limit, from the mass matrix of rods that hang straight down, by hand."""
    ends = np.arange(links) * 2.0 * LENGTH
    inertia = np.zeros((links, links))
    for rod_ in range(links):
        arms = np.array([ends[rod_] + LENGTH - ends[hinge] for hinge in range(rod_ + 1)])
        inertia[: rod_ + 1, : rod_ + 1] += MASS * np.outer(arms, arms) + OWN
    return 4.0 / float(np.linalg.eigvals(np.linalg.inv(inertia)).max())


def test_check_states_the_limit_and_complains_above_it(tmp_path: Path) -> None:
    rod(tmp_path, '[actuators]\nhinge_0 = { kind = "position", kp = 50.0, kd = 2.0, scale = 0.5 }')
    finding, _ = examine(str(tmp_path / "rod.toml"))
    assert finding.problems == ()
    assert any("effective inertia of 0.7 kg m2" in note for note in finding.notes)
    assert any("position(kp=50, kd=2, scale=0.5)" in line for line in finding.about)
    path = rod(tmp_path, f'[actuators]\nhinge_0 = {{ kind = "velocity", kd = {2.1 * INERTIA / DT} }}')
    finding, _ = examine(str(tmp_path / "rod.toml"))
    told = "hinge_0: the gains are 1.05 times the limit of stability"
    assert any(told in fault for fault in finding.problems)
    for scene, is_stable in ((path.read_text(), False), ("substeps = 5\n" + path.read_text(), True)):
        path.write_text(scene)
        finding, _ = examine(str(path))
        assert any(told in fault for fault in finding.problems) != is_stable


def test_kinds_mix_in_one_robot(tmp_path: Path) -> None:
    """The order of actions is that of `torque`, then of `actuators`."""
    scene = rod(
        tmp_path,
        "[torque]\nhinge_1 = 3.0\n[actuators]\n"
        'hinge_2 = { kind = "velocity", kd = 9.0, speed = 2.0 }\n'
        'hinge_0 = { kind = "position", kp = 90.0, kd = 15.0, scale = 0.5 }\n'
        'hinge_3 = { kind = "torque", effort = 4.0 }\n',
        links=4,
    )
    simulation = undamped(scene)
    group = simulation.groups[0]
    assert [each.name for each in group.robot.joints] == ["hinge_1", "hinge_2", "hinge_0", "hinge_3"]
    simulation.step([np.array([[[0.5, -0.5, 1.0, -1.0]]])])
    by_hand = [1.5, 0.0, 0.0, -4.0, *[0.0, 0.0, 0.5, 0.0], *[0.0, 0.0, 90.0, 0.0], *[0.0, -1.0, 0.0, 0.0]]
    by_hand += [0.0, 9.0, 15.0, 0.0, *[3.0, EFFORT, EFFORT, 4.0] * 2, *[0.0] * 4]
    assert simulation.worlds[0].log.commands.tolist() == by_hand
    assert joint(simulation)[1] != 0.0
    simulation.close()


PAGE = ROOT / "docs" / "actuators.md"
OWN_KIND = textwrap.dedent(
    "    " + PAGE.read_text().split(", say `muscle.py`:\n\n    ")[1].partition("The card names it")[0]
)


def test_a_kind_of_ones_own_is_one_file_beside_the_card(tmp_path: Path) -> None:
    (tmp_path / "muscle_of_a_test.py").write_text(OWN_KIND)
    kind = 'kind = "muscle_of_a_test:Muscle", stiffness = 40.0'
    simulation = undamped(rod(tmp_path, f"[actuators]\nhinge_0 = {{ {kind} }}", pose=0.5))
    q, v = 0.5, 0.0
    for _ in range(4):
        q, v = integrate(q, v, 30.0 * (0.5 - q) - v)
    assert act(simulation, 0.5) == pytest.approx((q, v), rel=1e-12)
    simulation.close()
    finding, is_own = examine(str(tmp_path / "rod.toml"))
    assert is_own
    assert not finding.problems


def test_episodes_with_feedback_are_exact_after_any_other_and_in_a_copy(tmp_path: Path) -> None:
    scene = load_scene(ants(tmp_path))
    one, three = Simulation(scene), Simulation(scene, 3)
    story = tell(one)
    tell(one, seed=1, steps=37)
    assert tell(one) == story
    tell(three, seed=5, steps=40)
    three.reset({0: 1, 1: 2, 2: 3})
    assert tell(three, world=1) == story
    code = "import sys, stories\nprint(stories.tell(stories.Simulation(stories.load_scene(sys.argv[1]))))"
    told = subprocess.run(
        [sys.executable, "-c", code, str(tmp_path / "servo_ants.toml")],
        cwd=TESTS,
        capture_output=True,
        text=True,
        check=True,
    )
    assert told.stdout.split()[-1] == story
    one.close()
    three.close()


@pytest.mark.parametrize("alone", [True, False])
def test_a_saved_state_with_feedback_is_the_future_it_was_saved_from(tmp_path: Path, alone: bool) -> None:
    """Alone, Bullet's own state is exact; together, the commands are replayed."""
    scene = load_scene(ants(tmp_path))
    if alone:
        scene = dataclasses.replace(scene, agents=scene.agents[:1])
    one, two = Simulation(scene), Simulation(scene, 2)
    assert one.worlds[0].restores_exactly == alone
    tell(one, seed=4, steps=60)
    saved = pickle.loads(pickle.dumps(one.save()))
    tell(two, seed=9, steps=30)
    two.load(saved, world=1)
    future = tell(one, go_on=True, steps=60)
    assert tell(two, go_on=True, steps=60, world=1) == future
    replayed = Simulation(scene)
    replayed.reset({0: 0})
    replayed.worlds[0].restores_exactly = False
    replayed.load(saved)
    assert tell(replayed, go_on=True, steps=60) == future
    one.load(saved, exact=False)
    two.load(saved, exact=False)
    assert tell(one, go_on=True, steps=20) == tell(two, go_on=True, steps=20)
    for simulation in (one, two, replayed):
        simulation.close()


def test_a_state_of_other_gains_is_refused(tmp_path: Path) -> None:
    path = ants(tmp_path)
    one = Simulation(load_scene(path))
    card = tmp_path / "servo_ant.toml"
    card.write_text(card.read_text().replace("kp = 60.0", "kp = 61.0"))
    other = Simulation(load_scene(path))
    one.reset({0: 0})
    other.reset({0: 0})
    with pytest.raises(InvalidInput, match="robot"):
        other.load(one.save())
    one.close()
    other.close()


def test_workers_give_the_same_bits(tmp_path: Path) -> None:
    scene = load_scene(ants(tmp_path))
    outcomes = []
    for workers in (0, 1):
        env = VectorEnv(scene, 2, workers)
        rng, (seen, _) = np.random.default_rng(0), env.reset(seed=0)
        steps = [env.step(rng.uniform(-1, 1, env.action_space.shape))[:2] for _ in range(40)]
        outcomes.append(np.concatenate([seen.ravel(), *(part.ravel() for step in steps for part in step)]))
        env.close()
    assert (outcomes[0] == outcomes[1]).all()


@pytest.mark.parametrize(
    ("rows", "words"),
    [
        ('hinge_0 = { kind = "positon", kp = 1.0 }', "actuators.hinge_0: .*'positon'.*position"),
        ('hinge_0 = { kind = "position", kp = 1.0, kd = 1.0 }', "hinge_0: actuator 'position' lacks 'scale'"),
        ('hinge_0 = { kind = "position", kp = 1.0, kd = 1.0, scal = 1.0 }', "no 'scal'.*scale"),
        ('hinge_0 = { kind = "position", kp = -1.0, kd = 1.0, scale = 1.0 }', "kp and scale must be above 0"),
        ('hinge_0 = { kind = "position", kp = "much", kd = 1.0, scale = 1.0 }', "kp: Expected `float`"),
        ('hinge_0 = { kind = "velocity", kd = 0.0 }', "kd and speed must be above 0"),
        ('hinge_0 = { kind = "velocity", kd = 1.0, effort = 0.0 }', "effort: 0.0 is not a number above 0"),
        ('hinge_0 = { kind = "velocity", kd = 1.0, effort = "much" }', "hinge_0: effort: 'much' is not a number"),
        ("hinge_0 = { kd = 1.0 }", "hinge_0: kind: missing"),
        ('hinge = { kind = "velocity", kd = 1.0 }', "actuators: .*'hinge'.*hinge_0"),
        ("hinge_0 = { kind = true }", "kind: True is no text"),
        ('hinge_0 = { kind = "math:pi" }', "is a float, not a class"),
    ],
)
def test_a_wrong_actuator_is_refused_with_file_key_and_nearest_name(tmp_path: Path, rows: str, words: str) -> None:
    path = rod(tmp_path, f"[actuators]\n{rows}")
    with pytest.raises(InvalidInput, match=words):
        Simulation(load_scene(path))


@pytest.mark.parametrize(
    ("returned", "words"),
    [
        ("Command(kp=np.nan)", r"hinge_0: command\(\) returns kp that is not finite"),
        ("Command(kd=np.ones(5))", r"hinge_0: command\(\) returns kd of shape \(5,\), not \(1, 1, 1\)"),
        ("action", r"hinge_0: command\(\) returns array.*, not a Command"),
    ],
)
def test_a_wrong_command_is_refused(tmp_path: Path, returned: str, words: str) -> None:
    module = f"faulty_muscle_{len(returned)}"
    top, _, _ = OWN_KIND.partition("return")
    (tmp_path / f"{module}.py").write_text(f"{top}return {returned}\n")
    with pytest.raises(InvalidInput, match=words):
        Simulation(load_scene(rod(tmp_path, f'[actuators]\nhinge_0 = {{ kind = "{module}:Muscle" }}')))


def test_a_joint_is_driven_once(tmp_path: Path) -> None:
    path = rod(tmp_path, '[torque]\nhinge_0 = 1.0\n[actuators]\nhinge_0 = { kind = "velocity", kd = 1.0 }')
    with pytest.raises(InvalidInput, match=r"actuators\.hinge_0: the joint is in torque, too"):
        load_scene(path)


def test_a_missing_number_in_the_urdf_is_named(tmp_path: Path) -> None:
    path = rod(tmp_path, '[actuators]\nhinge_0 = { kind = "velocity", kd = 1.0 }')
    urdf = tmp_path / "rod.urdf"
    whole = urdf.read_text()
    urdf.write_text(whole.replace('velocity="6"', ""))
    with pytest.raises(InvalidInput, match="hinge_0: no top speed: give `speed`"):
        Simulation(load_scene(path))
    urdf.write_text(whole.replace('effort="50"', ""))
    with pytest.raises(InvalidInput, match="hinge_0: effort: missing, and the URDF has none"):
        Simulation(load_scene(path))


def test_dc_motor_turns_a_rod_as_worked_out_by_hand(tmp_path: Path) -> None:
    """A motor of 0.4 N m and 300 rad/s, geared by 25: 9 N m (the gear takes a tenth) and 12 rad/s at the hinge."""
    motor = "kind = 'dc_motor', stall_torque = 0.4, no_load_speed = 300.0, gear = 25.0, efficiency = 0.9, effort = 7.5"
    simulation = undamped(rod(tmp_path, f"[actuators]\nhinge_0 = {{ {motor} }}"))
    rng, q, v, capped = np.random.default_rng(0), 0.0, 0.0, 0
    for _ in range(100):
        action = rng.uniform(-1.2, 1.2)
        for _ in range(4):
            torque = 9.0 * (min(max(action, -1.0), 1.0) - v / 12.0)
            capped += abs(torque) > 7.5
            q, v = integrate(q, v, min(max(torque, -7.5), 7.5))
        assert act(simulation, action) == pytest.approx((q, v), rel=1e-9, abs=1e-9)
        assert abs(q) < 2.0
    assert capped > 0
    simulation.close()


def test_dc_motor_tends_to_its_speed_at_no_load_and_brakes_at_no_voltage(tmp_path: Path) -> None:
    """The hinge gains speed as 1 - exp(-t / tau), tau = I x no-load speed / stall torque, in steps of a substep."""
    motor = "kind = 'dc_motor', stall_torque = 2.0, no_load_speed = 9.0, gear = 3.0"
    simulation = undamped(rod(tmp_path, f"[actuators]\nhinge_0 = {{ {motor} }}"), gravity=0.0)
    left = 1.0 - DT * (6.0 / 3.0) / INERTIA  # of what a speed lacks, after a substep
    speeds = [act(simulation, 1.0)[1] for _ in range(30)]
    assert speeds == pytest.approx([3.0 * (1.0 - left ** (4 * n)) for n in range(1, 31)], rel=1e-9)
    assert act(simulation, 0.0)[1] == pytest.approx(speeds[-1] * left**4, rel=1e-9)
    simulation.close()


@pytest.mark.parametrize("stall", [None, 90.0])
def test_servo_with_a_top_speed_moves_a_pendulum_as_worked_out_by_hand(tmp_path: Path, stall: float | None) -> None:
    """What drives the joint falls to 0 at the top speed, what brakes it does not."""
    effort, speed = 40.0, 2.5
    given = "" if stall is None else f", stall = {stall}"
    servo = f"kind = 'position', kp = 300.0, kd = 1.0, scale = 1.2, effort = {effort}, speed = {speed}{given}"
    simulation = undamped(rod(tmp_path, f"[actuators]\nhinge_0 = {{ {servo} }}"))
    rng, q, v, fastest = np.random.default_rng(0), 0.0, 0.0, 0.0
    for _ in range(200):
        action = rng.choice([-1.0, -0.5, 0.0, 0.5, 1.0])
        for _ in range(4):
            most, lost = stall or effort, (stall or effort) * v / speed
            torque = 300.0 * (1.2 * action - q) - v
            torque = max(min(torque, effort, max(most - lost, 0.0)), -effort, min(-most - lost, 0.0))
            q, v = integrate(q, v, torque)
        assert act(simulation, action) == pytest.approx((q, v), rel=1e-8, abs=1e-8)
        fastest = max(fastest, abs(v))
    assert 0.6 * speed < fastest < 1.1 * speed  # the weight pulls, too
    simulation.close()


def test_limits_hold_at_full_effort(tmp_path: Path) -> None:
    """A servo far stronger than the weight does not push its joint through its limit, nor over its top speed."""
    servo = "kind = 'position', kp = 800.0, kd = 10.0, scale = 9.0, speed = 3.0"
    simulation = undamped(rod(tmp_path, f"[actuators]\nhinge_0 = {{ {servo} }}"), gravity=0.0)
    path = [act(simulation, action) for action in [1.0] * 150 + [-1.0] * 150]
    assert max(abs(v) for _, v in path) < 3.0
    assert max(q for q, _ in path) == pytest.approx(2.0, abs=0.005)
    assert min(q for q, _ in path) == pytest.approx(-2.0, abs=0.005)
    simulation.close()
