"""Keeps what native code prints away from the terminal, and hands it over as text."""

import ctypes
import os
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager

_libc = ctypes.CDLL(None) if os.name == "posix" else ctypes.cdll.msvcrt


@contextmanager
def captured() -> Iterator[Callable[[], str]]:
    """Catch what C code writes to stdout and stderr; the function given returns it so far."""
    sys.stdout.flush()
    sys.stderr.flush()
    _libc.fflush(None)
    kept = os.dup(1), os.dup(2)
    with tempfile.TemporaryFile() as file:

        def said() -> str:
            _libc.fflush(None)
            return os.pread(file.fileno(), 2000, 0).decode("utf-8", "replace").strip()

        try:
            os.dup2(file.fileno(), 1)
            os.dup2(file.fileno(), 2)
            yield said
        finally:
            _libc.fflush(None)
            for descriptor, copy in enumerate(kept, 1):
                os.dup2(copy, descriptor)
                os.close(copy)
