"""A world: one Bullet client that holds one scene. Nothing else in the package talks to Bullet, but the camera.

What makes episodes exact (Bullet's own reset is not): the simple broadphase, sorted pairs, a flush of every body's
contacts before `restoreState`, motors sent again after it, and torques sent once, directly before the step.
"""

import itertools
import math
import tempfile
import time
import weakref
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NoReturn, TypeAlias

from roboschool.capture import captured
from roboschool.files import InvalidInput
from roboschool.robot import Robot
from roboschool.scene import Agent, Scene
from roboschool.urdf import without_visuals

with captured():
    import pybullet as bullet

CONTACT_ERP = 0.9  # Roboschool's
FARTHEST = 1000.0  # [m]
FASTEST = 60.0  # Bullet clamps every speed at 100 [m/s, rad/s]; a trunk that comes near that has blown up
STRAIGHT = (0.0, 0.0, 0.0, 1.0)

Quaternion: TypeAlias = tuple[float, float, float, float]  # x, y, z, w


@dataclass(frozen=True)
class Placement:
    """Where an agent's robot begins an episode."""

    spot: tuple[float, float]  # [m]
    turn: float  # heading [rad]
    joints: tuple[float, ...]  # in action order [rad]


@dataclass(frozen=True)
class Snapshot:
    """Poses and speeds of every body of a world, exactly, as plain numbers."""

    gravity: float
    friction: float
    placements: tuple[Placement, ...]
    bases: tuple[Any, ...]  # position, orientation, velocity, spin of each robot
    joints: tuple[Any, ...]  # positions and speeds of each robot's joints


