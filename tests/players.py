"""Policies that misbehave, to be run in processes of their own."""

import contextlib
import os
import time

import numpy as np


class Good:
    """Moves by chance, so that a wrong seed shows."""

    def reset(self, seed: int | None = None) -> None:
        self.rng = np.random.default_rng(seed)
        self.steps = 0

    def act(self, observation: np.ndarray) -> object:
        self.steps += 1
        return self.fail() if self.steps == 20 else self.rng.uniform(-1, 1, 2)

    def fail(self) -> object:
        return self.rng.uniform(-1, 1, 2)


class Exits(Good):
    def fail(self) -> object:
        os._exit(3)


class Raises(Good):
    def fail(self) -> object:
        raise RuntimeError("I" * 10_000)


class Hangs(Good):
    def fail(self) -> object:
        time.sleep(1000)
        return None


class Nan(Good):
    def fail(self) -> object:
        return np.array([0.0, np.nan])


class Infinite(Good):
    def fail(self) -> object:
        return [np.inf, 0.0]


class Wrong(Good):
    def fail(self) -> object:
        return np.zeros(3)


class Words(Good):
    def fail(self) -> object:
        return ["left", "right"]


class Ragged(Good):
    def fail(self) -> object:
        return [[1.0], [2.0, 3.0]]


class Huge(Good):
    def fail(self) -> object:
        return np.zeros(10**8)


class Hungry(Good):
    def fail(self) -> object:
        return np.ones(10**9)


class Chatty(Good):
    def fail(self) -> object:
        print("x" * 10**7, flush=True)
        return np.zeros(2)


class Unmade(Good):
    def __init__(self) -> None:
        raise ValueError("not today")


class Quits(Good):
    def __init__(self) -> None:
        os._exit(3)


class Cheats(Good):
    """Writes to the line itself: half a message, answers to questions that nobody has asked."""

    def fail(self) -> object:
        for number in os.listdir("/proc/self/fd"):
            with contextlib.suppress(OSError):
                os.write(int(number), b"A\0\0\0\0" + b"x" * 1000)
        return np.zeros(2)
