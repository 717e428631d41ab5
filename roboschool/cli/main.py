"""The command `roboschool`. What a command needs is imported when it runs, so that help is quick."""

import contextlib
import errno
import math
import signal
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from types import FrameType
from typing import Any

import click

from roboschool import system_info
from roboschool.errors import InvalidInput, describe_error, error_location
from roboschool.paths import as_path

SIGNALED = 128  # the exit status of a command that a signal ends, plus the signal's number
FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)  # of standard output, or the folder of temporary files
ENDING = (signal.SIGTERM, signal.SIGHUP)  # Python itself turns Ctrl-C into an exception


class FiniteRange(click.FloatRange):
    """A range of numbers, without NaN, which is in every range, and infinity."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """Return the number; fail if it is out of range or not finite."""
        number = super().convert(value, param, ctx)
        if not math.isfinite(number):
            self.fail(f"{value!r} is not a finite number", param, ctx)
        return number


class Commands(click.Group):
    """Commands whose errors about input, and in a user's own code, are one line on stderr."""

    def invoke(self, ctx: click.Context) -> Any:
        """Run a command.

        It exits with 1 if its input cannot be used or a user's own code fails, and with 128 and the number of the
        signal on Ctrl-C, SIGTERM or SIGHUP, once nothing half written is left.
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
            said = isinstance(error, click.ClickException | click.exceptions.Exit | click.Abort)
            if not said and error_location(error):
                raise click.ClickException(describe_error(error)) from error
            if isinstance(error, OSError) and error.errno in FULL:
                raise click.ClickException(f"cannot write: {error.strerror}") from None
            raise  # from click; or a fault of ours, which needs the traceback


@contextlib.contextmanager
def _ended_by_signals() -> Iterator[None]:
    """Let signals that end a process raise `SystemExit` in the block, so that it cleans up; not ignored ones."""

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
    See what there is, and its ids for Gymnasium:
        roboschool list
    Drive a robot with the keys:
        roboschool play hopper
    Host a world whose robots other programs play:
        roboschool serve ants
    See what is wrong with a robot or a scene of your own:
        roboschool check my_robot.urdf
    Let policies play each other, and rate them:
        roboschool tournament *.safetensors scripted still --scene pong
    """  # noqa: D301 - click reads the backslash


def _check_used(size: str, *files: Path | None) -> None:
    """Check that --size is given only with one of these files.

    Raises:
        InvalidInput: it is given without.
    """
    said = click.get_current_context().get_parameter_source("size")
    if said is not click.core.ParameterSource.DEFAULT and not any(files):
        raise InvalidInput(f"--size {size}: nothing is shown; give --video or --picture, too")


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
SET = click.option(
    "--set",
    "options",
    multiple=True,
    metavar="KEY=VALUE",
    help="An option of the scene, like gravity=3.7, or one of a reset, like radius=3.0 in sumo.",
)


@main.command()
@click.option("--lanes", help="Who runs, left to right; default: hopper,humanoid,ant.")
@click.option("--stadium", is_flag=True, help="Three lanes of 54 m, as in 2017; who runs is drawn by the seed.")
@click.option(
    "--seed", default=0, type=click.IntRange(min=0), show_default=True, help="The same seed gives the same race."
)
@click.option("--video", type=FILE, help="Write a video: .mp4, .gif or .webp.")
@click.option("--picture", type=FILE, help="Write a picture of the winner at the line.")
@click.option("--at", type=FiniteRange(min=0.0), help="When to take the picture [s], if not then.")
@click.option("--size", default="960x540", show_default=True, help="Of video and picture [pixels].")
@click.option(
    "--policy",
    "policies",
    multiple=True,
    metavar="LANE=POLICY",
    help="Who runs there, written as for `roboschool match`.",
)
def race(
    lanes: str | None,
    stadium: bool,
    seed: int,
    video: Path | None,
    picture: Path | None,
    at: float | None,
    size: str,
    policies: tuple[str, ...],
) -> None:
    """Let trained robots race over 20 m, each in its lane, and print the standings.

    A lane is the name of a scene with one agent; `roboschool list` has them all. A robot may run in several lanes, and
    humanoid/humanoid_flagrun is the first scene's robot with the second's policy.
    """
    from roboschool.cli.film import Output
    from roboschool.cli.race import run_race

    _check_used(size, video, picture)
    for part in policies:
        if "=" not in part:
            raise InvalidInput(f"--policy {part}: it is written LANE=POLICY")
    own = {lane: policy for lane, _, policy in (part.partition("=") for part in policies)}
    entrants = None if lanes is None else [name.strip() for name in lanes.split(",")]
    run_race("stadium_race" if stadium else "race", entrants, seed, Output(video, picture, at, size), own)


