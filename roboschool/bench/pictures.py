"""What pictures cost: whole frames of several sizes, and a batch of cameras, from a snapshot to an array."""

import statistics
import time
from collections.abc import Callable, Sequence
from functools import partial

import click
import numpy as np

from roboschool.bench.measures import in_turn
from roboschool.rendering.camera import Camera, CameraBatch
from roboschool.scenes.loader import load_scene
from roboschool.scenes.scene import Scene
from roboschool.simulation.simulation import Simulation

SCENES = ("hopper", "humanoid", "race", "soccer")
SIZES = ((84, 84), (600, 400), (960, 540))  # [pixels]
BATCH, SIDE = 64, 64  # cameras that are drawn in one call, side of their pictures [pixels]
STEPS = 20  # random ones before the picture


class Shutter:
    """A measure of how long a picture takes; it also notes the time of all cores."""

    def __init__(self, draw: Callable[[], object]) -> None:
        self.draw = draw
        self.busy: list[float] = []  # time of all cores for a picture, in each round [s]
        draw()

    def __call__(self, seconds: float) -> float:
        """Draw for about this time [s]; return the time of a picture [s]."""
        count, start, busy = 0, time.perf_counter(), time.process_time()
        while not count or time.perf_counter() - start < seconds:
            self.draw()
            count += 1
        self.busy.append((time.process_time() - busy) / count)
        return (time.perf_counter() - start) / count


def print_pictures(scenes: Sequence[str], seconds: float, rounds: int) -> None:
    """Measure pictures of scenes, and print a table.

    Args:
        scenes: their names; a few if there is none.
        seconds: for each measure in each round.
        rounds: number of them.

    Raises:
        InvalidInput: a scene is unknown, or there is no library that draws.
    """
    titles = [*(f"{width}x{height}" for width, height in SIZES), f"{BATCH} of {SIDE}x{SIDE}"]
    click.echo(f"{'ms, of all cores':22}" + "".join(f"{title:>16}" for title in titles))
    for name in scenes or SCENES:
        shutters = dict(zip(titles, _shutters(load_scene(name)), strict=True))
        taken = in_turn(shutters, seconds, rounds, lambda: None)
        pairs = [(statistics.median(taken[title]), statistics.median(shutters[title].busy)) for title in titles]
        click.echo(f"{name:22}" + "".join(f"{1e3 * wall:9.2f},{1e3 * busy:6.2f}" for wall, busy in pairs))


def _shutters(scene: Scene) -> list[Shutter]:
    simulation, rng = Simulation(scene), np.random.default_rng(0)
    simulation.reset({0: 1})
    for _ in range(STEPS):
        simulation.step([rng.uniform(-1.0, 1.0, group.shape) for group in simulation.groups])
    snapshot, markers = simulation.worlds[0].capture(), simulation.markers()
    simulation.close()
    batch = CameraBatch(scene, BATCH, SIDE, SIDE)
    shutters = [Shutter(partial(Camera(scene, *size).image, snapshot, markers)) for size in SIZES]
    return [*shutters, Shutter(partial(batch.images, [snapshot] * BATCH, [markers] * BATCH))]
