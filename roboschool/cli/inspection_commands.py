"""Commands that list, check, train, evaluate and measure. What a command needs is imported when it runs."""

import sys
from pathlib import Path
from typing import Any

import click

from roboschool import system_info
from roboschool.cli.parameters import COUNT, FILE, JSON, POSITIVE, SCENE, SCENE_SET, WHOLE
from roboschool.errors import InvalidInput


@click.command("list")
@JSON
@click.option("--games", is_flag=True, help="Print a table of the scenes with a game, as Markdown.")
@click.option("--markdown", is_flag=True, help="Print a page about every scene, as Markdown.")
@click.option("--card", is_flag=True, help="Print a page about the keys of a robot's card, as Markdown.")
@click.option("--randomize", is_flag=True, help="Print a page about what a scene can randomize, as Markdown.")
@click.option("--sensors", is_flag=True, help="Print a page about sensors that a scene can add, as Markdown.")
def list_(as_json: bool, games: bool, markdown: bool, card: bool, randomize: bool, sensors: bool) -> None:
    """List robots and scenes, with their Gymnasium ids."""
    wanted = {"--json": as_json, "--games": games, "--markdown": markdown, "--card": card}
    wanted |= {"--randomize": randomize, "--sensors": sensors}
    several = [name for name, given in wanted.items() if given]
    if len(several) > 1:
        raise InvalidInput(f"{' or '.join(several)}, not {'both' if len(several) == 2 else 'all'}")
    from roboschool.cli.catalogue import print_catalogue, print_games
    from roboschool.cli.pages import print_pages

    if card:
        from roboschool.cli.card_page import print_card_page

        print_card_page()
    elif randomize:
        from roboschool.cli.randomize_page import print_randomize_page

        print_randomize_page()
    elif sensors:
        from roboschool.cli.sensors_page import print_sensors_page

        print_sensors_page()
    elif games:
        print_games()
    elif markdown:
        print_pages()
    else:
        print_catalogue(as_json)


@click.command()
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def info(as_json: bool) -> None:
    """Print what Roboschool runs on: versions, computer, and the backend that steps the worlds.

    The environment variable ROBOSCHOOL_BACKEND chooses it: native or python. Both give the same bits.
    """
    from roboschool.cli.info import print_info

    print_info(as_json)


@click.command()
@click.argument("what", nargs=-1, required=True)
@click.option(
    "--json", "as_json", is_flag=True, help="Print a list of findings as JSON: file, kind, problems, repaired, notes."
)
@click.option("--junit", type=FILE, help="Write a report as JUnit XML, for CI services.")
def check(what: tuple[str, ...], as_json: bool, junit: Path | None) -> None:
    """Check robots and scenes: WHAT is a .urdf or .toml file, a folder, or the name of a robot or a scene.

    \b
    Check a scene by its name, a file, and everything in a folder:
        roboschool check ant_sumo my_robot.urdf mine/

    All problems of a file are printed, with the line or key, the nearest valid name, and whether `roboschool new
    robot` repairs it. Valid files are then simulated for 100 steps of random actions at full effort, in a separate
    process. A scene is checked with its policies and all its robots, which must not overlap at the start. The exit
    code is 0 without problems, 1 with problems, and 2 if WHAT does not exist or a report cannot be written.
    """  # noqa: D301 - click reads the backslash
    from roboschool.cli.check_command import run_check

    sys.exit(run_check(what, as_json, junit))


@click.command()
@click.argument("policy")
@click.option("--scene", help="Scene in which it acts; the one that its JSON file names if not given.")
@click.option("--episodes", type=COUNT, help="Number of episodes; 100 if not given.")
@click.option("--seed", type=WHOLE, help="Seed of the first episode; one not used in training if not given.")
@click.option("--cost-limit", type=POSITIVE, default=25.0, show_default=True, help="Cost that an episode may have.")
@SCENE_SET
@click.option("--suite", help="Play it in the variants of a suite, like bodies: on those to train on and others.")
@click.option("--against", type=FILE, metavar="ROW", help="With --suite: how probable it is to do better than a row.")
@click.option("--secret", type=WHOLE, help="With --suite: the published number of its secret part.")
@JSON
def evaluate(
    policy: str,
    scene: str | None,
    episodes: int | None,
    seed: int | None,
    cost_limit: float,
    options: tuple[str, ...],
    suite: str | None,
    against: Path | None,
    secret: int | None,
    as_json: bool,
) -> None:
    """Print the score of POLICY: mean return, 5 % quantile, and the share of episodes in which it falls.

    Where steps cost, it also tells the mean cost and the share of episodes that keep to a limit.

    \b
        roboschool evaluate hopper
        roboschool evaluate runs/ant/policy.safetensors --episodes 20
        roboschool evaluate hopper --suite bodies
    """  # noqa: D301 - click reads the backslash
    if suite is not None:
        from roboschool.cli.suite import run_suite

        if episodes is not None or seed is not None:
            raise InvalidInput("--suite: it decides the episodes; leave out --episodes and --seed")
        run_suite(policy, suite, scene, against, secret, as_json, options)
        return
    if against is not None or secret is not None:
        raise InvalidInput("--against and --secret: only with --suite")
    from roboschool.cli.evaluate import run_evaluation

    run_evaluation(policy, scene, episodes, seed, cost_limit, as_json, options)


