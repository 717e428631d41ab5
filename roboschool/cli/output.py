"""The files that an episode or a match is written to."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import click

from roboschool.errors import InvalidInput
from roboschool.rendering.video import KINDS, STILLS, Video, check_moment, choose_ending, read_size
from roboschool.rendering.web.page import PAGES


@dataclass(frozen=True, kw_only=True)
class Output:
    """The files, and how they look.

    Args:
        video: its path; None for no video.
        picture: its path; None for no picture.
        html: the path of a page that plays it; None for no page.
        at: when the picture is taken [s]; None leaves that to the command.
        size: of video and picture, as WIDTHxHEIGHT [pixels].
        fps: frames a second of the video, as near as steps allow; None: as `Video` chooses.
        seconds: after which the video ends; None: when the episode does [s].
        draft: whether to be quick: half of each side, and a larger file.

    Raises:
        InvalidInput: a path or the size is wrong, or an option is for a file that is not written.
    """

    video: Path | None = None
    picture: Path | None = None
    html: Path | None = None
    at: float | None = None
    size: str = "600x400"
    fps: float | None = None
    seconds: float | None = None
    draft: bool = False

    def __post_init__(self) -> None:
        check_moment(self.at, self.picture)
        read_size(self.size)
        for file, endings in ((self.video, KINDS), (self.picture, STILLS), (self.html, PAGES)):
            if file is not None:
                choose_ending(file, endings)
        for name, value in (("--fps", self.fps), ("--draft", self.draft or None)):
            if value is not None and self.video is None:
                raise InvalidInput(f"{name}: that is about a video; give --video, too")
        if self.seconds is not None and self.video is None and self.html is None:
            raise InvalidInput(f"--seconds {self.seconds:g}: nothing is that long; give --video or --html, too")

    @property
    def files(self) -> list[Path]:
        """Those that are written."""
        return [file for file in (self.video, self.picture, self.html) if file is not None]

    @property
    def pixels(self) -> tuple[int, int]:
        """Width and height of the pictures that are drawn [pixels]."""
        width, height = read_size(self.size)
        return (width // 4 * 2, height // 4 * 2) if self.draft else (width, height)

    def render_options(self) -> dict[str, Any]:
        """Return the arguments of an env that renders for these files."""
        width, height = self.pixels
        return {"render_mode": "rgb_array", "width": width, "height": height}

    def open_video(self, timestep: float) -> Video | None:
        """Return the video, if there is to be one, of steps some time apart [s]."""
        if self.video is None:
            return None
        return Video(self.video, "{}x{}".format(*self.pixels), timestep, self.fps, self.draft)

    def announce(self) -> None:
        """Print which files are written."""
        for file in self.files:
            click.echo(f"Written: {file}")
