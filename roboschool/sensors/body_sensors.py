"""What robots of any kind observe in scenes with elements, by names whose alphabetical order is that of Safety Gym."""

from collections.abc import Sequence

from roboschool.mdp.layout import Element
from roboschool.mdp.sensor import Sensor
from roboschool.robots.robot import Robot
from roboschool.sensors.angles import BallTurn, BallVelocity, JointSpeeds, find_ball, find_hinges
from roboschool.sensors.imu import Accelerometer, Gyro, Magnetometer, Velocimeter
from roboschool.sensors.joints import JointAngles
from roboschool.sensors.lidar import Lidar
from roboschool.sensors.touch import Touch

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


def element_lidars(elements: Sequence[Element], bins: int, reach: float) -> dict[str, Sensor]:
    """Return a lidar for each kind of element that is observed.

    Args:
        elements: of the scene.
        bins: of each lidar.
        reach: from where on nothing is seen [m].
    """
    sensors: dict[str, Sensor] = {}
    for kind, name in LIDARS.items():
        props = [element.prop for element in elements if element.kind == kind and element.observed]
        if props:
            sensors[name] = prop_lidar(f"{kind}s" if kind != "box" else kind, props, bins, reach)
    return sensors


def prop_lidar(name: str, props: Sequence[int], bins: int, reach: float) -> Lidar:
    """Return a lidar that sees some props, by their numbers."""
    chosen = list(props)
    return Lidar(name, lambda state: state.props.position[..., chosen, :], bins=bins, reach=reach)
