"""The command `roboschool`: its group, its errors and its signals."""

import contextlib
import errno
import signal
import sys
import threading
from collections.abc import Iterator
from types import FrameType
from typing import Any

import click

from roboschool import system_info
from roboschool.cli.export import export
from roboschool.cli.inspection_commands import bench, check, evaluate, info, list_, train
from roboschool.cli.match_commands import match, serve, tournament
from roboschool.cli.new_commands import new
from roboschool.cli.picture_commands import film, play, pose, race, replay, view
from roboschool.cli.results_commands import results
from roboschool.errors import InvalidInput, describe_error, error_location

SIGNALED = 128  # the exit status of a command that a signal ends, plus the signal's number
FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)  # of standard output, or the folder of temporary files
ENDING = (signal.SIGTERM, signal.SIGHUP)  # Python itself turns Ctrl-C into an exception


class Commands(click.Group):
    """Commands that print errors about input, and in a user's own code, as one line on stderr."""

    def invoke(self, ctx: click.Context) -> Any:
        """Run a command.

        It exits with 1 if its input cannot be used or a user's own code fails, and with 128 plus the number of the
        signal on Ctrl-C, SIGTERM or SIGHUP, after it has removed unfinished files.
        """
        try:
            with _ended_by_signals():
                return super().invoke(ctx)
        except InvalidInput as error:
            raise click.ClickException(str(error)) from None
        except KeyboardInterrupt:
            click.echo("\nstopped", err=True)
            sys.exit(SIGNALED + signal.SIGINT)
        except Exception as error:
            handled = isinstance(error, click.ClickException | click.exceptions.Exit | click.Abort)
            if not handled and error_location(error):
                raise click.ClickException(describe_error(error)) from error
            if isinstance(error, OSError) and error.errno in FULL:
                raise click.ClickException(f"cannot write: {error.strerror}") from None
            raise  # by click; or a bug of this package, to be fixed with the traceback


@contextlib.contextmanager
def _ended_by_signals() -> Iterator[None]:
    """Let signals that end a process raise `SystemExit` in the block, so that it cleans up; ignored ones stay so."""

    def end(number: int, _frame: FrameType | None) -> None:
        sys.exit(SIGNALED + number)

    main_thread = threading.current_thread() is threading.main_thread()  # only there can handlers be set
    ours = [number for number in ENDING if main_thread and signal.getsignal(number) == signal.SIG_DFL]
    for number in ours:
        signal.signal(number, end)
    try:
        yield
    finally:
        for number in ours:
            signal.signal(number, signal.SIG_DFL)


@click.group(cls=Commands, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(package_name=system_info.DISTRIBUTION)
def main() -> None:
    """Robots that learn together, in shared Bullet worlds.

    \b
    See a race of the robots that come with the package:
        roboschool race --video race.mp4
    List robots, scenes and their Gymnasium ids:
        roboschool list
    Drive a robot with the keyboard:
        roboschool play hopper
    Host a world for other programs:
        roboschool serve ants
    Train a policy, and repeat its score:
        roboschool train hopper
        roboschool evaluate runs/hopper/policy.safetensors
    Check a robot or a scene of your own:
        roboschool check my_robot.urdf
    Import a URDF from elsewhere:
        roboschool new robot go2.urdf
    Let policies play each other, and rate them:
        roboschool tournament *.safetensors scripted still --scene pong
    """  # noqa: D301 - click reads the backslash


COMMANDS = (
    bench,
    check,
    evaluate,
    export,
    film,
    info,
    list_,
    match,
    new,
    play,
    pose,
    race,
    replay,
    results,
    serve,
    tournament,
    train,
    view,
)
for _command in COMMANDS:
    main.add_command(_command)
