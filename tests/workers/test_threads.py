"""Worlds of one process that several threads step: the same bits for any number of threads."""

import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from typing import Any

import numpy as np
import pytest
from batches import story_of

import roboschool
from roboschool.errors import InvalidInput
from roboschool.system_info import cores


@pytest.mark.parametrize("scene", ["hopper", "ant", "ant_sumo", "soccer"])
def test_threads_change_no_bit(scene: str) -> None:
    told = story_of(scene, 0, num_threads=1)
    assert told == story_of(scene, 0, num_threads=2)
    assert told == story_of(scene, 0, num_threads=16)


def test_threads_of_workers_do_not_either() -> None:
    assert story_of("soccer", 0, num_threads=1) == story_of("soccer", 2, num_threads=2)


def test_the_default_is_a_thread_for_eight_rows() -> None:
    for rows, wanted in ((1, 1), (15, 1), (16, 2), (64, 8)):
        with closing(roboschool.VectorEnv("inverted_pendulum", rows)) as envs:
            assert envs.num_threads == min(cores(), wanted)
    with pytest.raises(InvalidInput, match="num_threads"):
        roboschool.VectorEnv("hopper", 2, num_threads=0)


def test_a_fork_has_threads_of_its_own() -> None:
    with closing(roboschool.VectorEnv("hopper", 4, num_threads=2)) as envs:
        envs.reset(seed=0)
        action = np.zeros((4, 3))
        envs.step(action)
        child = os.fork()
        if not child:
            status = 1
            try:
                own = roboschool.VectorEnv("hopper", 4, num_threads=2)
                own.reset(seed=0)
                own.step(action)
                status = 0
            finally:
                os._exit(status)
        assert os.waitpid(child, 0)[1] == 0
        envs.step(action)


@contextmanager
def alarms(handle: Callable[[int, Any], object], seconds: float, again: float) -> Iterator[None]:
    """Let a signal come after some seconds, and again and again."""
    before = signal.signal(signal.SIGALRM, handle)
    signal.setitimer(signal.ITIMER_REAL, seconds, again)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0.0)
        signal.signal(signal.SIGALRM, before)


@pytest.mark.parametrize("count", [1, 2])
def test_signals_during_native_calls_change_no_bit(count: int) -> None:
    told, came = story_of("ant", 0, num_threads=count), []
    with alarms(lambda number, frame: came.append(number), 0.0005, 0.0005):
        assert story_of("ant", 0, num_threads=count) == told
    assert came


@pytest.mark.parametrize("count", [1, 2])
def test_an_interrupted_step_needs_a_reset_and_the_next_episode_is_exact(count: int) -> None:
    def interrupt(number: int, frame: Any) -> None:
        raise KeyboardInterrupt

    action = np.full((8, 8), 0.3)
    with closing(roboschool.VectorEnv("ant", 8, num_threads=count)) as envs:

        def episode() -> list[bytes]:
            return [envs.reset(seed=3)[0].tobytes(), *(envs.step(action)[0].tobytes() for _ in range(20))]

        def go_on() -> None:
            for _ in range(100_000):
                envs.step(action)

        told = episode()
        for wait in np.linspace(0.001, 0.006, 12):
            with pytest.raises(KeyboardInterrupt), alarms(interrupt, wait, 0.0):
                go_on()
            assert episode() == told


def run(code: str) -> str:
    """Run code in another process; return what it says."""
    done = subprocess.run([sys.executable, "-W", "error", "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout + done.stderr


BUSY = """
import threading, numpy as np, roboschool
envs = roboschool.VectorEnv("ant", 16, num_threads=2)
envs.reset(seed=0)
said, begun = [], threading.Event()
def step():
    try:
        while True:
            envs.step(np.zeros((16, 8)))
            begun.set()
    except Exception as error:
        said.append(type(error).__name__)
thread = threading.Thread(target=step, daemon=True)
thread.start()
begun.wait()
"""


def test_a_fork_goes_on_with_the_worlds_and_threads_of_its_own() -> None:
    code = """
import hashlib, os, numpy as np, roboschool
envs = roboschool.VectorEnv("ant", 16, num_threads=2)
envs.reset(seed=0)
envs.step(np.zeros((16, 8)))
child = os.fork()
told = hashlib.sha256(b"".join(envs.step(np.zeros((16, 8)))[0].tobytes() for _ in range(10))).hexdigest()
if child:
    assert os.waitpid(child, 0)[1] == 0
print(told, flush=True)
"""
    one, other = run(code).split()
    assert one == other


def test_an_env_is_closed_while_its_threads_step() -> None:
    assert run(BUSY + "envs.close(); thread.join(); print(*said)") in ("RuntimeError\n", "InvalidInput\n")


def test_a_process_ends_quietly_while_threads_step() -> None:
    assert run(BUSY) == ""
