"""Which feet stand on the ground."""

from collections.abc import Sequence
from dataclasses import dataclass

from roboschool.mdp.scene_info import SceneInfo
from roboschool.mdp.sensor import Field, Pick, Sensor
from roboschool.robots.robot import Robot


@dataclass(frozen=True)
class FootContacts(Sensor):
    """1 for each foot that presses on the ground, else 0."""

    def fields(self, robot: Robot, scene: SceneInfo) -> Sequence[Field]:
        """Return one number a foot."""
        feet = enumerate(robot.feet)
        return [Field(f"{foot} on the ground", source=foot, pick=Pick("foot_contacts", (n,))) for n, foot in feet]
