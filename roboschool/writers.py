"""Writes files atomically: completely or not at all."""

import contextlib
import os
import secrets
from collections.abc import Iterator
from pathlib import Path

from roboschool.errors import InvalidInput


def make_folder(path: Path) -> None:
    """Make a folder and those above it, unless it is there.

    Raises:
        InvalidInput: it cannot be made.
    """
    try:
        path.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        taken = isinstance(error, FileExistsError)
        fault = "not a folder" if taken else f"no such folder can be made: {error.strerror}"
        raise InvalidInput(f"{path}: {fault}") from None


@contextlib.contextmanager
def whole(path: Path) -> Iterator[Path]:
    """Yield the path of a new file, with the same ending, that takes the place of `path` at the end of the block.

    If the block raises, the file at `path` is unchanged and no other file is left.

    Raises:
        InvalidInput: the new file cannot be stored, or cannot take that place.
    """
    part = path.parent / f".{secrets.token_hex(8)}{path.suffix}"
    try:
        yield part
        with unwritable_as_invalid(path):
            with part.open("rb") as file:
                os.fsync(file)  # some file systems say only now that they are full
            part.replace(path)
    finally:
        with contextlib.suppress(OSError):
            part.unlink()


@contextlib.contextmanager
def unwritable_as_invalid(path: Path) -> Iterator[None]:
    """Turn the system's errors in the block into an `InvalidInput` that says that `path` cannot be written."""
    try:
        yield
    except OSError as error:
        raise InvalidInput(f"{path}: cannot be written: {error.strerror or error}") from None


def replace(path: Path, data: bytes) -> None:
    """Write a file atomically: readers see the old content or the new, never a part.

    Raises:
        InvalidInput: it cannot be written; the old file is unchanged.
    """
    with whole(path) as part, unwritable_as_invalid(path):
        part.write_bytes(data)
