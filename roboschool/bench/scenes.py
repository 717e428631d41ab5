"""Speed and memory of scenes: our envs, Bullet's bare step in the same motion, and peers, measured in turn."""

import datetime
import platform
import statistics
import sys
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack

import click

from roboschool import paths, system_info
from roboschool.bench import measures
from roboschool.bench.measures import Measure, Stepper
from roboschool.bench.peers import Peer, installed, open_peers
from roboschool.bench.report import Computer, Report, Row, Settings, find_ratios
from roboschool.envs.agent import AgentEnv
from roboschool.errors import check_choice
from roboschool.physics.selection import default_backend
from roboschool.scenes.loader import load_scene
from roboschool.scenes.scene import MOST_AGENTS, Scene

PACKAGES = ("roboschool", "pybullet", "numpy", "gymnasium")
OURS = ("single", "vector")  # what peers are compared with
MICRO = 1e6

Tick = Callable[[], None]  # called after each part of the work


def measure(names: Sequence[str], settings: Settings, peers: bool) -> Report:
    """Measure scenes, all if none is named; progress, and which peers are missing, go to stderr.

    Raises:
        InvalidInput: a scene is unknown, or no peer is installed.
    """
    known = paths.scenes()
    scenes = [load_scene(check_choice(name, known, "scene")) for name in names or sorted(known)]
    found, missing = installed() if peers else ([], [])
    if missing:
        left_out = ", ".join(peer.package for peer in missing)
        click.echo(f"not installed, left out: {left_out}; {system_info.install('bench')} installs all peers", err=True)
    work = sum(settings.rounds + 1 + len(sizes(scene, settings.shape)) for scene in scenes)
    busy = system_info.load()
    with click.progressbar(length=work, label="measuring", file=sys.stderr) as bar:
        rows = [_measure(scene, settings, found, lambda: bar.update(1)) for scene in scenes]
    versions = {package: system_info.version(package) for package in (*PACKAGES, *(peer.package for peer in found))}
    return Report(_computer(busy), versions, settings, rows)


def sizes(scene: Scene, most: int) -> list[tuple[str, int]]:
    """Return the points of a scene's curves: numbers of copies, and numbers of robots in one world."""
    if len(scene.agents) > 1:
        return []
    doubled = [2**power for power in range(most.bit_length())]
    alone = not (scene.props or scene.game or scene.layout or scene.terrain)
    crowds = [size for size in doubled if size <= MOST_AGENTS and alone]
    return [("copies", size) for size in doubled] + [("robots", size) for size in crowds]


def _measure(scene: Scene, settings: Settings, peers: Sequence[Peer], tick: Tick) -> Row:
    """Measure a scene."""
    name, copies = scene.name, settings.copies
    with ExitStack() as stack:

        def keep(stepper: Stepper) -> Stepper:
            stack.callback(stepper.close)
            return stepper

        beside = {ours: open_peers([peer for peer in peers if peer.beside == ours], name) for ours in OURS}
        for stepper in (*beside["single"].values(), *beside["vector"].values()):
            keep(stepper)
        own, twin = keep(measures.alone(name)), keep(measures.alone(name))
        envs = {"single": own, **beside["single"]}
        taking_turns: dict[str, Measure] = {"single": own, "bullet": measures.bullet(own, twin), **beside["single"]}
        if len(scene.agents) == 1:
            own, twin = keep(measures.vector(name, copies)), keep(measures.vector(name, copies))
            many = {f"workers_{n}": keep(measures.vector(name, copies, num_workers=n)) for n in settings.workers}
            many |= {f"threads_{n}": keep(measures.vector(name, copies, num_threads=n)) for n in settings.threads}
            envs |= {"vector": own, **beside["vector"], **many}
            taking_turns |= {"vector": own, "vector_bullet": measures.bullet(own, twin), **beside["vector"], **many}
            for count in settings.threads:
                apart = measures.Apart(name, copies, count)
                stack.callback(apart.close)
                taking_turns[f"apart_{count}"] = apart
            env = AgentEnv(name)
            stack.callback(env.close)
            taking_turns["reset"] = measures.resets(env)
        taking_turns["start_up"] = measures.start_up(scene.id)
        taken = measures.in_turn(taking_turns, settings.seconds, settings.rounds, tick)
    found = find_ratios(taken, {peer.name: peer.beside for peer in peers})
    medians = {key: statistics.median(laps) for key, laps in taken.items()}
    return Row(
        scene=name,
        agents=len(scene.agents),
        rounds_us={key: [_round(MICRO * lap) for lap in laps] for key, laps in taken.items()},
        steps_per_s={key: _round(1.0 / medians[key]) for key in envs},
        simulated_s_per_s={key: _round(stepper.timestep / medians[key]) for key, stepper in envs.items()},
        bullet_us=_some(medians, ("bullet", "vector_bullet")),
        reset_us=_some(medians, ("reset",)).get("reset"),
        ratios={key: _round(statistics.median(each)) for key, each in found.items()},
        start_up_s=_round(medians["start_up"]),
        memory_mib=measures.memory(name, copies),
        growth_mib=measures.growth(name, settings.resets) if settings.resets and "reset" in taken else None,
        **_curves(scene, settings, tick),
    )


def _some(medians: Mapping[str, float], keys: Sequence[str]) -> dict[str, float]:
    """Return some medians [us]."""
    return {key: _round(MICRO * medians[key]) for key in keys if key in medians}


def _curves(scene: Scene, settings: Settings, tick: Tick) -> dict[str, list[tuple[int, float]]]:
    """Measure the curves, one size after the other, to save memory."""
    curves: dict[str, list[tuple[int, float]]] = {"copies": [], "robots": []}
    for what, size in sizes(scene, settings.shape):
        many = what == "copies"
        stepper = measures.vector(scene.name, size) if many else measures.together(measures.crowd(scene, size))
        (laps,) = measures.in_turn({what: stepper}, settings.seconds, settings.rounds, lambda: None).values()
        stepper.close()
        curves[what].append((size, _round((1 if many else size) / statistics.median(laps))))
        tick()
    return curves


def _round(number: float) -> float:
    """Round a number to 4 digits."""
    return float(f"{number:.4g}")


def _computer(busy: float | None) -> Computer:
    today = datetime.date.today().isoformat()
    return Computer(
        today,
        system_info.system(),
        system_info.processor(),
        system_info.cores(),
        platform.python_version(),
        default_backend()[0],
        busy,
    )
