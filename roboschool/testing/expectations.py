"""What a folder of robots and scenes expects of them: its file `check.toml`."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

from roboschool import readers
from roboschool.errors import InvalidInput, raise_faults, suggest
from roboschool.schema import Bounds, find_faults

NAME = "check.toml"


@dataclass(frozen=True)
class Expectation:
    """What is expected of a robot or a scene; the default is nothing beyond what is expected of all."""

    golden: str = ""  # hash of an episode
    score: float | None = None  # the mean return of the policy is at least
    policy: str = ""  # whose score it is: a file that begins at the folder, or a name; by default that of the scene
    episodes: Annotated[int, Bounds(1, 1000)] = 10


def read_expectations(folder: Path, files: Mapping[str, Path]) -> dict[str, Expectation]:
    """Return what is expected of files, by their paths as seen from the folder; empty without a `check.toml`.

    Raises:
        InvalidInput: it is wrong, or names a file that is not there.
    """
    path = folder / NAME
    if not path.is_file():
        return {}
    tables = readers.parse_toml(path)
    unknown = [f"unknown file {name!r:.200}{suggest(name, files)}" for name in tables if name not in files]
    schema = dict[str, Expectation]
    raise_faults(str(path), [*unknown, *find_faults(tables, schema)])
    read: dict[str, Expectation] = readers.read_toml(path, schema)
    for name, expected in read.items():
        if expected.score is not None and not files[name].suffix == ".toml":
            raise InvalidInput(f"{path}: {name!r:.200}: score: only a scene has one")
    return read
