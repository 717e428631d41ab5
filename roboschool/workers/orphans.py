"""Orphans: processes that child processes leave behind. They become children of this process, and are killed."""

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
POLL_INTERVAL = 0.005  # while processes end [s]
_earlier: set[int] = set()  # children from before orphans were adopted: they are the caller's


@contextmanager
def adopted_orphans() -> Iterator[None]:
    """Make this process the parent of every descendant whose own parent has ended, in any session."""
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
    """Return the memory limit of a process that is not trusted, and of all that it starts [bytes].

    It is below our own, by which `kill_orphans` finds them: a process without privileges can only lower a hard limit.

    Args:
        most: upper bound of the limit [bytes].
    """
    _, own = resource.getrlimit(resource.RLIMIT_DATA)
    return most if own == resource.RLIM_INFINITY else min(most, own - resource.getpagesize())


def kill_orphans() -> None:
    """Kill orphans that have a memory limit of their own, and the orphans that they leave."""
    deadline = time.monotonic() + REAP
    while (orphans := _orphans()) and time.monotonic() < deadline:
        for pid in orphans:
            with suppress(OSError):  # it has ended
                os.kill(pid, signal.SIGKILL)
                os.waitpid(pid, os.WNOHANG)
        time.sleep(POLL_INTERVAL)


def _orphans() -> list[int]:
    """Return the pids of our children that were not started by this process."""
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
    """Return the hard limit of a process's memory; `other` if it cannot be read [bytes]."""
    try:
        return resource.prlimit(pid, resource.RLIMIT_DATA)[1]
    except OSError:
        return other
