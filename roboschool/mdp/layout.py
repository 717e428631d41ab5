"""Where the elements of a scene may be: areas, distances that they keep, and a place that keeps clear of others."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np

Rectangle: TypeAlias = tuple[float, float, float, float]  # x and y of a corner, and of the opposite one [m]

COLOURS = {  # of the kinds of elements, red, green and blue: the hues of Safety Gym, less harsh
    "goal": (0.2, 0.78, 0.35),
    "button": (0.96, 0.55, 0.15),
    "box": (0.96, 0.8, 0.2),
    "hazard": (0.18, 0.3, 0.85),
    "vase": (0.2, 0.78, 0.86),
    "pillar": (0.5, 0.52, 0.92),
    "gremlin": (0.52, 0.2, 0.88),
    "wall": (0.5, 0.5, 0.5),
}
TINY = 1e-12  # area of a rectangle that is only a point [m2]
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


def find_position(
    rng: np.random.Generator,
    areas: Sequence[Rectangle],
    keepout: float,
    others: Sequence[tuple[float, float, float]],
    tries: int,
) -> tuple[tuple[float, float], float]:
    """Return a position drawn from areas that keeps clear of others, or else the clearest that was drawn.

    Args:
        rng: the generator.
        areas: rectangles; the thing is at least `keepout` inside one, or in its middle if it is too small.
        keepout: what the thing keeps away from its middle [m].
        others: x and y of each thing that is there, and what it keeps away, with the margin [m].
        tries: positions to draw at most.

    Returns:
        The position, and by how much it is clear: below 0 if it is too near something [m].
    """
    inner = [_shrink(area, keepout) for area in areas]
    room = np.cumsum([(far_x - x) * (far_y - y) + TINY for x, y, far_x, far_y in inner])
    draw, best, widest = rng.random, (0.0, 0.0), -math.inf
    low_x, low_y, high_x, high_y = inner[0]
    for _ in range(tries):
        if len(inner) > 1:
            low_x, low_y, high_x, high_y = inner[int(np.searchsorted(room, draw() * room[-1]))]
        x, y, gap = low_x + draw() * (high_x - low_x), low_y + draw() * (high_y - low_y), math.inf
        for other_x, other_y, clearance in others:
            gap = min(gap, math.hypot(x - other_x, y - other_y) - clearance - keepout)
            if gap <= widest:
                break
        if gap > widest:
            best, widest = (x, y), gap
        if widest >= 0.0:
            break
    return best, widest


def _shrink(area: Rectangle, inset: float) -> Rectangle:
    """Return the inner part of a rectangle, or the point in its middle along each axis in which there is none."""
    x, y, far_x, far_y = area
    middle_x, middle_y = 0.5 * (x + far_x), 0.5 * (y + far_y)
    low, high = (
        (min(x + inset, middle_x), min(y + inset, middle_y)),
        (max(far_x - inset, middle_x), max(far_y - inset, middle_y)),
    )
    return (*low, *high)
