"""Children that read inputs; one that crashes or hangs is replaced, and what it has read is kept."""

import os
import time
from collections import Counter
from collections.abc import Sequence
from multiprocessing.connection import Connection, wait
from pathlib import Path
from tempfile import TemporaryFile

from fuzz.child import ACCEPTED, FOREIGN, REFUSED, make_input
from fuzz.targets import TARGETS
from roboschool.workers.process import ChildProcess

ENTRY = "fuzz.child:work"
HANG = 60.0  # an input takes no longer [s]
INPUTS = 3000  # that a child reads before another takes its place, so that memory does not add up
MOST_PRINTED = 4000  # of it are kept [bytes]
REPORT = 5.0  # between two lines of progress [s]
CRASH, HUNG = "crashes", "hangs"
COLUMNS = {
    "inputs": None,
    "refused": REFUSED,
    "accepted": ACCEPTED,
    "crashes": CRASH,
    "hangs": HUNG,
    "foreign": FOREIGN,
}


class Fuzzer:
    """Drives readers with damaged inputs.

    Args:
        names: of the formats.
        seed: the same seed, the same inputs.
        children: how many processes read.
        folder: where inputs that do harm are kept; it is made when there is one.
    """

    def __init__(self, names: Sequence[str], seed: int, children: int, folder: Path) -> None:
        self.names = names
        self.seed = seed
        self.folder = folder
        self.counts = {name: Counter[str]() for name in names}
        self.harmful: list[str] = []  # what has done harm, and how
        self._log = TemporaryFile()  # noqa: SIM115 - what children print, until there are none
        self._children: dict[Connection, ChildProcess] = {}
        self._busy: dict[Connection, tuple[str, int, float]] = {}  # format, number of the input, since when
        self._read: Counter[Connection] = Counter()
        for _ in range(children):
            self._start()

    def run(self, seconds: float, least: int) -> None:
        """Read inputs for some time, and at least so many of each format."""
        begun = told = time.monotonic()
        number, todo = 0, list[str]()
        try:
            while True:
                idle = [line for line in self._children if line not in self._busy]
                more = todo or number < least or time.monotonic() < begun + seconds
                if not more and not self._busy:
                    return
                for line in idle if more else ():
                    if not todo:
                        todo, number = list(self.names), number + 1
                    self._ask(line, todo.pop(0), number - 1)
                self._hear()
                if time.monotonic() > told + REPORT:
                    told = time.monotonic()
                    self._tell(told - begun)
        finally:
            for child in self._children.values():
                child.kill()
            self._log.close()

    def _start(self) -> None:
        child = ChildProcess(ENTRY, self.seed, output=self._log.fileno())
        self._children[child.connection] = child
        child.connection.recv()  # it is ready; before, nothing of the time is its own

    def _replace(self, line: Connection) -> None:
        self._children.pop(line).kill()
        self._read.pop(line, None)
        self._start()

    def _ask(self, line: Connection, name: str, number: int) -> None:
        self._busy[line] = name, number, time.monotonic()
        line.send((name, number))

    def _hear(self) -> None:
        """Wait for an answer, or until somebody has taken too long."""
        first = min(since for *_, since in self._busy.values()) if self._busy else 0.0
        ready = wait(list(self._busy), max(0.0, first + HANG - time.monotonic()))
        for line, (name, number, since) in list(self._busy.items()):
            if line in ready:
                del self._busy[line]
                self._finish(line, name, number)
            elif time.monotonic() - since > HANG:
                del self._busy[line]
                self._note(name, number, HUNG, f"more than {HANG:g} s")
                self._replace(line)

    def _finish(self, line: Connection, name: str, number: int) -> None:
        try:
            became, trace = line.recv()
        except (EOFError, OSError):
            self._note(name, number, CRASH, f"{self._printed()}\n{self._children[line].wait()}")
            self._replace(line)
            return
        self._note(name, number, became, trace)
        self._read[line] += 1
        if self._read[line] >= INPUTS:
            self._replace(line)

    def _printed(self) -> str:
        """Return the last that children have printed, such as why one has ended."""
        size = os.fstat(self._log.fileno()).st_size
        return os.pread(self._log.fileno(), MOST_PRINTED, max(0, size - MOST_PRINTED)).decode(errors="replace")

    def _note(self, name: str, number: int, became: str, told: str) -> None:
        self.counts[name]["inputs"] += 1
        self.counts[name][became] += 1
        if number < len(TARGETS[name].seeds()) and became != ACCEPTED:
            told = told or "an input that is not damaged was refused"
        elif became in (ACCEPTED, REFUSED):
            return
        last = told.strip().splitlines()[-1]
        self.harmful.append(f"{name}:{number}: {became}: {last}")
        self.folder.mkdir(parents=True, exist_ok=True)
        kept = self.folder / f"{name}-{self.seed}-{number}"
        kept.with_suffix(".input").write_bytes(make_input(name, self.seed, number))
        kept.with_suffix(".txt").write_text(told)

    def _tell(self, seconds: float) -> None:
        total = sum((counts for counts in self.counts.values()), Counter[str]())
        counted = ", ".join(f"{total[became]} {became}" for became in (REFUSED, ACCEPTED))
        print(f"{seconds:5.0f} s: {total['inputs']} inputs, {counted}, {len(self.harmful)} harmful", flush=True)

    def table(self) -> str:
        """Return what became of the inputs of each format, and what has done harm."""
        rows = {
            name: {head: self.counts[name][became or head] for head, became in COLUMNS.items()} for name in self.names
        }
        rows["all"] = {head: sum(row[head] for row in rows.values()) for head in COLUMNS}
        lines = [f"{'':16}" + "".join(f"{head:>10}" for head in COLUMNS)]
        lines += [f"{name:16}" + "".join(f"{row[head]:10}" for head in COLUMNS) for name, row in rows.items()]
        return "\n".join([*lines, *self.harmful[:50]])
