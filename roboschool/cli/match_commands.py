"""Commands that let policies and programs play each other. What a command needs is imported when it runs."""

import sys
from pathlib import Path

import click

from roboschool.cli.parameters import COUNT, FILE, JSON, LIMIT, PLAYED, POLICIES, SCENE, SEED, SET, timeout
from roboschool.errors import InvalidInput


@click.command()
@POLICIES
@PLAYED
@SEED
@click.option("-o", "--out", type=FILE, metavar="FILE", help="Write the match: .rsmatch.")
@SET
@LIMIT
@JSON
def match(
    policies: tuple[str, ...],
    scene: str,
    seed: int,
    out: Path | None,
    options: tuple[str, ...],
    limit: float,
    as_json: bool,
) -> None:
    """Let POLICIES play a match, each in its own process.

    The sides of the scene are assigned to them in turn. A policy that crashes, hangs, or returns invalid actions
    forfeits.

    \b
    Play a match, verify its file, and watch it:
        roboschool match pong scripted --scene pong --seed 7 -o m.rsmatch
        roboschool replay m.rsmatch --verify --video m.gif

    A policy is a file that `NetworkPolicy.save` wrote, the name of the scene it was trained in, module:Class, "still",
    "random", or "scripted", the default policy of the scene. NAME=POLICY gives it a name. If the agents of a side need
    different policies, separate them with commas.
    """  # noqa: D301 - click reads the backslash
    from roboschool.cli.contest import run_match
    from roboschool.cli.options import read_options

    run_match(scene, policies, read_options(options), seed, out, limit, as_json)


@click.command()
@POLICIES
@PLAYED
@SEED
@click.option(
    "--games", default=10, type=COUNT, show_default=True, help="Seeds for each pair; each is played on both sides."
)
@click.option("-o", "--out", type=FILE, metavar="FOLDER", help="Folder of results; tournament_SCENE if not given.")
@click.option("--workers", type=COUNT, help="Matches at once; the number of cores if not given.")
@SET
@LIMIT
@JSON
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

    Up to 20 policies play a round robin; more play Swiss rounds, then a round robin of the best 8. The folder gets a
    file for each match, games.jsonl with the games, results.json with the table, and page.html with plots. After an
    interruption, even by kill -9, the same command continues.

    \b
    Rate four policies at pong:
        roboschool tournament pong scripted still random --scene pong

    Policies are written as for `roboschool match`. One that fails forfeits the match, and the tournament
    continues.
    """  # noqa: D301 - click reads the backslash
    from roboschool.cli.contest import run_contest
    from roboschool.cli.options import read_options

    run_contest(scene, policies, read_options(options), seed, games, out, workers, limit, as_json)


@click.command()
@SCENE
@click.option("--lanes", help="Robots, left to right, in a scene with lanes: hopper,humanoid,ant.")
@SET
@click.option("--tcp", metavar="HOST:PORT", help="Where to listen; a socket in a private folder if not given.")
@click.option("--allow-remote", is_flag=True, help="Let other machines reach HOST; nothing is encrypted.")
@timeout("--join-timeout", "How long a player waits for others to begin an episode")
@timeout("--step-timeout", "How long players wait for one that does not act, before it loses its seat")
@click.option(
    "--default-policy",
    multiple=True,
    metavar="[AGENT=]POLICY",
    help="Policy that takes empty seats after --join-timeout, written as for `roboschool match`.",
)
@click.option("--episodes", type=COUNT, help="Number of episodes in the match; no limit if not given.")
@click.option("--size", metavar="WIDTHxHEIGHT", help="Let players render pictures of this size [pixels].")
def serve(
    scene: str,
    lanes: str | None,
    options: tuple[str, ...],
    tcp: str | None,
    allow_remote: bool,
    join_timeout: float,
    step_timeout: float,
    default_policy: tuple[str, ...],
    episodes: int | None,
    size: str | None,
) -> None:
    """Host the world of SCENE for other programs, which take a seat by roboschool.connect(ADDRESS, AGENT).

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
    timeouts = (join_timeout or None, step_timeout or None)
    sys.exit(run_serve(scene, chosen, tcp, allow_remote, *timeouts, default_policy, episodes, size))
