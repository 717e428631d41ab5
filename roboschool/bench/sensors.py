"""What each sensor that a scene can add costs: the time of a step with it, less that without."""

import dataclasses
import statistics
import time
from collections.abc import Sequence
from contextlib import ExitStack, closing
from pathlib import Path

import click
import numpy as np

from roboschool.envs.images import Images, images_of
from roboschool.errors import InvalidInput
from roboschool.scenes.agent_sensors import SENSORS, add_sensors
from roboschool.scenes.loader import load_scene
from roboschool.scenes.scene import Scene
from roboschool.simulation.simulation import Simulation

SCENE = "dog_velocity"
WARM_UP = 0.05  # [s]


def with_sensor(scene: Scene, name: str) -> Scene | None:
    """Return a scene whose agents all have a sensor, as it is if nothing is set; None if it does not fit them."""
    try:
        agents = [
            add_sensors(Path(scene.path), scene.info, dataclasses.replace(agent, sensor=({"name": name},)))
            for agent in scene.agents
        ]
    except InvalidInput:
        return None
    return dataclasses.replace(scene, agents=tuple(agents))


def print_sensors(names: Sequence[str], seconds: float, rounds: int) -> None:
    """Measure scenes and print a table of each.

    Args:
        names: of the scenes; `SCENE` if none.
        seconds: for which each sensor is measured in a round.
        rounds: of which the median counts.
    """
    for name in names or (SCENE,):
        scene = load_scene(name)
        chosen = {"": scene} | {each: changed for each in sorted(SENSORS) if (changed := with_sensor(scene, each))}
        times, sizes = _measure(chosen, seconds, rounds)
        plain = statistics.median(times[""])
        click.echo(f"{name}: a step of {len(scene.agents)} agents takes {1e6 * plain:.0f} us; with a sensor on each")
        for each in [key for key in chosen if key]:
            more = statistics.median(one - other for one, other in zip(times[each], times[""], strict=True))
            click.echo(f"{each:>16} {1e6 * more:+8.0f} us {sizes[each] - sizes['']:6} numbers an agent")


def _measure(chosen: dict[str, Scene], seconds: float, rounds: int) -> tuple[dict[str, list[float]], dict[str, int]]:
    """Return the times of a step in each round [s], in turns, and how many numbers the first agent observes."""
    times: dict[str, list[float]] = {name: [] for name in chosen}
    with ExitStack() as stack:
        simulations = {name: stack.enter_context(closing(Simulation(scene))) for name, scene in chosen.items()}
        cameras = {name: images_of(scene) for name, scene in chosen.items()}
        sizes = {name: len(each.groups[0].observer.fields) for name, each in simulations.items()}
        for name, images in cameras.items():
            seen = images[0].draw({0: simulations[name].worlds[0].capture()}) if images else {}
            sizes[name] += sum(image[0].size for image in seen.values())
        for number in range(rounds + 1):
            for name, simulation in simulations.items():
                took = _time_of_step(simulation, cameras[name], seconds if number else min(seconds, WARM_UP))
                if number:  # after the warm-up
                    times[name].append(took)
    return times, sizes


def _time_of_step(simulation: Simulation, cameras: Sequence[Images], seconds: float) -> float:
    rng = np.random.default_rng(0)
    actions = [rng.uniform(-1.0, 1.0, group.shape) for group in simulation.groups]
    simulation.reset({0: 0})
    begun, steps = time.perf_counter(), 0
    while (taken := time.perf_counter() - begun) < seconds or not steps:
        simulation.step(actions)
        for images in cameras:
            images.draw({0: simulation.worlds[0].capture()})
        steps += 1
    return taken / steps
