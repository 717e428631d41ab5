"""Measures speed: our steps, Bullet's bare step for the same motion, and peers, in turn on one core."""

import json
import platform
import statistics
import sys
import time
from collections.abc import Callable, Sequence
from typing import Any

import click
import gymnasium
import numpy as np

from roboschool import files
from roboschool.capture import captured
from roboschool.envs.agent import AgentEnv
from roboschool.envs.parallel import ParallelEnv
from roboschool.envs.vector import VectorEnv
from roboschool.files import choose

PEERS = {  # pybullet_envs_gymnasium
    "hopper": "HopperBulletEnv-v0",
    "walker2d": "Walker2DBulletEnv-v0",
    "half_cheetah": "HalfCheetahBulletEnv-v0",
    "ant": "AntBulletEnv-v0",
    "humanoid": "HumanoidBulletEnv-v0",
    "humanoid_flagrun": "HumanoidFlagrunBulletEnv-v0",
    "humanoid_flagrun_harder": "HumanoidFlagrunHarderBulletEnv-v0",
    "inverted_pendulum": "InvertedPendulumBulletEnv-v0",
    "inverted_pendulum_swingup": "InvertedPendulumSwingupBulletEnv-v0",
    "inverted_double_pendulum": "InvertedDoublePendulumBulletEnv-v0",
    "reacher": "ReacherBulletEnv-v0",
}
LONGEST = 1000  # steps of an episode of a peer
ACTIONS = 1024  # random ones, used in turn

Measure = Callable[[float], tuple[int, float]]  # takes seconds, returns steps and the seconds they took


def run_bench(names: Sequence[str], seconds: float, rounds: int, copies: int, peers: bool, as_json: bool) -> None:
    """Measure scenes and print a table or JSON.

    Raises:
        InvalidInput: a scene is unknown.
    """
    chosen = [choose(name, files.scenes(), "scene") for name in names] or sorted(files.scenes())
    rows: list[dict[str, Any]] = []
    with click.progressbar(length=len(chosen), label="measuring", file=sys.stderr) as bar:
        for name in chosen:
            rows.append(_measure_scene(name, seconds, rounds, copies, peers))
            bar.update(1)
    if as_json:
        machine = {"python": platform.python_version(), "machine": platform.machine(), "processor": _processor()}
        click.echo(json.dumps({"machine": machine, "rounds": rounds, "seconds": seconds, "scenes": rows}, indent=2))
        return
    many = f"x{copies} steps/s"
    head = f"{'scene':26}{'bare us':>8}{'steps/s':>9}{'ratio':>7}{many:>13}{'ratio':>7}"
    click.echo(head + f"{'peer':>8}{'faster':>8}{'x' + str(copies):>8}" * peers)
    for row in rows:
        text = f"{row['scene']:26}{row['bare_us']:>8.1f}{row['steps_per_s']:>9.0f}{row['ratio']:>7.2f}"
        if "vector_ratio" in row:
            text += f"{row['vector_steps_per_s']:>13.0f}{row['vector_ratio']:>7.2f}"
        if "faster" in row:
            text += f"{row['peer_steps_per_s']:>8.0f}{row['faster']:>7.1f}x{row['vector_faster']:>7.1f}x"
        click.echo(text)


