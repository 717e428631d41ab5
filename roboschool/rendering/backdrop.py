"""Ground and sky, painted by formulas that average over each pixel, so that they are free of aliasing."""

import functools
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np

from roboschool.physics.camera_images import Colour
from roboschool.physics.checkpoint import Triple
from roboschool.rendering.camera_view import CameraView
from roboschool.scenes.scene import Scene

Window: TypeAlias = tuple[slice, slice]  # rows and columns
Layer: TypeAlias = tuple[Any, Colour]  # a share of what is there is covered by a colour

ZENITH, HORIZON = (118, 172, 222), (226, 236, 243)
GROUND, TRACK, WHITE, BLACK = (199, 211, 203), (138, 160, 182), (248, 248, 246), (38, 44, 54)
CEILING, FLOOR, GLOW = (190, 206, 222), (166, 180, 194), (232, 238, 242)
BRIGHT = 0.9  # share of the glow in the middle of a studio
TILE, CONTRAST = 1.0, 0.06  # size of a tile [m], black in every other one
LANE, LINE, START = 2.0, 0.06, 0.12  # width of a lone lane, of its lines, of the start line [m]
FINISH, SQUARE = 1.0, 0.25  # width of the finish, of its squares [m]
HAZE = 50.0  # at this distance most of the ground's colour is the horizon's [m]
CLEAR, HAZY = 4.0, 4.0  # HAZE is at least this many heights of the eye; from this many times it on all is haze
SHARPEST = np.float32(1e-6)  # width of what a pixel shows of the ground, at least [m]


class Studio:
    """A plain background with soft light."""

    track = None

    def paint(self, _camera_view: CameraView, width: int, height: int) -> Any:
        """Return the background (height, width, 3), from 0 to 255."""
        across = np.linspace(-1.0, 1.0, width, dtype=np.float32)
        upward = np.linspace(1.0, -1.0, height, dtype=np.float32)[:, None]
        glow = np.exp(-(across**2) - (upward - 0.1) ** 2)
        light = cover(plain(FLOOR, glow.shape), ..., [((1.0 + upward) / 2, CEILING), (BRIGHT * glow, GLOW)])
        return np.stack(light, axis=-1)


@dataclass(frozen=True)
class Spots:
    """What the pixels of a part of a picture show of the ground, every array (rows, columns)."""

    x: Any  # [m]
    y: Any  # [m]
    above: tuple[Any, Any]  # x and y of the way to the spot above [m]
    beside: tuple[Any, Any]  # to the spot on the right [m]

    @functools.cached_property
    def wide(self) -> Any:
        """How wide each spot is along x [m]."""
        return abs(self.above[0]) + abs(self.beside[0]) + SHARPEST

    @functools.cached_property
    def high(self) -> Any:
        """How wide each spot is along y [m]."""
        return abs(self.above[1]) + abs(self.beside[1]) + SHARPEST

    def tiles(self) -> Any:
        """Return how much of each spot lies in every other tile."""
        return chequer(stripes(self.x, self.wide, TILE), stripes(self.y, self.high, TILE))

    def along(self, x: Any, y: Any) -> Any:
        """Return how wide each spot is along a direction of length 1 [m]."""
        return sum(abs(way[0] * x + way[1] * y) for way in (self.above, self.beside)) + SHARPEST

    def within(self, x: tuple[float, float], y: tuple[float, float]) -> tuple[Window, "Spots"]:
        """Return the smallest window of the picture that shows all between two x and two y, and its spots."""
        rows = self._reach((slice(None), [0, -1]), 1, x, y)
        columns = self._reach(([rows.start, max(rows.start, rows.stop - 1)], slice(None)), 0, x, y)
        return (rows, columns), self._part((rows, columns))

    def beyond(self, x: float, y: float) -> tuple[Window, "Spots"]:
        """Return the rows that show anything farther off than x or y, and their spots."""
        edges = slice(None), [0, -1]
        far = (abs(self.x[edges]) + self.wide[edges] > x) | (abs(self.y[edges]) + self.high[edges] > y)
        rows = _span(far.any(1))
        return (rows, slice(None)), self._part((rows, slice(None)))

    def _part(self, window: Window) -> "Spots":
        (a, b), (c, d) = self.above, self.beside
        return Spots(self.x[window], self.y[window], (a[window], b[window]), (c[window], d[window]))

    def _reach(self, edges: Any, axis: int, x: tuple[float, float], y: tuple[float, float]) -> slice:
        """Return where something is seen: rows and columns show straight lines, so their ends suffice."""
        seen = np.array(True)
        for at, blur, (low, top) in ((self.x, self.wide, x), (self.y, self.high, y)):
            at, blur = at[edges], blur[edges]
            seen = seen & ((at + blur).max(axis) > low) & ((at - blur).min(axis) < top)
        return _span(seen)


