"""Scenes with sensors, written as files."""

from pathlib import Path

from roboschool.scenes.loader import load_scene
from roboschool.scenes.scene import Scene

EVERYTHING = """version = 1
summary = "Two dogs with every sensor, on rough ground, in changing conditions."

[[agent]]
name  = "dog_0"
robot = "dog"
task  = { name = "velocity" }

[[agent.sensor]]
name    = "contact"
links   = ["trunk", "front_left_shank"]
delay   = [0, 3]
history = 2

[[agent.sensor]]
name  = "rays"
count = 12
rows  = 2
low   = -30.0
high  = 5.0
what  = "agent"

[[agent.sensor]]
name  = "accelerometer"
bias  = [-0.2, 0.2]
delay = 1

[[agent.sensor]]
name = "clock"

[[agent.sensor]]
name = "command"

[[agent.sensor]]
name = "previous_action"

[[agent.sensor]]
name = "others"

[[agent.sensor]]
name    = "height_scan"
rows    = 3
columns = 3

[[agent.sensor]]
name    = "joint_states"
history = 2

[[agent.privileged]]
name  = "rays"
count = 4

[[agent.privileged]]
name = "velocimeter"
bias = [-0.1, 0.1]

[[agent]]
name     = "dog_1"
robot    = "dog"
position = [1.2, 0.0]
task     = { name = "velocity" }

[terrain]
kinds = ["rough", "stairs"]
size  = [8.0, 8.0]

[randomize]
friction       = [0.5, 1.2]
mass           = { trunk = [0.9, 1.1] }
motor_strength = [0.9, 1.1]
noise          = { contact = 0.1, rays = 0.02 }
push           = { every = [0.3, 0.6], impulse = [[-5.0, 5.0], [-5.0, 5.0], 0.0] }
"""

# With images, and with numbers that are drawn.
SEEN = EVERYTHING.replace(
    "[[agent.privileged]]",
    """[[agent.sensor]]
name         = "camera"
size         = [40, 36]
depth        = true
segmentation = true

[[agent.sensor]]
name = "randomized"

[[agent.privileged]]
name = "randomized"

[[agent.privileged]]""",
    1,
)


def write_scene(path: Path, *sensors: str, robot: str = "dog", task: str = "velocity", more: str = "") -> Path:
    """Write a scene whose agent has sensors, each given as `name = "clock", period = 2.0`; return its file."""
    tables = ", ".join(f"{{ {sensor} }}" for sensor in sensors)
    path.write_text(
        f'version = 1\nsummary = "A robot with sensors."\n\n[[agent]]\nname = "{robot}_0"\nrobot = "{robot}"\n'
        f'noise = 0.0\ntask = {{ name = "{task}" }}\nsensor = [{tables}]\n{more}'
    )
    return path


def load_with(path: Path, *sensors: str, **more: str) -> Scene:
    """Return a scene whose agent has sensors."""
    return load_scene(write_scene(path / "seeing.toml", *sensors, **more))
