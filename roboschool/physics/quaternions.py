"""Turns as quaternions: x, y, z, w."""

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
