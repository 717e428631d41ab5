"""Policies: anything with `reset(seed)` and `act(observation)`, and the two that every scene has."""

import inspect
import os
from typing import Any, Protocol, TypeAlias

import numpy as np

from roboschool.errors import InvalidInput

METHODS = {"reset": "seed", "act": "observation"}  # of a policy, and what they are called with


class Policy(Protocol):
    """Chooses an agent's actions."""

    def reset(self, seed: int | None = None) -> None:
        """Begin an episode. Its actions may depend only on `seed` and on the observations that follow."""

    def act(self, observation: np.ndarray) -> np.ndarray:
        """Return an action (joints,) for an observation (n,)."""


AnyPolicy: TypeAlias = Policy | str | os.PathLike[str]  # an object, or its name, as `resolve_path` takes it


class Still:
    """A policy without torque."""

    def __init__(self, joints: int) -> None:
        self.action = np.zeros(joints)

    def reset(self, seed: int | None = None) -> None:
        """Begin an episode."""

    def act(self, observation: np.ndarray) -> np.ndarray:
        """Return zeros (joints,)."""
        return self.action


class Random:
    """A policy of uniform random actions."""

    def __init__(self, joints: int) -> None:
        self.joints = joints
        self.reset(0)

    def reset(self, seed: int | None = None) -> None:
        """Begin an episode."""
        self.rng = np.random.default_rng(seed)

    def act(self, observation: np.ndarray) -> np.ndarray:
        """Return a random action (joints,), each from -1 to 1."""
        return self.rng.uniform(-1.0, 1.0, self.joints)


def check_policy(policy: Any, where: str) -> Policy:
    """Return a policy, after a check that it has the methods of one.

    Raises:
        InvalidInput: it is a class, or lacks a method, or a method takes other arguments; the message begins with
            `where`.
    """
    if isinstance(policy, type):
        raise InvalidInput(f"{where}: {policy.__name__} is a class; give an object, {policy.__name__}()")
    name = type(policy).__name__
    missing = [f"{method}({given})" for method, given in METHODS.items() if not callable(getattr(policy, method, None))]
    if missing:
        raise InvalidInput(f"{where}: {name} has no {' and no '.join(missing)}")
    for method, given in METHODS.items():
        if not _takes_one(getattr(policy, method)):
            raise InvalidInput(f"{where}: {name}.{method} is called as {method}({given}), which it does not take")
    checked: Policy = policy
    return checked


def _takes_one(method: Any) -> bool:
    """Return whether a method takes one positional argument; true if its signature cannot be known."""
    try:
        signature = inspect.signature(method)
    except (TypeError, ValueError):  # written in C
        return True
    try:
        signature.bind(None)
    except TypeError:
        return False
    return True
