"""Ends of episodes that the native library finds in the step itself: those of numpy, and no old rule is kept."""

import dataclasses

import numpy as np
import pytest

from roboschool.mdp.state import State
from roboschool.mdp.task import Task
from roboschool.scenes.loader import load_scene
from roboschool.simulation.blank_state import blank_state
from roboschool.simulation.ending import Ending
from roboschool.simulation.simulation import Simulation
from roboschool.tasks.run import Run

SCENE = load_scene("hopper")
ROBOT = SCENE.agents[0].robot
lowest = 0.5  # which a test changes


class Never(Run):
    def terminated(self, state: State) -> np.ndarray:
        return np.zeros(state.upright.shape, dtype=bool)


@dataclasses.dataclass(frozen=True)
class Low(Run):
    low: float = 0.5

    def terminated(self, state: State) -> np.ndarray:
        return self.height(state) < self.low

    def height(self, state: State) -> np.ndarray:
        return state.position[..., 2]


class Named(Run):
    def terminated(self, state: State) -> np.ndarray:
        return state.position[..., 2] < lowest


class Rounded(Run):
    def terminated(self, state: State) -> np.ndarray:
        return np.round(state.upright) == 0.0


class Inherited(Run):
    def terminated(self, state: State) -> np.ndarray:
        return super().terminated(state)


def name_of(task: Task) -> str:
    return type(task).__name__


def ending_of(task: Task) -> Ending:
    return Ending(task, blank_state(SCENE, task, 2))


@pytest.mark.parametrize("task", [Run(ROBOT), Never(ROBOT), Low(ROBOT), Named(ROBOT)], ids=name_of)
def test_what_the_library_computes(task: Task) -> None:
    ending = ending_of(task)
    assert ending.kernel is not None
    assert ending.holds()
    assert not ending.ended.any()


@pytest.mark.parametrize("task", [Rounded(ROBOT), Inherited(ROBOT)], ids=name_of)
def test_what_is_left_to_numpy(task: Task) -> None:
    assert ending_of(task).kernel is None


def test_a_rule_that_changes_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    task = Low(ROBOT)
    endings = {"low": ending_of(task), "named": ending_of(Named(ROBOT)), "fallen": ending_of(Run(ROBOT))}
    object.__setattr__(task, "low", 0.7)
    monkeypatch.setitem(globals(), "lowest", 0.7)
    monkeypatch.setattr(Run, "ends_when_fallen", False, raising=False)
    for name, ending in endings.items():
        assert not ending.holds(), name
        assert ending.kernel is None


def test_a_rule_that_changes_between_steps_is_followed(monkeypatch: pytest.MonkeyPatch) -> None:
    simulation = Simulation(SCENE, 2, backend="native")
    simulation.reset({0: 0, 1: 1})
    idle = [np.zeros(simulation.groups[0].shape)]
    assert not simulation.step(idle).terminated[0].any()
    monkeypatch.setattr(Task, "terminated", lambda task, state: state.upright == 1.0)
    assert simulation.step(idle).terminated[0].all()
    simulation.close()


@pytest.mark.parametrize("name", ["hopper", "inverted_pendulum_swingup", "ants", "dog_velocity"])
def test_who_acts_and_who_has_ended_is_the_same_with_both_backends(name: str) -> None:
    """With worlds that begin new episodes, and others that are paused."""
    both = [Simulation(load_scene(name), 3, backend=backend) for backend in ("python", "native")]
    for simulation in both:
        simulation.reset({0: 0, 1: 1, 2: 2})
    rng = np.random.default_rng(0)
    for step in range(40):
        actions = [rng.uniform(-1, 1, group.shape) for group in both[0].groups]
        reset = [world for world in range(3) if all(not group.active[world].any() for group in both[0].groups)]
        reset = reset or [step // 10 % 3] * (step % 10 == 9)
        paused = [world for world in range(3) if step % 4 == world and world not in reset]
        results = [simulation.step(actions, reset, paused) for simulation in both]
        for one, other in zip(*(simulation.groups for simulation in both), strict=True):
            for part in ("active", "terminated", "counted", "applied", "observation"):
                assert getattr(one, part).tobytes() == getattr(other, part).tobytes(), (step, part)
            assert one.state.array.tobytes() == other.state.array.tobytes()
            assert one.rewards.values.tobytes() == other.rewards.values.tobytes()
        assert (results[0].truncated == results[1].truncated).all()
    for simulation in both:
        simulation.close()
