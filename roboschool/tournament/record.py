"""The file of a match, `.rsmatch`: a zip archive of `match.json`, with players and results, and of arrays.

`actions.npz` has the actions, from which the match can be replayed; `trajectory.npz` has the poses of all bodies.
"""

import io
import json
import os
import re
import zipfile
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from roboschool import system_info, writers
from roboschool.errors import InvalidInput
from roboschool.readers import LARGEST_ARCHIVE, parse_json, read_archive, read_bytes, read_tables
from roboschool.schema import convert
from roboschool.tournament.containment import RECORDED
from roboschool.tournament.entrants import Entrant
from roboschool.tournament.players import Fault
from roboschool.tournament.trajectory import Trajectory, read_trajectory

VERSION = 5
ENDING = ".rsmatch"
ABOUT, ACTIONS, TRAJECTORY = "match.json", "actions.npz", "trajectory.npz"
LONGEST = 10**6  # steps of a match
LONGEST_WORDS = 400  # characters of a name, a reason or a detail
HASH = re.compile(r"[0-9a-f]{64}")  # sha256
DIVERGED = "diverged"  # the checksum of a world whose simulation has diverged
PACKAGES = ("roboschool", "pybullet", "numpy")
DAY = (1980, 1, 1, 0, 0, 0)  # of all entries: files of equal matches differ only in the time that they took


@dataclass(frozen=True)
class AgentResult:
    """The result of a match for an agent."""

    agent: str
    player: int  # index into `Record.players`
    result: float  # 1 won, 0 drawn, -1 lost; evenly spaced between 1 and -1 where there are places
    reason: str
    score: float
    total: float  # return


@dataclass(frozen=True, kw_only=True)
class Record:
    """The content of `match.json`."""

    version: int = VERSION
    scene: str  # its name, or the path of its file
    scene_hash: str = ""  # sha256 of that file; empty if it is unknown
    options: dict[str, Any]
    rules: dict[str, Any] = field(default_factory=dict)  # options of its game, given to the reset
    seed: int
    players: tuple[Entrant, ...]
    agents: tuple[AgentResult, ...]
    faults: tuple[Fault, ...]
    steps: int
    every: int  # steps between two checksums of the world
    checksums: tuple[str, ...]  # at the beginning, every `every` steps, and at the end
    seconds: float  # it took
    containment: str = ""  # of the processes of policies; empty if it is not recorded
    versions: dict[str, str]
    system: str
    processor: str


@dataclass(frozen=True)
class Match:
    """The content of the file of a match."""

    record: Record
    actions: dict[str, np.ndarray]  # by agent (steps, joints)
    trajectory: Trajectory
    path: str = field(default="", compare=False)  # of the file it was read from


def describe() -> dict[str, Any]:
    """Return versions and machine of this process, as keys of a `Record`."""
    return {
        "versions": system_info.versions(PACKAGES),
        "system": system_info.system(),
        "processor": system_info.processor(),
    }


def check_path(path: Path) -> Path:
    """Return the path to which a match is written.

    Raises:
        InvalidInput: its suffix is another, or there is no such folder.
    """
    if path.suffix != ENDING:
        raise InvalidInput(f"{path}: the file of a match ends with {ENDING}")
    if os.path.isdir(path) or not os.path.isdir(path.parent):
        raise InvalidInput(f"{path}: {'a folder' if os.path.isdir(path) else f'there is no folder {path.parent}'}")
    return path


def write_match(path: Path, match: Match) -> None:
    """Write a match; a file that is there is replaced at once or not at all."""
    whole = io.BytesIO()
    with zipfile.ZipFile(whole, "w") as archive:
        archive.writestr(zipfile.ZipInfo(ABOUT, DAY), json.dumps(asdict(match.record), indent=1))
        for name, arrays in ((ACTIONS, match.actions), (TRAJECTORY, match.trajectory.arrays())):
            packed = io.BytesIO()
            np.savez_compressed(packed, **arrays)  # type: ignore[arg-type]
            archive.writestr(zipfile.ZipInfo(name, DAY), packed.getvalue())
    writers.replace(path, whole.getvalue())


