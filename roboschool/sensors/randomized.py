"""What a scene has drawn for the episode of an agent."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Annotated

from roboschool.errors import InvalidInput, check_choice
from roboschool.mdp.conditions import DrawnNumber
from roboschool.mdp.record import Record
from roboschool.mdp.scene_info import SceneInfo
from roboschool.mdp.sensor import Field, Pick, Sensor
from roboschool.robots.robot import Robot
from roboschool.schema import Meaning


@dataclass(frozen=True)
class Randomized(Sensor):
    """What `[randomize]` has drawn for the episode, as in `info["randomized"]`: masses, friction, motors and so on.

    How strong the noise of sensors is, is not among it, and pushes are not. A robot cannot sense such numbers: they are
    best privileged.
    """

    keys: Annotated[tuple[str, ...], Meaning("Of `[randomize]`, such as `mass`; all if empty.")] = ()
    drawn: tuple[tuple[int, DrawnNumber], ...] = ()  # and where they are, once it is in a scene

    def fit(self, robot: Robot, scene: SceneInfo, memory: type[Record]) -> Sensor:
        """Return it in a scene."""
        numbers = scene.ranges.conditions(robot) if scene.ranges is not None else ()
        if not numbers:
            raise InvalidInput(f"the scene randomizes nothing of {robot.name!r}")
        known = dict.fromkeys(number.key for number in numbers)
        for key in self.keys:
            check_choice(key, known, "key that the scene randomizes", "keys")
        chosen = self.keys or known
        return replace(self, drawn=tuple(each for each in enumerate(numbers) if each[1].key in chosen))

    def fields(self, robot: Robot, scene: SceneInfo) -> Sequence[Field]:
        """Return its numbers, in the order of the keys of `[randomize]`."""
        joints = {joint.name: joint for joint in robot.model.joints}
        return [
            Field(
                f"drawn {number.name}",
                number.unit,
                joints.get(number.at, number.at) if number.at else None,
                Pick("conditions", (place,)),
            )
            for place, number in self.drawn
        ]
