"""Terrain: tiles of heights, composed from a seed. Bullet has one tile at a time; numpy has all, once in a process."""

import functools
import math
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

import numpy as np

from roboschool.bodies.terrain_kinds import KINDS, LEVELS, image
from roboschool.errors import describe_unknown
from roboschool.readers import read_grey
from roboschool.schema import Bounds, Size

EDGE = 0.5  # a trunk that is nearer than this to the edge of its tile has left it [m]
MOST_POINTS = 60_000  # of a tile: Bullet keeps about 600 bytes for each
MOST_NUMBERS = 2**25  # of all tiles

Level = Annotated[int, Bounds(1, LEVELS)]
Count = Annotated[int, Bounds(1, 100)]
Side = Annotated[float, Bounds(2.0, 500.0)]  # [m]
Share = Annotated[float, Bounds(0.0, 1.0)]


@dataclass(frozen=True, kw_only=True)
class TerrainSettings:
    """The table `[terrain]` of a scene."""

    kinds: Annotated[tuple[str, ...], Size(1, 20)]  # of the columns of tiles, again and again; see `KINDS`
    levels: tuple[Level, Level] = (1, LEVELS)  # of the first row of tiles, and of the last
    tiles: tuple[Count, Count] | None = None  # rows and columns; a level, a kind each if None
    size: tuple[Side, Side] = (12.0, 12.0)  # of a tile along x and y [m]
    cell: Annotated[float, Bounds(0.02, 1.0)] = 0.1  # distance between two heights [m]
    origin: tuple[Share, Share] = (0.5, 0.5)  # where on a tile the scene's origin is, as shares of its size
    seed: Annotated[int, Bounds(0, 2**63)] = 0  # by which the tiles are composed
    image: str = ""  # a PNG for the kind `image`; its path begins at the scene
    curriculum: bool = False  # whether each environment's level follows from how far its agents come

    @property
    def shape(self) -> tuple[int, int]:
        """The number of rows of tiles, and of columns."""
        return self.tiles or (self.levels[1] - self.levels[0] + 1, len(self.kinds))

    @property
    def points(self) -> tuple[int, int]:
        """The number of heights of a tile along x and along y."""
        along, aside = (max(3, round(side / self.cell) + 1) for side in self.size)
        return along, aside

    def level(self, row: int) -> int:
        """Return the level of a row of tiles."""
        low, high = self.levels
        return low + row * (high - low + 1) // self.shape[0]


def find_terrain_faults(settings: TerrainSettings) -> Iterator[str]:
    """Go through what is wrong with the table of a terrain, beside types and bounds."""
    for number, kind in enumerate(settings.kinds):
        if kind not in KINDS:
            yield f"terrain.kinds[{number}]: {describe_unknown(kind, KINDS, 'kind')}"
    along, aside = settings.points
    if along * aside > MOST_POINTS:
        yield f"terrain.cell: a tile of {along} x {aside} heights has more than {MOST_POINTS}; raise cell or lower size"
    rows, columns = settings.shape
    if rows * columns * along * aside > MOST_NUMBERS:
        yield f"terrain.tiles: {rows} x {columns} tiles of {along} x {aside} heights have more than {MOST_NUMBERS}"
    low, high = settings.levels
    if low > high:
        yield f"terrain.levels: a range begins with its lower end, not {low}, {high}"
    elif rows < high - low + 1:
        yield f"terrain.tiles: {rows} rows for {high - low + 1} levels"
    if columns < len(settings.kinds):
        yield f"terrain.tiles: {columns} columns for {len(settings.kinds)} kinds"
    if "image" in settings.kinds and not settings.image:
        yield "terrain.image: the kind 'image' needs a PNG"
    elif settings.image and "image" not in settings.kinds:
        yield "terrain.image: a picture, and no kind 'image' that has its heights"


