"""A body of a world, and a robot: what Bullet knows of it, how it is placed, and how it is read."""

import math
from collections.abc import Sequence
from typing import Any, TypeAlias

from roboschool.mdp.actuator import QUANTITIES, torque_at
from roboschool.mdp.conditions import STILL
from roboschool.mdp.effects import Placement
from roboschool.mdp.needs import Needs
from roboschool.physics.beginning import begin_in_motion
from roboschool.physics.checkpoint import Quaternion
from roboschool.physics.ground import NOWHERE as NOWHERE
from roboschool.physics.ground import Ground
from roboschool.physics.loading import load_model
from roboschool.physics.output import redirect_native_output
from roboschool.physics.quaternions import multiply
from roboschool.robots.urdf import Mimic, Model, add_mass
from roboschool.scenes.randomize import Payload
from roboschool.scenes.scene import Agent

with redirect_native_output():
    import pybullet as bullet

FARTHEST = 1000.0  # [m]
FASTEST = 60.0  # Bullet clamps every speed at 100 [m/s, rad/s]; a trunk near that speed has diverged
GEAR_ERP = 0.1  # share of its error that a mimic joint corrects in a substep
STRONGEST = 1e6  # largest torque or force on a mimic joint [N m, N]
STRAIGHT = (0.0, 0.0, 0.0, 1.0)
Trunk: TypeAlias = tuple[Sequence[float], ...]  # its quantities of a `BodyState`
BASE = -1  # the number of a body's root among its links
PAYLOAD = "payload of the scene"  # a link that no URDF has
ANY, ANY_LINK = -1, -2  # body or link, where pybullet is called often: arguments by name take it longer


