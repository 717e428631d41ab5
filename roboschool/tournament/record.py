"""The file of a match, `.rsmatch`: a zip of `match.json`, who played what and how it ended, and of arrays.

`actions.npz` is what was done, from which it can be played once more; `poses.npz` is what was seen.
"""

import io
import json
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from roboschool import files, machine
from roboschool.files import InvalidInput
from roboschool.tournament.entrants import Entrant
from roboschool.tournament.players import Fault
from roboschool.tournament.poses import Poses, read_poses

VERSION = 3
ENDING = ".rsmatch"
ABOUT, ACTIONS, POSES = "match.json", "actions.npz", "poses.npz"
LARGEST = 64 * 2**20  # a file, and what is in it [bytes]
LARGEST_TEXT = 4 * 2**20
LONGEST = 10**6  # steps of a match
MOST_ARRAYS = 1000
PACKAGES = ("roboschool", "pybullet", "numpy")
DAY = (1980, 1, 1, 0, 0, 0)  # of all entries, so that equal matches are equal files but for how long they took
DAMAGE = (zipfile.BadZipFile, zlib.error, RuntimeError, NotImplementedError, EOFError, OSError, ValueError, KeyError)


@dataclass(frozen=True)
class AgentResult:
    """How a match has ended for an agent."""

    agent: str
    player: int  # who played it: a place in `Record.players`
    result: float  # 1 won, 0 drawn, -1 lost, or evenly between where there are places
    reason: str
    score: float
    total: float  # return


@dataclass(frozen=True, kw_only=True)
class Record:
    """What stands in `match.json`."""

    version: int = VERSION
    scene: str  # its name, or the path of its file
    scene_hash: str = ""  # sha256 of that file; nothing if nobody has looked
    options: dict[str, Any]
    rules: dict[str, Any] = field(default_factory=dict)  # options of the reset, which its game takes
    seed: int
    players: tuple[Entrant, ...]
    agents: tuple[AgentResult, ...]
    faults: tuple[Fault, ...]
    steps: int
    every: int  # steps between two fingerprints of the world
    prints: tuple[str, ...]  # at the beginning, then every so many steps, and at the end
    seconds: float  # it took
    containment: str = ""  # what the processes of the policies ran in; nothing where that is not recorded
    versions: dict[str, str]
    system: str
    processor: str


@dataclass(frozen=True)
class Match:
    """What the file of a match holds."""

    record: Record
    actions: dict[str, np.ndarray]  # by agent (steps, joints)
    poses: Poses


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


def write_match(path: Path, match: Match) -> None:
    """Write a match; a file that is there is replaced at once or not at all."""
    whole = io.BytesIO()
    with zipfile.ZipFile(whole, "w") as archive:
        archive.writestr(zipfile.ZipInfo(ABOUT, DAY), json.dumps(asdict(match.record), indent=1))
        for name, arrays in ((ACTIONS, match.actions), (POSES, match.poses.arrays())):
            packed = io.BytesIO()
            np.savez_compressed(packed, **arrays)  # type: ignore[arg-type]
            archive.writestr(zipfile.ZipInfo(name, DAY), packed.getvalue())
    files.replace(path, whole.getvalue())


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
    with _blaming(f"{path}: damaged, or not a match"), zipfile.ZipFile(path) as archive:
        names = archive.namelist()
        raw = json.loads(_unpack(archive, ABOUT, LARGEST_TEXT, path)) if ABOUT in names else None
        version = raw.get("version") if isinstance(raw, dict) else None
        if ABOUT in names and version != VERSION:  # said first, for another version may hold something else
            raise InvalidInput(f"{path}: {ABOUT}: its version is {version!r}, not {VERSION}")
        if sorted(names) != sorted([ABOUT, ACTIONS, POSES]):
            raise InvalidInput(f"{path}: not a match: it holds {', '.join(names[:5]) or 'nothing'}")
        done, seen = (_unpack(archive, name, LARGEST, path) for name in (ACTIONS, POSES))
    record: Record = files.convert(raw, Record, f"{path}: {ABOUT}")
    _check(path, record)
    with _blaming(f"{path}: {ACTIONS}: damaged"):
        actions = _read_actions(_read_arrays(path, done), record)
    with _blaming(f"{path}: {POSES}: damaged"):
        poses = read_poses(_read_arrays(path, seen), record.steps)
    return Match(record, actions, poses)


@contextmanager
def _blaming(where: str) -> Iterator[None]:
    """Let whatever damage is met be said of a file, as InvalidInput."""
    try:
        yield
    except InvalidInput:
        raise
    except (*DAMAGE, RecursionError) as error:
        raise InvalidInput(f"{where}: {error}") from None


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
    if any(line.player not in players or not -1.0 <= line.result <= 1.0 for line in record.agents):
        raise InvalidInput(f"{where}: agents: a player or a result cannot be")
    if any(fault.player not in players for fault in record.faults):
        raise InvalidInput(f"{where}: faults: a player cannot be")


def _read_arrays(path: Path, packed: bytes) -> dict[str, np.ndarray]:
    """Return tables of finite numbers by name; headers are read before what they promise is believed."""
    arrays: dict[str, np.ndarray] = {}
    left = LARGEST
    with zipfile.ZipFile(io.BytesIO(packed)) as archive:
        entries = archive.namelist()
        if len(entries) > MOST_ARRAYS or len(set(entries)) < len(entries):
            raise ValueError(f"{len(entries)} arrays, too many or of the same name")
        for entry in entries:
            data = _unpack(archive, entry, left, path)
            left -= len(data)
            stream, name = io.BytesIO(data), entry.removesuffix(".npy")
            if np.lib.format.read_magic(stream) != (1, 0):
                raise ValueError(f"{name} is not an array")
            shape, fortran, kind = np.lib.format.read_array_header_1_0(stream)
            if len(shape) != 2 or min(shape) < 0 or kind != np.dtype("<f4") or (fortran and shape[1] > 1):
                raise ValueError(f"{name} is {kind} {shape}, not a table of <f4")
            arrays[name] = np.frombuffer(data, "<f4", offset=stream.tell()).reshape(shape)
            if not np.isfinite(arrays[name]).all():
                raise ValueError(f"{name} holds a number that is not finite")
    return arrays


def _read_actions(arrays: dict[str, np.ndarray], record: Record) -> dict[str, np.ndarray]:
    names = [line.agent for line in record.agents]
    if sorted(arrays) != sorted(names):
        raise ValueError(f"it is not about the agents {', '.join(names)}")
    for name, rows in arrays.items():
        if len(rows) != record.steps:
            raise ValueError(f"{name} has {len(rows)} steps, not {record.steps}")
    return {name: arrays[name] for name in names}
