"""Finds the data: robots in `assets/`, scenes in `scenes/`, and the same in the user's own folders."""

import os
import re
from collections.abc import Mapping
from pathlib import Path

from roboschool.errors import LONGEST_NAME, InvalidInput, check_choice

LONGEST_PATH = 4095  # [bytes]
VARIABLE = "ROBOSCHOOL_PATH"  # of the environment: more folders, the first before the others
NAME = re.compile(r"[a-z][a-z0-9_]*")
UNPRINTABLE = re.compile(r"[\x00-\x1f\x7f-\x9f\ud800-\udfff\ufffe\uffff]")
_PACKAGE = Path(__file__).resolve().parent


def add_path(folder: str | os.PathLike[str]) -> None:
    """Look for robots in `folder/assets` and for scenes in `folder/scenes`, before all folders known so far.

    Raises:
        InvalidInput: there is no such folder, or it holds neither.
    """
    path = as_path(folder)
    if not (path / "assets").is_dir() and not (path / "scenes").is_dir():
        raise InvalidInput(f"{path}: no folder 'assets' or 'scenes' in it")
    others = [p for p in os.environ.get(VARIABLE, "").split(os.pathsep) if p and p != str(path)]
    os.environ[VARIABLE] = os.pathsep.join([str(path), *others])  # so that worker processes find it too


def _roots() -> list[Path]:
    own = data if (data := _PACKAGE / "data").is_dir() else _PACKAGE.parent  # a wheel, or a checkout
    return [*(Path(p).resolve() for p in os.environ.get(VARIABLE, "").split(os.pathsep) if p), own]


def robots() -> dict[str, Path]:
    """Return the card of every robot by name: `assets/<robot>/<robot>.toml`."""
    found = [p for root in reversed(_roots()) for p in sorted((root / "assets").glob("*/*.toml"))]
    return {p.stem: p for p in found if p.stem == p.parent.name and NAME.fullmatch(p.stem)}


def models() -> dict[str, Path]:
    """Return the URDF of every robot and prop by name: `assets/<model>/<model>.urdf`."""
    found = [p for root in reversed(_roots()) for p in sorted((root / "assets").glob("*/*.urdf"))]
    return {p.stem: p for p in found if p.stem == p.parent.name and NAME.fullmatch(p.stem)}


def scenes() -> dict[str, Path]:
    """Return the file of every scene by name: `scenes/<scene>.toml`."""
    found = [p for root in reversed(_roots()) for p in sorted((root / "scenes").glob("*.toml"))]
    return {p.stem: p for p in found if NAME.fullmatch(p.stem)}


def policies() -> dict[str, Path]:
    """Return the policy that comes with each scene: `assets/<robot>/policies/<scene>.safetensors`."""
    found = [p for root in reversed(_roots()) for p in sorted((root / "assets").glob("*/policies/*.safetensors"))]
    return {p.stem: p for p in found}


def find(name: str | os.PathLike[str], known: Mapping[str, Path], what: str) -> Path:
    """Return the file of the robot or scene (`what`) called `name`, which may also be a path to a TOML file.

    Raises:
        InvalidInput: there is none.
    """
    if isinstance(name, os.PathLike) or (isinstance(name, str) and name.endswith(".toml")):
        return as_path(name)
    return known[check_choice(name, known, what)]


def as_path(name: str | os.PathLike[str]) -> Path:
    """Return the absolute path, with links followed, of a file or folder by its name.

    Raises:
        InvalidInput: no file can have such a name.
    """
    try:
        path = os.path.realpath(name)
    except ValueError:
        path = os.fspath(name)
    fault = UNPRINTABLE.search(path)
    if fault:  # neither a terminal nor XML nor JSON takes it
        raise InvalidInput(f"{path!r:.{LONGEST_NAME}}: the name of a file with {fault[0]!r} in it is not supported")
    if len(path.encode()) > LONGEST_PATH or max(len(part.encode()) for part in path.split(os.sep)) > LONGEST_NAME:
        raise InvalidInput(f"{path!r:.{LONGEST_NAME}}: too long for the name of a file")
    return Path(path)


def list_names(folder: Path, ending: str) -> list[str]:
    """Return the names of files in a folder that end so; none if it cannot be read."""
    return [path.name for path in folder.glob(f"*{ending}")] if os.path.isdir(folder) else []


def class_name(name: str) -> str:
    """Return the name of the class that a file holds: `half_cheetah` is `HalfCheetah`."""
    return "".join(map(str.capitalize, name.split("_")))
