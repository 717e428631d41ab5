"""Writes a card as TOML that people like to read: its numbers in columns, what is unsure marked."""

import json
import math
import re
from collections.abc import Mapping
from typing import Any

from roboschool.robots.card import Card

UNSURE = "UNSURE"  # the mark


def write_card(card: Card, about: str, unsure: Mapping[str, str]) -> str:
    """Return the text of a card.

    Args:
        card: what it says.
        about: its first line.
        unsure: what to look at, by key; a key that a card has not is told at the top.
    """
    rows = [("model", _text(card.model)), ("trunk", _text(card.trunk))]
    if card.feet:
        rows.append(("feet", _texts(card.feet)))
    if card.continuous:
        rows.append(("continuous", _texts(card.continuous)))
    if card.wheels:
        rows.append(("wheels", _texts(card.wheels)))
    rows.append(("standing_height", f"{card.standing_height:.10g}".ljust(6) + "  # of the trunk in the rest pose [m]"))
    if card.fixed:
        rows.append(("fixed", "true  # to the world"))
    if card.substep < 1.0:
        rows.append(("substep", f"{card.substep:.10g}  # longest in which its actuators are stable [s]"))
    keys = {key for key, _ in rows} | {"pose", "actuators"}
    lines = [f"# {_comment(about)}"]
    lines += [f"# {UNSURE}: {key}: {_comment(text)}" for key, text in unsure.items() if key not in keys]
    for key, value in rows:
        lines += [*_mark(key, unsure), f"{key:15} = {value}"]
    upright = card.upright
    if math.isfinite(upright.min_height):
        lines += ["", "[upright]  # outside of this it has fallen", f"min_height = {upright.min_height:g}  # [m]"]
        lines += [f"tilt = {upright.tilt:g}  # [deg]"]
    if card.torque:
        lines += ["", "[torque]  # [N m, or N for a slide] at action 1.0", *_mark("actuators", unsure)]
        lines += _columns({name: f"{value:.10g}" for name, value in card.torque.items()})
    if card.actuators:
        lines += ["", "[actuators]  # kp [N m/rad], kd [N m s/rad], scale [rad], effort [N m]; for a slide m and N"]
        lines += _mark("actuators", unsure)
        lines += _columns({name: _row(row) for name, row in card.actuators.items()})
    if card.pose:
        lines += ["", "[pose]  # at rest [deg, or m for a slide]", *_mark("pose", unsure)]
        lines += _columns({name: f"{value:.10g}" for name, value in card.pose.items()})
    return "\n".join(lines) + "\n"


def _mark(key: str, unsure: Mapping[str, str]) -> list[str]:
    return [f"# {UNSURE}: {_comment(unsure[key])}"] if key in unsure else []


def _comment(text: str) -> str:
    """Return a text in one line."""
    return "".join(c if c.isprintable() else " " for c in text)


def _columns(values: Mapping[str, str]) -> list[str]:
    names = {name: _key(name) for name in values}
    width = max(map(len, names.values()))
    return [f"{names[name]:{width}} = {value}" for name, value in values.items()]


def _row(row: Mapping[str, Any]) -> str:
    return f"{{ {', '.join(f'{key} = {_value(value)}' for key, value in row.items())} }}"


def _value(value: Any) -> str:
    if isinstance(value, tuple):
        return f"[{', '.join(map(_value, value))}]"
    return _text(value) if isinstance(value, str) else f"{value:.10g}"


def _key(name: str) -> str:
    return name if re.fullmatch(r"[A-Za-z0-9_-]+", name) else _text(name)


def _text(text: str) -> str:
    """Return a text as TOML has it; JSON's way of writing it is the same for what can be printed."""
    return json.dumps(text, ensure_ascii=False)


def _texts(texts: tuple[str, ...]) -> str:
    return f"[{', '.join(map(_text, texts))}]"
