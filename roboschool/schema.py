"""Checks values against types with bounds in their annotations, and reports all faults at once.

The bounds are classes of ours: msgspec 0.22 crashes on `msgspec.Meta` in a union of a number and a tuple.
"""

import dataclasses
import functools
import math
import re
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from types import UnionType
from typing import Annotated, Any, Union, get_args, get_origin, get_type_hints

import msgspec
import numpy as np

from roboschool.errors import LONGEST_NAME, raise_faults, suggest

DEEPEST = 32  # tables and lists inside each other
MOST_BITS = 128  # of a whole number, such as a seed
SURROGATE = re.compile(r"[\ud800-\udfff]")  # half a character


@dataclass(frozen=True)
class Bounds:
    """The least and the greatest number, or ends of a range."""

    low: float
    high: float
    above: bool = False  # whether `low` itself is excluded

    def fault(self, value: Any) -> str:
        """Return what is wrong with a number; nothing if it is within the bounds."""
        if self.low <= value <= self.high and not (self.above and value == self.low):
            return ""
        return f"{value} is not within {self.low:g}{' (excluded)' * self.above} and {self.high:g}"


@dataclass(frozen=True)
class Size:
    """The least and the greatest number of elements."""

    least: int
    most: int


@dataclass(frozen=True)
class Pattern:
    """What a text must match."""

    pattern: str
    description: str  # of such texts

    def fault(self, value: str) -> str:
        """Return what is wrong with a text; nothing if it matches."""
        return "" if re.fullmatch(self.pattern, value) else f"{value!r:.{LONGEST_NAME}} is not {self.description}"


@dataclass(frozen=True)
class Meaning:
    """What a key says, for people."""

    text: str
    unit: str = ""


def convert(value: Any, schema: Any, where: str) -> Any:
    """Return a value that must be of the type `schema`, as that type.

    Raises:
        InvalidInput: it is not; the message begins with `where` and tells all faults.
    """
    if isinstance(value, np.generic | np.ndarray):
        value = value.tolist()
    raise_faults(where, find_faults(value, schema))
    return msgspec.convert(value, schema)


def check_fields(record: Any, key: str = "") -> Iterator[str]:
    """Go through the faults of the fields of a dataclass that was made in Python.

    Args:
        record: an instance; the annotations of its class state types and bounds.
        key: what a fault begins with, before the name of the field.
    """
    kind: Any = type(record)
    for name, hint in _hints(kind).items():
        value, at = getattr(record, name), f"{key}.{name}" if key else name
        if isinstance(value, list) or (isinstance(value, tuple) and any(isinstance(item, list) for item in value)):
            yield f"{at}: {value!r:.80}: give a tuple, not a list"
        else:
            yield from find_faults(value, hint, at)


def find_faults(value: Any, schema: Any, key: str = "", depth: int = 0) -> Iterator[str]:
    """Go through the faults of a value that must be of the type `schema`: unknown and missing keys, types, bounds.

    Args:
        value: tables, lists, texts and numbers, or an instance of the type.
        schema: a type, whose annotations may hold `Bounds`, `Size` and `Pattern`.
        key: where the value is.
        depth: in how many tables and lists it is.
    """
    unusable = f"more than {DEEPEST} tables or lists inside each other" if depth > DEEPEST else _unusable(value)
    if unusable:
        yield _at(key, unusable)
    elif isinstance(value, dict):
        yield from _table_faults(value, schema, key, depth)
    elif isinstance(value, list | tuple):
        yield from _list_faults(value, schema, key, depth)
    else:
        yield from _leaf_faults(value, schema, key)


def _at(key: str, fault: str) -> str:
    return f"{key}: {fault}" if key else fault


