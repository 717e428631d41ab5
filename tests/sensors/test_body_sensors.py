"""What an inertial unit, a lidar, touch and angles of joints measure, against numbers worked out by hand."""

import math
from typing import Any

import numpy as np
import pytest

from roboschool.mdp.state import State
from roboschool.robots.robot import load_robot
from roboschool.sensors.angles import BallTurn, BallVelocity, find_ball, find_hinges
from roboschool.sensors.imu import Accelerometer, Gyro, Magnetometer, Velocimeter, to_body
from roboschool.sensors.joints import JointAngles
from roboschool.sensors.lidar import Lidar
from roboschool.sensors.touch import Touch

NO_ACTION = np.zeros((1, 1, 0))


def state_at(yaw: float = 0.0, pitch: float = 0.0, roll: float = 0.0, **sizes: int) -> State:
    state = State.blank(1, 1, **sizes)
    state.world_x_direction[:] = -math.sin(yaw), math.cos(yaw)
    state.roll_pitch[:] = roll, pitch
    return state


def matrix(yaw: float, pitch: float, roll: float) -> np.ndarray:
    def about(axis: int, angle: float) -> np.ndarray:
        turn, (one, two) = np.eye(3), [n for n in range(3) if n != axis]
        turn[one, one] = turn[two, two] = math.cos(angle)
        turn[one, two], turn[two, one] = -math.sin(angle), math.sin(angle)
        return turn.T if axis == 1 else turn

    return about(2, yaw) @ about(1, pitch) @ about(0, roll)


def test_vectors_are_turned_by_the_whole_body() -> None:
    turn = 0.7, -0.4, 0.3
    vectors = np.random.default_rng(0).normal(size=(1, 1, 5, 3))
    assert to_body(state_at(*turn), vectors)[0, 0] == pytest.approx(vectors[0, 0] @ matrix(*turn))


def test_a_unit_at_rest_feels_gravity_and_north() -> None:
    state = state_at(math.pi / 2)
    read = [sensor.read(state, NO_ACTION, state, 0.02)[0, 0] for sensor in (Accelerometer(), Gyro(), Velocimeter())]
    assert read[0] == pytest.approx([0.0, 0.0, 9.81])
    assert not np.any(read[1:])
    assert Magnetometer().read(state, NO_ACTION, state, 0.02)[0, 0] == pytest.approx([-0.5, 0.0, 0.0])


def test_acceleration_is_the_change_of_the_velocity_in_the_world() -> None:
    before, after = state_at(0.0), state_at(math.pi / 2)  # it turned left and still moves along +x, faster
    before.velocity[:] = 1.0, 0.0, 0.0
    after.velocity[:] = 0.0, -1.5, 0.0
    assert Accelerometer().read(before, NO_ACTION, after, 0.1)[0, 0] == pytest.approx([0.0, -5.0, 9.81])
    assert Velocimeter().read(before, NO_ACTION, after, 0.1)[0, 0] == pytest.approx([0.0, -1.5, 0.0])


@pytest.mark.parametrize(
    ("points", "seen"),
    [
        ([(1.5, 0.0)], {0: 0.5, 15: 0.5}),  # where bin 0 begins: all of it in the bin before, too
        ([(0.0, 1.5)], {4: 0.5, 3: 0.5}),
        ([(1.5, -1e-18)], {15: 0.5, 0: 0.5}),  # a hair below 0: the end of the last bin
        ([(3.0, 0.0)], {}),
        ([(1.5, 0.0), (0.75, 0.0)], {0: 0.75, 15: 0.75}),  # the nearest counts
        ([(1.5 * math.cos(math.pi / 16), 1.5 * math.sin(math.pi / 16))], {0: 0.5, 1: 0.25, 15: 0.25}),
        ([], {}),
    ],
)
def test_a_lidar_sees_what_is_near_in_bins(points: list[Any], seen: dict[int, float]) -> None:
    state = state_at(0.5)
    c, s = math.cos(0.5), math.sin(0.5)
    state.position[:] = 1.0, 2.0, 0.3
    turned = [(1.0 + c * x - s * y, 2.0 + s * x + c * y, 0.0) for x, y in points]
    lidar = Lidar("thing", lambda state: np.array(turned, dtype=float).reshape(1, 1, -1, 3))
    expected = np.zeros(16)
    for place, value in seen.items():
        expected[place] = value
    assert lidar.read(state, NO_ACTION, state, 0.02)[0, 0] == pytest.approx(expected, abs=1e-6)
    hidden = Lidar("thing", lidar.points, lambda state: np.zeros((1, 1)))
    assert not hidden.read(state, NO_ACTION, state, 0.02).any()


def test_a_lidar_sees_in_every_world_and_for_every_robot_alone() -> None:
    rng = np.random.default_rng(1)
    state = State.blank(3, 2)
    state.position[:], points = rng.normal(size=(3, 2, 3)), rng.normal(size=(3, 2, 4, 3))
    state.world_x_direction[..., 1] = 1.0
    together = Lidar("thing", lambda _: points).read(state, NO_ACTION, state, 0.02)
    for place in np.ndindex(3, 2):
        rows = tuple(slice(n, n + 1) for n in place)
        one = state.at(rows)
        alone = Lidar("thing", lambda _, rows=rows: points[rows]).read(one, NO_ACTION, one, 0.02)
        assert np.array_equal(alone, together[rows])


def test_a_doggo_feels_its_joints_and_its_feet() -> None:
    robot = load_robot("doggo")
    places = find_hinges(robot)
    names = [robot.joints[place].name for place in places]
    assert names == [*(f"ankle_{n}" for n in range(1, 5)), *(f"hip_{n}_{a}" for n in range(1, 5) for a in "yz")]
    state = state_at(joints=12, feet=8)
    state.q[:] = np.linspace(-1.0, 1.0, 12)
    numbers = JointAngles(tuple(places)).read(state, NO_ACTION, state, 0.1)[0, 0]
    assert numbers[::2] == pytest.approx(np.sin(state.q[0, 0, places]))
    assert numbers[1::2] == pytest.approx(np.cos(state.q[0, 0, places]))
    state.foot_contacts[..., 1], state.foot_obstacle_contacts[..., 2] = 1.0, 1.0
    assert Touch().read(state, NO_ACTION, state, 0.1)[0, 0].tolist() == [0, 1, 1, 0, 0, 0, 0, 0]


def test_the_turn_and_the_spin_of_a_ball_follow_from_its_hinges() -> None:
    place = find_ball(load_robot("car"))
    assert place == 0
    assert find_ball(load_robot("humanoid")) is None
    state, later, dt = state_at(passive_joints=3), state_at(passive_joints=3), 1e-6
    state.passive_q[:], state.passive_qd[:] = (0.4, -0.7, 1.1), (0.3, 0.5, -0.9)
    later.passive_q[:] = state.passive_q + dt * state.passive_qd
    turn, after = (BallTurn(place).read(each, NO_ACTION, each, 0.04)[0, 0].reshape(3, 3) for each in (state, later))
    assert turn == pytest.approx(matrix(0.4, -0.7, 1.1))
    rate = turn.T @ (after - turn) / dt  # of the turn, in the frame of the ball: a skew matrix
    measured = BallVelocity(place).read(state, NO_ACTION, state, 0.04)[0, 0]
    assert measured == pytest.approx([rate[2, 1], rate[0, 2], rate[1, 0]], abs=1e-4)
