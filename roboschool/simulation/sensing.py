"""What the native library reads for sensors: which of the readings of sensing.c each of them is."""

import ctypes
from typing import Any

import numpy as np

from roboschool.mdp.sensor import Sensor
from roboschool.mdp.state import State
from roboschool.physics.native.library import Reading
from roboschool.sensors.angles import BallTurn, BallVelocity
from roboschool.sensors.imu import Accelerometer, Gyro, Magnetometer, Velocimeter
from roboschool.sensors.joints import JointAngles
from roboschool.sensors.lidar import Chosen, Lidar, Unless
from roboschool.sensors.touch import Touch

KINDS = (  # in the order of sensing.c
    Lidar,
    Accelerometer,
    Velocimeter,
    Gyro,
    Magnetometer,
    BallTurn,
    BallVelocity,
    JointAngles,
    Touch,
)


def reading_of(sensor: Sensor, places: State, at: int) -> Reading | None:
    """Return how the native library reads a sensor; None if it cannot.

    Args:
        sensor: which.
        places: a state whose numbers are their own places in the array (n,).
        at: where in the observation it is read to.
    """
    if type(sensor) not in KINDS:  # a class derived from one may read something else
        return None
    reading = Reading(KINDS.index(type(sensor)), at, chosen=-1, hidden=-1)
    columns: Any = ()
    if isinstance(sensor, Lidar):
        points = sensor.points
        if isinstance(points, Chosen):
            reading.chosen, points = int(getattr(places.memory, points.quantity)), points.points
        if isinstance(sensor.seen, Unless):
            reading.hidden = int(getattr(places.memory, sensor.seen.quantity))
        elif sensor.seen is not None:
            return None
        columns = points(places)
        reading.count, reading.bins, reading.reach = len(columns), sensor.bins, sensor.reach
    elif isinstance(sensor, BallTurn | BallVelocity):
        own = slice(sensor.place, sensor.place + 3)
        columns = [places.passive_q[own], places.passive_qd[own]]
    elif isinstance(sensor, JointAngles):
        columns, reading.count = places.q[list(sensor.joints)], len(sensor.joints)
    elif isinstance(sensor, Touch):
        columns, reading.count = [places.foot_contacts, places.foot_obstacle_contacts], len(places.foot_contacts)
    numbers = np.asarray(columns, dtype=int).ravel().tolist()
    reading.columns = (ctypes.c_int * len(numbers))(*numbers)  # which the structure keeps
    return reading