@main.command("list")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@click.option("--scores", is_flag=True, help="Print what the policies score that come with the package, as Markdown.")
@click.option("--games", is_flag=True, help="Print a table of the scenes with a game, as Markdown.")
@click.option("--markdown", is_flag=True, help="Print a page about every scene, as Markdown.")
def list_(as_json: bool, scores: bool, games: bool, markdown: bool) -> None:
    """List robots and scenes, with their Gymnasium ids."""
    wanted = {"--json": as_json, "--scores": scores, "--games": games, "--markdown": markdown}
    several = [name for name, given in wanted.items() if given]
    if len(several) > 1:
        raise InvalidInput(f"{' or '.join(several)}, not {'both' if len(several) == 2 else 'all'}")
    from roboschool.cli.catalogue import print_catalogue, print_games, print_scores
    from roboschool.cli.pages import print_pages

    if scores:
        print_scores()
    elif games:
        print_games()
    elif markdown:
        print_pages()
    else:
        print_catalogue(as_json)


@main.command()
@click.argument("scene")
@click.option("--policy", metavar="POLICY", help="Who acts, written as for `roboschool match`.")
@click.option(
    "--seed", default=0, type=click.IntRange(min=0), show_default=True, help="The same seed gives the same episode."
)
@click.option("--video", type=FILE, help="Write a video: .mp4, .gif or .webp.")
@click.option("--picture", type=FILE, help="Write a picture.")
@click.option("--at", type=FiniteRange(min=0.0), help="When to take the picture [s]; default: 2.0.")
@click.option("--size", default="600x400", show_default=True, help="Of video and picture [pixels].")
@click.option("--hud/--no-hud", default=False, show_default=True, help="Draw observation, action and reward.")
def film(
    scene: str,
    policy: str | None,
    seed: int,
    video: Path | None,
    picture: Path | None,
    at: float | None,
    size: str,
    hud: bool,
) -> None:
    """Show the policies that come with SCENE at work, for an episode."""
    from roboschool.cli.film import Output, run_film

    run_film(scene, policy, seed, Output(video, picture, at, size), hud)


@main.command()
@click.argument("scene")
@click.option("--lanes", help="Who runs, left to right, in a scene with lanes: hopper,humanoid,ant.")
@SET
@click.option("--tcp", metavar="HOST:PORT", help="Where to listen, if not at a socket in a private folder.")
@click.option("--allow-remote", is_flag=True, help="Let other machines reach HOST; nothing is encrypted.")
@click.option(
    "--join-timeout",
    default=60.0,
    type=FiniteRange(min=0.0),
    show_default=True,
    help="How long a player waits for others to begin an episode [s]; 0: for ever.",
)
@click.option(
    "--step-timeout",
    default=60.0,
    type=FiniteRange(min=0.0),
    show_default=True,
    help="How long players wait for one who does not act, before that loses its seat [s]; 0: for ever.",
)
@click.option(
    "--fill",
    multiple=True,
    metavar="[AGENT=]POLICY",
    help="Who takes seats that are empty then, written as for `roboschool match`.",
)
@click.option("--episodes", type=click.IntRange(min=1), help="The match is over after this number of episodes.")
@click.option("--size", metavar="WIDTHxHEIGHT", help="Let players take pictures, of this size [pixels].")
def serve(
    scene: str,
    lanes: str | None,
    options: tuple[str, ...],
    tcp: str | None,
    allow_remote: bool,
    join_timeout: float,
    step_timeout: float,
    fill: tuple[str, ...],
    episodes: int | None,
    size: str | None,
) -> None:
    """Host the world of SCENE for other programs: roboschool.connect(ADDRESS, AGENT) is a seat in it.

    The first line printed is the address. It ends after --episodes, when all players have left, or on Ctrl-C, and
    prints the standings.
    """
    from roboschool.cli.options import read_options
    from roboschool.cli.serve import run_serve

    chosen = read_options(options)
    if lanes is not None:
        if "lanes" in chosen:
            raise InvalidInput(f"--lanes {lanes}: given twice, also by --set lanes")
        chosen["lanes"] = [name.strip() for name in lanes.split(",")]
    waits = (join_timeout or None, step_timeout or None)
    sys.exit(run_serve(scene, chosen, tcp, allow_remote, *waits, fill, episodes, size))


