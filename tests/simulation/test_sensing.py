"""What the native library senses, gathers and commands has the bits of numpy."""

import numpy as np
import pytest

from roboschool.scenes.loader import load_scene
from roboschool.simulation.simulation import Simulation

STEPS = 25
NATIVE = ("car_goal2", "doggo_push1", "point_button2", "eight_goals")  # every sensor, several robots, a choice


@pytest.mark.parametrize("name", [*NATIVE, "run", "circle"])
def test_both_backends_have_the_same_bits(name: str) -> None:
    scene, found = load_scene(name), []
    for backend in ("native", "python"):
        simulation, rng = Simulation(scene, 2, backend=backend), np.random.default_rng(0)
        simulation.reset({0: 0, 1: 1})
        numbers = []
        for step in range(STEPS):
            actions = [rng.uniform(-1.0, 1.0, group.shape) for group in simulation.groups]
            result = simulation.step(actions, reset=[1] if step == STEPS // 2 else [])
            numbers += [array.tobytes() for row in (result.observations, result.rewards, result.costs) for array in row]
            numbers += [simulation.game.state.array.tobytes(), *(g.state.array.tobytes() for g in simulation.groups)]
        found.append(numbers)
        simulation.close()
    assert found[0] == found[1]


@pytest.mark.parametrize("name", NATIVE)
def test_no_sensor_is_left_to_numpy(name: str) -> None:
    simulation = Simulation(load_scene(name), 1, backend="native")
    for group in simulation.groups:
        assert group.observer._readers
        assert not group.observer._left
        assert group._acting is not None
    simulation.close()
