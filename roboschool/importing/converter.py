"""Converts meshes, in a process of its own: files of strangers may ask for any amount of memory or time.

It reads jobs as JSON from its input, and writes one line of JSON before each and one after.
"""

import io
import json
import os
import re
import struct
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from roboschool.importing.hull import make_hull, solid_of
from roboschool.importing.obj import LARGEST_PICTURE, read_obj

FORMATS = (".stl", ".obj", ".dae", ".glb", ".ply")
LARGEST = 150 * 2**20  # of a mesh file [bytes]
LARGEST_MATERIAL = 4 * 2**20  # of a file that a mesh names [bytes]
MOST_FACES = 3_000_000  # of a file
MOST_NODES = 20_000  # of a scene in a file
MOST_VISUAL_FACES = 20_000  # of a mesh that is written
MOST_COLOURS = 8  # of a mesh; the rarest become the next most frequent
MEMORY = 900 * 2**20  # [bytes]
SECONDS = 50
NEEDED = ("scipy", "collada", "fast_simplification")  # libraries of the extra `import`


class Unusable(ValueError):
    """A mesh that cannot be converted."""


class Refused(ValueError):
    """A mesh that nobody should open: it is too large, or made to do harm."""


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


def main() -> None:
    """Answer the jobs on standard input."""
    _limit()
    for job in json.load(sys.stdin):
        _say({"started": job["file"]})
        try:
            _say(convert(job))
        except Refused as error:
            _say({"refused": str(error)})
        except ModuleNotFoundError as error:
            missing = error.name in NEEDED  # trimesh asks for others to make sense of what is no mesh
            hint = f"{error.name} is not installed; pip install 'roboschool2[import]'"
            _say({"refused": hint} if missing else {"fault": f"not a mesh ({error})"[:300]})
        except (MemoryError, SystemError):  # pycollada and numpy say either
            _say({"refused": "it takes too much memory"})
        except Exception as error:  # trimesh and pycollada raise many kinds
            text = str(error) if isinstance(error, Unusable) else f"{type(error).__name__}: {error}"
            _say({"fault": text[:300]})


def _limit() -> None:
    try:
        import resource
    except ImportError:  # Windows
        return
    resource.setrlimit(resource.RLIMIT_DATA, (MEMORY, MEMORY))
    resource.setrlimit(resource.RLIMIT_CPU, (SECONDS, SECONDS))


def _say(message: dict[str, Any]) -> None:
    sys.stdout.write(json.dumps(message) + "\n")
    sys.stdout.flush()


def convert(job: dict[str, Any]) -> dict[str, Any]:
    """Convert a mesh.

    Args:
        job: `file`; `scale`, x, y, z; `visual` and `hull`, the paths to write, without an ending, or empty.

    Returns:
        `visuals`: a file and a colour for each; `hull`: a file or empty; `solid`: volume [m3], centre [m] and inertia
        [m5] of the hull, and its `corners`; `size` [m]; `faces` before and after.
    """
    parts = read_parts(Path(job["file"]))
    parts = [_scaled(part, np.array(job["scale"])) for part in parts]
    points = np.concatenate([part.points[np.unique(part.faces)] for part in parts])
    if not np.isfinite(points).all():
        raise Refused("a vertex is not finite")
    count = sum(len(part.faces) for part in parts)
    hull = make_hull(points)
    written = []
    if job["visual"]:
        parts = _thin_out(_by_colour(parts), count)
        for number, part in enumerate(parts):
            file = f"{job['visual']}_{number}.stl" if len(parts) > 1 else f"{job['visual']}.stl"
            write_stl(Path(file), part)
            written.append({"file": file, "colour": part.colour})
    if job["hull"]:
        Path(f"{job['hull']}.obj").write_text(_obj(*hull))
    volume, centre, inertia = solid_of(*hull)
    return {
        "visuals": written,
        "hull": f"{job['hull']}.obj" if job["hull"] else "",
        "solid": [volume, centre.tolist(), inertia.tolist()],
        "corners": hull[0].round(6).tolist(),
        "size": np.ptp(points, axis=0).tolist(),
        "reach": float(np.abs(points).max()),
        "faces": [count, sum(len(part.faces) for part in parts) if job["visual"] else len(hull[1])],
    }


