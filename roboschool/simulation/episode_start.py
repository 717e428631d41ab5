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


class Starts:
    """How episodes of a scene start."""

    def __init__(self, scene: Scene) -> None:
        self.scene = scene
        self._joints = [  # rest pose and limits of the joints of each agent
            (motors.rest[0, 0], motors.lower[0, 0], motors.upper[0, 0])
            for motors in (agent.robot.motors for agent in scene.agents)
        ]

    def draw(
        self, memories: Sequence[Any], rng: np.random.Generator, layout: Mapping[str, Pose] | None = None
    ) -> Start:
        """Return where everything in a world begins, and write what the tasks then remember.

        Args:
            memories: for each agent what its task remembers from the episode before.
            rng: the generator of the world.
            layout: where robots and elements are, by name; None: where the scene's layout draws them.

        Raises:
            InvalidInput: they do not fit.
        """
        scene, poses = self.scene, dict(layout or ())
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
        for agent, memory, (rest, lower, upper) in zip(scene.agents, memories, self._joints, strict=True):
            x, y, yaw = draw(agent.position[0], rng), draw(agent.position[1], rng), draw(agent.yaw, rng)
            if agent.name in poses:
                x, y, yaw = poses[agent.name]
            joints = rng.random(len(rest))  # `uniform` draws the same, in twice the time
            joints *= agent.noise + agent.noise
            joints -= agent.noise
            joints += rest
            joints.clip(lower, upper, out=joints)
            placements.append(agent.task.reset(Placement((x, y), yaw, tuple(joints.tolist())), memory, rng))
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