def _measure_scene(name: str, seconds: float, rounds: int, copies: int, peers: bool) -> dict[str, Any]:
    """Measure in turn, so that a machine whose speed drifts slows all alike."""
    measures: dict[str, Measure] = {}
    world = ParallelEnv(name)
    alone = len(world.possible_agents) == 1
    env = AgentEnv(name) if alone else None
    timed = AgentEnv(name) if alone else ParallelEnv(name)
    measures["own"] = _single(env) if env else _parallel(world)
    measures["bare"] = _bare(timed)
    vector = VectorEnv(name, copies) if alone else None
    if vector:
        measures["vector"] = _vector(vector)
    if peers and name in PEERS:
        measures["peer"] = _single(_peer(PEERS[name]))
    taken: dict[str, list[float]] = {key: [] for key in measures}
    for measure in measures.values():
        measure(min(seconds, 0.2))  # warms up
    for _ in range(rounds):
        for key, measure in measures.items():
            steps, spent = measure(seconds)
            taken[key].append(spent / steps)
    for opened in (world, env, timed, vector):
        if opened is not None:
            opened.close()
    pairs = zip(taken["own"], taken["bare"], strict=True)
    row = {
        "scene": name,
        "bare_us": 1e6 * statistics.median(taken["bare"]),
        "steps_per_s": 1.0 / statistics.median(taken["own"]),
        "ratio": statistics.median(own / bare for own, bare in pairs),
    }
    if "vector" in taken:
        pairs = zip(taken["vector"], taken["bare"], strict=True)
        row["vector_steps_per_s"] = 1.0 / statistics.median(taken["vector"])
        row["vector_ratio"] = statistics.median(ours / bare for ours, bare in pairs)
    if "peer" in taken:
        row["peer_steps_per_s"] = 1.0 / statistics.median(taken["peer"])
        for key, ours in (("faster", "own"), ("vector_faster", "vector")):
            row[key] = statistics.median(p / o for p, o in zip(taken["peer"], taken[ours], strict=True))
    return row


def _single(env: gymnasium.Env[Any, Any]) -> Measure:
    env.action_space.seed(0)
    actions = [env.action_space.sample() for _ in range(ACTIONS)]

    def measure(seconds: float) -> tuple[int, float]:
        env.reset(seed=0)
        steps, since, start = 0, 0, time.perf_counter()
        while time.perf_counter() - start < seconds:
            for action in actions:
                _, _, terminated, truncated, _ = env.step(action)
                since += 1
                if terminated or truncated or since >= LONGEST:
                    env.reset()
                    since = 0
            steps += len(actions)
        return steps, time.perf_counter() - start

    return measure


def _parallel(env: ParallelEnv) -> Measure:
    generator = np.random.default_rng(0)
    actions = [
        {name: generator.uniform(-1, 1, space.shape) for name, space in env.action_spaces.items()}
        for _ in range(ACTIONS // 8)
    ]

    def act(action: dict[str, np.ndarray]) -> None:
        env.step(action)
        if not env.agents:
            env.reset()

    return _repeat(env, act, actions)


def _bare(env: AgentEnv | ParallelEnv) -> Measure:
    """Measure Bullet's own step alone, in the very motion that `_single` or `_parallel` times."""
    through = _single(env) if isinstance(env, AgentEnv) else _parallel(env)
    world = env.simulation.worlds[0]

    def measure(seconds: float) -> tuple[int, float]:
        world.time_bullet(True)
        through(seconds)
        return world.time_bullet(False)

    return measure


def _vector(env: VectorEnv) -> Measure:
    env.action_space.seed(0)
    actions = [env.action_space.sample() for _ in range(ACTIONS // 16)]

    return _repeat(env, env.step, actions, env.num_envs)


def _repeat(
    env: ParallelEnv | VectorEnv, act: Callable[[Any], object], actions: Sequence[Any], copies: int = 1
) -> Measure:
    """Measure actions, taken again and again; each is a step of so many copies."""

    def measure(seconds: float) -> tuple[int, float]:
        env.reset(seed=0)
        steps, start = 0, time.perf_counter()
        while time.perf_counter() - start < seconds:
            for action in actions:
                act(action)
            steps += len(actions) * copies
        return steps, time.perf_counter() - start

    return measure


def _peer(identity: str) -> gymnasium.Env[Any, Any]:
    try:
        import pybullet_envs_gymnasium  # noqa: F401 - it registers its ids
    except ImportError:
        raise click.ClickException("--peers needs `pip install pybullet_envs_gymnasium`") from None
    with captured():  # it talks when it connects
        env = gymnasium.make(identity).unwrapped
        env.reset()
    return env


def _processor() -> str:
    try:
        with open("/proc/cpuinfo") as file:
            return next((line.split(":")[1].strip() for line in file if line.startswith("model name")), "")
    except OSError:
        return platform.processor()