@click.command()
@SCENE
@click.option("--steps", type=COUNT, help="Steps of all copies; those of the scene's preset if not given.")
@click.option("--minutes", type=POSITIVE, help="Stop after this time, if that is earlier; --resume continues.")
@click.option("--seed", type=WHOLE, help="The same seed gives the same results; 0 if not given.")
@click.option("--envs", type=COUNT, help="Copies that act together; those of the preset if not given.")
@click.option("--workers", default=0, type=WHOLE, show_default=True, help="Processes that share the copies; 0: none.")
@click.option("--threads", type=COUNT, help="Threads that step the copies; one for each core if not given.")
@click.option(
    "--set", "written", multiple=True, metavar="KEY=VALUE", help="A setting, like lr=0.001, or an option of the scene."
)
@click.option("--shared", is_flag=True, help="Let one policy learn for all agents, which must be alike.")
@click.option("-o", "--out", type=FILE, metavar="FOLDER", help="Folder of results; runs/SCENE if not given.")
@click.option("--resume", is_flag=True, help="Continue the training in the folder.")
@click.option("--episodes", default=100, type=WHOLE, show_default=True, help="Episodes of the score; 0: none.")
def train(**given: Any) -> None:
    """Train a policy for SCENE by PPO.

    \b
    Train the ant, continue after Ctrl-C, and watch it:
        roboschool train ant
        roboschool train ant --resume
        roboschool train velocity --set 'robot="go2.urdf"'
        roboschool train hopper --set 'variants={body=100}' -o runs/hopper_100
        roboschool film ant --policy runs/ant/policy.safetensors --video ant.gif

    The folder gets policy.safetensors and policy.json, checkpoint.safetensors to continue from, and the learning
    curve, curve.csv and curve.png. The first agent learns; if the scene names no policies for the others, all agents
    learn one policy. Settings are those with which the policy of the scene was trained.
    """  # noqa: D301 - click reads the backslash
    from roboschool.cli.train import run_training

    sys.exit(run_training(**given))


@click.command()
@click.argument("scenes", nargs=-1)
@click.option("--seconds", default=0.5, type=POSITIVE, show_default=True, help="Time for each measure in a round.")
@click.option("--rounds", default=9, type=COUNT, show_default=True, help="Number of rounds, after a warm-up.")
@click.option("--copies", default=64, type=COUNT, show_default=True, help="Environments in the vector env.")
@click.option(
    "--workers", help="Numbers of worker processes, like 1,2; 0: none; 1 and the number of cores if not given."
)
@click.option("--threads", help="Numbers of threads, like 2,4; 0: none; the number of cores if not given.")
@click.option("--peers", is_flag=True, help=f"Also run other packages: {system_info.install('bench')}.")
@click.option(
    "--resets",
    default=0,
    type=WHOLE,
    show_default=True,
    help="Resets over which growth of memory is measured.",
)
@click.option(
    "--shape",
    default=0,
    type=WHOLE,
    show_default=True,
    help="Also measure 1, 2, 4 ... up to this number of copies, and up to 64 robots in one world; 256 take 10 GB.",
)
@click.option(
    "--sharing",
    metavar="SCENE",
    help="Measure only the cost of sharing: seats and a tournament in SCENE, robots in one world.",
)
@click.option("--pictures", is_flag=True, help="Measure only pictures: of single cameras, and of 64 in one call.")
@click.option("--sensors", is_flag=True, help="Measure only what each sensor adds to a step.")
@click.option("--from", "source", type=FILE, help="Read the output of --json instead of measuring.")
@JSON
@click.option("--markdown", is_flag=True, help="Print a page, as Markdown.")
@click.option("--plot", "folder", type=FILE, metavar="FOLDER", help="Write pictures speed_*.png.")
def bench(
    scenes: tuple[str, ...],
    seconds: float,
    rounds: int,
    copies: int,
    workers: str | None,
    threads: str | None,
    peers: bool,
    resets: int,
    shape: int,
    sharing: str | None,
    pictures: bool,
    sensors: bool,
    source: Path | None,
    as_json: bool,
    markdown: bool,
    folder: Path | None,
) -> None:
    """Measure speed and memory of SCENES (all if none), beside Bullet's bare step and other packages.

    Actions are random, and resets are included. All measures of a scene take turns, and medians are printed. "bare" is
    the time of Bullet's own step in the same motion; ratios are between measures of the same round.
    """
    if sharing is not None:
        from roboschool.bench.sharing import print_sharing

        if scenes:
            raise InvalidInput(f"--sharing {sharing}: only this scene is measured; name no other")
        print_sharing(sharing, seconds, rounds)
        return
    if pictures:
        from roboschool.bench.pictures import print_pictures

        print_pictures(scenes, seconds, rounds)
        return
    if sensors:
        from roboschool.bench.sensors import print_sensors

        print_sensors(scenes, seconds, rounds)
        return
    if as_json and markdown:
        raise InvalidInput("--json or --markdown, not both")
    if source is not None and scenes:
        raise InvalidInput(f"--from {source}: nothing is measured; name no scenes")
    from roboschool.bench.report import Settings, read_report
    from roboschool.bench.scenes import measure
    from roboschool.cli.bench import check_folder, print_report, read_counts

    if folder is not None:
        check_folder(folder)
    if source is not None:
        report = read_report(source)
    else:
        counts = read_counts("workers", workers, copies), read_counts("threads", threads, copies, least=2)
        settings = Settings(seconds, rounds, copies, counts[0], resets, shape, counts[1])
        report = measure(scenes, settings, peers)
    print_report(report, as_json, markdown, folder)
