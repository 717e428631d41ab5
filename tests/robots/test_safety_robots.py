"""Point, car and doggo are as quick as those of Safety Gym, whose numbers were measured in MuJoCo."""

import math
import shutil
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest

from roboschool.errors import InvalidInput
from roboschool.mdp.state import State
from roboschool.mdp.task import Task
from roboschool.robots.robot import load_robot
from roboschool.scenes.scene import Agent, Scene
from roboschool.sensors.trunk import TrunkHeight
from roboschool.simulation.simulation import Simulation


@dataclass(frozen=True)
class Nothing(Task):
    """No objective."""

    def sensors(self, scene):
        return (TrunkHeight(),)

    def rewards(self, scene):
        return ()

    def terminated(self, state):
        return np.zeros(state.upright.shape, dtype=bool)


def simulate(name: str, backend: str | None = None) -> Simulation:
    robot = load_robot(name)
    assert robot.timestep is not None
    agent = Agent("robot_0", Nothing(robot), noise=0.0)
    timing = {"timestep": robot.timestep, "substeps": robot.substeps(robot.timestep, 1), "iterations": 10}
    simulation = Simulation(Scene("alone", "", (agent,), gravity=9.81, friction=1.0, **timing), backend=backend)
    simulation.reset({0: 0})
    return simulation


def drive(simulation: Simulation, action: list[float], seconds: float) -> list[State]:
    simulation.reset({0: 0})
    group, states = simulation.groups[0], []
    for _ in range(round(seconds / simulation.scene.timestep)):
        simulation.step([np.array(action)[None, None]])
        states.append(group.state.copy().at((0, 0)))
    return states


def speed(state: State) -> float:
    return float(np.hypot(*state.velocity[:2]))


@pytest.mark.parametrize(
    ("name", "mass", "period", "motors"),
    [("point", 5.189, 0.02, 2), ("car", 30.445, 0.04, 2), ("doggo", 39.68, 0.1, 12)],
)
def test_masses_are_a_thousand_times_those_of_safety_gym(name: str, mass: float, period: float, motors: int) -> None:
    robot = load_robot(name)
    assert robot.mass == pytest.approx(mass, rel=2e-3)
    assert (robot.timestep, len(robot.joints)) == (period, motors)


@pytest.mark.parametrize(("action", "target"), [(0.01, 0.3), (0.02, 0.6), (0.03, 0.9), (0.05, 1.5), (1.0, 1.5)])
def test_a_point_is_as_fast(action: float, target: float) -> None:
    assert speed(drive(simulate("point"), [action, 0.0], 4.0)[-1]) == pytest.approx(target, rel=0.03)


def test_a_point_gains_speed_and_coasts_as_there() -> None:
    simulation = simulate("point")
    speeds = [speed(state) for state in drive(simulation, [1.0, 0.0], 4.0)]
    assert 0.02 * (1 + np.argmax(np.array(speeds) > 0.632 * speeds[-1])) == pytest.approx(0.52, abs=0.021)
    start = simulation.groups[0].state.position[0, 0, 0].item()
    for _ in range(250):
        simulation.step([np.zeros((1, 1, 2))])
    assert simulation.groups[0].state.position[0, 0, 0] - start == pytest.approx(0.78, rel=0.03)


@pytest.mark.parametrize(("action", "rate"), [(1.0, 3.0), (0.5, 1.5), (-0.2, -0.6), (0.0, 0.0)])
def test_a_point_turns_at_three_radians_a_second(action: float, rate: float) -> None:
    states = drive(simulate("point"), [0.0, action], 0.2)
    assert states[-1].angular_velocity[2] == pytest.approx(rate, rel=0.01)
    assert states[-1].position == pytest.approx([0.0, 0.0, 0.1], abs=0.02)  # its nose pulls it along


def test_a_point_drives_where_its_nose_points() -> None:
    simulation = simulate("point")
    assert speed(drive(simulation, [1.0, 1.0], 4.0)[-1]) == pytest.approx(0.86, rel=0.02)  # on a circle
    for _ in range(100):
        simulation.step([np.array([[[1.0, 0.0]]])])
    forward, left, _ = simulation.groups[0].state.velocity[0, 0]
    assert forward == pytest.approx(1.48, rel=0.02)
    assert abs(left) < 0.05


def test_both_backends_drive_a_point_alike() -> None:
    rows = [drive(simulate("point", backend), [0.3, 0.7], 0.5)[-1].array for backend in ("native", "python")]
    assert np.array_equal(*rows)


@pytest.mark.parametrize(
    ("action", "target", "off"),
    [(0.002, 0.067, 0.02), (0.005, 0.168, 0.02), (0.01, 0.335, 0.02), (0.015, 0.552, 0.06), (1.0, 0.781, 0.07)],
)
def test_a_car_is_as_fast_and_drives_toward_its_front(action: float, target: float, off: float) -> None:
    states = drive(simulate("car"), [action, action], 6.0)
    assert speed(states[-1]) == pytest.approx(target, rel=off)
    assert states[-1].velocity[1] == pytest.approx(-speed(states[-1]), rel=1e-3)


def test_a_car_reverses_and_turns_about_as_there() -> None:
    simulation = simulate("car")
    assert speed(drive(simulation, [-1.0, -1.0], 6.0)[-1]) == pytest.approx(0.75, rel=0.12)
    for action, rate, off in (([1.0, -1.0], 1.36, 0.4), ([1.0, 0.0], 0.64, 0.1), ([0.0, 1.0], -0.64, 0.1)):
        rates = [state.angular_velocity[2] for state in drive(simulation, action, 8.0)]
        assert np.mean(rates[50:]) == pytest.approx(rate, rel=off)  # its ball joint is three hinges, and not as even


def test_a_doggo_rests_and_random_actions_keep_it_up_as_there() -> None:
    simulation = simulate("doggo")
    assert drive(simulation, [0.0] * 12, 6.0)[-1].position[2] == pytest.approx(0.164, abs=0.008)
    rng, upright, heights = np.random.default_rng(0), [], []
    for _ in range(300):
        simulation.step([rng.uniform(-1.0, 1.0, (1, 1, 12))])
        state = simulation.groups[0].state
        upright.append(math.cos(state.roll_pitch[0, 0, 0]) * math.cos(state.roll_pitch[0, 0, 1]))
        heights.append(state.position[0, 0, 2])
    assert np.mean(upright) == pytest.approx(0.95, abs=0.04)
    assert np.mean(heights) == pytest.approx(0.169, abs=0.015)


def test_a_wrong_steering_is_refused(tmp_path: Path) -> None:
    folder = tmp_path / "assets" / "point"
    shutil.copytree(Path(load_robot("point").model.path).parent, folder)
    card = folder / "point.toml"
    card.write_text(card.read_text().replace('= "turn"', '= "aside"'))
    with pytest.raises(InvalidInput, match=r"point.toml: steering: 'aside' is not a hinge about z"):
        load_robot(card)