def read_match(path: Path) -> Match:
    """Read a match. None of its content is executed, and archives that are too large are refused.

    Raises:
        InvalidInput: the file is missing, damaged, or no match.
    """
    members = read_archive(read_bytes(path, LARGEST_ARCHIVE), str(path))
    where, names = f"{path}: {ABOUT}", list(members)
    raw = parse_json(members[ABOUT], where) if ABOUT in members else None
    version = raw.get("version") if isinstance(raw, dict) else None
    if ABOUT in members and version != VERSION:  # checked first: other versions have other entries
        raise InvalidInput(f"{where}: its version is {version!r}, not {VERSION}")
    if sorted(names) != sorted([ABOUT, ACTIONS, TRAJECTORY]):
        raise InvalidInput(f"{path}: not a match: it has the entries {', '.join(names[:5]) or 'nothing'}")
    record: Record = convert(raw, Record, where)
    for fault in _faults(record):
        raise InvalidInput(f"{where}: {fault}")
    actions = _read_actions(read_tables(members[ACTIONS], f"{path}: {ACTIONS}"), record, f"{path}: {ACTIONS}: damaged")
    seen = read_tables(members[TRAJECTORY], f"{path}: {TRAJECTORY}")
    try:
        trajectory = read_trajectory(seen, record.steps)
    except InvalidInput as error:
        raise InvalidInput(f"{path}: {TRAJECTORY}: damaged: {error}") from None
    return Match(record, actions, trajectory, str(path))


def _faults(record: Record) -> Iterator[str]:
    """Yield what is invalid although it has the right type."""
    steps, players = record.steps, range(len(record.players))
    if not 0 <= steps <= LONGEST or not 1 <= record.every <= LONGEST or record.seed < 0 or record.seconds < 0.0:
        yield f"steps {steps}, every {record.every}, seed {record.seed} or seconds {record.seconds} cannot be"
    if len(record.checksums) != 1 + -(-steps // record.every):
        yield f"{len(record.checksums)} checksums do not fit {steps} steps"
    hashes = [*record.checksums, record.scene_hash, *(known for player in record.players for known in player.hashes)]
    if not all(HASH.fullmatch(text) for text in hashes if text not in ("", DIVERGED)):
        yield "a checksum or a hash is invalid"
    if not record.players or any(not 1 <= len(p.policies) == len(p.hashes) for p in record.players):
        yield "players: there is none, or one does not have a hash for each policy"
    if not record.agents or any(a.player not in players or not -1.0 <= a.result <= 1.0 for a in record.agents):
        yield "agents: there is none, or a player or a result cannot be"
    if any(fault.player not in players or not 0 <= fault.step <= steps for fault in record.faults):
        yield "faults: a player or a step cannot be"
    if record.containment not in RECORDED:
        yield f"containment {record.containment!r:.80} is unknown"
    words = [player.name for player in record.players]
    words += [text for line in record.agents for text in (line.agent, line.reason)]
    words += [text for fault in record.faults for text in (fault.reason, fault.detail)]
    words += [*record.versions, *record.versions.values(), record.system, record.processor]
    for text in words:
        if len(text) > LONGEST_WORDS or not text.isprintable():
            yield f"{text!r:.80} is too long, or has characters that cannot be printed"


def _read_actions(arrays: dict[str, np.ndarray], record: Record, where: str) -> dict[str, np.ndarray]:
    names = [line.agent for line in record.agents]
    if sorted(arrays) != sorted(names):
        raise InvalidInput(f"{where}: its agents are not {', '.join(names)}")
    for name, rows in arrays.items():
        if len(rows) != record.steps:
            raise InvalidInput(f"{where}: {name} has {len(rows)} steps, not {record.steps}")
    return {name: arrays[name] for name in names}
