"""The measures of `roboschool bench`. They run for a while each, in turn, round by round."""

import dataclasses
import itertools
import math
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import gymnasium

from roboschool.envs.agent import AgentEnv
from roboschool.envs.parallel import ParallelEnv
from roboschool.envs.vector import VectorEnv
from roboschool.errors import InvalidInput
from roboschool.physics.worlds import World
from roboschool.scenes.scene import Scene

LONGEST = 1000  # steps of an episode of a single env
ACTIONS = 1024  # random ones, used in turn
WARM_UP = 0.2  # [s]
BEFORE_RESET = 10  # random steps
BEFORE_GROWTH = 1000  # resets, after which memory should no longer grow
APART = 4.0  # between robots that share a world [m]
MEBIBYTE = 2**20
RESIDENT = Path("/proc/self/statm")  # Linux counts the pages in use there

Measure = Callable[[float], float]  # takes seconds to run for, returns seconds per step, or per what it measures


class Stepper:
    """An env that is stepped with random actions; a call measures the seconds per step.

    Args:
        act: steps the env, and resets it where its user would have to.
        actions: taken in turn.
        timestep: what a step simulates [s].
        close: frees the env.
        copies: number of steps in an act.
        worlds: of ours, if they are in this process.
    """

    def __init__(
        self,
        act: Callable[[Any], object],
        actions: Sequence[Any],
        timestep: float,
        close: Callable[[], object],
        copies: int = 1,
        worlds: Sequence[World] = (),
    ) -> None:
        self.timestep = timestep
        self.close = close
        self.worlds = worlds
        self._act = act
        self._actions = itertools.cycle(actions)
        self._copies = copies
        self._acts = 0

    def __call__(self, seconds: float) -> float:
        """Act for some seconds; return the time of a step [s], resets included."""
        acts, start = 0, time.perf_counter()
        while (spent := time.perf_counter() - start) < seconds:
            self._act(next(self._actions))
            acts += 1
        self._acts += acts
        return spent / (acts * self._copies)

    def follow(self, leader: "Stepper") -> None:
        """Act until the number of acts is that of the leader."""
        while self._acts < leader._acts:
            self._act(next(self._actions))
            self._acts += 1


def single(env: gymnasium.Env[Any, Any], timestep: float, worlds: Sequence[World] = ()) -> Stepper:
    """Return the stepper of an env without wrappers: episodes end as it says, and after 1000 steps."""
    env.action_space.seed(0)
    env.reset(seed=0)
    since = 0

    def act(action: Any) -> None:
        nonlocal since
        _, _, terminated, truncated, _ = env.step(action)
        since += 1
        if terminated or truncated or since >= LONGEST:
            env.reset()
            since = 0

    actions = [env.action_space.sample() for _ in range(ACTIONS)]
    return Stepper(act, actions, timestep, env.close, worlds=worlds)


def alone(scene: str) -> Stepper:
    """Return the stepper of a scene's one agent, or of all its agents in their world."""
    world = ParallelEnv(scene)
    if len(world.possible_agents) > 1:
        return together(world)
    env = AgentEnv(scene)
    return single(env, env.scene.timestep, env.simulation.worlds)


