"""What every face derives the same way from a scene: spaces, and what can be rendered."""

import numpy as np
from gymnasium.spaces import Box

from roboschool.files import choose
from roboschool.scene import Agent
from roboschool.state import State

RENDER_MODES = ["rgb_array"]
FPS = 61  # one frame a step shows real time: 1 / 0.0165 s


def observation_space(agent: Agent) -> Box:
    """Return the space of what an agent sees."""
    seen = agent.task.observe(State.blank(1, 1, agent.robot))
    return Box(-agent.task.sight, agent.task.sight, seen.shape[2:], np.float32)


def action_space(agent: Agent) -> Box:
    """Return the space of an agent's actions, one number a joint."""
    return Box(-1.0, 1.0, (len(agent.robot.joints),), np.float32)


def check_render_mode(mode: str | None) -> str | None:
    """Return the mode if it can be rendered.

    Raises:
        InvalidInput: it cannot.
    """
    return None if mode is None else choose(mode, RENDER_MODES, "render mode")
