"""A world: one Bullet client that holds one scene. Nothing else in the package talks to Bullet, but the camera.

What makes episodes exact (Bullet's own reset is not): the simple broadphase, sorted pairs, a flush of every body's
contacts before `restoreState`, motors sent again after it, and torques sent once, directly before the step.
"""

import itertools
import math
import time
import weakref
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, NoReturn, TypeAlias

from roboschool.errors import InvalidInput, check_choice
from roboschool.mdp.effects import Placement
from roboschool.mdp.task import needs_of
from roboschool.physics.checkpoint import EpisodeLog, Quaternion, Snapshot, Triple, WorldCheckpoint
from roboschool.physics.output import redirect_native_output
from roboschool.robots.urdf import Joint, Model, without_visuals
from roboschool.scenes.scene import Agent, Prop, Scene
from roboschool.scratch import scratch_path

with redirect_native_output():
    import pybullet as bullet

CONTACT_ERP = 0.9  # Roboschool's
FARTHEST = 1000.0  # [m]
FASTEST = 60.0  # Bullet clamps every speed at 100 [m/s, rad/s]; a trunk that comes near that has blown up
STRAIGHT = (0.0, 0.0, 0.0, 1.0)
UNMOVED = (0.0,) * 6
Trunk: TypeAlias = tuple[Sequence[float], ...]  # position, world_x_direction, velocity, roll_pitch
ROOT = -1  # the number of a body's root among its links
TOUCH = 0.001  # bodies that are no deeper in each other only touch [m]
NOWHERE = -1  # the ground of a scene that has none
ANY, ANY_LINK = -1, -2  # body or link, where pybullet is called often: arguments by name take it longer


class Body:
    """A URDF in a Bullet client: the numbers Bullet knows its parts by."""

    def __init__(self, client: int, model: Model, order: Sequence[str], self_collision: bool = False) -> None:
        self.client = client
        self.id = _load(client, model, self_collision)
        infos = [
            bullet.getJointInfo(self.id, j, physicsClientId=client)
            for j in range(bullet.getNumJoints(self.id, physicsClientId=client))
        ]
        numbers = {info[1].decode(): info[0] for info in infos}
        self.links = {info[12].decode(): info[0] for info in infos} | {model.root: -1}
        self.joints = tuple(numbers[name] for name in order)
        self.model = model
        self.off = [0.0] * len(self.joints)
        # Bullet turns a base to the axes of its inertia; this is by how much
        self.tilted: Quaternion = bullet.getDynamicsInfo(self.id, -1, physicsClientId=client)[4]

    def motors_off(self) -> None:
        """Switch off the brake that Bullet puts on every joint; it is not part of a saved state."""
        bullet.setJointMotorControlArray(
            self.id, self.joints, bullet.VELOCITY_CONTROL, forces=self.off, physicsClientId=self.client
        )

    def _set_joints(self, positions: Sequence[float], speeds: Sequence[float]) -> None:
        if self.joints:
            places, paces = [(q,) for q in positions], [(v,) for v in speeds]
            bullet.resetJointStatesMultiDof(self.id, self.joints, places, paces, self.client)

    def immovable(self) -> set[int]:
        """Return the numbers of links that can never move."""
        return {self.links[name] for name in self.model.immovable}

    def capture(self) -> tuple[Any, Any]:
        """Return pose and velocity of the base, positions and speeds of the joints."""
        base = bullet.getBasePositionAndOrientation(self.id, self.client)
        base += bullet.getBaseVelocity(self.id, self.client)
        states = bullet.getJointStates(self.id, self.joints, self.client) if self.joints else ()
        return base, (tuple(s[0] for s in states), tuple(s[1] for s in states))


