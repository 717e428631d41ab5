"""Keeps what native code prints away from the terminal, and hands it over as text."""

import ctypes
import os
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from roboschool.scratch import scratch_file

_libc = ctypes.CDLL(None) if os.name == "posix" else ctypes.cdll.msvcrt
_lock = threading.RLock()  # the descriptors belong to the whole process


@contextmanager
def redirect_native_output() -> Iterator[Callable[[], str]]:
    """Catch what C code writes to stdout and stderr; the function given returns it so far.

    Raises:
        InvalidInput: see `scratch_file`.
    """
    with _lock, scratch_file() as file:

        def said() -> str:
            _libc.fflush(None)
            return os.pread(file.fileno(), 2000, 0).decode("utf-8", "replace").strip()

        for stream in (sys.stdout, sys.stderr):
            if stream is not None:
                stream.flush()
        _libc.fflush(None)
        kept = {number: os.dup(number) for number in (1, 2) if _is_open(number)}
        try:
            for number in kept:
                os.dup2(file.fileno(), number)
            yield said
        finally:
            _libc.fflush(None)
            for number, copy in kept.items():
                os.dup2(copy, number)
                os.close(copy)


def _is_open(descriptor: int) -> bool:
    try:
        os.fstat(descriptor)
    except OSError:
        return False
    return True
