"""Compiles the native libraries when the package is built, or in place with `python hatch_build.py`.

With the system's C compiler, or else with Zig's from the package index (`ziglang`, 100 MB), which is asked for only
then. Without either the package is installed all the same: its Python backend runs, and it draws no pictures.
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

ENDING = ".dylib" if sys.platform == "darwin" else ".so"
OPTIONS = [  # without contraction of floating-point operations, which would change bits
    *("-std=c11", "-ffp-contract=off", "-fPIC", "-shared", "-pthread"),
    *("-Wall", "-Wextra", "-Wpedantic", "-Wconversion", "-Werror"),
]
QUICK = [  # not -ffast-math: where that is linked, it changes how the whole process treats subnormal numbers
    *("-O3", "-fno-math-errno", "-fno-trapping-math", "-fno-signed-zeros", "-fassociative-math", "-freciprocal-math"),
    *(["-msse4.1"] if platform.machine() in ("x86_64", "AMD64") else []),  # every processor since 2008
]
LIBRARIES = {  # and the options of each; physics computes the bits that Python does
    Path("roboschool/physics/native/step").with_suffix(ENDING): ["-O2"],
    Path("roboschool/rendering/native/draw").with_suffix(ENDING): QUICK,
}
SKIP = "ROBOSCHOOL_BACKEND"  # who sets it to "python" wants no library


class CompileHook(BuildHookInterface):
    """Adds the library to a wheel, or to the source tree of an editable install."""

    def dependencies(self) -> list[str]:
        """Return what must be installed before building."""
        with tempfile.TemporaryDirectory() as folder:
            told = compile_libraries(Path(self.root), Path(folder))
        return ["ziglang"] if told and _can_be_compiled() else []

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Compile before files are collected."""
        root = Path(self.root)
        self.scratch = tempfile.TemporaryDirectory()  # until this process ends
        target = root if version == "editable" else Path(self.scratch.name)
        told = compile_libraries(root, target)
        if told:
            warning = "Roboschool is installed without its native libraries, runs slower and draws no pictures"
            self.app.display_warning(f"{warning}: {told}")
            return
        build_data["pure_python"] = False
        build_data["tag"] = f"py3-none-{_platform()}"  # Python's version does not matter to it
        if version != "editable":
            build_data["force_include"] |= {str(target / library): str(library) for library in LIBRARIES}


def compile_libraries(root: Path, target: Path) -> str:
    """Compile the libraries, in the same folders below `target`; return an empty text, or why one is missing."""
    if not _can_be_compiled():
        return f"they are for Linux and macOS, and {SKIP} must not be 'python'"
    return next(filter(None, (_compile(root, target, library, LIBRARIES[library]) for library in LIBRARIES)), "")


def _compile(root: Path, target: Path, library: Path, options: list[str]) -> str:
    told = ["no C compiler was found"]
    own = shlex.split(os.environ.get("CFLAGS", ""))
    sources = [str(source) for source in sorted((root / library.parent).glob("*.c"))]
    finished = target / library
    finished.parent.mkdir(parents=True, exist_ok=True)
    for compiler in _compilers():
        half_done = finished.with_name(f"{library.name}.{os.getpid()}")  # others may be loading the old one
        command = [*compiler, *OPTIONS, *options, *own, *sources, "-o", str(half_done), "-lm"]
        try:
            subprocess.run(command, check=True, capture_output=True, text=True)
            half_done.replace(finished)
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
    sys.exit(compile_libraries(here, here) or 0)
