"""What every face derives the same way from a scene: spaces, and what can be rendered."""

import inspect
import sys
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from gymnasium.spaces import Box, Dict

from roboschool.errors import InvalidInput, check_choice
from roboschool.importing.loader import with_robots
from roboschool.mdp.task import fields_of
from roboschool.scenes.loader import load_for
from roboschool.scenes.scene import Agent, Scene
from roboschool.scenes.shapes import check_same_shapes

PICTURES = ["rgb_array"]  # what every face can do
NEVER = sys.maxsize  # [steps]
RENDER_MODES = ["human", *PICTURES]  # "human" is a window, or a page for a browser where there is no display


def scene_of(env: object, scene: str | Scene, options: dict[str, Any]) -> Scene:
    """Return the scene of an env that is being made with these keyword arguments beside its own.

    Raises:
        InvalidInput: the scene or an option is unknown or wrong.
    """
    parameters = inspect.signature(type(env)).parameters.values()
    return load_for(scene, with_robots(options), [p.name for p in parameters if p.kind is p.POSITIONAL_OR_KEYWORD])


def scenes_of(env: object, scene: str | Scene | Sequence[str | Scene], options: dict[str, Any]) -> list[Scene]:
    """Return the scene of an env, or the several that its worlds contain in turn, as `scene_of` does.

    Raises:
        InvalidInput: there is none, or one is unknown or wrong, or differs from the first in more than numbers.
    """
    several = [scene] if isinstance(scene, str | Scene) or not isinstance(scene, Sequence) else list(scene)
    if not several:
        raise InvalidInput("scene: an empty sequence holds none")
    found = [scene_of(env, each, options) for each in several]
    check_same_shapes(found)
    return found


def own_limit(scene: Scene, options: Mapping[str, Any]) -> int:
    """Return after how many steps an episode of a scene ends whatever time limit an env of it is given.

    A game is decided by its clock, and `seconds` and `timestep` among the options set one; otherwise it is `NEVER`.
    """
    clocked = scene.game is not None or "seconds" in options or "timestep" in options
    return scene.steps if clocked else NEVER


def observation_space(scene: Scene, agent: Agent) -> Any:
    """Return the space of what an agent of a scene observes: a `Box`, or a `Dict` with images if it has a camera."""
    vector, camera = vector_space(scene, agent), agent.camera
    if camera is None:
        return vector
    width, height = camera.size
    spaces: dict[str, Any] = {"vector": vector}
    if camera.rgb:
        spaces["camera"] = Box(0, 255, (height, width, 3), np.uint8)
    if camera.depth:
        spaces["depth"] = Box(0.0, camera.range, (height, width), np.float32)
    if camera.segmentation:
        most = len(scene.agents) + len(scene.props) - 1
        spaces["segmentation"] = Box(-1, most, (height, width), np.int32)
    return Dict(spaces)


def check_no_camera(scene: Scene, what: str) -> None:
    """Check that all agents of a scene observe vectors only.

    Raises:
        InvalidInput: one has a camera; the message says that `what` has no images.
    """
    for agent in scene.agents:
        if agent.camera is not None:
            raise InvalidInput(f"{scene.path}: agent {agent.name!r}: sensor 'camera': {what} has no images")


def vector_space(scene: Scene, agent: Agent) -> Box:
    """Return the space of the numbers that an agent of a scene observes."""
    limit, fields = agent.task.observation_limit, fields_of(agent.task, scene.info)
    low, high = [max(-limit, field.low) for field in fields], [min(limit, field.high) for field in fields]
    return Box(np.array(low, np.float32), np.array(high, np.float32), dtype=np.float32)


def action_space(agent: Agent) -> Box:
    """Return the space of an agent's actions, one number a joint."""
    return Box(-1.0, 1.0, (len(agent.robot.joints),), np.float32)


def check_render_mode(mode: str | None, modes: list[str] = RENDER_MODES) -> str | None:
    """Return the mode if it can be rendered.

    Raises:
        InvalidInput: it cannot.
    """
    return None if mode is None else check_choice(mode, modes, "render mode")


def check_count(name: str, count: object, least: int = 1) -> int:
    """Return a whole number of copies or steps.

    Raises:
        InvalidInput: it is not one, or below the least.
    """
    if not isinstance(count, int | np.integer) or count < least:
        raise InvalidInput(f"{name}: {count!r} is not a whole number from {least} up")
    return int(count)


def check_names(scene: Scene, actions: object, agents: Sequence[str]) -> None:
    """Check that actions are given by the names of agents.

    Raises:
        InvalidInput: they are not.
    """
    where = f"scene {scene.name!r}"
    if not isinstance(actions, Mapping):
        raise InvalidInput(f"{where}: the actions are of type {type(actions).__name__}, not actions by agent")
    for name in actions:
        check_choice(name, agents, "agent", where)


def check_open(scene: Scene, closed: bool) -> None:
    """Check that an env can still be used; one that has been closed stays closed.

    Raises:
        InvalidInput: it cannot.
    """
    if closed:
        raise InvalidInput(f"scene {scene.name!r}: the env is closed; make another")


def frames_per_second(scene: Scene) -> int:
    """Return how many pictures a second show real time if every step gives one."""
    return round(1.0 / scene.timestep)
