"""Robots that learn together: shared Bullet worlds for Gymnasium and PettingZoo."""

import warnings
from typing import TYPE_CHECKING, Any

import gymnasium
import pettingzoo

from roboschool import paths
from roboschool.envs.agent import AgentEnv
from roboschool.envs.joint import JointEnv
from roboschool.envs.parallel import ParallelEnv, parallel_env
from roboschool.envs.vector import VectorEnv
from roboschool.errors import InvalidInput
from roboschool.mdp.state import State
from roboschool.mdp.task import Task
from roboschool.multiplayer.barrier import WorldClosed
from roboschool.multiplayer.lobby import Lobby
from roboschool.paths import policies
from roboschool.policies.network import NetworkPolicy
from roboschool.policies.opponent_pool import OpponentPool
from roboschool.policies.policy import Policy
from roboschool.policies.resolve import load_policy
from roboschool.robots.kinematics import partitions
from roboschool.robots.robot import Robot, load_robot
from roboschool.scenes.scene import Agent, Scene, load_scene, scene_id
from roboschool.scenes.scene_file import read_scene
from roboschool.system_info import version
from roboschool.tournament.payoff import payoff

if TYPE_CHECKING:
    from roboschool.multiplayer.client import connect

__version__ = version("roboschool")
__all__ = [
    "Agent",
    "AgentEnv",
    "InvalidInput",
    "JointEnv",
    "Lobby",
    "NetworkPolicy",
    "OpponentPool",
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


def __getattr__(name: str) -> Any:
    """Import `connect` when it is first needed: most programs never do."""
    if name == "connect":
        from roboschool.multiplayer.client import connect

        return connect
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    """List the public names only: what the package imports for itself is not for others."""
    return sorted(__all__)


def add_path(folder: str) -> None:
    """Find robots in `folder/assets` and scenes in `folder/scenes` from now on, and register their ids.

    Raises:
        InvalidInput: there is no such folder, or it holds neither.
    """
    paths.add_path(folder)
    _register()


def _register() -> None:
    """Give every scene its id, `roboschool/Ant-v1`, and the one it had in 2017, `RoboschoolAnt-v1`."""
    for name, path in paths.scenes().items():
        try:
            scene = read_scene(path)
        except InvalidInput as error:
            warnings.warn(f"no id for a scene: {error}", stacklevel=3)
            continue
        new = scene_id(name, scene.version)
        for identity in (new, new.replace("roboschool/", "Roboschool")):
            gymnasium.registry.pop(identity, None)  # a scene of the user's own stands before ours
            gymnasium.register(
                identity,
                entry_point="roboschool.envs.agent:RegisteredEnv",
                vector_entry_point="roboschool.envs.vector:VectorEnv",
                reward_threshold=scene.threshold,
                max_episode_steps=scene.steps,
                kwargs={"scene": name},
            )
        if not hasattr(pettingzoo, "parallel_registry"):  # since 1.27
            continue
        worlds = {new: ("roboschool.envs.parallel:ParallelEnv", {"scene": name})}
        for parts in scene.parts:
            identity = scene_id(f"joint_{name}", scene.version, parts.replace("|", "-"))
            worlds[identity] = ("roboschool.envs.joint:JointEnv", {"scene": name, "parts": parts})
        for identity, (entry_point, kwargs) in worlds.items():
            if identity not in pettingzoo.parallel_registry:
                pettingzoo.register("parallel", identity, entry_point=entry_point, kwargs=kwargs)


_register()
