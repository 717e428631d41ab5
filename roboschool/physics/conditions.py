"""Changes the dynamics of bodies from episode to episode: Bullet's saved states do not have them."""

import math
from collections.abc import Sequence
from typing import Any, NamedTuple

from roboschool.mdp.conditions import NOMINAL, STILL, BodyConditions, Conditions, Vector
from roboschool.mdp.effects import Push
from roboschool.physics.bodies import BASE, NOWHERE, PAYLOAD, Body, RobotBody
from roboschool.physics.output import redirect_native_output
from roboschool.scenes.randomize import Randomize, moving_joints

with redirect_native_output():
    import pybullet as bullet


class Dynamics:
    """The conditions of a world.

    Args:
        client: of Bullet.
        ground: the number of the ground, or `NOWHERE`.
        bodies: the robots, as they were loaded.
        ranges: what the scene randomizes, if anything.
    """

    def __init__(self, client: int, ground: int, bodies: Sequence[RobotBody], ranges: Randomize | None) -> None:
        self._client, self._ground = client, ground
        self._bodies = [_NominalBody(body, ranges) for body in bodies] if ranges is not None else []
        self.applied = NOMINAL
        push = None if ranges is None else ranges.push
        self.pushed = [body.links.get(push.link, NOWHERE) if push and push.link else body.trunk for body in bodies]
        self.forces: list[tuple[Vector, Vector]] = [(STILL, STILL)] * len(bodies)  # wind on the trunk, push
        self._robots = bodies

    def apply(self, conditions: Conditions) -> None:
        """Set the dynamics of all bodies; the same conditions give the same bits, whatever was before."""
        self.forces = [(conditions.wind, STILL)] * len(self._robots)
        was, self.applied = self.applied, conditions
        if not self._bodies or (was.bodies, was.restitution) == (conditions.bodies, conditions.restitution):
            return
        own = conditions.bodies or (BodyConditions(),) * len(self._bodies)
        rebound = None if conditions.restitution is None else math.sqrt(conditions.restitution)
        for body, changes in zip(self._bodies, own, strict=True):
            body.change(changes, rebound)
        if self._ground != NOWHERE:
            bullet.changeDynamics(self._ground, -1, restitution=rebound or 0.0, physicsClientId=self._client)

    def push(self, push: Push) -> None:
        """Let a force act on a robot until another does."""
        wind, _ = self.forces[push.agent]
        self.forces[push.agent] = wind, push.force

    def act(self) -> None:
        """Let all forces act during the next call of `stepSimulation`."""
        for body, pushed, (wind, push) in zip(self._robots, self.pushed, self.forces, strict=True):
            for link, force in ((body.trunk, wind), (pushed, push)):
                if force != STILL:
                    centre = _centre(body, link)
                    bullet.applyExternalForce(body.id, link, force, centre, bullet.WORLD_FRAME, self._client)


class _NominalBody:
    """What a robot was loaded with.

    Args:
        body: the robot.
        ranges: what differs from episode to episode.
    """

    def __init__(self, body: RobotBody, ranges: Randomize) -> None:
        self._body = body
        client, model = body.client, body.robot.model
        joints = moving_joints(body.robot)
        parents = {joint.child: joint.name for joint in model.joints}
        self._links: list[_NominalLink] = []
        for link in model.links:
            number, joint = body.links[link.name], parents.get(link.name)
            mass, _, inertia, *_, restitution = bullet.getDynamicsInfo(body.id, number, client)[:6]
            damping = bullet.getJointInfo(body.id, number, client)[6] if number != BASE else 0.0
            arguments = {"bodyUniqueId": body.id, "linkIndex": number, "physicsClientId": client}
            place = joints.index(joint) if joint in joints else NOWHERE
            self._links.append(_NominalLink(mass, inertia, restitution, damping, place, arguments))
        self._mass, self._damping = ranges.mass is not None, ranges.joint_damping is not None  # whether they differ
        self._differs = self._mass or self._damping or ranges.restitution is not None
        self._payload = body.links.get(PAYLOAD)

    def change(self, own: BodyConditions, rebound: float | None) -> None:
        """Change what differs; all else is as it was loaded."""
        body = self._body
        for place, link in enumerate(self._links if self._differs else ()):
            arguments = link.arguments
            arguments["restitution"] = link.restitution if rebound is None else rebound
            if self._mass:
                factor, (x, y, z) = own.mass[place] if own.mass else 1.0, link.inertia
                arguments["mass"] = factor * link.mass
                arguments["localInertiaDiagonal"] = factor * x, factor * y, factor * z
            if self._damping and link.joint != NOWHERE:
                arguments["jointDamping"] = link.damping + (own.damping[link.joint] if own.damping else 0.0)
            bullet.changeDynamics(**arguments)
        if self._payload is not None:
            bullet.changeDynamics(body.id, self._payload, mass=own.payload, physicsClientId=body.client)
        friction = own.friction or [0.0] * (len(body.joints) - body.track)
        body.brakes = [*([0.0] * body.track), *friction]


class _NominalLink(NamedTuple):
    """What a link was loaded with, and the arguments that change it."""

    mass: float  # [kg]
    inertia: Vector  # about its principal axes [kg m2]
    restitution: float
    damping: float  # of its joint [N m s/rad]
    joint: int  # its place among the joints that move, or `NOWHERE`
    arguments: dict[str, Any]


def _centre(body: Body, link: int) -> Vector:
    """Return the centre of mass of a link [m]."""
    if link == BASE:
        position: Vector = bullet.getBasePositionAndOrientation(body.id, body.client)[0]
    else:
        position = bullet.getLinkState(body.id, link, 0, 1, body.client)[0]
    return position
