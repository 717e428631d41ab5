"""Types of parameters, and options that several commands have."""

import math
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, TypeVar

import click

from roboschool.errors import InvalidInput
from roboschool.paths import as_path

Command = TypeVar("Command", bound=Callable[..., Any])


class FiniteRange(click.FloatRange):
    """A range of numbers, without NaN, which is in every range, and infinity."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """Return the number; fail if it is out of range or not finite."""
        number = super().convert(value, param, ctx)
        if not math.isfinite(number):
            self.fail(f"{value!r} is not a finite number", param, ctx)
        return number


class FilePath(click.Path):
    """The path of a file or folder, as `Path`; an error about it is one line."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """Return the path, if a file can have it.

        Raises:
            InvalidInput: no file can.
        """
        as_path(value)
        return super().convert(value, param, ctx)


FILE = FilePath(path_type=Path)
COUNT = click.IntRange(min=1)
WHOLE = click.IntRange(min=0)
POSITIVE = FiniteRange(min=0.0, min_open=True)

SCENE = click.argument("scene")
PLAYED = click.option("--scene", required=True, help="Name or file of the scene.")
POLICIES = click.argument("policies", nargs=-1, required=True)
POLICY = click.option("--policy", metavar="POLICY", help="Policy that acts, written as for `roboschool match`.")
HOST = click.option("--host", default="127.0.0.1", show_default=True, help="Address to serve.")
PORT = click.option(
    "--port", default=8080, type=click.IntRange(0, 65535), show_default=True, help="Port to serve; 0: any."
)
SEED = click.option("--seed", default=0, type=WHOLE, show_default=True, help="The same seed gives the same results.")
JSON = click.option("--json", "as_json", is_flag=True, help="Print JSON.")
HUD = click.option(
    "--hud/--no-hud", default=False, show_default=True, help="Draw observation, action and reward (in a window, F3)."
)
LIMIT = click.option(
    "--limit", default=5.0, type=POSITIVE, show_default=True, help="Time a policy has for an action [s]."
)
SET = click.option(
    "--set",
    "options",
    multiple=True,
    metavar="KEY=VALUE",
    help="An option of the scene, like gravity=3.7, or one of a reset, like radius=3.0 in sumo.",
)
SCENE_SET = click.option(
    "--set",
    "options",
    multiple=True,
    metavar="KEY=VALUE",
    help='An option of the scene, like gravity=3.7, or robot="go2.urdf", if it has one agent.',
)


def timeout(name: str, purpose: str) -> Callable[[Command], Command]:
    """Return what adds a time limit to a command, of which 0 is none.

    Args:
        name: of the option.
        purpose: a description of what is limited.
    """
    kind = FiniteRange(min=0.0)
    return click.option(name, default=60.0, type=kind, show_default=True, help=f"{purpose} [s]; 0: no limit.")


def pictures(size: str, moment: str) -> Callable[[Command], Command]:
    """Return what adds options of the files that show an episode to a command.

    Args:
        size: of pictures, if none is given [pixels].
        moment: when the picture is taken, if no time is given.
    """
    options = (
        click.option("--video", type=FILE, help="Write a video: .mp4, .gif (large) or .webp."),
        click.option("--html", type=FILE, help="Write a page that plays it in a browser, offline: .html."),
        click.option("--picture", type=FILE, help="Write a picture."),
        click.option("--at", type=FiniteRange(min=0.0), help=f"Time of the picture [s]; {moment} if not given."),
        click.option("--size", default=size, show_default=True, help="Of video and picture [pixels]."),
        click.option("--fps", type=FiniteRange(1.0, 120.0), help="Frames a second, as near as steps allow; about 30."),
        click.option("--seconds", type=POSITIVE, help="Let video and page end after this time [s]."),
        click.option("--draft", is_flag=True, help="A quick video: half of each side, and a larger file."),
    )

    def add(command: Command) -> Command:
        for option in reversed(options):
            command = option(command)
        return command

    return add


def check_size_is_used(files: Mapping[str, Any]) -> None:
    """Check that a command that was given a size of pictures writes a video or a picture.

    Raises:
        InvalidInput: it writes none.
    """
    source = click.get_current_context().get_parameter_source("size")
    if source is not click.core.ParameterSource.DEFAULT and not (files["video"] or files["picture"]):
        raise InvalidInput(f"--size {files['size']}: nothing is shown; give --video or --picture, too")