class Body:
    """A URDF in a Bullet client: the numbers Bullet knows its parts by."""

    reach = 0.0  # from its root to the side, in the pose in which it was loaded; 0 on level ground [m]

    def __init__(self, client: int, model: Model, order: Sequence[str], self_collision: bool = False) -> None:
        self.client = client
        self.id = load_model(client, model, self_collision)
        infos = [
            bullet.getJointInfo(self.id, j, physicsClientId=client)
            for j in range(bullet.getNumJoints(self.id, physicsClientId=client))
        ]
        numbers = {info[1].decode(): info[0] for info in infos}
        self.links = {info[12].decode(): info[0] for info in infos} | {model.root: -1}
        self.joints = tuple(numbers[name] for name in order)
        self.followers = [
            (order.index(joint.name), order.index(joint.mimic.leader), joint.mimic)
            for joint in model.joints
            if joint.mimic is not None
        ]
        for follower, leader, mimic in self.followers:
            self._gear(self.joints[follower], self.joints[leader], mimic)
        self.model = model
        self.off = [0.0] * len(self.joints)
        self.brakes = self.off  # largest torque of friction at each joint [N m]
        # Bullet turns a base to the axes of its inertia; this is by how much
        self.tilted: Quaternion = bullet.getDynamicsInfo(self.id, -1, physicsClientId=client)[4]

    def motors_off(self) -> None:
        """Set the brake that Bullet puts on every joint to its friction, or off; it is not part of a saved state."""
        bullet.setJointMotorControlArray(
            self.id, self.joints, bullet.VELOCITY_CONTROL, forces=self.brakes, physicsClientId=self.client
        )

    def _gear(self, follower: int, leader: int, mimic: Mimic) -> None:
        """Let a joint follow another; Bullet keeps follower + ratio * leader at a target."""
        here = (0.0, 0.0, 0.0)
        joined = (self.id, follower, self.id, leader)
        gear = bullet.createConstraint(*joined, bullet.JOINT_GEAR, here, here, here, physicsClientId=self.client)
        bullet.changeConstraint(
            gear,
            gearRatio=-mimic.multiplier,
            relativePositionTarget=mimic.offset,
            erp=GEAR_ERP,
            maxForce=STRONGEST,
            physicsClientId=self.client,
        )

    def set_joints(self, positions: Sequence[float], speeds: Sequence[float]) -> None:
        """Put the joints somewhere, with speeds; those that follow others where they belong."""
        if self.joints:
            places, paces = [(q,) for q in positions], [(v,) for v in speeds]
            for follower, leader, mimic in self.followers:
                places[follower] = (mimic.position(positions[leader]),)
                paces[follower] = (mimic.multiplier * speeds[leader],)
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

    def __init__(
        self,
        client: int,
        agent: Agent,
        needs: Needs = Needs(),  # noqa: B008 - it is frozen
        payload: Payload | None = None,
    ) -> None:
        robot, model = agent.robot, agent.robot.model
        order = (*robot.unactuated, *(joint.name for joint in robot.joints))
        if payload is not None:
            model = add_mass(model, PAYLOAD, payload.link or robot.trunk, payload.position)
        super().__init__(client, model, order, robot.self_collision)
        self.robot, self.needs = robot, needs
        self.planar = robot.planar
        self.is_upright = robot.is_upright
        self.passive = len(robot.unactuated)
        self.track = len(robot.unactuated) - len(robot.passive_joints)
        joints = {joint.name: joint for joint in robot.model.joints}
        self.passive_start = [joints[name].clip(0.0) for name in robot.passive_joints]  # positions [rad or m]
        self.driven = self.joints[self.passive :]
        self.steering = [self.joints[order.index(name)] for name in robot.steering]
        self.commanded = (*self.driven, *self.steering[:1])
        self.zeros = [0.0] * len(self.commanded)  # positions, speeds and gains, which torque control ignores
        self.trunk = self.links[robot.trunk]
        self.watched = self.links[robot.height_link] if robot.height_link != robot.trunk else None
        self.heights = [self.links[name] for name in needs.link_heights]
        self.feet = {self.links[name]: place for place, name in enumerate(robot.feet)}
        measured = [link.name for link in robot.model.links] if needs.link_forces else []
        self.measured = {self.links[name]: place for place, name in enumerate(measured)}
        self.no_contacts = [0.0] * len(self.feet)
        self.settle(Placement((0.0, 0.0), 0.0, robot.pose))

    def command_size(self) -> int:
        """Return how many numbers a command for the robot has; see `Drive.command`."""
        numbers = 2 * len(QUANTITIES) + 1 if self.robot.is_late else len(QUANTITIES)
        return len(self.driven) * (numbers if self.robot.has_feedback else 1)

    def drive(self, command: Sequence[float], call: int) -> None:
        """Give each motor its torque until the end of a call of `stepSimulation`, counted from 0 in the step."""
        torque = self._torques(command, call) if self.robot.has_feedback else command
        if self.steering:
            turned = bullet.getJointState(self.id, self.steering[1], self.client)[0]
            torque = [torque[0] * math.cos(turned), *torque[1:], torque[0] * math.sin(turned)]
        zero = self.zeros  # by name the call takes longer, and by place these must be given
        bullet.setJointMotorControlArray(
            self.id, self.commanded, bullet.TORQUE_CONTROL, zero, zero, torque, zero, zero, self.client
        )

    def _torques(self, command: Sequence[float], call: int) -> list[float]:
        """Return what a command with feedback makes of the present state [N m]; see `Command` and `Drive.command`."""
        states = bullet.getJointStates(self.id, self.driven, self.client)
        joints, size = len(self.driven), len(QUANTITIES)
        rows = [command[i : i + joints] for i in range(0, len(command), joints)]
        motors = list(zip(*rows[:size], strict=True))
        if self.robot.is_late:
            trios = zip(motors, zip(*rows[size:-1], strict=True), rows[-1], strict=True)
            motors = [older if call < switch else newer for newer, older, switch in trios]
        return [torque_at(motor, state[0], state[1]) for state, motor in zip(states, motors, strict=True)]

    def settle(self, placement: Placement) -> None:
        """Note where the episode began."""
        self.home = placement
        self.turned = (math.cos(placement.yaw), math.sin(placement.yaw))

    def place(self, placement: Placement, ground: Ground) -> None:
        """Put the robot on the ground: its lowest point just touches it, whatever the angles of its joints."""
        self.settle(placement)
        if not (placement.is_plain or self.planar or self.robot.fixed):
            begin_in_motion(self, placement, ground)
            return
        height = self.robot.standing_height
        track = (0.0, height, placement.pitch) if self.planar else ()
        self.set_joints([*track, *(placement.passive_joints or self.passive_start), *placement.joints], self.off)
        half_yaw = placement.yaw / 2
        half_pitch = 0.0 if self.robot.fixed else placement.pitch / 2
        upright = multiply((0.0, math.sin(half_pitch), 0.0, math.cos(half_pitch)), self.tilted)
        turned = multiply((0.0, 0.0, math.sin(half_yaw), math.cos(half_yaw)), upright)
        self._set_base(0.0 if self.robot.fixed else height, turned)
        if not placement.is_plain:
            begin_in_motion(self, placement, ground)
        elif self.planar:
            bullet.resetJointState(self.id, self.joints[1], height - self.gap(ground), 0.0, self.client)
        elif not self.robot.fixed:
            self._set_base(height - self.gap(ground), turned)

    def _set_base(self, height: float, turned: Quaternion) -> None:
        bullet.resetBasePositionAndOrientation(self.id, (*self.home.position, height), turned, self.client)

    def gap(self, ground: Ground) -> float:
        """Return the distance between the ground and the lowest point [m], below 0 if it is in the ground."""
        if ground.level == NOWHERE:
            return 0.0
        points = bullet.getClosestPoints(self.id, ground.level, FARTHEST, physicsClientId=self.client)
        return min((point[8] for point in points), default=0.0) - ground.highest(*self.home.position, self.reach)

    def read(self, ground: Ground) -> tuple[dict[str, Sequence[float]], bool]:
        """Return the quantities of a `BodyState` by name, and whether the physics is sound."""
        states = bullet.getJointStates(self.id, self.joints, self.client)
        trunk = self._planar_trunk(states) if self.planar else self._free_trunk()
        position, world_x_direction, velocity, roll_pitch, angular_velocity = trunk
        driven, passive = states[self.passive :], states[self.track : self.passive]
        feet, obstacles, fallen = self._touches(ground.body)
        over = position[2] - ground.height(position[0], position[1])
        height = over if self.watched is None else self._height(self.watched, ground)
        values = {
            "position": position,
            "world_x_direction": world_x_direction,
            "velocity": velocity,
            "roll_pitch": roll_pitch,
            "angular_velocity": angular_velocity,
            "q": [joint[0] for joint in driven],
            "qd": [joint[1] for joint in driven],
            "passive_q": [joint[0] for joint in passive],
            "passive_qd": [joint[1] for joint in passive],
            "foot_contacts": feet,
            "foot_obstacle_contacts": obstacles,
            "body_contact": [fallen],
            "upright": [1.0 if self.is_upright(height, roll_pitch[0], roll_pitch[1], feet) else 0.0],
            "link_heights": [self._height(link, ground) for link in self.heights],
            "trunk_height": [over] if ground.terrain is not None else [],
        }
        return values, math.hypot(*velocity, *angular_velocity) < FASTEST

    def _height(self, link: int, ground: Ground) -> float:
        if link == -1:
            x, y, z = bullet.getBasePositionAndOrientation(self.id, self.client)[0]
        else:
            x, y, z = bullet.getLinkState(self.id, link, 0, 1, self.client)[0]
        return float(z - ground.height(x, y))

    def _touches(self, ground: int) -> tuple[list[float], list[float], float]:
        """Return 1 for each foot that presses on the ground, for each on anything else, and for other links on it."""
        places, on_ground, on_others, body = self.feet, self.no_contacts[:], self.no_contacts[:], 0.0
        if not places:
            return on_ground, on_others, body
        for contact in bullet.getContactPoints(self.id, ANY, ANY_LINK, ANY_LINK, self.client):
            if contact[9] > 0.0:  # it presses
                other, link = contact[2], contact[3]
                if link in places:
                    (on_ground if other == ground else on_others)[places[link]] = 1.0
                elif other == ground:
                    body = 1.0
                if other == self.id and contact[4] in places:
                    on_others[places[contact[4]]] = 1.0
        return on_ground, on_others, body

    def _planar_trunk(self, states: Any) -> Trunk:
        (along, forward, _, _), (height, up, _, _), (pitch, rate, _, _) = states[:3]
        cos, sin = self.turned
        x, y = self.home.position
        position, angular_velocity = (x + along * cos, y + along * sin, height), (-sin * rate, cos * rate, 0.0)
        return position, (-sin, cos), (forward, 0.0, up), (0.0, pitch), angular_velocity

    def _free_trunk(self) -> Trunk:
        if self.robot.fixed_base:
            x, y = self.home.position
            cos, sin = self.turned
            return (x, y, 0.0), (-sin, cos), STILL, (0.0, 0.0), STILL
        if self.trunk == -1:
            position, quaternion = bullet.getBasePositionAndOrientation(self.id, self.client)
            velocity, angular_velocity = bullet.getBaseVelocity(self.id, self.client)
            if self.tilted != STRAIGHT:
                x, y, z, w = self.tilted
                quaternion = multiply(quaternion, (-x, -y, -z, w))
        else:
            link = bullet.getLinkState(self.id, self.trunk, 1, 1, self.client)
            position, quaternion, velocity, angular_velocity = link[0], link[5], link[6], link[7]
        x, y, z, w = quaternion
        roll = math.atan2(2.0 * (w * x + y * z), 1.0 - 2.0 * (x * x + y * y))
        pitch = math.asin(max(-1.0, min(1.0, 2.0 * (w * y - z * x))))
        cos, sin = 1.0 - 2.0 * (y * y + z * z), 2.0 * (w * z + x * y)
        length = math.hypot(cos, sin) or 1.0
        cos, sin = cos / length, sin / length
        vx, vy, vz = velocity
        velocity = cos * vx + sin * vy, cos * vy - sin * vx, vz
        return position, (-sin, cos), velocity, (roll, pitch), angular_velocity
