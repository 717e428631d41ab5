"""Packs a recording for a page: JSON and tables of numbers, as little text as possible."""

import base64
import json
import zlib
from collections.abc import Mapping
from typing import Any

import numpy as np

MOST_FACES = 4000  # of all meshes of a page
LEVELS = (64, 48, 32, 24, 16, 12, 8, 6, 4)  # cells along the longest side of a mesh
FAR = 2.0**30  # steps from zero at most: differences of differences fit into 32 bits


def pack(about: Mapping[str, Any], tables: Mapping[str, tuple[np.ndarray, Any]]) -> str:
    """Return what `data.js` unpacks: zlib, in base 64.

    Args:
        about: what JSON can hold.
        tables: by name: finite numbers (rows, columns), and the steps to which they are rounded, one or (columns,).
    """
    described, planes = {}, []
    for name, (table, steps) in tables.items():
        rows, columns = table.shape
        steps = np.broadcast_to(steps, columns)
        described[name] = {"rows": rows, "columns": columns, "steps": steps.tolist()}
        planes.append(_planes(table / steps))
    text = json.dumps({**about, "tables": described}, separators=(",", ":"), allow_nan=False).encode()
    return base64.b64encode(zlib.compress(b"".join((len(text).to_bytes(4, "little"), text, *planes)), 9)).decode()


def _planes(table: np.ndarray) -> bytes:
    """Return differences of differences along rows, by columns; first the lowest bytes of all, last the highest."""
    whole = np.rint(table.clip(-FAR / 4, FAR / 4)).astype(np.int64)
    for _ in range(2):
        whole = np.diff(whole, axis=0, prepend=0)
    folded = np.ascontiguousarray(((whole << 1) ^ (whole >> 63)).T.astype("<u4"))
    return np.moveaxis(folded.view(np.uint8).reshape(*folded.shape, 4), -1, 0).tobytes()


def simplify(corners: np.ndarray, most: int) -> tuple[np.ndarray, np.ndarray]:
    """Return a coarser mesh, whose corners are in the middles of cells: corners (corner, 3), faces (face, 3).

    Args:
        corners: of its triangles (triangle, 3, 3).
        most: how many faces it may have; the coarsest is taken if none has so few.
    """
    low, size = corners.min((0, 1)), max(np.ptp(corners, axis=(0, 1)).max(), 1e-9)
    for level in LEVELS:
        cells = np.rint((corners - low) * (level / size)).astype(np.int64).reshape(-1, 3)
        _, inverse = np.unique(cells @ (1, 1 << 10, 1 << 20), return_inverse=True)
        faces = inverse.reshape(-1, 3)
        real = (faces != np.roll(faces, 1, axis=1)).all(axis=1)
        _, first = np.unique(np.sort(faces[real], axis=1), axis=0, return_index=True)
        faces = faces[real][np.sort(first)]
        if len(faces) <= most:
            break
    counts = np.bincount(inverse)[:, None]
    sums = [np.bincount(inverse, corners.reshape(-1, 3)[:, axis]) for axis in range(3)]
    return np.stack(sums, axis=1) / counts, faces