def together(world: ParallelEnv) -> Stepper:
    """Return the stepper of a world of agents; a step is one of the world."""
    for space in world.action_spaces.values():
        space.seed(0)
    world.reset(seed=0)

    def act(action: dict[str, Any]) -> None:
        world.step(action)
        if not world.agents:
            world.reset()

    actions = [{name: space.sample() for name, space in world.action_spaces.items()} for _ in range(ACTIONS // 8)]
    return Stepper(act, actions, world.scene.timestep, world.close, worlds=world.simulation.worlds)


def vector(scene: str, copies: int, num_workers: int = 0, num_threads: int = 1) -> Stepper:
    """Return the stepper of copies of a scene, which reset themselves; a step is one of a copy."""
    envs = VectorEnv(scene, copies, num_workers=num_workers, num_threads=num_threads)
    envs.action_space.seed(0)
    envs.reset(seed=0)
    actions = [envs.action_space.sample() for _ in range(ACTIONS // 16)]
    worlds = () if num_workers else envs.simulation.worlds
    return Stepper(envs.step, actions, envs.scene.timestep, envs.close, copies, worlds)


class Apart:
    """The measure of programs that share nothing but the machine, each with its part of the copies of a scene."""

    def __init__(self, scene: str, copies: int, programs: int) -> None:
        code = f"from roboschool.bench.measures import step_on; step_on({scene!r}, {copies // programs})"
        command = [sys.executable, "-c", code]
        pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
        self._programs = [subprocess.Popen(command, **pipes) for _ in range(programs)]  # type: ignore[call-overload]

    def __call__(self, seconds: float) -> float:
        """Let all step for some seconds at the same time; return the time of a step, of all of them together [s]."""
        for program in self._programs:
            program.stdin.write(f"{seconds}\n")
            program.stdin.flush()
        return 1.0 / sum(1.0 / float(program.stdout.readline()) for program in self._programs)

    def close(self) -> None:
        """End the programs."""
        for program in self._programs:
            program.communicate()


def step_on(scene: str, copies: int) -> None:
    """Step copies of a scene for the seconds in each line of stdin, and print the time of a step [s]."""
    stepper = vector(scene, copies)
    for line in sys.stdin:
        print(stepper(float(line)), flush=True)  # noqa: T201 - for the process that started this one
    stepper.close()


def bullet(leader: Stepper, follower: Stepper) -> Measure:
    """Return the measure of Bullet's own step alone, in the very motion of another stepper.

    Args:
        leader: gives the motion that is measured. It runs without timing each step, which takes time as well.
        follower: does the same from the same seed, afterwards.
    """

    def measure(_seconds: float) -> float:
        for world in follower.worlds:
            world.time_bullet(True)
        follower.follow(leader)
        steps, seconds = zip(*(world.time_bullet(False) for world in follower.worlds), strict=True)
        return float(sum(seconds) / sum(steps))

    return measure


def resets(env: AgentEnv) -> Measure:
    """Return the measure of a reset after some random steps: the median of many."""
    env.action_space.seed(0)
    env.reset(seed=0)
    actions = itertools.cycle([env.action_space.sample() for _ in range(ACTIONS)])

    def measure(seconds: float) -> float:
        laps: list[float] = []
        end = time.perf_counter() + seconds
        while not laps or time.perf_counter() < end:
            for _ in range(BEFORE_RESET):
                env.step(next(actions))
            start = time.perf_counter()
            env.reset()
            laps.append(time.perf_counter() - start)
        return statistics.median(laps)

    return measure


def start_up(identity: str) -> Measure:
    """Return the measure of what a new process takes from its imports to the first step of an id."""
    code = f"""
import time
start = time.perf_counter()
import gymnasium, roboschool
env = gymnasium.make({identity!r})
env.reset(seed=0)
env.step(env.action_space.sample())
print(time.perf_counter() - start)
"""
    return lambda _seconds: _in_a_process(code)


def memory(scene: str, copies: int) -> float | None:
    """Return the memory of each copy of a scene [MiB], in a new process; None where it cannot be known."""
    return _of_memory(f"copies_take({scene!r}, {copies})")


def growth(scene: str, times: int) -> float | None:
    """Return the growth of memory over a number of resets [MiB], in a new process; None where it cannot be known."""
    return _of_memory(f"resets_take({scene!r}, {times})")


def _of_memory(call: str) -> float | None:
    code = f"from roboschool.bench import measures; print(round(measures.{call}, 2))"
    return _in_a_process(code) if RESIDENT.exists() else None


def _in_a_process(code: str) -> float:
    """Return the number that code prints in a new process.

    Raises:
        InvalidInput: the code fails; the message has its last line.
    """
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    if done.returncode:
        raise InvalidInput(f"a measuring process has failed: {done.stderr.strip().splitlines()[-1:]}")
    return float(done.stdout)


def copies_take(scene: str, copies: int) -> float:
    """Return by how much this process grows for each copy of a scene [MiB]."""
    VectorEnv(scene).close()  # loads what every process needs once
    before = _resident()
    env = VectorEnv(scene, copies)
    env.reset(seed=0)
    env.step(env.action_space.sample())
    return (_resident() - before) / copies


def resets_take(scene: str, times: int) -> float:
    """Return by how much this process grows over resets of a scene, a step after each [MiB]."""
    env = AgentEnv(scene)
    action = env.action_space.sample()
    sizes = []
    for count in (BEFORE_GROWTH, times):
        for _ in range(count):
            env.reset()
            env.step(action)
        sizes.append(_resident())
    return sizes[1] - sizes[0]


def _resident() -> float:
    """Return the memory in use now [MiB]."""
    return int(RESIDENT.read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE") / MEBIBYTE


def crowd(scene: Scene, robots: int) -> ParallelEnv:
    """Return a world with several of the one robot of a scene, in rows and columns."""
    (agent,) = scene.agents
    kind = agent.name.rpartition("_")[0]
    columns = math.ceil(math.sqrt(robots))
    positions = [(APART * (place // columns), APART * (place % columns)) for place in range(robots)]
    agents = [dataclasses.replace(agent, name=f"{kind}_{i}", position=position) for i, position in enumerate(positions)]
    return ParallelEnv(dataclasses.replace(scene, agents=tuple(agents)))


def in_turn(
    measures: Mapping[str, Measure], seconds: float, rounds: int, tick: Callable[[], None]
) -> dict[str, list[float]]:
    """Run all measures in every round, so that a drift of the machine's speed affects all alike.

    Args:
        measures: by name.
        seconds: for each in each round.
        rounds: number of them, after one that warms up and does not count.
        tick: called after every round.

    Returns:
        The result of each measure in each round [s].
    """
    taken: dict[str, list[float]] = {name: [] for name in measures}
    for counted in [False] + [True] * rounds:
        for name, measure in measures.items():
            lap = measure(seconds if counted else min(seconds, WARM_UP))
            if counted:
                taken[name].append(lap)
        tick()
    return taken
