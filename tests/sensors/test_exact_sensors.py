"""A scene with all sensors at once, on rough ground, in changing conditions: the same bits wherever it runs."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from folders import TESTS
from sensors.scenes_of_sensors import EVERYTHING
from stories import tell

from roboschool.scenes.loader import load_scene
from roboschool.simulation.simulation import Simulation

STEPS = 60


@pytest.fixture(scope="module")
def path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The file of the scene."""
    file = tmp_path_factory.mktemp("scenes") / "everything.toml"
    file.write_text(EVERYTHING)
    return file


@pytest.fixture(scope="module")
def fresh(path: Path) -> str:
    """Its hash in a fresh process, by pybullet's own calls."""
    script = (
        "import sys; from stories import tell; from roboschool.scenes.loader import load_scene; "
        "from roboschool.simulation.simulation import Simulation; "
        f"print(tell(Simulation(load_scene(sys.argv[1]), backend='python'), steps={STEPS}))"
    )
    command = [sys.executable, "-c", script, str(path)]
    return subprocess.run(command, capture_output=True, text=True, check=True, cwd=TESTS).stdout.strip()


def test_it_is_exact_in_a_fresh_process_and_after_a_rough_episode(path: Path, fresh: str) -> None:
    simulation = Simulation(load_scene(path))
    tell(simulation, 1, 33)
    assert tell(simulation, steps=STEPS) == fresh
    simulation.close()


@pytest.mark.parametrize("threads", [1, 2])
def test_it_is_exact_in_a_batch(path: Path, fresh: str, threads: int) -> None:
    simulation = Simulation(load_scene(path), worlds=3, threads=threads)
    tell(simulation, 5, 7)
    assert tell(simulation, steps=STEPS, world=1) == fresh
    simulation.close()


def test_it_goes_on_exactly_after_it_is_saved(path: Path) -> None:
    first, second = Simulation(load_scene(path)), Simulation(load_scene(path))
    tell(first, 3, 20)
    saved = first.save()
    second.reset({0: 9})
    second.load(saved)
    for one, other in zip(first.groups, second.groups, strict=True):
        assert np.array_equal(one.state.own, other.state.own)
    assert tell(first, 4, 30, go_on=True) == tell(second, 4, 30, go_on=True)
    first.close()
    second.close()


def test_a_pause_changes_nothing(path: Path) -> None:
    scene = load_scene(path)
    paused, going = Simulation(scene), Simulation(scene)
    for simulation in (paused, going):
        simulation.reset({0: 2})
    idle = [np.zeros(group.shape) for group in paused.groups]
    for number in range(12):
        going.step(idle)
        paused.step(idle)
        if number % 3 == 0:
            paused.step(idle, paused=[0])
    for one, other in zip(paused.groups, going.groups, strict=True):
        assert one.state.own.tobytes() == other.state.own.tobytes()
    paused.close()
    going.close()