def _table_faults(value: Mapping[str, Any], schema: Any, key: str, depth: int) -> Iterator[str]:
    arms, _ = _arms(schema)
    record: Any = next((arm for arm in arms if dataclasses.is_dataclass(arm)), None)
    hints = _hints(record) if record else {}
    other = next((get_args(arm)[1] for arm in arms if get_origin(arm) is dict), Any)
    found: list[str] = []
    for name, item in value.items():
        at = f"{key}.{name}" if key else name
        if (record and name not in hints) or _unusable(name):
            faults = iter([f"unknown key {at!r:.{LONGEST_NAME}}{suggest(name, hints)}"])
        else:
            faults = find_faults(item, hints.get(name, other), at, depth + 1)
        for fault in faults:
            found.append(fault)
            yield fault
    for field in dataclasses.fields(record) if record else ():
        needed = field.default is field.default_factory is dataclasses.MISSING
        if needed and field.name not in value and not any(f"did you mean {field.name!r}" in text for text in found):
            yield f"missing key {f'{key}.{field.name}' if key else field.name!r}"
    if record is None and not found:
        yield from _leaf_faults(value, schema, key)


def _list_faults(value: Sequence[Any], schema: Any, key: str, depth: int) -> Iterator[str]:
    arms, rules = _arms(schema)
    kind = next((arm for arm in arms if get_origin(arm) in (tuple, list)), None)
    inside = get_args(kind)
    fixed = get_origin(kind) is tuple and inside[-1] is not Ellipsis
    size = next((rule for rule in rules if isinstance(rule, Size)), Size(0, sys.maxsize))
    bounds = next((rule for rule in rules if isinstance(rule, Bounds)), None)
    if fixed and len(inside) != len(value):
        yield _at(key, f"{value!r:.80} has the length {len(value)}, not {len(inside)}")
        return
    if not size.least <= len(value) <= size.most:
        yield f"{len(value)} {key}, not {size.least} to {size.most}"
        return
    faults: list[str] = []
    for place, item in enumerate(value):
        element = inside[place] if fixed else inside[0] if inside else Any
        if bounds and fixed:
            element = Annotated[element, bounds]
        for fault in find_faults(item, element, f"{key}[{place}]", depth + 1):
            faults.append(fault)
            yield fault
    if not faults and kind is None:
        yield from _leaf_faults(value, schema, key)
    elif not faults and float in arms and value[0] > value[1]:
        yield _at(key, f"a range begins with its lower end, not {value[0]:g}, {value[1]:g}")


def _leaf_faults(value: Any, schema: Any, key: str) -> Iterator[str]:
    value = value.item() if isinstance(value, np.generic) else value
    parts, rules = _arms(schema)
    plain = [_arms(part)[0][0] for part in parts]
    classes = [arm for arm in plain if isinstance(arm, type) and arm.__module__ not in ("builtins", "typing")]
    if isinstance(value, tuple(classes)):
        return  # made in Python
    try:
        msgspec.convert(value, schema)
    except msgspec.ValidationError as error:
        yield _at(key, str(error).replace(" - at `$", " at `"))
        return
    for rule in (*rules, *(rule for part in parts for rule in _arms(part)[1])):
        if not isinstance(value, dict | None) and isinstance(rule, Bounds | Pattern) and (fault := rule.fault(value)):
            yield _at(key, fault)


@functools.cache
def _hints(record: Any) -> dict[str, Any]:
    """Return the types of the fields of a dataclass, with their bounds."""
    return get_type_hints(record, include_extras=True)


def _arms(schema: Any) -> tuple[tuple[Any, ...], tuple[Any, ...]]:
    """Return the types of which a value must be one, and the rules for all of them."""
    rules: tuple[Any, ...] = ()
    if get_origin(schema) is Annotated:
        schema, *rest = get_args(schema)
        rules = tuple(rest)
    return get_args(schema) if get_origin(schema) in (Union, UnionType) else (schema,), rules


def _unusable(value: Any) -> str:
    """Return why a number or a text cannot be used; nothing if it can."""
    if isinstance(value, float) and not math.isfinite(value):
        return f"{value} is not a finite number"
    if isinstance(value, int) and value.bit_length() > MOST_BITS:
        return f"a whole number of {value.bit_length()} bits, more than {MOST_BITS}"
    if isinstance(value, str) and SURROGATE.search(value):
        return f"{value!r:.{LONGEST_NAME}} has half of a surrogate pair in it, which is no character"
    return ""
