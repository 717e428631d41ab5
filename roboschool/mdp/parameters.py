"""Bounds of parameters, declared in annotations: `line: Annotated[float, Range(0.5, 100.0)] = 4.0`."""

import functools
from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any, get_type_hints

from roboschool.errors import InvalidInput, check_range


@dataclass(frozen=True)
class Range:
    """Within which a number must be, or each number of a tuple, or both ends of what may be drawn; both inclusive."""

    low: float
    high: float


@functools.cache
def _ranges(part: type) -> Mapping[str, Range]:
    hints = get_type_hints(part, include_extras=True)
    found = {}
    for field in fields(part):
        for note in getattr(hints[field.name], "__metadata__", ()):
            if isinstance(note, Range):
                found[field.name] = note
    return found


def check_parameters(part: Any) -> None:
    """Check the parameters of a task or a game, a dataclass, against the ranges in their annotations.

    Raises:
        InvalidInput: one is out of its range.
    """
    kind: Any = type(part)
    for name, bounds in _ranges(kind).items():
        value = getattr(part, name)
        for number in value if isinstance(value, tuple) else (value,):
            check_range(name, number, bounds.low, bounds.high)
        if isinstance(value, list):
            raise InvalidInput(f"{name}: {value} is a list, not a tuple")
