"""Nothing leaks: memory over many episodes and rebuilds, Bullet clients of worlds nobody closed."""

import gc
import resource
from collections.abc import Callable

import numpy as np
import pybullet
import pytest

import roboschool
from roboschool.scenes.loader import load_scene
from roboschool.simulation.simulation import Simulation

MEBIBYTE = 2**20


def resident() -> int:
    """Memory in use now [bytes]."""
    with open("/proc/self/statm") as file:
        return int(file.read().split()[1]) * resource.getpagesize()


def growth(call: Callable[[], None], times: int) -> int:
    """How much memory grows over many calls, after as many to warm up [bytes]."""
    sizes = []
    for _ in range(2):
        for _ in range(times):
            call()
        gc.collect()
        sizes.append(resident())
    return sizes[1] - sizes[0]


@pytest.mark.parametrize("name", ["ant", "humanoid"])
def test_episodes_leave_nothing_behind(name: str) -> None:
    simulation = Simulation(load_scene(name))

    def episode() -> None:
        simulation.reset({0: None})
        simulation.activate_all()
        simulation.step([np.ones(group.shape) for group in simulation.groups])

    assert growth(episode, 3000) < MEBIBYTE
    simulation.close()


@pytest.mark.slow
def test_rebuilt_worlds_leave_nothing_behind() -> None:
    simulation = Simulation(load_scene("ant"))

    def rebuild() -> None:
        simulation.clock.diverged.add(0)
        simulation.reset({0: None})

    assert growth(rebuild, 60) < 2 * MEBIBYTE
    simulation.close()


@pytest.mark.slow
def test_saved_states_leave_nothing_behind() -> None:
    simulation = Simulation(load_scene("ant"))
    simulation.reset({0: 0})

    def there_and_back() -> None:
        simulation.load(simulation.save())

    assert growth(there_and_back, 1000) < MEBIBYTE
    simulation.close()


def test_worlds_nobody_closed_are_freed() -> None:
    """Bullet has room for 1024 clients; each costs 30 MiB."""

    def forget() -> int:
        env = roboschool.AgentEnv("hopper")
        env.reset(seed=0)
        return env.simulation.worlds[0].client

    clients = {forget() for _ in range(5)}
    gc.collect()
    assert len(clients) == 1, "the client of a forgotten env serves the next"
    assert not pybullet.isConnected(clients.pop())
