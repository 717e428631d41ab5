"""Files that are written: whole or not at all, on a full disk as after a signal; what was there stays as it was."""

import os
import resource
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import numpy as np
import pytest

import roboschool
from roboschool import InvalidInput, writers
from roboschool.rendering.video import Video, write_picture

COMMAND = [sys.executable, "-m", "roboschool.cli"]
PATIENCE = 120.0  # with a busy machine [s]
LARGEST = 6000  # a file on the full disk of these tests [bytes]
FRAMES = np.random.default_rng(0).integers(0, 255, (8, 96, 128, 3), np.uint8)


def write_video(path: Path) -> None:
    with Video(path, "128x96", 1 / 30) as video:
        for frame in FRAMES:
            video.add(frame)


def write_policy(path: Path) -> None:
    roboschool.load_policy("hopper").save(path)


def write_text(path: Path) -> None:
    writers.replace(path, bytes(2 * LARGEST))


@pytest.fixture
def full_disk() -> Iterator[None]:
    """Let no file become larger than `LARGEST`."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (LARGEST, before[1]))
    yield
    resource.setrlimit(resource.RLIMIT_FSIZE, before)


@pytest.mark.parametrize(
    ("name", "write"),
    [
        ("v.mp4", write_video),
        ("v.gif", write_video),
        ("v.webp", write_video),
        ("p.png", lambda path: write_picture(path, FRAMES[0])),
        ("p.webp", lambda path: write_picture(path, FRAMES[0])),
        ("p.safetensors", write_policy),
        ("results.json", write_text),
    ],
)
def test_a_full_disk_is_an_error_and_leaves_what_was_there(
    name: str, write: Callable[[Path], None], tmp_path: Path, full_disk: None
) -> None:
    if name.endswith(".mp4"):
        pytest.importorskip("imageio_ffmpeg")
    path = tmp_path / name
    path.write_text("old")
    with pytest.raises(InvalidInput, match=rf"{name}: cannot be written: "):
        write(path)
    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]


def test_a_command_whose_video_fails_says_so_in_one_line(tmp_path: Path) -> None:
    pytest.importorskip("imageio_ffmpeg")
    path, encoder = tmp_path / "v.mp4", tmp_path / "encoder"
    path.write_text("old")
    encoder.write_text("#!/bin/sh\ncat > /dev/null\necho No space left on device >&2\nexit 1\n")
    encoder.chmod(0o700)
    done = subprocess.run(
        [*COMMAND, "film", "hopper", "--policy", "still", "--video", path.name],
        cwd=tmp_path,
        env=os.environ | {"IMAGEIO_FFMPEG_EXE": str(encoder)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1
    assert done.stderr == "Error: v.mp4: cannot be written: ffmpeg: No space left on device\n"
    assert "Written" not in done.stdout
    assert path.read_text() == "old"
    assert sorted(tmp_path.iterdir()) == [encoder, path]


def test_a_full_standard_output_is_an_error_in_one_line(tmp_path: Path) -> None:
    with Path("/dev/full").open("w") as full:
        done = subprocess.run([*COMMAND, "list"], stdout=full, stderr=subprocess.PIPE, text=True, check=False)
    assert (done.returncode, done.stderr) == (1, "Error: cannot write: No space left on device\n")


def encodes(pid: int) -> bool:
    """Return whether a process has a child: its encoder, whose file has no name yet."""
    return any(task.read_text() for task in Path(f"/proc/{pid}/task").glob("*/children"))


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP, signal.SIGINT, signal.SIGKILL])
def test_a_signal_leaves_no_half_video(number: signal.Signals, tmp_path: Path) -> None:
    pytest.importorskip("imageio_ffmpeg")
    path = tmp_path / "v.mp4"
    path.write_text("old")
    command = [*COMMAND, "race", "--lanes", "hopper,ant", "--size", "960x540", "--video", path.name]
    silent = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    heard = None  # the suite may run where a signal is ignored, as under nohup
    if number != signal.SIGKILL:
        heard = partial(signal.signal, number, signal.SIG_DFL)
    with subprocess.Popen(command, cwd=tmp_path, preexec_fn=heard, **silent) as process:  # type: ignore[call-overload]
        deadline = time.monotonic() + PATIENCE
        while not encodes(process.pid) and time.monotonic() < deadline:
            assert process.poll() is None
            time.sleep(0.01)
        process.send_signal(number)
        assert process.wait(PATIENCE) == (-number if number == signal.SIGKILL else 128 + number)
    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]
