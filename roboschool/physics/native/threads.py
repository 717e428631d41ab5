"""Threads that step parts of a batch at the same time; the native library does not hold Python's global lock."""

import functools
import os
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, wait
from itertools import pairwise

from roboschool.system_info import cores


@functools.cache
def _pool(process: int) -> ThreadPoolExecutor:
    """Return the threads of a process: those of its parent do not exist in it."""
    return ThreadPoolExecutor(cores(), "roboschool")


def split(worlds: Sequence[int], threads: int) -> list[list[int]]:
    """Return parts of some worlds whose sizes differ by 1 at most; none is empty."""
    count = min(threads, len(worlds))
    bounds = [len(worlds) * part // count for part in range(count + 1)]
    return [list(worlds[start:stop]) for start, stop in pairwise(bounds)]


class Parallel:
    """Calls a function with parts of some worlds at the same time.

    Ctrl-C can interrupt the caller anywhere. `settle`, before worlds are touched again, sees to it that no thread is
    still at work.
    """

    def __init__(self) -> None:
        self._process = os.getpid()
        self._futures: list[Future[None]] = []  # noted before anything is begun

    def run(self, call: Callable[[list[int]], None], parts: Sequence[list[int]]) -> None:
        """Call a function with each part, the first part in this thread; return when all are done.

        Raises:
            Exception: the function has raised it.
        """
        self.settle()
        self._process = os.getpid()
        futures: list[Future[None]] = [Future() for _ in parts[1:]]
        self._futures = futures
        try:
            for future, part in zip(futures, parts[1:], strict=True):
                _pool(self._process).submit(_carry_out, future, call, part)
            call(parts[0])
        except BaseException:
            self.settle()
            raise
        _wait(futures)
        self._futures = []
        for future in futures:
            future.result()

    def settle(self) -> None:
        """Wait for threads that are at work, and let none begin."""
        if self._process == os.getpid():  # a fork has no thread of its parent
            for future in self._futures:
                future.cancel()
            _wait(self._futures)
        self._futures = []


def _carry_out(future: "Future[None]", call: Callable[[list[int]], None], part: list[int]) -> None:
    if future.set_running_or_notify_cancel():
        try:
            call(part)
            future.set_result(None)
        except BaseException as error:
            future.set_exception(error)


def _wait(futures: Sequence["Future[None]"]) -> None:
    """Wait until all are done, also if Ctrl-C comes; it is raised then."""
    interruption: BaseException | None = None
    while not all(future.done() for future in futures):
        try:
            wait(futures)
        except BaseException as error:  # noqa: PERF203 - no thread may still step a world after this
            interruption = error
    if interruption is not None:
        raise interruption