class RobotBody(Body):
    """An agent's robot in a Bullet client."""

    def __init__(self, client: int, agent: Agent, link_heights: Sequence[str] = ()) -> None:
        robot = agent.robot
        order = (*robot.passive, *(joint.name for joint in robot.joints))
        super().__init__(client, robot.model, order, robot.self_collision)
        self.robot = robot
        self.planar = robot.planar
        self.stands = robot.stands
        self.passive = len(robot.passive)
        self.track = len(robot.passive) - len(robot.loose)
        joints = {joint.name: joint for joint in robot.model.joints}
        self.idle = [_within(0.0, joints[name]) for name in robot.loose]  # where they begin
        self.driven = self.joints[self.passive :]
        self.unasked = [0.0] * len(self.driven)  # positions, speeds and gains, which torque control ignores
        self.trunk = self.links[robot.trunk]
        self.watched = self.links[robot.watched] if robot.watched != robot.trunk else None
        self.heights = [self.links[name] for name in link_heights]
        self.feet = {self.links[name]: place for place, name in enumerate(robot.feet)}
        self.still = [0.0] * len(self.feet)
        self.settle(Placement((0.0, 0.0), 0.0, robot.pose))

    def settle(self, placement: Placement) -> None:
        """Note where the episode began."""
        self.home = placement
        self.turned = (math.cos(placement.yaw), math.sin(placement.yaw))

    def place(self, placement: Placement, ground: int) -> None:
        """Put the robot on the ground: its lowest point just touches it, whatever the angles of its joints."""
        self.settle(placement)
        height = self.robot.stance
        track = (0.0, height, placement.pitch) if self.planar else ()
        self._set_joints([*track, *(placement.passive_joints or self.idle), *placement.joints], self.off)
        half, lean = placement.yaw / 2, 0.0 if self.robot.fixed else placement.pitch / 2
        upright = _multiply((0.0, math.sin(lean), 0.0, math.cos(lean)), self.tilted)
        turned = _multiply((0.0, 0.0, math.sin(half), math.cos(half)), upright)
        self._set_base(0.0 if self.robot.fixed else height, turned)
        if self.planar:
            bullet.resetJointState(self.id, self.joints[1], height - self._gap(ground), 0.0, self.client)
        elif not self.robot.fixed:
            self._set_base(height - self._gap(ground), turned)

    def _set_base(self, height: float, turned: Quaternion) -> None:
        bullet.resetBasePositionAndOrientation(self.id, (*self.home.position, height), turned, self.client)

    def _gap(self, ground: int) -> float:
        """Return the distance between the ground and the lowest point [m], below 0 if it is in the ground."""
        if ground == NOWHERE:
            return 0.0
        points = bullet.getClosestPoints(self.id, ground, FARTHEST, physicsClientId=self.client)
        return min((point[8] for point in points), default=0.0)

    def read(self, ground: int) -> tuple[dict[str, Sequence[float]], bool]:
        """Return the quantities of a `BodyState` by name, and whether the physics is sound."""
        states = bullet.getJointStates(self.id, self.joints, self.client)
        trunk, moving = self._planar_trunk(states) if self.planar else self._free_trunk()
        position, world_x_direction, velocity, roll_pitch = trunk
        driven, passive = states[self.passive :], states[self.track : self.passive]
        feet, obstacles = self._touches(ground)
        height = position[2] if self.watched is None else self._height(self.watched)
        values = {
            "position": position,
            "world_x_direction": world_x_direction,
            "velocity": velocity,
            "roll_pitch": roll_pitch,
            "angular_velocity": moving[3:],
            "q": [joint[0] for joint in driven],
            "qd": [joint[1] for joint in driven],
            "passive_q": [joint[0] for joint in passive],
            "passive_qd": [joint[1] for joint in passive],
            "foot_contacts": feet,
            "foot_obstacle_contacts": obstacles,
            "upright": [1.0 if self.stands(height, roll_pitch[0], roll_pitch[1], feet) else 0.0],
            "link_heights": [self._height(link) for link in self.heights],
        }
        return values, math.hypot(*moving) < FASTEST

    def _height(self, link: int) -> float:
        if link == -1:
            return float(bullet.getBasePositionAndOrientation(self.id, self.client)[0][2])
        return float(bullet.getLinkState(self.id, link, 0, 1, self.client)[0][2])

    def _touches(self, ground: int) -> tuple[list[float], list[float]]:
        """Return 1 for each foot that presses on the ground, and for each that presses on anything else."""
        places, on_ground, on_others = self.feet, self.still[:], self.still[:]
        if not places:
            return on_ground, on_others
        for contact in bullet.getContactPoints(self.id, ANY, ANY_LINK, ANY_LINK, self.client):
            if contact[9] > 0.0:  # it presses
                other, link = contact[2], contact[3]
                if link in places:
                    (on_ground if other == ground else on_others)[places[link]] = 1.0
                if other == self.id and contact[4] in places:
                    on_others[places[contact[4]]] = 1.0
        return on_ground, on_others

    def _planar_trunk(self, states: Any) -> tuple[Trunk, tuple[float, ...]]:
        (along, forward, _, _), (height, up, _, _), (pitch, rate, _, _) = states[:3]
        cos, sin = self.turned
        x, y = self.home.position
        trunk = (x + along * cos, y + along * sin, height), (-sin, cos), (forward, 0.0, up), (0.0, pitch)
        return trunk, (forward * cos, forward * sin, up, -sin * rate, cos * rate, 0.0)

    def _free_trunk(self) -> tuple[Trunk, tuple[float, ...]]:
        if self.robot.bolted:
            x, y = self.home.position
            cos, sin = self.turned
            return ((x, y, 0.0), (-sin, cos), (0.0, 0.0, 0.0), (0.0, 0.0)), UNMOVED
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
        trunk = position, (-sin, cos), (cos * vx + sin * vy, cos * vy - sin * vx, vz), (roll, pitch)
        return trunk, velocity + spin


