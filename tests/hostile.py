"""Policies that attack what is around them, in their third action."""

import ctypes
import json
import os
import resource
import signal
import socket
import struct
import sys
import time
from collections.abc import Iterable
from pathlib import Path

import numpy as np

IMMUNE = (signal.SIGKILL, signal.SIGSTOP, signal.SIGCHLD)


class Good:
    """Does no harm, and the same in every match."""

    def reset(self, seed: int | None = None) -> None:
        self.steps = 0

    def act(self, observation: np.ndarray) -> object:
        self.steps += 1
        return np.zeros(2)


class Hostile(Good):
    """Strikes in its third action: as often as the variable STRIKES says, counted in a file, or always."""

    def act(self, observation: np.ndarray) -> object:
        action = super().act(observation)
        if self.steps == 3 and self.strikes():
            self.strike()
        return action

    def strikes(self) -> bool:
        if "STRIKES" not in os.environ:
            return True
        most, file = os.environ["STRIKES"].split(":")
        with open(file, "a") as count:
            count.write("x")
        return Path(file).stat().st_size <= int(most)

    def strike(self) -> None:
        raise NotImplementedError


class KillsParent(Hostile):
    def strike(self) -> None:
        os.kill(os.getppid(), signal.SIGKILL)


class StopsParent(Hostile):
    def strike(self) -> None:
        os.kill(os.getppid(), signal.SIGSTOP)


def siblings() -> Iterable[int]:
    """Other children of the parent."""
    for path in Path("/proc").glob("[0-9]*/stat"):
        if int(path.read_text().rpartition(")")[2].split()[1]) == os.getppid() and path.parent.name != str(os.getpid()):
            yield int(path.parent.name)


class StopsRival(Hostile):
    def strike(self) -> None:
        for pid in siblings():
            os.kill(pid, signal.SIGSTOP)


class KillsRival(Hostile):
    def strike(self) -> None:
        for pid in siblings():
            os.kill(pid, signal.SIGKILL)


class InterruptsRival(Hostile):
    def strike(self) -> None:
        for pid in siblings():
            for kind in signal.valid_signals() - {*IMMUNE}:
                os.kill(pid, kind)


class AttacksAll(Hostile):
    """Sends all signals to all processes that it sees, but for itself."""

    def strike(self) -> None:
        own = os.getpid()
        seen = [int(name) for name in os.listdir("/proc") if name.isdigit() and int(name) != own]
        assert seen == [1], "it must not strike outside"
        for kind in (*signal.valid_signals(), signal.SIGKILL):
            os.kill(1, kind)
            for pid in siblings():
                os.kill(pid, kind)


class KillsItself(Hostile):
    def strike(self) -> None:
        os.kill(os.getpid(), signal.SIGKILL)


class StopsItself(Hostile):
    def strike(self) -> None:
        os.kill(os.getpid(), signal.SIGSTOP)


class Segfaults(Hostile):
    def strike(self) -> None:
        ctypes.string_at(0)


class Exits(Hostile):
    def strike(self) -> None:
        os._exit(3)


class Prints(Hostile):
    def strike(self) -> None:
        sys.stdout.write('GARBAGE\x1b[31m{"json": 1}\n' * 1000)
        sys.stdout.flush()
        os.write(1, b"RAW\n")
        os.write(2, b"RAW\n")


class Forks(Hostile):
    """Leaves a child, one in a session of its own, and one that has lost its parent."""

    def strike(self) -> None:
        for session, double in ((False, False), (True, False), (True, True)):
            child = os.fork()
            if child == 0:
                if session:
                    os.setsid()
                if not double or os.fork() == 0:
                    time.sleep(1000.0)
                os._exit(0)
            if double:
                os.waitpid(child, 0)


class RaisesLimit(Hostile):
    """Says what it could take after it has raised its limits as far as they go."""

    def strike(self) -> None:
        _, hard = resource.getrlimit(resource.RLIMIT_DATA)
        resource.setrlimit(resource.RLIMIT_DATA, (hard, hard))
        np.empty(hard + 1, np.uint8)


class Looks(Hostile):
    """Says what it can reach, in words of JSON."""

    def strike(self) -> None:
        said = {
            "processes": sum(name.isdigit() for name in os.listdir("/proc")),
            "write here": reaches(lambda: Path("written").touch()),
            "write scratch": reaches(lambda: Path(os.environ["TMPDIR"], "written").touch()),
            "network": reaches(lambda: socket.create_connection(("127.0.0.1", int(os.environ["PORT"])), 30.0)),
            "hidden": os.path.exists(os.environ["HIDDEN"]),
        }
        raise RuntimeError(json.dumps(said))


def reaches(action: object) -> bool:
    try:
        action()  # type: ignore[operator]
    except OSError:
        return False
    return True


class RaisesEscapes(Hostile):
    def strike(self) -> None:
        raise ValueError("\x1b" * 300)


class AnswersAnotherQuestion(Hostile):
    def strike(self) -> None:
        frame = sys._getframe()
        while frame.f_code.co_name != "serve":
            assert frame.f_back is not None
            frame = frame.f_back
        frame.f_locals["requests"].reply(struct.pack("<cI", b"B", frame.f_locals["number"]))


class PrintsEscapes(Hostile):
    def strike(self) -> None:
        os.write(2, f"\x1b]0;title\x07 {os.isatty(2)}\n".encode())
