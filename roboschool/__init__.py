"""Robots that learn together: shared Bullet worlds for Gymnasium and PettingZoo."""

import importlib
from typing import TYPE_CHECKING, Any

from roboschool.envs.agent import AgentEnv
from roboschool.envs.joint import JointEnv
from roboschool.envs.padded import PaddedVectorEnv
from roboschool.envs.parallel import ParallelEnv, parallel_env
from roboschool.envs.vector import VectorEnv
from roboschool.errors import InvalidInput
from roboschool.importing.loader import load_robot, load_scene
from roboschool.mdp.state import State
from roboschool.mdp.task import Task
from roboschool.multiplayer.barrier import WorldClosed
from roboschool.multiplayer.lobby import Lobby
from roboschool.paths import policies
from roboschool.policies.network import NetworkPolicy
from roboschool.policies.opponent_pool import OpponentPool
from roboschool.policies.policy import Policy
from roboschool.policies.resolve import load_policy
from roboschool.registration import add_path, register_scenes
from roboschool.robots.kinematics import partitions
from roboschool.robots.robot import Robot
from roboschool.scenes.scene import Agent, Scene
from roboschool.system_info import version

if TYPE_CHECKING:
    from roboschool.multiplayer.client import connect
    from roboschool.tournament.payoff import payoff

__version__ = version("roboschool")
__all__ = [
    "Agent",
    "AgentEnv",
    "InvalidInput",
    "JointEnv",
    "Lobby",
    "NetworkPolicy",
    "OpponentPool",
    "PaddedVectorEnv",
    "ParallelEnv",
    "Policy",
    "Robot",
    "Scene",
    "State",
    "Task",
    "VectorEnv",
    "WorldClosed",
    "__version__",
    "add_path",
    "connect",
    "load_policy",
    "load_robot",
    "load_scene",
    "parallel_env",
    "partitions",
    "payoff",
    "policies",
]


LAZY = {"connect": "roboschool.multiplayer.client", "payoff": "roboschool.tournament.payoff"}  # most programs need none


def __getattr__(name: str) -> Any:
    """Import what is in `LAZY` when it is first needed."""
    if name in LAZY:
        return getattr(importlib.import_module(LAZY[name]), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    """List the public names only: what the package imports for itself is not for others."""
    return sorted(__all__)


register_scenes()
