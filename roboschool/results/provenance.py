"""Where a result is from: the commit of this package, versions, the computer."""

import functools
import subprocess
from importlib import metadata
from pathlib import Path
from typing import Any

from roboschool import system_info
from roboschool.envs.foreign import find_packages, is_foreign

PACKAGES = ("roboschool", "pybullet", "numpy", "gymnasium")  # on which the bits of an episode depend
WATCHED = ("roboschool", "assets", "scenes")  # folders of a checkout
ROOT = Path(__file__).resolve().parents[2]
TIMEOUT = 10.0  # for git [s]


@functools.cache
def commit() -> str:
    """Return the commit of the checkout this package runs from, with "-changed" if files differ; empty if unknown."""
    if not (ROOT / ".git").exists():
        return ""
    try:
        head = _git("rev-parse", "HEAD")
        changed = _git("status", "--porcelain", "--", *WATCHED)
    except (OSError, subprocess.SubprocessError):
        return ""
    return f"{head}{'-changed' * bool(changed)}"


def _git(*words: str) -> str:
    command = ["git", "-C", str(ROOT), *words]
    return subprocess.run(command, capture_output=True, text=True, check=True, timeout=TIMEOUT).stdout.strip()


@functools.cache
def describe(scene: str) -> dict[str, Any]:
    """Return where the results of this process in a scene, given by its id, are from, as keys of a `Row`."""
    packages = [*PACKAGES, *(find_packages(scene) if is_foreign(scene) else ())]
    versions = system_info.versions([package for package in dict.fromkeys(packages) if _is_installed(package)])
    processor = system_info.processor() or "unknown"
    return {"versions": versions, "system": system_info.system(), "processor": processor, "commit": commit()}


def _is_installed(package: str) -> bool:
    try:
        system_info.version(package)
    except metadata.PackageNotFoundError:
        return False
    return True
