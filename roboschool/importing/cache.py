"""Keeps imported robots in the user's cache folder: each in a folder of its own, named by what it was made of.

A folder gets its name when it is complete, so that readers see all of it or nothing. A process holds a shared lock on
each that it has read, and none that is held is removed. One that is damaged is made anew.
"""

import contextlib
import hashlib
import json
import os
import secrets
import shutil
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from roboschool.paths import as_path

if sys.platform != "win32":
    import fcntl

VARIABLE = "ROBOSCHOOL_CACHE"  # of the environment: "0" for no cache, or its folder
LARGEST = 2**29  # all robots together; the least recently used are removed [bytes]
STALE = 3600.0  # age of a folder that is still unfinished [s]
INDEX = "index.json"  # the files of a robot, and what was said of its import
LOCK = "lock"
_held: dict[Path, int] = {}  # locks of robots that this process has read, kept until it ends


def cache_folder() -> Path | None:
    """Return the folder of the cache, which need not be there; None if it is switched off."""
    stated = os.environ.get(VARIABLE, "")
    if stated == "0":
        return None
    if stated:
        return as_path(stated)
    if sys.platform == "win32":
        base = os.environ.get("LOCALAPPDATA", "")
    elif sys.platform == "darwin":
        base = "~/Library/Caches"
    else:
        base = os.environ.get("XDG_CACHE_HOME", "") or "~/.cache"
    return as_path(os.path.expanduser(base or "~")) / "roboschool" / "robots"


def fetch(root: Path, key: str, make: Callable[[Path], dict[str, Any]]) -> tuple[Path, dict[str, Any]]:
    """Return the folder of a robot in a cache, and what was said of its import.

    Of several processes that want the same, one makes it, and the others wait for it.

    Args:
        root: the folder of the cache.
        key: what names the robot: letters and digits.
        make: writes the files of the robot into an empty folder, and returns what is to be said, as plain data.

    Raises:
        OSError: the cache cannot be written.
    """
    folder = root / key
    found = _read(folder)
    if found is not None:
        return folder, found
    root.mkdir(parents=True, exist_ok=True)
    with _alone(root / f"{key}.{LOCK}"):
        found = _read(folder)
        if found is not None:
            return folder, found
        part = root / f".{secrets.token_hex(8)}"
        part.mkdir()
        try:
            said = make(part)
            (part / LOCK).touch()
            (part / INDEX).write_text(json.dumps({"files": _digests(part), "said": said}))
            if folder.exists():
                _remove(folder)  # it is damaged
            part.rename(folder)
        finally:
            shutil.rmtree(part, ignore_errors=True)
        _hold(folder)
    _shrink(root, folder)
    return folder, said


def _read(folder: Path) -> dict[str, Any] | None:
    """Return what is said of a robot if all its files are as they were written, and hold it; else None."""
    if not _hold(folder):
        return None
    try:
        index = json.loads((folder / INDEX).read_bytes())
        if index["files"] != _digests(folder) or not isinstance(index["said"], dict):
            return None
        os.utime(folder)
    except (OSError, ValueError, KeyError, TypeError):
        return None
    return dict(index["said"])


def _digests(folder: Path) -> dict[str, str]:
    """Return a hash of each file of a robot, by its path in the folder."""
    files = sorted(path for path in folder.rglob("*") if path.is_file() and path.name not in (INDEX, LOCK))
    return {path.relative_to(folder).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest() for path in files}


def _hold(folder: Path) -> bool:
    """Keep others from removing a folder until this process ends; return whether that succeeded."""
    try:
        if folder in _held and os.path.samestat(os.fstat(_held[folder]), os.stat(folder / LOCK)):
            return True
        lock = os.open(folder / LOCK, os.O_RDONLY)
    except OSError:
        return False
    try:
        if sys.platform != "win32":
            fcntl.flock(lock, fcntl.LOCK_SH | fcntl.LOCK_NB)
        kept = os.path.samestat(os.fstat(lock), os.stat(folder / LOCK))  # else it was removed in between
    except OSError:
        kept = False
    if kept:
        lock, _held[folder] = _held.get(folder, -1), lock
    if lock >= 0:
        os.close(lock)
    return kept


@contextlib.contextmanager
def _alone(path: Path) -> Iterator[None]:
    """Let one process at a time into the block."""
    with path.open("wb") as lock:
        if sys.platform != "win32":
            fcntl.flock(lock, fcntl.LOCK_EX)
        try:
            yield
        finally:
            with contextlib.suppress(OSError):
                path.unlink()


def _shrink(root: Path, kept: Path) -> None:
    """Remove what was used least recently until the rest is small enough, and folders that were never finished."""
    robots: list[tuple[float, int, Path]] = []
    for path in root.iterdir():
        with contextlib.suppress(OSError):
            if path.is_dir() and path.name.startswith(".") and path.stat().st_mtime < time.time() - STALE:
                shutil.rmtree(path, ignore_errors=True)
            elif path.is_dir() and not path.name.startswith("."):
                size = sum(file.stat().st_size for file in path.rglob("*") if file.is_file())
                robots.append((path.stat().st_mtime, size, path))
    total = sum(size for _, size, _ in robots)
    for _, size, path in sorted(robots):
        if total <= LARGEST:
            return
        if path != kept and _remove_if_free(path):
            total -= size


def _remove_if_free(folder: Path) -> bool:
    """Remove a folder that no process holds; return whether it is gone."""
    if folder in _held:
        return False
    try:
        with (folder / LOCK).open("rb") as lock:
            if sys.platform != "win32":
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                return _remove(folder)
    except FileNotFoundError:
        pass  # it is damaged
    except OSError:
        return False
    return _remove(folder)


def _remove(folder: Path) -> bool:
    """Take a folder out of the cache at once, and delete it."""
    gone = folder.parent / f".{secrets.token_hex(8)}"
    try:
        folder.rename(gone)
    except OSError:  # another process has removed it, or, on Windows, holds it
        return not folder.exists()
    shutil.rmtree(gone, ignore_errors=True)
    return True
