"""Converts meshes, in a process of its own: files of strangers may ask for any amount of memory or time.

It reads jobs as JSON from its input, and writes one line of JSON before each and one after.
"""

import json
import struct
import sys
from pathlib import Path
from typing import Any

import numpy as np

from roboschool.importing.hull import make_hull, solid_of
from roboschool.importing.mesh_reader import MOST_COLOURS, Part, Refused, Unusable, read_parts
from roboschool.system_info import install

MOST_VISUAL_FACES = 20_000  # of a mesh that is written
MEMORY = 900 * 2**20  # [bytes]
SECONDS = 50  # of the processor
TIMEOUT = 55.0 if sys.platform == "win32" else 300.0  # by the clock, where SECONDS count on a busy machine [s]
MOST_FACES_TO_SPLIT = 4000  # of a mesh that is split into hulls
RESOLUTION = 20_000  # cells in which it is split
ERROR = 3.0  # of its volume, that hulls may add [%]

LIBRARIES = ("scipy", "collada", "fast_simplification", "vhacdx")  # of the extra `import`


def main() -> None:
    """Answer the jobs on standard input."""
    limit_process()
    for job in json.load(sys.stdin):
        _say({"started": job["file"]})
        try:
            _say(convert(job))
        except Refused as error:
            _say({"refused": str(error)})
        except ModuleNotFoundError as error:  # trimesh asks for libraries that nothing here needs
            missing = error.name in LIBRARIES
            hint = f"{error.name} is not installed; {install('import')}"
            _say({"refused": hint} if missing else {"fault": f"not a mesh ({error})"[:300]})
        except (MemoryError, SystemError):  # pycollada and numpy say either
            _say({"refused": "it takes too much memory"})
        except Exception as error:  # trimesh and pycollada raise many kinds
            text = str(error) if isinstance(error, Unusable) else f"{type(error).__name__}: {error}"
            _say({"fault": text[:300]})


def limit_process() -> None:
    """Limit the memory and the time that this process may take, where the system can."""
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
        job: `file`; `scale`, x, y, z; `visual` and `hull`, the paths to write, without an ending, or empty; `pieces`,
            the most hulls to make of it.

    Returns:
        `visuals`: a file and a colour for each; `hulls`: a file and its solid for each; `solid` of the
        hull of all: volume [m3], centre [m], inertia [m5] and corners [m]; `size` [m]; `faces` before and after;
        `lost`, the files with colours that cannot be read.
    """
    lost: list[str] = []
    parts = read_parts(Path(job["file"]), lost)
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
    hulls = []
    if job["hull"]:
        found = decompose(parts, job["pieces"]) if job["pieces"] > 1 else []
        for number, each in enumerate(found if len(found) > 1 else [hull]):
            file = f"{job['hull']}_{number}.obj" if len(found) > 1 else f"{job['hull']}.obj"
            Path(file).write_text(_obj(*each))
            hulls.append({"file": file, "solid": _described(*each)})
    return {
        "visuals": written,
        "hulls": hulls,
        "solid": _described(*hull),
        "lost": list(dict.fromkeys(lost)),
        "size": np.ptp(points, axis=0).tolist(),
        "reach": float(np.abs(points).max()),
        "faces": [count, sum(len(part.faces) for part in parts) if job["visual"] else len(hull[1])],
    }


def decompose(parts: list[Part], most: int) -> list[tuple[Any, Any]]:
    """Return points and faces of convex hulls that together are nearly the shape of all parts."""
    import vhacdx

    points, faces = _welded(_thinned(_joined(parts, None), MOST_FACES_TO_SPLIT))
    rows = np.column_stack([np.full(len(faces), 3), faces]).astype(np.uint32).ravel()
    found = vhacdx.compute_vhacd(
        points.astype(float),
        rows,
        maxConvexHulls=most,
        resolution=RESOLUTION,
        minimumVolumePercentErrorAllowed=ERROR,
        asyncACD=False,
    )
    return [make_hull(corners) for corners, _ in found]


def _described(points: Any, faces: Any) -> list[Any]:
    volume, centre, inertia = solid_of(points, faces)
    return [volume, centre.tolist(), inertia.tolist(), points.round(6).tolist()]


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
    thinned = [_thinned(part, int(len(part.faces) * MOST_VISUAL_FACES / count)) for part in parts]
    return [part for part in thinned if len(part.faces)]


def _thinned(part: Part, most: int) -> Part:
    """Return a part with about that number of faces at most."""
    import fast_simplification

    points, faces = _welded(part)
    if len(faces) > max(most, 100):
        points, faces = fast_simplification.simplify(points, faces, 1.0 - most / len(part.faces))
    return Part(points, faces, part.colour)


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
