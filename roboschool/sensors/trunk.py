"""How the trunk of a robot is, and how it moves."""

from collections.abc import Sequence
from dataclasses import dataclass

from roboschool.mdp.scene_info import SceneInfo
from roboschool.mdp.sensor import Field, Pick, Sensor
from roboschool.robots.robot import Robot

SPEED_SCALE = 0.3  # how a speed of 1 m/s of a trunk is observed
DIRECTIONS = ("forward", "to the left", "upward")


@dataclass(frozen=True)
class TrunkHeight(Sensor):
    """The height of the trunk over that in which the robot stands."""

    def fields(self, robot: Robot, scene: SceneInfo) -> Sequence[Field]:
        """Return one number."""
        over = ("position", (2,)) if scene.terrain is None else ("trunk_height", (0,))
        return [Field("height over the standing height", "m", pick=Pick(*over, robot.standing_height))]


@dataclass(frozen=True)
class WorldXDirection(Sensor):
    """Where the world's +x is, seen from the robot."""

    def fields(self, robot: Robot, scene: SceneInfo) -> Sequence[Field]:
        """Return sine and cosine."""
        names = ("sine of the angle to the goal", "cosine of the angle to the goal")
        return [Field(name, pick=Pick("world_x_direction", (n,))) for n, name in enumerate(names)]


@dataclass(frozen=True)
class TrunkVelocity(Sensor):
    """The velocity of the trunk in its heading frame."""

    def fields(self, robot: Robot, scene: SceneInfo) -> Sequence[Field]:
        """Return three numbers."""
        return [
            Field(f"{SPEED_SCALE:g} x speed {direction}", "m/s", pick=Pick("velocity", (n,), scale=SPEED_SCALE))
            for n, direction in enumerate(DIRECTIONS)
        ]


@dataclass(frozen=True)
class AngularVelocity(Sensor):
    """How the trunk turns."""

    def fields(self, robot: Robot, scene: SceneInfo) -> Sequence[Field]:
        """Return three numbers."""
        return [
            Field(f"angular velocity about {a}", "rad/s", pick=Pick("angular_velocity", (n,)))
            for n, a in enumerate("xyz")
        ]


@dataclass(frozen=True)
class RollPitch(Sensor):
    """Roll and pitch of the trunk."""

    def fields(self, robot: Robot, scene: SceneInfo) -> Sequence[Field]:
        """Return two numbers."""
        return [Field(name, "rad", pick=Pick("roll_pitch", (n,))) for n, name in enumerate(("roll", "pitch"))]
