"""Records: views of one array, which are written to and never replaced."""

import copy
import pickle

import numpy as np
import pytest

from roboschool.errors import InvalidInput
from roboschool.mdp.record import Record, quantity
from roboschool.mdp.state import State


class Memory(Record):
    """What is remembered."""

    timer: np.ndarray = quantity()
    goal: np.ndarray = quantity(2)


def test_in_place_operations_write_to_the_array() -> None:
    memory = Memory.blank(2, 3)
    memory.timer += 5.0
    memory.timer -= 1.0
    memory.timer[0] = 3.0
    memory.goal *= 2.0
    memory.goal[..., 1] = 7.0
    assert memory.array[0].tolist() == [[3.0, 0.0, 7.0]] * 3
    assert memory.array[1].tolist() == [[4.0, 0.0, 7.0]] * 3
    one = memory.at((1, 2))
    one.timer -= 1.0
    assert memory.array[1, 2].tolist() == [3.0, 0.0, 7.0]


@pytest.mark.parametrize("value", [3, 3.0, np.zeros((2, 3))])
def test_a_view_is_not_replaced(value: object) -> None:
    memory = Memory.blank(2, 3)
    with pytest.raises(InvalidInput, match=r"Memory: timer is a view .* write timer\[\.\.\.\] = value"):
        memory.timer = value
    with pytest.raises(InvalidInput, match="Memory: array is a view"):
        memory.array = np.ones((2, 3, 3))
    with pytest.raises(InvalidInput, match="no quantity 'tmer'; did you mean 'timer'"):
        memory.tmer = value
    assert not memory.array.any()


def test_a_record_within_a_record_is_not_replaced() -> None:
    state = State.blank(1, 1, memory=Memory)
    state.memory.timer += 1.0
    assert state.array[..., -3].item() == 1.0
    with pytest.raises(InvalidInput, match="State: memory is a view"):
        state.memory = Memory.blank(1, 1)


def test_copies_are_whole_records() -> None:
    memory = Memory.blank(2, 3)
    for other in (memory.copy(), copy.copy(memory.copy()), copy.deepcopy(memory), pickle.loads(pickle.dumps(memory))):
        other.timer += 1.0
        assert (other.array[..., 0] == 1.0).all()
    assert not memory.array.any()
