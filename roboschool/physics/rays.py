"""Rays that robots cast: where each ends, and what it hits."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from roboschool.physics.bodies import BASE, Body, RobotBody
from roboschool.physics.ground import Ground
from roboschool.physics.output import redirect_native_output
from roboschool.physics.quaternions import matrices
from roboschool.physics.ray_shapes import NEVER, dot
from roboschool.physics.surfaces import Surfaces

with redirect_native_output():
    import pybullet as bullet

FREE = -1.0  # what a ray hits that hits nothing
CLOSEST = -1  # hit that is wanted of a ray; others are counted from 0, the closest again
SURFACES = 32  # of the robot itself, that a ray goes through at most


class RayCaster:
    """The rays of all agents of a world, cast at once.

    They meet the declared shapes, in numpy. In a world that has meshes Bullet casts them: all in one call, and again
    those that hit their own robot.

    Args:
        client: that of the world.
        robots: of the agents.
        props: of the world.
        ground: likewise.
    """

    def __init__(self, client: int, robots: Sequence[RobotBody], props: Sequence[Body], ground: Ground) -> None:
        self._client = client
        fans = [(agent, robot, fan) for agent, robot in enumerate(robots) for fan in robot.needs.rays]
        self.is_needed = bool(fans)
        if not fans:
            return
        self._links = [(robot, robot.links[fan.link]) for _, robot, fan in fans]
        counts = [len(fan.directions) for _, _, fan in fans]
        self._fan: np.ndarray = np.repeat(np.arange(len(fans)), counts)  # of each ray
        self._own = np.repeat([agent for agent, _, _ in fans], counts)
        self._reach = np.repeat([fan.reach for _, _, fan in fans], counts)
        self._level = np.array([fan.level for _, _, fan in fans])
        self._origins = np.array([fan.origin for _, _, fan in fans])
        self._directions = np.concatenate([np.array(fan.directions) for _, _, fan in fans])
        bodies = [*robots, *props]
        self._bodies = [*(body.id for body in bodies), ground.body]  # as Bullet knows them
        self._seen = np.array([_seen_by(agent, len(robots), len(self._bodies)) for agent, _, _ in fans])
        self._inertial = {
            robot: bullet.invertTransform(*bullet.getDynamicsInfo(robot.id, BASE, physicsClientId=client)[3:5])
            for robot, link in self._links
            if link == BASE
        }
        self.surfaces = Surfaces(client, bodies, ground)

    def cast(self) -> np.ndarray:
        """Return of each ray of each fan the share of its reach where it ends, and what it hits (ray, 2).

        That is a number, as in `State.contacts`: of the other agents, the next in the scene first, then of the props,
        then the ground; `FREE` for nothing, and the share is 1.
        """
        with np.errstate(over="ignore", invalid="ignore"):  # of a body that has diverged
            rays = *self._place(), self._reach, self._own
            if self.surfaces.are_known:
                distance, body = self.surfaces.meet(*rays)
            else:
                distance, body = meet_by_bullet(self._client, self._bodies, *rays)
        met = distance <= self._reach
        share = np.where(met, distance, self._reach) / self._reach
        return np.stack([share, self._seen[self._fan, np.where(met, body, -1)]], axis=-1)

    def _place(self) -> tuple[np.ndarray, np.ndarray]:
        """Return where each ray begins [m] and its direction, in the world (ray, 3)."""
        poses = [self._pose(robot, link) for robot, link in self._links]
        position, turned = (np.array(part) for part in zip(*poses, strict=True))
        axes = matrices(turned)  # of each link, in the world
        position = position + dot(axes, self._origins[:, None])
        if self._level.any():
            length = np.hypot(axes[:, 0, 0], axes[:, 1, 0])
            cos, sin = (np.where(length > 0.0, axes[:, n, 0] / np.maximum(length, 1e-9), 1.0 - n) for n in range(2))
            level = np.zeros_like(axes)
            level[:, 0, 0], level[:, 0, 1], level[:, 1, 0], level[:, 1, 1], level[:, 2, 2] = cos, -sin, sin, cos, 1.0
            axes = np.where(self._level[:, None, None], level, axes)
        return position[self._fan], dot(axes[self._fan], self._directions[:, None])

    def _pose(self, robot: RobotBody, link: int) -> Any:
        """Return position and orientation of the frame of a link, as its URDF has it."""
        if link == BASE:
            pose = bullet.getBasePositionAndOrientation(robot.id, self._client)
            return bullet.multiplyTransforms(*pose, *self._inertial[robot])
        return bullet.getLinkState(robot.id, link, 0, 1, self._client)[4:6]


def meet_by_bullet(
    client: int,
    bodies: Sequence[int],
    start: np.ndarray,
    direction: np.ndarray,
    reach: np.ndarray,
    own: np.ndarray,
) -> tuple[np.ndarray, np.ndarray]:
    """Return what `Surfaces.meet` does, by Bullet, which stops up to 1 mm before a surface.

    Args:
        client: that of the world.
        bodies: Bullet's number of each body.
        start: as there, like those that follow.
        direction: likewise.
        reach: likewise.
        own: likewise.
    """
    starts, stops = start.tolist(), (start + direction * reach[:, None]).tolist()
    numbers = {body: number for number, body in enumerate(bodies)}
    distance, met = np.full(len(start), NEVER), np.full(len(start), -1)
    left = list(range(len(starts)))
    for surface in range(CLOSEST, SURFACES):
        chosen = [starts[ray] for ray in left], [stops[ray] for ray in left]
        found = bullet.rayTestBatch(*chosen, reportHitNumber=surface, physicsClientId=client)
        hits = [(ray, numbers[hit[0]], hit[2]) for ray, hit in zip(left, found, strict=True) if hit[0] >= 0]
        left = [ray for ray, body, _ in hits if body == own[ray]]
        for ray, body, share in hits:
            if body != own[ray]:
                distance[ray], met[ray] = share * reach[ray], body
        if not left:
            break
    return distance, met


def _seen_by(agent: int, agents: int, bodies: int) -> list[float]:
    """Return what each body is for an agent, and nothing at last; see `RayCaster.cast`."""
    order = [*range(agent + 1, agents), *range(agent), *range(agents, bodies)]
    seen = [FREE] * (bodies + 1)
    for number, body in enumerate(order):
        seen[body] = float(number)
    return seen
