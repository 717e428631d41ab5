"""The start of an episode, drawn from the generator of its world."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from roboschool.distributions import draw
from roboschool.mdp.effects import Placement
from roboschool.physics.checkpoint import Start
from roboschool.scenes.scene import Scene


def draw_start(scene: Scene, memories: Sequence[Any], rng: np.random.Generator) -> Start:
    """Return where everything in a world begins, and write what the tasks then remember.

    Args:
        scene: of the world.
        memories: for each agent what its task remembers from the episode before.
        rng: the generator of the world.
    """
    gravity, friction = draw(scene.gravity, rng), draw(scene.friction, rng)
    props = []
    for prop in scene.props:
        x, y, z = (draw(number, rng) for number in prop.position)
        props.append(((x, y, z), draw(prop.yaw, rng)))
    placements = []
    for agent, memory in zip(scene.agents, memories, strict=True):
        motors = agent.robot.motors
        position = (draw(agent.position[0], rng), draw(agent.position[1], rng))
        yaw = draw(agent.yaw, rng)
        joints = rng.uniform(-agent.noise, agent.noise, len(motors.names))
        joints += motors.rest[0, 0]
        joints.clip(motors.lower[0, 0], motors.upper[0, 0], out=joints)
        placement = Placement(position, yaw, tuple(joints.tolist()))
        placements.append(agent.task.reset(placement, memory, rng))
    return Start(tuple(placements), tuple(props), gravity, friction)
