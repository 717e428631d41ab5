"""Tiles of a terrain, ready to be drawn."""

import functools
from typing import NamedTuple

import numpy as np

from roboschool.bodies.terrain import Terrain
from roboschool.rendering.native.library import POSE
from roboschool.rendering.shapes import Tree, heightfield

COLOUR = (0.67, 0.74, 0.81)
BELOW = 0.02  # by which the plane around a tile is lower than any of them [m]


class Tile(NamedTuple):
    """A tile as a shape."""

    shape: np.ndarray  # `SHAPES` (1,)
    pose: np.ndarray  # (1, POSE)
    tree: Tree


@functools.lru_cache(maxsize=256)  # as many as there are worlds in a batch, or each picture would build its own
def draw_tile(terrain: Terrain, number: int) -> Tile:
    """Return a tile as a shape in the world."""
    shape, tree = heightfield(terrain.heights[number], terrain.cell, COLOUR)
    pose = np.zeros((1, POSE))
    pose[0, :9] = np.eye(3).ravel()
    pose[0, 9:11] = (terrain.low + terrain.high) / 2.0
    return Tile(shape, pose, tree)


def level_around(terrain: Terrain) -> float:
    """Return how high the plane around a tile is drawn [m]."""
    return min(0.0, float(terrain.heights.min())) - BELOW
