"""The page about the keys of a robot's card, as Markdown, made of their declarations: docs/card.md."""

import dataclasses
import math
from collections.abc import Iterator
from types import UnionType
from typing import Annotated, Any, Union, get_args, get_origin, get_type_hints

import click

from roboschool import paths
from roboschool.mdp.actuator import Actuator
from roboschool.plugins import builtin_classes, find_class
from roboschool.robots.card import MAX_TORQUE, Card
from roboschool.schema import Bounds, Meaning

EXAMPLE = "ant"  # a robot whose card is shown
INTRO = """# The card of a robot

`roboschool list --card` makes this page from the declarations in [card.py](../roboschool/robots/card.py), and a test
notices when it is stale.

A robot is a URDF and a card, `assets/<robot>/<robot>.toml`, which says what the URDF does not. `roboschool new robot`
writes both ([your-robot.md](your-robot.md)); `roboschool check` tells all faults of both. This is the card of `{name}`:

```toml
{card}```

## Keys

Angles are in degrees. An unknown key is an error that names the nearest right one. A key without a default must be
given.

| key | meaning | unit | type | default | bounds |
|---|---|---|---|---|---|"""
ACTUATORS = """
A joint is in `torque` or in `actuators`, and at least one joint is in either. A joint without limits in the URDF must
be in `continuous`, one that mimics another in neither. The rest pose must be within the limits of the joints.

## Sensors

What the robot wears goes with it to every task and scene. A table has the keys that it would have in a scene,
[sensors.md](sensors.md):

```toml
[[sensor]]
name     = "rays"
count    = 32
link     = "torso"
position = [0.0, 0.0, 0.3]   # [m]
```

An agent observes what its task says, then what its card says, then what its scene adds. Policies that were trained
without a sensor do not fit a robot with it.

## Actuators

A row of `actuators` is like `knee = {{ kind = "position", kp = 60.0, kd = 2.0, scale = 0.6 }}`. Every kind takes
`effort`, the largest torque [N m, or N], above 0 and up to {most:g}; by default it is that of the URDF. `kind` is one
of these, or `"module:Class"` of a module beside the card. [actuators.md](actuators.md) says what each does, and the
units.

| kind | parameters, with their defaults | what it is |
|---|---|---|"""


def print_card_page() -> None:
    """Print the page."""
    click.echo(INTRO.format(name=EXAMPLE, card=paths.robots()[EXAMPLE].read_text()))
    for row in _rows(Card, ""):
        click.echo("| " + " | ".join(row) + " |")
    click.echo(ACTUATORS.format(most=MAX_TORQUE))
    own = builtin_classes("actuators")
    for kind in sorted(own):
        cls: Any = find_class("", "actuator", kind, own, Actuator)
        given = ", ".join(f"`{field.name}`{_default_of(field)}" for field in dataclasses.fields(cls))
        click.echo(f"| `{kind}` | {given or '-'} | {(cls.__doc__ or '').strip().splitlines()[0]} |")


def _default_of(field: Any) -> str:
    return "" if field.default is dataclasses.MISSING else f" ({_value(field.default)})"


def _rows(record: Any, prefix: str) -> Iterator[tuple[str, ...]]:
    """Yield a row of cells for each key, those of a table after it."""
    hints = get_type_hints(record, include_extras=True)
    for field in dataclasses.fields(record):
        hint = hints[field.name]
        rules = [rule for part in parts_of(hint) for rule in getattr(part, "__metadata__", ())]
        meaning = next(rule for rule in rules if isinstance(rule, Meaning))
        bounds = next((rule for rule in rules if isinstance(rule, Bounds)), None)
        kind = _plain(hint)
        table = dataclasses.is_dataclass(kind)
        yield (
            f"`{prefix}{field.name}`",
            meaning.text,
            meaning.unit,
            "table" if table else _type(kind),
            "" if table else _default(field),
            "" if bounds is None else describe_bounds(bounds),
        )
        if table:
            yield from _rows(kind, f"{prefix}{field.name}.")


def parts_of(hint: Any) -> Iterator[Any]:
    """Yield an annotation and all in it."""
    yield hint
    for part in get_args(hint):
        yield from parts_of(part)


def _plain(hint: Any) -> Any:
    return get_args(hint)[0] if get_origin(hint) is Annotated else hint


def _type(hint: Any) -> str:
    hint = _plain(hint)
    origin, inside = get_origin(hint), get_args(hint)
    if origin is dict:
        return f"{'table' if get_origin(inside[1]) is dict else _type(inside[1])} by joint"
    if origin is tuple:
        return f"list of {'table' if get_origin(inside[0]) is dict else _type(inside[0])}s"
    if origin in (Union, UnionType):
        return " or ".join(_type(part) for part in inside if part is not type(None))
    return {str: "text", float: "number", bool: "boolean"}[hint]


def _default(field: Any) -> str:
    if field.default_factory is not dataclasses.MISSING:
        return "empty"
    return "-" if field.default is dataclasses.MISSING else _value(field.default)


def _value(value: Any) -> str:
    if value in (None, ()) or (isinstance(value, float) and math.isinf(value)):
        return "none"
    return str(value).lower() if isinstance(value, bool) else f"{value:g}" if isinstance(value, float) else str(value)


def describe_bounds(bounds: Bounds) -> str:
    """Return bounds in words."""
    return f"{'above ' if bounds.above else ''}{bounds.low:g}{', up' if bounds.above else ''} to {bounds.high:g}"
