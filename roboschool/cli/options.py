"""Options of a scene and of its game on the command line: `--set KEY=VALUE`."""

import dataclasses
import json
from collections.abc import Sequence
from typing import Any

from roboschool.errors import InvalidInput, check_choice
from roboschool.readers import parse_toml_text
from roboschool.scenes.loader import load_scene
from roboschool.scenes.scene_file import SceneFile

HOW = 'values are written as in TOML: 3.7, "abc", ["hopper", "ant"]'


def read_options(written: Sequence[str]) -> dict[str, Any]:
    """Return options, each written KEY=VALUE, the value as in a scene's file.

    Raises:
        InvalidInput: one is not, or is given twice.
    """
    options: dict[str, Any] = {}
    for text in written:
        key, equals, value = text.partition("=")
        if not equals or not key.isidentifier():
            raise InvalidInput(f"--set {text}: it is written KEY=VALUE")
        if key in options:
            raise InvalidInput(f"--set {key}: given twice")
        try:
            options |= parse_toml_text(text, text)
        except InvalidInput:
            raise InvalidInput(f"--set {text}: {HOW}{_meant(key, value)}") from None
    return options


def _meant(key: str, value: str) -> str:
    """Return the end of an error message: a list, if one is written without its quotes, or a shell ate them."""
    words = [_item(word.strip()) for word in value.strip("[]").split(",")]
    return f"; did you mean --set '{key}=[{', '.join(words)}]'?" if len(words) > 1 else ""


def _item(word: str) -> str:
    try:
        float(word)
    except ValueError:
        return json.dumps(word)
    return word


def split_options(scene: str, options: dict[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return those options that stand for keys of a scene's file, and those of a reset, which its game takes.

    Raises:
        InvalidInput: the scene is unknown, or an option is unknown or wrong.
    """
    keys = [field.name for field in dataclasses.fields(SceneFile)]
    own = {key: value for key, value in options.items() if key in keys}
    rules = {key: value for key, value in options.items() if key not in keys}
    game = load_scene(scene, **own).game
    reset_options = game.reset_options if game else ()
    for key in rules:
        check_choice(key, [*keys, *reset_options], "option", f"--set {key}")
    if game:
        game.with_options(rules)  # raises what is wrong before anything is played
    return own, rules
