"""The native backend: the bits of the reference, and what happens where it cannot run or something breaks."""

import ctypes
import os
import subprocess
import sys
import warnings
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
from folders import ROOT
from random_bodies import Twins, random_scene
from stories import TYPICAL

from roboschool import system_info
from roboschool.errors import InvalidInput
from roboschool.physics import selection
from roboschool.physics.backend import PythonBackend, Readings
from roboschool.physics.checkpoint import Start
from roboschool.physics.native import backend as native_backend
from roboschool.physics.native import library
from roboschool.physics.native.backend import NativeBackend
from roboschool.physics.native.library import Library, NoNativeBackend
from roboschool.physics.native.world import NativeWorld
from roboschool.scenes.loader import load_scene
from roboschool.simulation.simulation import Simulation

STEPS = 300
FEW = 20  # random bodies; `make test-extras` has more


@pytest.mark.parametrize("name", TYPICAL)
def test_every_scene_has_the_same_bits_with_both_backends(name: str) -> None:
    twins = Twins(load_scene(name))
    twins.live(7, STEPS)
    twins.close()


@pytest.mark.parametrize("seed", range(FEW))
def test_random_bodies_have_the_same_bits_with_both_backends(seed: int, tmp_path: Path) -> None:
    twins = Twins(random_scene(tmp_path, seed))
    twins.live(seed, 40)
    twins.close()


def test_threads_that_step_worlds_of_one_backend_give_the_same_bits() -> None:
    """The library keeps nothing for itself, and ctypes lets other threads run meanwhile."""
    scene, count = load_scene("mixed_sumo"), 6
    one, other = (Simulation(scene, count) for _ in range(2))
    for simulation in (one, other):
        simulation.reset({world: world for world in range(count)})

    def step(commands: list[np.ndarray], worlds: range) -> None:
        other.backend.step(commands, worlds, other._readings)

    rng = np.random.default_rng(0)
    with ThreadPoolExecutor(3) as threads:
        for _ in range(60):
            commands = [rng.uniform(-20.0, 20.0, group.commands[:, 0].shape) for group in one.groups]
            one.backend.step(commands, range(count), one._readings)
            shares = [range(part, count, 3) for part in range(3)]
            list(threads.map(step, [commands] * 3, shares))
    for ours, theirs in zip(one.groups, other.groups, strict=True):
        assert ours.state.array.tobytes() == theirs.state.array.tobytes()
    assert [world.log for world in one.worlds] == [world.log for world in other.worlds]
    one.close()
    other.close()


def test_a_number_that_is_not_finite_breaks_one_world_until_its_exact_next_episode() -> None:
    simulation = Simulation(load_scene("soccer"), 2, backend="native")
    simulation.reset({0: 3, 1: 4})
    backend, readings = simulation.backend, simulation._readings
    before = [group.state.array.copy() for group in simulation.groups]
    commands = [group.commands[:, place].copy() for group, place in simulation.seats]
    commands[0][1, 0] = np.nan
    backend.step(commands, [0, 1], readings)
    assert backend.diverged == simulation.clock.diverged == {1}
    simulation.reset({0: 3, 1: 4})
    assert not simulation.clock.diverged
    assert all(np.array_equal(then, group.state.array) for then, group in zip(before, simulation.groups, strict=True))
    simulation.close()


def test_a_closed_world_is_an_error_and_nothing_moves() -> None:
    simulation = Simulation(load_scene("hopper"), 2, backend="native")
    simulation.reset({0: 0, 1: 1})
    before = simulation.worlds[0].capture()
    simulation.worlds[1].close()
    with pytest.raises(RuntimeError, match="closed"):
        simulation.step([np.zeros((2, 1, 3))])
    with pytest.raises(RuntimeError, match="closed"):
        simulation.worlds[1].step([[0.0] * 3])
    assert simulation.worlds[0].capture() == before
    simulation.close()


def run(code: str, **env: str) -> str:
    """Run code in another process; return what it says."""
    command = [sys.executable, "-W", "error", "-c", code]
    done = subprocess.run(
        command, capture_output=True, text=True, check=False, cwd=ROOT / "tests", env=os.environ | env
    )
    assert done.returncode == 0, done.stderr
    return done.stdout + done.stderr


def test_a_fork_goes_on_as_its_parent() -> None:
    """Both own the worlds then, each its own copy."""
    code = """
import os, sys, stories
simulation = stories.Simulation(stories.load_scene("ant"))
stories.tell(simulation, steps=20)
child = os.fork()
if child:
    assert os.waitpid(child, 0)[1] == 0
print(stories.tell(simulation, steps=20, go_on=True))
"""
    one, two = run(code).split()
    assert one == two


def test_a_process_ends_quietly_with_worlds_alive() -> None:
    code = """
import roboschool
envs = [roboschool.AgentEnv("hopper"), roboschool.VectorEnv("ant", 2)]
for env in envs:
    env.reset(seed=0)
"""
    assert run(code) == ""


BUSY = """
import threading, time, stories
simulation = stories.Simulation(stories.load_scene("humanoid"), 16)
simulation.reset(dict.fromkeys(range(16), 0))
actions = [group.applied for group in simulation.groups]
said, begun = [], threading.Event()
def step():
    try:
        while True:
            simulation.step(actions)
            begun.set()
    except Exception as error:
        said.append(str(error))
thread = threading.Thread(target=step, daemon=True)
thread.start()
begun.wait()
"""


def test_a_world_is_closed_when_the_thread_that_steps_it_is_done() -> None:
    code = BUSY + "simulation.backend.close(); thread.join(); print(*said)"
    assert run(code) == "scene 'humanoid': a world has been closed\n"


