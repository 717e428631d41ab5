"""Where rays meet shapes: pure functions of arrays, without Bullet.

They are sums, products, quotients and roots of single numbers, whose bits do not depend on how many rays there are.
"""

import math

import numpy as np

from roboschool.bodies.terrain import Terrain

NEVER = math.inf  # when a ray meets what it misses
LEAST = 1e-30  # by which it is divided instead of by 0
SLACK = 1e-6  # by which spheres around shapes are larger [m]
ROOM = 0.01  # over the highest ground, and below the lowest [m]
SIDES = 32  # of the prism that Bullet makes of a cylinder
PRISM: np.ndarray = np.array(
    [
        (math.sin(angle), math.cos(angle), 0.0)
        for angle in (math.pi * (side + 0.5) / (SIDES / 2) for side in range(SIDES // 2))
    ]
    + [(0.0, 0.0, 1.0)]
)  # normals of its pairs of faces
BOX: np.ndarray = np.eye(3)  # likewise


def dot(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """Return scalar products of vectors (..., 3); not by `@`, whose bits depend on how many there are."""
    product: np.ndarray = a[..., 0] * b[..., 0] + a[..., 1] * b[..., 1] + a[..., 2] * b[..., 2]
    return product


def come_near(to: np.ndarray, direction: np.ndarray, reach: np.ndarray, radius: np.ndarray) -> np.ndarray:
    """Return whether rays meet spheres, or nearly.

    Args:
        to: vectors from where rays begin to the middles [m] (..., 3).
        direction: of the rays, of length 1 (..., 3).
        reach: of the rays [m].
        radius: of the spheres [m].
    """
    radius = radius + SLACK
    along = dot(to, direction)
    near: np.ndarray = (dot(to, to) - along * along <= radius * radius) & (along >= -radius) & (along <= reach + radius)
    return near


def meet_capsules(start: np.ndarray, direction: np.ndarray, half: np.ndarray, radius: np.ndarray) -> np.ndarray:
    """Return how far it is to capsules along z around the origin; `NEVER` from inside (pair,) [m].

    Args:
        start: where rays begin, in the frames of the capsules [m] (pair, 3).
        direction: of length 1 (pair, 3).
        half: of the length between the centres of their ends; 0: a sphere [m] (pair,).
        radius: of the capsules [m] (pair,).
    """
    (x, y, z), (dx, dy, dz) = start.T, direction.T
    across, flat = x * x + y * y - radius * radius, x * dx + y * dy
    best = np.full(len(start), NEVER)
    for turned, back, rest, sides in (
        (dx * dx + dy * dy, flat, across, True),
        *((1.0, flat + (z - end) * dz, across + (z - end) * (z - end), False) for end in (-half, half)),
    ):
        under = back * back - turned * rest
        distance = (-back - np.sqrt(np.maximum(under, 0.0))) / np.maximum(turned, LEAST)
        met = (under >= 0.0) & (distance >= 0.0)
        if sides:
            met &= np.abs(z + distance * dz) <= half
        best = np.where(met & (distance < best), distance, best)
    beyond = np.maximum(np.abs(z) - half, 0.0)
    result: np.ndarray = np.where(across + beyond * beyond < 0.0, NEVER, best)
    return result


def meet_prisms(start: np.ndarray, direction: np.ndarray, normals: np.ndarray, halves: np.ndarray) -> np.ndarray:
    """Return how far it is to solids between pairs of faces around the origin; `NEVER` from inside (pair,) [m].

    Args:
        start: where rays begin, in the frames of the solids [m] (pair, 3).
        direction: of length 1 (pair, 3).
        normals: of the pairs of faces (faces, 3).
        halves: of the distances between the faces [m] (pair, faces).
    """
    here, pace = dot(start[:, None], normals), dot(direction[:, None], normals)
    pace = np.where(np.abs(pace) < LEAST, LEAST, pace)
    one, other = (-halves - here) / pace, (halves - here) / pace
    enter, leave = np.minimum(one, other).max(axis=1), np.maximum(one, other).min(axis=1)
    distance: np.ndarray = np.where((enter >= 0.0) & (enter <= leave), enter, NEVER)
    return distance


def meet_plane(start: np.ndarray, direction: np.ndarray) -> np.ndarray:
    """Return how far it is to the plane z = 0, from either side (ray,) [m]."""
    height, pace = start[:, 2], direction[:, 2]
    distance = -height / np.where(np.abs(pace) < LEAST, LEAST, pace)
    result: np.ndarray = np.where(distance >= 0.0, distance, NEVER)
    return result


def meet_terrain(
    terrain: Terrain, tile: int, start: np.ndarray, direction: np.ndarray, reach: np.ndarray
) -> np.ndarray:
    """Return how far it is to the triangles of a tile, from either side (ray,) [m].

    Between two lines of its grid, diagonals too, the ground along a ray is straight.

    Args:
        terrain: whose tile it is.
        tile: its number.
        start: where rays begin [m] (ray, 3).
        direction: of length 1 (ray, 3).
        reach: of the rays [m] (ray,).
    """
    distance = np.full(len(start), NEVER)
    heights = terrain.heights[tile]
    low, high = np.array([*terrain.low, heights.min() - ROOM]), np.array([*terrain.high, heights.max() + ROOM])
    pace = np.where(np.abs(direction) < LEAST, LEAST, direction)
    one, other = (low - start) / pace, (high - start) / pace
    first = np.minimum(one, other).max(axis=1).clip(0.0)
    last = np.minimum(np.maximum(one, other).min(axis=1), reach)
    (rays,) = np.nonzero(first <= last)
    if not rays.size:
        return distance
    start, direction, first, last = start[rays], direction[rays], first[rays, None], last[rays, None]
    (x, y, z), (dx, dy, dz) = (part.T[..., None] for part in (start, direction))
    u, v, du, dv = (x - low[0]) / terrain.cell, (y - low[1]) / terrain.cell, dx / terrain.cell, dy / terrain.cell
    times = [first, last]
    for place, speed in ((u, du), (v, dv), (u + v, du + dv)):
        speed = np.where(np.abs(speed) < LEAST, LEAST, speed)
        limits = place + speed * first, place + speed * last
        lines = np.ceil(np.minimum(*limits))
        most = int((np.maximum(*limits) - lines).max()) + 1
        times.append(((lines + np.arange(most) - place) / speed).clip(first, last))
    time = np.sort(np.concatenate(times, axis=1), axis=1)
    gap = z + time * dz - terrain.height(np.array(tile), x + time * dx, y + time * dy)
    crosses = (gap[:, 1:] <= 0.0) != (gap[:, :1] <= 0.0)
    (met,) = np.nonzero(crosses.any(axis=1))
    before = crosses[met].argmax(axis=1)
    after = before + 1
    share = gap[met, before] / (gap[met, before] - gap[met, after])
    distance[rays[met]] = time[met, before] + share * (time[met, after] - time[met, before])
    return distance
