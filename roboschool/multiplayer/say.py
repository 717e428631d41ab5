"""Tells a person what happens at a server; whoever listens, or does not, never holds the world up."""

import contextlib
import math
import os
import queue
import threading
import time
from collections.abc import Callable
from typing import TextIO

from roboschool.errors import one_line

Say = Callable[[str], None]

MOST_UNWRITTEN = 1000  # lines that wait for whoever reads
PATIENCE = 1.0  # with whoever reads, at the end [s]
PERIOD = 10.0  # [s]
MOST_LINES = 10  # about strangers in a period


class Teller:
    """Writes lines from a thread of its own; what nobody reads in time is left out and counted.

    Args:
        stream: has a descriptor, which is written to past the stream's buffer; None: nothing is written.
    """

    def __init__(self, stream: TextIO | None) -> None:
        self._descriptor = os.open(os.devnull, os.O_WRONLY) if stream is None else stream.fileno()
        self._lines: queue.Queue[str | None] = queue.Queue(MOST_UNWRITTEN)
        self._lost = 0  # lines
        self._thread = threading.Thread(target=self._write, daemon=True)
        self._thread.start()

    def __call__(self, text: str) -> None:
        """Have a line written; never waits."""
        try:
            self._lines.put_nowait(text)
        except queue.Full:
            self._lost += 1

    def close(self) -> None:
        """Wait until all is written, but not long."""
        with contextlib.suppress(queue.Full):
            self._lines.put(None, timeout=PATIENCE)
        self._thread.join(PATIENCE)

    def _write(self) -> None:
        while (text := self._lines.get()) is not None:
            self._write_line(one_line(text))
            lost, self._lost = self._lost, 0
            if lost:
                self._write_line(f"{lost} lines were left out: nobody read them")

    def _write_line(self, text: str) -> None:
        data = f"{text}\n".encode(errors="backslashreplace")
        with contextlib.suppress(OSError):  # nobody listens any more
            while data:
                data = data[os.write(self._descriptor, data) :]


class Quota:
    """Passes on some lines in a period, and says how many more there would have been.

    Args:
        say: is given the lines.
    """

    def __init__(self, say: Say) -> None:
        self._say = say
        self._ends = -math.inf  # when the period does, on the clock of `time.monotonic` [s]
        self._said = 0  # lines in this period
        self._left_out = 0

    @property
    def next_moment(self) -> float:
        """When it must be said how many lines were left out, on the clock of `time.monotonic` [s]."""
        return self._ends if self._left_out else math.inf

    def __call__(self, text: str) -> None:
        """Say it, if not too much has been said lately."""
        now = time.monotonic()
        self.keep_time(now)
        if now >= self._ends:
            self._ends, self._said = now + PERIOD, 0
        if self._said < MOST_LINES:
            self._said += 1
            self._say(text)
        else:
            self._left_out += 1

    def keep_time(self, now: float) -> None:
        """Say how many lines were left out when the period is over."""
        if self._left_out and now >= self._ends:
            self._say(f"{self._left_out} more lines like these were left out")
            self._left_out = 0
