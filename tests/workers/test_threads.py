"""Worlds of one process that several threads step: the same bits for any number of threads."""

import os
import signal
import threading
from contextlib import closing

import numpy as np
import pytest
from batches import story_of

import roboschool
from roboschool.errors import InvalidInput
from roboschool.physics.native.threads import run_in_parallel, split
from roboschool.system_info import cores


@pytest.mark.parametrize("scene", ["hopper", "ant", "ant_sumo", "soccer"])
def test_threads_change_no_bit(scene: str) -> None:
    told = story_of(scene, 0, num_threads=1)
    assert told == story_of(scene, 0, num_threads=2)
    assert told == story_of(scene, 0, num_threads=16)
    assert told == story_of(scene, 2, num_threads=2)


def test_the_default_is_a_thread_for_eight_rows() -> None:
    for rows, threads in ((1, 1), (15, 1), (16, 2), (64, 8)):
        with closing(roboschool.VectorEnv("inverted_pendulum", rows)) as envs:
            assert envs.num_threads == min(cores(), threads)
    with pytest.raises(InvalidInput, match="num_threads"):
        roboschool.VectorEnv("hopper", 2, num_threads=0)


def test_worlds_are_split_evenly() -> None:
    assert split([3, 5, 7, 8, 9], 2) == [[3, 5], [7, 8, 9]]
    assert split([3], 4) == [[3]]
    assert [len(part) for part in split(range(64), 3)] == [21, 21, 22]


def test_an_error_of_a_thread_is_raised_after_all_have_ended() -> None:
    ended = []

    def call(part: list[int]) -> None:
        ended.append(part[0])
        if part[0] != 1:
            raise ValueError(part[0])

    with pytest.raises(ValueError, match="2"):
        run_in_parallel(call, [[1], [2]])
    assert sorted(ended) == [1, 2]


def test_an_interruption_waits_for_threads() -> None:
    """Ctrl-C while a thread steps a world: the world is not left to it."""
    go, ended = threading.Event(), []

    def call(part: list[int]) -> None:
        if part[0] == 1:
            signal.raise_signal(signal.SIGINT)
        assert go.wait(60.0)
        ended.append(part[0])

    timer = threading.Timer(0.2, go.set)
    timer.start()
    with pytest.raises(KeyboardInterrupt):
        run_in_parallel(call, [[1], [2]])
    assert ended == [2]
    timer.join()


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
