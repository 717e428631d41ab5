"""The file of a match, `.rsmatch`: a zip of `match.json`, who played what and how it ended, and `actions.npz`."""

import io
import json
import os
import zipfile
import zlib
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from roboschool import files, machine
from roboschool.files import InvalidInput
from roboschool.tournament.entrants import Entrant
from roboschool.tournament.players import Fault

VERSION = 1
ENDING = ".rsmatch"
ABOUT, ACTIONS = "match.json", "actions.npz"
LARGEST = 64 * 2**20  # a file, and what is in it [bytes]
LARGEST_TEXT = 4 * 2**20
LONGEST = 10**6  # steps of a match
PACKAGES = ("roboschool", "pybullet", "numpy")
DAY = (1980, 1, 1, 0, 0, 0)  # of all entries, so that equal matches are equal files but for how long they took
DAMAGE = (zipfile.BadZipFile, zlib.error, RuntimeError, NotImplementedError, EOFError, OSError, ValueError, KeyError)


@dataclass(frozen=True)
class Line:
    """How a match has ended for an agent."""

    agent: str
    player: int  # who played it: a place in `Record.players`
    result: int  # 1 won, 0 drawn, -1 lost
    reason: str
    score: float
    total: float  # return


@dataclass(frozen=True, kw_only=True)
class Record:
    """What stands in `match.json`."""

    version: int = VERSION
    scene: str  # its name, or the path of its file
    options: dict[str, Any]
    seed: int
    players: tuple[Entrant, ...]
    agents: tuple[Line, ...]
    faults: tuple[Fault, ...]
    steps: int
    every: int  # steps between two fingerprints of the world
    prints: tuple[str, ...]  # at the beginning, then every so many steps, and at the end
    seconds: float  # it took
    versions: dict[str, str]
    system: str
    processor: str


@dataclass(frozen=True)
class Match:
    """A match that has been read from its file."""

    record: Record
    actions: dict[str, np.ndarray]  # by agent (steps, joints)


def describe() -> dict[str, Any]:
    """Return what a match was played with, as keys of a `Record`."""
    return {"versions": machine.versions(PACKAGES), "system": machine.system(), "processor": machine.processor()}


def check_path(path: Path) -> Path:
    """Return where a match is to be written.

    Raises:
        InvalidInput: the ending is another, or there is no such folder.
    """
    if path.suffix != ENDING:
        raise InvalidInput(f"{path}: the file of a match ends with {ENDING}")
    if path.is_dir() or not path.parent.is_dir():
        raise InvalidInput(f"{path}: {'a folder' if path.is_dir() else f'there is no folder {path.parent}'}")
    return path


def write_match(path: Path, record: Record, actions: Mapping[str, np.ndarray]) -> None:
    """Write a match; a file that is there is replaced at once or not at all."""
    arrays = io.BytesIO()
    np.savez_compressed(arrays, **actions)  # type: ignore[arg-type]
    whole = io.BytesIO()
    with zipfile.ZipFile(whole, "w") as archive:
        archive.writestr(zipfile.ZipInfo(ABOUT, DAY), json.dumps(asdict(record), indent=1))
        archive.writestr(zipfile.ZipInfo(ACTIONS, DAY), arrays.getvalue())
    replace(path, whole.getvalue())


def replace(path: Path, data: bytes) -> None:
    """Write a file so that nobody ever sees half of it."""
    beside = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        beside.write_bytes(data)
        beside.replace(path)
    except OSError as error:
        beside.unlink(missing_ok=True)
        raise InvalidInput(f"{path}: cannot be written: {error.strerror}") from None


def read_match(path: Path) -> Match:
    """Read a match; nothing that it holds is run, and no more is unpacked than a match can hold.

    Raises:
        InvalidInput: the file is missing or damaged, or holds something else.
    """
    if not path.is_file():
        beside = [p.name for p in path.parent.glob(f"*{ENDING}")] if path.parent.is_dir() else []
        raise InvalidInput(f"{path}: no such file{files.nearest(path.name, beside)}")
    if path.stat().st_size > LARGEST:
        raise InvalidInput(f"{path}: {path.stat().st_size} bytes, more than {LARGEST}")
    try:
        with zipfile.ZipFile(path) as archive:
            if sorted(archive.namelist()) != sorted([ABOUT, ACTIONS]):
                raise InvalidInput(f"{path}: not a match: it holds {', '.join(archive.namelist()[:5]) or 'nothing'}")
            text = _unpack(archive, ABOUT, LARGEST_TEXT, path)
            packed = _unpack(archive, ACTIONS, LARGEST, path)
        raw = json.loads(text)
    except InvalidInput:
        raise
    except (*DAMAGE, RecursionError) as error:
        raise InvalidInput(f"{path}: damaged, or not a match: {error}") from None
    version = raw.get("version") if isinstance(raw, dict) else None
    if version != VERSION:
        raise InvalidInput(f"{path}: {ABOUT}: its version is {version!r}, not {VERSION}")
    record: Record = files.convert(raw, Record, f"{path}: {ABOUT}")
    _check(path, record)
    return Match(record, _read_actions(path, record, packed))


def _unpack(archive: zipfile.ZipFile, name: str, largest: int, path: Path) -> bytes:
    with archive.open(name) as entry:
        data = entry.read(largest + 1)
    if len(data) > largest:
        raise InvalidInput(f"{path}: {name}: more than {largest} bytes")
    return data


def _check(path: Path, record: Record) -> None:
    where = f"{path}: {ABOUT}"
    if not 0 <= record.steps <= LONGEST or not 1 <= record.every <= LONGEST or record.seed < 0:
        raise InvalidInput(f"{where}: steps {record.steps}, every {record.every} or seed {record.seed} cannot be")
    if len(record.prints) != 1 + -(-record.steps // record.every):
        raise InvalidInput(f"{where}: {len(record.prints)} prints do not fit {record.steps} steps")
    players = range(len(record.players))
    if any(line.player not in players or line.result not in (-1, 0, 1) for line in record.agents):
        raise InvalidInput(f"{where}: agents: a player or a result cannot be")
    if any(fault.player not in players for fault in record.faults):
        raise InvalidInput(f"{where}: faults: a player cannot be")


def _read_actions(path: Path, record: Record, packed: bytes) -> dict[str, np.ndarray]:
    """Return actions by agent; headers are read before what they promise is believed."""
    names = [line.agent for line in record.agents]
    actions = {}
    try:
        with zipfile.ZipFile(io.BytesIO(packed)) as archive:
            if sorted(archive.namelist()) != sorted(f"{name}.npy" for name in names):
                raise InvalidInput(f"{path}: {ACTIONS}: it is not about the agents {', '.join(names)}")
            left = LARGEST
            for name in names:
                data = _unpack(archive, f"{name}.npy", left, path)
                left -= len(data)
                stream = io.BytesIO(data)
                if np.lib.format.read_magic(stream) != (1, 0):
                    raise ValueError("not an array")
                shape, fortran, kind = np.lib.format.read_array_header_1_0(stream)
                if len(shape) != 2 or shape[0] != record.steps or kind != np.dtype("<f4") or (fortran and shape[1] > 1):
                    raise ValueError(f"{name} is {kind} {shape}, not <f4 ({record.steps}, joints)")
                actions[name] = np.frombuffer(data, "<f4", offset=stream.tell()).reshape(shape)
                if not np.isfinite(actions[name]).all():
                    raise ValueError(f"{name} holds a number that is not finite")
    except InvalidInput:
        raise
    except DAMAGE as error:
        raise InvalidInput(f"{path}: {ACTIONS}: damaged: {error}") from None
    return actions
