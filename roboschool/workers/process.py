"""Child processes. A child ends when its parent ends, and leaves no processes behind that stay in its session."""

import contextlib
import fcntl
import os
import signal
import socket
import subprocess
import sys
import time
import weakref
from collections.abc import Iterable, Sequence
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

POLL_INTERVAL = 0.002  # while a process ends [s]
REAP = 1.0  # longest wait for a killed process; after that it is left to the kernel [s]
LAUNCHER_SIGNAL = 128  # a launcher adds it to the signal that ended its process, and exits with the sum
STOPPED = "Tt"  # states of a process in `/proc`
LARGEST_PACKET = 180_000  # below the default size of a socket's buffer [bytes]
START_CODE = "import sys; sys.path[:] = {path}; from {module} import {name}; {name}({descriptor}{arguments})"


class PacketConnection:
    """A `Connection` whose messages are packets of the kernel: an incomplete message of the other end cannot block us.

    Args:
        socket: of the type `SOCK_SEQPACKET`.
    """

    def __init__(self, socket: socket.socket) -> None:
        self.socket = socket

    def send_bytes(self, message: bytes) -> None:
        """Send a message of at most `LARGEST_PACKET` bytes.

        Raises:
            OSError: the other end is closed, or the message is too large.
        """
        self.socket.send(message)

    def recv_bytes(self) -> bytes:
        """Wait for a message, and return it; one that is too large is cut.

        Raises:
            EOFError: the other end is closed, or the message is empty.
            OSError: the connection is broken.
        """
        message = self.socket.recv(LARGEST_PACKET)
        if not message:
            raise EOFError
        return message

    def fileno(self) -> int:
        """Return the file descriptor."""
        return self.socket.fileno()

    def close(self) -> None:
        """Close the socket."""
        self.socket.close()


class ChildProcess:
    """A Python process that runs a function, and a connection to it.

    Args:
        entry: the function, as "package.module:name"; its first argument is the file descriptor of the child's end of
            the connection.
        arguments: further arguments of the function, numbers or strings.
        files: file descriptors that the child inherits.
        packets: whether the connection is a `PacketConnection`, for a child that is not trusted.
        path: its `sys.path`; None: ours.
        output: file descriptor of its standard output and error, or `subprocess.DEVNULL`; None: ours.
        launcher: a command that starts the interpreter.

    Raises:
        OSError: no process can be started.
    """

    def __init__(
        self,
        entry: str,
        *arguments: Any,
        files: Sequence[int] = (),
        packets: bool = False,
        path: Sequence[str] | None = None,
        output: int | None = None,
        launcher: Sequence[str] = (),
    ) -> None:
        own, other = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET if packets else socket.SOCK_STREAM)
        lifeline_of_child, self.lifeline = os.pipe()
        self.connection = PacketConnection(own) if packets else Connection(own.detach())
        self.closed = False  # whether the connection is closed: the process has been killed, or has ended
        self.killed = False  # whether `wait` has found that the SIGKILL of another process ended it
        threads = {"OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1"}  # the cores belong to the other processes
        module, _, name = entry.partition(":")
        code = START_CODE.format(
            path=[folder for folder in (sys.path if path is None else path) if isinstance(folder, str)],
            module=module,
            name=name,
            descriptor=other.fileno(),
            arguments="".join(f", {argument!r}" for argument in arguments),
        )
        try:
            self.process = subprocess.Popen(
                [*launcher, sys.executable, "-c", code],
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                pass_fds=(other.fileno(), lifeline_of_child, *files),
                env=threads | os.environ,
                start_new_session=True,  # Ctrl-C is for the parent
            )
            _end_with_parent(lifeline_of_child, self.process.pid)
        except OSError:
            self.disconnect()
            raise
        finally:
            other.close()
            os.close(lifeline_of_child)
        _children.add(self)

    @property
    def stopped(self) -> bool:
        """Whether the process is stopped, by a signal or by a tracer."""
        try:
            stat = Path(f"/proc/{self.process.pid}/stat").read_text()
        except OSError:
            return False
        return stat.rpartition(")")[2].split()[0] in STOPPED

    def _has_ended(self) -> bool:
        """Return whether the process has ended; its pid is not released."""
        if self.process.returncode is not None:
            return True
        try:
            return os.waitid(os.P_PID, self.process.pid, os.WEXITED | os.WNOWAIT | os.WNOHANG) is not None
        except ChildProcessError:
            return True  # another thread has waited for it, or SIGCHLD is ignored

    def _kill_group(self) -> None:
        """Kill the process, and those of its children that are still in its session."""
        try:
            os.waitid(os.P_PID, self.process.pid, os.WEXITED | os.WNOWAIT | os.WNOHANG)
        except ChildProcessError:
            return  # another process may have its pid by now
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.kill()

    def disconnect(self) -> None:
        """Close our ends; the kernel then kills the process, unless a fork of ours holds copies of them."""
        self.closed = True
        self.connection.close()
        os.close(self.lifeline)

    def kill(self) -> None:
        """Kill the process and its children at once; a second call does nothing."""
        kill_all([self])

    def wait(self) -> str:
        """Wait until a process that has closed its connection ends; return how it ended, in words."""
        deadline = time.monotonic() + REAP
        while not (ended := self._has_ended()) and time.monotonic() < deadline:
            time.sleep(POLL_INTERVAL)
        self._kill_group()  # before its pid is released
        code = self.process.wait() if ended else 0
        self.killed = code == -signal.SIGKILL
        self.kill()
        known = {int(kind): kind.name for kind in signal.Signals}
        if code < 0:
            return f"killed by {known.get(-code, f'signal {-code}')}"
        by_launcher = known.get(code - LAUNCHER_SIGNAL)
        return f"ended with exit status {code}" + (f", as by {by_launcher}" if by_launcher else "")


def kill_all(children: Iterable[ChildProcess]) -> None:
    """Kill processes and their children at once, whatever they are doing; a second call does nothing."""
    killed = [child for child in children if not child.closed]
    for child in killed:
        child._kill_group()
        child.disconnect()
    deadline = time.monotonic() + REAP
    for child in killed:
        with contextlib.suppress(subprocess.TimeoutExpired):  # the kernel ends it as soon as it can
            child.process.wait(max(0.0, deadline - time.monotonic()))


_children: "weakref.WeakSet[ChildProcess]" = weakref.WeakSet()


def pids() -> set[int]:
    """Return the pids of all child processes that were started by this module."""
    return {child.process.pid for child in list(_children)}


def _disconnect_in_fork() -> None:
    """Close a fork's copies of all connections, so that it keeps no child process alive."""
    for child in list(_children):
        if not child.closed:
            child.disconnect()


os.register_at_fork(after_in_child=_disconnect_in_fork)


def _end_with_parent(lifeline: int, group: int) -> None:
    """Make the kernel kill a process group when the last copy of the other end of a pipe is closed.

    SIGKILL also ends processes that are stopped. `PR_SET_PDEATHSIG` would end them with the thread that started them,
    although the parent process lives on.
    """
    fcntl.fcntl(lifeline, fcntl.F_SETOWN, -group)
    fcntl.fcntl(lifeline, fcntl.F_SETSIG, signal.SIGKILL)
    fcntl.fcntl(lifeline, fcntl.F_SETFL, fcntl.fcntl(lifeline, fcntl.F_GETFL) | os.O_ASYNC)
