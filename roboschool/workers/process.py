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
from pathlib import Path
from typing import Any

PAUSE = 0.002  # between two looks at a process that ends [s]
REAP = 1.0  # how long an end may take; the kernel goes on alone then [s]
RELAYED = 128  # an exit status above it is the signal that ended a launcher's process
STOPPED = "Tt"  # states of a process in `/proc`
START_CODE = "import sys; sys.path[:] = {path}; from {module} import {name}; {name}({line}{arguments})"


class ChildProcess:
    """A process that runs a function of ours, given its end of the line.

    Args:
        entry: the function, as "package.module:name"; its first argument is the file descriptor of the line.
        arguments: more of them, numbers or words.
        files: file descriptors that it shares with us.
        packets: whether the line is a socket that keeps messages apart, instead of a `Connection`.
        path: where it looks for modules, if not where we do.
        output: file descriptor, or `subprocess.DEVNULL`, for what it prints; None: where we print.
        launcher: the command that starts the interpreter, if one does.

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
        launcher: Sequence[str] = (),
    ) -> None:
        line, end = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET if packets else socket.SOCK_STREAM)
        tip, self.lifeline = os.pipe()
        self.line: Any = line if packets else Connection(line.detach())
        self.over = False  # whether it has been ended, or found to have
        self.killed = False  # whether `end` has found that SIGKILL, which was not ours, has ended it
        threads = {"OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1"}  # the cores belong to the other processes
        module, _, name = entry.partition(":")
        code = START_CODE.format(
            path=[folder for folder in (sys.path if path is None else path) if isinstance(folder, str)],
            module=module,
            name=name,
            line=end.fileno(),
            arguments="".join(f", {argument!r}" for argument in arguments),
        )
        try:
            self.process = subprocess.Popen(
                [*launcher, sys.executable, "-c", code],
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                pass_fds=(end.fileno(), tip, *files),
                env=threads | os.environ,
                start_new_session=True,  # Ctrl-C is ours
            )
            _end_with_us(tip, self.process.pid)
        except OSError:
            self.disconnect()
            raise
        finally:
            end.close()
            os.close(tip)
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
        """Return whether the process has ended; its number stays its own."""
        if self.process.returncode is not None:
            return True
        try:
            return os.waitid(os.P_PID, self.process.pid, os.WEXITED | os.WNOWAIT | os.WNOHANG) is not None
        except ChildProcessError:
            return True  # somebody else has waited for it, or SIGCHLD is ignored

    def _kill_group(self) -> None:
        """Kill the process, and those that it has started and that have stayed in its session."""
        try:
            os.waitid(os.P_PID, self.process.pid, os.WEXITED | os.WNOWAIT | os.WNOHANG)
        except ChildProcessError:
            return  # its number may be another's by now
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.kill()

    def disconnect(self) -> None:
        """Close our end, at which the kernel ends the process unless somebody else holds it, as after a fork."""
        self.over = True
        self.line.close()
        os.close(self.lifeline)

    def kill(self) -> None:
        """End the process now, and those it has started; again does nothing."""
        kill_all([self])

    def end(self) -> str:
        """Return how the process has ended, in words."""
        deadline = time.monotonic() + REAP
        while not (ended := self._has_ended()) and time.monotonic() < deadline:
            time.sleep(PAUSE)
        self._kill_group()  # before its number is free for others
        code = self.process.wait() if ended else 0
        self.killed = code == -signal.SIGKILL
        self.kill()
        known = {int(kind): kind.name for kind in signal.Signals}
        if code < 0:
            return f"killed by {known.get(-code, f'signal {-code}')}"
        relayed = known.get(code - RELAYED)  # what launchers say of a process that was killed
        return f"ended with exit status {code}" + (f", as by {relayed}" if relayed else "")


def kill_all(children: Iterable[ChildProcess]) -> None:
    """End processes now, and those they have started, whatever they are doing; again does nothing."""
    killed = [child for child in children if not child.over]
    for child in killed:
        child._kill_group()
        child.disconnect()
    deadline = time.monotonic() + REAP
    for child in killed:
        with contextlib.suppress(subprocess.TimeoutExpired):  # the kernel then ends it as soon as it can
            child.process.wait(max(0.0, deadline - time.monotonic()))


_children: "weakref.WeakSet[ChildProcess]" = weakref.WeakSet()


def pids() -> set[int]:
    """Return the numbers of all processes that have been started here."""
    return {child.process.pid for child in list(_children)}


def _hang_up_in_fork() -> None:
    """Let a process that is forked from ours keep none of them alive."""
    for child in list(_children):
        if not child.over:
            child.disconnect()


os.register_at_fork(after_in_child=_hang_up_in_fork)


def _end_with_us(lifeline: int, group: int) -> None:
    """Let the kernel kill a process group when nobody holds the other end of a pipe any more, as when we have died.

    SIGKILL ends processes that are stopped, too. `PR_SET_PDEATHSIG` would end them with the thread that has started
    them, although the trainer goes on.
    """
    fcntl.fcntl(lifeline, fcntl.F_SETOWN, -group)
    fcntl.fcntl(lifeline, fcntl.F_SETSIG, signal.SIGKILL)
    fcntl.fcntl(lifeline, fcntl.F_SETFL, fcntl.fcntl(lifeline, fcntl.F_GETFL) | os.O_ASYNC)
