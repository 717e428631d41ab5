"""Loads robots for use at once: those with a card as they are, all others imported in memory and kept in a cache."""

import atexit
import contextlib
import functools
import hashlib
import os
import re
import shutil
import warnings
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from roboschool import paths
from roboschool.errors import InvalidInput
from roboschool.importing import cache
from roboschool.importing.formats import read_draft
from roboschool.importing.importer import ImportOptions
from roboschool.importing.includes import expand_includes
from roboschool.importing.mesh_reader import LARGEST as LARGEST_MESH
from roboschool.importing.report import LOSS, Report
from roboschool.importing.resolve import Resolver
from roboschool.importing.source import Source, choose_name, open_source
from roboschool.robots.robot import Robot
from roboschool.robots.robot import load_robot as load_described
from roboschool.scenes.loader import load_scene as load_known
from roboschool.scenes.scene import Scene
from roboschool.scratch import scratch_folder
from roboschool.system_info import version

SUFFIXES = (".urdf", ".xml", ".xacro")  # of files that are imported
BESIDE = {".obj": (".mtl", ".png", ".jpg", ".jpeg"), ".dae": (".png", ".jpg", ".jpeg")}  # what a mesh may name
LARGEST_BESIDE = 4 * 2**20  # [bytes]


def load_robot(source: Any, *, cached: bool = True, **options: Any) -> Robot:
    """Return a robot by name, by the path of its card, or imported from a file.

    A URDF with a card of the same name beside it is that robot. Any other file is imported as by
    `roboschool new robot`, but nothing is written except in the cache, where it is found again if neither its text, its
    meshes, the options nor the importer have changed. The environment variable ROBOSCHOOL_CACHE is the folder of the
    cache, or "0" for none. A report stands beside the URDF, at `robot.model.path`.

    Args:
        source: the name of a robot; the path of a card (.toml); a path, an object or a name, see `find_source`; or a
            `Robot`, which is returned.
        cached: whether it is looked for in the cache, and put there.
        options: those of `ImportOptions`, such as `kind="arm"`: how it is imported.

    Raises:
        InvalidInput: it is none of these, or cannot be imported.
    """
    chosen = ImportOptions(**options)
    if isinstance(source, Robot):
        return source
    if isinstance(source, str) and (source in paths.robots() or not is_importable(source)):
        return load_described(source)
    if isinstance(source, str | os.PathLike):
        path = Path(os.fspath(source))
        card = path.with_suffix(".toml")
        if path.suffix == ".toml" or (path.suffix == ".urdf" and card.is_file() and not options):
            return load_described(card)
    with open_source(source, chosen.xacro) as found:
        return _import(found, chosen, cache.cache_folder() if cached else None)


def load_scene(name: str | os.PathLike[str] | Scene, **options: Any) -> Scene:
    """Return the scene called `name`, or with that id, or at that path, with options that override keys of its file.

    The option `robot` replaces the robot of a scene with one agent; `load_robot` says how it is given. The option
    `lanes` may be a sequence of single-agent scenes and of robots, one for each lane.

    Raises:
        InvalidInput: the scene, one of its robots or tasks, or an option is unknown or wrong.
    """
    return load_known(name, **with_robots(options))


def with_robots(options: Mapping[str, Any]) -> dict[str, Any]:
    """Return options of a scene with every robot in them loaded.

    Raises:
        InvalidInput: one cannot be.
    """
    loaded = dict(options)
    if options.get("robot") is not None:
        loaded["robot"] = load_robot(options["robot"])
    lanes = options.get("lanes")
    if isinstance(lanes, Sequence) and not isinstance(lanes, str):
        loaded["lanes"] = [load_robot(each) if is_importable(each) else each for each in lanes]
    return loaded


