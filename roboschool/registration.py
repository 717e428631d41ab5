"""Gives every scene its ids in Gymnasium and PettingZoo. It imports `scenes`.

Of a scene file only the keys that an id needs are read here: a thousand files cost almost no time. A file with faults
gets an id, too; making the env reports them.
"""

import re
from pathlib import Path
from typing import Annotated

import gymnasium
import msgspec
import pettingzoo
from gymnasium.envs.registration import EnvSpec

from roboschool import paths
from roboschool.errors import InvalidInput
from roboschool.readers import LARGEST_TOML, parse_toml_text, read_text
from roboschool.scenes.scene import (
    LONGEST,
    LONGEST_STEP,
    MOST_PARTITIONS,
    NEWEST,
    PARTITION,
    SHORTEST_STEP,
    scene_id,
)
from roboschool.scenes.scene_file import MOST_ROBOTS, PREFIX, SceneFile, count_steps

ID_KEYS = "version|seconds|timestep|threshold|partitions|robots|prefix|episode_steps"
KEYS = re.compile(rf"""^[ \t]*["']?(?:{ID_KEYS})["']?[ \t]*=[ \t]*(?:\[[^\]]*\]|[^\n]*)""", re.M)
TABLE = re.compile(r"^[ \t]*\[", re.M)  # keys of the scene itself stand before the first
LONG_STRING = re.compile(r"\"\"\"|'''")


class IdKeys(msgspec.Struct, frozen=True):
    """The keys of a scene file that its ids need; all others are ignored."""

    version: Annotated[int, msgspec.Meta(ge=1, le=NEWEST)] = SceneFile.version
    seconds: Annotated[float, msgspec.Meta(ge=SHORTEST_STEP, le=LONGEST)] = SceneFile.seconds
    timestep: Annotated[float, msgspec.Meta(ge=SHORTEST_STEP, le=LONGEST_STEP)] = SceneFile.timestep
    threshold: float | None = SceneFile.threshold
    partitions: Annotated[tuple[str, ...], msgspec.Meta(max_length=MOST_PARTITIONS)] = SceneFile.partitions
    robots: Annotated[tuple[str, ...], msgspec.Meta(max_length=MOST_ROBOTS)] = ()
    prefix: Annotated[str, msgspec.Meta(pattern=f"^{PREFIX}$")] = ""
    episode_steps: Annotated[int, msgspec.Meta(ge=1)] | None = None


def add_path(folder: str) -> None:
    """Find robots in `folder/assets` and scenes in `folder/scenes` from now on, and register their ids.

    Raises:
        InvalidInput: there is no such folder, or it holds neither.
    """
    paths.add_path(folder)
    register_scenes()


def register_scenes() -> None:
    """Register every scene under its id, `roboschool/Ant-v1`, and the one it had in 2017, `RoboschoolAnt-v1`."""
    for stem, path in paths.scenes().items():
        keys = read_id_keys(path)
        for name in (stem, *(f"{robot}_{stem}" for robot in keys.robots if paths.NAME.fullmatch(robot))):
            _register_scene(name, keys, keys.prefix if name != stem else "")


def _register_scene(name: str, keys: IdKeys, prefix: str) -> None:
    """Register a scene under its ids, and with a prefix also as `Safexp-PointGoal1-v0`."""
    identity = scene_id(name, keys.version)
    aliases = [identity, identity.replace("roboschool/", "Roboschool")]
    if prefix:
        aliases.append(f"{prefix}-{paths.class_name(name)}-v{keys.version - 1}")
    for alias in aliases:
        # not by `register`, which searches the whole registry and warns when a user's scene replaces ours
        gymnasium.registry[alias] = EnvSpec(
            alias,
            entry_point="roboschool.envs.agent:RegisteredEnv",
            vector_entry_point="roboschool.envs.vector:VectorEnv",
            reward_threshold=keys.threshold,
            max_episode_steps=keys.episode_steps or count_steps(keys.seconds, keys.timestep),
            kwargs={"scene": name},
        )
    if hasattr(pettingzoo, "parallel_registry"):  # since 1.27
        _register_worlds(name, keys)


def _register_worlds(name: str, keys: IdKeys) -> None:
    worlds = {scene_id(name, keys.version): ("roboschool.envs.parallel:ParallelEnv", {"scene": name})}
    for parts in filter(PARTITION.fullmatch, keys.partitions):
        identity = scene_id(f"joint_{name}", keys.version, parts.replace("|", "-"))
        worlds[identity] = ("roboschool.envs.joint:JointEnv", {"scene": name, "parts": parts})
    for identity, (entry_point, kwargs) in worlds.items():
        if identity not in pettingzoo.parallel_registry:
            pettingzoo.register("parallel", identity, entry_point=entry_point, kwargs=kwargs)


def read_id_keys(path: Path) -> IdKeys:
    """Return the keys of a scene file that its ids need; the defaults if they cannot be read."""
    try:
        text = read_text(path, LARGEST_TOML)
        if not LONG_STRING.search(text):  # else a line that looks like a key may be part of a text
            table = TABLE.search(text)
            text = "\n".join(KEYS.findall(text, 0, table.start() if table else len(text)))
        return msgspec.convert(parse_toml_text(text, str(path)), IdKeys)
    except (InvalidInput, msgspec.ValidationError):
        return IdKeys()
