"""The file of a scene, `scenes/<scene>.toml`: all that may stand in it."""

import dataclasses
import functools
import os
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeAlias

from roboschool import readers
from roboschool.errors import InvalidInput
from roboschool.mdp.distributions import Number

Triple: TypeAlias = tuple[float, float, float]

PARTS = re.compile(r"[0-9]{1,3}x[0-9]{1,3}d?|[0-9]{1,3}(\|[0-9]{1,3})+")  # of a robot's joints
MOST_AGENTS = 64
MOST_PROPS = 1000
MOST_PARTS = 100
NEWEST = 9999  # version of an id
SHORTEST_STEP, LONGEST_STEP = 1e-4, 0.1  # [s]
LONGEST = 1e5  # an episode [s]


@dataclass(frozen=True, kw_only=True)
class AgentRow:
    """One `[[agent]]` of a scene file."""

    name: str
    robot: str
    task: dict[str, Any]
    position: tuple[Number, Number] = (0.0, 0.0)  # x, y [m]
    yaw: Number = 0.0  # heading, 0 along +x [deg]
    noise: float = 0.1  # joints start within this of the rest pose [rad]
    policy: str = ""  # who plays it if nobody else does: a scene whose policy it is, or "package.module:Class"
    power: float = 1.0  # of its motors, as a share of what its card says
    players: int = 1  # it takes part if the scene has so many players a side


@dataclass(frozen=True, kw_only=True)
class PropRow:
    """One `[[prop]]` of a scene file: a body that nobody drives."""

    name: str
    model: str  # its URDF: assets/<model>/<model>.urdf, or a path that begins at the scene
    position: tuple[Number, Number, Number] = (0.0, 0.0, 0.0)  # x, y, z of its root [m]
    yaw: Number = 0.0  # heading [deg]


@dataclass(frozen=True, kw_only=True)
class View:
    """The `[camera]` of a scene file: an eye that stays where it is."""

    eye: Triple  # where it is [m]
    look: Triple  # what it looks at [m]
    follow: str | None = None  # an agent or a prop that draws the look after it
    share: float = 0.5  # of the way to it
    stay: float = 0.0  # share of the old look that stays at every picture
    wide: float = 1.0  # half the width of what is seen 1 m away [m]; 1 is an angle of 90 degrees


@dataclass(frozen=True, kw_only=True)
class Lanes:
    """The `[lanes]` of a scene file: agents taken from single-agent scenes, side by side."""

    entrants: tuple[str, ...]  # scenes, one a lane; "humanoid/hopper" is the first scene with the policy of the second
    width: float = 2.0  # [m]
    places: int | None = None  # so many of the entrants are drawn, with repetition, by the scene's `draw`


@dataclass(frozen=True, kw_only=True)
class SceneFile:
    """The file `scenes/<scene>.toml`."""

    version: int = 1  # of the id
    summary: str
    seconds: float = 16.5  # an episode lasts at most
    timestep: float = 0.0165  # between two actions [s]
    substeps: int = 4  # of physics in one timestep
    iterations: int = 5  # of the contact solver
    gravity: Number = 9.8  # [m/s2]
    friction: Number = 0.8  # of the ground
    ground: bool = True  # whether there is one
    threshold: float | None = None  # mean return that counts as solved
    finish: float | None = None  # line across the lanes [m]
    stadium: tuple[float, float] | None = None  # where the middle of a painted stadium is [m]
    camera: View | None = None  # follows the robots if there is none
    lanes: Lanes | None = None
    players: int | None = None  # a side; agents whose own `players` is greater do not take part
    draw: int = 0  # seed by which the places of `lanes` are drawn
    game: dict[str, Any] | None = None  # rules between the agents
    parts: tuple[str, ...] = ()  # among which agents may share the one robot's joints, like "4x2"; an id for each
    agent: tuple[AgentRow, ...] = ()
    prop: tuple[PropRow, ...] = ()

    @property
    def steps(self) -> int:
        """How many timesteps an episode lasts at most."""
        return round(self.seconds / self.timestep)


OPTIONS = tuple(  # keys of a scene's file that whoever loads it may give
    f.name for f in dataclasses.fields(SceneFile) if f.name not in ("version", "summary", "parts", "agent", "prop")
)


@functools.lru_cache(maxsize=64)
def _read(path: Path, _stamp: float) -> SceneFile:
    return readers.read_toml(path, SceneFile)


def read_scene(path: Path) -> SceneFile:
    """Read a scene file, without its robots.

    Raises:
        InvalidInput: the file is wrong.
    """
    return checked(path, _read(path, os.path.getmtime(path) if os.path.isfile(path) else 0.0))


def checked(path: Path, file: SceneFile) -> SceneFile:
    """Return the file, whose number of steps can be reckoned, and ids made.

    Raises:
        InvalidInput: they cannot.
    """
    for key, shortest, longest in (("timestep", SHORTEST_STEP, LONGEST_STEP), ("seconds", SHORTEST_STEP, LONGEST)):
        if not shortest <= getattr(file, key) <= longest:
            raise InvalidInput(f"{path}: {key}: {getattr(file, key)} s is not between {shortest:g} and {longest:g} s")
    if not 1 <= file.version <= NEWEST:
        raise InvalidInput(f"{path}: version: {file.version} is not between 1 and {NEWEST}")
    for key, most in (("agent", MOST_AGENTS), ("prop", MOST_PROPS), ("parts", MOST_PARTS)):
        if len(getattr(file, key)) > most:
            raise InvalidInput(f"{path}: {key}: {len(getattr(file, key))} of them, more than {most}")
    for parts in file.parts:
        if not PARTS.fullmatch(parts):
            raise InvalidInput(f"{path}: parts: {parts!r} is not like '4x2', '2x4d' or '9|8'")
    return file
