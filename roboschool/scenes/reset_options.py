"""The options of a reset: those of the scene's game, a layout, and a level of its terrain."""

import warnings
from collections.abc import Mapping
from typing import Any

import numpy as np

from roboschool.bodies.terrain import TerrainSettings
from roboschool.errors import InvalidInput
from roboschool.scenes.layout import check_layout
from roboschool.scenes.scene import Scene
from roboschool.scenes.scene_file import OPTIONS

LAYOUT = "layout"  # where robots and elements are
LEVEL = "level"  # of the terrain
PROBE = "options"  # by which PettingZoo's own checker tries whether a reset takes options


def check_level(where: str, level: Any, terrain: TerrainSettings) -> int:
    """Return a level that a reset is given.

    Raises:
        InvalidInput: the terrain has no tiles of that level.
    """
    low, high = terrain.levels
    if isinstance(level, bool) or not isinstance(level, int | np.integer) or not low <= level <= high:
        raise InvalidInput(f"{where}: level: {level!r:.80} is not a whole number within {low} and {high}")
    return int(level)


def options_of_reset(scene: Scene, options: Mapping[str, Any] | None, depth: int = 4) -> dict[str, Any]:
    """Return those options of a reset that the scene's game takes, as it takes them; warn of any other.

    It is a warning, not an error, because the checkers of other packages call reset with arbitrary options.

    Args:
        scene: the scene of the game.
        options: as they are given; none if None.
        depth: how many calls ago an env was reset, which is the line that a warning is about.

    Raises:
        InvalidInput: they are not a mapping, or one is wrong, or meant for the game but misspelt.
    """
    if options is None:
        return {}
    where = f"scene {scene.name!r}: reset"
    if not isinstance(options, Mapping):
        raise InvalidInput(f"{where}: options: {options!r:.80} is not a mapping, like {{'dense_weight': 0.5}}")
    reset_options = scene.game.reset_options if scene.game is not None else ()
    rules = scene.game.with_options(options) if scene.game is not None and options else None
    own = {key: getattr(rules, key) for key in options if key in reset_options}
    if scene.layout is not None and LAYOUT in options:
        placed = [scene.props[element.prop].name for element in scene.layout.elements]
        own[LAYOUT] = check_layout(where, options[LAYOUT], [*(agent.name for agent in scene.agents), *placed])
    if scene.terrain is not None and LEVEL in options:
        own[LEVEL] = check_level(where, options[LEVEL], scene.terrain)
    for key in options:
        if key not in reset_options and key not in (*own, PROBE):
            known = (
                *reset_options,
                *([LAYOUT] if scene.layout is not None else []),
                *([LEVEL] if scene.terrain is not None else []),
            )
            others = f"only {', '.join(known)}" if known else "nor any other"
            given = f"; {key!r} is given when the env is made" if key in OPTIONS else ""
            warnings.warn(f"{where} has no option {key!r}, {others}{given}", stacklevel=depth)
    return own
