"""Reads and writes rows. A file that is read is checked completely; names in it open nothing."""

import dataclasses
import functools
import hashlib
import json
import os
from dataclasses import asdict, dataclass
from pathlib import Path
from types import UnionType
from typing import Annotated, Any, Union, get_args, get_origin, get_type_hints

import msgspec

from roboschool.errors import InvalidInput, raise_faults
from roboschool.readers import parse_json, read_bytes
from roboschool.results.row import VERSION, Episode, Row, find_row_faults
from roboschool.schema import Bounds, Pattern, Size, convert
from roboschool.writers import replace

LARGEST = 8 * 2**20  # [bytes]
ENDING = ".json"
WIDTH = 100  # of a line that is not broken
VERIFIED = "verified.json"  # in the folder of rows: what `roboschool results verify --record` has found
USUAL = {key: getattr(Episode, key) for key in ("variant", "split")}  # left out


@dataclass(frozen=True)
class RowFile:
    """A file, as it was when it was read."""

    path: Path
    row: Row
    sha256: str  # of its bytes


def read_row(path: Path) -> Row:
    """Return the row in a file.

    Raises:
        InvalidInput: see `open_row`.
    """
    return open_row(path).row


def open_row(path: Path) -> RowFile:
    """Return the row in a file, with what it was read from.

    Raises:
        InvalidInput: the file cannot be read, is of a newer version, or has missing, unknown or impossible fields; the
            message tells all faults.
    """
    data = read_bytes(path, LARGEST)
    return RowFile(path, _parse(path, data), hashlib.sha256(data).hexdigest())


def _parse(path: Path, data: bytes) -> Row:
    try:
        msgspec.json.decode(data, type=_strict(Row))
        row: Row = msgspec.json.decode(data, type=Row)
    except (ValueError, RecursionError):  # the slow way, which finds all faults
        raw = parse_json(data, str(path), largest=LARGEST)
        version = raw.get("version") if isinstance(raw, dict) else None
        if isinstance(version, int) and version > VERSION:
            raise InvalidInput(
                f"{path}: version {version} is newer than {VERSION}, which this package reads; update it"
            ) from None
        row = convert(raw, Row, str(path))
    raise_faults(str(path), find_row_faults(row))
    return row


def write_row(path: Path, row: Row) -> None:
    """Write a row, one line for each episode.

    Raises:
        InvalidInput: the file cannot be written.
    """
    replace(path, format_row(row).encode())


def format_row(row: Row) -> str:
    """Return the text of a row's file; equal rows have equal texts."""
    return _lines(asdict(row), 0) + "\n"


def _lines(value: Any, depth: int) -> str:
    """Return JSON that is indented down to the episodes, each on one line without what is usual."""
    if isinstance(value, dict) and "actions" in value:
        return json.dumps({key: item for key, item in value.items() if item != USUAL.get(key)})
    flat = json.dumps(value, ensure_ascii=False)
    if len(flat) <= WIDTH or not isinstance(value, dict | list | tuple):
        return flat
    pad = " " * (depth + 1)
    if isinstance(value, dict):
        parts = [f"{pad}{json.dumps(key)}: {_lines(item, depth + 1)}" for key, item in value.items()]
        return "{\n" + ",\n".join(parts) + "\n" + " " * depth + "}"
    return "[\n" + ",\n".join(pad + _lines(item, depth + 1) for item in value) + "\n" + " " * depth + "]"


def find_rows(folder: Path) -> list[Path]:
    """Return the files of rows in a folder, by name.

    Raises:
        InvalidInput: there is no such folder.
    """
    if not os.path.isdir(folder):
        raise InvalidInput(f"{folder}: not a folder of rows; `roboschool results add RUN` makes one")
    return sorted(path for path in folder.glob(f"*{ENDING}") if path.name != VERIFIED)


@functools.cache
def _strict(schema: Any) -> Any:
    """Return a type for msgspec that checks what our annotations say, unknown keys included, a hundred times as fast.

    It does not serve for ranges, `[low, high]` beside a number, on which msgspec crashes; a row has none.
    """
    if dataclasses.is_dataclass(schema):
        hints = get_type_hints(schema, include_extras=True)
        fields = [_strict_field(part, hints[part.name]) for part in dataclasses.fields(schema)]
        return msgspec.defstruct(getattr(schema, "__name__", ""), fields, forbid_unknown_fields=True, kw_only=True)
    if get_origin(schema) is Annotated:
        base, *rules = get_args(schema)
        parts: Any = (_strict(base), *map(_meta, rules))
        return Annotated[parts]
    if get_origin(schema) in (Union, UnionType):
        return Union[tuple(map(_strict, get_args(schema)))]  # noqa: UP007 - made here
    if get_origin(schema) is tuple:
        return tuple[tuple(part if part is Ellipsis else _strict(part) for part in get_args(schema))]  # type: ignore
    if get_origin(schema) is dict:
        return dict[tuple(map(_strict, get_args(schema)))]  # type: ignore
    return schema


def _strict_field(part: Any, hint: Any) -> tuple[Any, ...]:
    if part.default is not dataclasses.MISSING:
        return part.name, _strict(hint), part.default
    if part.default_factory is not dataclasses.MISSING:
        return part.name, _strict(hint), msgspec.field(default_factory=part.default_factory)
    return part.name, _strict(hint)


def _meta(rule: Any) -> msgspec.Meta:
    """Return a rule of ours as one of msgspec."""
    if isinstance(rule, Bounds):
        return msgspec.Meta(ge=rule.low, le=rule.high)
    if isinstance(rule, Size):
        return msgspec.Meta(min_length=rule.least, max_length=rule.most)
    assert isinstance(rule, Pattern)
    return msgspec.Meta(pattern=f"^(?:{rule.pattern})\\Z")
