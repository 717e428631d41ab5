"""Processes that those we have started leave behind: they become children of ours, and are found and killed."""

import ctypes
import os
import resource
import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from roboschool.workers.process import REAP, pids

PR_SET_CHILD_SUBREAPER, PR_GET_CHILD_SUBREAPER = 36, 37  # of prctl(2)
PAUSE = 0.005  # between two looks at processes that end [s]
_earlier: set[int] = set()  # children from before we adopted any, which are the caller's


@contextmanager
def adopted_orphans() -> Iterator[None]:
    """Be the parent of every process below us whose own parent has ended, whatever session it is in."""
    prctl = ctypes.CDLL(None).prctl
    before = ctypes.c_int()
    earlier = set(_earlier)
    _earlier.update(_children())
    prctl(PR_GET_CHILD_SUBREAPER, ctypes.byref(before), 0, 0, 0)
    prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
    try:
        yield
    finally:
        prctl(PR_SET_CHILD_SUBREAPER, before.value, 0, 0, 0)
        _earlier.clear()
        _earlier.update(earlier)


def memory_limit(most: int) -> int:
    """Return the limit of the memory of a process that we do not trust, and of all that it starts [bytes].

    It is below our own, so that `kill_orphans` knows them: who has no privileges can lower a hard limit only.

    Args:
        most: that it is to have [bytes].
    """
    _, own = resource.getrlimit(resource.RLIMIT_DATA)
    return most if own == resource.RLIM_INFINITY else min(most, own - resource.getpagesize())


def kill_orphans() -> None:
    """Kill the processes with a memory limit of their own that have become our children, and those that they leave."""
    deadline = time.monotonic() + REAP
    while (orphans := _orphans()) and time.monotonic() < deadline:
        for pid in orphans:
            with suppress(OSError):  # it has ended
                os.kill(pid, signal.SIGKILL)
                os.waitpid(pid, os.WNOHANG)
        time.sleep(PAUSE)


def _orphans() -> list[int]:
    """Return children of ours that nobody here has started."""
    own, limit = pids() | _earlier, resource.getrlimit(resource.RLIMIT_DATA)[1]
    return [pid for pid in _children() if pid not in own and _limit(pid, limit) != limit]


def _children() -> list[int]:
    found: list[int] = []
    for entry in os.listdir("/proc") if os.path.isdir("/proc/self") else ():
        if entry.isdigit():
            with suppress(OSError):  # it has ended
                stat = Path("/proc", entry, "stat").read_text()
                if int(stat.rpartition(")")[2].split()[1]) == os.getpid():
                    found.append(int(entry))
    return found


def _limit(pid: int, other: int) -> int:
    """Return the hard limit of a process's memory, or another where we may not see it [bytes]."""
    try:
        return resource.prlimit(pid, resource.RLIMIT_DATA)[1]
    except OSError:
        return other
