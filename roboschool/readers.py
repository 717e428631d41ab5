"""Readers of untrusted formats: text, TOML, JSON, zip archives, tables of numbers, and tensors.

Each format has one reader, and whatever is wrong with a file is an `InvalidInput`. Nothing that is read is run, no name
that is read is opened or imported, and no more is unpacked than a reader allows.
"""

import io
import os
import re
import struct
import sys
import zipfile
from pathlib import Path
from typing import Any, TypeVar

import msgspec
import numpy as np
from safetensors.numpy import load

from roboschool.errors import InvalidInput, suggest
from roboschool.paths import list_names
from roboschool.schema import DEEPEST, convert

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

Schema = TypeVar("Schema")
LARGEST = 4 * 2**20  # no URDF or other text is larger [bytes]
LARGEST_TOML = 2**18  # no card or scene is larger [bytes]
DOTTED = re.compile(rf"(?<![\w\"'-])(?:(?:[\w-]+|\"[^\"\n]*\"|'[^'\n]*')[ \t]*\.[ \t]*){{{DEEPEST}}}")  # a key in TOML
LARGEST_ARCHIVE = 64 * 2**20  # a zip archive, and all that is in it [bytes]
LARGEST_DIRECTORY = 2**18  # of an archive [bytes]
MOST_ENTRIES = 1000  # of an archive
END = struct.Struct("<4s4H2LH")  # of an archive: mark, disks and entries, size of the directory, its offset, comment
PNG = b"\x89PNG\r\n\x1a\n"  # how a picture begins
LARGEST_PICTURE = 16 * 2**20  # [bytes]
WIDEST_PICTURE = 4096  # [pixels]
LOCATOR = 20  # where the end of an archive for more than 4 GiB would be said, before the end [bytes]
TABLE = b"\x93NUMPY\x01\x00"  # how an array begins in version 1.0 of its format; the size of its header follows
HEADER = re.compile(r"\{'descr': (.*), 'fortran_order': (True|False), 'shape': (\(.*\)), \} *\n")
SHAPE = re.compile(r"\(([0-9]{1,9}), ([0-9]{1,9})\)")  # of a table


def read_bytes(path: Path, largest: int) -> bytes:
    """Return the content of a regular file of at most `largest` bytes.

    Raises:
        InvalidInput: it is missing, a folder, a FIFO, too large, or may not be read.
    """
    if not os.path.exists(path):  # false also where `Path.exists` raises
        names = list_names(path.parent, path.suffix)
        raise InvalidInput(f"{path}: no such file{suggest(path.name, names) if names else ''}")
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


def read_text(path: Path, largest: int = LARGEST) -> str:
    """Return the text of a regular UTF-8 file.

    Raises:
        InvalidInput: as `read_bytes`, or it is not UTF-8.
    """
    try:
        return read_bytes(path, largest).decode("utf-8")
    except UnicodeDecodeError as error:
        raise InvalidInput(f"{path}: not UTF-8 text ({error.reason} at byte {error.start})") from None


def parse_toml(path: Path) -> dict[str, Any]:
    """Return the content of a TOML file.

    Raises:
        InvalidInput: the file cannot be read, or is not TOML.
    """
    return parse_toml_text(read_text(path, LARGEST_TOML), str(path))


