"""Writes pictures as a video: .mp4 with the extra `video`, .gif and .webp without."""

import os
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from roboschool.camera import LARGEST
from roboschool.files import InvalidInput, choose
from roboschool.machine import install

KINDS = (".mp4", ".gif", ".webp")
STILLS = (".png", ".jpg", ".webp")
SMALLEST = 32  # side of a picture [pixels]
FASTEST = 31.0  # frames a second
QUALITY = 70  # of a .webp


def choose_ending(path: Path, endings: Sequence[str]) -> Path:
    """Return a path that can be written to, with one of these endings.

    Raises:
        InvalidInput: it has another, or its folder is not there.
    """
    choose(path.suffix.lower(), endings, "ending", str(path))
    if path.is_dir():
        raise InvalidInput(f"{path}: a folder")
    if not path.parent.is_dir():
        raise InvalidInput(f"{path}: there is no folder {path.parent}")
    return path


def read_size(text: str) -> tuple[int, int]:
    """Return width and height [pixels], written as 960x540.

    Raises:
        InvalidInput: it is not two even numbers, or one is too small or too large.
    """
    found = re.fullmatch(r"(\d{1,9})x(\d{1,9})", text)
    width, height = map(int, found.groups()) if found else (0, 0)
    if width % 2 or height % 2 or not SMALLEST <= min(width, height) <= max(width, height) <= LARGEST:
        raise InvalidInput(f"size {text!r} is not two even numbers from {SMALLEST} to {LARGEST} [pixels], like 960x540")
    return width, height


def check_moment(at: float | None, picture: Path | None) -> None:
    """Check that there is a picture to be taken, if it is said when [s].

    Raises:
        InvalidInput: there is none.
    """
    if at is not None and picture is None:
        raise InvalidInput(f"--at {at:g}: that is when a picture is taken; give --picture, too")


class Video:
    """A video that is being written; its file is there once it is whole, and not at all after an error or Ctrl-C.

    Args:
        path: where to; its ending says the kind.
        size: as WIDTHxHEIGHT [pixels]; both even.
        timestep: between two steps [s].

    Raises:
        InvalidInput: the ending or the size is wrong, or .mp4 is asked for without the extra `video`.
    """

    def __init__(self, path: Path, size: str, timestep: float) -> None:
        self.path = choose_ending(path, KINDS)
        self.beside = path.with_name(f".{path.stem}.{os.getpid()}{path.suffix}")
        self.width, self.height = read_size(size)
        self.every = max(1, round(1.0 / (timestep * FASTEST)))  # steps between two frames
        self.seconds = self.every * timestep  # between two frames
        self._frames: list[Image.Image] = []
        self._mp4 = self._open() if path.suffix.lower() == ".mp4" else None

    def _open(self) -> Any:
        try:
            import imageio_ffmpeg
        except ImportError:
            raise InvalidInput(f"{self.path}: .mp4 needs {install('video')}; .gif and .webp need nothing") from None
        writer = imageio_ffmpeg.write_frames(
            str(self.beside), (self.width, self.height), fps=1.0 / self.seconds, macro_block_size=2, quality=7
        )
        writer.send(None)
        return writer

    def wants(self, step: int) -> bool:
        """Return whether a step is to be shown."""
        return step % self.every == 0

    def add(self, picture: np.ndarray) -> None:
        """Add a frame (height, width, 3)."""
        if self._mp4 is not None:
            self._mp4.send(np.ascontiguousarray(picture))
        else:
            self._frames.append(Image.fromarray(picture))

    def __enter__(self) -> "Video":
        return self

    def __exit__(self, kind: object, *error: object) -> None:
        try:
            if self._mp4 is not None:
                self._mp4.close()
            elif kind is None and self._frames:
                first, *rest = self._frames
                pause = round(1000 * self.seconds)
                first.save(self.beside, save_all=True, append_images=rest, duration=pause, loop=0, quality=QUALITY)
            if kind is None and self.beside.exists():
                self.beside.replace(self.path)
        finally:
            self.beside.unlink(missing_ok=True)
