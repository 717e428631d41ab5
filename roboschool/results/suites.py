"""Suites: variants to train on and variants to be judged by, `roboschool/splits/<suite>.toml`, each with a hash.

An organiser may keep a part secret: `secret` in a file is the hash of a number that is published later. The variants
follow from the number, so that it can be checked that they were chosen before anyone was judged.
"""

import dataclasses
import functools
import hashlib
import json
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Annotated, Any

import numpy as np

from roboschool.bodies.family import EACH
from roboschool.errors import InvalidInput, check_choice
from roboschool.evaluation import FIRST_SEED
from roboschool.readers import read_toml
from roboschool.results.row import HELD_OUT, TRAINED_ON
from roboschool.scenes.variants import AXES
from roboschool.schema import Bounds, Pattern, Size

FOLDER = Path(__file__).resolve().parents[1] / "splits"
ENDING = ".toml"
TRAINED = 50  # variants of the train range that a policy is played in
SECRETS = 50  # variants of a secret part
SECRET = "secret"
AXIS = f"({'|'.join(AXES)})"

Range = Annotated[tuple[int, int], Bounds(0, 10**9)]


@dataclass(frozen=True, kw_only=True)
class Suite:
    """The content of a file."""

    summary: str
    axis: Annotated[str, Pattern(rf"{AXIS}(\+{AXIS})*", "axes of variants, like 'body+ground'")]
    train: Range  # seeds, from the first to the last
    held_out: Annotated[dict[str, Range], Size(1, 20)]
    secret: Annotated[str, Pattern(r"([0-9a-f]{64})?", "a SHA-256, or nothing")] = ""
    seeds: dict[str, tuple[int, ...]] = field(default_factory=dict)  # of a secret part that is known

    @property
    def sha256(self) -> str:
        """The hash of all that decides what is played."""
        return hashlib.sha256(json.dumps(asdict(self), sort_keys=True).encode()).hexdigest()

    def parts(self) -> dict[str, list[int]]:
        """Return the seeds of each part that is held out, and those of the train range that are played, first."""
        first, last = self.train
        known = {"train": list(range(first, min(last + 1, first + TRAINED)))}
        known |= {name: list(range(low, high + 1)) for name, (low, high) in self.held_out.items()}
        return known | {name: list(seeds) for name, seeds in self.seeds.items()}

    def plan(self) -> list[tuple[int, str, str]]:
        """Return seed, variant and split of every episode: one for each variant."""
        variants = [
            (",".join(f"{axis}={seed}" for axis in self.axis.split("+")), TRAINED_ON if part == "train" else HELD_OUT)
            for part, seeds in self.parts().items()
            for seed in seeds
        ]
        return [(FIRST_SEED + place, variant, split) for place, (variant, split) in enumerate(variants)]

    def part_of(self, variant: str) -> str:
        """Return the part to which a variant belongs."""
        seed = int(variant.partition("=")[2].partition(",")[0])
        return next(name for name, seeds in self.parts().items() if seed in seeds)


def suite_names() -> list[str]:
    """Return the names of all suites."""
    return sorted(path.stem for path in FOLDER.glob(f"*{ENDING}"))


@functools.cache
def load_suite(name: str) -> Suite:
    """Return a suite.

    Raises:
        InvalidInput: there is none of that name, or its file is wrong.
    """
    path = FOLDER / f"{check_choice(name, suite_names(), 'suite')}{ENDING}"
    suite = read_toml(path, Suite)
    for key, (low, high) in {"train": suite.train, **suite.held_out}.items():
        others = [other for name, other in {"train": suite.train, **suite.held_out}.items() if name != key]
        if low > high or any(low <= last and first <= high for first, last in others):
            raise InvalidInput(f"{path}: {key}: {low} to {high} is empty, or has variants of another part")
    return suite


def commit_secret(name: str, number: int) -> str:
    """Return what is published before a suite with a secret part is used: the hash of its number.

    The number must not be guessed: take one of `secrets.randbits(120)`.
    """
    return hashlib.sha256(f"roboschool {name} {number}".encode()).hexdigest()


def reveal(name: str, suite: Suite, number: int) -> Suite:
    """Return a suite with its secret part, which a number decides.

    Raises:
        InvalidInput: it is not the number whose hash was published.
    """
    if not suite.secret or commit_secret(name, number) != suite.secret:
        raise InvalidInput(f"suite {name!r}: the number does not have the hash that was published")
    drawn: Any = np.random.default_rng(number).choice(EACH, SECRETS, replace=False)
    return dataclasses.replace(suite, seeds={SECRET: tuple(int(seed) for seed in drawn)})