class PropBody(Body):
    """A prop in a Bullet client."""

    def __init__(self, client: int, prop: Prop) -> None:
        super().__init__(client, prop.model, [joint.name for joint in prop.joints])
        self.prop = prop
        self.leaf = max(self.links.values())
        self.centre: Triple = bullet.getDynamicsInfo(self.id, -1, physicsClientId=client)[3]  # of mass, from the root
        self.start: Triple = (0.0, 0.0, 0.0)
        self.turned: Quaternion = STRAIGHT

    def place(self, position: Triple, yaw: float) -> None:
        """Put the prop somewhere, at rest."""
        self.start, self.turned = position, (0.0, 0.0, math.sin(yaw / 2), math.cos(yaw / 2))
        if not self.prop.moves and not any(position) and not yaw:
            return  # where it was loaded
        self._set_joints(self.off, self.off)
        ahead = bullet.rotateVector(self.turned, self.centre)
        self._set_base([here + there for here, there in zip(position, ahead, strict=True)])
        bullet.resetBaseVelocity(self.id, (0.0, 0.0, 0.0), (0.0, 0.0, 0.0), physicsClientId=self.client)

    def throw(self, position: Triple, velocity: Triple) -> None:
        """Let the prop fly, or slide within its limits, from where its centre of mass then is; without spin."""
        if self.joints:
            way = [there - here for there, here in zip(position, self.start, strict=True)]
            ways = [bullet.rotateVector(self.turned, joint.axis) for joint in self.prop.joints]
            places = [_within(_dot(axis, way), joint) for axis, joint in zip(ways, self.prop.joints, strict=True)]
            self._set_joints(places, [_dot(axis, velocity) for axis in ways])
        else:
            self._set_base(position)
            bullet.resetBaseVelocity(self.id, velocity, (0.0, 0.0, 0.0), physicsClientId=self.client)

    def _set_base(self, position: Sequence[float]) -> None:
        turned = _multiply(self.turned, self.tilted)
        bullet.resetBasePositionAndOrientation(self.id, position, turned, physicsClientId=self.client)

    def row(self) -> tuple[float, ...]:
        """Return position and velocity of the centre of mass, of the whole or of the last of its links; and its x axis.

        They are in the world [m, m/s].
        """
        if not self.prop.moves:
            return (*self.start, 0.0, 0.0, 0.0, *_x_axis(self.turned))
        if not self.joints:
            position, turned = bullet.getBasePositionAndOrientation(self.id, self.client)
            velocity, _ = bullet.getBaseVelocity(self.id, self.client)
            x, y, z, w = self.tilted
            return (*position, *velocity, *_x_axis(_multiply(turned, (-x, -y, -z, w))))
        link = bullet.getLinkState(self.id, self.leaf, 1, 1, self.client)
        return (*link[0], *link[6], *_x_axis(link[5]))


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
            self._start()
        except BaseException:
            self.close()
            raise

    def _build(self) -> tuple[int, list[RobotBody], list[PropBody], int]:
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
        ground = NOWHERE
        if self.scene.ground:
            plane = bullet.createCollisionShape(bullet.GEOM_PLANE, planeNormal=(0, 0, 1), physicsClientId=client)
            ground = bullet.createMultiBody(0, plane, physicsClientId=client)
        info = self.scene.info
        bodies = [RobotBody(client, agent, needs_of(agent.task, info).link_heights) for agent in self.scene.agents]
        props = [PropBody(client, prop) for prop in self.scene.props]
        for body in (*bodies, *props):
            body.motors_off()
        return ground, bodies, props, bullet.saveState(physicsClientId=client)

    def rebuild(self) -> None:
        """Build the world anew; nothing less heals it once Bullet has seen a number that is not finite."""
        self.gravity = self.friction = math.nan
        bullet.removeState(self.start, physicsClientId=self.client)
        self._start()

    def _start(self) -> None:
        """Build the world, and list what must be calmed before an episode."""
        self.ground, self.bodies, self.prop_bodies, self.start = self._build()
        self.moving: list[Body] = [*self.bodies, *(body for body in self.prop_bodies if body.prop.moves)]
        self.log = EpisodeLog((), (), self.gravity, self.friction)
        self.restores_exactly = self._has_one_contact_order()

    def _has_one_contact_order(self) -> bool:
        """Return whether the order of contacts follows from the poses alone, so that Bullet's saved state is complete.

        Bullet sorts contacts by pairs of links. Two links of which one has several shapes touch in several places of
        the same rank, whose order depends on the past. It does not if only the ground can be touched, for an infinite
        plane never loses touch: then the order is that of the shapes.
        """
        bodies: list[Body] = [*self.bodies, *self.prop_bodies]
        if len(bodies) == 1 and not any(body.robot.self_collision for body in self.bodies):
            return True
        links = [(body.id, link) for body in bodies for link in body.links.values()]
        shapes = [len(bullet.getCollisionShapeData(body, link, physicsClientId=self.client)) for body, link in links]
        return max(shapes, default=0) <= 1

    def reset(
        self,
        placements: Sequence[Placement],
        props: Sequence[tuple[Triple, float]] = (),
        gravity: float = 9.8,
        friction: float = 0.8,
    ) -> None:
        """Begin an episode: the same arguments give the same bits, whatever happened before.

        Args:
            placements: where each robot begins.
            props: position [m] and yaw [rad] of each prop.
            gravity: downwards [m/s2].
            friction: of the ground.
        """
        self._rewind(gravity, friction)
        for prop, (position, yaw) in zip(self.prop_bodies, props, strict=True):
            prop.place(position, yaw)
        for body, placement in zip(self.bodies, placements, strict=True):
            body.place(placement, self.ground)
        self.log = EpisodeLog(tuple(placements), tuple(props), gravity, friction)

    def _rewind(self, gravity: float, friction: float) -> None:
        for body in self.moving:  # an entry that matches no pair drops the body's contacts
            bullet.setCollisionFilterPair(body.id, -1, -1, -1, 1, self.client)
        bullet.restoreState(self.start, physicsClientId=self.client)
        for body in self.moving:
            body.motors_off()
        if gravity != self.gravity:
            bullet.setGravity(0.0, 0.0, -gravity, physicsClientId=self.client)
            self.gravity = gravity
        if friction != self.friction:
            if self.ground != NOWHERE:
                bullet.changeDynamics(self.ground, -1, lateralFriction=friction, physicsClientId=self.client)
            self.friction = friction

    def step(self, torques: Sequence[Sequence[float]]) -> None:
        """Apply each robot's torques [N m], in the order of the agents, and let one timestep pass."""
        for body, torque in zip(self.bodies, torques, strict=True):
            zero = body.unasked  # by name the call takes longer, and by place these must be given
            bullet.setJointMotorControlArray(
                body.id, body.driven, bullet.TORQUE_CONTROL, zero, zero, torque, zero, zero, self.client
            )
            self.log.torques.extend(torque)
        self._advance(self.client)
        self.log.steps += 1

    def time_bullet(self, on: bool) -> tuple[int, float]:
        """Switch a stopwatch on Bullet's own step on or off; return the steps and the seconds it has counted."""
        steps, seconds = len(self._laps), sum(self._laps)
        self._laps.clear()
        self._advance = self._timed if on else bullet.stepSimulation
        return steps, seconds

    def _timed(self, client: int) -> None:
        start = time.perf_counter()
        bullet.stepSimulation(client)
        self._laps.append(time.perf_counter() - start)

    def read(self, agent: int) -> tuple[dict[str, Sequence[float]], bool]:
        """Return the quantities of an agent's `BodyState` by name, and whether its physics is sound."""
        return self.bodies[agent].read(self.ground)

    def props(self) -> list[tuple[float, ...]]:
        """Return position, velocity and x axis of every prop [m, m/s]."""
        return [body.row() for body in self.prop_bodies]

    def touches(self) -> list[tuple[int, int]]:
        """Return who presses on whom: numbers of the agents, then of the props; the smaller first."""
        numbers = {body.id: number for number, body in enumerate((*self.bodies, *self.prop_bodies))}
        contacts = bullet.getContactPoints(ANY, ANY, ANY_LINK, ANY_LINK, self.client)
        pairs = {(numbers.get(c[1], NOWHERE), numbers.get(c[2], NOWHERE)) for c in contacts if c[9] > 0.0}
        return sorted({(min(pair), max(pair)) for pair in pairs if NOWHERE not in pair and pair[0] != pair[1]})

    def throw(self, prop: str, position: Triple, velocity: Triple) -> None:
        """Take a prop somewhere [m] and let it fly on [m/s].

        Raises:
            InvalidInput: there is no such prop, it can neither fly nor slide, or a number is not finite.
        """
        where = f"scene {self.scene.name!r}"
        names = [other.name for other in self.scene.props if other.throwable]
        check_choice(prop, names, "prop that can be thrown", where)
        if not all(map(math.isfinite, (*position, *velocity))):
            raise InvalidInput(f"{where}: prop {prop!r} is thrown from {position} with {velocity}")
        next(body for body in self.prop_bodies if body.prop.name == prop).throw(position, velocity)
        self.log.throws.append((self.log.steps, prop, position, velocity))

    def overlaps(self) -> list[tuple[str, str, float]]:
        """Return agents and props that are inside each other or the ground, by name, and how deep [m].

        Parts that can never move may overlap, such as the corners of a wall.
        """
        names = [agent.name for agent in self.scene.agents] + [prop.name for prop in self.scene.props]
        bodies: list[Body | None] = [*self.bodies, *self.prop_bodies]
        if self.ground != NOWHERE:
            names.append("the ground")
            bodies.append(None)
        pairs = itertools.combinations(zip(names, bodies, strict=True), 2)
        depths = [(one, other, self._overlap(first, second)) for (one, first), (other, second) in pairs if first]
        return [(one, other, depth) for one, other, depth in depths if depth > TOUCH]

    def _overlap(self, first: Body, second: Body | None) -> float:
        """Return how deep two bodies are in each other, or one is in the ground [m]."""
        number, immovable = (self.ground, {ROOT}) if second is None else (second.id, second.immovable())
        points = bullet.getClosestPoints(first.id, number, 0.0, physicsClientId=self.client)
        moving = (p for p in points if not (p[3] in first.immovable() and p[4] in immovable))
        return max((-point[8] for point in moving), default=0.0)

    def capture(self) -> Snapshot:
        """Return everything that moves, for pictures and comparisons."""
        bases, joints = zip(*(body.capture() for body in (*self.bodies, *self.prop_bodies)), strict=True)
        homes = tuple(body.home for body in self.bodies)
        starts = tuple((body.start, body.turned) for body in self.prop_bodies)
        return Snapshot(self.gravity, self.friction, homes, bases, joints, starts)

    def save(self) -> WorldCheckpoint:
        """Return the state of the world, to be given to `load` here or in another process; nothing changes."""
        with scratch_path() as path:
            bullet.saveBullet(path, physicsClientId=self.client)
            state = Path(path).read_bytes()
        return WorldCheckpoint(self.capture(), state, self._contacts(), self.log.copy())

    def load(self, checkpoint: WorldCheckpoint, exact: bool = True) -> None:
        """Take back a state.

        Args:
            checkpoint: what `save` returned.
            exact: whether the future must be that of the world that was saved, to the bit. If Bullet's own state cannot
                promise that, the episode is replayed, which takes as long as it took. Otherwise all worlds that load
                the state still go on alike.

        Raises:
            InvalidInput: the state is damaged, or the replay ends elsewhere. The world must be reset then.
        """
        snapshot = checkpoint.snapshot
        self._rewind(snapshot.gravity, snapshot.friction)
        for body, placement in zip(self.bodies, snapshot.placements, strict=True):
            body.settle(placement)
        for prop, start in zip(self.prop_bodies, snapshot.starts, strict=True):
            prop.start, prop.turned = start
        with scratch_path(checkpoint.state) as path, redirect_native_output() as said:
            try:
                bullet.restoreState(fileName=path, physicsClientId=self.client)
            except bullet.error:
                raise InvalidInput(f"scene {self.scene.name!r}: Bullet cannot restore the state: {said()}") from None
        if exact and not (self.restores_exactly and self._contacts() == checkpoint.contacts):
            self._replay(checkpoint.log)
            if self.capture() != snapshot:
                raise InvalidInput(
                    f"scene {self.scene.name!r}: the state was saved with another processor, version or options, and "
                    "its episode ends differently here; load it with exact=False, or begin a new episode"
                )
        self.log = checkpoint.log.copy() if exact else checkpoint.log.begun_at(checkpoint)

    def _replay(self, log: EpisodeLog) -> None:
        """Live through an episode once more."""
        if log.base is None:
            self.reset(log.placements, log.props, log.gravity, log.friction)
        else:
            self.load(log.base, exact=False)
        throws = log.throws[::-1]
        ends = list(itertools.accumulate(len(body.driven) for body in self.bodies))
        for step, row in enumerate(log.rows()):
            while throws and throws[-1][0] == step:
                self.throw(*throws.pop()[1:])
            self.step([row[start:end] for start, end in itertools.pairwise([0, *ends])])
        while throws:
            self.throw(*throws.pop()[1:])

    def _contacts(self) -> Any:
        return bullet.getContactPoints(physicsClientId=self.client)

    def close(self) -> None:
        """Free the client; again does nothing."""
        self._free()
        self.client = -1

    def __reduce__(self) -> NoReturn:
        """Refuse to be copied or pickled: two would share one client."""
        raise TypeError("a World holds a Bullet client, which cannot be copied; copy the env, or use save and load")


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


