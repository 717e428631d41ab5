"""A lidar of rays: surfaces of cylinders, seen along each ray."""

import dataclasses
import math
from typing import Any

import numpy as np
import pytest

from roboschool.mdp.state import State
from roboschool.scenes.loader import load_scene
from roboschool.sensors.ray_lidar import RayLidar
from roboschool.simulation.simulation import Simulation

NO_ACTION = np.zeros((1, 1, 2))


def state_at(turn: float) -> State:
    state = State.blank(1, 1)
    state.world_x_direction[..., 0], state.world_x_direction[..., 1] = -math.sin(turn), math.cos(turn)
    state.position[:] = 1.0, 2.0, 0.3
    return state


@pytest.mark.parametrize(
    ("points", "radii", "seen"),
    [
        ([(2.0, 0.0)], [0.5], {0: 1.5}),
        ([(0.0, 2.0)], [0.5], {4: 1.5}),
        ([(-2.0, 0.1)], [0.5], {8: 2.0 - math.sqrt(0.25 - 0.01)}),
        ([(2.0, 0.0), (1.0, 0.0)], [0.5, 0.25], {0: 0.75}),  # the nearer hides the other
        ([(2.0, 0.4)], [0.25], {}),  # between rays 0 and 1
        ([(4.0, 0.0)], [0.5], {}),  # out of reach
        ([(0.1, 0.0)], [0.5], dict.fromkeys(range(16), 0.0)),  # it stands in it
        ([], [], {}),
    ],
)
def test_it_sees_surfaces(points: list[Any], radii: list[float], seen: dict[int, float]) -> None:
    state, c, s = state_at(0.5), math.cos(0.5), math.sin(0.5)
    turned = [(1.0 + c * x - s * y, 2.0 + s * x + c * y, 0.0) for x, y in points]
    lidar = RayLidar("thing", lambda _: np.array(turned, dtype=float).reshape(1, 1, -1, 3), tuple(radii))
    expected = np.zeros(16)
    for ray, distance in seen.items():
        expected[ray] = 1.0 - distance / 3.0
    assert lidar.read(state, NO_ACTION, state, 0.02)[0, 0] == pytest.approx(expected, abs=1e-6)
    hidden = RayLidar("thing", lidar.points, tuple(radii), lambda _: np.zeros((1, 1)))
    assert not hidden.read(state, NO_ACTION, state, 0.02).any()


def test_it_sees_for_every_robot_alone() -> None:
    rng, state = np.random.default_rng(1), State.blank(3, 2)
    state.position[:], points = rng.normal(size=(3, 2, 3)), rng.normal(size=(3, 2, 4, 3))
    state.world_x_direction[..., 1] = 1.0
    together = RayLidar("thing", lambda _: points, (0.5, 0.2, 0.3, 0.1)).read(state, NO_ACTION, state, 0.02)
    assert together.any()
    for place in np.ndindex(3, 2):
        rows = tuple(slice(n, n + 1) for n in place)
        one = state.at(rows)
        alone = RayLidar("thing", lambda _, rows=rows: points[rows], (0.5, 0.2, 0.3, 0.1))
        assert np.array_equal(alone.read(one, NO_ACTION, one, 0.02), together[rows])


@pytest.mark.parametrize("scene", ["point_goal1", "car_button1", "circle", "two_goals"])
def test_a_task_has_rays_if_it_is_told(scene: str) -> None:
    loaded = load_scene(scene)
    agents = tuple(
        dataclasses.replace(agent, task=dataclasses.replace(agent.task, rays=True)) for agent in loaded.agents
    )
    simulation = Simulation(dataclasses.replace(loaded, agents=agents))
    simulation.reset({0: 0})
    names = [str(field) for field in simulation.groups[0].observer.fields]
    assert len(names) == len(loaded.interface(loaded.agents[0]).fields)
    assert any(", at 22.5 deg" in name for name in names)
    simulation.close()
