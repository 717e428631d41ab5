"""Robots that decide less often than their world steps: an action holds for some timesteps."""

import dataclasses

import numpy as np
import pytest

from roboschool.scenes.loader import load_scene
from roboschool.scenes.scene import Scene
from roboschool.simulation.simulation import Simulation


def scene_with(*holds: int) -> Scene:
    scene = load_scene("two_goals")
    agents = tuple(dataclasses.replace(agent, hold=hold) for agent, hold in zip(scene.agents, holds, strict=True))
    return dataclasses.replace(scene, agents=agents)


def run(scene: Scene, actions: np.ndarray) -> np.ndarray:
    """Return what both robots observe after each step."""
    simulation = Simulation(scene)
    simulation.reset({0: 3})
    rows = []
    for action in actions:
        simulation.step([np.broadcast_to(action, group.shape) for group in simulation.groups])
        rows.append(np.concatenate([group.observation.ravel() for group in simulation.groups]))
    simulation.close()
    return np.array(rows)


def test_what_is_asked_for_in_between_is_ignored() -> None:
    rng = np.random.default_rng(0)
    asked = rng.uniform(-1.0, 1.0, (12, 2))
    held = asked[np.arange(12) // 3 * 3]
    assert np.array_equal(run(scene_with(3, 3), asked), run(scene_with(1, 1), held))
    assert not np.array_equal(run(scene_with(3, 3), asked), run(scene_with(1, 1), asked))


def test_each_robot_holds_for_its_own_time() -> None:
    simulation = Simulation(scene_with(1, 2))
    simulation.reset({0: 0})
    applied = []
    for step in range(1, 6):
        simulation.step([np.full(group.shape, 0.1 * step) for group in simulation.groups])
        applied.append([float(group.applied[0, 0, 0]) for group in simulation.groups])
    assert pytest.approx(np.array([[0.1, 0.2, 0.3, 0.4, 0.5], [0.1, 0.1, 0.3, 0.3, 0.5]])) == np.array(applied).T
    simulation.step([np.full(group.shape, 0.9) for group in simulation.groups], reset=[0])
    simulation.step([np.full(group.shape, 0.7) for group in simulation.groups])  # an episode begins with a decision
    assert float(simulation.groups[1].applied[0, 0, 0]) == pytest.approx(0.7)
    simulation.close()


def test_a_state_that_is_saved_in_between_goes_on_to_the_same_bits() -> None:
    rng, scene = np.random.default_rng(1), scene_with(2, 5)
    simulation, other = Simulation(scene), Simulation(scene)
    for each in (simulation, other):
        each.reset({0: 0})
    for _ in range(3):
        simulation.step([rng.uniform(-1.0, 1.0, group.shape) for group in simulation.groups])
    other.load(simulation.save())
    for _ in range(6):
        action = rng.uniform(-1.0, 1.0, 2)
        for each in (simulation, other):
            each.step([np.broadcast_to(action, group.shape) for group in each.groups])
        for one, two in zip(simulation.groups, other.groups, strict=True):
            assert np.array_equal(one.observation, two.observation)
    simulation.close()
    other.close()
