"""Checkpoints of a training: everything from which it continues to the same bits, in one safetensors file."""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from roboschool.errors import InvalidInput
from roboschool.learning.settings import Settings
from roboschool.readers import parse_json, read_tensors
from roboschool.schema import convert
from roboschool.writers import write_tensors

FORMAT = "roboschool-training-1"
LARGEST = 2**30  # [bytes]
WORD = 2**64


@dataclass(frozen=True)
class Plan:
    """What a training does."""

    scene: str  # its name, or the path of its file
    id: str  # of the scene, with its version
    options: dict[str, Any]  # override keys of the scene's file
    agents: tuple[str, ...]  # that learn
    settings: Settings
    seed: int
    steps: int  # of the training, of all rows


@dataclass(frozen=True)
class Progress:
    """How far a training has come."""

    steps: int = 0  # of all rows
    seconds: float = 0.0  # [s]


@dataclass(frozen=True)
class Header:
    """The metadata of a checkpoint."""

    plan: Plan
    progress: Progress


def write_checkpoint(path: Path, plan: Plan, progress: Progress, tensors: dict[str, np.ndarray]) -> None:
    """Write a checkpoint.

    Raises:
        InvalidInput: it cannot be written; the old file is unchanged.
    """
    header = json.dumps(asdict(Header(plan, progress)))
    write_tensors(path, tensors, {"format": FORMAT, "training": header})


def read_checkpoint(path: Path) -> tuple[Plan, Progress, dict[str, np.ndarray]]:
    """Return what `write_checkpoint` was given.

    Raises:
        InvalidInput: the file is missing, damaged, or not a checkpoint of this version.
    """
    metadata, tensors = read_tensors(path, LARGEST)
    if metadata.get("format") != FORMAT:
        raise InvalidInput(f"{path}: its format is {metadata.get('format')!r:.80}, not {FORMAT!r}")
    header: Header = convert(parse_json(metadata.get("training", ""), f"{path}: training"), Header, f"{path}: training")
    return header.plan, header.progress, tensors


def check_tensors(given: Mapping[str, np.ndarray], wanted: Mapping[str, np.ndarray]) -> None:
    """Check that tensors have the names, types and shapes of others, but for lengths that are -1 there.

    Raises:
        InvalidInput: they have not, or hold a number that is not finite.
    """
    if given.keys() != wanted.keys():
        raise InvalidInput(f"holds other tensors than a training has: {sorted(given.keys() ^ wanted.keys())!r:.200}")
    for name, example in wanted.items():
        value = given[name]
        if value.dtype != example.dtype or value.shape != example.shape:
            raise InvalidInput(f"{name} is {value.dtype} {value.shape}, not {example.dtype} {example.shape}")
        if not np.isfinite(value).all():
            raise InvalidInput(f"{name} holds a number that is not finite")


def prefixed(prefix: str, tensors: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
    """Return tensors with a prefix before their names."""
    return {f"{prefix}.{name}": value for name, value in tensors.items()}


def without_prefix(prefix: str, tensors: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
    """Return the tensors with a prefix, without it."""
    begin = f"{prefix}."
    return {name.removeprefix(begin): value for name, value in tensors.items() if name.startswith(begin)}


def save_generator(rng: np.random.Generator) -> np.ndarray:
    """Return the state of a generator of `numpy.random.default_rng` as 6 numbers."""
    state: Any = rng.bit_generator.state
    words = [part for key in ("state", "inc") for part in divmod(state["state"][key], WORD)]
    return np.array([*words, state["has_uint32"], state["uinteger"]], np.uint64)


def load_generator(rng: np.random.Generator, saved: np.ndarray) -> None:
    """Set the state of a generator to what `save_generator` has returned."""
    high, low, inc_high, inc_low, has_uint32, uinteger = map(int, saved)
    state = {"state": high * WORD + low, "inc": inc_high * WORD + inc_low}
    rng.bit_generator.state = {
        "bit_generator": "PCG64",
        "state": state,
        "has_uint32": min(has_uint32, 1),
        "uinteger": uinteger % 2**32,
    }
