"""Which backend steps the worlds of a simulation."""

import functools
import os
import warnings
from collections.abc import Sequence

from roboschool.errors import check_choice
from roboschool.physics.backend import Backend, PythonBackend
from roboschool.physics.native.backend import NativeBackend
from roboschool.physics.native.library import NoNativeBackend, load_library
from roboschool.scenes.scene import Scene

VARIABLE = "ROBOSCHOOL_BACKEND"


def make_backend(scenes: Sequence[Scene], backend: str | None = None, threads: int = 1) -> Backend:
    """Build worlds. All backends give the same bits.

    Args:
        scenes: of each world, with the same shapes.
        backend: "native" or "python"; None: what the environment variable ROBOSCHOOL_BACKEND says, which reaches worker
            processes, too. If that is not set: native; python, with a warning, where the library cannot be used.
        threads: number of threads that step worlds at the same time; the Python backend uses one.

    Raises:
        InvalidInput: there is no such backend, or native is asked for and cannot be used, or Bullet cannot load a
            robot.
    """
    wanted = _wanted(backend)
    if wanted == PythonBackend.name:
        return PythonBackend(scenes)
    try:
        return NativeBackend(scenes, threads)
    except NoNativeBackend as error:
        if wanted:
            raise
        _warn(str(error))
        return PythonBackend(scenes)


def default_backend() -> tuple[str, str]:
    """Return the name of the backend that runs if none is asked for, and why it is not the native one.

    Raises:
        InvalidInput: ROBOSCHOOL_BACKEND names none.
    """
    if wanted := _wanted(None):
        return wanted, "" if wanted == NativeBackend.name else f"{VARIABLE} says so"
    try:
        load_library()
    except NoNativeBackend as error:
        return PythonBackend.name, str(error)
    return NativeBackend.name, ""


def _wanted(backend: str | None) -> str:
    wanted = os.environ.get(VARIABLE, "") if backend is None else backend
    if backend is not None or wanted:
        check_choice(wanted, [NativeBackend.name, PythonBackend.name], "backend", VARIABLE if backend is None else "")
    return wanted


@functools.cache  # once in a process
def _warn(why: str) -> None:
    warnings.warn(f"Roboschool runs slower, without its native library: {why}", RuntimeWarning, stacklevel=3)
