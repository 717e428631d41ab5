"""The start of an episode, drawn from the generator of its world."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from roboschool.distributions import draw
from roboschool.errors import InvalidInput
from roboschool.mdp.effects import Placement
from roboschool.physics.checkpoint import Start
from roboschool.scenes.layout import Pose
from roboschool.scenes.scene import Scene


def draw_start(
    scene: Scene, memories: Sequence[Any], rng: np.random.Generator, layout: Mapping[str, Pose] | None = None
) -> Start:
    """Return where everything in a world begins, and write what the tasks then remember.

    Args:
        scene: of the world.
        memories: for each agent what its task remembers from the episode before.
        rng: the generator of the world.
        layout: where robots and elements are, by name; None: where the scene's layout draws them.

    Raises:
        InvalidInput: they do not fit.
    """
    poses = dict(layout or ())
    if scene.layout is not None and layout is None:
        poses = draw_layout(scene, rng)
    gravity, friction = draw(scene.gravity, rng), draw(scene.friction, rng)
    props = []
    for prop in scene.props:
        if prop.name in poses:
            x, y, yaw = poses[prop.name]
            props.append(((x, y, 0.0), yaw))
            continue
        x, y, z = (draw(number, rng) for number in prop.position)
        props.append(((x, y, z), draw(prop.yaw, rng)))
    placements = []
    for agent, memory in zip(scene.agents, memories, strict=True):
        motors = agent.robot.motors
        position = [draw(agent.position[0], rng), draw(agent.position[1], rng)]
        yaw = draw(agent.yaw, rng)
        if agent.name in poses:
            *position, yaw = poses[agent.name]
        joints = rng.uniform(-agent.noise, agent.noise, len(motors.names))
        joints += motors.rest[0, 0]
        joints.clip(motors.lower[0, 0], motors.upper[0, 0], out=joints)
        placement = Placement((position[0], position[1]), yaw, tuple(joints.tolist()))
        placements.append(agent.task.reset(placement, memory, rng))
    return Start(tuple(placements), tuple(props), gravity, friction)


def draw_layout(scene: Scene, rng: np.random.Generator) -> dict[str, Pose]:
    """Return where robots and elements of a scene with a layout are.

    Raises:
        InvalidInput: they do not fit; the message names file and element.
    """
    assert scene.layout is not None
    names = [scene.props[element.prop].name for element in scene.layout.elements]
    try:
        return scene.layout.sample([agent.name for agent in scene.agents], names, rng)
    except InvalidInput as error:
        raise InvalidInput(f"{scene.path or f'scene {scene.name!r}'}: layout: {error}") from None


def layout_of(scene: Scene, start: Start) -> dict[str, Pose]:
    """Return where robots and elements began an episode: x, y [m] and yaw [rad] by name; the option of a reset."""
    poses = {
        agent.name: (*placement.position, placement.yaw)
        for agent, placement in zip(scene.agents, start.placements, strict=True)
    }
    for element in scene.layout.elements if scene.layout is not None else ():
        (x, y, _), yaw = start.props[element.prop]
        poses[scene.props[element.prop].name] = x, y, yaw
    return poses
