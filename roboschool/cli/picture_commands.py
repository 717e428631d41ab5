"""Commands that show robots. What a command needs is imported when it runs."""

import sys
from pathlib import Path
from typing import Any

import click

from roboschool.cli.parameters import (
    COUNT,
    FILE,
    HOST,
    HUD,
    POLICY,
    PORT,
    SCENE,
    SCENE_SET,
    SEED,
    WHOLE,
    check_size_is_used,
    pictures,
)
from roboschool.errors import InvalidInput


@click.command()
@click.option("--lanes", help="Scenes with one agent, left to right; hopper,humanoid,ant if not given.")
@click.option("--stadium", is_flag=True, help="Three lanes of 54 m, as in 2017; the seed draws the robots.")
@SEED
@pictures("960x540", "when the winner is at the line")
@click.option(
    "--policy",
    "policies",
    multiple=True,
    metavar="LANE=POLICY",
    help="Policy that runs in a lane, written as for `roboschool match`.",
)
def race(
    lanes: str | None,
    stadium: bool,
    seed: int,
    policies: tuple[str, ...],
    **files: Any,
) -> None:
    """Let trained robots race over 20 m, each in its lane, and print the standings.

    A lane is the name of a scene with one agent; `roboschool list` prints them. A robot may run in several lanes, and
    humanoid/humanoid_flagrun is the first scene's robot with the second's policy.
    """
    from roboschool.cli.output import Output
    from roboschool.cli.race import run_race

    check_size_is_used(files)
    for part in policies:
        if "=" not in part:
            raise InvalidInput(f"--policy {part}: it is written LANE=POLICY")
    own = {lane: policy for lane, _, policy in (part.partition("=") for part in policies)}
    entrants = None if lanes is None else [name.strip() for name in lanes.split(",")]
    run_race("stadium_race" if stadium else "race", entrants, seed, Output(**files), own)


@click.command()
@SCENE
@POLICY
@SEED
@pictures("600x400", "2.0")
@HUD
@SCENE_SET
def film(
    scene: str,
    policy: str | None,
    seed: int,
    options: tuple[str, ...],
    hud: bool,
    **files: Any,
) -> None:
    """Show an episode of SCENE with its trained or default policies."""
    from roboschool.cli.film import run_film
    from roboschool.cli.output import Output

    check_size_is_used(files)
    run_film(scene, policy, seed, Output(**files), hud, options)


@click.command()
@click.argument("file", type=FILE)
@click.option("--verify", is_flag=True, help="Simulate it again and compare; exit with 1 if anything differs.")
@pictures("600x400", "the end")
@click.option("--scene", help="The scene, if it is a file of your own or has been renamed.")
def replay(
    file: Path,
    verify: bool,
    scene: str | None,
    **files: Any,
) -> None:
    """Verify or show the match in FILE, an .rsmatch, or print how it ended.

    --verify simulates the actions again in a new world, and compares hashes of the whole world, results and poses.
    Pictures, videos and pages show the recorded poses without physics, so they work on any machine. All need the
    scene. No file that a match names is opened, and no class is imported: if the scene is a file of your own, give
    --scene.

    \b
        roboschool replay m.rsmatch --verify
        roboschool replay m.rsmatch --video m.mp4
        roboschool replay m.rsmatch --html m.html
    """  # noqa: D301 - click reads the backslash
    from roboschool.cli.contest import run_replay
    from roboschool.cli.output import Output

    check_size_is_used(files)
    sys.exit(run_replay(file, verify, Output(**files), scene))


@click.command()
@SCENE
@POLICY
@click.option("--agent", help="Agent that you control; the first if not given.")
@click.option("--seed", type=WHOLE, help="The same seed gives the same first episode.")
@HUD
@click.option("--size", default="600x400", show_default=True, help="Of the picture [pixels].")
@click.option("--steps", type=COUNT, help="Stop after this number of steps.")
@click.option(
    "--keys", default="", metavar="TEXT", help="Keys held at the start, for a demo: up:60,up+left:30 [steps]."
)
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
    """Drive a robot of SCENE with the keyboard, in a window, or without a display in a browser.

    The arrow keys move the flag, which the trained policy follows, or a paddle. In other scenes every joint has two
    keys, which are listed below the picture. With --policy you only watch. All other agents follow the scene's default
    policies.
    """
    from roboschool.cli.play import run_play
    from roboschool.rendering.video import read_size

    run_play(scene, policy, agent, seed, hud, read_size(size), steps, keys)


@click.command()
@click.argument("robot")
@HOST
@PORT
def pose(robot: str, host: str, port: int) -> None:
    """Move the joints of ROBOT (a name, a card or a URDF) with sliders, in a browser.

    The page shows limits and torque of each joint, and the [pose] table for the robot's card, which a button prints
    here. It prints the address; only this machine reaches it unless --host says more.
    """
    from roboschool.cli.pose import run_pose

    run_pose(robot, host, port)


@click.command()
@click.argument("scenes", nargs=-1, required=True)
@SEED
@HOST
@PORT
@click.option("--steps", type=COUNT, help="Stop after this number of steps.")
def view(scenes: tuple[str, ...], seed: int, host: str, port: int, steps: int | None) -> None:
    """Run SCENES live in a browser.

    The page has a menu of the scenes, policies for each seat, sliders for joints, plots of rewards and observations,
    and buttons to pause, step and reset. It prints the address; only this machine reaches it unless --host says more.
    """
    from roboschool.cli.view import run_view

    run_view(scenes, host, port, seed, steps)
