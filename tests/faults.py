"""Tasks that do to their process what must not hurt a run."""

import ctypes
import dataclasses
import os
import re
import signal
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any, ClassVar

import numpy as np

from roboschool.mdp.effects import Placement
from roboschool.mdp.record import Record, quantity
from roboschool.mdp.state import State
from roboschool.mdp.task import Update
from roboschool.scenes.loader import load_scene
from roboschool.scenes.scene import Scene
from roboschool.tasks.run import Run


def segfault() -> None:
    ctypes.string_at(0)


def hang() -> None:
    re.match(r"(a+)+$", "a" * 60 + "b")  # holds the interpreter: no Python thread can run


def give_out() -> None:
    raise MemoryError


def fail() -> None:
    raise LookupError("the task is at a loss")


def quit_quietly() -> None:
    os._exit(3)


def be_killed() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


FAULTS = {f.__name__: f for f in (segfault, hang, give_out, fail, quit_quietly, be_killed)}


class Luck(Record):
    """What is remembered of an episode."""

    clock: np.ndarray = quantity()
    luck: np.ndarray = quantity()


@dataclass(frozen=True)
class Faulty(Run):
    """Run, until at some step of an unlucky episode there is a fault."""

    memory: ClassVar[type[Record]] = Luck
    fault: str = "segfault"
    at: int = 7  # step of the fault
    luck: float = 0.3  # episodes less lucky than this
    flag: str = ""  # a file that is there once it has happened, so that it happens once; none: always

    def reset(self, placement: Placement, memory: Any, rng: np.random.Generator) -> Placement:
        memory.clock[...], memory.luck[...] = 0.0, rng.random()
        return placement

    def update(self, previous: State, state: State, active: np.ndarray, rngs: Sequence[np.random.Generator]) -> Update:
        memory = state.memory.copy()
        memory.clock += 1.0
        due = active & (memory.clock == self.at) & (memory.luck < self.luck)
        if due.any() and not (self.flag and Path(self.flag).exists()):
            if self.flag:
                Path(self.flag).touch()
            FAULTS[self.fault]()
        return Update(memory)


def faulty(name: str, **parameters: Any) -> Scene:
    """A scene whose first agent's task is faulty."""
    scene = load_scene(name)
    agents = [dataclasses.replace(agent, task=Faulty(agent.robot, **parameters)) for agent in scene.agents]
    return dataclasses.replace(scene, agents=tuple(agents))


def start_and_crash(line: int) -> None:
    """Start a process that lives on, say its number, and die."""
    sleeper = subprocess.Popen(["sleep", "60"])
    Connection(line).send_bytes(str(sleeper.pid).encode())
    os._exit(3)
