"""Makes robots of families: the body of a seed, written as URDF in memory, with its card."""

import colorsys
import dataclasses
import functools
import zlib
from typing import Any

import numpy as np
from lxml import etree

from roboschool import paths
from roboschool.bodies.biped import BIPED
from roboschool.bodies.chain import CHAIN
from roboschool.bodies.crawler import CRAWLER
from roboschool.bodies.family import Family, draw_factors
from roboschool.bodies.hound import HOUND
from roboschool.bodies.writer import format_urdf
from roboschool.errors import InvalidInput
from roboschool.robots.card import read_card
from roboschool.robots.robot import Robot, make_robot
from roboschool.robots.urdf import Model, parse_urdf

FAMILIES = {family.name: family for family in (CHAIN, CRAWLER, HOUND, BIPED)}
BY_ROBOT = {family.robot: family for family in FAMILIES.values()}
LIGHTNESS, SATURATION = (0.3, 0.8), (0.2, 0.9)  # of drawn colours


@functools.lru_cache(maxsize=2048)
def vary_body(robot: str, seed: int | None, segments: int | None = None) -> Robot:
    """Return a robot of the family of one of ours.

    Args:
        robot: the name of ours.
        seed: of its numbers, see `family.draw_factors`; None: those of ours.
        segments: number of legs or links; None: that of ours.

    Raises:
        InvalidInput: ours is of no family, or none of its family has as many segments.
    """
    family = BY_ROBOT.get(robot)
    if family is None:
        raise InvalidInput(f"robot {robot!r} is of no family; there are bodies for {', '.join(sorted(BY_ROBOT))}")
    count = family.own_segments if segments is None else segments
    if count not in family.segments:
        raise InvalidInput(
            f"segments: {count} is not among {', '.join(map(str, family.segments))}, which a {family.name} has"
        )
    factors = dict.fromkeys(family.factors, 1.0) if seed is None else draw_factors(family.factors, seed)
    return make_variant(family, count, factors)


def make_variant(family: Family, segments: int, factors: dict[str, float]) -> Robot:
    """Return the robot of a family with these factors."""
    path = paths.robots()[family.robot]
    card = read_card(path)
    changed: dict[str, Any] = family.describe(card, segments, factors)
    share = changed["standing_height"] / card.standing_height
    least = changed.pop("least_height", card.upright.min_height * share)
    upright = dataclasses.replace(card.upright, min_height=least)
    text = format_urdf(family.build(segments, factors))
    model = parse_urdf(text, path.with_suffix(".urdf"))
    return make_robot(path, dataclasses.replace(card, upright=upright, **changed), model)


def vary_looks(robot: Robot, seed: int) -> Robot:
    """Return a robot in other colours; nothing else of it changes."""
    return dataclasses.replace(robot, model=recolour(robot.model, seed))


def recolour(model: Model, seed: int) -> Model:
    """Return a model in colours that a seed draws, others for each name of a model."""
    rng = np.random.default_rng([seed, 1, zlib.crc32(model.name.encode())])
    root = etree.fromstring(model.text.encode())
    for colour in root.iter("color"):
        hue, light, strong = rng.uniform((0.0, LIGHTNESS[0], SATURATION[0]), (1.0, LIGHTNESS[1], SATURATION[1]))
        opaque = colour.get("rgba", "0 0 0 1").split()[-1]
        rgb = colorsys.hls_to_rgb(float(hue), float(light), float(strong))
        colour.set("rgba", " ".join([*(f"{part:.4f}" for part in rgb), opaque]))
    return dataclasses.replace(model, text=str(etree.tostring(root, encoding="unicode")))
