"""The schema of a scene's file, `scenes/<scene>.toml`."""

import dataclasses
import functools
import math
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, TypeAlias

from roboschool import readers
from roboschool.distributions import Number
from roboschool.scenes.elements import ElementTable
from roboschool.scenes.lanes import Lanes
from roboschool.scenes.layout import MOST_ELEMENTS, LayoutTable
from roboschool.scenes.scene import (
    LONGEST,
    MOST_AGENTS,
    MOST_PROPS,
    SHORTEST_STEP,
    AgentName,
    AgentSettings,
    Coordinate,
    Name,
    SceneSettings,
)
from roboschool.schema import Bounds, Pattern, Size

MOST_ROBOTS = 20  # of one file
PREFIX = "([A-Z][a-z]{1,19})?"

Degrees: TypeAlias = Annotated[Number, Bounds(-360.0, 360.0)]
Players: TypeAlias = Annotated[int, Bounds(1, MOST_AGENTS)]


@dataclass(frozen=True, kw_only=True)
class AgentTable(AgentSettings):
    """One `[[agent]]` of a scene file."""

    name: AgentName
    robot: str  # its name, or the path of a card or URDF that begins at the scene
    task: dict[str, Any]  # {name = ..., and its parameters}
    yaw: Degrees = 0.0  # 0 along +x [deg]
    torque_scale: Annotated[float, Bounds(0.0, 10.0, above=True)] = 1.0  # times the torques of its card
    players: Players = 1  # it takes part if the scene has at least this number of players a side


@dataclass(frozen=True, kw_only=True)
class PropTable:
    """One `[[prop]]` of a scene file: a body without motors."""

    name: Name
    model: str  # its URDF: assets/<model>/<model>.urdf, or a path that begins at the scene
    position: tuple[Coordinate, Coordinate, Coordinate] = (0.0, 0.0, 0.0)  # x, y, z of its root [m]
    yaw: Degrees = 0.0  # [deg]


@dataclass(frozen=True, kw_only=True)
class SceneFile(SceneSettings):
    """The file `scenes/<scene>.toml`: settings that go to the `Scene` as they are, and tables to make the rest of."""

    summary: str
    seconds: Annotated[float, Bounds(SHORTEST_STEP, LONGEST)] = 16.5  # an episode lasts at most
    players: Players | None = None  # a side; agents whose own `players` is greater do not take part
    draw: Annotated[int, Bounds(0, math.inf)] = 0  # seed by which the places of `lanes` are drawn
    lanes: Lanes | None = None
    game: dict[str, Any] | None = None  # {name = ..., and its parameters}: rules between the agents
    robots: Annotated[
        tuple[Name, ...], Size(0, MOST_ROBOTS)
    ] = ()  # a scene and ids for each, in the place of its robots
    prefix: Annotated[str, Pattern(PREFIX, "a word like 'Safexp'")] = ""  # of more ids of theirs
    episode_steps: Annotated[int, Bounds(1, 10**7)] | None = None  # instead of `seconds`
    layout: LayoutTable | None = None  # where robots and elements are placed
    agent: Annotated[tuple[AgentTable, ...], Size(0, MOST_AGENTS)] = ()
    element: Annotated[tuple[ElementTable, ...], Size(0, MOST_ELEMENTS)] = ()
    prop: Annotated[tuple[PropTable, ...], Size(0, MOST_PROPS)] = ()

    @property
    def steps(self) -> int:
        """The number of timesteps that an episode lasts at most."""
        return count_steps(self.seconds, self.timestep) if self.episode_steps is None else self.episode_steps


def count_steps(seconds: float, timestep: float) -> int:
    """Return the number of timesteps in an episode, both in seconds."""
    return round(seconds / timestep)


SETTINGS = tuple(field.name for field in dataclasses.fields(SceneSettings))
OPTIONS = tuple(  # keys of a scene's file that may be given when it is loaded
    field.name
    for field in dataclasses.fields(SceneFile)
    if field.name not in ("version", "summary", "partitions", "robots", "prefix", "agent", "element", "prop")
)


@functools.lru_cache(maxsize=64)
def _read(path: Path, _stamp: float) -> SceneFile:
    return readers.read_toml(path, SceneFile)


def read_scene(path: Path) -> SceneFile:
    """Read a scene file, without its robots.

    Raises:
        InvalidInput: the file is wrong; the message lists all faults.
    """
    return _read(path, os.path.getmtime(path) if os.path.isfile(path) else 0.0)
