"""A stadium painted on the ground: a running track around a football field, seen in pictures and nowhere else."""

from typing import Any

import numpy as np

from roboschool.rendering.backdrop import (
    BLACK,
    CONTRAST,
    FINISH,
    GROUND,
    SHARPEST,
    SQUARE,
    START,
    TILE,
    TRACK,
    WHITE,
    Backdrop,
    Layer,
    Spots,
    band,
    below,
    chequer,
    cover,
    plain,
    stripes,
)
from roboschool.scenes.scene import Scene

GRASS, MOWN = (166, 192, 152), (154, 182, 140)
TURN, STRAIGHT, HALF = 21.0, 15.0, 1.5  # radius of a turn, half a straight, half the width of the track [m]
LANE, LINE = 1.0, 0.05  # width of a lane, of its lines [m]
PAD, RACE = 29.0, 27.0  # half the straight that goes on beyond the turns, half a race on it [m]
CHALK, MOWER = 0.1, 2.625  # width of the field's lines, of a mown stripe [m]
CIRCLE, AREA = 4.5, (18.0, 7.4)  # its radius; where a penalty area begins, half its width [m]
TURF, OVAL, FIELD = (41.0, 26.0), (STRAIGHT + TURN + HALF, TURN + HALF), (26.25, 12.5)  # half their sizes [m]


class Stadium(Backdrop):
    """Ground and sky with a stadium: a track of three lanes around two straights and two turns, around a field.

    Args:
        scene: what else there is.
        middle: x, y of the field's middle [m].
    """

    def __init__(self, scene: Scene, middle: tuple[float, float]) -> None:
        super().__init__(scene)
        self.middle = float(middle[0]), float(middle[1])
        self.goal = RACE if scene.finish is None else scene.finish - middle[0]
        low, top = middle[1] - TURN - HALF, middle[1] - TURN + HALF
        if self.track is not None and low < (self.track[0] + self.track[1]) / 2 < top:  # they run on the straight
            self.track = low, top, LANE

    def _ground(self, spots: Spots) -> list[Any]:
        """Return red, green and blue of the ground, each (rows, columns)."""
        spots = Spots(spots.x - self.middle[0], spots.y - self.middle[1], spots.above, spots.beside)
        shades = plain(GRASS, spots.x.shape)
        window, part = spots.beyond(*TURF)
        cover(shades, window, _bare(part))
        for paint, (wide, high) in ((_oval, OVAL), (_field, FIELD)):
            window, part = spots.within((-wide, wide), (-high, high))
            cover(shades, window, paint(part))
        for paint, x in ((_straight, (-PAD, PAD)), (self._finish, (self.goal, self.goal + FINISH))):
            window, part = spots.within(x, (-TURN - HALF, HALF - TURN))
            cover(shades, window, paint(part))
        return shades

    def _finish(self, spots: Spots) -> list[Layer]:
        x, y, wide, high = spots.x - self.goal, spots.y + TURN, spots.wide, spots.high
        finish = band(y, high, -HALF, HALF) * band(x, wide, 0.0, FINISH)
        return [(finish, WHITE), (finish * chequer(stripes(x, wide, SQUARE), stripes(y - HALF, high, SQUARE)), BLACK)]


def _bare(spots: Spots) -> list[Layer]:
    """Return the ground around the turf."""
    wide, high = TURF
    bare = 1.0 - band(spots.x, spots.wide, -wide, wide) * band(spots.y, spots.high, -high, high)
    return [(bare, GROUND), (CONTRAST * bare * spots.tiles(), BLACK)]


def _oval(spots: Spots) -> list[Layer]:
    """Return the track, and what is mown inside it."""
    aside = np.sign(spots.x) * np.maximum(abs(spots.x) - STRAIGHT, 0.0)
    away = np.sqrt(aside**2 + spots.y**2) + SHARPEST  # from the line between the middles of the turns
    blur = spots.along(aside / away, spots.y / away)
    lawn = below(away, blur, TURN - HALF) * stripes(spots.x, spots.wide, MOWER)
    return [(lawn, MOWN), (band(away, blur, TURN - HALF, TURN + HALF), TRACK), (_lanes(away - TURN, blur), WHITE)]


def _straight(spots: Spots) -> list[Layer]:
    """Return the straight on which races are run, with the start."""
    x, y, wide, high = spots.x, spots.y + TURN, spots.wide, spots.high
    length = band(x, wide, -PAD, PAD)
    track = length * band(y, high, -HALF, HALF)
    return [
        (track, TRACK),
        (CONTRAST * track * stripes(x, wide, TILE), BLACK),
        (length * _lanes(y, high), WHITE),
        (track * band(x, wide, -RACE - START / 2, START / 2 - RACE), WHITE),
    ]


def _lanes(at: Any, blur: Any) -> Any:
    """Return the lines of the lanes, given how far outside the middle of the track something is [m]."""
    return stripes(at + HALF + LINE / 2, blur, LINE, LANE) * band(at, blur, -HALF - LINE / 2, HALF + LINE / 2)


def _field(spots: Spots) -> list[Layer]:
    """Return the lines of the football field."""
    (long, broad), (deep, area) = FIELD, AREA
    x, y, wide, high = abs(spots.x), abs(spots.y), spots.wide, spots.high
    inside = below(x, wide, long) * below(y, high, broad)
    lines = inside - below(x, wide, long - CHALK) * below(y, high, broad - CHALK)
    lines += inside * band(spots.x, wide, -CHALK / 2, CHALK / 2)
    lines += inside * (1.0 - below(x, wide, deep)) * below(y, high, area)
    lines -= inside * (1.0 - below(x, wide, deep + CHALK)) * below(y, high, area - CHALK)
    away = np.sqrt(x**2 + y**2) + SHARPEST
    lines += band(away, spots.along(spots.x / away, spots.y / away), CIRCLE - CHALK / 2, CIRCLE + CHALK / 2)
    return [(lines.clip(0.0, 1.0), WHITE)]
