"""Robots that learn together: shared Bullet worlds for Gymnasium and PettingZoo."""

from roboschool.envs.agent import AgentEnv
from roboschool.envs.vector import VectorEnv
from roboschool.policy import NetworkPolicy, load_policy
from roboschool.scene import load_scene
