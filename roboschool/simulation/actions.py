"""Checks of actions that are given."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from roboschool.errors import InvalidInput, describe_error
from roboschool.robots.robot import Robot


def as_numbers(agent: str, action: Any, shape: tuple[int, ...]) -> np.ndarray:
    """Return an agent's action as an array of the right shape.

    Raises:
        InvalidInput: it is none, like a tensor that wants its gradient, or some of its numbers are masked.
    """
    if type(action) is np.ndarray and action.shape == shape and action.dtype.kind == "f":
        return action  # as it is in most steps
    try:
        array = np.asarray(action)
    except Exception as error:  # whatever its own conversion raises
        raise InvalidInput(f"agent {agent!r}: the action is not an array of numbers: {describe_error(error)}") from None
    if isinstance(action, np.ma.MaskedArray) and np.ma.is_masked(action):
        raise InvalidInput(f"agent {agent!r}: the action is masked in part, not an array of numbers")
    if array.dtype.kind not in "fiub":
        raise InvalidInput(f"agent {agent!r}: the action is of {array.dtype}, not an array of numbers")
    if array.shape != shape:
        raise InvalidInput(f"agent {agent!r}: the action has shape {array.shape}, not {shape}")
    return array


def check_finite(actions: np.ndarray, agents: Sequence[str], robot: Robot) -> None:
    """Check actions of agents with one robot (world, agent, joints).

    Raises:
        InvalidInput: a number is not finite.
    """
    if np.count_nonzero(np.isfinite(actions)) < actions.size:
        world, agent, joint = np.argwhere(~np.isfinite(actions))[0]
        value, name = actions[world, agent, joint], robot.joints[joint].name
        raise InvalidInput(f"agent {agents[agent]!r}: action {joint} (joint {name!r}) is {value}")
