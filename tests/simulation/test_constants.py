"""Terms that reach what can change are left to numpy, or noticed when it does: no program keeps an old value."""

import dataclasses
import time
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from roboschool.mdp.state import State
from roboschool.mdp.term import Term, constant
from roboschool.simulation.constants import Constants
from roboschool.simulation.term_sum import TermSum

SHAPE = (2, 1)
READ_ONLY = constant([2.0, 3.0])
level: Any = 2.0  # which a test changes


@dataclasses.dataclass(frozen=True)
class Frozen:
    part: Any

    @property
    def doubled(self) -> Any:
        return self.part * 2.0

    def times(self, value: Any) -> Any:
        return value * self.part


@dataclasses.dataclass(frozen=True)
class Counting(Frozen):
    def times(self, value: Any) -> Any:
        return value * CHANGING[0]


class Plain:
    part = 2.0


def term_with(reached: Any) -> Callable[..., Any]:
    return lambda previous, action, state, dt: state.upright * reached


def importing(previous: Any, action: Any, state: Any, dt: float) -> Any:
    import math

    return state.upright * math.pi


def imported(previous: Any, action: Any, state: Any, dt: float) -> Any:
    return state.upright * time.time()


def with_default(previous: Any, action: Any, state: Any, dt: float, factors: Any = []) -> Any:  # noqa: B006
    return state.upright


CHANGING = np.ones(2)
VIEW = CHANGING[:]
VIEW.flags.writeable = False
CONSTANT = [2.0, "word", None, np.float64(2.0), READ_ONLY, READ_ONLY[:1], (1.0, READ_ONLY), Frozen(READ_ONLY)]
CONSTANT += [term_with(2.0), Frozen(2.0).times, np.add, np]
CHANGEABLE = [CHANGING, VIEW, [2.0], {"a": 2.0}, Plain(), Plain, Frozen([2.0]), Counting(2.0), (1.0, CHANGING)]
CHANGEABLE += [time, term_with([2.0]), Frozen([2.0]).times, np.random.default_rng(0), np.array([None]), iter((1.0,))]


@pytest.mark.parametrize("reached", CONSTANT, ids=lambda value: type(value).__name__)
def test_what_cannot_change(reached: Any) -> None:
    assert Constants().reach(term_with(reached))


@pytest.mark.parametrize("reached", CHANGEABLE, ids=lambda value: type(value).__name__)
def test_what_can_change(reached: Any) -> None:
    constants = Constants()
    assert not constants.reach(term_with(reached))
    assert constants.hold(), "it is of no interest when it does"


@pytest.mark.parametrize("function", [importing, imported, with_default, Plain()])
def test_functions_that_may_be_another_next_time(function: Any) -> None:
    assert not Constants().reach(function)


def values_after_a_change(of: Callable[..., Any], change: Callable[[], None]) -> list[float]:
    """Return what a term is worth before and after a change, as the native library or numpy computes it."""
    previous, state = (State.blank(*SHAPE) for _ in range(2))
    action, sums = np.zeros((*SHAPE, 0)), TermSum([Term("term", 1.0, "of a test", of)], {}, SHAPE)
    counted = np.ones(SHAPE)
    sums.prepare(previous, action, state, 0.25, counted)
    state.upright[:] = 1.0
    values = []
    for _ in range(2):
        sums.compute(previous, action, state, 0.25, counted)
        values.append(float(sums.total[1, 0]))
        change()
    return values


def test_a_curriculum_that_writes_to_an_array_is_followed() -> None:
    factor = np.array(2.0)

    def harder() -> None:
        factor[...] = 3.0

    assert values_after_a_change(term_with(factor), harder) == [2.0, 3.0]


def test_a_curriculum_that_changes_a_name_is_followed(monkeypatch: pytest.MonkeyPatch) -> None:
    share = 2.0

    def harder() -> None:
        nonlocal share
        share = 3.0

    assert values_after_a_change(lambda p, a, s, dt: s.upright * share, harder) == [2.0, 3.0]
    harder_module = lambda: monkeypatch.setitem(globals(), "level", 3.0)  # noqa: E731
    assert values_after_a_change(lambda p, a, s, dt: s.upright * level, harder_module) == [2.0, 3.0]


def test_a_curriculum_that_sets_weights_is_followed() -> None:
    previous, state = (State.blank(*SHAPE) for _ in range(2))
    action = np.zeros((*SHAPE, 0))
    native, plain = (TermSum([Term("term", 1.0, "of a test", lambda p, a, s, dt: s.upright)], {}, SHAPE) for _ in "ab")
    counted = np.ones(SHAPE)
    native.prepare(previous, action, state, 0.25, counted)
    state.upright[:] = 1.0
    for sums in (native, plain):
        sums.weights[:] = 3.0
        sums.compute(previous, action, state, 0.25, counted)
        assert sums.total.tolist() == [[3.0], [3.0]]


def test_terms_of_shipped_tasks_stay_native() -> None:
    from roboschool.scenes.loader import load_scene
    from roboschool.simulation.simulation import Simulation

    simulation = Simulation(load_scene("hopper"))
    rewards = simulation.groups[0].rewards
    assert rewards._fused == {*rewards.names}
    simulation.close()


def test_a_curriculum_is_followed_where_the_library_computes_in_the_step(monkeypatch: pytest.MonkeyPatch) -> None:
    from roboschool.scenes.loader import load_scene
    from roboschool.simulation.simulation import Simulation
    from roboschool.tasks import run

    native, plain = (Simulation(load_scene("hopper"), 2, backend=backend) for backend in ("native", "python"))
    assert native._kernels[0]
    for simulation in (native, plain):
        simulation.reset({0: 0, 1: 1})
    for step in range(6):
        if step == 3:
            monkeypatch.setattr(run, "AT_LIMIT", constant(-2.0))  # every joint is at its limit
        actions = [np.full(group.shape, 0.5) for group in native.groups]
        (one,), (other,) = (simulation.step(actions).rewards for simulation in (native, plain))
        assert one.tobytes() == other.tobytes()
    assert native.groups[0].rewards.by_name(0, 0)["limits"] == pytest.approx(-0.6)
    native.close()
    plain.close()
