"""The colours of two sides whose robots are alike: without them nobody could tell one from the other."""

import numpy as np

from roboschool.games.observations import COLOURS
from roboschool.rendering.shapes import Colour
from roboschool.scenes.scene import Scene

LEAST, MOST = 0.4, 0.85  # share of the team in the colour of a shape: in a grey one, in a bright one
DARKEST = 0.4  # of a black shape
BRIGHTER = 1.25  # than the team's colour a white shape is
GREY = np.array((0.299, 0.587, 0.114))  # how bright red, green and blue are (ITU-R BT.601)


def team_colours(scene: Scene) -> list[Colour | None]:
    """Return the colour of each agent's side: None, unless two sides have the same robots."""
    sides: dict[str, list[str]] = {}
    for agent in scene.agents:
        sides.setdefault(f"team {agent.team}" if agent.team else agent.name, []).append(agent.robot.name)
    if len(sides) != 2 or len({tuple(sorted(robots)) for robots in sides.values()}) != 1:
        return [None] * len(scene.agents)
    own = dict(zip(sides, COLOURS, strict=True))
    return [own[f"team {agent.team}" if agent.team else agent.name] for agent in scene.agents]


def tint(colours: np.ndarray, team: Colour | None) -> np.ndarray:
    """Return colours of shapes (shape, 3), 0 to 1, as a team wears them: bright shapes stay brighter than dark ones."""
    if team is None:
        return colours
    bright = (DARKEST + (1.0 - DARKEST) * colours @ GREY)[:, None]
    vivid = np.ptp(colours, axis=1)[:, None] / np.maximum(colours.max(axis=1), 1e-6)[:, None]
    share = LEAST + (MOST - LEAST) * vivid
    tinted: np.ndarray = share * bright * np.array(team) / 255 * BRIGHTER + (1.0 - share) * colours
    return tinted.clip(0.0, 1.0)