class Body:
    """A robot in a Bullet client: the numbers Bullet knows its parts by."""

    def __init__(self, client: int, agent: Agent) -> None:
        robot = agent.robot
        self.client = client
        self.robot = robot
        self.planar = robot.planar
        self.stands = robot.stands
        self.id = _load(client, robot)
        infos = [
            bullet.getJointInfo(self.id, j, physicsClientId=client)
            for j in range(bullet.getNumJoints(self.id, physicsClientId=client))
        ]
        joints = {info[1].decode(): info[0] for info in infos}
        links = {info[12].decode(): info[0] for info in infos} | {robot.model.root: -1}
        self.passive = tuple(joints[name] for name in robot.passive)
        limits = {joint.name: (joint.lower, joint.upper) for joint in robot.model.joints}
        self.idle = [_nearest_zero(*limits[name]) for name in robot.passive]  # where passive joints begin
        self.driven = tuple(joints[joint.name] for joint in robot.joints)
        self.joints = self.passive + self.driven
        self.trunk = links[robot.trunk]
        # Bullet turns a base to the axes of its inertia; this is by how much
        self.tilted: Quaternion = bullet.getDynamicsInfo(self.id, -1, physicsClientId=client)[4]
        self.feet = {links[name]: place for place, name in enumerate(robot.feet)}
        self.still = [0.0] * len(self.feet)
        self.off = [0.0] * len(self.joints)
        self.home = Placement((0.0, 0.0), 0.0, robot.pose)
        self.turned = (1.0, 0.0)  # cosine and sine of the heading a planar robot is held at

    def motors_off(self) -> None:
        """Switch off the brake that Bullet puts on every joint; it is not part of a saved state."""
        bullet.setJointMotorControlArray(
            self.id, self.joints, bullet.VELOCITY_CONTROL, forces=self.off, physicsClientId=self.client
        )

    def place(self, placement: Placement, ground: int) -> None:
        """Put the robot on the ground: its lowest point just touches it, whatever the angles of its joints."""
        self.home = placement
        self.turned = (math.cos(placement.turn), math.sin(placement.turn))
        height = self.robot.stance
        passive = [0.0, height, 0.0, *self.idle[3:]] if self.planar else self.idle
        self._set_joints([*passive, *placement.joints], self.off)
        self._set_base(placement, 0.0 if self.robot.fixed else height)
        if self.planar:
            bullet.resetJointState(self.id, self.passive[1], height - self._gap(ground), 0.0, self.client)
        elif not self.robot.fixed:
            self._set_base(placement, height - self._gap(ground))

    def _set_joints(self, positions: Sequence[float], speeds: Sequence[float]) -> None:
        bullet.resetJointStatesMultiDof(
            self.id,
            self.joints,
            targetValues=[(q,) for q in positions],
            targetVelocities=[(v,) for v in speeds],
            physicsClientId=self.client,
        )

    def _set_base(self, placement: Placement, height: float) -> None:
        half = placement.turn / 2
        turned = _multiply((0.0, 0.0, math.sin(half), math.cos(half)), self.tilted)
        bullet.resetBasePositionAndOrientation(self.id, (*placement.spot, height), turned, physicsClientId=self.client)

    def _gap(self, ground: int) -> float:
        """Return the distance between the ground and the lowest point [m], below 0 if it is in the ground."""
        points = bullet.getClosestPoints(self.id, ground, FARTHEST, physicsClientId=self.client)
        return min((point[8] for point in points), default=0.0)

    def capture(self) -> tuple[Any, Any]:
        """Return pose and velocity of the base, positions and speeds of the joints."""
        base = bullet.getBasePositionAndOrientation(self.id, physicsClientId=self.client)
        base += bullet.getBaseVelocity(self.id, physicsClientId=self.client)
        states = bullet.getJointStates(self.id, self.joints, physicsClientId=self.client)
        return base, (tuple(s[0] for s in states), tuple(s[1] for s in states))

    def restore(self, placement: Placement, base: Any, joints: Any) -> None:
        """Take back what `capture` returned."""
        self.home = placement
        self.turned = (math.cos(placement.turn), math.sin(placement.turn))
        bullet.resetBasePositionAndOrientation(self.id, base[0], base[1], physicsClientId=self.client)
        bullet.resetBaseVelocity(self.id, base[2], base[3], physicsClientId=self.client)
        self._set_joints(*joints)

    def row(self, ground: int) -> tuple[list[float], bool]:
        """Return one agent's row of a `State`, and whether its physics is sound.

        The joints in it are raw: [rad] and [rad/s].
        """
        states = bullet.getJointStates(self.id, self.joints, self.client)
        row, moving = self._planar_trunk(states) if self.planar else self._free_trunk()
        for joint in states[len(self.passive) :]:
            row += joint[:2]
        feet, bumps = self.still[:], self.still[:]
        for contact in bullet.getContactPoints(self.id, physicsClientId=self.client):
            if contact[9] > 0.0:  # it presses
                self._touch(contact, ground, feet, bumps)
        stands = self.stands(row[2], row[8], row[9], feet)
        row += feet
        row += moving[3:]
        row += bumps
        row.append(1.0 if stands else 0.0)
        return row, math.hypot(*moving) < FASTEST and math.isfinite(sum(row))

    def _touch(self, contact: Any, ground: int, feet: list[float], bumps: list[float]) -> None:
        other = contact[2]
        if contact[3] in self.feet:
            (feet if other == ground else bumps)[self.feet[contact[3]]] = 1.0
        if other == self.id and contact[4] in self.feet:
            bumps[self.feet[contact[4]]] = 1.0

    def _planar_trunk(self, states: Any) -> tuple[list[float], tuple[float, ...]]:
        (along, forward, *_), (height, up, *_), (lean, spin, *_) = states[:3]
        cos, sin = self.turned
        x, y = self.home.spot
        row = [x + along * cos, y + along * sin, height, -sin, cos, forward, 0.0, up, 0.0, lean]
        return row, (forward * cos, forward * sin, up, -sin * spin, cos * spin, 0.0)

    def _free_trunk(self) -> tuple[list[float], tuple[float, ...]]:
        if self.trunk == -1:
            position, quaternion = bullet.getBasePositionAndOrientation(self.id, self.client)
            velocity, spin = bullet.getBaseVelocity(self.id, self.client)
            if self.tilted != STRAIGHT:
                x, y, z, w = self.tilted
                quaternion = _multiply(quaternion, (-x, -y, -z, w))
        else:
            link = bullet.getLinkState(self.id, self.trunk, 1, 1, self.client)
            position, quaternion, velocity, spin = link[0], link[5], link[6], link[7]
        x, y, z, w = quaternion
        roll = math.atan2(2.0 * (w * x + y * z), 1.0 - 2.0 * (x * x + y * y))
        pitch = math.asin(max(-1.0, min(1.0, 2.0 * (w * y - z * x))))
        cos, sin = 1.0 - 2.0 * (y * y + z * z), 2.0 * (w * z + x * y)
        length = math.hypot(cos, sin) or 1.0
        cos, sin = cos / length, sin / length
        vx, vy, vz = velocity
        row = [*position, -sin, cos, cos * vx + sin * vy, cos * vy - sin * vx, vz, roll, pitch]
        return row, velocity + spin


