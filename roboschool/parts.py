"""Makes the parts that a scene names: tasks, games, policies; ours by their file, others as "package.module:Class"."""

import dataclasses
import importlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any, TypeVar, get_type_hints

from roboschool import files
from roboschool.files import InvalidInput, choose, nearest

Part = TypeVar("Part")


def shipped(folder: str, *others: str, holds: str = "") -> dict[str, str]:
    """Return where each part of ours is: `tasks/run.py` holds `Run`, or each the class `holds`; `others` hold none."""
    stems = {path.stem for path in (Path(__file__).parent / folder).glob("*.py")} - {"__init__", *others}
    return {stem: f"{__package__}.{folder}.{stem}:{holds or files.class_name(stem)}" for stem in stems}


def find_class(where: str, what: str, name: object, own: Mapping[str, str], base: type[Part]) -> type[Part]:
    """Return a class by its name: one of `own`, which says where each is, or "package.module:Class".

    Raises:
        InvalidInput: there is no such class, or it is not derived from `base`; the message begins with `where`.
    """
    place = name if isinstance(name, str) and ":" in name else own[choose(name, own, what, where.rstrip(": "))]
    module, _, attribute = place.partition(":")
    try:
        cls = getattr(importlib.import_module(module), attribute)
    except (ImportError, AttributeError, ValueError, TypeError) as error:
        raise InvalidInput(f"{where}{what} {name!r} cannot be imported: {error}") from None
    if not (isinstance(cls, type) and issubclass(cls, base)):
        raise InvalidInput(f"{where}{what} {name!r} is not a subclass of {base.__name__}")
    return cls


def make(
    where: str, what: str, spec: Mapping[str, Any], own: Mapping[str, str], base: type[Part], **fixed: Any
) -> Part:
    """Return a frozen dataclass that a table of a scene asks for, as `{name = "run", alive = 2.0}`.

    Raises:
        InvalidInput: it or one of its parameters is unknown or of the wrong type.
    """
    cls: Any = find_class(f"{where}: ", what, spec.get("name"), own, base)
    hints = {f.name: get_type_hints(cls)[f.name] for f in dataclasses.fields(cls) if f.name not in fixed}
    given = {key: value for key, value in spec.items() if key != "name"}
    for key, value in given.items():
        if key not in hints:
            raise InvalidInput(f"{where}: {what} {spec['name']!r} has no {key!r}{nearest(key, hints)}")
        given[key] = files.convert(value, hints[key], f"{where}: {what}.{key}")
    try:
        part: Part = cls(**fixed, **given)
    except InvalidInput as error:
        raise InvalidInput(f"{where}: {what} {spec['name']!r}: {error}") from None
    return part