def _x_axis(turned: Quaternion) -> Triple:
    """Return where the x axis points after a turn."""
    x, y, z, w = turned
    return 1.0 - 2.0 * (y * y + z * z), 2.0 * (w * z + x * y), 2.0 * (x * z - w * y)


def _within(position: float, joint: Joint) -> float:
    """Return a position within a joint's limits."""
    return position if joint.lower is None or joint.upper is None else min(max(position, joint.lower), joint.upper)


def _dot(a: Sequence[float], b: Sequence[float]) -> float:
    return sum(x * y for x, y in zip(a, b, strict=True))


def _load(client: int, model: Model, self_collision: bool) -> int:
    """Load a URDF that has been checked.

    Raises:
        InvalidInput: Bullet refuses it; its own words are in the message.
    """
    flags = bullet.URDF_USE_INERTIA_FROM_FILE
    if self_collision:
        flags |= bullet.URDF_USE_SELF_COLLISION | bullet.URDF_USE_SELF_COLLISION_EXCLUDE_ALL_PARENTS
    with (
        scratch_path(without_visuals(model.text).encode()) as path,
        redirect_native_output() as said,
    ):  # the client caches no files
        try:
            return int(bullet.loadURDF(path, useFixedBase=model.fixed, flags=flags, physicsClientId=client))
        except bullet.error:
            raise InvalidInput(f"{model.path}: Bullet cannot load it: {said()}") from None
