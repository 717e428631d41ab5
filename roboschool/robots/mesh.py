"""Checks mesh files: Bullet hangs, crashes or drops the shape on a bad one."""

import os
import re
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np

from roboschool.errors import InvalidInput, suggest

NOT_FINITE = "a vertex is not finite"  # in the text of an error
MOST_FACES = 200_000  # of one mesh
MOST_FILES = 20  # that one of them names
MOST_LINES = 1_000_000  # of a text
LARGEST_MESH = 20 * 2**20  # [bytes]
CONTROL = re.compile(rb"[\x00-\x08\x0b-\x1f]")
NUMBER = re.compile(rb"-?[0-9]{1,9}")
LARGEST_TEXTURE = 4096  # width and height [pixels]


def find_file(root: Path, folder: Path, name: str) -> Path:
    """Return the real path of a regular file of moderate size, named from a folder, inside the URDF's folder `root`."""
    file = Path(os.path.realpath(folder / name))
    if ":/" in name:
        fault = "URLs are not followed; write the path as seen from the URDF's folder, such as 'meshes/arm.stl'"
    elif not file.is_relative_to(root):
        fault = f"outside {root}, the folder of the URDF"
    elif len(os.fsencode(file)) > 500:  # Bullet copies paths into 1 KiB
        fault = "its full path is longer than 500 bytes"
    elif not os.path.exists(file):
        fault = f"no such file{suggest(file.name, os.listdir(file.parent) if os.path.isdir(file.parent) else [])}"
    elif not os.path.isfile(file) or os.path.getsize(file) > LARGEST_MESH:
        fault = f"not a regular file, or larger than {LARGEST_MESH} bytes"
    else:
        return file
    raise ValueError(f"{name}: {fault}")


def measure_mesh(file: Path, root: Path) -> tuple[Any, Any]:
    """Check a mesh file; return its size, and its reach from the origin, along x, y, z."""
    data, suffix = file.read_bytes(), file.suffix.lower()
    if suffix not in (".obj", ".stl"):
        raise ValueError(f"{file.name}: only .obj and .stl meshes are read")
    if suffix == ".obj":
        _check_obj(file, data, root)
    elif len(data) < 84 or len(data) != 84 + 50 * int.from_bytes(data[80:84], "little"):
        raise ValueError(f"{file.name}: not a binary STL with as many triangles as it says; Bullet reads no other")
    points, faces = _parse(file, data)
    if not 0 < len(faces) <= MOST_FACES:
        raise ValueError(f"{file.name}: {len(faces)} faces, not 1 to {MOST_FACES}")
    if not np.isfinite(points).all() or faces.min() < 0 or faces.max() >= len(points):
        raise ValueError(f"{file.name}: {NOT_FINITE}, or a face has a vertex that is not there")
    return np.ptp(points, axis=0), np.abs(points).max(axis=0)


def read_triangles(file: Path) -> Any:
    """Return the corners of the triangles of a mesh that has been checked (triangle, 3, 3).

    Raises:
        InvalidInput: it has been changed since then.
    """
    try:
        points, faces = _parse(file, file.read_bytes())
        corners = points[faces]
    except (OSError, ValueError, IndexError) as error:
        raise InvalidInput(f"{file}: {error}") from None
    if not len(corners) or not np.isfinite(corners).all():
        raise InvalidInput(f"{file}: no triangles, or {NOT_FINITE}")
    return corners


def _parse(file: Path, data: bytes) -> tuple[Any, Any]:
    """Return vertices (vertex, 3) and faces (face, 3) of a mesh."""
    import trimesh  # takes half a second

    try:
        with np.errstate(all="ignore"):
            kind = file.suffix.lower()[1:]
            mesh = trimesh.load_mesh(BytesIO(data), file_type=kind, process=False, skip_materials=True)
        return np.asarray(mesh.vertices), np.asarray(mesh.faces)
    except Exception as error:
        raise ValueError(f"{file.name}: not a mesh ({type(error).__name__}: {error})") from None


def _lines(file: Path, data: bytes) -> Iterator[tuple[int, list[bytes]]]:
    """Return the number of each line and its words; refuse what Bullet would split in another way."""
    least = {b"v": 4, b"vt": 3, b"vn": 4, b"f": 4, b"o": 2, b"usemtl": 2, b"mtllib": 2, b"newmtl": 2, b"map_Kd": 2}
    if data.count(b"\n") > MOST_LINES:
        raise ValueError(f"{file.name}: more than {MOST_LINES} lines")
    for number, line in enumerate(data.replace(b"\r\n", b"\n").split(b"\n"), 1):
        words = line.split() or [b"#"]
        if len(line) > 1000 or CONTROL.search(line):
            raise ValueError(f"{_where(file, number, line)}: longer than 1000 bytes, or with control characters")
        if len(words) < least.get(words[0], 1):
            raise ValueError(f"{_where(file, number, line)}: too short")
        yield number, words


def _where(file: Path, number: int, line: bytes) -> str:
    return f"{file.name} line {number} {line[:40].decode(errors='replace')!r}"


def _check_obj(file: Path, data: bytes, root: Path) -> None:
    """Refuse an OBJ file, or materials of it, that would make Bullet read what is not there or not ours."""
    vertices = faces = 0
    libraries: set[bytes] = set()
    for number, words in _lines(file, data):
        vertices += words[0] == b"v"
        corners = [word.split(b"/")[0] for word in words[1:]] if words[0] == b"f" else []
        if not all(NUMBER.fullmatch(c) and 0 < abs(int(c)) <= vertices for c in corners):
            where = _where(file, number, b" ".join(words))
            raise ValueError(f"{where}: a corner that is not a vertex defined above")
        faces += max(0, len(corners) - 2)
        if faces > MOST_FACES:
            raise ValueError(f"{file.name}: {faces} faces, not 1 to {MOST_FACES}")
        if words[0] == b"mtllib" and words[1] not in libraries:
            libraries.add(words[1])
            if len(libraries) > MOST_FILES:
                raise ValueError(f"{file.name}: more than {MOST_FILES} libraries")
            if os.path.exists(os.path.join(file.parent, os.fsdecode(words[1]))):
                _check_library(find_file(root, file.parent, os.fsdecode(words[1])), root)


def _check_library(file: Path, root: Path) -> None:
    """Refuse materials whose pictures are not what Bullet can read."""
    pictures: set[bytes] = set()
    for number, words in _lines(file, file.read_bytes()):
        where, name = _where(file, number, b" ".join(words)), words[1:]
        if words[0] == b"map_Kd" and len(name) > 1:
            raise ValueError(f"{where}: blanks in the name of a picture")
        if words[0] == b"map_Kd" and name[0] not in pictures:
            pictures.add(name[0])
            if len(pictures) > MOST_FILES:
                raise ValueError(f"{file.name}: more than {MOST_FILES} pictures")
            _check_texture(find_file(root, file.parent, os.fsdecode(name[0])), where)


def _check_texture(file: Path, where: str) -> None:
    from PIL import Image  # Bullet would decode any image, of any size

    try:
        with Image.open(file, formats=("PNG", "JPEG")) as picture:
            usable = max(picture.size) <= LARGEST_TEXTURE and picture.load() is not None
    except Exception:
        usable = False
    if not usable:
        raise ValueError(f"{where}: not a PNG or JPEG picture of at most {LARGEST_TEXTURE} pixels a side")
