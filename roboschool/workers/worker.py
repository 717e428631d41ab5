"""A worker: a process that advances some of the copies. Both ends of the line to it.

It cannot outlive its trainer: the kernel ends it then, even if it is busy or stopped. It leaves nothing
behind: the memory it shares has no name.
"""

import contextlib
import mmap
import os
import pickle
import time
import traceback
from collections.abc import Iterable
from multiprocessing.connection import Connection
from select import POLLIN, poll
from typing import Any

import cloudpickle

from roboschool.workers.env_batch import BatchSpec, EnvBatch
from roboschool.workers.process import ChildProcess, kill_all
from roboschool.workers.shared_memory import Layout

START = 300.0  # how long a worker may take to import, and to build its worlds [s]
LONGEST_POLL = 2**31 - 1  # [ms]


class WorkerDied(Exception):
    """A worker has died or does not answer."""


class RaisedInWorker(Exception):
    """Where in a worker an exception was raised: the cause of the one that the trainer sees."""


class Worker:
    """The trainer's end.

    Args:
        number: which of the workers, for people.
        copies: those this worker advances.
        layout: of the board of all copies.
        board: file descriptor of that board.
        job: file descriptor of what every copy does.
        seconds: how long an answer may take; None: as long as it takes.

    Raises:
        Lost: the system can start no process.
    """

    def __init__(self, number: int, copies: range, layout: Layout, board: int, job: int, seconds: float | None) -> None:
        self.number = number
        self.copies = copies
        self.layout = layout
        self.board = board
        self.job = job
        self.seconds = seconds
        self.pending = False  # whether an answer is due
        self.deadline: float | None = None  # when it must be there
        self.start()

    def start(self) -> None:
        """Start the process, or another in its place.

        Raises:
            Lost: the system can start none.
        """
        files = self.board, self.job
        self.pending = self.built = False
        try:
            self.child = ChildProcess("roboschool.workers.worker:work", *files, files=files)
        except OSError as error:
            raise WorkerDied(f"no process can be started: {error}") from None
        self.poll = poll()
        self.poll.register(self.child.line, POLLIN)
        self._send((self.layout, self.copies))

    @property
    def lost(self) -> bool:
        """Whether the process is known to have ended."""
        return self.child.over

    def ask(self, name: str, *arguments: Any) -> None:
        """Ask for a method of its `EnvBatch`; a worker that has died is noticed when it shall answer."""
        limit = self.seconds
        if limit is not None and not self.built:
            limit += START
        self.deadline = None if limit is None else time.monotonic() + limit
        self.pending = True
        self._send((name, arguments))

    def answer(self) -> Any:
        """Wait for the answer, and return it.

        Raises:
            Lost: the worker has died, or takes too long.
            Exception: the method has raised it.
        """
        kind, value = self._receive()
        if kind == "built":
            self.built = True
            kind, value = self._receive()
        self.pending = False
        if kind == "raised":
            error, where = value
            raise pickle.loads(error) from RaisedInWorker(f"worker {self.number}:\n{where}")
        return value

    def call(self, name: str, *arguments: Any) -> Any:
        """Ask, and return the answer.

        Raises:
            Lost: the worker has died, or takes too long.
            Exception: the method has raised it.
        """
        self.ask(name, *arguments)
        return self.answer()

    def patience(self) -> float | None:
        """Return how long to wait for the answer yet [ms]."""
        if self.deadline is None:
            return None
        return min(1e3 * max(0.0, self.deadline - time.monotonic()), LONGEST_POLL)

    def _receive(self) -> tuple[str, Any]:
        if self.lost:
            raise WorkerDied("it has ended")
        if not self.poll.poll(self.patience()):
            self.child.kill()
            raise WorkerDied(f"no answer within {self.seconds:g} s")
        try:
            kind, value = pickle.loads(self.child.line.recv_bytes())
        except (EOFError, OSError):
            raise WorkerDied(self.child.end()) from None
        return kind, value

    def _send(self, message: Any) -> None:
        with contextlib.suppress(OSError):  # it has died: the answer will say so
            self.child.line.send_bytes(pickle.dumps(message))


def end(workers: Iterable[Worker]) -> None:
    """End processes now, whatever they are doing; again does nothing."""
    kill_all(worker.child for worker in workers)


def work(line: int, board: int, job: int) -> None:
    """Build copies and do what is asked, until the trainer is gone: the process's end of the line."""
    trainer = Connection(line)
    with contextlib.suppress(EOFError, BrokenPipeError, ConnectionResetError):  # the trainer is gone
        layout, copies = pickle.loads(trainer.recv_bytes())
        answer = _build(layout, copies, board, job)
        if isinstance(answer, EnvBatch):
            trainer.send_bytes(pickle.dumps(("built", None)))
        while True:
            name, arguments = pickle.loads(trainer.recv_bytes())
            done = _do(answer, name, arguments) if isinstance(answer, EnvBatch) else answer
            trainer.send_bytes(pickle.dumps(done))


Answer = tuple[str, Any]


def _build(layout: Layout, copies: range, board: int, job: int) -> EnvBatch | Answer:
    try:
        told: BatchSpec = cloudpickle.loads(os.pread(job, os.fstat(job).st_size, 0))
        part = layout.board(mmap.mmap(board, layout.size)).part(slice(copies.start, copies.stop))
        return EnvBatch(told, part, remember=True)
    except MemoryError:
        raise  # another process may have more
    except Exception as error:
        return _raised(error)


def _do(copies: EnvBatch, name: str, arguments: tuple[Any, ...]) -> Answer:
    try:
        return "done", getattr(copies, name)(*arguments)
    except MemoryError:
        raise  # another process may have more
    except Exception as error:
        return _raised(error)


def _raised(error: Exception) -> Answer:
    where = traceback.format_exc()
    try:
        text = cloudpickle.dumps(error)
        pickle.loads(text)
    except Exception:  # whatever its own pickling does
        text = pickle.dumps(RuntimeError(f"{type(error).__name__}: {error}"))
    return "raised", (text, where)
