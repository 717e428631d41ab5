"""The cost of sharing: robots in one world, seats for threads and programs, a tournament on all cores."""

import statistics
import sys
import tempfile
import time
from pathlib import Path

import click
import numpy as np

from roboschool import system_info
from roboschool.bench import measures
from roboschool.bench.measures import ACTIONS, Stepper
from roboschool.bench.seats import print_seats
from roboschool.envs.parallel import ParallelEnv
from roboschool.scenes.loader import load_scene
from roboschool.tournament.tournament import make_plan, run_tournament

ROBOTS = ("hopper", "ant", "humanoid")  # scenes with one of them
SIZES = (2, 4, 8, 16)  # numbers of robots that share a world
ENTRANTS = ("scripted", "twin=scripted", "still", "random")
EPISODE = 100  # steps
TICKS = Path("/proc/stat")  # Linux counts the time of all cores there
GAMES = 10  # seeds of each pair of them


def print_sharing(scene: str, seconds: float, rounds: int) -> None:
    """Measure seats and a tournament in a scene, and robots in one world, and print tables.

    Raises:
        InvalidInput: the scene is unknown, has no two sides, or names no policy that is "scripted".
    """
    plan = make_plan(scene, ENTRANTS, games=GAMES)
    print_seats(scene, seconds, rounds)
    click.echo(f"\n{'robots in one world':20}" + "".join(f"{size:>9}" for size in SIZES))
    for name in ROBOTS:
        shares = shared_world(name, seconds, rounds)
        click.echo(f"{name:20}" + "".join(f"{share:9.2f}" for share in shares))
    click.echo("steps per second of all robots, divided by those of one robot alone")
    with (
        tempfile.TemporaryDirectory() as folder,
        click.progressbar(
            length=2 * GAMES * len(plan.entrants) * (len(plan.entrants) - 1) // 2, label="playing", file=sys.stderr
        ) as bar,
    ):
        start, before = time.perf_counter(), _ticks()
        run_tournament(plan, Path(folder), tick=bar.update)
        spent, after = time.perf_counter() - start, _ticks()
    total, idle = (then - now for then, now in zip(after, before, strict=True))
    busy = f"{1.0 - idle / total:.0%}" if total else "?"
    click.echo(f"\na tournament kept {system_info.cores()} cores {busy} busy for {spent:.1f} s")


def shared_world(name: str, seconds: float, rounds: int) -> list[float]:
    """Return the steps per second of all robots in worlds of 2, 4 ... over those of one alone."""
    sizes = (1, *SIZES)
    steppers = {str(size): tireless(measures.crowd(load_scene(name), size)) for size in sizes}
    taken = measures.in_turn(steppers, seconds, rounds, lambda: None)
    for stepper in steppers.values():
        stepper.close()
    return [
        statistics.median(a / b * size for a, b in zip(taken["1"], taken[str(size)], strict=True)) for size in SIZES
    ]


def tireless(world: ParallelEnv) -> Stepper:
    """Return the stepper of a world whose robots stay active after a fall, so that numbers of robots compare fairly."""
    simulation, rng = world.simulation, np.random.default_rng(0)
    simulation.reset({0: 0})
    (group,) = simulation.groups

    def act(action: np.ndarray) -> None:
        simulation.activate_all()
        simulation.step([action])
        if simulation.clock.steps[0] >= EPISODE:
            simulation.reset({0: None})

    actions = list(rng.uniform(-1.0, 1.0, (ACTIONS, *group.shape)))
    return Stepper(act, actions, world.scene.timestep, world.close, worlds=simulation.worlds)


def _ticks() -> tuple[int, int]:
    """Return the time of all cores and their idle time; no other place counts processes that are killed."""
    if not TICKS.exists():
        return 0, 0
    parts = [int(part) for part in TICKS.read_text().splitlines()[0].split()[1:9]]
    return sum(parts), parts[3] + parts[4]
