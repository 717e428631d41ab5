"""A family of bodies: the numbers in which they differ, and how those are drawn from a seed."""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from roboschool.bodies.shapes import Body
from roboschool.robots.card import Card

INNER, OUTER = 1.25, 1.6  # factors: bodies to train on are within 1 / INNER and INNER, others up to OUTER
EACH = 100_000  # seeds of a kind
INTERPOLATION, EXTRAPOLATION, COMPOSITION = "interpolation", "extrapolation", "composition"
KINDS = (INTERPOLATION, EXTRAPOLATION, COMPOSITION)  # of bodies, by their seed divided by EACH

Factors = Mapping[str, float]  # by name, of the numbers of our own robot


@dataclass(frozen=True)
class Family:
    """Bodies that have the same joints for the same number of segments."""

    name: str
    robot: str  # ours, which all factors of 1 give
    segments: tuple[int, ...]  # numbers of legs or links that there are
    own_segments: int  # of our robot
    factors: tuple[str, ...]
    build: Callable[[int, Factors], Body]
    describe: Callable[[Card, int, Factors], dict[str, Any]]  # what differs in the card


def kind_of(seed: int) -> str:
    """Return how the factors of a body are drawn.

    Interpolation: all within the inner range, from which bodies to train on are drawn. Extrapolation: all outside it.
    Composition: each is within or outside, and at least one is either.
    """
    return KINDS[min(seed // EACH, len(KINDS) - 1)]


def draw_outside(rng: np.random.Generator, kind: str, count: int) -> np.ndarray:
    """Return which of some numbers of a variant are beyond the inner range (count,)."""
    if kind == COMPOSITION:
        return rng.permutation(np.arange(count) < rng.integers(1, count))
    return np.full(count, kind == EXTRAPOLATION)


def draw_factors(names: Sequence[str], seed: int, *stream: int) -> dict[str, float]:
    """Return the factors of the body with a seed; their logarithms are evenly distributed.

    A `stream` above 0 draws others of the same kind, for something else than a body.
    """
    rng = np.random.default_rng([seed, len(names), *stream])
    count = len(names)
    outside = draw_outside(rng, kind_of(seed), count)
    low = np.where(outside, math.log(INNER), 0.0)
    high = np.where(outside, math.log(OUTER), math.log(INNER))
    drawn = np.exp(rng.uniform(low, high) * rng.choice([-1.0, 1.0], count))
    return dict(zip(names, drawn.tolist(), strict=True))


def distance(one: Factors, other: Factors) -> float:
    """Return how unlike two bodies of a family with as many segments are.

    It is the root of the mean square of the differences between the logarithms of their factors: 0.1 is a difference of
    about 10 % in every length, mass and strength. Bodies with other joints are unlike in any case.
    """
    return float(np.sqrt(np.mean([math.log(one[name] / other[name]) ** 2 for name in one])))
