"""A camera on a link: what it observes are images, which envs draw."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Annotated

from roboschool.errors import InvalidInput, check_choice
from roboschool.mdp.record import Record
from roboschool.mdp.scene_info import SceneInfo
from roboschool.mdp.sensor import Field, Sensor
from roboschool.robots.robot import Robot
from roboschool.schema import Bounds, Meaning


@dataclass(frozen=True)
class Camera(Sensor):
    """Images as a camera on a link sees the world: colours, depths, and which body is in each pixel.

    It looks along the x axis of its link, whose z axis is up in the images, and moves with the link. What is painted on
    the ground is seen, markers are not. A sphere, box, capsule or cylinder around the camera is not seen, but a mesh
    is. Images are no numbers of the vector, so there is no bias, delay, history or noise.
    """

    link: Annotated[str, Meaning("Which carries it; the trunk if empty.")] = ""
    size: Annotated[tuple[int, int], Bounds(32, 128), Meaning("Width and height.", "pixels")] = (84, 84)
    rgb: Annotated[bool, Meaning("Whether `camera` is observed: red, green, blue, 0 to 255.")] = True
    depth: Annotated[bool, Meaning("Whether `depth` is observed: distances along its axis [m].")] = False
    segmentation: Annotated[
        bool,
        Meaning(
            "Whether `segmentation` is observed: -1 for ground and sky, the number of an agent, from 0 on in the order "
            "of the scene, or that of a prop, from the number of agents on."
        ),
    ] = False
    field_of_view: Annotated[float, Bounds(5.0, 150.0), Meaning("Angle across the width.", "deg")] = 60.0
    range: Annotated[
        float, Bounds(0.1, 1000.0), Meaning("Of depths: what is farther away, and the sky, is as far as this.", "m")
    ] = 10.0
    position: Annotated[
        tuple[float, float, float], Bounds(-10.0, 10.0), Meaning("Where it is, in the frame of the link.", "m")
    ] = (0.0, 0.0, 0.0)
    pitch: Annotated[float, Bounds(-90.0, 90.0), Meaning("Turns it down, from the x axis of the link.", "deg")] = 0.0
    yaw: Annotated[float, Bounds(-180.0, 180.0), Meaning("Turns it to the left of the x axis.", "deg")] = 0.0

    def fit(self, robot: Robot, scene: SceneInfo, memory: type[Record]) -> Sensor:
        """Return it on a robot."""
        if not (self.rgb or self.depth or self.segmentation):
            raise InvalidInput("rgb: none of rgb, depth and segmentation is true, so it observes nothing")
        links = [link.name for link in robot.model.links]
        return replace(self, link=check_choice(self.link or robot.trunk, links, "link", "link"))

    def fields(self, robot: Robot, scene: SceneInfo) -> Sequence[Field]:
        """Return none: it adds nothing to the vector."""
        return ()
