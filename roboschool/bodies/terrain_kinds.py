"""The shapes of terrain: pure functions of numpy arrays, each with the number that its ten levels change."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np

PLATFORM = 1.0  # around the start it is level: half the side of that square [m]
TREAD = 0.4  # of a stair [m]
BLOCK = 0.8  # side of a block [m]
GRAIN = 0.2  # distance between the numbers drawn of rough ground [m]
DEPTH = 1.0  # of gaps [m]
BANK = 1.2  # between two gaps [m]
STONE = 0.6  # side of a stepping stone [m]
WAVE = 3.0  # length of a wave [m]
STRIP = 4.0  # length of a row of a track [m]
LEVELS = 10
TINY = 1e-9  # by which a number may miss an edge [m]

Shape: TypeAlias = Callable[[np.ndarray, np.ndarray, float, np.random.Generator], np.ndarray]


@dataclass(frozen=True)
class Kind:
    """A kind of terrain."""

    shape: Shape  # (x, y, number, rng) -> heights [m]; x and y are (row, column), from the start [m]
    measure: str  # what its levels change
    unit: str
    low: float  # that number at level 1
    high: float  # at level 10

    def number(self, level: float) -> float:
        """Return the number of a level from 1 to 10; between levels it is interpolated."""
        return self.low + (self.high - self.low) * (level - 1.0) / (LEVELS - 1.0)


def _from_start(x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """Return how far points are from the platform around the start, 0 on it [m]."""
    away: np.ndarray = np.maximum(np.maximum(np.abs(x), np.abs(y)) - PLATFORM, 0.0)
    return away


def _cell(x: np.ndarray) -> float:
    return float(x[0, 1] - x[0, 0])


def _way(rng: np.random.Generator) -> float:
    """Return up or down."""
    return 1.0 if rng.random() < 0.5 else -1.0


def flat(x: np.ndarray, y: np.ndarray, number: float, rng: np.random.Generator) -> np.ndarray:
    """Return level ground."""
    return np.zeros(x.shape)


def rough(x: np.ndarray, y: np.ndarray, height: float, rng: np.random.Generator) -> np.ndarray:
    """Return bumps: heights drawn on a grid, and between them planes along each axis."""
    u, v = (x - x[0, 0]) / GRAIN, (y - y[0, 0]) / GRAIN
    drawn = rng.uniform(-0.5 * height, 0.5 * height, (int(v[-1, 0]) + 2, int(u[0, -1]) + 2))
    i, j = u.astype(int), v.astype(int)
    u, v = u - i, v - j
    low = drawn[j, i] * (1.0 - u) + drawn[j, i + 1] * u
    heights: np.ndarray = low * (1.0 - v) + (drawn[j + 1, i] * (1.0 - u) + drawn[j + 1, i + 1] * u) * v
    return heights


def slope(x: np.ndarray, y: np.ndarray, degrees: float, rng: np.random.Generator) -> np.ndarray:
    """Return a pyramid, or a pit: the start is on its platform."""
    heights: np.ndarray = _way(rng) * np.tan(np.radians(degrees)) * _from_start(x, y)
    return heights


def stairs(x: np.ndarray, y: np.ndarray, rise: float, rng: np.random.Generator) -> np.ndarray:
    """Return stairs around the start, up or down."""
    return _way(rng) * rise * np.ceil(_from_start(x, y) / TREAD - TINY)


def blocks(x: np.ndarray, y: np.ndarray, difference: float, rng: np.random.Generator) -> np.ndarray:
    """Return squares at heights of their own."""
    i, j = (np.floor((along - along[0, 0]) / BLOCK + TINY).astype(int) for along in (x, y))
    drawn = rng.uniform(-0.5 * difference, 0.5 * difference, (int(j[-1, 0]) + 1, int(i[0, -1]) + 1))
    heights: np.ndarray = np.where(_from_start(x, y) > TINY, drawn[j, i], 0.0)
    return heights


def _lowered(along: np.ndarray, bank: float, width: float, cell: float) -> np.ndarray:
    """Return which points are in gaps: those between banks, as many of a row as make the width at half the depth."""
    wide = max(1, round(width / cell))
    firm = max(2, round(bank / cell))
    found: np.ndarray = np.round(along / cell).astype(int) % (firm + wide) >= firm
    return found


def gaps(x: np.ndarray, y: np.ndarray, width: float, rng: np.random.Generator) -> np.ndarray:
    """Return gaps around the start, and around each other."""
    away = _from_start(x, y)
    return np.where(_lowered(away, BANK, width, _cell(x)) & (away > TINY), -DEPTH, 0.0)


def stepping_stones(x: np.ndarray, y: np.ndarray, width: float, rng: np.random.Generator) -> np.ndarray:
    """Return square stones with gaps between them."""
    cell = _cell(x)
    between = _lowered(np.abs(x), STONE, width, cell) | _lowered(np.abs(y), STONE, width, cell)
    return np.where(between & (_from_start(x, y) > TINY), -DEPTH, 0.0)


def waves(x: np.ndarray, y: np.ndarray, height: float, rng: np.random.Generator) -> np.ndarray:
    """Return waves along both axes, which begin at the platform."""
    phases = rng.uniform(0.0, 2.0 * np.pi, 2)
    sum_of = np.sin(2.0 * np.pi * x / WAVE + phases[0]) + np.sin(2.0 * np.pi * y / WAVE + phases[1])
    heights: np.ndarray = 0.25 * height * sum_of * np.minimum(_from_start(x, y), 1.0)
    return heights


def track(x: np.ndarray, y: np.ndarray, level: float, rng: np.random.Generator) -> np.ndarray:
    """Return rows across +x, of other kinds one after the other, and harder from row to row, up to a level."""
    rows = max(1, int((x[0, -1] - PLATFORM) // STRIP))
    heights, cell = np.zeros(x.shape), _cell(x)
    for row in range(rows):
        along = x - PLATFORM - row * STRIP
        inside = (along > TINY) & (along < STRIP - TINY)
        rising = 1.0 + (level - 1.0) * row / max(1, rows - 1)
        kind = ROWS[row % len(ROWS)]
        number = KINDS[kind].number(rising)
        near = np.minimum(along, STRIP - along)  # to the nearer edge of the row
        if kind == "stairs":
            own = number * np.ceil(np.clip(near, 0.0, 3.5 * TREAD) / TREAD - TINY)
        elif kind == "slope":
            own = np.tan(np.radians(number)) * np.clip(near, 0.0, 0.3 * STRIP)
        elif kind == "gaps":
            own = np.where(_lowered(along, BANK, number, cell) & (along < STRIP - 2.0 * cell), -DEPTH, 0.0)
        else:
            away = np.where(inside, np.minimum(near / 0.2, 1.0), 0.0)
            own = KINDS[kind].shape(x + 2.0 * PLATFORM + STRIP, y, number, rng) * away
        heights = np.where(inside, own, heights)
    return heights


def image(x: np.ndarray, y: np.ndarray, height: float, picture: np.ndarray) -> np.ndarray:
    """Return the heights of a picture that fills the tile, its first row at the greatest y.

    Args:
        x: of each point [m].
        y: of each point [m].
        height: of white; black is 0 [m].
        picture: brightness, 0 to 1 (row, column), two of each at least.
    """
    rows, columns = picture.shape
    u = (x - x[0, 0]) / (x[0, -1] - x[0, 0]) * (columns - 1)
    v = (y - y[0, 0]) / (y[-1, 0] - y[0, 0]) * (rows - 1)
    i, j = np.minimum(u.astype(int), columns - 2), np.minimum(v.astype(int), rows - 2)
    u, v, seen = u - i, v - j, picture[::-1]
    low = seen[j, i] * (1.0 - u) + seen[j, i + 1] * u
    heights: np.ndarray = height * (low * (1.0 - v) + (seen[j + 1, i] * (1.0 - u) + seen[j + 1, i + 1] * u) * v)
    return heights


KINDS: Mapping[str, Kind] = {
    "flat": Kind(flat, "nothing", "", 0.0, 0.0),
    "rough": Kind(rough, "height from the lowest to the highest bump", "m", 0.02, 0.2),
    "slope": Kind(slope, "slope", "deg", 3.0, 30.0),
    "stairs": Kind(stairs, "rise of a step", "m", 0.02, 0.2),
    "blocks": Kind(blocks, "difference between two blocks, at most", "m", 0.02, 0.2),
    "gaps": Kind(gaps, "width of a gap", "m", 0.05, 0.6),
    "stepping_stones": Kind(stepping_stones, "gap between two stones", "m", 0.05, 0.6),
    "waves": Kind(waves, "height from trough to crest", "m", 0.05, 0.5),
    "track": Kind(track, "level of its last row", "", 1.0, 10.0),
    "image": Kind(flat, "height of white over black", "m", 0.1, 1.0),  # see `image`
}
ROWS = ("rough", "stairs", "gaps", "blocks", "waves", "slope")  # of a track
