"""What company costs: robots that share a world, seats for threads and programs, a tournament on all cores."""

import statistics
import sys
import tempfile
import time
from pathlib import Path
from resource import RUSAGE_CHILDREN, RUSAGE_SELF, getrusage

import click
import numpy as np

from roboschool import machine
from roboschool.cli import measures
from roboschool.cli.measures import ACTIONS, Runner
from roboschool.cli.seats import print_seats
from roboschool.envs.parallel import ParallelEnv
from roboschool.scene import load_scene
from roboschool.tournament.tournament import make_plan, run_tournament

ROBOTS = ("hopper", "ant", "humanoid")  # scenes with one of them
SIZES = (2, 4, 8, 16)  # how many share a world
ENTRANTS = ("scripted", "twin=scripted", "still", "random")
EPISODE = 100  # steps
GAMES = 10  # seeds of each pair of them


def print_together(scene: str, seconds: float, rounds: int) -> None:
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
    click.echo("times its steps per second, of those of one robot alone")
    with (
        tempfile.TemporaryDirectory() as folder,
        click.progressbar(
            length=2 * GAMES * len(plan.entrants) * (len(plan.entrants) - 1) // 2, label="playing", file=sys.stderr
        ) as bar,
    ):
        spent, played = time.perf_counter(), _processor_time()
        run_tournament(plan, Path(folder), tick=bar.update)
        spent, played = time.perf_counter() - spent, _processor_time() - played
    cores = machine.cores()
    click.echo(f"\na tournament kept {cores} cores {played / (spent * cores):.0%} busy for {spent:.1f} s")


def shared_world(name: str, seconds: float, rounds: int) -> list[float]:
    """Return the steps per second of all robots in worlds of 2, 4 ... over those of one alone."""
    sizes = (1, *SIZES)
    runners = {str(size): restless(measures.crowd(load_scene(name), size)) for size in sizes}
    taken = measures.in_turn(runners, seconds, rounds, lambda: None)
    for runner in runners.values():
        runner.close()
    return [
        statistics.median(a / b * size for a, b in zip(taken["1"], taken[str(size)], strict=True)) for size in SIZES
    ]


def restless(world: ParallelEnv) -> Runner:
    """Return the runner of a world whose robots act on when they have fallen, so that one lies as long as many do."""
    simulation, chance = world.simulation, np.random.default_rng(0)
    simulation.reset({0: 0})
    (group,) = simulation.groups

    def act(action: np.ndarray) -> None:
        group.live[:] = True
        simulation.step([action])
        if simulation.steps[0] >= EPISODE:
            simulation.reset({0: None})

    actions = list(chance.uniform(-1.0, 1.0, (ACTIONS, *group.shape)))
    return Runner(act, actions, world.scene.timestep, world.close, worlds=simulation.worlds)


def _processor_time() -> float:
    """Return what this process and all that it has waited for have spent [s]."""
    return sum(usage.ru_utime + usage.ru_stime for usage in map(getrusage, (RUSAGE_SELF, RUSAGE_CHILDREN)))
