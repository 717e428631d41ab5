"""Finds the files that a URDF names: from its folder, by the name of a package, or by their names upwards.

A file is taken only from inside a root: the robot's package (a folder with package.xml or the like, or else
the one above the URDF's), the folders of
ROS_PACKAGE_PATH, and what the caller allows. Links are followed first, so that none leads out.
"""

import os
import re
from collections.abc import Sequence
from pathlib import Path

from roboschool.errors import InvalidInput, suggest
from roboschool.paths import UNPRINTABLE, list_names

MOST_UPWARDS = 6  # folders above the URDF's that may be, or hold, the package
MARKS = (("package.xml",), ("__init__.py", "pyproject.toml", "setup.py", ".git"))  # of a package; the first count more
VARIABLE = "ROS_PACKAGE_PATH"
LONGEST_NAME = 1000
LICENCES = ("licen[cs]e*", "copying*", "notice*")
LARGEST = 16 * 2**20  # of the text of a robot [bytes]
LARGEST_LICENCE = 2**20  # [bytes]


class Resolver:
    """Finds files for one URDF."""

    def __init__(self, urdf: Path, roots: Sequence[Path] = ()) -> None:
        self.folder = urdf.parent
        self.above = _parents(self.folder)
        marked = (folder for names in MARKS for folder in self.above if any((folder / mark).exists() for mark in names))
        self.home = next(marked, self.above[min(1, len(self.above) - 1)])
        self.within = [folder for folder in self.above if folder.is_relative_to(self.home)]
        named = [Path(text) for text in os.environ.get(VARIABLE, "").split(os.pathsep) if text]
        self.given = [Path(os.path.realpath(root)) for root in (*roots, *named)]

    def find(self, name: str) -> Path | None:
        """Return the real path of the file of a name, None if there is none.

        Raises:
            InvalidInput: the only such file is outside all roots, or the name is no name of a file.
        """
        if UNPRINTABLE.search(name) or not 0 < len(name) <= LONGEST_NAME:
            raise InvalidInput(f"{name!r:.80}: not the name of a file")
        outside: Path | None = None
        for base, rest in self._candidates(name.replace("\\", "/")):
            file = Path(os.path.realpath(base / rest))
            if not file.is_file():
                continue
            if any(file.is_relative_to(root) for root in (base, self.home, *self.given)):
                return file
            outside = file
        if outside is not None:
            raise InvalidInput(
                f"{name}: {outside} is outside {self.home}, the folder of the robot; allow another with --root"
            )
        return None

    def hint(self, name: str) -> str:
        """Return the end of an error about a file that is not there."""
        file = Path(name)
        near = [each for each in list_names(self.folder, file.suffix) if each != file.name] if file.suffix else []
        return suggest(file.name, near) if near else ""

    def _candidates(self, name: str) -> list[tuple[Path, str]]:
        """Return where a file may be, the likeliest first: a root and the name in it."""
        scheme = re.match(r"([a-zA-Z][a-zA-Z0-9+.-]*):/+", name)
        kind = scheme[1].lower() if scheme else ""
        if kind not in ("", "package", "model", "file"):
            raise InvalidInput(f"{name:.200}: URLs are not followed")
        rest = name[scheme.end() :] if scheme else name
        found: list[tuple[Path, str]] = []
        if kind in ("package", "model"):
            package, _, inner = rest.partition("/")
            for base in (*self.above, *self.given):
                folder = Path(os.path.realpath(base / package))
                inside = folder.parent == base and not package.startswith(".")  # no `..`, no link that leads out
                found += [(folder, inner)] if inside and folder.is_dir() else []
                found += [(base, inner)] if base.name == package else []
            found += [(base, inner) for base in (*self.within, *self.given)]
        elif kind == "file" or rest.startswith("/"):
            found.append((self.home, f"/{rest.lstrip('/')}"))
        else:
            found.append((self.home, str(self.folder / rest)))
        parts = [part for part in rest.split("/") if part not in ("", ".", "..")]
        tails = ["/".join(parts[start:]) for start in range(len(parts))]
        found += [(base, tail) for tail in tails for base in (*self.within, *self.given)]
        return [(Path(os.path.realpath(base)), inner) for base, inner in found if inner]

    def licences(self) -> list[Path]:
        """Return the files with licences beside the URDF and up to the robot's package."""
        found: list[Path] = []
        for folder in self.within:
            for file in sorted(folder.iterdir()):
                named = any(re.fullmatch(mark.replace("*", ".*"), file.name.lower()) for mark in LICENCES)
                real = Path(os.path.realpath(file))
                if named and real.is_file() and real.is_relative_to(self.home):
                    found += [real] if real.stat().st_size <= LARGEST_LICENCE else []
        return found


def _parents(folder: Path) -> list[Path]:
    """Return a folder and some above it, but not those that hold other people's things."""
    top = {Path("/"), Path.home(), Path.home().parent, Path(os.path.realpath("/tmp"))}
    found = [folder]
    for parent in list(folder.parents)[:MOST_UPWARDS]:
        if parent in top or len(parent.parts) < 3:
            break
        found.append(parent)
    return found