class Terrain:
    """The tiles of a terrain. It is made by `build_terrain`.

    Heights are 32-bit numbers, as Bullet gets them. Each cell is two triangles, which meet in the diagonal from its
    greatest x to its greatest y. Positions are those of a world, whose origin is at the same place of every tile.
    """

    def __init__(self, settings: TerrainSettings) -> None:
        self.settings = settings
        self.cell = settings.cell
        along, aside = settings.points
        self.corner = -settings.origin[0] * (along - 1) * self.cell, -settings.origin[1] * (aside - 1) * self.cell
        x = self.corner[0] + np.arange(along) * self.cell
        y = self.corner[1] + np.arange(aside) * self.cell
        self.low, self.high = np.array([x[0], y[0]]), np.array([x[-1], y[-1]])  # ends of a tile [m]
        rows, columns = settings.shape
        self.heights = np.empty((rows * columns, aside, along), np.float32)  # (tile, y, x) [m]
        self.levels = np.array([settings.level(row) for row in range(rows) for _ in range(columns)])  # (tile,)
        kinds = settings.kinds
        self.kinds = [kinds[column % len(kinds)] for _ in range(rows) for column in range(columns)]
        picture = read_grey(Path(settings.image)) if settings.image else None
        across, up = np.meshgrid(x, y)
        for number, heights in enumerate(self.heights):
            rng = np.random.default_rng([settings.seed, number])
            kind = KINDS[self.kinds[number]]
            size = kind.number(int(self.levels[number]))
            own = picture if self.kinds[number] == "image" else None
            heights[:] = kind.shape(across, up, size, rng) if own is None else image(across, up, size, own)
        self.heights.flags.writeable = False
        self._flat = self.heights.reshape(-1)
        self._stride = along, along * aside

    def __reduce__(self) -> tuple[Any, ...]:
        """Be built again in another process."""
        return build_terrain, (self.settings,)

    def height(self, tile: np.ndarray, x: np.ndarray, y: np.ndarray) -> np.ndarray:
        """Return how high the ground is; beyond the edge it is as at the edge.

        Args:
            tile: numbers of tiles, whole (...).
            x: positions [m] (...).
            y: positions [m] (...).
        """
        row, step = self._stride
        along, aside = row, step // row
        u = ((x - self.corner[0]) / self.cell).clip(0.0, along - 1.0)
        v = ((y - self.corner[1]) / self.cell).clip(0.0, aside - 1.0)
        i, j = np.minimum(u.astype(np.intp), along - 2), np.minimum(v.astype(np.intp), aside - 2)
        u -= i
        v -= j
        at = tile.astype(np.intp) * step + j * row + i
        right, above = self._flat.take(at + 1).astype(float), self._flat.take(at + row).astype(float)
        near = u + v <= 1.0
        third = self._flat.take(np.where(near, at, at + row + 1)).astype(float)  # the corner of the triangle
        u, v = np.where(near, u, 1.0 - u), np.where(near, v, 1.0 - v)
        over = (np.where(near, right, above) - third) * u + (np.where(near, above, right) - third) * v
        heights: np.ndarray = third + over
        return heights

    def height_at(self, tile: int, x: float, y: float) -> float:
        """Return what `height` returns of one point, bit for bit; 0 if it is not finite."""
        if not math.isfinite(x + y):
            return 0.0
        aside, along = self.heights.shape[1:]
        u = min(max((x - self.corner[0]) / self.cell, 0.0), along - 1.0)
        v = min(max((y - self.corner[1]) / self.cell, 0.0), aside - 1.0)
        i, j = min(int(u), along - 2), min(int(v), aside - 2)
        u, v, heights = u - i, v - j, self.heights[tile]
        right, above = float(heights[j, i + 1]), float(heights[j + 1, i])
        if u + v <= 1.0:
            third = float(heights[j, i])
            return third + ((right - third) * u + (above - third) * v)
        third, u, v = float(heights[j + 1, i + 1]), 1.0 - u, 1.0 - v
        return third + ((above - third) * u + (right - third) * v)

    def highest(self, tile: int, x: float, y: float, radius: float) -> float:
        """Return the highest ground in a square around a point, whose sides are twice the radius [m]."""
        aside, along = self.heights.shape[1:]
        spans = []
        for here, corner, count in ((x, self.corner[0], along), (y, self.corner[1], aside)):
            first = math.floor((here - radius - corner) / self.cell)
            last = math.ceil((here + radius - corner) / self.cell)
            spans.append(slice(min(max(first, 0), count - 1), max(min(last, count - 1), 0) + 1))
        return float(self.heights[tile][spans[1], spans[0]].max())

    def has_left(self, x: np.ndarray, y: np.ndarray) -> np.ndarray:
        """Return whether trunks are beyond the edge of their tile, or nearly (...)."""
        (left, near), (right, far) = self.low + EDGE, self.high - EDGE
        out: np.ndarray = (x < left) | (x > right) | (y < near) | (y > far)
        return out

    def tiles_of(self, level: int) -> np.ndarray:
        """Return the numbers of the tiles of a level; of all for 0."""
        return np.flatnonzero(self.levels == level) if level else np.arange(len(self.levels))


@functools.lru_cache(maxsize=16)
def build_terrain(settings: TerrainSettings) -> Terrain:
    """Return a terrain; the same settings give the same one.

    Raises:
        InvalidInput: the image is no PNG that can be used.
    """
    return Terrain(settings)
