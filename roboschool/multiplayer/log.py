"""The log of a server: lines that are written without ever blocking the world."""

import contextlib
import math
import os
import queue
import threading
import time
from collections.abc import Callable
from typing import TextIO

from roboschool.errors import one_line

Log = Callable[[str], None]

MOST_UNWRITTEN = 1000  # lines that wait to be written
TIMEOUT = 1.0  # at the end [s]
PERIOD = 10.0  # [s]
MOST_LINES = 10  # about strangers in a period


class LogWriter:
    """Writes lines from its own thread; lines that are not read in time are left out and counted.

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
        """Write a line soon; never waits."""
        try:
            self._lines.put_nowait(text)
        except queue.Full:
            self._lost += 1

    def close(self) -> None:
        """Wait until all is written, for a short time."""
        with contextlib.suppress(queue.Full):
            self._lines.put(None, timeout=TIMEOUT)
        self._thread.join(TIMEOUT)

    def _write(self) -> None:
        while (text := self._lines.get()) is not None:
            self._write_line(one_line(text))
            lost, self._lost = self._lost, 0
            if lost:
                self._write_line(f"{lost} lines were left out: they were not read in time")

    def _write_line(self, text: str) -> None:
        data = f"{text}\n".encode(errors="backslashreplace")
        with contextlib.suppress(OSError):  # the reader has gone
            while data:
                data = data[os.write(self._descriptor, data) :]


class RateLimitedLog:
    """Passes on a limited number of lines in a period, and the number of lines left out.

    Args:
        log: takes the lines.
    """

    def __init__(self, log: Log) -> None:
        self._log = log
        self._ends = -math.inf  # end of the period, on the clock of `time.monotonic` [s]
        self._logged = 0  # lines in this period
        self._left_out = 0

    @property
    def next_moment(self) -> float:
        """When the number of lines left out must be logged, on the clock of `time.monotonic` [s]."""
        return self._ends if self._left_out else math.inf

    def __call__(self, text: str) -> None:
        """Log a line, unless the period has had its number of lines."""
        now = time.monotonic()
        self.keep_time(now)
        if now >= self._ends:
            self._ends, self._logged = now + PERIOD, 0
        if self._logged < MOST_LINES:
            self._logged += 1
            self._log(text)
        else:
            self._left_out += 1

    def keep_time(self, now: float) -> None:
        """Log the number of lines left out when the period is over."""
        if self._left_out and now >= self._ends:
            self._log(f"{self._left_out} more lines like these were left out")
            self._left_out = 0
