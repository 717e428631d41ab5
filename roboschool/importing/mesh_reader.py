"""Reads the files of meshes as triangles of one colour each, within limits of size and number."""

import io
import json
import os
import re
import struct
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from roboschool.importing.obj import LARGEST_PICTURE, read_obj
from roboschool.importing.sphere import BALL, make_ball

FORMATS = (".stl", ".obj", ".dae", ".glb", ".ply")
LARGEST = 150 * 2**20  # of a mesh file [bytes]
LARGEST_MATERIAL = 4 * 2**20  # of a file that a mesh names [bytes]
MOST_FACES = 3_000_000  # of a file
MOST_NODES = 20_000  # of a scene in a file
MOST_COLOURS = 8  # of a mesh; the rarest become the next most frequent


class Unusable(ValueError):
    """A mesh that cannot be converted."""


class Refused(ValueError):
    """A mesh that must not be opened: it is too large, or made to do harm."""


@dataclass(frozen=True)
class Part:
    """Triangles of one colour."""

    points: Any  # (n, 3) [m]
    faces: Any  # (m, 3)
    colour: tuple[float, float, float, float] | None


class FolderResolver:
    """Gives trimesh the files beside a mesh, and no others."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def get(self, name: str) -> bytes:
        """Return the content of a file in the folder."""
        file = Path(os.path.realpath(self.folder / str(name).strip()))
        if not file.is_relative_to(self.folder) or not file.is_file():
            raise FileNotFoundError(name)
        if file.stat().st_size > LARGEST_MATERIAL:
            raise FileNotFoundError(f"{name}: too large")
        return file.read_bytes()

    def keys(self) -> list[str]:
        """Return no names: nothing is looked for."""
        return []


def read_parts(file: Path, lost: list[str]) -> list[Part]:
    """Return the triangles of a file in metres, z up where the file says which axis is up.

    `lost` gets the names of the files with colours that cannot be read.
    """
    if str(file) == BALL:
        return [Part(*make_ball(), None)]
    data, suffix = _read(file)
    if suffix == ".obj":
        return _obj_parts(data, FolderResolver(file.parent), lost)
    import trimesh  # takes half a second

    resolver: Any = FolderResolver(file.parent)
    options: dict[str, Any] = {"resolver": resolver} if suffix == ".dae" else {}
    with np.errstate(all="ignore"):
        scene = trimesh.load_scene(io.BytesIO(data), file_type=suffix[1:], process=False, **options)
    turn = _axes(data, suffix)
    nodes = list(scene.graph.nodes_geometry)
    if len(nodes) > MOST_NODES:
        raise Refused(f"more than {MOST_NODES} parts")
    parts: list[Part] = []
    count = 0
    for node in nodes:
        transform, name = scene.graph[node]
        mesh = scene.geometry[name]
        if not isinstance(mesh, trimesh.Trimesh) or not len(mesh.faces):
            continue
        count += len(mesh.faces)
        if count > MOST_FACES:
            raise Refused(f"more than {MOST_FACES} faces")
        points, faces = np.asarray(mesh.vertices, dtype=float), np.asarray(mesh.faces)
        if faces.min() < 0 or faces.max() >= len(points):
            raise Unusable("a face has a vertex that is not there")
        full = turn @ transform
        placed = points @ full[:3, :3].T + full[:3, 3]
        faces = faces[:, ::-1] if np.linalg.det(full[:3, :3]) < 0.0 else faces
        parts += [Part(placed, faces[chosen], colour) for chosen, colour in _colours(mesh)]
    if not parts:
        raise Unusable("no faces in it")
    if suffix == ".glb" and b'"images"' in data[: 20 + struct.unpack("<I", data[12:16])[0]]:
        lost += [] if any(_has_picture(mesh) for mesh in scene.geometry.values()) else ["the pictures in it"]
    return parts


def _has_picture(mesh: Any) -> bool:
    return getattr(getattr(getattr(mesh, "visual", None), "material", None), "baseColorTexture", None) is not None


def _obj_parts(data: bytes, resolver: FolderResolver, lost: list[str]) -> list[Part]:
    """Return the triangles of an OBJ file; trimesh loses the colours of one without coordinates for textures."""
    points, groups = read_obj(data, resolver.get, lost)
    if not groups:
        raise Unusable("no faces in it")
    if sum(len(faces) for faces, _ in groups) > MOST_FACES:
        raise Refused(f"more than {MOST_FACES} faces")
    if min(faces.min() for faces, _ in groups) < 0 or max(faces.max() for faces, _ in groups) >= len(points):
        raise Unusable("a face has a vertex that is not there")
    return [Part(points, faces, None if colour is None else _rgba(np.array(colour))) for faces, colour in groups]


def _read(file: Path) -> tuple[bytes, str]:
    """Return the content of a mesh file, and its ending, after a look at what it would make of memory."""
    suffix = file.suffix.lower()
    if suffix not in FORMATS:
        raise Unusable(f"only {', '.join(FORMATS)} are converted")
    if file.stat().st_size > LARGEST:
        raise Refused(f"larger than {LARGEST} bytes")
    data = file.read_bytes()
    if suffix == ".dae" and re.search(rb"<!DOCTYPE|<!ENTITY", data):
        raise Refused("a DTD or an entity is not allowed")
    if suffix == ".dae" and data[:2] == b"PK":
        raise Refused("a zip archive")
    if suffix == ".glb":
        _check_glb(data)
    return data, suffix


def _check_glb(data: bytes) -> None:
    """Refuse a file whose index speaks of more than there is."""
    if len(data) < 20 or data[:4] != b"glTF":
        raise Unusable("not a binary glTF")
    length = struct.unpack("<I", data[12:16])[0]
    index = json.loads(data[20 : 20 + length])
    counts = [int(accessor.get("count", 0)) for accessor in index.get("accessors", [])]
    if min(counts, default=0) < 0:
        raise Unusable("it speaks of fewer numbers than none")
    if sum(counts) > 4 * MOST_FACES or len(index.get("nodes", [])) > MOST_NODES:
        raise Refused("it speaks of more numbers, or nodes, than any robot's part has")
    if any("bufferView" not in accessor for accessor in index.get("accessors", [])) and sum(counts) > len(data):
        raise Refused("it speaks of numbers that are not in it")
    if any("uri" in each for key in ("buffers", "images") for each in index.get(key, [])):
        raise Unusable("it names other files")


def _axes(data: bytes, suffix: str) -> Any:
    """Return what turns the axes and the unit of a file into ours (4, 4)."""
    turned = np.eye(4)
    if suffix != ".dae":
        return turned
    head = data[:20_000]
    unit = re.search(rb"<unit[^>]*meter\s*=\s*[\"']\s*([0-9.eE+-]+)", head)
    factor = float(unit[1]) if unit else 1.0
    if not 1e-6 <= factor <= 1e3:
        raise Unusable(f"its unit is {factor:g} m")
    up = re.search(rb"<up_axis>\s*([XYZ])_UP", head)
    if (up and up[1] == b"Y") or not up:
        turned[:3, :3] = [[1.0, 0.0, 0.0], [0.0, 0.0, -1.0], [0.0, 1.0, 0.0]]
    elif up and up[1] == b"X":
        turned[:3, :3] = [[0.0, -1.0, 0.0], [0.0, 0.0, -1.0], [1.0, 0.0, 0.0]]
    turned[:3, :3] *= factor
    return turned


def _colours(mesh: Any) -> list[tuple[Any, tuple[float, float, float, float] | None]]:
    """Return which faces of a mesh have which colour."""
    everything = np.ones(len(mesh.faces), dtype=bool)
    visual = mesh.visual
    if visual.kind == "texture":
        return [(everything, _material_colour(visual.material))]
    if not visual.defined:
        return [(everything, None)]
    try:
        colours = np.asarray(visual.face_colors)
    except Exception:
        return [(everything, None)]
    kinds, which = np.unique(colours, axis=0, return_inverse=True)
    if len(kinds) > MOST_COLOURS:
        return [(everything, _rgba(colours.mean(axis=0)))]
    return [(which.ravel() == number, _rgba(kind)) for number, kind in enumerate(kinds)]


def _material_colour(material: Any) -> tuple[float, float, float, float] | None:
    """Return the colour of a material, the mean of its picture if it has one."""
    factor = getattr(material, "baseColorFactor", None)
    if factor is None:
        factor = getattr(material, "diffuse", None)
    picture = getattr(material, "baseColorTexture", None) or getattr(material, "image", None)
    colour = np.ones(4) if factor is None else np.asarray(_rgba(np.asarray(factor)))
    if picture is not None and max(picture.size) <= LARGEST_PICTURE:
        colour = colour * np.asarray(picture.convert("RGBA").resize((1, 1), 4)).reshape(4) / 255.0
    elif picture is not None:
        raise Refused(f"a picture is larger than {LARGEST_PICTURE} pixels a side")
    elif factor is None:
        return None
    return _rgba(colour * 255.0)


def _rgba(colour: Any) -> tuple[float, float, float, float]:
    """Return a colour of 0 to 255 as 0 to 1, opaque if it says nothing."""
    scaled = np.asarray(colour, dtype=float) / (255.0 if np.max(colour) > 1.0 else 1.0)
    red, green, blue, alpha = [*np.clip(scaled, 0.0, 1.0).round(3).tolist(), 1.0][:4]
    return red, green, blue, alpha or 1.0