def read_parts(file: Path) -> list[Part]:
    """Return the triangles of a file in metres, z up where the file says which axis is up."""
    data, suffix = _read(file)
    if suffix == ".obj":
        return _obj_parts(data, FolderResolver(file.parent))
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
    return parts


def _obj_parts(data: bytes, resolver: FolderResolver) -> list[Part]:
    """Return the triangles of an OBJ file; trimesh loses the colours of one without coordinates for textures."""
    points, groups = read_obj(data, resolver.get)
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


def _scaled(part: Part, scale: Any) -> Part:
    faces = part.faces[:, ::-1] if np.prod(scale) < 0.0 else part.faces
    return Part(part.points * scale, faces, part.colour)


def _by_colour(parts: list[Part]) -> list[Part]:
    """Join parts of one colour, the most frequent first."""
    groups: dict[Any, list[Part]] = {}
    for part in parts:
        groups.setdefault(part.colour, []).append(part)
    ranked = sorted(groups, key=lambda colour: -sum(len(part.faces) for part in groups[colour]))
    for rare in ranked[MOST_COLOURS:]:
        groups[ranked[MOST_COLOURS - 1]] += groups.pop(rare)
    return [_joined(groups[colour], colour) for colour in ranked[:MOST_COLOURS]]


def _joined(parts: list[Part], colour: tuple[float, float, float, float] | None) -> Part:
    starts = np.cumsum([0, *(len(part.points) for part in parts)])
    faces = [part.faces + start for part, start in zip(parts, starts, strict=False)]
    return Part(np.concatenate([part.points for part in parts]), np.concatenate(faces), colour)


def _thin_out(parts: list[Part], count: int) -> list[Part]:
    """Return parts with fewer faces, if there are too many."""
    if count <= MOST_VISUAL_FACES:
        return parts
    import fast_simplification

    kept = []
    for part in parts:
        points, faces = _welded(part)
        reduction = 1.0 - MOST_VISUAL_FACES / count
        if len(faces) > 100:
            points, faces = fast_simplification.simplify(points, faces, reduction)
        if len(faces):
            kept.append(Part(points, faces, part.colour))
    return kept


def _welded(part: Part) -> tuple[Any, Any]:
    """Return points, each once, and faces."""
    points, which = np.unique(part.points.astype(np.float32), axis=0, return_inverse=True)
    faces = which.ravel()[part.faces]
    sound = (faces[:, 0] != faces[:, 1]) & (faces[:, 1] != faces[:, 2]) & (faces[:, 0] != faces[:, 2])
    return np.ascontiguousarray(points), np.ascontiguousarray(faces[sound].astype(np.int32))


def write_stl(file: Path, part: Part) -> None:
    """Write a binary STL."""
    corners = part.points[part.faces].astype("<f4")
    normals = np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0])
    lengths = np.linalg.norm(normals, axis=1, keepdims=True)
    rows = np.zeros(len(corners), dtype=[("normal", "<f4", 3), ("corners", "<f4", (3, 3)), ("extra", "<u2")])
    rows["normal"] = normals / np.where(lengths > 0.0, lengths, 1.0)
    rows["corners"] = corners
    file.write_bytes(b"roboschool".ljust(80) + struct.pack("<I", len(rows)) + rows.tobytes())


def _obj(points: Any, faces: Any) -> str:
    rows = [f"v {x:.7g} {y:.7g} {z:.7g}\n" for x, y, z in points.tolist()]
    return "".join(rows + [f"f {a + 1} {b + 1} {c + 1}\n" for a, b, c in faces.tolist()])


if __name__ == "__main__":
    main()
