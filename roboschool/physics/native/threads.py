"""Threads that step parts of a batch at the same time; the native library does not hold Python's global lock."""

import functools
import os
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor, wait
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


def run_in_parallel(call: Callable[[list[int]], None], parts: Sequence[list[int]]) -> None:
    """Call a function with each part at the same time, the first part in this thread; return when all are done.

    Raises:
        Exception: the function has raised it.
    """
    futures = [_pool(os.getpid()).submit(call, part) for part in parts[1:]]
    interruption: BaseException | None = None
    try:
        call(parts[0])
    finally:
        while not all(future.done() for future in futures):
            try:
                wait(futures)
            except BaseException as error:  # noqa: PERF203 - Ctrl-C: no thread may still step a world after this
                interruption = error
    if interruption is not None:
        raise interruption
    for future in futures:
        future.result()
