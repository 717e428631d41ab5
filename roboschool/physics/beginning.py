"""How a robot begins an episode that does not rest upright on the ground: rolled, above it, or moving."""

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

from roboschool.mdp.effects import Placement
from roboschool.physics.ground import Ground
from roboschool.physics.output import redirect_native_output
from roboschool.physics.quaternions import multiply

if TYPE_CHECKING:
    from roboschool.physics.bodies import RobotBody

with redirect_native_output():
    import pybullet as bullet


def begin_in_motion(body: "RobotBody", placement: Placement, ground: Ground) -> None:
    """Let a robot begin as a placement says; one that is planar or fixed has been placed upright, as it stands.

    Args:
        body: the robot.
        placement: where and how.
        ground: that of the world.
    """
    standing = body.robot.standing_height
    if body.planar:
        cos, sin = body.turned
        x, y, _ = placement.angular_velocity
        speeds = [placement.velocity[0], placement.velocity[2], cos * y - sin * x]
        height = standing - body.gap(ground) + placement.height
        _set_joints(body, [0.0, _or(placement.trunk_height, height), placement.pitch], speeds)
        return
    track = [0.0] * body.track
    _set_joints(body, track, track)
    if body.robot.fixed:
        return
    turned, (x, y) = _orientation(body, placement), placement.position
    _set_base(body, (x, y, standing), turned)
    _set_base(body, (x, y, standing - body.gap(ground) + placement.height), turned)
    away = _trunk_to_base(body)
    if placement.trunk_height is not None:
        _set_base(body, (x, y, ground.height(x, y) + placement.trunk_height + away[2]), turned)
    ahead, aside, up = placement.velocity
    cos, sin = body.turned
    roll, pitch, yaw = placement.angular_velocity
    velocity = (
        cos * ahead - sin * aside + pitch * away[2] - yaw * away[1],
        sin * ahead + cos * aside + yaw * away[0] - roll * away[2],
        up + roll * away[1] - pitch * away[0],
    )
    bullet.resetBaseVelocity(body.id, velocity, placement.angular_velocity, body.client)


def _trunk_to_base(body: "RobotBody") -> tuple[float, float, float]:
    """Return where the centre of mass of the root is, from that of the trunk [m]."""
    if body.trunk == -1:
        return 0.0, 0.0, 0.0
    trunk = bullet.getLinkState(body.id, body.trunk, 0, 1, body.client)[0]
    base = bullet.getBasePositionAndOrientation(body.id, body.client)[0]
    return base[0] - trunk[0], base[1] - trunk[1], base[2] - trunk[2]


def _orientation(body: "RobotBody", placement: Placement) -> tuple[float, float, float, float]:
    """Return how Bullet turns the base of a robot: by roll, pitch and yaw, after the axes of its inertia."""
    turned = body.tilted
    for axis, angle in ((0, placement.roll), (1, placement.pitch), (2, placement.yaw)):
        vector = [0.0, 0.0, 0.0]
        vector[axis] = math.sin(angle / 2)
        turned = multiply((vector[0], vector[1], vector[2], math.cos(angle / 2)), turned)
    return turned


def _set_joints(body: "RobotBody", track: Sequence[float], speeds: Sequence[float]) -> None:
    placement, passive = body.home, body.robot.passive_joints
    moving = placement.speeds or [0.0] * len(body.driven)
    body.set_joints(
        [*track, *(placement.passive_joints or body.passive_start), *placement.joints],
        [*speeds, *([0.0] * len(passive)), *moving],
    )


def _set_base(body: "RobotBody", position: Sequence[float], turned: Sequence[float]) -> None:
    bullet.resetBasePositionAndOrientation(body.id, position, turned, body.client)


def _or(number: float | None, other: float) -> float:
    return other if number is None else number
