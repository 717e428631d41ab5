"""Writes a scene of a user's own: robots, what they drive to, and what they should keep off."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias

from roboschool import writers
from roboschool.errors import InvalidInput
from roboschool.paths import NAME
from roboschool.scenes.elements import KINDS
from roboschool.scenes.layout import MOST_ELEMENTS
from roboschool.scenes.loader import find_robot

Count: TypeAlias = int | tuple[int, int]  # a range is drawn in each episode

OWN = {"goal": ("goal",), "button": ("button",), "push": ("goal", "box")}  # kinds that a task needs
COSTLY = ("hazard", "vase", "pillar", "gremlin")  # kinds that cost
LOOSE = 4.0  # the area is so many times what all keepouts take
TIMESTEP = 0.02  # of robots whose cards have none [s]
SUBSTEP = 0.005  # the longest [s]
STEPS = 1000  # of an episode


@dataclass(frozen=True)
class NewScene:
    """What is asked for."""

    name: str
    robots: tuple[str, ...]
    task: str
    counts: Mapping[str, Count]  # by the kind of the element


def read_count(written: str) -> Count:
    """Return a number of elements, or a range like `2-6`.

    Raises:
        InvalidInput: it is neither.
    """
    low, dash, high = written.partition("-")
    numbers = (low, high) if dash else (low,)
    if not all(part.isdecimal() and len(part) < 6 for part in numbers):
        raise InvalidInput(f"{written!r:.80} is neither a number, like 4, nor a range, like 2-6")
    fewest, most = int(numbers[0]), int(numbers[-1])
    if not fewest <= most <= MOST_ELEMENTS:
        raise InvalidInput(f"{written!r:.80} is not within 0 and {MOST_ELEMENTS}")
    return (fewest, most) if dash else most


def write_scene(wanted: NewScene, into: Path) -> Path:
    """Write the file of a scene; return its path, `into/scenes/<name>.toml`.

    Raises:
        InvalidInput: the name cannot be that of a scene, there is such a file, a robot is unknown, or it cannot be
            written.
    """
    if not NAME.fullmatch(wanted.name):
        raise InvalidInput(f"{wanted.name!r:.80}: a name is of lower case letters, digits and _, like 'yard'")
    path = into / "scenes" / f"{wanted.name}.toml"
    if path.exists():
        raise InvalidInput(f"{path}: there is such a file already; give another name")
    text = make_text(wanted, path)
    writers.make_folder(path.parent)
    writers.replace(path, text.encode())
    return path


def make_text(wanted: NewScene, path: Path) -> str:
    """Return the file of a scene, with a word about each key.

    Raises:
        InvalidInput: a robot is unknown or wrong, or the counts are.
    """
    counts = _complete(wanted)
    timings = {}
    for name in wanted.robots:
        robot = find_robot(path, name)
        timings[name] = robot.timestep or TIMESTEP, min(robot.substep, SUBSTEP)
    timestep = min(own for own, _ in timings.values())
    substeps = max(1, math.ceil(round(timestep / min(own for _, own in timings.values()), 6)))
    area = _area(wanted, counts)
    names = " and ".join(dict.fromkeys(wanted.robots))
    lines = [
        f'summary       = "{names.capitalize()}: {wanted.task}."',
        f"episode_steps = {STEPS}",
        f"timestep      = {timestep:g}  # between two actions [s]",
        f"substeps      = {substeps}  # of physics in one timestep",
        "iterations    = 10  # of the contact solver",
        "gravity       = 9.81  # [m/s2]",
        "friction      = 1.0",
        "indicator     = true  # `cost` is 1 in a step that costs anything; false: the sum of the costs",
        "",
        "[layout]",
        f"area = {area}  # two corners of where all is placed [m]",
        "",
        "[camera]",
        f"eye        = [0.0, {1.9 * area[1]:.2f}, {2.5 * area[3]:.2f}]  # where it is [m]",
        f"target     = [0.0, {0.15 * area[1]:.2f}, 0.0]  # the point it looks at [m]",
        "half_width = 0.55  # half the width of what is seen 1 m away [m]",
    ]
    numbers: dict[str, int] = {}
    for place, name in enumerate(wanted.robots):
        number = numbers[name] = numbers.get(name, -1) + 1
        hold = max(1, round(timings[name][0] / timestep))
        own = f", number = {place}" if place and "goal" in OWN[wanted.task] else ""
        lines += ["", "[[agent]]", f'name  = "{_word(name)}_{number}"', f'robot = "{name}"', "noise = 0.0"]
        if hold > 1:
            lines.append(
                f"hold  = {hold}  # timesteps for which an action holds: it decides every {hold * timestep:g} s"
            )
        lines.append(f'task  = {{ name = "{wanted.task}"{own} }}')
    for kind, count in counts.items():
        about = KINDS[kind]
        shown = list(count) if isinstance(count, tuple) else count
        drawn = "  # drawn in each episode" if isinstance(count, tuple) else ""
        lines += ["", f"[[element]]  # {about.about}", f'kind    = "{kind}"', f"count   = {shown}{drawn}"]
        lines += [f"size    = {about.size:g}  # radius, or half the side of a cube [m]"]
        lines += [f"keepout = {about.keepout:g}  # from its middle; things are as far apart as both together [m]"]
        if kind in COSTLY or kind == "button":
            lines.append("costs   = true")
    return "\n".join(lines) + "\n"


def _word(robot: str) -> str:
    """Return the letters of a robot's name, for the names of agents."""
    letters = "".join(letter for letter in Path(robot).stem.lower() if letter.isascii() and letter.isalpha())
    return letters[:60] or "robot"


def _complete(wanted: NewScene) -> dict[str, Count]:
    """Return the counts with what the task needs, in the order of `KINDS`.

    Raises:
        InvalidInput: there are too few goals for the robots.
    """
    least = {kind: len(wanted.robots) if kind == "goal" else 1 for kind in OWN[wanted.task]}
    counts: dict[str, Count] = {}
    for kind in KINDS:
        count = wanted.counts.get(kind, least.get(kind, 0))
        fewest, most = count if isinstance(count, tuple) else (count, count)
        if fewest < least.get(kind, 0):
            raise InvalidInput(
                f"{kind}: {fewest} are too few: {len(wanted.robots)} robots with the task {wanted.task!r} need"
                f" {least[kind]}"
            )
        if most:
            counts[kind] = count
    return counts


def _area(wanted: NewScene, counts: Mapping[str, Count]) -> list[float]:
    """Return a square in which all has room."""
    keepouts: Sequence[float] = [0.4] * len(wanted.robots)
    for kind, count in counts.items():
        keepouts = [*keepouts, *[KINDS[kind].keepout] * (count[1] if isinstance(count, tuple) else count)]
    side = max(1.0, math.ceil(5.0 * math.sqrt(LOOSE * math.pi * sum(keepout**2 for keepout in keepouts))) / 10.0)
    return [-side, -side, side, side]
