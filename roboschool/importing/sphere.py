"""A ball as a mesh, of which ellipsoids are made."""

import numpy as np

BALL = "roboschool:ball"  # what stands for the file of a ball of radius 1 m
RINGS, SIDES = 10, 20  # of its surface


def make_ball() -> tuple[np.ndarray, np.ndarray]:
    """Return the points (n, 3) [m] and the faces (m, 3) of a ball of radius 1 m."""
    heights, angles = np.linspace(0.0, np.pi, RINGS + 1), np.arange(SIDES) * 2.0 * np.pi / SIDES
    radius, z = np.sin(heights)[:, None], np.cos(heights)[:, None]
    points = np.stack([radius * np.cos(angles), radius * np.sin(angles), z + 0.0 * angles], axis=-1).reshape(-1, 3)
    faces = []
    for ring in range(RINGS):
        for side in range(SIDES):
            a, b = ring * SIDES + side, ring * SIDES + (side + 1) % SIDES
            c, d = a + SIDES, b + SIDES
            faces += [(a, c, d)] * (ring < RINGS - 1) + [(a, d, b)] * (ring > 0)
    return points, np.array(faces)
