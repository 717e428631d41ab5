"""A process of ours at the other end of a line. It cannot outlive us, and leaves nothing behind."""

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
from select import select
from typing import Any

REAP = 1.0  # how long an end may take; the kernel goes on alone then [s]
START_CODE = "import sys; sys.path[:] = {path}; from {module} import {name}; {name}({line}, {lifeline}{arguments})"


class Child:
    """A process that runs a function of ours, given its end of the line and of the lifeline.

    Args:
        entry: the function, as "package.module:name"; its first two arguments are file descriptors: of the line, and
            of what it must give to `end_with_parent`.
        arguments: more of them, numbers or words.
        files: file descriptors that it shares with us.
        packets: whether the line is a socket that keeps messages apart, instead of a `Connection`.
        path: where it looks for modules, if not where we do.
        output: file descriptor, or `subprocess.DEVNULL`, for what it prints; None: where we print.

    Raises:
        OSError: the system can start no process.
    """

    def __init__(
        self,
        entry: str,
        *arguments: Any,
        files: Sequence[int] = (),
        packets: bool = False,
        path: Sequence[str] | None = None,
        output: int | None = None,
    ) -> None:
        line, end = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET if packets else socket.SOCK_STREAM)
        tip, self.lifeline = os.pipe()
        self.line: Any = line if packets else Connection(line.detach())
        self.over = False  # whether it has been ended, or found to have
        threads = {"OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1"}  # the cores belong to the other processes
        module, _, name = entry.partition(":")
        code = START_CODE.format(
            path=[folder for folder in (sys.path if path is None else path) if isinstance(folder, str)],
            module=module,
            name=name,
            line=end.fileno(),
            lifeline=tip,
            arguments="".join(f", {argument!r}" for argument in arguments),
        )
        try:
            self.process = subprocess.Popen(
                [sys.executable, "-c", code],
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                pass_fds=(end.fileno(), tip, *files),
                env=threads | os.environ,
                start_new_session=True,  # Ctrl-C is ours
            )
        except OSError:
            self.hang_up()
            raise
        finally:
            end.close()
            os.close(tip)
        _children.add(self)

    def hang_up(self) -> None:
        """Close our end; what the process does then is its own affair."""
        self.over = True
        self.line.close()
        os.close(self.lifeline)

    def kill(self) -> None:
        """End the process now, and those it has started; again does nothing."""
        kill_all([self])

    def end(self) -> str:
        """Return how the process has ended, in words."""
        with contextlib.suppress(subprocess.TimeoutExpired):
            self.process.wait(REAP)
        code = self.process.poll() or 0
        self.kill()
        if code >= 0:
            return f"ended with exit status {code}"
        known = {int(kind): kind.name for kind in signal.Signals}
        return f"killed by {known.get(-code, f'signal {-code}')}"


def kill_all(children: Iterable[Child]) -> None:
    """End processes now, and those they have started, whatever they are doing; again does nothing."""
    killed = [child for child in children if not child.over]
    for child in killed:
        if child.process.returncode is None:  # not yet waited for, so the number is its own
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.killpg(child.process.pid, signal.SIGKILL)
            child.process.kill()
        child.hang_up()
    deadline = time.monotonic() + REAP
    for child in killed:
        with contextlib.suppress(subprocess.TimeoutExpired):  # the kernel then ends it as soon as it can
            child.process.wait(max(0.0, deadline - time.monotonic()))


_children: "weakref.WeakSet[Child]" = weakref.WeakSet()


def _hang_up_in_fork() -> None:
    """Let a process that is forked from ours keep none of them alive."""
    for child in list(_children):
        if not child.over:
            child.hang_up()


os.register_at_fork(after_in_child=_hang_up_in_fork)


def end_with_parent(lifeline: int) -> None:
    """Let the kernel end this process when the parent's end of a pipe is closed, whatever either is doing then."""
    signal.signal(signal.SIGIO, signal.SIG_DFL)
    fcntl.fcntl(lifeline, fcntl.F_SETOWN, os.getpid())
    fcntl.fcntl(lifeline, fcntl.F_SETFL, fcntl.fcntl(lifeline, fcntl.F_GETFL) | os.O_ASYNC)
    if select([lifeline], [], [], 0.0)[0]:
        sys.exit("the parent has gone")  # before the kernel was asked
