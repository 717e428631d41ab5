"""The ray caster's library: where it is, what its structures look like, and how it is called."""

import ctypes
import functools
import sys
from collections.abc import Sequence
from ctypes import POINTER, c_double, c_float, c_int, c_int32, c_void_p
from pathlib import Path

import numpy as np

from roboschool.errors import InvalidInput
from roboschool.system_info import cores

PATH = Path(__file__).with_name("draw.dylib" if sys.platform == "darwin" else "draw.so")
SPHERE, CAPSULE, CYLINDER, BOX, MESH, HEIGHTS = range(6)  # kinds of shapes; a heightfield is a mesh that is open
STUDIO, TILES, TRACK, STADIUM = range(4)  # kinds of ground; a studio has none
FIXED, TURNS, SLIDES = range(3)  # kinds of links
POSE = 12  # numbers of a pose: a matrix of rows that turns into the world, a position [m]
BLOCK = 8  # triangles of a leaf of a mesh's tree, at most
COLOURS = 11  # of a ground, in the order of `enum colour`
SHARE = 4096  # pixels for each thread, at least

SHAPES = np.dtype(  # `struct shape`
    [(name, np.int32) for name in ("kind", "body", "mesh")]
    + [(name, np.float32, 3) for name in ("half", "middle", "colour")]
)
LINKS = np.dtype(  # `struct link`
    [(name, np.int32) for name in ("parent", "kind", "place")]
    + [("origin", np.float64, POSE), ("axis", np.float64, 3)],
    align=True,
)
MARKS = np.dtype(  # `struct mark`
    [(name, np.float32, 2) for name in ("start", "end")]
    + [("radius", np.float32), ("line", np.float32), ("colour", np.float32, 3)]
)
NODES = np.dtype([("low", np.float32, 3), ("high", np.float32, 3), ("first", np.int32), ("axis", np.int32)])


class Mesh(ctypes.Structure):
    """`struct mesh`."""

    _fields_ = [("nodes", c_void_p), ("blocks", c_void_p)]


class Light(ctypes.Structure):
    """`struct light`."""

    _fields_ = [
        *((name, c_float * 3) for name in ("sun", "east", "north", "sky")),
        ("strength", c_float),
        ("shine", c_float),
    ]


class Ground(ctypes.Structure):
    """`struct ground`."""

    _fields_ = [
        ("kind", c_int32),
        *((name, c_float) for name in ("low", "top", "lane", "finish")),
        ("middle", c_float * 2),
        ("colours", c_float * 3 * COLOURS),
        ("level", c_float),
        ("clear", c_float),
        ("light", Light),
    ]


class Eye(ctypes.Structure):
    """`struct camera`."""

    _fields_ = [
        ("eye", c_double * 3),
        *((name, c_float * 3) for name in ("ahead", "right", "up")),
        ("wide", c_float),
        ("high", c_float),
    ]


class Picture(ctypes.Structure):
    """`struct picture`."""

    _fields_ = [
        *((name, c_void_p) for name in ("shapes", "poses", "meshes")),
        ("ground", POINTER(Ground)),
        ("strokes", c_void_p),
        ("camera", Eye),
        *((name, c_int32) for name in ("count", "marked", "width", "height")),
        *((name, c_void_p) for name in ("colours", "depths", "bodies")),
    ]


class Library:
    """The loaded library.

    Raises:
        InvalidInput: it is not there, or was made from another version of the package.
    """

    def __init__(self, path: Path = PATH) -> None:
        remedy = "pictures need it. It is compiled when Roboschool is installed, or by `python hatch_build.py`"
        if not path.is_file():
            raise InvalidInput(f"{path} is not there: {remedy}, which need a C compiler or `pip install ziglang`")
        try:
            library = ctypes.CDLL(str(path))
            self._draw, self._place = library.roboschool_draw, library.roboschool_place
            self._build = library.roboschool_build
            structures = [SHAPES.itemsize, *map(ctypes.sizeof, (Picture, Ground, Mesh))]
            structures += [kind.itemsize for kind in (MARKS, LINKS, NODES)]
            layout = (c_int * len(structures)).in_dll(library, "roboschool_picture_layout")
        except (OSError, AttributeError, ValueError) as error:
            raise InvalidInput(f"{path} cannot be loaded ({error}): {remedy}") from None
        if list(layout) != structures:
            raise InvalidInput(f"{path} was made from another version of Roboschool: {remedy}")
        self._draw.argtypes = [c_void_p, c_int, c_int]
        self._place.argtypes = [c_int, c_void_p, c_int, c_void_p, c_int, c_void_p, c_void_p, c_void_p, c_int, c_void_p]
        self._place.restype = None
        self._build.argtypes = [c_void_p, c_int, c_void_p, c_void_p, c_void_p]

    def draw(self, pictures: Sequence[Picture], threads: int | None = None) -> None:
        """Draw pictures; the number of threads changes no pixel.

        Args:
            pictures: with all that they point to.
            threads: None: as many as there are cores, but few for little.

        Raises:
            MemoryError: there is not enough memory.
        """
        pixels = sum(picture.width * picture.height for picture in pictures)
        wanted = min(cores(), 1 + pixels // SHARE) if threads is None else threads
        if self._draw((Picture * len(pictures))(*pictures), len(pictures), wanted):
            raise MemoryError("not enough memory for a picture")

    def place(
        self, rows: np.ndarray, links: np.ndarray, owners: np.ndarray, local: np.ndarray
    ) -> tuple[np.ndarray, ...]:
        """Return the poses of links (world, link, POSE) and of shapes (world, shape, POSE).

        Args:
            rows: poses of bases and positions of joints of each world (world, column).
            links: `LINKS`, parents before children (link,).
            owners: the links of the shapes; -1 for a shape that stays where it is (shape,), int32.
            local: poses of shapes in the frames of their links (shape, POSE).
        """
        placed, poses = (np.empty((len(rows), count, POSE)) for count in (len(links), len(owners)))
        arrays = [np.ascontiguousarray(array) for array in (rows, links, owners, local)]
        rows_at, links_at, owners_at, local_at = (array.ctypes.data for array in arrays)
        self._place(
            *(len(rows), rows_at, rows.shape[1], links_at, len(links), placed.ctypes.data),
            *(owners_at, local_at, len(owners), poses.ctypes.data),
        )
        return placed, poses

    def build(self, corners: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Return the tree of a mesh: nodes, `NODES`, and blocks (block, 9, BLOCK), as `struct mesh` has them.

        Args:
            corners: of its triangles, finite numbers [m] (triangle, 3, 3).
        """
        corners = np.ascontiguousarray(corners, np.float32)
        count = len(corners)
        nodes, blocks = np.empty(2 * count, NODES), np.zeros((-(-count // BLOCK), 9, BLOCK), np.float32)
        order = np.empty(count, np.int32)
        arrays = corners.ctypes.data, count, nodes.ctypes.data, blocks.ctypes.data, order.ctypes.data
        return nodes[: self._build(*arrays)].copy(), blocks


@functools.cache
def load_library() -> Library:
    """Return the library, loaded once.

    Raises:
        InvalidInput: see `Library`.
    """
    return Library()
