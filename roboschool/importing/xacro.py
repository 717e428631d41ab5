"""Expands a file by xacro, in a process of its own: it evaluates expressions, and macros may grow without end.

Run as a program, it expands the file that is its argument onto its output.
"""

import subprocess
import sys
from pathlib import Path
from typing import Any

from roboschool.errors import InvalidInput, one_line
from roboschool.importing.converter import MEMORY, TIMEOUT, limit_process
from roboschool.importing.resolve import LARGEST, Resolver
from roboschool.system_info import install


def expand_xacro(path: Path) -> bytes:
    """Return what xacro makes of a file; packages that it names are found as those of meshes are.

    Raises:
        InvalidInput: xacro is not installed, finds a fault, takes too much time or memory, or makes too much.
    """
    command = [sys.executable, "-m", "roboschool.importing.xacro", str(path)]
    try:
        done = subprocess.run(command, capture_output=True, timeout=TIMEOUT, check=False)
    except subprocess.TimeoutExpired:
        raise InvalidInput(f"{path}: xacro takes more than {TIMEOUT:g} s") from None
    if done.returncode:
        said = done.stderr.decode(errors="replace").strip().splitlines()
        fault = said[-1] if said else f"it takes more time, or memory than {MEMORY} bytes"
        raise InvalidInput(f"{path}: xacro: {one_line(fault, 500)}")
    return done.stdout


def main() -> None:
    """Expand the file that is the argument."""
    limit_process()
    path = Path(sys.argv[1])
    try:
        import xacro
        from xacro import substitution_args

        substitution_args._eval_find = lambda package: _find_package(path, package)
        text = xacro.process_file(str(path)).toxml(encoding="utf-8")
    except ModuleNotFoundError as error:
        sys.exit(f"{error.name} is not installed; {install('import')}")
    except MemoryError:
        sys.exit(f"it takes more memory than {MEMORY} bytes")
    except Exception as error:  # an expression may raise anything
        sys.exit(f"{type(error).__name__}: {' '.join(str(error).split())}")
    if len(text) > LARGEST:
        sys.exit(f"it makes more than {LARGEST} bytes")
    sys.stdout.buffer.write(text)


def _find_package(path: Path, package: Any) -> str:
    """Return the folder of a package by its name: one above the file or beside one of those, or in ROS_PACKAGE_PATH."""
    resolver = Resolver(path)
    for base in (*resolver.above, *resolver.given):
        if base.name == package:
            return str(base)
        if str(package) in {each.name for each in base.iterdir() if each.is_dir()}:
            return str(base / str(package))
    raise InvalidInput(f"package {package!r} is not there; ROS_PACKAGE_PATH may say where it is")


if __name__ == "__main__":
    main()
