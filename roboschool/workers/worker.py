"""A worker: a process that advances some worlds of a batch, and the trainer's end of the channel to it.

A worker cannot outlive its trainer: the kernel ends it then, even if it is busy or stopped. It leaves nothing behind:
the memory that it shares has no name.
"""

import mmap
import os
import pickle
import traceback
from collections.abc import Iterable
from typing import Any

import cloudpickle

from roboschool.workers.channel import Channel, ChildDied, ChildTimedOut, Requests
from roboschool.workers.env_batch import BatchSpec, EnvBatch
from roboschool.workers.process import ChildProcess, kill_all
from roboschool.workers.shared_memory import Layout

START = 300.0  # a worker may take to import, and to build its worlds, besides its first reply [s]


class WorkerDied(Exception):
    """A worker has died, or has not replied in time."""


class RaisedInWorker(Exception):
    """Where in a worker an exception was raised: the cause of the exception that the trainer sees."""


class Worker:
    """The trainer's end of the channel.

    Args:
        number: of the worker, for messages.
        worlds: that this worker advances.
        buffers: file descriptor of the shared buffers of all worlds.
        spec: file descriptor of the pickled `BatchSpec` and `Layout`.
        timeout: of a reply [s]; None: no limit.

    Raises:
        WorkerDied: no process can be started.
    """

    def __init__(self, number: int, worlds: range, buffers: int, spec: int, timeout: float | None) -> None:
        self.number = number
        self.worlds = worlds
        self.files = (buffers, spec)
        self.timeout = timeout
        self.pending = False  # whether a reply is due
        self.start()

    def start(self) -> None:
        """Start a process, also in place of a dead one.

        Raises:
            WorkerDied: no process can be started.
        """
        self.pending = self.ready = False
        try:
            part = (self.worlds.start, self.worlds.stop)
            child = ChildProcess("roboschool.workers.worker:work", *self.files, *part, files=self.files)
        except OSError as error:
            raise WorkerDied(f"no process can be started: {error}") from None
        self.channel = Channel(child)

    @property
    def dead(self) -> bool:
        """Whether the process is known to have ended."""
        return self.channel.closed

    def send(self, method: str, *arguments: Any) -> None:
        """Request a call of a method of its `EnvBatch`; `receive` raises if the worker is dead."""
        extra = 0.0 if self.ready else START
        self.pending = True
        request = pickle.dumps((method, arguments))
        self.channel.send(request, None if self.timeout is None else self.timeout + extra)

    def receive(self) -> Any:
        """Wait for what the method returns, and return it.

        Raises:
            WorkerDied: the worker has died, or the reply is late.
            Exception: the method has raised it.
        """
        try:
            kind, value = pickle.loads(self.channel.receive())
        except ChildTimedOut:
            raise WorkerDied(f"no answer within {self.timeout:g} s") from None
        except ChildDied as error:
            raise WorkerDied(str(error)) from None
        self.ready, self.pending = True, False
        if kind == "raised":
            raised, where = value
            raise pickle.loads(raised) from RaisedInWorker(f"worker {self.number}:\n{where}")
        return value

    def call(self, method: str, *arguments: Any) -> Any:
        """Call a method of its `EnvBatch`, and return what that returns.

        Raises:
            WorkerDied: the worker has died, or the reply is late.
            Exception: the method has raised it.
        """
        self.send(method, *arguments)
        return self.receive()


def kill_workers(workers: Iterable[Worker]) -> None:
    """Kill workers at once, whatever they are doing; a second call does nothing."""
    kill_all(worker.channel.child for worker in workers)


def work(descriptor: int, buffers: int, spec: int, start: int, stop: int) -> None:
    """Build some worlds and call what is requested, until the trainer is gone: the entry of the process."""
    requests = Requests(descriptor)
    batch = _build(buffers, spec, slice(start, stop))
    for request in requests:
        method, arguments = pickle.loads(request)
        requests.reply(pickle.dumps(_call(batch, method, arguments) if isinstance(batch, EnvBatch) else batch))


Reply = tuple[str, Any]


def _build(buffers: int, file: int, worlds: slice) -> EnvBatch | Reply:
    try:
        spec: BatchSpec
        layout: Layout
        spec, layout = cloudpickle.loads(os.pread(file, os.fstat(file).st_size, 0))
        part = layout.allocate(mmap.mmap(buffers, layout.size)).part(worlds)
        return EnvBatch(spec, part, keep_origins=True, first=worlds.start)
    except MemoryError:
        raise  # another process may have more
    except Exception as error:
        return _raised(error)


def _call(batch: EnvBatch, method: str, arguments: tuple[Any, ...]) -> Reply:
    try:
        return "returned", getattr(batch, method)(*arguments)
    except MemoryError:
        raise  # another process may have more
    except Exception as error:
        return _raised(error)


def _raised(error: Exception) -> Reply:
    where = traceback.format_exc()
    try:
        text = cloudpickle.dumps(error)
        pickle.loads(text)
    except Exception:  # its own pickling may raise anything
        text = pickle.dumps(RuntimeError(f"{type(error).__name__}: {error}"))
    return "raised", (text, where)
