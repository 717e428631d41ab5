"""The options of a reset: those of the game, ranges of what is randomized, a level, and how the episode begins."""

import warnings
from collections.abc import Mapping
from typing import Any

import numpy as np

from roboschool.bodies.terrain import TerrainSettings
from roboschool.errors import InvalidInput
from roboschool.scenes.beginning import PARTS, check_beginning
from roboschool.scenes.layout import check_layout
from roboschool.scenes.randomize import with_ranges
from roboschool.scenes.scene import Scene
from roboschool.scenes.scene_file import OPTIONS

LAYOUT = "layout"  # where robots and elements are
RANDOMIZE = "randomize"  # other ranges for what the scene randomizes
STATE = "state"  # a saved one, from which the episode begins
SINGLE = (LAYOUT, STATE, *PARTS)  # options that hold for one episode only
LEVEL = "level"  # of the terrain
PROBE = "options"  # by which PettingZoo's own checker tries whether a reset takes options


def lasting(options: Mapping[str, Any]) -> dict[str, Any]:
    """Return the options of a reset that hold until another changes them."""
    return {key: value for key, value in options.items() if key not in SINGLE}


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
    """Return those options of a reset that the scene takes, as it takes them; warn of any other.

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
    left = {key: value for key, value in options.items() if key not in (*SINGLE, RANDOMIZE) or key in reset_options}
    rules = scene.game.with_options(left) if scene.game is not None and left else None
    own = {key: getattr(rules, key) for key in options if key in reset_options}
    if scene.layout is not None and LAYOUT in options:
        placed = [scene.props[element.prop].name for element in scene.layout.elements]
        own[LAYOUT] = check_layout(where, options[LAYOUT], [*(agent.name for agent in scene.agents), *placed])
    if scene.randomize is not None and RANDOMIZE in options:
        own[RANDOMIZE] = with_ranges(where, scene.randomize, options[RANDOMIZE])
    own |= {key: check_beginning(where, scene, key, options[key]) for key in PARTS if key in {*options} - {*own}}
    if options.get(STATE) is not None:
        if others := [key for key in (LAYOUT, *PARTS) if key in own]:
            raise InvalidInput(f"{where}: state: it says how the episode begins, so {' and '.join(others)} cannot")
        own[STATE] = options[STATE]
    if scene.terrain is not None and LEVEL in options:
        own[LEVEL] = check_level(where, options[LEVEL], scene.terrain)
    for key in options:
        if key not in reset_options and key not in (*own, PROBE):
            parts = ((LAYOUT, scene.layout), (RANDOMIZE, scene.randomize), (LEVEL, scene.terrain))
            known = (*reset_options, *(name for name, part in parts if part is not None), *PARTS, STATE)
            given = f"; {key!r} is given when the env is made" if key in OPTIONS else ""
            warnings.warn(f"{where} has no option {key!r}, only {', '.join(known)}{given}", stacklevel=depth)
    return own
