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

LARGEST = 4 * 2**20  # no URDF or other text is larger [bytes]
LARGEST_TOML = 2**18  # no card or scene is larger [bytes]
DEEPEST = 32  # tables and lists inside each other
MOST_BITS = 128  # of a whole number, such as a seed
LONGEST_NAME = 255  # letters of a name that a message repeats; a file's name has no more bytes
LONGEST_PATH = 4095  # [bytes]
LONGEST_MESSAGE = 2000  # letters
MOST_NAMES = 20  # in one message
ALIKE = 0.65  # how alike a name must be to be meant, from 0 to 1
VARIABLE = "ROBOSCHOOL_PATH"  # of the environment: more folders, the first before the others
NAME = re.compile(r"[a-z][a-z0-9_]*")
SURROGATE = re.compile(r"[\ud800-\udfff]")  # half a character
UNPRINTABLE = re.compile(r"[\x00-\x1f\x7f-\x9f\ud800-\udfff\ufffe\uffff]")
DOTTED = re.compile(rf"(?<![\w\"'-])(?:(?:[\w-]+|\"[^\"\n]*\"|'[^'\n]*')[ \t]*\.[ \t]*){{{DEEPEST}}}")  # a key in TOML

_PACKAGE = Path(__file__).resolve().parent


class InvalidInput(ValueError):
    """Something given to Roboschool cannot be used; the message says what, where, and the nearest right name.

    The message is one printable line of moderate length, whatever names a file has put into it.
    """

    def __init__(self, message: str) -> None:
        super().__init__(one_line(message))


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
    close = difflib.get_close_matches(str(name)[:LONGEST_NAME], known, n=1, cutoff=ALIKE)
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
    raise InvalidInput(f"{where}{': ' if where else ''}unknown {what} {name!r:.{LONGEST_NAME}}{nearest(name, known)}")


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
    path = as_path(folder)
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
        return as_path(name)
    return known[choose(name, known, what)]


def as_path(name: str | os.PathLike[str]) -> Path:
    """Return the absolute path, with links followed, of a file or folder by its name.

    Raises:
        InvalidInput: no file can have such a name.
    """
    try:
        path = os.path.realpath(name)
    except ValueError:
        path = os.fspath(name)
    fault = UNPRINTABLE.search(path)
    if fault:  # neither a terminal nor XML nor JSON takes it
        raise InvalidInput(f"{path!r:.{LONGEST_NAME}}: the name of a file with {fault[0]!r} in it is not supported")
    if len(path.encode()) > LONGEST_PATH or max(len(part.encode()) for part in path.split(os.sep)) > LONGEST_NAME:
        raise InvalidInput(f"{path!r:.{LONGEST_NAME}}: too long for the name of a file")
    return Path(path)


def read_bytes(path: Path, largest: int, known: Iterable[str] = ()) -> bytes:
    """Return what is in a regular file.

    Args:
        path: of the file.
        largest: how many bytes it may have.
        known: names that may be meant besides those of files.

    Raises:
        InvalidInput: it is missing, a folder, a FIFO, too large, or may not be read.
    """
    if not os.path.exists(path):  # false also where `Path.exists` raises
        names = [*list_names(path.parent, path.suffix), *known]
        raise InvalidInput(f"{path}: no such file{nearest(path.name, names) if names else ''}")
    if not os.path.isfile(path):
        raise InvalidInput(f"{path}: not a regular file")
    try:
        with open(path, "rb") as file:
            data = file.read(largest + 1)
    except OSError as error:
        raise InvalidInput(f"{path}: cannot be read: {error.strerror}") from None
    if len(data) > largest:
        raise InvalidInput(f"{path}: more than {largest} bytes")
    return data


def list_names(folder: Path, ending: str) -> list[str]:
    """Return the names of files in a folder that end so; none if it cannot be read."""
    return [path.name for path in folder.glob(f"*{ending}")] if os.path.isdir(folder) else []


def read_text(path: Path, largest: int = LARGEST) -> str:
    """Return the text of a regular UTF-8 file.

    Raises:
        InvalidInput: as `read_bytes`, or it is not UTF-8.
    """
    try:
        return read_bytes(path, largest).decode("utf-8")
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
    return parse_toml_text(read_text(path, LARGEST_TOML), str(path))


def parse_toml_text(text: str, where: str) -> dict[str, Any]:
    """Return what stands in a text of TOML.

    Raises:
        InvalidInput: it is none; the message begins with `where`.
    """
    dotted = DOTTED.search(text)
    if dotted:  # such a key takes the parser a time that grows with the square of its length
        line = text.count("\n", 0, dotted.start()) + 1
        raise InvalidInput(f"{where}: line {line}: {DEEPEST} or more names joined by dots")
    try:
        parsed: dict[str, Any] = tomllib.loads(text)
        return parsed
    except (ValueError, RecursionError) as error:  # not only of TOML: Python makes no numbers of 5000 digits
        raise InvalidInput(f"{where}: {error}") from None


def read_toml(path: Path, schema: type[Schema]) -> Schema:
    """Read a TOML file as the dataclass `schema`.

    Raises:
        InvalidInput: the file cannot be read, or holds an unknown key, a wrong type or a number that is not finite.
    """
    read: Schema = convert(parse_toml(path), schema, str(path))
    return read


def convert(value: Any, schema: Any, where: str) -> Any:
    """Return a value that must be of the type `schema`; texts and numbers in it are such as can be used.

    Raises:
        InvalidInput: it is not; the message begins with `where`.
    """
    if isinstance(value, np.generic | np.ndarray):
        value = value.tolist()
    _check_keys(value, schema, where, "")
    try:
        return msgspec.convert(value, schema)
    except msgspec.ValidationError as error:
        raise InvalidInput(f"{where}: {error}".replace("`$.", "`")) from None


def _check_keys(value: Any, schema: Any, path: str, key: str, depth: int = 0) -> None:
    """Refuse unknown keys, and values that are of no use to anybody, wherever they are."""
    fault = f"more than {DEEPEST} tables or lists inside each other" if depth > DEEPEST else _fault(value)
    if fault:
        raise InvalidInput(f"{path}{': ' if key else ''}{key}: {fault}")
    kinds = get_args(schema) if get_origin(schema) in (Union, UnionType) else (schema,)
    record = next((k for k in kinds if dataclasses.is_dataclass(k)), None)
    inner = {k: v for k, v in get_type_hints(record).items() if not k.startswith("_")} if record else {}
    element = next((get_args(k)[0] for k in kinds if get_origin(k) in (tuple, list)), None)
    if isinstance(value, dict):
        for name, item in value.items():
            at = f"{key}.{name}" if key else name
            if (record and name not in inner) or _fault(name):
                raise InvalidInput(f"{path}: unknown key {at!r:.{LONGEST_NAME}}{nearest(name, inner)}")
            _check_keys(item, inner.get(name), path, at, depth + 1)
    elif isinstance(value, list | tuple):
        for place, item in enumerate(value):
            _check_keys(item, element, path, f"{key}[{place}]", depth + 1)


def _fault(value: Any) -> str:
    """Return why a number or a text is of no use; nothing if it is of some."""
    if isinstance(value, float) and not math.isfinite(value):
        return f"{value} is not a finite number"
    if isinstance(value, int) and value.bit_length() > MOST_BITS:
        return f"a whole number of {value.bit_length()} bits, more than {MOST_BITS}"
    if isinstance(value, str) and SURROGATE.search(value):
        return f"{value!r:.{LONGEST_NAME}} has half of a surrogate pair in it, which is no character"
    return ""
