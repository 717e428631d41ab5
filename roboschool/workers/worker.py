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
import weakref
from collections.abc import Iterable
from multiprocessing.connection import Connection
from select import POLLIN, poll, select
from typing import Any

import cloudpickle

from roboschool.workers.board import Layout
from roboschool.workers.copies import Copies, Job

START = 300.0  # how long a worker may take to import, and to build its worlds [s]
REAP = 1.0  # how long an end may take; the kernel goes on alone then [s]
LONGEST_POLL = 2**31 - 1  # [ms]
START_CODE = "import sys; sys.path[:] = {}; from roboschool.workers.worker import work; work({}, {}, {}, {})"


class Lost(Exception):
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
        self.lost = True  # whether the process is known to have ended
        self.start()
        _workers.add(self)

    def start(self) -> None:
        """Start the process, or another in its place.

        Raises:
            Lost: the system can start none.
        """
        line, end = socket.socketpair()
        tip, self.lifeline = os.pipe()
        self.line = Connection(line.detach())
        self.lost = self.built = False
        threads = {"OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1"}  # the cores belong to the other workers
        path = [folder for folder in sys.path if isinstance(folder, str)]
        given = end.fileno(), tip, self.board, self.job
        try:
            self.process = subprocess.Popen(
                [sys.executable, "-c", START_CODE.format(path, *given)],
                stdin=subprocess.DEVNULL,
                pass_fds=given,
                env=threads | os.environ,
                start_new_session=True,  # Ctrl-C is the trainer's
            )
        except OSError as error:
            self.hang_up()
            raise Lost(f"no process can be started: {error}") from None
        finally:
            end.close()
            os.close(tip)
        self.poll = poll()
        self.poll.register(self.line, POLLIN)
        self._send((self.layout, self.copies))

    def ask(self, name: str, *arguments: Any) -> None:
        """Ask for a method of its `Copies`; a worker that has died is noticed when it shall answer."""
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

    def hang_up(self) -> None:
        """Close this end; what the process does then is its own affair."""
        self.lost, self.pending = True, False
        self.line.close()
        os.close(self.lifeline)

    def _receive(self) -> tuple[str, Any]:
        if self.lost:
            raise Lost("it has ended")
        if not self.poll.poll(self.patience()):
            end([self])
            raise Lost(f"no answer within {self.seconds:g} s")
        try:
            kind, value = pickle.loads(self.line.recv_bytes())
        except (EOFError, OSError):
            raise Lost(self._how_it_ended()) from None
        return kind, value

    def _how_it_ended(self) -> str:
        with contextlib.suppress(subprocess.TimeoutExpired):
            self.process.wait(REAP)
        code = self.process.poll() or 0
        end([self])
        if code >= 0:
            return f"ended with exit status {code}"
        known = {int(kind): kind.name for kind in signal.Signals}
        return f"killed by {known.get(-code, f'signal {-code}')}"

    def _send(self, message: Any) -> None:
        with contextlib.suppress(OSError):  # it has died: the answer will say so
            self.line.send_bytes(pickle.dumps(message))


def end(workers: Iterable[Worker]) -> None:
    """End processes now, whatever they are doing; again does nothing."""
    ended = [worker for worker in workers if not worker.lost]
    for worker in ended:
        worker.process.kill()
        worker.hang_up()
    deadline = time.monotonic() + REAP
    for worker in ended:
        with contextlib.suppress(subprocess.TimeoutExpired):  # the kernel then ends it as soon as it can
            worker.process.wait(max(0.0, deadline - time.monotonic()))


_workers: "weakref.WeakSet[Worker]" = weakref.WeakSet()


def _hang_up_in_child() -> None:
    """Let a process that the trainer has forked keep no worker alive."""
    for worker in list(_workers):
        if not worker.lost:
            worker.hang_up()


os.register_at_fork(after_in_child=_hang_up_in_child)


def work(line: int, lifeline: int, board: int, job: int) -> None:
    """Build copies and do what is asked, until the trainer is gone: the process's end of the line."""
    _end_with_trainer(lifeline)
    trainer = Connection(line)
    with contextlib.suppress(EOFError, BrokenPipeError, ConnectionResetError):  # the trainer is gone
        layout, copies = pickle.loads(trainer.recv_bytes())
        answer = _build(layout, copies, board, job)
        if isinstance(answer, Copies):
            trainer.send_bytes(pickle.dumps(("built", None)))
        while True:
            name, arguments = pickle.loads(trainer.recv_bytes())
            done = _do(answer, name, arguments) if isinstance(answer, Copies) else answer
            trainer.send_bytes(pickle.dumps(done))


Answer = tuple[str, Any]


def _build(layout: Layout, copies: range, board: int, job: int) -> Copies | Answer:
    try:
        told: Job = cloudpickle.loads(os.pread(job, os.fstat(job).st_size, 0))
        part = layout.board(mmap.mmap(board, layout.size)).part(slice(copies.start, copies.stop))
        return Copies(told, part, remember=True)
    except MemoryError:
        raise  # another process may have more
    except Exception as error:
        return _raised(error)


def _do(copies: Copies, name: str, arguments: tuple[Any, ...]) -> Answer:
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


def _end_with_trainer(lifeline: int) -> None:
    """Let the kernel end this process when the trainer's end of a pipe is closed, whatever either is doing then."""
    signal.signal(signal.SIGIO, signal.SIG_DFL)
    fcntl.fcntl(lifeline, fcntl.F_SETOWN, os.getpid())
    fcntl.fcntl(lifeline, fcntl.F_SETFL, fcntl.fcntl(lifeline, fcntl.F_GETFL) | os.O_ASYNC)
    if select([lifeline], [], [], 0.0)[0]:
        sys.exit("the trainer has gone")  # before the kernel was asked
