"""Reads the triangles of an OBJ file by colour: points, faces, and what its materials say of their colours."""

import io
from collections.abc import Callable
from typing import Any

import numpy as np

Colour = tuple[float, float, float, float]  # red, green, blue, alpha, 0 to 1
MOST_CORNERS = 1000  # of a face
LARGEST_PICTURE = 4096  # width and height [pixels]


def read_obj(
    data: bytes, read_file: Callable[[str], bytes], lost: list[str]
) -> tuple[Any, list[tuple[Any, Colour | None]]]:
    """Return the points (n, 3) of a file, and faces (m, 3) for each of its materials with a colour, None if unknown.

    Args:
        data: the file.
        read_file: returns the content of a file beside it, or raises OSError.
        lost: gets the names of the files with colours that cannot be read.

    Raises:
        ValueError: a line is malformed, or a face has a corner that is not there.
    """
    points: list[list[float]] = []
    groups: dict[str, list[tuple[int, int, int]]] = {}
    colours: dict[str, Colour] = {}
    faces = groups.setdefault("", [])
    for line in data.decode("utf-8", "replace").replace("\\\n", " ").splitlines():
        word, _, rest = line.strip().partition(" ")
        if word == "v":
            points.append([float(number) for number in rest.split()[:3]])
        elif word == "f":
            corners = [int(corner.partition("/")[0]) for corner in rest.split()[:MOST_CORNERS]]
            placed = [corner - 1 if corner > 0 else len(points) + corner for corner in corners]
            faces.extend((placed[0], placed[i], placed[i + 1]) for i in range(1, len(placed) - 1))
        elif word == "usemtl":
            faces = groups.setdefault(rest.strip(), [])
        elif word == "mtllib":
            colours |= _read_materials(rest.strip(), read_file, lost)
    found = np.array(points, dtype=float).reshape(-1, 3)
    return found, [(np.array(group), colours.get(name)) for name, group in groups.items() if group]


def _read_materials(name: str, read_file: Callable[[str], bytes], lost: list[str]) -> dict[str, Colour]:
    """Return the colours of the materials in a file; none if it cannot be read."""
    try:
        text = read_file(name).decode("utf-8", "replace")
    except OSError:
        lost.append(name)
        return {}
    colours: dict[str, Colour] = {}
    material, alpha = "", 1.0
    for line in text.splitlines():
        word, _, rest = line.strip().partition(" ")
        if word == "newmtl":
            material, alpha = rest.strip(), 1.0
        elif word in ("d", "Kd"):
            numbers = [float(number) for number in rest.split()[:3]]
            red, green, blue, _ = colours.get(material, (1.0, 1.0, 1.0, 1.0))
            if word == "d":
                alpha = numbers[0] or 1.0
            else:
                red, green, blue = numbers
            colours[material] = (red, green, blue, alpha)
        elif word == "map_Kd" and rest.split():
            colour = _mean_colour(rest.split()[-1], read_file)
            lost += [] if colour else [rest.split()[-1]]
            colours[material] = colour or colours.get(material, (1.0,) * 4)
    return colours


def _mean_colour(name: str, read_file: Callable[[str], bytes]) -> Colour | None:
    """Return the mean colour of a picture; None if it cannot be read."""
    from PIL import Image

    try:
        with Image.open(io.BytesIO(read_file(name)), formats=("PNG", "JPEG")) as picture:
            if max(picture.size) > LARGEST_PICTURE:
                return None
            red, green, blue = np.asarray(picture.convert("RGB").resize((1, 1), 4)).reshape(3) / 255.0
    except Exception:  # Pillow raises many kinds
        return None
    return float(red.round(3)), float(green.round(3)), float(blue.round(3)), 1.0
