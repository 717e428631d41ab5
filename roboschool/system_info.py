"""The machine and versions, for records."""

import os
import platform
from collections.abc import Iterable
from importlib import metadata

DISTRIBUTION = "roboschool2"  # what pip calls this package: "roboschool" of the index is the one of 2017


def cores() -> int:
    """Return how many cores this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def load() -> float | None:
    """Return how many programs have been running at the same time in the last minute; None where it is not known."""
    return round(os.getloadavg()[0], 2) if hasattr(os, "getloadavg") else None


def system() -> str:
    """Return the system, like "Linux x86_64"."""
    return f"{platform.system()} {platform.machine()}"


def processor() -> str:
    """Return the processor's name, or nothing if it is not known."""
    try:
        with open("/proc/cpuinfo") as file:
            return next((line.split(":")[1].strip() for line in file if line.startswith("model name")), "")
    except OSError:
        return platform.processor()


def install(extra: str) -> str:
    """Return the command that installs an extra of this package, which is installed itself."""
    return f"pip install '{DISTRIBUTION}[{extra}]'"


def version(package: str) -> str:
    """Return the version of a package, this one being "roboschool".

    Raises:
        PackageNotFoundError: it is not installed.
    """
    return metadata.version(DISTRIBUTION if package == "roboschool" else package)


def versions(packages: Iterable[str]) -> dict[str, str]:
    """Return the versions of some packages and of Python.

    Raises:
        PackageNotFoundError: one is not installed.
    """
    return {**{package: version(package) for package in packages}, "python": platform.python_version()}
