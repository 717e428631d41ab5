"""Waits for events. Every limit here is reached only by a test that fails."""

import time
from collections.abc import Callable
from pathlib import Path

LONG = 60.0  # nothing takes so long unless it hangs, however busy the machine is [s]
PAUSE = 0.01  # between two looks [s]


class Clock:
    """A clock that stands still unless somebody sleeps by it: put in the place of a module's `time`."""

    def __init__(self) -> None:
        self.now = 0.0

    def perf_counter(self) -> float:
        return self.now

    monotonic = perf_counter

    def sleep(self, seconds: float) -> None:
        self.now += seconds


def until(true: Callable[[], object], seconds: float = LONG) -> None:
    """Wait until something is true."""
    end = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < end, "it never comes true"
        time.sleep(PAUSE)


def process_state(pid: int) -> str:
    """Return the state of a process as in /proc: R, S, D, T (stopped), or Z also if there is none."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0]
    except (FileNotFoundError, ProcessLookupError):
        return "Z"


def alive(pid: int) -> bool:
    return process_state(pid) != "Z"


def gone(pids: list[int]) -> bool:
    """Whether processes have ended, or end soon."""
    until(lambda: not any(map(alive, pids)))
    return True