def test_a_process_ends_quietly_while_a_thread_steps() -> None:
    for _ in range(3):
        assert run(BUSY) == ""


def test_a_fork_while_a_thread_steps_may_end_and_its_parent_goes_on() -> None:
    code = f"""{BUSY}
import os, sys
for _ in range(5):
    child = os.fork()
    if not child:
        simulation.close()
        sys.exit(3)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 3
assert thread.is_alive()
"""
    assert run(code) == ""


def test_two_threads_do_not_step_one_world_at_a_time() -> None:
    code = (
        BUSY
        + """
refused = 0
while not refused:
    try:
        simulation.backend.read(0, simulation._readings)
    except RuntimeError as error:
        assert "another thread" in str(error)
        refused += 1
    if said:
        assert "another thread" in said[0]
        refused += 1
"""
    )
    assert run(code) == ""


def test_the_variable_chooses_a_backend() -> None:
    code = """
from roboschool.scenes.loader import load_scene
from roboschool.simulation.simulation import Simulation
print(Simulation(load_scene("hopper")).backend.name)
"""
    assert run(code, ROBOSCHOOL_BACKEND="python") == "python\n"
    assert run(code, ROBOSCHOOL_BACKEND="native") == run(code, ROBOSCHOOL_BACKEND="") == "native\n"


def test_an_unknown_backend_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(InvalidInput, match="'nativ'; did you mean 'native'"):
        Simulation(load_scene("hopper"), backend="nativ")
    monkeypatch.setenv("ROBOSCHOOL_BACKEND", "pyhton")
    with pytest.raises(InvalidInput, match=r"ROBOSCHOOL_BACKEND: .* did you mean 'python'"):
        Simulation(load_scene("hopper"))


def falls_back(why: str) -> None:
    """Check that the reference runs instead, with one warning, and that nothing runs if native is asked for."""
    scene = load_scene("hopper")
    selection._warn.cache_clear()
    with pytest.warns(RuntimeWarning, match=why):
        simulation = Simulation(scene)
    assert isinstance(simulation.backend, PythonBackend)
    assert simulation.backend.name == "python"
    simulation.close()
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        Simulation(scene).close()
        Simulation(scene, backend="python").close()
    with pytest.raises(NoNativeBackend, match=why):
        Simulation(scene, backend="native")


@pytest.fixture
def other_library(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    """Load the library anew, from where the test says."""
    monkeypatch.setattr(native_backend, "load_library", lambda: Library(library.PATH))
    monkeypatch.setattr(selection, "load_library", lambda: Library(library.PATH))
    return monkeypatch


def test_without_the_library_the_reference_runs(other_library: pytest.MonkeyPatch, tmp_path: Path) -> None:
    other_library.setattr(library, "PATH", tmp_path / "step.so")
    falls_back("is not there")
    assert selection.default_backend()[0] == "python"
    library.PATH.write_text("no library")
    falls_back("cannot be loaded")


def test_another_version_of_the_library_is_refused(other_library: pytest.MonkeyPatch) -> None:
    class Longer(ctypes.Structure):
        _fields_ = [*library.Robot._fields_, ("more", ctypes.c_double)]

    other_library.setattr(library, "Robot", Longer)
    falls_back("another version")


def test_a_bullet_without_the_functions_is_refused(other_library: pytest.MonkeyPatch) -> None:
    other_library.setattr(library, "FUNCTIONS", (*library.FUNCTIONS[:-1], "b3NotThere"))
    falls_back("lacks a function")


def test_another_version_of_bullet_is_refused(other_library: pytest.MonkeyPatch) -> None:
    other_library.setattr(library.bullet, "getAPIVersion", lambda: 1)
    falls_back("for version 202010061 of Bullet, not 1")


def test_a_plugin_that_bullet_does_not_take_is_refused_in_its_words(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(library, "PLUGIN", "_another")
    falls_back("as a plugin: .*bind functions")


def test_other_bits_are_noticed_before_anything_is_computed(monkeypatch: pytest.MonkeyPatch) -> None:
    """As if a structure of Bullet had another layout."""
    describe = NativeWorld._describe

    def swap(world: NativeWorld) -> None:
        describe(world)
        robot = world.robots[0]
        robot.driven_u[0], robot.driven_u[1] = robot.driven_u[1], robot.driven_u[0]

    monkeypatch.setattr(NativeWorld, "_describe", swap)
    falls_back("other bits")


def test_trying_the_library_out_leaves_nothing_behind() -> None:
    backend = NativeBackend([load_scene("pong")] * 2)
    assert backend.diverged == set()
    assert backend.worlds[0].log.start == Start(())
    assert backend.worlds[0].log.steps == len(backend.worlds[0].log.commands) == 0
    backend.close()
    backend.close()


def test_arrays_of_any_stride_are_written() -> None:
    """Physics writes into columns of larger arrays, and touches no others."""
    simulation = Simulation(load_scene("hopper"), 3, backend="native")
    simulation.reset({0: 0, 1: 1, 2: 2})
    large = np.full((3, 2, simulation.groups[0].state.array.shape[-1] + 4), 7.0)
    simulation.backend.read(1, Readings([large[:, 1]]))
    written = simulation.worlds[0].robots[0].at.end
    assert np.array_equal(large[1, 1, :written], simulation.groups[0].state.array[1, 0, :written])
    large[1, 1, :written] = 7.0
    assert (large == 7.0).all()
    simulation.close()


def test_info_says_which_backend_runs() -> None:
    said = subprocess.run([sys.executable, "-m", "roboschool.cli", "info"], capture_output=True, text=True, check=True)
    lines = dict(line.split(maxsplit=1) for line in said.stdout.splitlines())
    assert lines["backend"] == "native"
    assert lines["roboschool"] == system_info.version("roboschool")