class World:
    """One Bullet client that holds one scene and all its robots.

    Args:
        scene: what to build. Shapes that are only seen are left to the camera.

    Raises:
        InvalidInput: Bullet cannot load a robot.
    """

    def __init__(self, scene: Scene) -> None:
        self.scene = scene
        self.client: int = bullet.connect(bullet.DIRECT)
        if self.client < 0:
            raise RuntimeError("Bullet has no room for another world in this process; close some")
        self._free = weakref.finalize(self, bullet.disconnect, self.client)  # also if nobody closes the world
        self._advance: Callable[..., None] = bullet.stepSimulation
        self._laps: list[float] = []
        self.gravity = self.friction = math.nan
        try:
            self.ground, self.bodies, self.start = self._build()
        except BaseException:
            self.close()
            raise

    def _build(self) -> tuple[int, list[Body], int]:
        client = self.client
        bullet.resetSimulation(bullet.RESET_USE_SIMPLE_BROADPHASE, physicsClientId=client)
        bullet.setPhysicsEngineParameter(
            fixedTimeStep=self.scene.timestep,
            numSubSteps=self.scene.substeps,
            numSolverIterations=self.scene.iterations,
            contactERP=CONTACT_ERP,
            deterministicOverlappingPairs=1,
            enableFileCaching=0,
            physicsClientId=client,
        )
        plane = bullet.createCollisionShape(bullet.GEOM_PLANE, planeNormal=(0, 0, 1), physicsClientId=client)
        ground = bullet.createMultiBody(0, plane, physicsClientId=client)
        bodies = [Body(client, agent) for agent in self.scene.agents]
        for body in bodies:
            body.motors_off()
        return ground, bodies, bullet.saveState(physicsClientId=client)

    def rebuild(self) -> None:
        """Build the world anew; nothing less heals it once Bullet has seen a number that is not finite."""
        self.gravity = self.friction = math.nan
        bullet.removeState(self.start, physicsClientId=self.client)
        self.ground, self.bodies, self.start = self._build()

    def reset(self, placements: Sequence[Placement], gravity: float, friction: float) -> None:
        """Begin an episode: the same arguments give the same bits, whatever happened before."""
        self._rewind(gravity, friction)
        for body, placement in zip(self.bodies, placements, strict=True):
            body.place(placement, self.ground)

    def _rewind(self, gravity: float, friction: float) -> None:
        for body in self.bodies:  # an entry that matches no pair drops the body's contacts
            bullet.setCollisionFilterPair(body.id, -1, -1, -1, 1, physicsClientId=self.client)
        bullet.restoreState(self.start, physicsClientId=self.client)
        for body in self.bodies:
            body.motors_off()
        if gravity != self.gravity:
            bullet.setGravity(0.0, 0.0, -gravity, physicsClientId=self.client)
            self.gravity = gravity
        if friction != self.friction:
            bullet.changeDynamics(self.ground, -1, lateralFriction=friction, physicsClientId=self.client)
            self.friction = friction

    def step(self, torques: Sequence[Sequence[float]]) -> None:
        """Apply each robot's torques [N m], in the order of the agents, and let one timestep pass."""
        for body, torque in zip(self.bodies, torques, strict=True):
            bullet.setJointMotorControlArray(
                body.id, body.driven, bullet.TORQUE_CONTROL, forces=torque, physicsClientId=self.client
            )
        self._advance(physicsClientId=self.client)

    def time_bullet(self, on: bool) -> tuple[int, float]:
        """Switch a stopwatch on Bullet's own step on or off; return the steps and the seconds it has counted."""
        steps, seconds = len(self._laps), sum(self._laps)
        self._laps.clear()
        self._advance = self._timed if on else bullet.stepSimulation
        return steps, seconds

    def _timed(self, **client: int) -> None:
        start = time.perf_counter()
        bullet.stepSimulation(**client)
        self._laps.append(time.perf_counter() - start)

    def row(self, agent: int) -> tuple[list[float], bool]:
        """Return an agent's row of a `State`, joints raw, and whether its physics is sound."""
        return self.bodies[agent].row(self.ground)

    def overlaps(self) -> list[tuple[str, str]]:
        """Return the names of agents whose robots are inside each other."""
        names = [agent.name for agent in self.scene.agents]
        pairs = itertools.combinations(zip(names, self.bodies, strict=True), 2)
        return [(one, other) for (one, first), (other, second) in pairs if self._overlap(first, second)]

    def _overlap(self, first: Body, second: Body) -> bool:
        points = bullet.getClosestPoints(first.id, second.id, 0.0, physicsClientId=self.client)
        return any(point[8] < 0.0 for point in points)

    def capture(self) -> Snapshot:
        """Return everything that moves, to be given to `restore`."""
        bases, joints = zip(*(body.capture() for body in self.bodies), strict=True)
        return Snapshot(self.gravity, self.friction, tuple(body.home for body in self.bodies), bases, joints)

    def restore(self, snapshot: Snapshot) -> None:
        """Take back a snapshot; worlds restored from the same snapshot go on bit for bit alike."""
        self._rewind(snapshot.gravity, snapshot.friction)
        for body, placement, base, joints in zip(
            self.bodies, snapshot.placements, snapshot.bases, snapshot.joints, strict=True
        ):
            body.restore(placement, base, joints)

    def close(self) -> None:
        """Free the client; again does nothing."""
        self._free()
        self.client = -1

    def __reduce__(self) -> NoReturn:
        """Refuse to be copied or pickled: two would share one client."""
        raise TypeError("a World holds a Bullet client, which cannot be copied; copy the env, or use save and load")


