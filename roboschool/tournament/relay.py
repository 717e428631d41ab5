"""Relays the output of policies, which get no terminal: they could read what a user types there."""

import os
import sys
import threading
from contextlib import suppress
from typing import BinaryIO

from roboschool.errors import one_line

LONGEST = 2000  # characters of a line
MOST = 1000  # lines of one process


class Relay:
    """A pipe for the output of a process, and a thread that writes it to stderr, line by line and escaped.

    The descriptor `end` is for the process; `release` closes ours once it has started.
    """

    def __init__(self) -> None:
        reading, self.end = os.pipe()
        self._thread = threading.Thread(target=_pass_on, args=(open(reading, "rb"),), daemon=True)  # noqa: SIM115
        self._thread.start()

    def release(self) -> None:
        """Close our copy of the end, so that the output ends when the process ends."""
        os.close(self.end)

    def finish(self, seconds: float) -> None:
        """Wait until everything is written, at most for a time [s]."""
        self._thread.join(seconds)


def _pass_on(stream: BinaryIO) -> None:
    with stream, suppress(OSError, ValueError):  # stderr is closed
        for number, line in enumerate(iter(lambda: stream.readline(LONGEST), b"")):
            if number < MOST:
                sys.stderr.write(f"{one_line(line.decode('utf-8', 'replace').rstrip())}\n")
            elif number == MOST:
                sys.stderr.write(f"more than {MOST} lines of a policy: the others are left out\n")
