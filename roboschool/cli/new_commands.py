"""Commands that make files for a user's own robots and scenes. What a command needs is imported when it runs."""

import sys
from collections.abc import Callable
from pathlib import Path

import click

from roboschool.cli.parameters import FILE, JSON

KINDS = ("legged", "wheeled", "arm", "hand", "flyer")
ELEMENTS = {  # options of `new scene`, by the kind of element
    "goal": "--goal",
    "button": "--buttons",
    "box": "--box",
    "hazard": "--hazards",
    "vase": "--vases",
    "pillar": "--pillars",
    "gremlin": "--gremlins",
    "wall": "--walls",
}


@click.group()
def new() -> None:
    """Make a robot or a scene of your own."""


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


def _element_options(command: Callable[..., None]) -> Callable[..., None]:
    """Give a command an option for the number of each kind of element."""
    for kind, option in reversed(ELEMENTS.items()):
        command = click.option(option, kind, metavar="NUMBER", help=f"How many: {kind}.")(command)
    return command


@new.command()
@click.argument("name")
@click.option("--robot", "robots", multiple=True, default=("point",), show_default=True, help="Again: another robot.")
@click.option("--task", type=click.Choice(("goal", "button", "push")), default="goal", show_default=True)
@click.option("--into", type=FILE, default=Path(), help="Folder for scenes/NAME.toml; the present one if not given.")
@_element_options
def scene(name: str, robots: tuple[str, ...], task: str, into: Path, **written: str | None) -> None:
    """Write the scene NAME: robots that drive to goals, press buttons or push a box, between things that cost.

    \b
        roboschool new scene yard --robot car --goal 1 --hazards 4 --vases 2 --into mine/
        roboschool new scene pair --robot car --robot point --hazards 2-6

    NUMBER is a number, or a range that is drawn in each episode. The file has a word about each key. It is checked,
    and a picture of it is written beside it.
    """  # noqa: D301 - click reads the backslash
    from roboschool.cli.new_scene import run_new_scene

    sys.exit(run_new_scene(name, into, robots, task, written))
