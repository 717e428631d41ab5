"""Chains: hoppers of 2 to 6 joints, held in their x-z plane; with three it is our hopper."""

import math
from typing import Any

from roboschool.bodies.family import Factors, Family
from roboschool.bodies.planar import planar
from roboschool.bodies.shapes import Body, Capsule, Joint, Link
from roboschool.robots.card import Card

LENGTHS = {3: (0.45, 0.5)}  # of the links between torso and foot [m]; others share LENGTH
LENGTH, HALF = 0.95, 0.2  # of the leg, and half of the torso [m]
RADII = (0.05, 0.04)  # of the uppermost link, and of those below [m]
SOLE = 0.06  # radius of the foot [m]
BEND = -12.0  # of the whole leg at rest [deg]


def names_of(segments: int) -> list[str]:
    """Return the names of the links between torso and foot."""
    own = ["thigh", "leg", *(f"leg_{number}" for number in range(2, segments))]
    return own[: segments - 1] if segments > 2 else ["leg"]


def lengths_of(segments: int, factors: Factors) -> list[float]:
    """Return the lengths of these links [m]."""
    own = LENGTHS.get(segments, (LENGTH / (segments - 1),) * (segments - 1))
    return [length * factors["thigh" if place == 0 else "leg"] for place, length in enumerate(own)]


def build(segments: int, factors: Factors) -> Body:
    """Return the body."""
    thick, dense, free = factors["radius"], factors["density"], factors["range"]
    half = HALF * factors["torso"]

    def rod(start: tuple[float, float, float], end: tuple[float, float, float], radius: float) -> Capsule:
        shape = Capsule(start, end, radius * thick)
        return shape if dense == 1.0 else Capsule(start, end, radius * thick, dense * shape.weigh()[0])

    body = planar("hopper", Link("torso", "bone", [rod((0, 0, half), (0, 0, -half), RADII[0])]))
    parent, at = "torso", -half
    for place, (name, length) in enumerate(zip(names_of(segments), lengths_of(segments, factors), strict=True)):
        link = Link(name, "coral", [rod((0, 0, 0), (0, 0, -length), RADII[min(place, 1)])])
        body.joints.append(Joint(f"{name}_joint", parent, link, (0, 0, at), (0, -1, 0), (-150 * min(1.0, free), 0)))
        parent, at = name, -length
    sole = rod((-0.13 * factors["foot"], 0, 0), (0.26 * factors["foot"], 0, 0), SOLE)
    turn = 45 * free
    body.joints.append(
        Joint("foot_joint", parent, Link("foot", "coral", [sole]), (0, 0, at), (0, -1, 0), (-turn, turn))
    )
    return body


def describe(card: Card, segments: int, factors: Factors) -> dict[str, Any]:
    """Return what is not as in the hopper's card."""
    names, lengths = names_of(segments), lengths_of(segments, factors)
    bend = BEND / len(names)
    heights = [length * math.cos(math.radians(bend * (place + 1))) for place, length in enumerate(lengths)]
    height = HALF * factors["torso"] + sum(heights) + SOLE * factors["radius"]
    torque = next(iter(card.torque.values())) * factors["strength"]
    driven = [*(f"{name}_joint" for name in names), "foot_joint"]
    return {
        "standing_height": height,
        "torque": dict.fromkeys(driven, torque),
        "pose": dict(zip(driven, [*[bend] * len(names), -BEND], strict=True)),
    }


FACTORS = ("torso", "thigh", "leg", "foot", "radius", "density", "range", "strength")
CHAIN = Family("chain", "hopper", (2, 3, 4, 5, 6), 3, FACTORS, build, describe)
