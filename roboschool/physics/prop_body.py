"""A prop of a world: how it is placed, set in motion, and read."""

import math
from collections.abc import Sequence

from roboschool.physics.bodies import STRAIGHT, Body
from roboschool.physics.checkpoint import Quaternion, Triple
from roboschool.physics.output import redirect_native_output
from roboschool.physics.quaternions import multiply, x_axis
from roboschool.scenes.scene import Prop

with redirect_native_output():
    import pybullet as bullet

TURN_EFFORT = 2.0  # of the motor of a prop that turns [N m]


class PropBody(Body):
    """A prop in a Bullet client."""

    def __init__(self, client: int, prop: Prop) -> None:
        super().__init__(client, prop.model, [joint.name for joint in prop.joints])
        self.prop = prop
        self.leaf = max(self.links.values())
        self.centre: Triple = bullet.getDynamicsInfo(self.id, -1, physicsClientId=client)[3]  # of mass, from the root
        self.start: Triple = (0.0, 0.0, 0.0)
        self.turned: Quaternion = STRAIGHT
        self.rates, self.strengths = [prop.rate] * len(self.joints), [TURN_EFFORT] * len(self.joints)

    def motors_off(self) -> None:
        """Switch off the brakes, and on the motor of a prop that turns."""
        super().motors_off()
        if self.prop.rate:
            kind, speeds = bullet.VELOCITY_CONTROL, {"targetVelocities": self.rates, "forces": self.strengths}
            bullet.setJointMotorControlArray(self.id, self.joints, kind, **speeds, physicsClientId=self.client)

    def place(self, position: Triple, yaw: float) -> None:
        """Put the prop somewhere, at rest."""
        self.start, self.turned = position, (0.0, 0.0, math.sin(yaw / 2), math.cos(yaw / 2))
        if not self.prop.moves and not any(position) and not yaw:
            return  # where it was loaded
        self.set_joints(self.off, self.rates)
        ahead = bullet.rotateVector(self.turned, self.centre)
        self._set_base([here + there for here, there in zip(position, ahead, strict=True)])
        bullet.resetBaseVelocity(self.id, (0.0, 0.0, 0.0), (0.0, 0.0, 0.0), physicsClientId=self.client)

    def launch(self, position: Triple, velocity: Triple) -> None:
        """Set the prop flying, or sliding within its limits, from this position of its centre of mass; not turning."""
        if not self.prop.moves:  # it is moved, and stands there
            self.start = position
            self._set_base([here + there for here, there in zip(position, self.centre, strict=True)])
        elif self.joints:
            way = [there - here for there, here in zip(position, self.start, strict=True)]
            ways = [bullet.rotateVector(self.turned, joint.axis) for joint in self.prop.joints]
            places = [joint.clip(_dot(axis, way)) for axis, joint in zip(ways, self.prop.joints, strict=True)]
            self.set_joints(places, [_dot(axis, velocity) for axis in ways])
        else:
            self._set_base(position)
            bullet.resetBaseVelocity(self.id, velocity, (0.0, 0.0, 0.0), physicsClientId=self.client)

    def _set_base(self, position: Sequence[float]) -> None:
        turned = multiply(self.turned, self.tilted)
        bullet.resetBasePositionAndOrientation(self.id, position, turned, physicsClientId=self.client)

    def row(self) -> tuple[float, ...]:
        """Return position and velocity of the centre of mass, of the whole or of the last of its links; and its x axis.

        They are in the world [m, m/s].
        """
        if not self.prop.moves:
            return (*self.start, 0.0, 0.0, 0.0, *x_axis(self.turned))
        if not self.joints:
            position, turned = bullet.getBasePositionAndOrientation(self.id, self.client)
            velocity, _ = bullet.getBaseVelocity(self.id, self.client)
            x, y, z, w = self.tilted
            return (*position, *velocity, *x_axis(multiply(turned, (-x, -y, -z, w))))
        link = bullet.getLinkState(self.id, self.leaf, 1, 1, self.client)
        return (*link[0], *link[6], *x_axis(link[5]))


def _dot(a: Sequence[float], b: Sequence[float]) -> float:
    return sum(x * y for x, y in zip(a, b, strict=True))
