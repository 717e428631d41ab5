"""Turns as quaternions: x, y, z, w."""

import numpy as np

from roboschool.physics.checkpoint import Quaternion, Triple


def multiply(a: Quaternion, b: Quaternion) -> Quaternion:
    """Return the turn b, then the turn a."""
    ax, ay, az, aw = a
    bx, by, bz, bw = b
    return (
        aw * bx + ax * bw + ay * bz - az * by,
        aw * by - ax * bz + ay * bw + az * bx,
        aw * bz + ax * by - ay * bx + az * bw,
        aw * bw - ax * bx - ay * by - az * bz,
    )


def x_axis(turned: Quaternion) -> Triple:
    """Return where the x axis points after a turn."""
    x, y, z, w = turned
    return 1.0 - 2.0 * (y * y + z * z), 2.0 * (w * z + x * y), 2.0 * (x * z - w * y)


def matrices(turned: np.ndarray) -> np.ndarray:
    """Return turns (..., 4) as matrices (..., 3, 3), whose columns are the axes after the turn."""
    x, y, z, w = np.moveaxis(turned, -1, 0)
    axes = np.empty((*turned.shape[:-1], 3, 3))
    axes[..., 0, 0], axes[..., 0, 1], axes[..., 0, 2] = (
        1 - 2 * (y * y + z * z),
        2 * (x * y - z * w),
        2 * (x * z + y * w),
    )
    axes[..., 1, 0], axes[..., 1, 1], axes[..., 1, 2] = (
        2 * (x * y + z * w),
        1 - 2 * (x * x + z * z),
        2 * (y * z - x * w),
    )
    axes[..., 2, 0], axes[..., 2, 1], axes[..., 2, 2] = (
        2 * (x * z - y * w),
        2 * (y * z + x * w),
        1 - 2 * (x * x + y * y),
    )
    return axes
