"""Convex hulls: of few faces, closed, and as solids."""

from typing import Any

import numpy as np

MOST_HULL_POINTS = 62  # a convex hull of 62 points has 120 faces
THIN = 0.001  # a flat hull is made this thick [m]


def make_hull(points: Any) -> tuple[Any, Any]:
    """Return points and faces of a convex hull of at most 120 faces; a flat one is made a thin box."""
    from scipy.spatial import ConvexHull, QhullError

    low, high = points.min(axis=0), points.max(axis=0)
    if (high - low).min() < THIN:
        return _box(low, high)
    try:
        hull = ConvexHull(points)
        if len(hull.simplices) > 2 * MOST_HULL_POINTS - 4:
            corners = points[hull.vertices]
            chosen = np.unique(np.argmax(corners @ _directions().T, axis=0))
            hull = ConvexHull(corners[chosen])
    except QhullError:
        return _box(low, high)
    used, which = np.unique(hull.simplices, return_inverse=True)
    corners, faces = hull.points[used], which.reshape(-1, 3)
    edges = corners[faces[:, 1]] - corners[faces[:, 0]], corners[faces[:, 2]] - corners[faces[:, 0]]
    inward = (np.cross(*edges) * hull.equations[:, :3]).sum(axis=1) < 0.0
    faces[inward] = faces[inward][:, ::-1]
    return corners, faces


def _directions() -> Any:
    """Return the axes, and directions evenly around them."""
    count = MOST_HULL_POINTS - 6
    heights = 1.0 - 2.0 * (np.arange(count) + 0.5) / count
    angles = np.pi * (1.0 + 5.0**0.5) * np.arange(count)
    radii = np.sqrt(1.0 - heights**2)
    around = np.stack([radii * np.cos(angles), radii * np.sin(angles), heights], axis=1)
    return np.concatenate([np.eye(3), -np.eye(3), around])


def _box(low: Any, high: Any) -> tuple[Any, Any]:
    middle, half = (low + high) / 2, np.maximum((high - low) / 2, THIN / 2)
    corners = np.array([[x, y, z] for x in (-1, 1) for y in (-1, 1) for z in (-1, 1)]) * half + middle
    quads = [(0, 1, 3, 2), (4, 6, 7, 5), (0, 4, 5, 1), (2, 3, 7, 6), (0, 2, 6, 4), (1, 5, 7, 3)]
    return corners, np.array([face for a, b, c, d in quads for face in ((a, b, c), (a, c, d))])


def solid_of(points: Any, faces: Any) -> tuple[float, Any, Any]:
    """Return volume, centre, and inertia about it for a density of 1, of a closed mesh."""
    middle = points.mean(axis=0)
    a, b, c = (points[faces[:, corner]] - middle for corner in range(3))
    six = (a * np.cross(b, c)).sum(axis=1)  # six times the volume of each tetrahedron
    volume = float(six.sum() / 6.0)
    centre = (six[:, None] * (a + b + c)).sum(axis=0) / 24.0 / volume
    total = a + b + c
    outer = sum(np.einsum("ni,nj,n->ij", corner, corner, six) for corner in (a, b, c, total)) / 120.0
    outer -= volume * np.outer(centre, centre)
    return volume, centre + middle, np.trace(outer) * np.eye(3) - outer