class Backdrop:
    """Ground and sky: a track where all start abreast along +x, tiles elsewhere."""

    def __init__(self, scene: Scene) -> None:
        self.track = _track(scene)
        self.finish = scene.finish

    def paint(self, camera_view: CameraView, width: int, height: int) -> Any:
        """Return the background (height, width, 3), from 0 to 255."""
        size = np.array(
            (2 * camera_view.wide / width, 2 * camera_view.high / height), np.float32
        )  # of a pixel 1 m away [m]
        across = (np.arange(width, dtype=np.float32) + 0.5) * size[0] - np.float32(camera_view.wide)
        upward = np.float32(camera_view.high) - (np.arange(height, dtype=np.float32)[:, None] + 0.5) * size[1]
        eye, ahead, right, up = (
            part.astype(np.float32) for part in (camera_view.eye, camera_view.ahead, camera_view.right, camera_view.up)
        )
        rise = ahead[2] + up[2] * upward
        if right[2]:
            rise = rise + right[2] * across
        picture = np.empty((height, width, 3), np.float32)
        sky = plain(HORIZON, rise.shape)
        picture[:] = np.stack(cover(sky, ..., [((rise / 0.5).clip(0.0, 1.0) ** 0.8, ZENITH)]), axis=-1)
        clear = max(HAZE, CLEAR * eye[2])
        floor = np.float32(max(eye[2], 0.0) / (HAZY * clear))
        first = int(np.count_nonzero((rise > -floor).all(1)))
        if first < height and floor > 0.0:
            far = eye[2] / np.maximum(-rise[first:], floor)  # distance [m], along the camera's axis
            step = far**2 / eye[2] * up[2] * size[1]  # how much farther the row above is [m]
            ways = [ahead[axis] + up[axis] * upward[first:] + right[axis] * across for axis in (0, 1)]
            x, y = (eye[axis] + far * ways[axis] for axis in (0, 1))
            above = [step * ways[axis] + far * up[axis] * size[1] for axis in (0, 1)]
            beside = [np.broadcast_to(far * right[axis] * size[0], x.shape) for axis in (0, 1)]
            haze = 1.0 - np.exp(-((far / clear) ** 1.5))
            ground = self._ground(Spots(x, y, (above[0], above[1]), (beside[0], beside[1])))
            picture[first:] = np.stack(cover(ground, ..., [(haze, HORIZON)]), axis=-1)
        return picture

    def _ground(self, spots: Spots) -> list[Any]:
        """Return red, green and blue of the ground, each (rows, columns)."""
        return cover(plain(GROUND, spots.x.shape), ..., self._markings(spots))

    def _markings(self, spots: Spots) -> list[Layer]:
        """Return how much of each colour lies over the one before."""
        x, y, wide, high = spots.x, spots.y, spots.wide, spots.high
        if self.track is None:
            return [(CONTRAST * spots.tiles(), BLACK)]
        rows, columns = stripes(x, wide, TILE), stripes(y, high, TILE)
        low, top, lane = self.track
        track = band(y, high, low, top)
        lines = stripes(y - low + LINE / 2, high, LINE, lane) * band(y, high, low - LINE / 2, top + LINE / 2)
        layers = [(track, TRACK), (CONTRAST * chequer(rows, columns * (1.0 - track)), BLACK), (lines, WHITE)]
        layers.append((track * band(x, wide, -START / 2, START / 2), WHITE))
        if self.finish is not None and x.min() < self.finish + FINISH and x.max() > self.finish:
            end = track * band(x, wide, self.finish, self.finish + FINISH)
            squares = chequer(stripes(x - self.finish, wide, SQUARE), stripes(y - low, high, SQUARE))
            layers += [(end, WHITE), (end * squares, BLACK)]
        return layers


def _track(scene: Scene) -> Triple | None:
    """Return the right and left edge of the track and the width of a lane [m], if there is one."""
    if any(isinstance(y, tuple) or abs(np.mean(agent.yaw)) > 0.1 for agent in scene.agents for y in agent.position):
        return None
    ys = np.unique([agent.position[1] for agent in scene.agents])
    lane = float(ys[1] - ys[0]) if len(ys) > 1 else LANE
    if not np.allclose(np.diff(ys), lane):
        return None
    return float(ys[0]) - lane / 2, float(ys[-1]) + lane / 2, lane


def _span(seen: Any) -> slice:
    """Return from the first to the last that is true."""
    places = np.flatnonzero(seen)
    return slice(int(places[0]), int(places[-1]) + 1) if len(places) else slice(0, 0)


def plain(colour: Colour, shape: tuple[int, ...]) -> list[Any]:
    """Return red, green and blue of one colour, each of a shape."""
    return [np.full(shape, shade, np.float32) for shade in colour]


def cover(shades: list[Any], window: Any, layers: Sequence[Layer]) -> list[Any]:
    """Paint layers over a window of red, green and blue, each (rows, columns)."""
    for channel, shade in enumerate(shades):
        part = shade[window]
        for share, colour in layers:
            part += share * (colour[channel] - part)
    return shades


def stripes(at: Any, blur: Any, width: float, period: float | None = None) -> Any:
    """Return how much of an interval lies in stripes that begin at every multiple of a period, else of two widths."""
    period = period or 2 * width
    share = width / period

    def covered(end: Any) -> Any:  # in place: memory is what takes the time
        whole = np.floor(end)
        end -= whole
        np.minimum(end, share, out=end)
        whole *= share
        end += whole
        return end

    at, half = at / period, blur / (2 * period)
    lies = covered(at + half)
    lies -= covered(at - half)
    lies /= 2 * half
    return lies


def band(at: Any, blur: Any, low: float, top: float) -> Any:
    """Return how much of an interval lies between two ends."""
    half = blur / 2
    return ((np.minimum(at + half, top) - np.maximum(at - half, low)) / blur).clip(0.0, 1.0)


def below(at: Any, blur: Any, top: float) -> Any:
    """Return how much of an interval lies below an end."""
    return ((top - at) / blur + 0.5).clip(0.0, 1.0)


def chequer(rows: Any, columns: Any) -> Any:
    """Return how much of something lies in a row or in a column, and not in both."""
    return rows + columns - 2 * rows * columns
