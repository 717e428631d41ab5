"""Commands that make files for a user's own robots. What a command needs is imported when it runs."""

from pathlib import Path

import click

from roboschool.cli.parameters import FILE, JSON

KINDS = ("legged", "wheeled", "arm", "hand", "flyer")


@click.group()
def new() -> None:
    """Make a robot of your own."""


@new.command()
@click.argument("file")
@click.option(
    "--into",
    type=FILE,
    default=Path(),
    help="Folder for assets/ROBOT/ and scenes/; the present one if not given.",
)
@click.option("--name", default="", help="Of the robot; that of the file if not given.")
@click.option("--kind", type=click.Choice(KINDS), default=None, help="What it is; inferred if not given.")
@click.option("--base", type=click.Choice(("fixed", "free")), default=None, help="Inferred if not given.")
@click.option(
    "--actuator",
    type=click.Choice(("position", "torque")),
    default="position",
    show_default=True,
    help="What drives its joints.",
)
@click.option("--weld-mimics", is_flag=True, help="Fix joints that mimic others, instead of letting them follow.")
@click.option("--root", "roots", type=FILE, multiple=True, help="Folder from which meshes may be taken, too.")
@click.option("--decompose", is_flag=True, help="Split meshes into convex hulls that are nearer to their shape.")
@click.option("--xacro", is_flag=True, help="Expand FILE by xacro, which evaluates expressions in it.")
@click.option("--dry-run", is_flag=True, help="Print what would be done, and write nothing.")
@JSON
def robot(
    file: str,
    into: Path,
    name: str,
    kind: str | None,
    base: str | None,
    actuator: str,
    weld_mimics: bool,
    roots: tuple[Path, ...],
    decompose: bool,
    xacro: bool,
    dry_run: bool,
    as_json: bool,
) -> None:
    """Import a robot from FILE, a URDF or MJCF as the world has them, or the name of one in robot_descriptions.

    \b
        roboschool new robot go2.urdf --into mine/
        roboschool new robot panda.urdf --kind arm --base fixed --dry-run

    It is repaired, its meshes are converted and its card is inferred; every change is printed, the worst first. Answers
    that are unsure are marked in the card.
    """  # noqa: D301 - click reads the backslash
    from roboschool.cli.new_robot import run_new_robot

    run_new_robot(
        file,
        into,
        as_json,
        name=name,
        kind=kind or "",
        base=base or "",
        actuator=actuator,
        weld_mimics=weld_mimics,
        roots=roots,
        decompose=decompose,
        xacro=xacro,
        dry_run=dry_run,
    )
