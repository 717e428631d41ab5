"""Numbers that may be ranges, drawn once an episode from the episode's own generator."""

from typing import Any, TypeAlias

import numpy as np

from roboschool.errors import InvalidInput, check_range

Number: TypeAlias = float | tuple[float, float]  # a range [low, high] is drawn once per episode


def draw(number: Number, rng: np.random.Generator) -> float:
    """Return a number, or one drawn from a range."""
    return rng.uniform(*number) if isinstance(number, tuple) else number


def check_order(name: str, number: Any) -> None:
    """Check that a number that may be a range begins with its lower end if it is one.

    Raises:
        InvalidInput: it does not; the message begins with `name`.
    """
    if isinstance(number, tuple | list):
        low, high = number
        if low > high:
            raise InvalidInput(f"{name}: a range begins with its lower end, not {low:g}, {high:g}")


def check_number(name: str, number: Number, low: float, high: float) -> None:
    """Check that a number, or all of a range, is within two others.

    Raises:
        InvalidInput: it is not; the message begins with `name`.
    """
    if isinstance(number, list) or (isinstance(number, tuple) and len(number) != 2):
        raise InvalidInput(f"{name}: {number} is neither a number nor a range, which is a tuple of two")
    check_order(name, number)
    for end in number if isinstance(number, tuple) else (number,):
        check_range(name, end, low, high)
