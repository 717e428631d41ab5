"""Bipeds: walkers of two legs, held in their x-z plane; our walker2d is one."""

import math
from typing import Any

from roboschool.bodies.family import Factors, Family
from roboschool.bodies.planar import planar
from roboschool.bodies.shapes import Body, Capsule, Joint, Link, Point
from roboschool.robots.card import Card

HALF, THIGH, SHIN, TOE = 0.2, 0.45, 0.5, 0.2  # half of the torso; lengths [m]
SOLE = 0.06  # radius of a foot [m]
BEND = -6.0  # of hip and knee at rest [deg]
SIDES = (("", "coral"), ("_left", "violet"))


def build(_segments: int, factors: Factors) -> Body:
    """Return the body."""
    thick, dense, free = factors["radius"], factors["density"], factors["range"]
    half, thigh, shin = (size * factors[key] for size, key in ((HALF, "torso"), (THIGH, "thigh"), (SHIN, "leg")))

    def rod(start: Point, end: Point, radius: float) -> Capsule:
        shape = Capsule(start, end, radius * thick)
        return shape if dense == 1.0 else Capsule(start, end, radius * thick, dense * shape.weigh()[0])

    body = planar("walker2d", Link("torso", "bone", [rod((0, 0, half), (0, 0, -half), 0.05)]))
    bent, turn = (-150 * min(1.0, free), 0.0), (-45 * free, 45 * free)
    for side, colour in SIDES:
        upper = Link(f"thigh{side}", colour, [rod((0, 0, 0), (0, 0, -thigh), 0.05)])
        lower = Link(f"leg{side}", colour, [rod((0, 0, 0), (0, 0, -shin), 0.04)])
        foot = Link(f"foot{side}", colour, [rod((0, 0, 0), (TOE * factors["foot"], 0, 0), SOLE)])
        body.joints += [
            Joint(f"thigh{side}_joint", "torso", upper, (0, 0, -half), (0, -1, 0), bent),
            Joint(f"leg{side}_joint", upper.name, lower, (0, 0, -thigh), (0, -1, 0), bent),
            Joint(f"foot{side}_joint", lower.name, foot, (0, 0, -shin), (0, -1, 0), turn),
        ]
    return body


def describe(card: Card, _segments: int, factors: Factors) -> dict[str, Any]:
    """Return what is not as in the walker's card."""
    height = HALF * factors["torso"] + SOLE * factors["radius"]
    height += THIGH * factors["thigh"] * math.cos(math.radians(BEND))
    height += SHIN * factors["leg"] * math.cos(math.radians(2 * BEND))
    torque = {name: value * factors["strength"] for name, value in card.torque.items()}
    return {"standing_height": height, "torque": torque}


FACTORS = ("torso", "thigh", "leg", "foot", "radius", "density", "range", "strength")
BIPED = Family("biped", "walker2d", (2,), 2, FACTORS, build, describe)
