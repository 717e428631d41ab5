"""Channels: requests to a child process, and its replies, with a timeout and errors for a child that has ended."""

import math
import time
from collections.abc import Collection, Iterator
from contextlib import suppress
from multiprocessing.connection import Connection
from select import POLLIN, poll
from socket import socket

from roboschool.workers.process import ChildProcess, PacketConnection

SLICE = 0.25  # longest single wait [s]; time in which this process was stopped counts as one slice at most


class ChildError(Exception):
    """A child process has not replied; it has been killed."""


class ChildDied(ChildError):
    """The child process has ended; the message says how."""


class ChildTimedOut(ChildError):
    """The child process has not replied in time."""


class ChildStopped(ChildError):
    """The child process was stopped by a signal or a tracer."""


class Channel:
    """The parent's end of a connection.

    Args:
        child: the process.
        detect_stop: whether a child that is stopped is an error.
    """

    def __init__(self, child: ChildProcess, detect_stop: bool = False) -> None:
        self.child = child
        self.detect_stop = detect_stop
        self.timeout: float | None = None
        self.deadline: float | None = None  # of the reply, by `time.monotonic` [s]
        self._poll = poll()
        self._poll.register(child.connection, POLLIN)

    @property
    def closed(self) -> bool:
        """Whether the child has been killed, or is known to have ended."""
        return self.child.closed

    def send(self, request: bytes, timeout: float | None = None) -> None:
        """Send a request. If the child has died, `receive` raises that.

        Args:
            request: a message.
            timeout: in which the reply is due [s]; None: no limit.
        """
        self.timeout = timeout
        self.restart_timeout()
        with suppress(OSError):  # `receive` raises it
            self.child.connection.send_bytes(request)

    def restart_timeout(self) -> None:
        """Restart the child's timeout."""
        self.deadline = None if self.timeout is None else time.monotonic() + self.timeout

    def remaining(self) -> float:
        """Return the time that is left for the reply [s], at least 0."""
        return math.inf if self.deadline is None else max(0.0, self.deadline - time.monotonic())

    def receive(self) -> bytes:
        """Wait for a reply, and return it.

        Raises:
            ChildDied: the child has ended.
            ChildTimedOut: the reply is late.
            ChildStopped: the child is stopped, and that is to be detected.
        """
        if self.closed:
            raise ChildDied("it has ended")
        while not self._poll.poll(0):
            wait([self])
            if not self._poll.poll(0) and (error := self._find_error()):
                self.kill()
                raise error
        try:
            return self.child.connection.recv_bytes()
        except (EOFError, OSError):
            raise ChildDied(self.child.wait()) from None

    def kill(self) -> None:
        """Kill the child at once; a second call does nothing."""
        self.child.kill()

    def _find_error(self) -> ChildError | None:
        """Return why no reply is to be waited for any longer."""
        if self.detect_stop and self.child.stopped:
            return ChildStopped("it was stopped")
        return None if self.remaining() else ChildTimedOut(f"no reply within {self.timeout:g} s")


def wait(channels: Collection[Channel]) -> list[Channel]:
    """Wait until `receive` of one channel or more returns or raises without waiting; return these."""
    replies = poll()
    for channel in channels:
        if not channel.closed:
            replies.register(channel.child.connection, POLLIN)
    while True:
        seconds = min(SLICE, *(0.0 if channel.closed else channel.remaining() for channel in channels))
        start = time.monotonic()
        heard = {descriptor for descriptor, _ in replies.poll(1e3 * seconds)}
        excess = max(0.0, time.monotonic() - start - seconds)  # this process was stopped, or had to wait for a core
        for channel in channels:
            if channel.deadline is not None:
                channel.deadline += excess
        ready = [channel for channel in channels if _is_ready(channel, heard)]
        if ready:
            return ready


def _is_ready(channel: Channel, heard: Collection[int]) -> bool:
    return channel.closed or channel.child.connection.fileno() in heard or channel._find_error() is not None


class Requests:
    """The child's end of a connection: an iterator of requests that ends when the parent is gone.

    Args:
        descriptor: of the connection.
        packets: whether it is a `PacketConnection`, as in `ChildProcess`.
    """

    def __init__(self, descriptor: int, packets: bool = False) -> None:
        self._connection = PacketConnection(socket(fileno=descriptor)) if packets else Connection(descriptor)

    def __iter__(self) -> Iterator[bytes]:
        return self

    def __next__(self) -> bytes:
        """Wait for the next request, and return it."""
        try:
            return self._connection.recv_bytes()
        except (EOFError, ConnectionResetError):
            raise StopIteration from None

    def reply(self, message: bytes) -> None:
        """Reply to the last request; nothing happens if the parent is gone."""
        with suppress(BrokenPipeError, ConnectionResetError):
            self._connection.send_bytes(message)
