"""Finds the URDF that a user means: a path, an object of another library, or a name of `robot_descriptions`."""

import contextlib
import importlib
import importlib.util
import os
import re
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from roboschool.errors import InvalidInput, suggest
from roboschool.importing.resolve import LARGEST
from roboschool.importing.xacro import expand_xacro
from roboschool.paths import NAME, as_path
from roboschool.readers import read_bytes
from roboschool.scratch import scratch_folder

COMMON = ("saved", "model", "robot", "urdf", "description", "main")  # names that say nothing
LONGEST = 40


@dataclass(frozen=True)
class Source:
    """The text of a robot, and where it is from."""

    path: Path  # of the file, around which meshes are looked for
    data: bytes
    roots: tuple[Path, ...] = ()  # folders from which meshes may be taken, too


@contextlib.contextmanager
def open_source(source: Any, xacro: bool = False) -> Iterator[Source]:
    """Find a file and read it; what an object saves, with its meshes, is there until the end of the block.

    Args:
        source: see `find_source`; or a `Source`, which is yielded as it is.
        xacro: whether it is expanded by xacro, which evaluates expressions in it.

    Raises:
        InvalidInput: it is nothing that `find_source` takes, cannot be read, or is too large.
    """
    if isinstance(source, Source):
        yield source
        return
    folder = scratch_folder()
    try:
        path = find_source(source, folder)
        data = read_bytes(path, LARGEST)
        text = Source(path, data, _folders_named(data) if path.parent == folder else ())
        if xacro:
            text = Source(path, expand_xacro(path))
        yield text
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def find_source(source: Any, folder: Path) -> Path:
    """Return the path of a URDF.

    Args:
        source: a path; an object with a method `save(path)` or `write_xml_file(path)`, such as a `urchin.URDF`,
            `urdfpy.URDF` or `yourdfpy.URDF`; or the name of a description, such as "go2_description", if the package
            robot_descriptions is installed (which may download it).
        folder: where an object is saved.

    Raises:
        InvalidInput: it is nothing of these, or cannot be saved.
    """
    if isinstance(source, str | os.PathLike):
        text = os.fsdecode(source)
        if isinstance(source, str) and re.fullmatch(r"[a-z][a-z0-9_]*_description", text) and not os.path.exists(text):
            return _described(text)
        return as_path(text)
    for method in ("write_xml_file", "save"):
        write = getattr(source, method, None)
        if callable(write):
            path = folder / "saved.urdf"
            try:
                write(str(path))
            except Exception as error:
                raise InvalidInput(f"{type(source).__name__}.{method}: {error}") from error
            return path
    raise InvalidInput(f"{source!r:.80}: neither a path, an object that can save a URDF, nor the name of a description")


def _folders_named(data: bytes) -> tuple[Path, ...]:
    """Return the folders of meshes with whole paths in what an object has saved: its library has opened them before."""
    names = re.findall(r"""filename\s*=\s*["']([^"'<>]+)["']""", data.decode(errors="replace"))
    return tuple(dict.fromkeys(Path(name).parent for name in names if os.path.isabs(name)))


def _described(name: str) -> Path:
    """Return the URDF of a description; the name is that of a module of robot_descriptions, and of no other."""
    if importlib.util.find_spec("robot_descriptions") is None:
        raise InvalidInput(f"{name}: no such file, and robot_descriptions, which may know it, is not installed")
    package = importlib.import_module("robot_descriptions")
    known = [path.stem for path in Path(str(package.__file__)).parent.glob("*_description.py")]
    if name not in known:
        raise InvalidInput(f"{name}: robot_descriptions does not know it{suggest(name, known)}")
    try:
        path = importlib.import_module(f"robot_descriptions.{name}").URDF_PATH
    except Exception as error:  # it downloads
        raise InvalidInput(f"{name}: robot_descriptions: {type(error).__name__}: {error}") from error
    return as_path(path)


def choose_name(path: Path, stated: str) -> str:
    """Return a name for a robot, of small letters, digits and _: that of its file, or of what it calls itself."""
    for text in (path.with_suffix("").stem if path.suffix == ".xacro" else path.stem, stated, path.parent.name):
        name = re.sub(r"[^a-z0-9]+", "_", text.lower()).strip("_")[:LONGEST].strip("_")
        if name and name not in COMMON:
            name = name if name[0].isalpha() else f"robot_{name}"
            if NAME.fullmatch(name):
                return name
    return "imported_robot"
