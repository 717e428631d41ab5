"""Everything that a scene can randomize, at once, and episodes of it as hashes."""

import sys
from typing import Any

from stories import tell

from roboschool.scenes.loader import load_scene
from roboschool.scenes.scene import Scene
from roboschool.simulation.simulation import Simulation

EVERYTHING: dict[str, Any] = {
    "friction": (0.5, 1.2),
    "restitution": (0.0, 0.4),
    "gravity": ((-0.5, 0.5), (-0.5, 0.5), (-0.5, 0.5)),
    "wind": ((-5.0, 5.0), (-5.0, 5.0), 0.0),
    "mass": (0.8, 1.2),
    "payload": {"mass": (0.0, 3.0), "position": (0.1, 0.0, 0.05)},
    "joint_damping": (0.0, 0.2),
    "joint_friction": (0.0, 0.3),
    "motor_strength": (0.8, 1.1),
    "kp": (0.8, 1.2),
    "kd": (0.8, 1.2),
    "delay": (0.0, 30.0),
    "noise": (0.0, 0.05),
    "start": {
        "position": ((-1.0, 1.0), (-1.0, 1.0)),
        "yaw": (-90.0, 90.0),
        "height": (0.0, 0.1),
        "roll": (-5.0, 5.0),
        "pitch": (-5.0, 5.0),
        "velocity": ((-0.3, 0.3), (-0.3, 0.3), 0.0),
        "angular_velocity": ((-30.0, 30.0), (-30.0, 30.0), (-30.0, 30.0)),
        "joints": (-5.0, 5.0),
        "joint_speeds": (-20.0, 20.0),
    },
    "push": {"every": (0.3, 0.6), "impulse": ((-5.0, 5.0), (-5.0, 5.0), 0.0)},
}


def randomized(scene: str = "dog_velocity", **ranges: Any) -> Scene:
    """A scene that randomizes all, or what is given."""
    return load_scene(scene, randomize=ranges or EVERYTHING)


def begin(scene: str, seed: int = 0, **ranges: Any) -> Simulation:
    """A simulation of a scene in its first episode, with these ranges."""
    simulation = Simulation(randomized(scene, **ranges))
    simulation.reset({0: seed})
    return simulation


if __name__ == "__main__":
    sys.stdout.write(tell(Simulation(randomized()), steps=60))
