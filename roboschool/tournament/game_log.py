"""The log of a tournament, `games.jsonl`: one line per game, appended when the game is over.

A line has size, time and hash of the match's file, and a checksum of its own. A last line that is incomplete was being
written during a crash: its game counts as not played.
"""

import errno
import hashlib
import os
import stat
import zlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import partial
from operator import attrgetter
from pathlib import Path

import msgspec

from roboschool.errors import InvalidInput
from roboschool.readers import LARGEST_ARCHIVE, parse_json, read_bytes
from roboschool.tournament.containment import RECORDED
from roboschool.tournament.match_workers import Plan, Result, file_name
from roboschool.tournament.record import HASH, LONGEST, LONGEST_WORDS
from roboschool.tournament.schedule import Fixture, stages

GAMES = "games.jsonl"
LONGEST_LINE = 2**16  # [bytes]
CHECK = b',"check":"%08x"}\n'  # end of a line: CRC-32 of the text before it
ENDS = len(CHECK % 0)  # [bytes]
POINTS = (0.0, 0.5, 1.0)
AGAIN = "without this line the game is played again"


@dataclass(frozen=True)
class Stamp:
    """Size, time and hash of the file of a match when its game was over."""

    size: int  # [bytes]
    modified: int  # [ns]
    sha256: str


@dataclass(frozen=True)
class Line:
    """The content of a line, without its checksum."""

    number: int  # of the game, from 1, in the order in which games are planned
    game: Result
    match: Stamp


