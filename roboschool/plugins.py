"""Makes the parts that a scene names: tasks, games, policies; ours by their file, others as "package.module:Class"."""

import dataclasses
import importlib
import importlib.util
import inspect
import os
import sys
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path
from typing import Any, TypeVar, get_type_hints

from roboschool.distributions import Number, check_order
from roboschool.errors import InvalidInput, check_choice, describe_error, suggest
from roboschool.paths import class_name
from roboschool.schema import convert

Part = TypeVar("Part")


def builtin_classes(folder: str, *others: str, holds: str = "") -> dict[str, str]:
    """Return where each part of ours is: `tasks/run.py` holds `Run`, or each the class `holds`; `others` hold none."""
    stems = {path.stem for path in (Path(__file__).parent / folder).glob("*.py")} - {"__init__", *others}
    return {stem: f"{__package__}.{folder}.{stem}:{holds or class_name(stem)}" for stem in stems}


def look_beside(where: str, module: str, folder: Path) -> None:
    """Let a module be found in a folder, if it is there and nowhere else where Python looks.

    The folder becomes the last on Python's path, so nothing that could be imported before is another thing now, and the
    processes that we start, which look where we do, find the module too.

    Raises:
        InvalidInput: it is in the folder, but another has its name; the message begins with `where`.
    """
    top = module.partition(".")[0]
    mine = next((path for path in (folder / f"{top}.py", folder / top / "__init__.py") if os.path.isfile(path)), None)
    if mine is None:
        return
    try:
        spec = importlib.util.find_spec(top)
    except ValueError:  # it is imported, and its origin is unknown
        spec = None
    if (spec is None or spec.origin is None) and top not in sys.modules:
        sys.path.append(str(folder))
        importlib.invalidate_caches()
        return
    other = spec.origin if spec is not None else None
    if other is None or Path(other).resolve() != mine.resolve():
        raise InvalidInput(f"{where}{mine}: {other or 'a module of Python'} has its name: give it another")


def find_class(
    where: str, what: str, name: object, own: Mapping[str, str], base: type[Part], beside: Path | None = None
) -> type[Part]:
    """Return a class by its name: one of `own`, which says where each is, or "package.module:Class".

    A module may also be in the folder `beside`.

    Raises:
        InvalidInput: there is no such class, or it is not derived from `base`; the message begins with `where`.
    """
    place = name if isinstance(name, str) and ":" in name else own[check_choice(name, own, what, where.rstrip(": "))]
    module, _, attribute = place.partition(":")
    if beside is not None and place is name:
        look_beside(f"{where}{what} {name!r}: ", module, beside)
    try:
        found = importlib.import_module(module)
    except ModuleNotFoundError as error:
        also = f" in {beside} or where Python looks" if beside is not None and error.name == module else ""
        raise InvalidInput(f"{where}{what} {name!r} cannot be imported: {error}{also}") from None
    except (Exception, SystemExit) as error:  # a user's module may raise anything
        raise InvalidInput(f"{where}{what} {name!r} cannot be imported: {describe_error(error)}") from error
    cls = getattr(found, attribute, None)
    if cls is None:
        classes = [key for key, value in vars(found).items() if isinstance(value, type)]
        fault = f"module {module!r} has no attribute {attribute!r}{suggest(attribute, classes)}"
        raise InvalidInput(f"{where}{what} {name!r} cannot be imported: {fault}")
    if not isinstance(cls, type):
        raise InvalidInput(f"{where}{what} {name!r}: {attribute} is a {type(cls).__name__}, not a class")
    if not issubclass(cls, base):
        raise InvalidInput(f"{where}{what} {name!r} is not a subclass of {base.__name__}")
    return cls


def refuse_classes(value: Any, where: str, trusted: Sequence[str] = ()) -> None:
    """Refuse untrusted data that name a class, which would be imported, at any depth.

    Args:
        value: tables, lists and words.
        where: what an error begins with.
        trusted: names that a trusted file contains, too.

    Raises:
        InvalidInput: a word is "package.module:Class", or could be one.
    """
    if isinstance(value, str) and ":" in value and value not in trusted:
        fault = "names a class, and a file from elsewhere may name none; give --scene FILE, a scene that names it"
        raise InvalidInput(f"{where}: {value!r:.200} {fault}")
    if isinstance(value, Mapping):
        for key, item in value.items():
            refuse_classes(item, f"{where}.{key}", trusted)
    elif isinstance(value, list | tuple):
        for item in value:
            refuse_classes(item, where, trusted)


def convert_parameters(where: str, cls: Any, given: Mapping[str, Any]) -> dict[str, Any]:
    """Return parameters of a dataclass as the types that it says they are; a range begins with its lower end.

    Raises:
        InvalidInput: a value is wrong; the message begins with `where`.
    """
    hints, converted = get_type_hints(cls), {}
    for key, value in given.items():
        converted[key] = convert(value, hints[key], f"{where}: {key}")
        if hints[key] == Number:
            check_order(f"{where}: {key}", converted[key])
    return converted


def check_required(where: str, cls: Any, given: Collection[str]) -> None:
    """Check that all parameters of a dataclass without a default are given.

    Raises:
        InvalidInput: one is not; the message begins with `where`.
    """
    required = [f.name for f in dataclasses.fields(cls) if f.default is f.default_factory is dataclasses.MISSING]
    if missing := [name for name in required if name not in given]:
        raise InvalidInput(f"{where} lacks {' and '.join(map(repr, missing))}")


def make(where: str, what: str, spec: Mapping[str, Any], cls: type[Part], **fixed: Any) -> Part:
    """Return a frozen dataclass that a table of a scene asks for, as `{name = "run", alive = 2.0}`.

    Raises:
        InvalidInput: it lacks a method, or one of its parameters is unknown or of the wrong type.
    """
    where = f"{where}: {what} {spec['name']!r}"
    made: Any = cls
    if inspect.isabstract(made):
        raise InvalidInput(f"{where} lacks {' and '.join(f'{name}()' for name in sorted(made.__abstractmethods__))}")
    names = [field.name for field in dataclasses.fields(made) if field.name not in fixed]
    given = {key: value for key, value in spec.items() if key != "name"}
    for key in given:
        if key not in names:
            plain = key in inspect.get_annotations(made) and "__dataclass_params__" not in vars(made)
            hint = "; put @dataclass(frozen=True) above its class" if plain else suggest(key, names)
            raise InvalidInput(f"{where} has no {key!r}{hint}")
    check_required(where, made, {*given, *fixed})
    converted = convert_parameters(where, cls, given)
    try:
        part: Part = made(**fixed, **converted)
    except InvalidInput as error:
        raise InvalidInput(f"{where}: {error}") from None
    return part
