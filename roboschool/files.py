"""Finds and reads the data: robots in `assets/`, scenes in `scenes/`, and the same in the user's own folders."""

import contextlib
import dataclasses
import difflib
import math
import os
import re
import secrets
import sys
from collections.abc import Iterable, Iterator, Mapping
from numbers import Real
from pathlib import Path
from types import UnionType
from typing import Any, TypeVar, Union, get_args, get_origin, get_type_hints

import msgspec
import numpy as np

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

Schema = TypeVar("Schema")

LARGEST = 4 * 2**20  # no card, scene or URDF is larger [bytes]
LONGEST_MESSAGE = 2000  # letters
MOST_NAMES = 20  # in one message
ALIKE = 0.65  # how alike a name must be to be meant, from 0 to 1
VARIABLE = "ROBOSCHOOL_PATH"  # of the environment: more folders, the first before the others
NAME = re.compile(r"[a-z][a-z0-9_]*")

_PACKAGE = Path(__file__).resolve().parent


class InvalidInput(ValueError):
    """Something given to Roboschool cannot be used; the message says what, where, and the nearest right name."""


class UnknownOption(InvalidInput, TypeError):
    """A keyword argument that the scene does not take; a `TypeError` with Python's words, which trainers probe for."""


def one_line(text: str, most: int = LONGEST_MESSAGE) -> str:
    """Return a text with everything that cannot be printed escaped, and its middle left out if it is long [letters]."""
    if len(text) > most:
        text = f"{text[: most // 2]} ... {text[-most // 2 :]}"
    return text if text.isprintable() else "".join(c if c.isprintable() else repr(c)[1:-1] for c in text)


def nearest(name: object, names: Iterable[object]) -> str:
    """Return the end of an error message: the name most like `name`, or all of them."""
    known = sorted(str(n) for n in names)
    close = difflib.get_close_matches(str(name), known, n=1, cutoff=ALIKE)
    if close:
        return f"; did you mean {close[0]!r}?"
    more = f" and {len(known) - MOST_NAMES} more" if len(known) > MOST_NAMES else ""
    return f"; there is {', '.join(known[:MOST_NAMES])}{more}" if known else "; there is none"


def choose(name: Any, names: Iterable[str], what: str, where: str = "") -> str:
    """Return `name` if it is one of `names`.

    Raises:
        InvalidInput: it is not; the message begins with `where` and ends with the nearest right name.
    """
    known = list(names)
    if isinstance(name, str) and name in known:
        return name
    raise InvalidInput(f"{where}{': ' if where else ''}unknown {what} {name!r}{nearest(name, known)}")


def class_name(name: str) -> str:
    """Return the name of the class that a file holds: `half_cheetah` is `HalfCheetah`."""
    return "".join(map(str.capitalize, name.split("_")))


def check_range(name: str, value: float, lowest: float, highest: float) -> None:
    """Check that a number is within a range.

    Raises:
        InvalidInput: it is not.
    """
    if not isinstance(value, Real):
        raise InvalidInput(f"{name}: {value!r:.80} is not a number")
    if not lowest <= value <= highest:
        raise InvalidInput(f"{name}: {value} is not within {lowest:g} and {highest:g}")


def add_path(folder: str | os.PathLike[str]) -> None:
    """Look for robots in `folder/assets` and for scenes in `folder/scenes`, before all folders known so far.

    Raises:
        InvalidInput: there is no such folder, or it holds neither.
    """
    path = Path(folder).resolve()
    if not (path / "assets").is_dir() and not (path / "scenes").is_dir():
        raise InvalidInput(f"{path}: no folder 'assets' or 'scenes' in it")
    others = [p for p in os.environ.get(VARIABLE, "").split(os.pathsep) if p and p != str(path)]
    os.environ[VARIABLE] = os.pathsep.join([str(path), *others])  # so that worker processes find it too


def _roots() -> list[Path]:
    own = _PACKAGE if (_PACKAGE / "assets").is_dir() else _PACKAGE.parent  # a wheel, or a checkout
    return [*(Path(p).resolve() for p in os.environ.get(VARIABLE, "").split(os.pathsep) if p), own]


def robots() -> dict[str, Path]:
    """Return the card of every robot by name: `assets/<robot>/<robot>.toml`."""
    found = [p for root in reversed(_roots()) for p in sorted((root / "assets").glob("*/*.toml"))]
    return {p.stem: p for p in found if p.stem == p.parent.name and NAME.fullmatch(p.stem)}


def models() -> dict[str, Path]:
    """Return the URDF of every robot and prop by name: `assets/<model>/<model>.urdf`."""
    found = [p for root in reversed(_roots()) for p in sorted((root / "assets").glob("*/*.urdf"))]
    return {p.stem: p for p in found if p.stem == p.parent.name and NAME.fullmatch(p.stem)}


def scenes() -> dict[str, Path]:
    """Return the file of every scene by name: `scenes/<scene>.toml`."""
    found = [p for root in reversed(_roots()) for p in sorted((root / "scenes").glob("*.toml"))]
    return {p.stem: p for p in found if NAME.fullmatch(p.stem)}


def policies() -> dict[str, Path]:
    """Return the policy that comes with each scene: `assets/<robot>/policies/<scene>.safetensors`."""
    found = [p for root in reversed(_roots()) for p in sorted((root / "assets").glob("*/policies/*.safetensors"))]
    return {p.stem: p for p in found}


