"""Finds the files of robots, props and scenes, and checks them in a process that may crash."""

import os
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from pathlib import Path
from subprocess import DEVNULL

import msgspec

from roboschool import paths, readers
from roboschool.errors import InvalidInput, one_line, suggest
from roboschool.testing.check import CARD_KEYS, SCENE_KEYS, CheckReport
from roboschool.workers.channel import Channel, ChildDied, ChildTimedOut
from roboschool.workers.process import ChildProcess

TIMEOUT = 120.0  # of a file [s]
ENDINGS = (".toml", ".urdf")


def find_all(targets: Sequence[str]) -> list[str]:
    """Return the files that are meant, each once.

    Raises:
        InvalidInput: nothing is meant.
    """
    found: dict[str, str] = {}  # by real path
    for target in targets:
        for file in _find(target):
            found.setdefault(os.path.realpath(file), file)
    return list(found.values())


def _find(target: str) -> list[str]:
    if target.endswith(ENDINGS):
        if not os.path.lexists(paths.as_path(target)):
            names = [name for ending in ENDINGS for name in paths.list_names(Path(target).parent, ending)]
            raise InvalidInput(f"{target}: no such file{suggest(Path(target).name, names) if names else ''}")
        return [target]
    if os.path.isdir(target):
        inside = sorted(_inside(Path(target)))
        if inside:
            return inside
        raise InvalidInput(f"{target}: no robot and no scene in this folder")
    known = (paths.robots(), paths.scenes(), paths.models())
    named = [str(group[target]) for group in known if target in group]
    if named:
        return named[:-1] if target in paths.models() and len(named) > 1 else named
    hint = suggest(target, {name for group in known for name in group})
    what = "neither a .urdf, a .toml nor a folder, nor the name of a robot or a scene"
    raise InvalidInput(f"{target}: {what}{hint}")


def _inside(folder: Path) -> Iterator[str]:
    """Return robots, props and scenes in a folder and those below it, but for hidden ones."""
    paths = [
        path
        for ending in ENDINGS
        for path in folder.rglob(f"*{ending}")
        if not any(part.startswith(".") for part in path.relative_to(folder).parts)
    ]
    models = set[Path]()  # that cards are about
    for path in paths:
        if path.suffix != ".toml":
            continue
        keys = dict[str, object]()
        with suppress(InvalidInput):
            keys = readers.parse_toml(path)
            if not keys.keys() & (SCENE_KEYS | CARD_KEYS):
                continue  # it is for another program
        yield str(path)
        models.add(Path(os.path.normpath(path.parent / str(keys.get("model", "")))))
    yield from (str(path) for path in paths if path.suffix == ".urdf" and Path(os.path.normpath(path)) not in models)


def examine_all(paths: Iterable[str]) -> Iterator[CheckReport]:
    """Return what is found about files; a crash of Bullet is a problem of the file.

    One process checks them all; a new one follows a user's module, whose name may come again in another folder.
    """
    channel: Channel | None = None
    try:
        for path in paths:
            channel = channel or Channel(ChildProcess("roboschool.testing.check:answer", output=DEVNULL))
            report, replace = _check(channel, path)
            yield report
            if replace:
                channel.kill()
                channel = None
    finally:
        if channel:
            channel.kill()


def _check(channel: Channel, path: str) -> tuple[CheckReport, bool]:
    """Return the report of a child process, and whether the process must be replaced."""
    try:
        paths.as_path(path)
        channel.send(path.encode(), TIMEOUT)
        return msgspec.json.decode(channel.receive(), type=tuple[CheckReport, bool])
    except InvalidInput as error:  # such a path cannot be sent
        return CheckReport(one_line(path), "", problems=(str(error),)), False
    except ChildTimedOut:
        return CheckReport(path, "", problems=(f"it takes more than {TIMEOUT:g} s",)), True
    except ChildDied as error:
        return CheckReport(path, "", problems=(f"Bullet, or code of its own, crashed: {error}",)), True
