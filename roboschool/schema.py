"""Checks values against types with bounds (`msgspec.Meta` in annotations), and tells all faults at once."""

import dataclasses
import math
import re
from collections.abc import Iterator, Mapping, Sequence
from types import UnionType
from typing import Annotated, Any, Union, get_args, get_origin, get_type_hints

import msgspec
import numpy as np

from roboschool.errors import LONGEST_NAME, raise_faults, suggest

DEEPEST = 32  # tables and lists inside each other
MOST_BITS = 128  # of a whole number, such as a seed
SURROGATE = re.compile(r"[\ud800-\udfff]")  # half a character


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
    for name, hint in get_type_hints(type(record), include_extras=True).items():
        value, at = getattr(record, name), f"{key}.{name}" if key else name
        if isinstance(value, list):
            yield f"{at}: {value!r:.80} is a list, not a tuple"
        else:
            yield from find_faults(value, hint, at)


def find_faults(value: Any, schema: Any, key: str = "", depth: int = 0) -> Iterator[str]:
    """Go through the faults of a value that must be of the type `schema`: unknown and missing keys, types, bounds.

    Args:
        value: tables, lists, texts and numbers, or an instance of the type.
        schema: a type; bounds are `msgspec.Meta` in its annotations.
        key: where the value is.
        depth: in how many tables and lists it is.
    """
    at = f"{key}: " if key else ""
    unusable = f"more than {DEEPEST} tables or lists inside each other" if depth > DEEPEST else _unusable(value)
    if unusable:
        yield at + unusable
    elif isinstance(value, dict):
        yield from _table_faults(value, schema, key, depth)
    elif isinstance(value, list | tuple):
        yield from _list_faults(value, schema, key, depth)
    else:
        yield from _leaf_faults(value, schema, at)


def _table_faults(value: Mapping[str, Any], schema: Any, key: str, depth: int) -> Iterator[str]:
    arms, _ = _arms(schema)
    record = next((arm for arm in arms if dataclasses.is_dataclass(arm)), None)
    hints = get_type_hints(record, include_extras=True) if record else {}
    other = next((get_args(arm)[1] for arm in arms if get_origin(arm) is dict), Any)
    told: list[str] = []
    for name, item in value.items():
        at = f"{key}.{name}" if key else name
        if (record and name not in hints) or _unusable(name):
            told.append(f"unknown key {at!r:.{LONGEST_NAME}}{suggest(name, hints)}")
        else:
            told += find_faults(item, hints.get(name, other), at, depth + 1)
    yield from told
    for field in dataclasses.fields(record) if record else ():
        needed = field.default is field.default_factory is dataclasses.MISSING
        if needed and field.name not in value and not any(f"did you mean {field.name!r}" in text for text in told):
            yield f"missing key {f'{key}.{field.name}' if key else field.name!r}"
    if record is None and not told:
        yield from _leaf_faults(value, schema, f"{key}: " if key else "")


def _list_faults(value: Sequence[Any], schema: Any, key: str, depth: int) -> Iterator[str]:
    arms, meta = _arms(schema)
    kind = next((arm for arm in arms if get_origin(arm) in (tuple, list)), None)
    inside = get_args(kind)
    fixed = get_origin(kind) is tuple and inside[-1] is not Ellipsis
    if fixed and len(inside) != len(value):
        yield f"{key}: {value!r:.80} has the length {len(value)}, not {len(inside)}"
        return
    if meta and not (meta.min_length or 0) <= len(value) <= (meta.max_length or math.inf):
        yield f"{len(value)} {key}, not {meta.min_length or 0} to {meta.max_length}"
        return
    faulty = False
    for place, item in enumerate(value):
        element = inside[place] if fixed else inside[0] if inside else Any
        for fault in find_faults(item, element, f"{key}[{place}]", depth + 1):
            faulty = True
            yield fault
    if not faulty and kind is None:
        yield from _leaf_faults(value, schema, f"{key}: ")
    elif not faulty and fixed and _arms(inside[0])[0][0] in [_arms(arm)[0][0] for arm in arms] and value[0] > value[1]:
        yield f"{key}: a range begins with its lower end, not {value[0]:g}, {value[1]:g}"


def _leaf_faults(value: Any, schema: Any, at: str) -> Iterator[str]:
    value = value.item() if isinstance(value, np.generic) else value
    parts, bounds = _arms(schema)
    arms = [(_arms(part)[0][0], bounds or _arms(part)[1]) for part in parts]
    classes = [arm for arm, _ in arms if isinstance(arm, type) and arm.__module__ not in ("builtins", "typing")]
    if isinstance(value, tuple(classes)):
        return  # made in Python
    try:
        msgspec.convert(value, schema)
    except msgspec.ValidationError as error:
        kind = float if type(value) is int else type(value)
        meta = next((meta for arm, meta in arms if meta and arm in (kind, type(value))), None)
        told = _describe(meta) if meta else ""
        yield f"{at}{value!r:.{LONGEST_NAME}} is not {told}" if told else f"{at}{error}".replace(" - at `$", " at `")


def _arms(schema: Any) -> tuple[tuple[Any, ...], msgspec.Meta | None]:
    """Return the types of which a value must be one, and the bounds on all of them."""
    meta = None
    if get_origin(schema) is Annotated:
        schema, *metas = get_args(schema)
        meta = next((meta for meta in metas if isinstance(meta, msgspec.Meta)), None)
    return get_args(schema) if get_origin(schema) in (Union, UnionType) else (schema,), meta


def _describe(meta: msgspec.Meta) -> str:
    """Return in words what a value must be."""
    if meta.description:
        return meta.description
    if meta.ge is not None and meta.le is not None:
        return f"between {meta.ge:g} and {meta.le:g}"
    words = {"at least": meta.ge, "above": meta.gt, "at most": meta.le, "below": meta.lt}
    return " and ".join(f"{word} {bound:g}" for word, bound in words.items() if bound is not None)


def _unusable(value: Any) -> str:
    """Return why a number or a text cannot be used; nothing if it can."""
    if isinstance(value, float) and not math.isfinite(value):
        return f"{value} is not a finite number"
    if isinstance(value, int) and value.bit_length() > MOST_BITS:
        return f"a whole number of {value.bit_length()} bits, more than {MOST_BITS}"
    if isinstance(value, str) and SURROGATE.search(value):
        return f"{value!r:.{LONGEST_NAME}} has half of a surrogate pair in it, which is no character"
    return ""
