"""The containment of policies: their processes start in bubblewrap if it is available, else with limits only."""

import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Collection, Iterable, Sequence
from functools import cache
from pathlib import Path

from roboschool.errors import InvalidInput
from roboschool.multiplayer.address import VARIABLE as KEY_VARIABLE
from roboschool.workers.orphans import memory_limit

BUBBLEWRAP, LIMITS = "bubblewrap", "process limits only"
RECORDED = ("", BUBBLEWRAP, LIMITS)  # values in files; empty: unknown
MEMORY = 4 * 2**30  # limit of a process [bytes]
HIDDEN = ("/tmp", "/var/tmp", "/run")  # have files and sockets of other programs
SCRATCH = "/dev/shm"  # for temporary files in bubblewrap
KEPT = (signal.SIGKILL, signal.SIGSTOP, signal.SIGCHLD)  # signals that cannot be ignored, or are needed
IGNORED = " ".join(str(int(kind)) for kind in signal.valid_signals() if kind not in KEPT)


@cache
def find_containment() -> str:
    """Return `BUBBLEWRAP` if it is installed and can create namespaces here, else `LIMITS`."""
    if not shutil.which("bwrap"):
        return LIMITS
    tried = subprocess.run([*_bubblewrap(()), "true"], capture_output=True, check=False)
    return LIMITS if tried.returncode else BUBBLEWRAP


def shielded() -> list[str]:
    """Return the command that starts a process which ignores all signals that can be ignored.

    Faults of its own, like a segmentation fault, still end it.
    """
    return _shell(f"trap '' {IGNORED}")


def contained(containment: str, shown: Iterable[str]) -> list[str]:
    """Return the command that starts a process of policies.

    Args:
        containment: `BUBBLEWRAP` or `LIMITS`.
        shown: files and folders that it needs.
    """
    limits = (
        f"trap '' {IGNORED}",
        f"ulimit -d {memory_limit(MEMORY) // 1024}",  # soft and hard [KiB]
        "{ echo 1000 > /proc/self/oom_score_adj; } 2> /dev/null",  # if memory runs out it is killed before others
        f"unset {KEY_VARIABLE}",
    )
    return [*_shell(*limits), *(_bubblewrap(shown) if containment == BUBBLEWRAP else ())]


def _shell(*lines: str) -> list[str]:
    """Return a command that runs some lines of shell and then becomes the command that follows."""
    return ["/bin/sh", "-c", "; ".join([*lines, 'exec "$@"']), "sh"]


def _bubblewrap(shown: Iterable[str]) -> list[str]:
    """Return the command that runs another in new namespaces, which end with the thread that starts it."""
    command = ["bwrap", "--unshare-all", "--cap-drop", "ALL", "--die-with-parent"]
    command += ["--ro-bind", "/", "/", "--dev", "/dev", "--proc", "/proc", "--setenv", "TMPDIR", SCRATCH]
    hidden = [folder for folder in HIDDEN if os.path.isdir(folder) and not os.path.islink(folder)]
    for folder in hidden:
        command += ["--tmpfs", folder]
    needed = {os.path.abspath(path) for path in (*shown, sys.prefix, sys.base_prefix, os.getcwd())}
    for path in sorted(needed | {os.path.realpath(path) for path in needed}):
        if any(Path(path).is_relative_to(folder) for folder in hidden):
            command += ["--ro-bind-try", path, path]
    return [*command, "--"]


class Interference(Exception):
    """A process was stopped or killed by an unknown process, perhaps by another policy."""


def interrupted(names: Sequence[str], seed: int, how: str, containment: str) -> InvalidInput:
    """Return the error that ends a tournament or a match whose processes have been ended twice.

    Args:
        names: of the entrants.
        seed: of the match.
        how: what has happened, in words.
        containment: that was in force.
    """
    hint = "" if containment == BUBBLEWRAP else ". Any of their policies can have done it; in bubblewrap none can"
    return InvalidInput(f"match of {' and '.join(names)}, seed {seed}: interrupted twice: {how}{hint}")


def describe_containment(kinds: Collection[str]) -> str:
    """Return what was in force in some matches, in words; nothing where that is not recorded."""
    known = {kind for kind in kinds if kind}
    if known == {BUBBLEWRAP}:
        return "Policies ran in bubblewrap: no network, no view of other processes, a read-only file system."
    if known == {LIMITS}:
        return "Policies ran with process limits only: a class can do whatever the user can."
    return "Policies ran in bubblewrap in some matches, with process limits only in others." if known else ""