def is_importable(source: Any) -> bool:
    """Return whether something is no name of a robot or a scene, but a file, a description or an object."""
    if isinstance(source, str):
        return source.endswith((*SUFFIXES, ".toml")) or bool(re.fullmatch(r"[a-z][a-z0-9_]*_description", source))
    return not isinstance(source, int | float | None | Mapping | Sequence)


def _import(source: Source, options: ImportOptions, root: Path | None) -> Robot:
    """Return the robot of a source, from the cache in the folder `root` if it is there."""
    make = functools.partial(_make, source, options)
    folder: Path | None = None
    if root is not None:
        with contextlib.suppress(OSError):  # a cache that cannot be written is none
            folder, said = cache.fetch(root, _key(source, options), make)
    if folder is None:
        folder = scratch_folder()
        atexit.register(shutil.rmtree, folder, ignore_errors=True)  # Bullet may read the meshes at any time
        said = make(folder)
    if said["lost"]:
        warnings.warn(f"{source.path}: {said['lost']}; all changes: {folder / 'import_report.txt'}", stacklevel=4)
    return load_described(folder / f"{said['name']}.toml")


def _make(source: Source, options: ImportOptions, folder: Path) -> dict[str, Any]:
    """Import a robot into a folder; return its name and what was lost."""
    from roboschool.importing.project import write_robot  # 30 ms that most programs need not spend

    imported = write_robot(source, folder, options).imported
    kinds = dict.fromkeys(change.kind for change in imported.report.changes if change.severity == LOSS)
    return {"name": imported.name, "lost": "; ".join(kinds)}


def _key(source: Source, options: ImportOptions) -> str:
    """Return a hash of everything that an imported robot depends on."""
    own = (options.name, options.kind, options.base, options.actuator, options.weld_mimics, options.decompose)
    digest = hashlib.sha256(repr((_importer_version(), own)).encode())
    report = Report()
    draft = read_draft(source, report)
    resolver = Resolver(source.path, (*options.roots, *source.roots))
    parts = [expand_includes(source).data, choose_name(source.path, draft.name).encode()]
    shapes = [shape for link in draft.links.values() for shape in (*link.visuals, *link.collisions)]
    names = dict.fromkeys(shape.file for shape in shapes if shape.kind == "mesh")
    files = [*map(functools.partial(_find, resolver), names), *resolver.licences()]
    for file in files:
        parts += [b"none"] if file is None else [_digest(path) for path in _with_beside(file)]
    for part in parts:
        digest.update(f"{len(part)}:".encode() + part)
    return digest.hexdigest()[:40]


def _find(resolver: Resolver, name: str) -> Path | None:
    """Return a mesh, or None: the import says what is wrong with it."""
    try:
        return resolver.find(name)
    except InvalidInput:
        return None


def _with_beside(file: Path) -> list[Path]:
    """Return a mesh and the files beside it that it may name."""
    endings = BESIDE.get(file.suffix.lower(), ())
    beside = sorted(path for path in file.parent.iterdir() if path.suffix.lower() in endings) if endings else []
    return [file, *(path for path in beside if path.is_file() and path.stat().st_size <= LARGEST_BESIDE)]


@functools.lru_cache(maxsize=4096)
def _digest_at(path: Path, _size: int, _time: int) -> bytes:
    with path.open("rb") as file:
        digest = hashlib.sha256()
        while block := file.read(2**20):
            digest.update(block)
    return digest.digest()


def _digest(path: Path) -> bytes:
    status = path.stat()
    if status.st_size > LARGEST_MESH:
        return str(status.st_size).encode()  # the import refuses it
    return _digest_at(path, status.st_size, status.st_mtime_ns)


@functools.cache
def _importer_version() -> str:
    """Return what changes when the importer does: the version of the package, and its own text."""
    rooms = (Path(__file__).parent, Path(__file__).parents[1] / "robots")
    digest = hashlib.sha256(version("roboschool").encode())
    for path in sorted(path for room in rooms for path in room.glob("*.py")):
        digest.update(path.read_bytes())
    return digest.hexdigest()
