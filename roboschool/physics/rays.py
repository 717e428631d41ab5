"""Rays that robots cast: where each ends, and what it hits."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from roboschool.mdp.needs import HIT
from roboschool.physics.bodies import BASE, RobotBody
from roboschool.physics.output import redirect_native_output

with redirect_native_output():
    import pybullet as bullet

FREE = -1.0  # what a ray hits that hits nothing
CLOSEST = -1  # hit that is wanted of a ray; others are counted from 0, the closest again
SURFACES = 32  # of the robot itself, that a ray goes through at most


class RayCaster:
    """The rays of all agents of a world, cast in one call of Bullet; those that hit their own robot once more.

    Args:
        client: that of the world.
        robots: of the agents.
        bodies: Bullet's number of each agent, then of each prop, then of the ground.
    """

    def __init__(self, client: int, robots: Sequence[RobotBody], bodies: Sequence[int]) -> None:
        self._client = client
        fans = [(agent, robot, fan) for agent, robot in enumerate(robots) for fan in robot.needs.rays]
        self.is_needed = bool(fans)
        if not fans:
            return
        self._links = [(robot, robot.links[fan.link]) for _, robot, fan in fans]
        counts = [len(fan.directions) for _, _, fan in fans]
        self._fan: np.ndarray = np.repeat(np.arange(len(fans)), counts)  # of each ray
        self._own = np.repeat([robot.id for _, robot, _ in fans], counts)
        self._reach = np.repeat([fan.reach for _, _, fan in fans], counts)
        self._level = np.array([fan.level for _, _, fan in fans])
        self._origins = np.array([fan.origin for _, _, fan in fans])
        self._directions = np.concatenate([np.array(fan.directions) for _, _, fan in fans])
        self._seen = [_seen_by(agent, len(robots), bodies) for agent, _, _ in fans]
        self._inertial = {
            robot: bullet.invertTransform(*bullet.getDynamicsInfo(robot.id, BASE, physicsClientId=client)[3:5])
            for robot, link in self._links
            if link == BASE
        }

    def cast(self) -> np.ndarray:
        """Return of each ray of each fan the share of its reach where it ends, and what it hits (ray, HIT).

        That is a number, as in `State.contacts`: of the other agents, the next in the scene first, then of the props,
        then the ground; `FREE` for nothing, and the share is 1.
        """
        start, direction = self._place()
        stops = (start + direction * self._reach[:, None]).tolist()
        starts, own = start.tolist(), self._own.tolist()
        hits = np.empty((len(starts), HIT))
        hits[:] = 1.0, FREE
        left = list(range(len(starts)))
        for surface in range(CLOSEST, SURFACES):
            chosen = [starts[ray] for ray in left], [stops[ray] for ray in left]
            found = bullet.rayTestBatch(*chosen, reportHitNumber=surface, physicsClientId=self._client)
            for ray, (body, _, share, *_) in zip(left, found, strict=True):
                if body >= 0 and body != own[ray]:
                    hits[ray] = share, self._seen[self._fan[ray]][body]
            left = [ray for ray, hit in zip(left, found, strict=True) if hit[0] == own[ray]]
            if not left:
                break
        return hits

    def _place(self) -> tuple[np.ndarray, np.ndarray]:
        """Return where each ray begins [m] and its direction, in the world (ray, 3)."""
        poses = [self._pose(robot, link) for robot, link in self._links]
        position, turned = (np.array(part) for part in zip(*poses, strict=True))
        x, y, z, w = turned.T
        axes = np.empty((len(turned), 3, 3))  # of each link, in the world, as columns
        axes[:, 0, 0], axes[:, 0, 1], axes[:, 0, 2] = 1 - 2 * (y * y + z * z), 2 * (x * y - z * w), 2 * (x * z + y * w)
        axes[:, 1, 0], axes[:, 1, 1], axes[:, 1, 2] = 2 * (x * y + z * w), 1 - 2 * (x * x + z * z), 2 * (y * z - x * w)
        axes[:, 2, 0], axes[:, 2, 1], axes[:, 2, 2] = 2 * (x * z - y * w), 2 * (y * z + x * w), 1 - 2 * (x * x + y * y)
        position = position + _turn(axes, self._origins)
        if self._level.any():
            length = np.hypot(axes[:, 0, 0], axes[:, 1, 0])
            cos, sin = (np.where(length > 0.0, axes[:, n, 0] / np.maximum(length, 1e-9), 1.0 - n) for n in range(2))
            level = np.zeros_like(axes)
            level[:, 0, 0], level[:, 0, 1], level[:, 1, 0], level[:, 1, 1], level[:, 2, 2] = cos, -sin, sin, cos, 1.0
            axes = np.where(self._level[:, None, None], level, axes)
        return position[self._fan], _turn(axes[self._fan], self._directions)

    def _pose(self, robot: RobotBody, link: int) -> Any:
        """Return position and orientation of the frame of a link, as its URDF has it."""
        if link == BASE:
            pose = bullet.getBasePositionAndOrientation(robot.id, self._client)
            return bullet.multiplyTransforms(*pose, *self._inertial[robot])
        return bullet.getLinkState(robot.id, link, 0, 1, self._client)[4:6]


def _seen_by(agent: int, agents: int, bodies: Sequence[int]) -> list[float]:
    """Return what each of Bullet's bodies is for an agent; see `RayCaster.cast`."""
    order = [*range(agent + 1, agents), *range(agent), *range(agents, len(bodies))]
    seen = [FREE] * (max(bodies) + 1)
    for number, body in enumerate(order):
        if bodies[body] >= 0:
            seen[bodies[body]] = float(number)
    return seen


def _turn(axes: np.ndarray, vectors: np.ndarray) -> np.ndarray:
    """Return vectors given along some axes in the world; not by `@`, whose bits depend on how many there are."""
    turned: np.ndarray = (
        axes[:, :, 0] * vectors[:, :1] + axes[:, :, 1] * vectors[:, 1:2] + axes[:, :, 2] * vectors[:, 2:]
    )
    return turned
