"""A worker: a process that advances some of the copies. Both ends of the line to it.

It cannot outlive its trainer: it reads the line's end, and the kernel ends it if it is busy then. It leaves nothing
behind: the memory it shares has no name.
"""

import contextlib
import fcntl
import mmap
import os
import pickle
import signal
import socket
import subprocess
import sys
import time
import traceback
from multiprocessing.connection import Connection
from select import POLLIN, poll, select
from typing import Any

import cloudpickle

from roboschool.workers.board import Layout
from roboschool.workers.copies import Copies, Job

START = 300.0  # how long a worker may take to import, and to build its worlds [s]
START_CODE = "import sys; sys.path[:] = {}; from roboschool.workers.worker import work; work({}, {}, {})"


class Lost(Exception):
    """A worker has died or does not answer."""


class RaisedInWorker(Exception):
    """Where in a worker an exception was raised: the cause of the one that the trainer sees."""


class Worker:
    """The trainer's end.

    Args:
        number: which of the workers, for people.
        memory: file descriptor of the board of all copies.
        layout: of that board.
        copies: those this worker advances.
        job: what every copy does, as `cloudpickle` writes it.
        seconds: how long an answer may take; None: as long as it takes.
    """

    def __init__(
        self, number: int, memory: int, layout: Layout, copies: range, job: bytes, seconds: float | None
    ) -> None:
        self.number = number
        self.memory = memory
        self.layout = layout
        self.copies = copies
        self.job = job
        self.seconds = seconds
        self.asked = 0  # questions so far
        self.deadline: float | None = None  # when the answer must be there
        self.built = False
        self.start()

    def start(self) -> None:
        """Start the process, or another in its place."""
        line, end = socket.socketpair()
        tip, self.lifeline = os.pipe()
        threads = {"OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1"}  # the cores belong to the other workers
        self.process = subprocess.Popen(
            [sys.executable, "-c", START_CODE.format(sys.path, end.fileno(), tip, self.memory)],
            stdin=subprocess.DEVNULL,
            pass_fds=(end.fileno(), tip, self.memory),
            env=threads | os.environ,
            start_new_session=True,  # Ctrl-C is the trainer's
        )
        end.close()
        os.close(tip)
        self.line = Connection(line.detach())
        self.poll = poll()
        self.poll.register(self.line, POLLIN)
        self.built = False
        self._send((self.layout, self.copies))
        self._write(self.job)

    @property
    def lost(self) -> bool:
        """Whether it is known that the process has ended."""
        return self.line.closed

    def ask(self, name: str, *arguments: Any) -> None:
        """Ask for a method of its `Copies`; a worker that has died is noticed when it shall answer."""
        limit = self.seconds
        if limit is not None and not self.built:
            limit += START
        self.deadline = None if limit is None else time.monotonic() + limit
        self.asked += 1
        self._send((self.asked, name, arguments))

    def answer(self) -> Any:
        """Wait for the answer, and return it.

        Raises:
            Lost: the worker has died, or takes too long.
            Exception: the method has raised it.
        """
        while True:
            if self.lost:
                raise Lost("it has ended")
            if not self.poll.poll(self.patience()):
                self.kill()
                raise Lost(f"no answer within {self.seconds:g} s")
            try:
                number, kind, value = pickle.loads(self.line.recv_bytes())
            except (EOFError, OSError):
                raise Lost(self._end()) from None
            self.built = True
            if kind != "raised" and number != self.asked:
                continue  # built, or the answer that somebody did not wait for
            self.deadline = None
            if kind == "raised":
                error, where = value
                raise pickle.loads(error) from RaisedInWorker(f"worker {self.number}:\n{where}")
            return value

    def patience(self) -> float | None:
        """Return how long to wait for the answer yet [ms]."""
        return None if self.deadline is None else 1e3 * max(0.0, self.deadline - time.monotonic())

    def call(self, name: str, *arguments: Any) -> Any:
        """Ask, and return the answer.

        Raises:
            Lost: the worker has died, or takes too long.
            Exception: the method has raised it.
        """
        self.ask(name, *arguments)
        return self.answer()

    def kill(self) -> None:
        """End the process now; again does nothing."""
        if self.lost:
            return
        self.process.kill()
        self.line.close()
        os.close(self.lifeline)
        with contextlib.suppress(subprocess.TimeoutExpired):  # the kernel then ends it as soon as it can
            self.process.wait(1.0)

    def _end(self) -> str:
        """Return how the process has ended."""
        try:
            code = self.process.wait(1.0)
        except subprocess.TimeoutExpired:
            code = 0
        self.kill()
        return f"killed by {signal.Signals(-code).name}" if code < 0 else f"ended with exit status {code}"

    def _send(self, message: Any) -> None:
        self._write(pickle.dumps(message))

    def _write(self, message: bytes) -> None:
        with contextlib.suppress(OSError):  # it has died: the answer will say so
            self.line.send_bytes(message)


def work(line: int, lifeline: int, memory: int) -> None:
    """Build copies and do what is asked, until the trainer is gone: the process's end of the line."""
    _end_with_trainer(lifeline)
    trainer = Connection(line)
    try:
        layout, copies = pickle.loads(trainer.recv_bytes())
        job: Job = cloudpickle.loads(trainer.recv_bytes())
        board = layout.board(mmap.mmap(memory, layout.size)).part(slice(copies.start, copies.stop))
        crew = Copies(job, board, remember=True)
        trainer.send_bytes(pickle.dumps((0, "built", None)))
        while True:
            number, name, arguments = pickle.loads(trainer.recv_bytes())
            trainer.send_bytes(pickle.dumps((number, *_answer(crew, name, arguments))))
    except (EOFError, BrokenPipeError, ConnectionResetError):
        return
    except MemoryError:
        raise
    except Exception as error:  # while building
        trainer.send_bytes(pickle.dumps((0, *_raised(error))))


def _answer(crew: Copies, name: str, arguments: tuple[Any, ...]) -> tuple[str, Any]:
    try:
        return "done", getattr(crew, name)(*arguments)
    except MemoryError:
        raise  # another process may have more
    except Exception as error:
        return _raised(error)


def _raised(error: Exception) -> tuple[str, tuple[bytes, str]]:
    where = traceback.format_exc()
    try:
        text = cloudpickle.dumps(error)
        pickle.loads(text)
    except Exception:  # whatever its own pickling does
        text = pickle.dumps(RuntimeError(f"{type(error).__name__}: {error}"))
    return "raised", (text, where)


def _end_with_trainer(lifeline: int) -> None:
    """Let the kernel end this process when the trainer's end of a pipe is closed, whatever either is doing then."""
    signal.signal(signal.SIGIO, signal.SIG_DFL)
    fcntl.fcntl(lifeline, fcntl.F_SETOWN, os.getpid())
    fcntl.fcntl(lifeline, fcntl.F_SETFL, fcntl.fcntl(lifeline, fcntl.F_GETFL) | os.O_ASYNC)
    if select([lifeline], [], [], 0.0)[0]:
        sys.exit("the trainer has gone")  # before the kernel was asked
