"""Ground and sky behind the robots, painted by formulas that average over each pixel: smooth however far away."""

from collections.abc import Sequence
from typing import Any, TypeAlias

import numpy as np

from roboschool.lens import FAR, Lens
from roboschool.scene import Scene

Colour: TypeAlias = tuple[int, int, int]  # red, green, blue
Triple: TypeAlias = tuple[float, float, float]

ZENITH, HORIZON = (118, 172, 222), (226, 236, 243)
GROUND, TRACK, WHITE, BLACK = (199, 211, 203), (138, 160, 182), (248, 248, 246), (38, 44, 54)
TILE, CONTRAST = 1.0, 0.06  # size of a tile [m], black in every other one
LANE, LINE, START = 2.0, 0.06, 0.12  # width of a lone lane, of its lines, of the start line [m]
FINISH, SQUARE = 1.0, 0.25  # width of the finish, of its squares [m]
HAZE = 50.0  # at this distance most of the ground's colour is the horizon's [m]
SHARPEST = np.float32(1e-6)  # width of what a pixel shows of the ground, at least [m]


class Backdrop:
    """Ground and sky: a track where all start abreast along +x, tiles elsewhere."""

    def __init__(self, scene: Scene) -> None:
        self.track = _track(scene)
        self.finish = scene.finish

    def paint(self, lens: Lens, width: int, height: int) -> Any:
        """Return what is seen (height, width, 3), from 0 to 255."""
        size = np.array((2 * lens.wide / width, 2 * lens.high / height), np.float32)  # of a pixel 1 m away [m]
        across = (np.arange(width, dtype=np.float32) + 0.5) * size[0] - np.float32(lens.wide)
        upward = np.float32(lens.high) - (np.arange(height, dtype=np.float32)[:, None] + 0.5) * size[1]
        eye, ahead, right, up = (part.astype(np.float32) for part in (lens.eye, lens.ahead, lens.right, lens.up))
        rise = ahead[2] + up[2] * upward
        picture = np.empty((height, width, 3), np.float32)
        picture[:] = _layers(HORIZON, [((rise / 0.5).clip(0.0, 1.0) ** 0.8, ZENITH)])
        first = int(np.count_nonzero(rise > -eye[2] / FAR))
        if first < height:
            far = eye[2] / -rise[first:]  # distance [m], along the lens's axis
            step = far**2 / eye[2] * up[2] * size[1]  # to the next row [m]
            ways = [ahead[axis] + up[axis] * upward[first:] + right[axis] * across for axis in (0, 1)]
            x, y = (eye[axis] + far * ways[axis] for axis in (0, 1))
            wide, high = (step * abs(ways[axis]) + far * abs(right[axis]) * size[0] + SHARPEST for axis in (0, 1))
            haze = 1.0 - np.exp(-((far / HAZE) ** 1.5))
            picture[first:] = _layers(GROUND, [*self._markings(x, y, wide, high), (haze, HORIZON)])
        return picture

    def _markings(self, x: Any, y: Any, wide: Any, high: Any) -> list[tuple[Any, Colour]]:
        """Return how much of each colour lies over the one before, at spots blurred over a width and height [m]."""
        rows, columns = _stripes(x, wide, TILE), _stripes(y, high, TILE)
        if self.track is None:
            return [(CONTRAST * _chequer(rows, columns), BLACK)]
        low, top, lane = self.track
        track = _band(y, high, low, top)
        lines = _stripes(y - low + LINE / 2, high, LINE, lane) * _band(y, high, low - LINE / 2, top + LINE / 2)
        layers = [(track, TRACK), (CONTRAST * _chequer(rows, columns * (1.0 - track)), BLACK), (lines, WHITE)]
        layers.append((track * _band(x, wide, -START / 2, START / 2), WHITE))
        if self.finish is not None and x.min() < self.finish + FINISH and x.max() > self.finish:
            end = track * _band(x, wide, self.finish, self.finish + FINISH)
            squares = _chequer(_stripes(x - self.finish, wide, SQUARE), _stripes(y - low, high, SQUARE))
            layers += [(end, WHITE), (end * squares, BLACK)]
        return layers


def _track(scene: Scene) -> Triple | None:
    """Return the right and left edge of the track and the width of a lane [m], if there is one."""
    if any(isinstance(y, tuple) or abs(np.mean(agent.turn)) > 0.1 for agent in scene.agents for y in agent.spot):
        return None
    ys = np.unique([agent.spot[1] for agent in scene.agents])
    lane = float(ys[1] - ys[0]) if len(ys) > 1 else LANE
    if not np.allclose(np.diff(ys), lane):
        return None
    return float(ys[0]) - lane / 2, float(ys[-1]) + lane / 2, lane


def _layers(ground: Colour, layers: Sequence[tuple[Any, Colour]]) -> np.ndarray:
    """Return a colour (..., 3) over which others have been painted, each covering a share of it."""
    channels = []
    for channel, shade in enumerate(np.array(ground, np.float32)):
        for share, colour in layers:
            shade = shade + share * (colour[channel] - shade)
        channels.append(shade)
    return np.stack(channels, axis=-1)


def _stripes(at: Any, blur: Any, width: float, period: float | None = None) -> Any:
    """Return how much of an interval lies in stripes that begin at every multiple of a period, else of two widths."""
    period = period or 2 * width
    share = width / period

    def covered(end: Any) -> Any:
        whole = np.floor(end)
        return np.minimum(end - whole, share) + whole * share

    at, blur = at / period, blur / period
    return (covered(at + blur / 2) - covered(at - blur / 2)) / blur


def _band(at: Any, blur: Any, low: float, top: float) -> Any:
    """Return how much of an interval lies between two ends."""
    half = blur / 2
    return ((np.minimum(at + half, top) - np.maximum(at - half, low)) / blur).clip(0.0, 1.0)


def _chequer(rows: Any, columns: Any) -> Any:
    return rows + columns - 2 * rows * columns