@main.command()
@click.argument("what", nargs=-1, required=True)
@click.option("--json", "as_json", is_flag=True, help="Print a list of findings as JSON: file, kind, problems, notes.")
def check(what: tuple[str, ...], as_json: bool) -> None:
    """Check robots and scenes: WHAT is a .urdf, a .toml, a folder with some, or the name of a robot or a scene.

    \b
    Everything that takes part, by name, by file, and all in a folder:
        roboschool check ant_sumo my_robot.urdf mine/

    What is wrong is said with file, line or key, and the nearest right name. What is right is then tried out for
    100 steps of random torques, in a process of its own. A scene is checked with all its robots, who may begin inside
    nothing, and its policies. The exit code is 0 if all is well, 1 if there are problems, and 2 if WHAT is not there.
    """  # noqa: D301 - click reads the backslash
    from roboschool.cli.check_command import run_check

    sys.exit(run_check(what, as_json))


@main.command()
@click.argument("policy")
@click.option("--scene", help="Where it acts, if not in the scene that it comes with.")
@click.option("--episodes", type=click.IntRange(min=1), help="How many; 100 if not given.")
@click.option(
    "--seed", type=click.IntRange(min=0), help="Of the first episode; one that training never uses if not given."
)
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def evaluate(policy: str, scene: str | None, episodes: int | None, seed: int | None, as_json: bool) -> None:
    """Print what POLICY scores: mean return, 5 % quantile, and the share of episodes in which it falls.

    \b
        roboschool evaluate hopper
        roboschool evaluate mine.safetensors --scene ant --episodes 20
    """  # noqa: D301 - click reads the backslash
    from roboschool.cli.evaluate import run_evaluation

    run_evaluation(policy, scene, episodes, seed, as_json)


