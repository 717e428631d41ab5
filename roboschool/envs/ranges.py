"""Options of resets, and ranges of what a scene randomizes, for each copy of it."""

from collections.abc import Mapping
from functools import partial
from typing import Any

from roboschool.errors import InvalidInput, suggest
from roboschool.scenes.randomize import Randomize, with_ranges
from roboschool.scenes.reset_options import LEVEL, RANDOMIZE, options_of_reset
from roboschool.scenes.scene import Scene


def ranges_by_copy(scene: Scene, name: str, values: Any, copies: int) -> dict[int, Randomize]:
    """Return the ranges that an attribute is set to, by copy.

    Args:
        scene: of the copies.
        name: of the attribute.
        values: a mapping for all copies, or a list of one for each; None for one that keeps its own.
        copies: how many.

    Raises:
        InvalidInput: it is another name, or a range is wrong, or there is not one mapping for each copy.
    """
    where = f"scene {scene.name!r}"
    if name != RANDOMIZE:
        known = [RANDOMIZE]
        raise InvalidInput(f"{where}: {name!r} cannot be set: give it when you make the env{suggest(name, known)}")
    each = list(values) if isinstance(values, list | tuple) else [values] * copies
    if len(each) != copies:
        raise InvalidInput(f"{where}: {name}: {len(each)} mappings for {copies} copies")
    return {copy: with_ranges(where, scene.randomize, given) for copy, given in enumerate(each) if given is not None}


def options_by_copy(scene: Scene, options: Any, copies: int) -> list[dict[str, Any]]:
    """Return the options of a reset for each copy; a list of levels has one for each, too.

    Raises:
        InvalidInput: one is wrong, or there is not one mapping for each copy.
    """
    if isinstance(options, Mapping) and isinstance(levels := options.get(LEVEL), list | tuple):
        options = [{**options, LEVEL: level} for level in levels]
    several = isinstance(options, list | tuple)
    if several and len(options) != copies:
        raise InvalidInput(f"options: {len(options)} mappings for {copies} copies")
    rules = list(map(partial(options_of_reset, scene, depth=4), options if several else [options]))
    return rules if several else rules * copies
