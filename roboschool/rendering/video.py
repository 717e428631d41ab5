"""Writes pictures as a video: .mp4 with the extra `video`, .gif and .webp without."""

import contextlib
import io
import re
import subprocess
import tempfile
from collections.abc import Callable, Iterator, Sequence
from fractions import Fraction
from pathlib import Path
from typing import IO, Any

import numpy as np
from PIL import Image, ImageOps

from roboschool.errors import InvalidInput, check_choice
from roboschool.rendering.camera import LARGEST
from roboschool.rendering.palette import with_one_palette
from roboschool.system_info import install
from roboschool.writers import replace, whole

KINDS = (".mp4", ".gif", ".webp")
STILLS = (".png", ".jpg", ".webp")
SMALLEST = 32  # side of a picture [pixels]
FASTEST = 31.0  # frames a second
QUALITY = 70  # of a .webp
PRESET, DRAFT = "veryfast", "ultrafast"  # of H.264
CRF = 15  # of H.264: 0 is lossless, 51 the worst


def choose_ending(path: Path, endings: Sequence[str]) -> Path:
    """Return a path that can be written to, with one of these endings.

    Raises:
        InvalidInput: it has another, or its folder is not there.
    """
    check_choice(path.suffix.lower(), endings, "ending", str(path))
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
    """Check that a time [s] is given only with a picture.

    Raises:
        InvalidInput: there is none.
    """
    if at is not None and picture is None:
        raise InvalidInput(f"--at {at:g}: that is when a picture is taken; give --picture, too")


def fit_picture(picture: np.ndarray, width: int, height: int) -> np.ndarray:
    """Return a picture (height, width, 3) of that size [pixels], with black edges if its sides have another ratio."""
    if picture.shape[:2] == (height, width):
        return picture
    return np.asarray(ImageOps.pad(Image.fromarray(picture[..., :3]), (width, height)))


def write_picture(path: Path, picture: np.ndarray) -> None:
    """Write a picture (height, width, 3); the ending of the path selects the format.

    Raises:
        InvalidInput: it cannot be written; the old file is unchanged.
    """
    _write_images(path, [Image.fromarray(picture)])


def _write_images(path: Path, images: Sequence[Image.Image], **options: Any) -> None:
    data = io.BytesIO()
    images[0].save(data, Image.registered_extensions()[path.suffix.lower()], append_images=images[1:], **options)
    replace(path, data.getvalue())


class Video:
    """A video that is being written; its file appears when it is complete, and never after an error or Ctrl-C.

    Args:
        path: where to; its ending says the kind.
        size: as WIDTHxHEIGHT [pixels]; both even.
        timestep: between two steps [s].
        fps: frames a second, as near as steps allow; None: `FASTEST` at most.
        draft: whether to encode quickly, into a larger file.

    Raises:
        InvalidInput: the ending or the size is wrong, or .mp4 is asked for without the extra `video`.
    """

    def __init__(self, path: Path, size: str, timestep: float, fps: float | None = None, draft: bool = False) -> None:
        self.path = choose_ending(path, KINDS)
        self.width, self.height = read_size(size)
        self.every = max(1, round(1.0 / (timestep * (fps or FASTEST))))  # steps between two frames
        self.seconds = self.every * timestep  # between two frames
        self._preset = DRAFT if draft else PRESET
        self._frames: list[Image.Image] = []
        self._program = _ffmpeg(path) if path.suffix.lower() == ".mp4" else None
        self._add: Callable[[np.ndarray], None] | None = None  # a frame to an .mp4
        self._stack = contextlib.ExitStack()

    def wants(self, step: int) -> bool:
        """Return whether a step is to be shown."""
        return step % self.every == 0

    def add(self, picture: np.ndarray) -> None:
        """Add a frame (height, width, 3).

        Raises:
            InvalidInput: it cannot be written.
        """
        if self._program is None:
            self._frames.append(Image.fromarray(picture))
            return
        if self._add is None:
            encoder = _encoder(self._program, self.path, (self.width, self.height), self.seconds, self._preset)
            self._add = self._stack.enter_context(encoder)
        self._add(picture)

    def __enter__(self) -> "Video":
        return self

    def __exit__(self, kind: type[BaseException] | None, *error: object) -> None:
        self._stack.__exit__(kind, *error)  # type: ignore[arg-type]
        if kind is None and self._frames:
            pause = round(1000 * self.seconds)  # [ms]
            frames = with_one_palette(self._frames) if self.path.suffix.lower() == ".gif" else self._frames
            _write_images(self.path, frames, save_all=True, duration=pause, loop=0, quality=QUALITY)


@contextlib.contextmanager
def _encoder(
    program: str, path: Path, size: tuple[int, int], seconds: float, preset: str
) -> Iterator[Callable[[np.ndarray], None]]:
    """Let ffmpeg write an .mp4; yield what adds a frame (height, width, 3).

    Args:
        program: the path of ffmpeg.
        path: of the video.
        size: width and height [pixels].
        seconds: between two frames.
        preset: of the encoder.

    Raises:
        InvalidInput: ffmpeg fails, or the file cannot take its place; the old file is unchanged.
    """
    rate = str(Fraction(1.0 / seconds).limit_denominator())
    frames = ["-f", "rawvideo", "-pix_fmt", "rgb24", "-s", "{}x{}".format(*size), "-r", rate, "-i", "-"]
    coded = ["-c:v", "libx264", "-pix_fmt", "yuv420p", "-crf", str(CRF), "-preset", preset, "-f", "mp4"]
    with whole(path) as part, tempfile.TemporaryFile() as said:
        process = subprocess.Popen(
            [program, "-y", "-v", "error", *frames, *coded, str(part)],
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=said,
            start_new_session=True,  # Ctrl-C is ours
        )
        assert process.stdin is not None
        pipe: IO[bytes] = process.stdin

        def finish() -> None:
            with contextlib.suppress(BrokenPipeError):
                pipe.close()
            if process.wait():
                said.seek(0)
                first = said.readline().decode("utf-8", "replace").strip() or f"exit status {process.returncode}"
                raise InvalidInput(f"{path}: cannot be written: ffmpeg: {first}")

        def add(picture: np.ndarray) -> None:
            try:
                pipe.write(np.ascontiguousarray(picture).data)
            except BrokenPipeError:
                finish()

        try:
            yield add
            finish()
        finally:
            process.kill()
            process.wait()
            with contextlib.suppress(BrokenPipeError):
                pipe.close()


def _ffmpeg(path: Path) -> str:
    """Return the path of ffmpeg.

    Raises:
        InvalidInput: there is none; the message begins with the path of the video.
    """
    try:
        from imageio_ffmpeg import get_ffmpeg_exe

        program: str = get_ffmpeg_exe()
    except ImportError:
        raise InvalidInput(f"{path}: .mp4 needs {install('video')}; .gif and .webp need nothing") from None
    except RuntimeError as error:
        raise InvalidInput(f"{path}: .mp4 needs ffmpeg: {error}") from None
    return program