class GameLog:
    """Appends games to the file in a folder, which may be new.

    Args:
        folder: of the tournament; it is locked against other processes.

    Raises:
        InvalidInput: the file cannot be written to.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.path = folder / GAMES
        try:
            self.file = open(self.path, "ab", buffering=0, opener=_open_own)  # noqa: SIM115 - it stays open
            self.file.truncate(_end_of_lines(self.path))
        except OSError as error:
            raise InvalidInput(f"{self.path}: cannot be written: {error.strerror}") from None

    def append(self, number: int, result: Result) -> None:
        """Append a game by its number, and wait until it and its match are on the disk.

        Raises:
            InvalidInput: the disk is full, or the file of the match is missing.
        """
        text = msgspec.json.encode(Line(number, result, _stamp(self.folder / result.file)))[:-1]
        line = text + CHECK % zlib.crc32(text)
        try:
            written = self.file.write(line)
            os.fsync(self.file.fileno())
        except OSError as error:
            raise InvalidInput(f"{self.path}: cannot be written: {error.strerror}") from None
        if written != len(line):
            raise InvalidInput(f"{self.path}: cannot be written: the disk is full")

    def close(self) -> None:
        """Close the file."""
        self.file.close()


def _open_own(path: str, flags: int) -> int:
    """Open a file that has no other name: in a folder of others it may be a link to another file of the user.

    Raises:
        OSError: it has another name, or is no regular file.
    """
    handle = os.open(path, flags | os.O_NOFOLLOW, 0o666)
    found = os.fstat(handle)
    if not stat.S_ISREG(found.st_mode) or found.st_nlink != 1:
        os.close(handle)
        raise OSError(errno.EMLINK, "it is no regular file, or has another name, too", path)
    return handle


def _end_of_lines(path: Path) -> int:
    """Return the end of the last complete line."""
    with open(path, "rb") as file:
        size = file.seek(0, os.SEEK_END)
        start = file.seek(max(0, size - LONGEST_LINE))
        return start + file.read().rfind(b"\n") + 1


def _stamp(path: Path) -> Stamp:
    """Write the file of a match to the disk, and return its stamp.

    Raises:
        InvalidInput: it is not there.
    """
    try:
        with open(path, "rb") as file:
            os.fsync(file.fileno())
            found = os.fstat(file.fileno())
            return Stamp(found.st_size, found.st_mtime_ns, hashlib.sha256(file.read()).hexdigest())
    except OSError as error:
        raise InvalidInput(f"{path}: cannot be read: {error.strerror}") from None


def read_lines(path: Path) -> Iterator[tuple[str, Line]]:
    """Yield the complete lines, each with its file and number for messages.

    Raises:
        InvalidInput: the file cannot be read, or a line in it is damaged.
    """
    if not os.path.isfile(path) or os.path.islink(path):
        if os.path.lexists(path):
            raise InvalidInput(f"{path}: not a regular file")
        return
    name = str(path)  # there may be many lines
    with open(path, "rb") as file:
        for number, text in enumerate(iter(partial(file.readline, LONGEST_LINE), b""), 1):
            where = f"{name}: line {number}"
            if not text.endswith(b"\n"):
                if len(text) == LONGEST_LINE:
                    raise InvalidInput(f"{where}: more than {LONGEST_LINE} bytes")
                return  # incomplete
            if text[-ENDS:] != CHECK % zlib.crc32(text[:-ENDS]):
                raise InvalidInput(f"{where}: altered or torn, for its checksum is another; {AGAIN}")
            yield where, parse_json(text, where, Line)


def read_games(folder: Path, plan: Plan) -> tuple[Result, ...]:
    """Return the games that are over, in the order of the plan.

    Raises:
        InvalidInput: a line is damaged or invalid.
    """
    return _in_order(line for _, line in _checked(folder, plan))


def _in_order(lines: Iterable[Line]) -> tuple[Result, ...]:
    return tuple(line.game for line in sorted(lines, key=attrgetter("number")))


def _checked(folder: Path, plan: Plan) -> Iterator[tuple[str, Line]]:
    known: set[Fixture] = set()
    for where, line in read_lines(folder / GAMES):
        fault, fixture = _fault(line, plan), line.game.fixture
        if fault or fixture in known:
            raise InvalidInput(f"{where}: {fault or 'this game is in a line before, too'}; {AGAIN}")
        known.add(fixture)
        yield where, line


def _fault(line: Line, plan: Plan) -> str:
    """Return what of a line is invalid although it has the right type; empty if nothing is."""
    game, match, count = line.game, line.match, len(plan.entrants)
    if not 0 <= game.stage < stages(count) or not 0 <= game.seed - plan.seed < 2 * plan.games:
        return f"stage {game.stage} or seed {game.seed} is not of this tournament"
    pair = (game.first, game.second)
    if game.first == game.second or not 0 <= min(pair) <= max(pair) < count:
        return f"players {pair} are not two of {count}"
    if game.points not in POINTS or not 0 <= game.steps <= LONGEST:
        return f"points {game.points} or steps {game.steps} cannot be"
    if len({*game.forfeits} & {*pair}) < len(game.forfeits) or len(game.details) not in (0, len(game.forfeits)):
        return f"forfeits {game.forfeits} are not of its players"
    if not all(text.isprintable() and len(text) <= LONGEST_WORDS for text in (game.reason, *game.details)):
        return "reason or details are too long, or have characters that cannot be printed"
    if game.containment not in RECORDED:
        return f"containment {game.containment!r:.80} is unknown"
    if line.number < 1 or game.file != file_name(line.number):
        return f"file {game.file!r:.80} is not that of game {line.number}"
    if not HASH.fullmatch(match.sha256) or not 0 <= match.size <= LARGEST_ARCHIVE:
        return f"size {match.size} or hash of the match cannot be"
    return ""


def check_games(folder: Path, plan: Plan) -> tuple[Result, ...]:
    """Return what `read_games` returns, after checking that the files of the matches have not changed.

    A file whose size and time have not changed is accepted; any other is read and hashed.

    Raises:
        InvalidInput: as there; or the file of a match is missing or has changed.
    """
    lines = []
    for where, line in _checked(folder, plan):
        path = os.path.join(folder, line.game.file)
        try:
            found = os.stat(path)
        except OSError as error:
            raise InvalidInput(f"{path}: {error.strerror}, and {where} is about it; {AGAIN}") from None
        if (found.st_size, found.st_mtime_ns) != (line.match.size, line.match.modified):
            check_match(Path(path), where, line)
        lines.append(line)
    return _in_order(lines)


def check_match(path: Path, where: str, line: Line) -> None:
    """Check that the file of a match has the hash in a line.

    Raises:
        InvalidInput: it has another hash.
    """
    data = read_bytes(path, LARGEST_ARCHIVE)
    if hashlib.sha256(data).hexdigest() != line.match.sha256:
        raise InvalidInput(f"{path}: not the file that {where} is about; {AGAIN}")


def check_beside(path: Path) -> None:
    """Check the file of a match against the log in its folder, if there is one.

    Raises:
        InvalidInput: the file has changed since the game, or the log is damaged.
    """
    for where, line in read_lines(path.parent / GAMES):
        if line.game.file == path.name:
            check_match(path, where, line)
