"""What an agent did last."""

from collections.abc import Sequence
from dataclasses import dataclass

from roboschool.mdp.needs import Needs
from roboschool.mdp.scene_info import SceneInfo
from roboschool.mdp.sensor import Field, Pick, Sensor
from roboschool.robots.robot import Robot


@dataclass(frozen=True)
class PreviousAction(Sensor):
    """The action of the last step; zero at the beginning of an episode."""

    def fields(self, robot: Robot, scene: SceneInfo) -> Sequence[Field]:
        """Return one number a joint, in the order of the actions."""
        return [
            Field(f"last action of {joint.name}", source=joint, pick=Pick("action", (number,)))
            for number, joint in enumerate(robot.joints)
        ]

    def needs(self) -> Needs:
        """The actions."""
        return Needs(action=True)