def find(name: str | os.PathLike[str], known: Mapping[str, Path], what: str) -> Path:
    """Return the file of the robot or scene (`what`) called `name`, which may also be a path to a TOML file.

    Raises:
        InvalidInput: there is none.
    """
    if isinstance(name, os.PathLike) or (isinstance(name, str) and name.endswith(".toml")):
        return Path(name).resolve()
    return known[choose(name, known, what)]


def read_text(path: Path) -> str:
    """Return the text of a regular UTF-8 file of moderate size.

    Raises:
        InvalidInput: it is missing, a directory, a FIFO, too large, or not UTF-8.
    """
    if not path.exists():
        beside = [p.name for p in path.parent.glob(f"*{path.suffix}")] if path.parent.is_dir() else []
        raise InvalidInput(f"{path}: no such file{nearest(path.name, beside)}")
    if not path.is_file():
        raise InvalidInput(f"{path}: not a regular file")
    if path.stat().st_size > LARGEST:
        raise InvalidInput(f"{path}: {path.stat().st_size} bytes, more than {LARGEST}")
    try:
        return path.read_bytes().decode("utf-8")
    except UnicodeDecodeError as error:
        raise InvalidInput(f"{path}: not UTF-8 text ({error.reason} at byte {error.start})") from None


def make_folder(path: Path) -> None:
    """Make a folder and those above it, unless it is there.

    Raises:
        InvalidInput: it cannot be made.
    """
    try:
        path.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        taken = isinstance(error, FileExistsError)
        fault = "not a folder" if taken else f"no such folder can be made: {error.strerror}"
        raise InvalidInput(f"{path}: {fault}") from None


@contextlib.contextmanager
def whole(path: Path) -> Iterator[Path]:
    """Yield the path of a new file, with the same ending, that takes the place of `path` at the end of the block.

    If the block raises, what was at `path` stays as it was and nothing else is left.

    Raises:
        InvalidInput: the new file cannot be stored, or cannot take that place.
    """
    part = path.parent / f".{secrets.token_hex(8)}{path.suffix}"
    try:
        yield part
        with told_as_unwritable(path):
            with part.open("rb") as file:
                os.fsync(file)  # some file systems say only now that they are full
            part.replace(path)
    finally:
        with contextlib.suppress(OSError):
            part.unlink()


@contextlib.contextmanager
def told_as_unwritable(path: Path) -> Iterator[None]:
    """Turn the system's errors in the block into an `InvalidInput` that says that `path` cannot be written."""
    try:
        yield
    except OSError as error:
        raise InvalidInput(f"{path}: cannot be written: {error.strerror or error}") from None


def replace(path: Path, data: bytes) -> None:
    """Write a file so that nobody ever sees half of it.

    Raises:
        InvalidInput: it cannot be written; what was there is as it was.
    """
    with whole(path) as part, told_as_unwritable(path):
        part.write_bytes(data)


def parse_toml(path: Path) -> dict[str, Any]:
    """Return what stands in a TOML file.

    Raises:
        InvalidInput: the file cannot be read, or is not TOML.
    """
    return parse_toml_text(read_text(path), str(path))


def parse_toml_text(text: str, where: str) -> dict[str, Any]:
    """Return what stands in a text of TOML.

    Raises:
        InvalidInput: it is none; the message begins with `where`.
    """
    try:
        parsed: dict[str, Any] = tomllib.loads(text)
        return parsed
    except (tomllib.TOMLDecodeError, RecursionError) as error:
        raise InvalidInput(f"{where}: {error}") from None


def read_toml(path: Path, schema: type[Schema]) -> Schema:
    """Read a TOML file as the dataclass `schema`.

    Raises:
        InvalidInput: the file cannot be read, or holds an unknown key, a wrong type or a number that is not finite.
    """
    raw = parse_toml(path)
    _check_keys(raw, schema, str(path), "")
    try:
        return msgspec.convert(raw, schema)
    except msgspec.ValidationError as error:
        raise InvalidInput(f"{path}: {error}".replace("`$.", "`")) from None


def convert(value: Any, schema: Any, where: str) -> Any:
    """Return a value that must be of the type `schema`, and finite if it is a number.

    Raises:
        InvalidInput: it is not; the message begins with `where`.
    """
    if isinstance(value, np.generic | np.ndarray):
        value = value.tolist()
    _check_keys(value, schema, where, "")
    try:
        return msgspec.convert(value, schema)
    except msgspec.ValidationError as error:
        raise InvalidInput(f"{where}: {error}") from None


def _check_keys(value: Any, schema: Any, path: str, key: str) -> None:
    """Refuse unknown keys and numbers that are not finite, wherever they are."""
    if isinstance(value, float) and not math.isfinite(value):
        raise InvalidInput(f"{path}{': ' if key else ''}{key}: {value} is not a finite number")
    kinds = get_args(schema) if get_origin(schema) in (Union, UnionType) else (schema,)
    record = next((k for k in kinds if dataclasses.is_dataclass(k)), None)
    inner = {k: v for k, v in get_type_hints(record).items() if not k.startswith("_")} if record else {}
    element = next((get_args(k)[0] for k in kinds if get_origin(k) in (tuple, list)), None)
    if isinstance(value, dict):
        for name, item in value.items():
            at = f"{key}.{name}" if key else name
            if record and name not in inner:
                raise InvalidInput(f"{path}: unknown key {at!r}{nearest(name, inner)}")
            _check_keys(item, inner.get(name), path, at)
    elif isinstance(value, list):
        for place, item in enumerate(value):
            _check_keys(item, element, path, f"{key}[{place}]")
