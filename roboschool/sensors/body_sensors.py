"""What robots of any kind observe in scenes with elements, by names whose alphabetical order is that of Safety Gym."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np

from roboschool.mdp.layout import Element
from roboschool.mdp.sensor import Sensor
from roboschool.mdp.state import State
from roboschool.robots.robot import Robot
from roboschool.sensors.angles import BallTurn, BallVelocity, JointSpeeds, find_ball, find_hinges
from roboschool.sensors.imu import Accelerometer, Gyro, Magnetometer, Velocimeter
from roboschool.sensors.joints import JointAngles
from roboschool.sensors.lidar import Lidar
from roboschool.sensors.ray_lidar import RayLidar
from roboschool.sensors.touch import Touch

Points: TypeAlias = Callable[[State], np.ndarray]  # where things are, in the world [m] (..., k, 3)

LIDARS = {  # by the kind of the element; those of goals and buttons are the task's
    "box": "box_lidar",
    "hazard": "hazards_lidar",
    "vase": "vases_lidar",
    "pillar": "pillars_lidar",
    "gremlin": "gremlins_lidar",
    "wall": "walls_lidar",
}


def body_sensors(robot: Robot) -> dict[str, Sensor]:
    """Return an inertial unit, and what a robot has of joints with limits, ball joints and feet."""
    sensors: dict[str, Sensor] = {
        "accelerometer": Accelerometer(),
        "gyro": Gyro(),
        "magnetometer": Magnetometer(),
        "velocimeter": Velocimeter(),
    }
    ball, hinges = find_ball(robot), tuple(find_hinges(robot))
    if ball is not None:
        sensors |= {"ballangvel": BallVelocity(ball), "ballquat": BallTurn(ball)}
    if hinges:
        sensors |= {"jointpos": JointAngles(hinges), "jointvel": JointSpeeds(hinges)}
    if robot.feet:
        sensors["touch"] = Touch()
    return sensors


@dataclass(frozen=True)
class Lidars:
    """Makes lidars that are alike."""

    bins: int  # of each
    reach: float  # from where on nothing is seen [m]
    rays: bool  # whether they are rays; else they go by bearing and distance

    def of_points(self, name: str, points: Points, radii: Sequence[float], **more: Any) -> Sensor:
        """Return a lidar that sees things with these radii [m] at some points."""
        if self.rays:
            return RayLidar(name, points, tuple(radii), bins=self.bins, reach=self.reach, **more)
        return Lidar(name, points, bins=self.bins, reach=self.reach, **more)

    def of_elements(self, name: str, elements: Sequence[Element], **more: Any) -> Sensor:
        """Return a lidar that sees some elements."""
        return self.of_points(name, places_of(elements), [element.size for element in elements], **more)

    def of_kinds(self, elements: Sequence[Element]) -> dict[str, Sensor]:
        """Return a lidar for each kind of element that is observed."""
        sensors: dict[str, Sensor] = {}
        for kind, name in LIDARS.items():
            own = [element for element in elements if element.kind == kind and element.observed]
            if own:
                sensors[name] = self.of_elements(f"{kind}s" if kind != "box" else kind, own)
        return sensors


def places_of(elements: Sequence[Element]) -> Points:
    """Return what tells where elements are."""
    chosen = [element.prop for element in elements]
    return lambda state: state.props.position[..., chosen, :]