def parse_toml_text(text: str, where: str) -> dict[str, Any]:
    """Return the content of a TOML text.

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


def read_json(path: Path, schema: Any = Any, largest: int = LARGEST) -> Any:
    """Return the content of a JSON file, as `parse_json` does.

    Raises:
        InvalidInput: the file cannot be read, or as there.
    """
    return parse_json(read_bytes(path, largest), str(path), schema, largest)


def parse_json(data: bytes | str, where: str, schema: Any = Any, largest: int = LARGEST) -> Any:
    """Return the content of a JSON text, as a `schema`.

    Args:
        data: the text.
        where: what an error begins with.
        schema: a type, whose unknown keys are ignored; `convert` refuses them.
        largest: how many bytes the text may have.

    Raises:
        InvalidInput: it is too long, nested too deeply, no JSON, or no such type; or a text in it is no Unicode, or a
            number of another size than computers have.
    """
    if len(data) > largest:
        raise InvalidInput(f"{where}: {len(data)} bytes, more than {largest}")
    try:
        return msgspec.json.decode(data, type=schema)
    except (ValueError, RecursionError) as error:  # the first is also whatever msgspec raises
        raise InvalidInput(f"{where}: not JSON that can be used: {error}") from None


def read_archive(data: bytes, where: str, most: int = MOST_ENTRIES, largest: int = LARGEST_ARCHIVE) -> dict[str, bytes]:
    """Return the content of a zip archive, by name.

    Args:
        data: the archive.
        where: what an error begins with.
        most: how many entries it may have.
        largest: how many bytes they may have, all together.

    Raises:
        InvalidInput: it is damaged, encrypted or compressed by a rare method, or holds two entries of the same name, or
            too many or too much.
    """
    members: dict[str, bytes] = {}
    left = largest
    try:
        _check_directory(data)
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            found = archive.infolist()
            if len(found) > most or len({info.filename for info in found}) < len(found):
                raise ValueError(f"{len(found)} entries, too many or two of the same name")
            for info in found:
                if info.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
                    raise ValueError(f"{info.filename}: neither stored nor deflated")
                with archive.open(info) as entry:
                    content = entry.read(left + 1)
                left -= len(content)
                if left < 0:
                    raise ValueError(f"{info.filename}: more than {largest} bytes")
                members[info.filename] = content
    except Exception as error:  # zipfile and zlib raise many kinds for bytes that are no archive
        raise InvalidInput(f"{where}: damaged: {error}") from None
    return members


def _check_directory(data: bytes) -> None:
    """Check the end of an archive, for zipfile reads its whole directory, however long it is.

    Raises:
        ValueError: the archive does not end as one of moderate size does.
    """
    if len(data) < END.size:
        raise ValueError("File is not a zip file")
    mark, *_, size, _, comment = END.unpack(data[-END.size :])
    if mark != b"PK\x05\x06" or comment:
        raise ValueError("File is not a zip file")
    if size > LARGEST_DIRECTORY or data[-END.size - LOCATOR :].startswith(b"PK\x06\x07"):
        raise ValueError("its directory is too large")


def read_tables(data: bytes, where: str) -> dict[str, np.ndarray]:
    """Return tables (rows, columns) of finite 32-bit numbers by name, from what `numpy.savez` writes.

    Raises:
        InvalidInput: the archive is damaged, or holds anything else; the message begins with `where`.
    """
    members = read_archive(data, where)
    return {
        name: _parse_table(content, f"{where}: damaged: {name}")
        for name, content in ((entry.removesuffix(".npy"), content) for entry, content in members.items())
    }


def _parse_table(data: bytes, where: str) -> np.ndarray:
    """Return the table in an `.npy` file; its header is matched, for numpy's own reader evaluates it."""
    start = len(TABLE) + 2
    end = start + int.from_bytes(data[len(TABLE) : start], "little")
    header = HEADER.fullmatch(data[start:end].decode("latin-1"))
    if not data.startswith(TABLE) or len(data) < end or header is None:
        raise InvalidInput(f"{where} is not an array")
    kind, fortran, shape = header.groups()
    size = SHAPE.fullmatch(shape)
    if size is None or kind != "'<f4'":
        raise InvalidInput(f"{where} is {kind} {shape}, not a table of '<f4'")
    rows, columns = map(int, size.groups())
    if 4 * rows * columns != len(data) - end:
        raise InvalidInput(f"{where} is said to be {shape}, and has {len(data) - end} bytes")
    order: Any = "F" if fortran == "True" else "C"
    table = np.frombuffer(data, "<f4", offset=end).reshape((rows, columns), order=order)
    if not np.isfinite(table).all():
        raise InvalidInput(f"{where} holds a number that is not finite")
    return table


def read_grey(path: Path) -> np.ndarray:
    """Return the brightness of a PNG, 0 to 1 (row, column); of colours the mean, as eyes weigh them.

    Raises:
        InvalidInput: the file cannot be read, or is no PNG, damaged, or too large.
    """
    from PIL import Image, UnidentifiedImageError

    data = read_bytes(path, LARGEST_PICTURE)
    if not data.startswith(PNG):
        raise InvalidInput(f"{path}: not a PNG")
    try:
        with Image.open(io.BytesIO(data), formats=["PNG"]) as picture:
            width, height = picture.size
            if not 2 <= min(width, height) <= max(width, height) <= WIDEST_PICTURE:
                raise InvalidInput(f"{path}: {width} x {height} pixels are not within 2 and {WIDEST_PICTURE} each way")
            deep = picture.mode.startswith("I")
            pixels = np.asarray(picture if deep else picture.convert("L"), float)
    except (OSError, ValueError, SyntaxError, EOFError, UnidentifiedImageError, Image.DecompressionBombError) as error:
        raise InvalidInput(f"{path}: a damaged PNG: {error}") from None
    grey: np.ndarray = pixels / (65535.0 if deep else 255.0)
    return grey


def read_tensors(path: Path, largest: int) -> tuple[dict[str, str], dict[str, np.ndarray]]:
    """Return the metadata and the arrays in a safetensors file of at most `largest` bytes; see `read_bytes`.

    Raises:
        InvalidInput: the file cannot be read, or is damaged.
    """
    data = read_bytes(path, largest)
    where = f"{path}: not a safetensors file"
    try:
        tensors: dict[str, np.ndarray] = load(data)
    except Exception as error:  # safetensors and numpy raise many kinds, as for types that numpy has not
        raise InvalidInput(f"{where}: {error}") from None
    head = parse_json(data[8 : 8 + int.from_bytes(data[:8], "little")], where, dict[str, Any], largest)
    remarks: dict[str, str] = convert(head.get("__metadata__", {}), dict[str, str], where)
    return remarks, tensors
