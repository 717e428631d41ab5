"""Looks of a scene beside the colours of its bodies: light, air, ground, background and camera. Physics knows none."""

import math
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np

Triple: TypeAlias = tuple[float, float, float]

LOOKS = 14  # stream of random numbers: the same seed of another axis draws others
HEIGHT = (35.0, 80.0)  # of the sun over the horizon [deg]
STRENGTH = (0.65, 1.15)
SKY = (0.22, 0.55)  # little: a clear day with dark shadows; much: a dull one
SHINE = (0.0, 0.45)  # mat, glossy
CLEAR = (20.0, 120.0)  # [m]
TINT = (0.55, 1.15)
AROUND, DOWN, BACK = 25.0, 8.0, (1.0, 1.3)  # of the camera: either way [deg], either way [deg], times


@dataclass(frozen=True)
class Looks:
    """How pictures of a scene look; the defaults are our own."""

    sun: Triple = (-0.37139068, -0.55708601, 0.74278135)  # the way to it, of length 1
    strength: float = 1.0  # of all light
    sky: Triple = (0.34, 0.37, 0.42)  # share of the light on open ground, red, green and blue; the rest is the sun's
    shine: float = 0.22  # of the sun on a body
    clear: float = 50.0  # most of what is farther away than this is haze [m]
    ground: Triple = (1.0, 1.0, 1.0)  # times the red, green and blue that the ground has
    background: Triple = (1.0, 1.0, 1.0)  # likewise the sky, or what is around where there is no ground
    around: float = 0.0  # by how much the camera goes around what it looks at [rad]
    down: float = 0.0  # and how much more it looks down [rad]
    back: float = 1.0  # times as far away as it is


def draw_looks(seed: int) -> Looks:
    """Return the looks of a seed."""
    rng = np.random.default_rng([seed, 0, LOOKS])

    def several(low: float, high: float) -> Triple:
        red, green, blue = rng.uniform(low, high, 3).tolist()
        return red, green, blue

    yaw, height = rng.uniform(0.0, math.tau), math.radians(rng.uniform(*HEIGHT))
    share = rng.uniform(*SKY)
    return Looks(
        sun=(math.cos(height) * math.cos(yaw), math.cos(height) * math.sin(yaw), math.sin(height)),
        strength=rng.uniform(*STRENGTH),
        sky=(0.9 * share, share, 1.1 * share),
        shine=rng.uniform(*SHINE),
        clear=rng.uniform(*CLEAR),
        ground=several(*TINT),
        background=several(*TINT),
        around=math.radians(rng.uniform(-AROUND, AROUND)),
        down=math.radians(rng.uniform(-DOWN, DOWN)),
        back=rng.uniform(*BACK),
    )
