"""What a seat adds to the time of an agent's step: threads in a `Lobby` and programs at a server, beside one loop.

All play the same episodes, bit for bit, so times differ only by what passes between the players.
"""

import statistics
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from typing import IO, Any

import click
import numpy as np

from roboschool.bench.measures import in_turn
from roboschool.envs.parallel import ParallelEnv
from roboschool.multiplayer.client import connect
from roboschool.multiplayer.lobby import Lobby
from roboschool.multiplayer.server import Server

CYCLES = 200  # steps of an episode
SEED = 0
MICRO = 1e6
DICTS, THREADS, PROGRAMS = "one loop, dicts", "threads, Lobby", "programs, server"
CODE = "from roboschool.bench.seats import play_on; play_on({!r}, {!r})"


class Laps:
    """A measure of how long an agent's step takes.

    Args:
        play: plays a number of episodes; returns the number of steps of all agents.
    """

    def __init__(self, play: Callable[[int], int]) -> None:
        self.play = play
        self.episode = 0.0  # how long one takes [s]

    def __call__(self, seconds: float) -> float:
        """Play for about this time [s]; return the time of a step of an agent [s]."""
        episodes = max(1, round(seconds / self.episode)) if self.episode else 1
        start = time.perf_counter()
        steps = self.play(episodes)
        spent = time.perf_counter() - start
        self.episode = spent / episodes
        return spent / steps


def measure_seats(scene: str, seconds: float, rounds: int, empty: bool = False) -> dict[str, list[float]]:
    """Return the time of an agent's step in every round [s]: in one loop, in threads, and in programs.

    Args:
        scene: what is played.
        seconds: for each in each round.
        rounds: number of them.
        empty: whether steps do nothing, so that only the seats take time.

    Raises:
        InvalidInput: the scene is unknown.
    """
    with ExitStack() as stack:
        measures = {name: Laps(make(scene, stack, empty)) for name, make in MEASURES.items()}
        return in_turn(measures, seconds, rounds, lambda: None)


def print_seats(scene: str, seconds: float, rounds: int) -> None:
    """Measure, and print a small table.

    Raises:
        InvalidInput: the scene is unknown.
    """
    for empty in (False, True):
        taken = measure_seats(scene, seconds, rounds, empty)
        click.echo(f"{'an empty world' if empty else scene:20}{'us per agent-step':>18}{'added by a seat':>18}")
        for name, laps in taken.items():
            added = statistics.median(lap - alone for lap, alone in zip(laps, taken[DICTS], strict=True))
            more = f"{MICRO * added:18.1f}" if name != DICTS else ""
            click.echo(f"{name:20}{MICRO * statistics.median(laps):18.1f}{more}")


def _actions(shape: tuple[int, ...]) -> np.ndarray:
    """Return the actions of an episode (step, joint)."""
    return np.random.default_rng(SEED).uniform(-1.0, 1.0, (CYCLES, *shape)).astype(np.float32)


def play(env: Any, episodes: int) -> int:
    """Play in a seat; return the number of steps."""
    actions = _actions(env.action_space.shape)
    steps = 0
    for _ in range(episodes):
        env.reset(seed=SEED)
        for action in actions:
            _, _, terminated, truncated, _ = env.step(action)
            steps += 1
            if terminated or truncated:
                break
    return steps


def play_on(address: str, agent: str) -> None:
    """Play the number of episodes in each line of stdin, and print the number of steps."""
    env = connect(address, agent)
    for line in sys.stdin:
        print(play(env, int(line)), flush=True)  # noqa: T201 - for the process that started this one
    env.close()


def _empty_steps(world: ParallelEnv) -> None:
    """Replace the steps of a world by ones that only count."""
    names = world.possible_agents
    seen, infos = world.reset(seed=SEED)
    steps = 0

    def reset(seed: int | None = None, options: object = None) -> Any:
        nonlocal steps
        steps, world.agents = 0, names[:]
        return seen, infos

    def step(actions: object) -> Any:
        nonlocal steps
        steps += 1
        over = dict.fromkeys(names, steps >= CYCLES)
        if steps >= CYCLES:
            world.agents = []
        return seen, dict.fromkeys(names, 0.0), dict.fromkeys(names, False), over, infos

    for name, does in {"reset": reset, "step": step}.items():
        setattr(world, name, does)


def _in_one_loop(scene: str, stack: ExitStack, empty: bool) -> Callable[[int], int]:
    world = ParallelEnv(scene, on_termination="leave", max_cycles=CYCLES)
    if empty:
        _empty_steps(world)
    stack.callback(world.close)
    actions = {name: _actions(space.shape) for name, space in world.action_spaces.items()}

    def play_all(episodes: int) -> int:
        steps = 0
        for _ in range(episodes):
            world.reset(seed=SEED)
            for step in range(CYCLES):
                steps += len(world.agents)
                world.step({name: actions[name][step] for name in world.agents})
                if not world.agents:
                    break
        return steps

    return play_all


def _in_threads(scene: str, stack: ExitStack, empty: bool) -> Callable[[int], int]:
    lobby = Lobby(scene, max_cycles=CYCLES)
    if empty:
        _empty_steps(lobby.world)
    stack.callback(lobby.close)
    seats = [lobby[name] for name in lobby.world.possible_agents]
    pool = stack.enter_context(ThreadPoolExecutor(len(seats)))
    return lambda episodes: sum(pool.map(lambda seat: play(seat, episodes), seats))


def _in_programs(scene: str, stack: ExitStack, empty: bool) -> Callable[[int], int]:
    server = Server(scene, max_cycles=CYCLES)
    if empty:
        _empty_steps(server.world)
    thread = threading.Thread(target=server.run)
    thread.start()
    stack.callback(thread.join)
    stack.callback(server.stop, "all is measured")
    players = [_start(str(server.listener.address), name, stack) for name in server.world.possible_agents]

    def play_all(episodes: int) -> int:
        for requests, _ in players:
            requests.write(f"{episodes}\n")
            requests.flush()
        return sum(int(replies.readline()) for _, replies in players)

    return play_all


def _start(address: str, agent: str, stack: ExitStack) -> tuple[IO[str], IO[str]]:
    """Start a program that plays, until its stdin ends; return its stdin and stdout."""
    code = CODE.format(address, agent)
    player = subprocess.Popen([sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    stack.enter_context(player)
    assert player.stdin is not None
    assert player.stdout is not None
    return player.stdin, player.stdout


MEASURES = {DICTS: _in_one_loop, THREADS: _in_threads, PROGRAMS: _in_programs}
