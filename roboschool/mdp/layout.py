"""Where the elements of a scene may be: areas, distances that they keep, and a place that keeps clear of others."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np

Rectangle: TypeAlias = tuple[float, float, float, float]  # x and y of a corner, and of the opposite one [m]

BATCH = 25  # places that are drawn at once
PARKED = 400.0  # things are further away than this if the episode has drawn fewer of them [m]


@dataclass(frozen=True)
class Element:
    """Something that is placed at random: what tasks may know of it."""

    kind: str  # a key of `roboschool.scenes.elements.KINDS`
    prop: int  # its number among the props
    size: float  # radius, or half the side of a box [m]
    keepout: float  # other things keep this away from its middle, and their own distance [m]
    areas: tuple[Rectangle, ...]
    observed: bool = True
    costs: bool = False


@dataclass(frozen=True)
class Placing:
    """The elements of a scene, and what robots keep away: all that a task needs to place one anew."""

    elements: tuple[Element, ...] = ()
    robot_keepout: float = 0.4  # [m]
    margin: float = 0.0  # that things keep beside their own distances [m]

    def of_kind(self, kind: str) -> tuple[Element, ...]:
        """Return the elements of a kind; none if there are none."""
        return tuple(element for element in self.elements if element.kind == kind)


def draw_positions(rng: np.random.Generator, areas: Sequence[Rectangle], inset: float, count: int) -> np.ndarray:
    """Return points in rectangles (count, 2), at least `inset` inside [m]; of a rectangle too small, its middle."""
    points = rng.random((count, 2))
    bounds = np.array(areas, dtype=float)
    low, high = bounds[:, :2] + inset, bounds[:, 2:] - inset
    middle = 0.5 * (low + high)
    low, high = np.minimum(low, middle), np.maximum(high, middle)
    if len(bounds) == 1:
        points *= high[0] - low[0]
        points += low[0]
        return points
    room = (high - low).prod(axis=1) + 1e-12
    chosen = rng.choice(len(bounds), count, p=room / room.sum())
    points *= (high - low)[chosen]
    points += low[chosen]
    return points


def find_position(
    rng: np.random.Generator,
    areas: Sequence[Rectangle],
    keepout: float,
    others: np.ndarray,
    clearances: np.ndarray,
    tries: int,
) -> tuple[tuple[float, float], float]:
    """Return a point drawn from areas that keeps clear of others, or else the clearest that was drawn.

    Args:
        rng: the generator.
        areas: rectangles to draw from.
        keepout: what the thing keeps away from its middle [m].
        others: middles of the things that are there (k, 2) [m].
        clearances: what each of them keeps away, and the margin (k,) [m].
        tries: points to draw at most.

    Returns:
        The point, and by how much it is clear: below 0 if it is too near something [m].
    """
    best, widest = (0.0, 0.0), -math.inf
    for _ in range(0, tries, BATCH):
        points = draw_positions(rng, areas, keepout, min(BATCH, tries))
        if not len(others):
            return (float(points[0, 0]), float(points[0, 1])), math.inf
        away = np.hypot(points[:, :1] - others[:, 0], points[:, 1:] - others[:, 1])
        gaps = (away - clearances).min(axis=1) - keepout
        place = int(np.argmax(gaps >= 0.0))
        if gaps[place] < 0.0:
            place = int(np.argmax(gaps))
        if gaps[place] > widest:
            best, widest = (float(points[place, 0]), float(points[place, 1])), float(gaps[place])
        if widest >= 0.0:
            break
    return best, widest
