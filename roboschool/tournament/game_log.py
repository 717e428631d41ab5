"""The games of a tournament, `games.jsonl`: one a line, appended when it is over, and read as a stream.

A line also says what the file of the match was when it was written, and has a checksum of its own. A last line without
its end is what a crash has left half written: that game counts as not played.
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
CHECK = b',"check":"%08x"}\n'  # how a line ends: CRC-32 of all that is before
ENDS = len(CHECK % 0)  # [bytes]
POINTS = (0.0, 0.5, 1.0)
AGAIN = "without this line the game is played again"


@dataclass(frozen=True)
class Stamp:
    """What the file of a match was when its game was over."""

    size: int  # [bytes]
    modified: int  # [ns]
    sha256: str


@dataclass(frozen=True)
class Line:
    """What stands in a line, before its checksum."""

    number: int  # of the game, from 1, in the order in which games are planned
    game: Result
    match: Stamp


class GameLog:
    """Appends games to the file in a folder, which may be new.

    Args:
        folder: of the tournament; nobody else may write to it.

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
        """Write a game down by its number, and have it and its match on the disk before anything else happens.

        Raises:
            InvalidInput: the disk is full, or the match is not there.
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
    """Open a file that has no other name: one in a stranger's folder may be a link to another of ours.

    Raises:
        OSError: it has, or is no regular file.
    """
    handle = os.open(path, flags | os.O_NOFOLLOW, 0o666)
    found = os.fstat(handle)
    if not stat.S_ISREG(found.st_mode) or found.st_nlink != 1:
        os.close(handle)
        raise OSError(errno.EMLINK, "it is no regular file, or has another name, too", path)
    return handle


def _end_of_lines(path: Path) -> int:
    """Return where the last whole line ends."""
    with open(path, "rb") as file:
        size = file.seek(0, os.SEEK_END)
        start = file.seek(max(0, size - LONGEST_LINE))
        return start + file.read().rfind(b"\n") + 1


def _stamp(path: Path) -> Stamp:
    """Return what the file of a match is now, once it is on the disk.

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
    """Return the lines that are whole, each with where it stands: file and number.

    Raises:
        InvalidInput: the file cannot be read, or a line in it is damaged.
    """
    if not os.path.isfile(path) or os.path.islink(path):
        if os.path.lexists(path):
            raise InvalidInput(f"{path}: not a regular file")
        return
    name = str(path)  # once: there may be many lines
    with open(path, "rb") as file:
        for number, text in enumerate(iter(partial(file.readline, LONGEST_LINE), b""), 1):
            where = f"{name}: line {number}"
            if not text.endswith(b"\n"):
                if len(text) == LONGEST_LINE:
                    raise InvalidInput(f"{where}: more than {LONGEST_LINE} bytes")
                return  # half written
            if text[-ENDS:] != CHECK % zlib.crc32(text[:-ENDS]):
                raise InvalidInput(f"{where}: altered or torn, for its checksum is another; {AGAIN}")
            yield where, parse_json(text, where, Line)


def read_games(folder: Path, plan: Plan) -> tuple[Result, ...]:
    """Return the games that are over, as they were planned, not as they ended.

    Raises:
        InvalidInput: a line is damaged, or says what cannot be.
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
    """Return what of a line cannot be, though it is of the right type; nothing if all can."""
    game, match, count = line.game, line.match, len(plan.entrants)
    if not 0 <= game.stage < stages(count) or not 0 <= game.seed - plan.seed < 2 * plan.games:
        return f"stage {game.stage} or seed {game.seed} is not of this tournament"
    pair = (game.first, game.second)
    if game.first == game.second or not 0 <= min(pair) <= max(pair) < count:
        return f"players {pair} are not two of {count}"
    if game.points not in POINTS or not 0 <= game.steps <= LONGEST:
        return f"points {game.points} or steps {game.steps} cannot be"
    if len({*game.forfeits} & {*pair}) < len(game.forfeits) or len(game.details) not in (0, len(game.forfeits)):
        return f"forfeits {game.forfeits} are not of those who play"
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
    """Return what `read_games` returns, when the files of the matches still are what they were.

    A file whose size and time have not changed is believed; any other is read.

    Raises:
        InvalidInput: as there; or the file of a match is missing, or another.
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
    """Check that the file of a match is the one that a line is about.

    Raises:
        InvalidInput: it is another.
    """
    data = read_bytes(path, LARGEST_ARCHIVE)
    if hashlib.sha256(data).hexdigest() != line.match.sha256:
        raise InvalidInput(f"{path}: not the file that {where} is about; {AGAIN}")


def check_beside(path: Path) -> None:
    """Check the file of a match against the games of the tournament in its folder, if it is one's.

    Raises:
        InvalidInput: it is another than the one that was played, or the games are damaged.
    """
    for where, line in read_lines(path.parent / GAMES):
        if line.game.file == path.name:
            check_match(path, where, line)
