"""Actions that reach their actuators late."""

import dataclasses
from pathlib import Path

import numpy as np
import pytest
from rods import act, integrate, joint, rod, undamped
from servo_ants import ants
from stories import tell

from roboschool.errors import InvalidInput
from roboschool.scenes.loader import load_scene
from roboschool.simulation.simulation import Simulation

SERVO = "kind = 'position', kp = 80.0, kd = 6.0, scale = 1.0"


def late_rod(folder: Path, delay: str, motor: str = SERVO) -> Path:
    return rod(folder, f"[actuators]\nhinge_0 = {{ {motor}, {delay} }}")


@pytest.mark.parametrize(
    ("delay", "substeps"),
    [("delay = 0.0", 0), ("delay = 8.0", 2), ("delay = 16.5", 4), ("delay = 30.0", 7), ("delay_steps = 3", 12)],
)
@pytest.mark.parametrize("backend", ["native", "python"])
def test_a_late_servo_moves_a_pendulum_as_worked_out_by_hand(
    tmp_path: Path, delay: str, substeps: int, backend: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A substep lasts 4.125 ms, and four are a step; what has not arrived yet is the rest pose."""
    monkeypatch.setenv("ROBOSCHOOL_BACKEND", backend)
    simulation = undamped(late_rod(tmp_path, delay))
    targets, q, v = [0.0] * substeps, 0.0, 0.0
    for action in np.random.default_rng(0).uniform(-1.0, 1.0, 60):
        targets += [action] * 4
        for _ in range(4):
            q, v = integrate(q, v, min(max(80.0 * (targets.pop(0) - q) - 6.0 * v, -50.0), 50.0))
        assert act(simulation, action) == pytest.approx((q, v), rel=1e-9, abs=1e-9)
    simulation.close()


def test_torques_are_late_too(tmp_path: Path) -> None:
    simulation = undamped(late_rod(tmp_path, "delay = 12.5", "kind = 'torque', effort = 3.0"), gravity=0.0)
    _, v = act(simulation, 1.0)
    assert act(simulation, 0.0)[1] == pytest.approx(4.0 * v, rel=1e-9)  # of 4 substeps, 1 was in the first step
    assert act(simulation, 0.0)[1] == pytest.approx(4.0 * v, rel=1e-9)
    simulation.close()


def test_a_range_is_drawn_once_an_episode_by_its_generator(tmp_path: Path) -> None:
    simulation = Simulation(load_scene(late_rod(tmp_path, "delay = [4.0, 60.0]")), 3)
    group = simulation.groups[0]
    drawn = []
    for seeds in ({0: 1, 1: 2, 2: 1}, {0: None, 1: 1, 2: None}):
        simulation.reset(seeds)
        drawn.append(group.state.delay[:, 0, 0].tolist())
        for _ in range(3):
            simulation.step([np.ones(group.shape)])
        assert group.state.delay[:, 0, 0].tolist() == drawn[-1]
    assert drawn[0][0] == drawn[0][2] == drawn[1][1] != drawn[0][1]
    assert drawn[1][0] == drawn[1][2]  # of the second episode of a seed
    assert all(1 <= number <= 15 and number == int(number) for row in drawn for number in row)
    simulation.reset({0: 0, 1: 0, 2: 0})
    assert not group.state.past_actions.any()
    simulation.close()


def test_a_reset_world_forgets_what_was_on_its_way_and_a_paused_one_keeps_it(tmp_path: Path) -> None:
    simulation = Simulation(load_scene(late_rod(tmp_path, "delay_steps = 2")), 3)
    group = simulation.groups[0]
    simulation.reset({0: 0, 1: 0, 2: 0})
    for number, action in enumerate((0.2, 0.4, 0.6)):
        last = number == 2
        simulation.step([np.full(group.shape, action)], reset=[1] if last else (), paused=[2] if last else ())
    assert group.state.past_actions[:, 0, :, 0].tolist() == [[0.6, 0.4], [0.0, 0.0], [0.4, 0.2]]
    simulation.close()


def test_backends_give_the_same_bits(tmp_path: Path) -> None:
    scene = load_scene(ants(tmp_path))
    stories = []
    for backend in ("native", "python"):
        simulation = Simulation(scene, backend=backend)
        stories.append(tell(simulation))
        assert simulation.worlds[0].bodies[0].robot.is_late
        simulation.close()
    assert stories[0] == stories[1]


def test_without_a_delay_nothing_is_remembered(tmp_path: Path) -> None:
    simulation = Simulation(load_scene(ants(tmp_path, is_late=False)))
    group = simulation.groups[0]
    assert group.state.delay.size == group.state.past_actions.size == 0
    assert group.commands.shape[-1] == 8 * len(group.robot.joints)
    simulation.close()


def test_a_saved_state_keeps_what_is_on_its_way(tmp_path: Path) -> None:
    scene = load_scene(late_rod(tmp_path, "delay = [20.0, 50.0]"))
    one, other = Simulation(scene), Simulation(scene)
    one.reset({0: 3})
    other.reset({0: 4})
    for action in (0.3, -0.8, 0.5):
        one.step([np.full(one.groups[0].shape, action)])
    other.load(one.save())
    for _ in range(20):
        for simulation in (one, other):
            simulation.activate_all()
            simulation.step([np.zeros(simulation.groups[0].shape)])
        assert joint(one) == joint(other)
    one.close()
    other.close()


def test_a_scene_with_more_substeps_has_the_same_delay(tmp_path: Path) -> None:
    scene = load_scene(late_rod(tmp_path, "delay = 33.0"))
    for substeps in (2, 8):
        simulation = Simulation(dataclasses.replace(scene, substeps=substeps))
        simulation.reset({0: 0})
        assert simulation.groups[0].state.delay.item() == 2 * substeps
        simulation.close()


@pytest.mark.parametrize(
    ("delay", "words"),
    [
        ("delay = -1.0", "hinge_0: delay: -1.0 is not a number from 0 to 1000"),
        ("delay_steps = 101", "hinge_0: delay_steps: 101.0 is not a number from 0 to 100"),
        ("delay = 'long'", "hinge_0: delay: 'long' is not a number"),
        ("delay = [20.0, 10.0]", "a range begins with its lower end, not 20, 10"),
        ("delay = 5.0, delay_steps = 1", "give it in ms, or delay_steps in timesteps, not both"),
    ],
)
def test_a_wrong_delay_is_refused(tmp_path: Path, delay: str, words: str) -> None:
    with pytest.raises(InvalidInput, match=words):
        load_scene(late_rod(tmp_path, delay))
