"""Ground and sky of a scene: a track where all start abreast along +x, a stadium, tiles, or a studio."""

import math

import numpy as np

from roboschool.rendering.native.library import STADIUM, STUDIO, TILES, TRACK, Ground, Light
from roboschool.rendering.tiles import level_around
from roboschool.scenes.looks import Looks
from roboschool.scenes.scene import Scene

ZENITH, HORIZON = (92, 152, 214), (224, 235, 243)
BARE, LANES, WHITE, BLACK = (197, 208, 203), (118, 146, 176), (248, 248, 246), (38, 44, 54)
GRASS, MOWN = (146, 182, 126), (130, 168, 110)
CEILING, FLOOR, GLOW = (190, 206, 222), (166, 180, 194), (232, 238, 242)
COLOURS = (ZENITH, HORIZON, BARE, LANES, WHITE, BLACK, GRASS, MOWN, CEILING, FLOOR, GLOW)  # as in `enum colour`
BACKGROUND, LINES = (ZENITH, HORIZON, CEILING, FLOOR, GLOW), (WHITE, BLACK)  # the others are of the ground
LANE = 2.0  # width of a lone lane [m]
TURN, HALF, STADIUM_LANE = 21.0, 1.5, 1.0  # of the stadium: radius of a turn, half the width of its track, a lane [m]
RACE = 27.0  # half a race on its straight [m]


def find_track(scene: Scene) -> tuple[float, float, float] | None:
    """Return the right and left edge of the track and the width of a lane [m], if there is one."""
    if not scene.ground or scene.terrain is not None:
        return None
    track = _lanes(scene)
    if scene.stadium is None or track is None:
        return track
    low, top = scene.stadium[1] - TURN - HALF, scene.stadium[1] - TURN + HALF
    return (low, top, STADIUM_LANE) if low < (track[0] + track[1]) / 2 < top else track  # they run on the straight


def make_ground(scene: Scene) -> Ground:
    """Return the ground of a scene for the library."""
    track, stadium = find_track(scene), scene.stadium
    if not scene.ground:
        kind = STUDIO
    elif stadium is not None:
        kind = STADIUM
    else:
        kind = TILES if track is None else TRACK
    middle = (0.0, 0.0) if stadium is None else stadium
    finish = np.inf if scene.finish is None else scene.finish - middle[0]
    if stadium is not None and scene.finish is None:
        finish = RACE
    ground = Ground(kind, *(track or (0.0, 0.0, LANE)), finish, middle)
    for number, colour in enumerate(COLOURS):
        ground.colours[number][:] = _tint(colour, scene.looks)
    ground.clear, ground.light = scene.looks.clear, make_light(scene.looks)
    if scene.info.terrain is not None:
        ground.level = level_around(scene.info.terrain)
    return ground


def make_light(looks: Looks) -> Light:
    """Return the light of a scene for the library."""
    x, y, z = looks.sun
    level = math.hypot(x, y)
    east = -y / level, x / level, 0.0
    north = -z * east[1], z * east[0], x * east[1] - y * east[0]
    return Light(looks.sun, east, north, looks.sky, looks.strength, looks.shine)


def _tint(colour: tuple[int, int, int], looks: Looks) -> tuple[float, ...]:
    """Return a colour, 0 to 1, as looks have it; lines stay white and black."""
    plain = tuple(part / 255 for part in colour)
    if colour in LINES:
        return plain
    tint = looks.background if colour in BACKGROUND else looks.ground
    return tuple(min(part * factor, 1.0) for part, factor in zip(plain, tint, strict=True))


def _lanes(scene: Scene) -> tuple[float, float, float] | None:
    if scene.layout is not None:  # they begin anywhere
        return None
    if any(isinstance(y, tuple) or abs(np.mean(agent.yaw)) > 0.1 for agent in scene.agents for y in agent.position):
        return None
    ys = np.unique([agent.position[1] for agent in scene.agents])
    lane = float(ys[1] - ys[0]) if len(ys) > 1 else LANE
    if not np.allclose(np.diff(ys), lane):
        return None
    return float(ys[0]) - lane / 2, float(ys[-1]) + lane / 2, lane
