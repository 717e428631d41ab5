"""Temporary files and folders; files are in memory where the system supports it, and need no writable folder."""

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from roboschool.errors import InvalidInput

PREFIX = "roboschool_"
DESCRIPTORS = Path("/proc/self/fd")  # where Linux gives every open file a path
IN_MEMORY = hasattr(os, "memfd_create") and DESCRIPTORS.is_dir()


@contextmanager
def scratch_file() -> Iterator[IO[bytes]]:
    """Open an empty file for reading and writing; it is gone afterwards.

    Raises:
        InvalidInput: it cannot be made; never where files can be in memory.
    """
    if IN_MEMORY:
        with open(os.memfd_create(PREFIX), "w+b") as memory:
            yield memory
    else:
        with _explained():
            named = tempfile.NamedTemporaryFile(prefix=PREFIX)  # noqa: SIM115 - closed by the next line
        with named:
            yield named


@contextmanager
def scratch_path(content: bytes = b"") -> Iterator[str]:
    """Give native code the path of a file to read or write.

    Other files may have the same path later, so the reader must not cache files by path.

    Raises:
        InvalidInput: the file cannot be made; never where files can be in memory.
    """
    with scratch_file() as file:
        file.write(content)
        file.flush()
        yield str(DESCRIPTORS / str(file.fileno())) if IN_MEMORY else file.name


def scratch_folder() -> Path:
    """Make a folder that only this user may enter; the caller removes it.

    Raises:
        InvalidInput: no folder for temporary files can be written.
    """
    with _explained():
        return Path(tempfile.mkdtemp(prefix=PREFIX))


@contextmanager
def _explained() -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise InvalidInput(f"no temporary folder can be written: {error.strerror}; TMPDIR may name another") from None
