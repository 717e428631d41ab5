"""Writes files atomically: completely or not at all."""

import contextlib
import os
import secrets
from collections.abc import Iterator, Mapping
from pathlib import Path

import numpy as np
from safetensors.numpy import save

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
    unnamed = _open_unnamed(path.parent)
    try:
        yield part if unnamed is None else Path(f"/proc/{os.getpid()}/fd/{unnamed}")
        with unwritable_as_invalid(path):
            if unnamed is not None:
                os.fsync(unnamed)
                os.link(f"/proc/self/fd/{unnamed}", part, src_dir_fd=unnamed)  # with it Python follows the link
            else:
                with part.open("rb") as file:
                    os.fsync(file)  # some file systems say only now that they are full
            part.replace(path)
    finally:
        if unnamed is not None:
            os.close(unnamed)
        with contextlib.suppress(OSError):
            part.unlink()


def _open_unnamed(folder: Path) -> int | None:
    """Return a file without a name, of which nothing remains even after SIGKILL; None if there can be none."""
    try:
        unnamed = os.open(folder, os.O_TMPFILE | os.O_RDWR, 0o666)
    except (AttributeError, OSError):  # not on Linux, or not in this file system
        return None
    if os.path.exists(f"/proc/{os.getpid()}/fd/{unnamed}"):
        return unnamed
    os.close(unnamed)
    return None


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


def write_tensors(path: Path, tensors: Mapping[str, np.ndarray], metadata: dict[str, str]) -> None:
    """Write arrays as safetensors, atomically.

    Raises:
        InvalidInput: the file cannot be written; the old file is unchanged.
    """
    ordered = {name: tensor.copy(order="C") for name, tensor in tensors.items()}  # safetensors 0.8 mixes up others
    replace(path, save(ordered, metadata))
