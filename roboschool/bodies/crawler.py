"""Crawlers: a ball on 3 to 8 legs of two joints each; with four it is our ant."""

import math
from typing import Any

from roboschool.bodies.family import Factors, Family
from roboschool.bodies.shapes import Body, Capsule, Joint, Link, Point, ball
from roboschool.robots.card import Card

BALL, RADIUS, STUB, SHANK = 0.25, 0.08, 0.2 * math.sqrt(2.0), 0.4 * math.sqrt(2.0)  # [m]
FRICTION = 1.5
REST = 60.0  # of an ankle [deg]
SWING, LEAST, MOST = 40.0, 30.0, 100.0  # limits of hips, either way, and of ankles [deg]
OWN = ("front_left", "front_right", "left_back", "right_back")  # legs of the ant
CLEAR = 0.8  # most of that height that the ball may take
SIGNS = (1, -1, -1, 1)  # of its ankles
COLOURS = ("coral", "amber", "violet", "teal")


def names_of(segments: int) -> list[str]:
    """Return the names of the legs, anticlockwise."""
    return list(OWN) if segments == len(OWN) else [f"leg_{number}" for number in range(1, segments + 1)]


def sign_of(segments: int, place: int) -> int:
    """Return 1 if positive angles of an ankle turn its leg downwards, else -1."""
    return SIGNS[place] if segments == len(OWN) else 1


def core_of(factors: Factors) -> float:
    """Return the radius of the ball [m]: so much that it is off the ground on legs that sag to their limits."""
    sagging = SHANK * factors["leg"] * math.sin(math.radians(LEAST)) + RADIUS * factors["radius"]
    return min(BALL * factors["ball"], CLEAR * sagging)


def build(segments: int, factors: Factors) -> Body:
    """Return the body."""
    thick, dense = RADIUS * factors["radius"], factors["density"]
    core, hip, shank = core_of(factors), STUB * factors["hip"], SHANK * factors["leg"]
    ways = [math.tau * (place + 0.5) / segments for place in range(segments)]

    def out(way: float, length: float) -> Point:
        return length * math.cos(way), length * math.sin(way), 0.0

    def weighed(shape: Capsule) -> Capsule:
        if dense == 1.0:
            return shape
        return Capsule(shape.start, shape.end, shape.radius, dense * shape.weigh()[0])

    def rod(way: float, length: float) -> Capsule:
        return weighed(Capsule((0, 0, 0), out(way, length), thick))

    stub = max(STUB, core + 0.5 * thick) if factors["ball"] != 1.0 else STUB  # hips stay outside the ball
    shapes = [weighed(ball((0, 0, 0), core)), *(rod(way, stub) for way in ways)]
    body = Body("ant", Link("torso", "bone", shapes, FRICTION))
    swing = SWING * factors["range"]
    for place, (name, way) in enumerate(zip(names_of(segments), ways, strict=True)):
        sign = sign_of(segments, place)
        colour = COLOURS[place % len(COLOURS)]
        upper = Link(f"{name}_leg", colour, [rod(way, hip)], FRICTION)
        lower = Link(f"{name}_foot", colour, [rod(way, shank)], FRICTION)
        axis = (-sign * math.sin(way), sign * math.cos(way), 0.0)
        limits = (LEAST, MOST) if sign > 0 else (-MOST, -LEAST)
        body.joints += [
            Joint(f"hip_{place + 1}", "torso", upper, out(way, stub), (0, 0, 1), (-swing, swing)),
            Joint(f"ankle_{place + 1}", upper.name, lower, out(way, hip), axis, limits),
        ]
    return body


def describe(card: Card, segments: int, factors: Factors) -> dict[str, Any]:
    """Return what is not as in the ant's card."""
    height = SHANK * factors["leg"] * math.sin(math.radians(REST)) + RADIUS * factors["radius"]
    torque = next(iter(card.torque.values())) * factors["strength"]
    driven = [f"{part}_{place + 1}" for place in range(segments) for part in ("hip", "ankle")]
    return {
        "feet": tuple(f"{name}_foot" for name in names_of(segments)),
        "standing_height": height,
        "least_height": core_of(factors) + 0.01,
        "torque": dict.fromkeys(driven, torque),
        "pose": {f"ankle_{place + 1}": REST * sign_of(segments, place) for place in range(segments)},
    }


FACTORS = ("ball", "hip", "leg", "radius", "density", "range", "strength")
CRAWLER = Family("crawler", "ant", (3, 4, 5, 6, 7, 8), 4, FACTORS, build, describe)
