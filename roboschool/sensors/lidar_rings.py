"""What pictures show of lidars: a ring of balls above the robot for each, as Safety Gym draws them."""

import math
from collections.abc import Mapping

import numpy as np

from roboschool.mdp.effects import Marker
from roboschool.mdp.layout import COLOURS
from roboschool.mdp.sensor import Sensor
from roboschool.mdp.state import State

HEIGHT, GAP, RADIUS, BALL = 0.35, 0.07, 0.16, 0.028  # of the lowest ring above the trunk, between rings, ... [m]
LEAST = 0.02  # numbers that are less are not shown
OTHERS = (0.9, 0.2, 0.2)  # colour of what sees other robots
MIDDLE = COLOURS["goal"]  # and of the lidar of a circle's middle


def lidar_rings(lidars: Mapping[str, Sensor], state: State) -> tuple[Marker, ...]:
    """Return the balls that show what lidars of one robot see: the nearer, the larger.

    Args:
        lidars: by name, like `hazards_lidar`.
        state: of the robot (1, 1).
    """
    markers: list[Marker] = []
    x, y, z = state.position[0, 0].tolist()
    left, forward = state.world_x_direction[0, 0].tolist()
    yaw = math.atan2(-left, forward)
    for ring, (name, lidar) in enumerate(lidars.items()):
        kind = name.removesuffix("_lidar").removesuffix("s")
        colour = COLOURS.get(kind, OTHERS if kind == "agent" else MIDDLE)
        numbers = lidar.read(state, np.zeros((1, 1, 0)), state, 1.0)[0, 0].tolist()
        for place, value in enumerate(numbers):
            if value > LEAST:
                turn = yaw + 2.0 * math.pi * (place + 0.5) / len(numbers)
                at = (x + RADIUS * math.cos(turn), y + RADIUS * math.sin(turn), z + HEIGHT + GAP * ring)
                red, green, blue = (round(255 * part) for part in colour)
                markers.append(Marker(at, BALL * math.sqrt(value), (red, green, blue)))
    return tuple(markers)
