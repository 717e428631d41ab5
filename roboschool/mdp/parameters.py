"""Checks parameters of tasks and games: `line: Annotated[float, Bounds(0.5, 100.0)] = 4.0`."""

import functools
from collections.abc import Mapping
from dataclasses import fields
from numbers import Real
from typing import Any, get_type_hints

from roboschool.errors import InvalidInput
from roboschool.schema import Bounds


@functools.cache
def _bounds(part: type) -> Mapping[str, Bounds]:
    hints = get_type_hints(part, include_extras=True)
    found = {}
    for field in fields(part):
        for note in getattr(hints[field.name], "__metadata__", ()):
            if isinstance(note, Bounds):
                found[field.name] = note
    return found


def check_parameters(part: Any) -> None:
    """Check the parameters of a task or a game, a dataclass, against the bounds in their annotations.

    Bounds hold for a number, for each number of a tuple, and for both ends of what may be drawn.

    Raises:
        InvalidInput: one is out of its bounds.
    """
    kind: Any = type(part)
    for name, bounds in _bounds(kind).items():
        value = getattr(part, name)
        for number in value if isinstance(value, tuple) else (value,):
            fault = bounds.fault(number) if isinstance(number, Real) else f"{number!r:.80} is not a number"
            if fault:
                raise InvalidInput(f"{name}: {fault}")