@main.command()
@click.argument("scenes", nargs=-1)
@click.option(
    "--seconds",
    default=0.5,
    type=FiniteRange(min=0.0, min_open=True),
    show_default=True,
    help="Time for each measure in a round.",
)
@click.option("--rounds", default=9, type=click.IntRange(min=1), show_default=True, help="After one to warm up.")
@click.option(
    "--copies", default=64, type=click.IntRange(min=1), show_default=True, help="Of the scene, in the vector env."
)
@click.option("--workers", help="Numbers of worker processes, like 1,2; 0 is none; default: 1 and the number of cores.")
@click.option("--peers", is_flag=True, help=f"Also run other packages: {system_info.install('bench')}.")
@click.option(
    "--resets",
    default=0,
    type=click.IntRange(min=0),
    show_default=True,
    help="Over which growth of memory is measured.",
)
@click.option(
    "--shape",
    default=0,
    type=click.IntRange(min=0),
    show_default=True,
    help="Also measure 1, 2, 4 ... up to this number of copies, and up to 64 robots in one world; 256 take 10 GB.",
)
@click.option(
    "--together",
    metavar="SCENE",
    help="Measure only what company costs: seats and a tournament in SCENE, robots in one world.",
)
@click.option("--from", "source", type=FILE, help="Measure nothing; read what --json printed.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@click.option("--markdown", is_flag=True, help="Print a page, as Markdown.")
@click.option("--plot", "folder", type=FILE, metavar="FOLDER", help="Write pictures speed_*.png.")
def bench(
    scenes: tuple[str, ...],
    seconds: float,
    rounds: int,
    copies: int,
    workers: str | None,
    peers: bool,
    resets: int,
    shape: int,
    together: str | None,
    source: Path | None,
    as_json: bool,
    markdown: bool,
    folder: Path | None,
) -> None:
    """Measure speed and memory of SCENES (all if none), beside Bullet's bare step and other packages.

    Actions are random, resets included. All measures of a scene take turns, and medians are printed. "bare" is the
    time Bullet's own step takes in the same motion; ratios are between measures of the same round.
    """
    from roboschool.bench.bench import check_folder, measure, read_workers, show
    from roboschool.bench.report import Settings, read_report

    if together is not None:
        from roboschool.bench.together import print_together

        if scenes:
            raise InvalidInput(f"--together {together}: nothing else is measured then, so no other scene is named")
        print_together(together, seconds, rounds)
        return
    if as_json and markdown:
        raise InvalidInput("--json or --markdown, not both")
    if source is not None and scenes:
        raise InvalidInput(f"--from {source}: nothing is measured then, so no scene is named")
    if folder is not None:
        check_folder(folder)
    if source is not None:
        report = read_report(source)
    else:
        settings = Settings(seconds, rounds, copies, read_workers(workers, copies), resets, shape)
        report = measure(scenes, settings, peers)
    show(report, as_json, markdown, folder)


@main.command()
@click.argument("scene")
@click.option("--policy", metavar="POLICY", help="Who acts, written as for `roboschool match`.")
@click.option("--agent", help="Who is played, if not the first.")
@click.option("--seed", type=click.IntRange(min=0), help="The same seed gives the same first episode.")
@click.option(
    "--hud/--no-hud", default=False, show_default=True, help="Draw observation, action and reward; F3 switches."
)
@click.option("--size", default="600x400", show_default=True, help="Of the picture [pixels].")
@click.option("--steps", type=click.IntRange(min=1), help="Stop after this number of steps.")
@click.option("--keys", default="", metavar="TEXT", help="Keys held at first, for a demo: up:60,up+left:30 [steps].")
def play(
    scene: str,
    policy: str | None,
    agent: str | None,
    seed: int | None,
    hud: bool,
    size: str,
    steps: int | None,
    keys: str,
) -> None:
    """Drive a robot of SCENE with the keys, in a window.

    The arrows lead the flag where there is one, and the policy that comes with the scene runs after it; they push a
    paddle. Elsewhere every joint has two keys, which stand below the picture; with --policy you only watch. Agents
    that are not played follow the scene's own policies.
    """
    from roboschool.cli.play import run_play
    from roboschool.rendering.video import read_size

    run_play(scene, policy, agent, seed, hud, read_size(size), steps, keys)


@main.command()
@click.argument("robot")
def pose(robot: str) -> None:
    """Turn the joints of ROBOT with sliders: a name, a card or a URDF.

    A window shows limits and torque of each joint. It prints the [pose] table for the robot's card.
    """
    from roboschool.cli.pose import run_pose

    run_pose(robot)


LIMIT = click.option(
    "--limit",
    default=5.0,
    type=FiniteRange(min=0.0, min_open=True),
    show_default=True,
    help="How long a policy may think about an action [s].",
)


@main.command()
@click.argument("policies", nargs=-1, required=True)
@click.option("--scene", required=True, help="What is played: a name, or a scene's file.")
@click.option("--seed", default=0, type=click.IntRange(min=0), show_default=True, help="The same seed, the same match.")
@click.option("-o", "--out", type=FILE, metavar="FILE", help="Write the match: .rsmatch.")
@SET
@LIMIT
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def match(
    policies: tuple[str, ...],
    scene: str,
    seed: int,
    out: Path | None,
    options: tuple[str, ...],
    limit: float,
    as_json: bool,
) -> None:
    """Let POLICIES play a match, each in a process of its own.

    The sides of the scene are dealt out to them in turn. One that crashes, hangs, or answers nonsense forfeits.

    \b
    Play, check that it happened as written, and watch it:
        roboschool match pong scripted --scene pong --seed 7 -o m.rsmatch
        roboschool replay m.rsmatch --verify --video m.gif

    A policy is a file that `NetworkPolicy.save` wrote, the scene whose policy it is, module:Class, "still", "random",
    or "scripted", which is what the scene names itself. NAME=POLICY gives it a name. Where the sides differ, one for
    each may be given, separated by a comma.
    """  # noqa: D301 - click reads the backslash
    from roboschool.cli.contest import run_match
    from roboschool.cli.options import read_options

    run_match(scene, policies, read_options(options), seed, out, limit, as_json)


@main.command()
@click.argument("policies", nargs=-1, required=True)
@click.option("--scene", required=True, help="What is played: a name, or a scene's file.")
@click.option(
    "--seed", default=0, type=click.IntRange(min=0), show_default=True, help="The same seed, the same results."
)
@click.option(
    "--games",
    default=10,
    type=click.IntRange(min=1),
    show_default=True,
    help="Seeds for each pair, on both sides each.",
)
@click.option("-o", "--out", type=FILE, metavar="FOLDER", help="Else it is tournament_SCENE.")
@click.option("--workers", type=click.IntRange(min=1), help="Matches at once; default: the number of cores.")
@SET
@LIMIT
@click.option("--json", "as_json", is_flag=True, help="Print table and win matrix as JSON.")
def tournament(
    policies: tuple[str, ...],
    scene: str,
    seed: int,
    games: int,
    out: Path | None,
    workers: int | None,
    options: tuple[str, ...],
    limit: float,
    as_json: bool,
) -> None:
    """Let POLICIES play each other, and rate them.

    Up to 20 meet all others; more play by the Swiss system, and then the best 8 meet. The folder gets a file for each
    match, games.jsonl with the games, results.json with the table, and page.html with plots, too. Stopped, even by
    kill -9, the same command goes on.

    \b
    Who is best at pong:
        roboschool tournament pong scripted still random --scene pong

    Policies are written as for `roboschool match`. One that fails forfeits the match, and the tournament goes on.
    """  # noqa: D301 - click reads the backslash
    from roboschool.cli.contest import run_contest
    from roboschool.cli.options import read_options

    run_contest(scene, policies, read_options(options), seed, games, out, workers, limit, as_json)


@main.command()
@click.argument("file", type=FILE)
@click.option("--verify", is_flag=True, help="Play it again and compare; exit with 1 if anything differs.")
@click.option("--video", type=FILE, help="Write a video: .mp4, .webp, or .gif, which is large.")
@click.option("--picture", type=FILE, help="Write a picture of the end.")
@click.option("--at", type=FiniteRange(min=0.0), help="When to take the picture [s], if not then.")
@click.option("--size", default="600x400", show_default=True, help="Of video and picture [pixels].")
@click.option("--scene", help="The scene, if it is a file of your own, or has another name now.")
def replay(
    file: Path,
    verify: bool,
    video: Path | None,
    picture: Path | None,
    at: float | None,
    size: str,
    scene: str | None,
) -> None:
    """Verify or show the match in FILE, an .rsmatch, or print how it ended.

    To verify it, its actions are played again in a fresh world, and hashes of everything in it, results
    and poses are compared. Shown are the poses, without physics, so on any machine. Both need the scene. No file
    that a match names is opened, and no class imported: if the scene is a file of your own give --scene.

    \b
        roboschool replay m.rsmatch --verify
        roboschool replay m.rsmatch --video m.mp4
    """  # noqa: D301 - click reads the backslash
    from roboschool.cli.contest import run_replay

    _check_used(size, video, picture)
    sys.exit(run_replay(file, verify, video, picture, at, size, scene))
