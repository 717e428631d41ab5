"""Spaces, derived from what a task sees and a robot's joints; nobody types their sizes."""

import numpy as np
from gymnasium.spaces import Box

from roboschool.scene import Agent
from roboschool.state import State


def observation_space(agent: Agent) -> Box:
    """Return the space of what an agent sees."""
    seen = agent.task.observe(State.blank(1, 1, agent.robot))
    return Box(-agent.task.sight, agent.task.sight, seen.shape[2:], np.float32)


def action_space(agent: Agent) -> Box:
    """Return the space of an agent's actions, one number a joint."""
    return Box(-1.0, 1.0, (len(agent.robot.joints),), np.float32)
