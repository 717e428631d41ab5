"""Hounds: quadrupeds of three joints a leg; our dog is one, but for its looks."""

import math
from typing import Any

from roboschool.bodies.family import Factors, Family
from roboschool.bodies.shapes import Body, Capsule, Joint, Link, Point
from roboschool.robots.card import Card

HALF, SIDE, HIP, OUT = 0.17, 0.045, 0.19, 0.05  # of the trunk; where hips are [m]
THIGH, SHANK, PAW = 0.2, 0.2, 0.025  # lengths, and the radius of a paw [m]
SWING = 40.0  # of a thigh at rest, backwards [deg]
LEGS = (("front_left", 1, 1), ("front_right", 1, -1), ("back_left", -1, 1), ("back_right", -1, -1))


def build(_segments: int, factors: Factors) -> Body:
    """Return the body."""
    thick, dense, free, strong = (factors[key] for key in ("radius", "density", "range", "strength"))
    length, wide, thigh, shank = factors["trunk"], factors["width"], THIGH * factors["thigh"], SHANK * factors["shank"]

    def rod(start: Point, end: Point, radius: float, mass: float, colour: str | None = None) -> Capsule:
        return Capsule(start, end, radius * thick, mass * dense, colour)

    half, out = HALF * length, OUT * wide
    trunk = [rod((-half, y, 0), (half, y, 0), 0.06, 3.5) for y in (-SIDE * wide, SIDE * wide)]
    body = Body("dog", Link("trunk", "amber", trunk, 1.0))
    motor: dict[str, Any] = {"fastest": 20.0, "effort": 30.0 * strong}
    for name, x, y in LEGS:
        hip = Link(f"{name}_hip", "slate", [rod((0, 0, 0), (0, out * y, 0), 0.045, 0.6)], 1.0)
        upper = Link(f"{name}_thigh", "amber", [rod((0, 0, 0), (0, 0, -thigh), 0.034, 1.0)], 1.0)
        paw = rod((0, 0, -shank), (0, 0, -shank), PAW, 0.1, "slate")
        lower = Link(f"{name}_shank", "bone", [rod((0, 0, 0), (0, 0, -shank), 0.018, 0.3), paw], 1.0)
        at = (HIP * length * x, out * y, 0.0)
        spread = 45 * free
        body.joints += [
            Joint(f"{name}_spread", "trunk", hip, at, (1, 0, 0), (-spread, spread), **motor),
            Joint(f"{name}_swing", hip.name, upper, (0, out * y + 0.035 * y, 0), (0, 1, 0), (-60, 170), **motor),
            Joint(f"{name}_knee", upper.name, lower, (0, 0, -thigh), (0, 1, 0), (-150, -30), **motor),
        ]
    return body


def describe(card: Card, _segments: int, factors: Factors) -> dict[str, Any]:
    """Return what is not as in the dog's card: paws are below hips."""
    thigh, shank = THIGH * factors["thigh"], SHANK * factors["shank"]
    swing = math.asin(math.sin(math.radians(SWING)) * min(1.0, shank / thigh))
    back = math.asin(min(1.0, thigh / shank * math.sin(swing)))
    height = thigh * math.cos(swing) + shank * math.cos(back) + PAW * factors["radius"]
    pose: dict[str, float] = {}
    for name, *_ in LEGS:
        pose |= {f"{name}_swing": math.degrees(swing), f"{name}_knee": -math.degrees(swing + back)}
    gain = factors["density"] * max(1.0, factors["thigh"], factors["shank"])  # legs must hold more weight, further out
    actuators = {
        joint: {
            key: value * gain if isinstance(value, float) and key in ("kp", "kd") else value
            for key, value in row.items()
        }
        for joint, row in card.actuators.items()
    }
    return {"standing_height": height, "pose": pose, "actuators": actuators}


FACTORS = ("trunk", "width", "thigh", "shank", "radius", "density", "range", "strength")
HOUND = Family("hound", "dog", (4,), 4, FACTORS, build, describe)
