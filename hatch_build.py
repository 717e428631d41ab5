"""Compiles the native library when the package is built, or in place with `python hatch_build.py`.

With the system's C compiler, or else with Zig's from the package index (`ziglang`, 100 MB), which is asked for only
then. Without either the package is installed all the same, and its Python backend runs.
"""

import importlib.util
import os
import platform
import shlex
import shutil
import subprocess
import sys
import sysconfig
import tempfile
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

FOLDER = Path("roboschool/physics/native")
NAME = "step.dylib" if sys.platform == "darwin" else "step.so"
OPTIONS = [  # without contraction of floating-point operations, which would change bits
    *("-std=c11", "-O2", "-ffp-contract=off", "-fPIC", "-shared"),
    *("-Wall", "-Wextra", "-Wpedantic", "-Wconversion", "-Werror"),
]
SKIP = "ROBOSCHOOL_BACKEND"  # who sets it to "python" needs no library


class CompileHook(BuildHookInterface):
    """Adds the library to a wheel, or to the source tree of an editable install."""

    def dependencies(self) -> list[str]:
        """Return what must be installed before building."""
        with tempfile.TemporaryDirectory() as folder:
            told = compile_library(Path(self.root), Path(folder) / NAME)
        return ["ziglang"] if told and _can_be_compiled() else []

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Compile before files are collected."""
        root = Path(self.root)
        if version == "editable":
            library = root / FOLDER / NAME
        else:
            self.scratch = tempfile.TemporaryDirectory()  # until this process ends
            library = Path(self.scratch.name) / NAME
        told = compile_library(root, library)
        if told:
            self.app.display_warning(f"Roboschool is installed without its native library and runs slower: {told}")
            return
        build_data["pure_python"] = False
        build_data["tag"] = f"py3-none-{_platform()}"  # Python's version does not matter to it
        if version != "editable":
            build_data["force_include"][str(library)] = str(FOLDER / NAME)


def compile_library(root: Path, library: Path) -> str:
    """Compile the library; return an empty text, or why there is none."""
    if not _can_be_compiled():
        return f"it is for Linux and macOS, and {SKIP} must not be 'python'"
    told = ["no C compiler was found"]
    own = shlex.split(os.environ.get("CFLAGS", ""))
    sources = [str(source) for source in sorted((root / FOLDER).glob("*.c"))]
    for compiler in _compilers():
        half_done = library.with_name(f"{library.name}.{os.getpid()}")  # others may be loading the old one
        command = [*compiler, *OPTIONS, *own, *sources, "-o", str(half_done), "-lm"]
        try:
            subprocess.run(command, check=True, capture_output=True, text=True)
            half_done.replace(library)
            return ""
        except subprocess.CalledProcessError as error:
            told.append(f"{shlex.join(command)}: {error.stderr.strip()}")
        except OSError as error:
            told.append(f"{shlex.join(command)}: {error}")
        finally:
            half_done.unlink(missing_ok=True)
    return told[-1]


def _compilers() -> list[list[str]]:
    own = shlex.split(os.environ.get("CC", ""))
    found = [own] if own else [[name] for name in ("cc", "gcc", "clang") if shutil.which(name)][:1]
    return found + ([[sys.executable, "-m", "ziglang", "cc"]] if importlib.util.find_spec("ziglang") else [])


def _can_be_compiled() -> bool:
    return sys.platform in ("linux", "darwin") and os.environ.get(SKIP) != "python"


def _platform() -> str:
    return sysconfig.get_platform().replace("universal2", platform.machine()).replace("-", "_").replace(".", "_")


if __name__ == "__main__":
    here = Path(__file__).parent
    sys.exit(compile_library(here, here / FOLDER / NAME) or 0)