def _nearest_zero(lower: float | None, upper: float | None) -> float:
    return 0.0 if lower is None or upper is None else min(max(0.0, lower), upper)


def _multiply(a: Quaternion, b: Quaternion) -> Quaternion:
    """Return the turn b, then the turn a."""
    ax, ay, az, aw = a
    bx, by, bz, bw = b
    return (
        aw * bx + ax * bw + ay * bz - az * by,
        aw * by - ax * bz + ay * bw + az * bx,
        aw * bz + ax * by - ay * bx + az * bw,
        aw * bw - ax * bx - ay * by - az * bz,
    )


def _load(client: int, robot: Robot) -> int:
    """Load a robot that has been checked.

    Raises:
        InvalidInput: Bullet refuses it; its own words are in the message.
    """
    flags = bullet.URDF_USE_INERTIA_FROM_FILE
    if robot.self_collision:
        flags |= bullet.URDF_USE_SELF_COLLISION | bullet.URDF_USE_SELF_COLLISION_EXCLUDE_ALL_PARENTS
    with tempfile.TemporaryDirectory() as folder, captured() as said:
        path = Path(folder) / f"{robot.name}.urdf"
        path.write_text(without_visuals(robot.model.text), encoding="utf-8")
        try:
            return int(bullet.loadURDF(str(path), useFixedBase=robot.fixed, flags=flags, physicsClientId=client))
        except bullet.error:
            raise InvalidInput(f"{robot.model.path}: Bullet cannot load it: {said()}") from None
