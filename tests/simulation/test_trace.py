"""Terms that the native library computes: the bits of numpy, or else numpy itself."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from stories import step_beside

from roboschool.mdp.state import State
from roboschool.mdp.term import Term, constant
from roboschool.physics.native import program
from roboschool.physics.native.program import Program
from roboschool.scenes.loader import load_scene
from roboschool.simulation.simulation import Simulation
from roboschool.simulation.term_sum import TermSum
from roboschool.simulation.trace import CannotBeTraced, is_repeated, trace_term

SHAPE = (3, 2)
JOINTS = 4
PROPS = 150
HALF = constant([0.5, 0.25, 1.0, 3.0])


def step_of() -> tuple[State, np.ndarray, State, float]:
    previous, state = (State.blank(*SHAPE, joints=JOINTS, feet=2, props=PROPS) for _ in range(2))
    return previous, np.zeros((*SHAPE, JOINTS)), state, 0.25


def term(of: Callable[..., Any], name: str = "term") -> Term:
    return Term(name, 2.0, "of a test", of)


TRACED = {
    "a number of the state": lambda p, a, s, dt: s.upright,
    "one of a vector": lambda p, a, s, dt: s.position[..., 1],
    "some of a vector": lambda p, a, s, dt: s.q[..., 1:].dot(HALF[1:]),
    "a difference": lambda p, a, s, dt: (s.position[..., 0] - p.position[..., 0]) / dt,
    "in place": lambda p, a, s, dt: np.abs(-s.qd, out=s.qd + 0.0).dot(HALF),
    "comparisons": lambda p, a, s, dt: (np.sqrt(np.abs(a)) >= HALF).dot(np.ones(JOINTS)) - 1.0,
    "a sum of a few": lambda p, a, s, dt: s.q.sum(axis=-1),
    "a sum in lanes": lambda p, a, s, dt: s.props.position[..., 1:, 2].sum(axis=-1),
    "a sum in halves": lambda p, a, s, dt: s.props.position[..., :, 0].sum(axis=-1),
    "distances": lambda p, a, s, dt: np.hypot(s.props.position[..., 3, :], s.position).sum(axis=-1),
    "the least and the greatest": lambda p, a, s, dt: np.maximum(np.minimum(s.q, p.q), a).sum(axis=-1),
    "true or false as a number": lambda p, a, s, dt: ((s.q > p.q) * 1.0).sum(axis=-1),
    "numbers first": lambda p, a, s, dt: 1.0 / (2 + s.upright * np.array(0.5)),
    "each world has its own": lambda p, a, s, dt: (s.q * np.arange(12.0).reshape(3, 1, 4)).dot(HALF),
    "each agent has its own": lambda p, a, s, dt: s.upright * np.arange(6.0).reshape(SHAPE),
}
LEFT_TO_NUMPY = {
    "a decision": lambda p, a, s, dt: s.upright if s.upright.any() else p.upright,
    "a loop": lambda p, a, s, dt: sum(column for column in s.position),
    "another function": lambda p, a, s, dt: np.exp(s.upright),
    "an option": lambda p, a, s, dt: np.add(s.upright, 1.0, where=True),
    "a reduction": lambda p, a, s, dt: np.add.reduce(a, axis=-1),
    "booleans": lambda p, a, s, dt: (s.upright > 0.5) * (p.upright > 0.5) + 0.0,
    "a result of booleans": lambda p, a, s, dt: s.upright > 0.5,
    "a constant": lambda p, a, s, dt: np.ones(SHAPE),
    "a vector": lambda p, a, s, dt: (s.q + s.upright[..., None]).dot(HALF),
    "numbers that are not neighbours": lambda p, a, s, dt: s.q[..., ::2].dot(HALF[:2]),
    "long numbers": lambda p, a, s, dt: s.upright * np.longdouble(0.1),
    "a property": lambda p, a, s, dt: s.x_direction[..., 0],
    "long sums": lambda p, a, s, dt: np.concatenate([s.q] * 20, axis=-1).dot(np.arange(80.0)),
}


@pytest.mark.parametrize("name", TRACED)
def test_what_is_traced(name: str) -> None:
    assert is_repeated(term(TRACED[name]), *step_of())


@pytest.mark.parametrize("name", LEFT_TO_NUMPY)
def test_what_is_left_to_numpy(name: str) -> None:
    with np.errstate(all="ignore"):
        assert not is_repeated(term(LEFT_TO_NUMPY[name]), *step_of())


def test_other_bits_are_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    """As on a processor where BLAS adds in another order."""
    difference = term(TRACED["a difference"])
    monkeypatch.setitem(program.CODES, np.divide, program.CODES[np.multiply])
    trace_term(difference, Program(SHAPE), *step_of())
    assert not is_repeated(difference, *step_of())


def test_a_sum_of_both_kinds_has_the_bits_of_numpy() -> None:
    parts = {**TRACED, "another function": LEFT_TO_NUMPY["another function"]}
    terms = [term(of, name) for name, of in parts.items()]
    weights = {name: weight for weight, name in enumerate(parts)}
    plain, native = (TermSum(terms, weights, SHAPE) for _ in range(2))
    previous, action, state, dt = step_of()
    counted = np.ones(SHAPE)
    native.prepare(previous, action, state, dt, counted)
    assert native._fused == {*TRACED}
    rng = np.random.default_rng(0)
    for second in (1.0, 0.0):
        counted[:, 1] = second
        for array in (previous.array, action, state.array):
            array[:] = rng.normal(size=array.shape)
        for sums in (plain, native):
            sums.compute(previous, action, state, dt, counted)
        assert plain.values.tobytes() == native.values.tobytes()
        assert plain.total.tobytes() == native.total.tobytes()
    kept = native.total
    state.array[:] = 1.0
    native.compute(previous, action, state, dt, counted)
    assert kept.tobytes() == plain.total.tobytes() != native.total.tobytes(), "what was returned does not change"


@pytest.mark.parametrize("name", ["race", "humanoid_flagrun_harder", "soccer", "you_shall_not_pass"])
def test_a_batch_has_the_bits_of_its_worlds_alone_with_numpy(name: str) -> None:
    scene = load_scene(name)
    many, alone = Simulation(scene, 2), [Simulation(scene) for _ in range(2)]
    for world, one in enumerate(alone):
        one.reset({0: world})
        for group in one.groups:
            group.rewards._plan = None
            group.observer._native = None
    many.reset({0: 0, 1: 1})
    rng = np.random.default_rng(0)
    for _ in range(10):
        step_beside(many, alone, [rng.uniform(-1, 1, group.shape) for group in many.groups])
    for simulation in (many, *alone):
        simulation.close()


def test_what_cannot_be_traced_says_why() -> None:
    with pytest.raises(CannotBeTraced, match="exp"):
        trace_term(term(LEFT_TO_NUMPY["another function"]), Program(SHAPE), *step_of())


def test_with_the_python_backend_numpy_computes_all() -> None:
    simulation = Simulation(load_scene("hopper"), backend="python")
    assert simulation.groups[0].rewards._plan is None
    simulation.close()
