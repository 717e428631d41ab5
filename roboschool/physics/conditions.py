"""Changes the dynamics of bodies from episode to episode: Bullet's saved states do not have them."""

import math
from collections.abc import Sequence
from typing import Any

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
        self._bodies = [_NominalBody(body) for body in bodies] if ranges is not None else []
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
    """What a robot was loaded with."""

    def __init__(self, body: RobotBody) -> None:
        self._body = body
        client, model = body.client, body.robot.model
        self._links: list[dict[str, Any]] = []  # arguments for each link of the model
        for link in model.links:
            number = body.links[link.name]
            mass, _, inertia, *_, restitution = bullet.getDynamicsInfo(body.id, number, client)[:6]
            numbers = {"mass": mass, "localInertiaDiagonal": inertia, "restitution": restitution}
            if number != BASE:
                numbers["jointDamping"] = bullet.getJointInfo(body.id, number, client)[6]
            self._links.append({"linkIndex": number, **numbers})
        joints = moving_joints(body.robot)
        parents = {joint.child: joint.name for joint in model.joints}
        self._joint_of = [joints.index(j) if (j := parents.get(link.name)) in joints else None for link in model.links]
        self._payload = body.links.get(PAYLOAD)

    def change(self, own: BodyConditions, rebound: float | None) -> None:
        """Change what differs; all else is as it was loaded."""
        body = self._body
        for place, nominal in enumerate(self._links):
            joint = self._joint_of[place]
            factor = own.mass[place] if own.mass else 1.0
            x, y, z = nominal["localInertiaDiagonal"]
            changed = nominal | {
                "mass": factor * nominal["mass"],
                "localInertiaDiagonal": (factor * x, factor * y, factor * z),
                "restitution": nominal["restitution"] if rebound is None else rebound,
            }
            if joint is not None and own.damping:
                changed["jointDamping"] += own.damping[joint]
            bullet.changeDynamics(body.id, physicsClientId=body.client, **changed)
        if self._payload is not None:
            bullet.changeDynamics(body.id, self._payload, mass=own.payload, physicsClientId=body.client)
        friction = own.friction or [0.0] * (len(body.joints) - body.track)
        body.brakes = [*([0.0] * body.track), *friction]


def _centre(body: Body, link: int) -> Vector:
    """Return the centre of mass of a link [m]."""
    if link == BASE:
        position: Vector = bullet.getBasePositionAndOrientation(body.id, body.client)[0]
    else:
        position = bullet.getLinkState(body.id, link, 0, 1, body.client)[0]
    return position
