"""Numbers that may be ranges, drawn once an episode from the episode's own generator."""

from typing import TypeAlias

import numpy as np

Number: TypeAlias = float | tuple[float, float]  # a range [low, high] is drawn once per episode


def draw(number: Number, generator: np.random.Generator) -> float:
    """Return a number, or one drawn from a range."""
    return generator.uniform(*number) if isinstance(number, tuple) else number


def ends(number: Number) -> tuple[float, float]:
    """Return the lowest and the highest that a number may be."""
    return number if isinstance(number, tuple) else (number, number)
