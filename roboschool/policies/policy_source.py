"""A policy written as a class of somebody's own, "module:Class": found, and read as text; nothing of it runs."""

import ast
import os
import sys
from collections.abc import Sequence
from pathlib import Path

from roboschool.errors import InvalidInput, suggest
from roboschool.paths import as_path

NEEDED = ("reset(seed)", "act(observation)")  # of a policy
DYNAMIC = {"__getattr__", "*", "exec", "globals", "setattr"}  # where one is, a text does not say what there will be


def is_class(written: str) -> bool:
    """Return whether a policy is written as a class, "module:Class"."""
    return ":" in written and not os.path.exists(written)


def search_path() -> list[str]:
    """Return where the modules of policies are looked for: also in the folder one stands in."""
    return [*sys.path, os.getcwd()]


def find_module(name: str, folders: Sequence[str] | None = None) -> Path | None:
    """Return the file of a module in some folders, those of `search_path` if None; nothing of it runs."""
    parts = name.split(".")
    if not all(part.isidentifier() for part in parts):
        return None
    for folder in search_path() if folders is None else folders:
        place = Path(folder or ".", *parts)
        for path in (place.with_name(place.name + ".py"), place / "__init__.py"):
            if os.path.isfile(path):
                return path
    return None


def refuse_source(written: str, where: str) -> None:
    """Say how a class is written, if somebody has written the path of the file that it is in.

    Raises:
        InvalidInput: somebody has; the message begins with `where`.
    """
    base, _, name = written.partition(":")
    path = Path(base)
    in_a_folder = bool(name and path.name) and path.parent != Path()
    if path.suffix != ".py" and not (in_a_folder and os.path.isfile(path.with_suffix(".py"))):
        return
    file = path.with_suffix(".py")
    known = [key for key, node in _names(_parse(file, where)).items() if isinstance(node, ast.ClassDef)]
    name = name or (known[0] if len(known) == 1 else "Class")
    here = as_path(file.parent) == Path.cwd()
    place = "" if here else f" in the folder {file.parent}, or with that in PYTHONPATH"
    raise InvalidInput(f"{where}policy {written!r}: write {path.stem}:{name}{place}")


def check_class(written: str, where: str = "") -> None:
    """Check, by the text of its module, that "module:Class" can be a policy.

    Raises:
        InvalidInput: there is no such module or class, or a class without bases lacks a method, or has one that does
            not take what it is given; the message begins with `where`.
    """
    module, _, name = written.partition(":")
    where = f"{where}policy {written!r}"
    path = find_module(module)
    if path is None and module in sys.modules:
        return
    if path is None:
        raise InvalidInput(f"{where}: no module {module!r} here or where Python looks")
    text = _parse(path, f"{where}: ")
    names, said = _names(text), {part.id for part in ast.walk(text) if isinstance(part, ast.Name)}
    if name not in names:
        if DYNAMIC.isdisjoint({*names, *said}):
            known = [key for key, node in names.items() if isinstance(node, ast.ClassDef)]
            raise InvalidInput(f"{where}: {path} has no class {name!r}{suggest(name, known)}")
        return
    found = names[name]
    if isinstance(found, ast.FunctionDef | ast.AsyncFunctionDef):
        raise InvalidInput(f"{where}: {name} is a function, not a class")
    if not isinstance(found, ast.ClassDef) or found.bases or found.keywords or found.decorator_list:
        return
    methods = _names(found)
    missing = [method for method in NEEDED if method.partition("(")[0] not in methods]
    if missing and DYNAMIC.isdisjoint({*methods, *said}):
        raise InvalidInput(f"{where}: {name} has no {' and no '.join(missing)}")
    attributes = [part for part in ast.walk(text) if isinstance(part, ast.Attribute) and _changes(part)]
    set_later = {part.attr for part in attributes if ast.unparse(part.value) == name}
    set_later |= {part.id for part in ast.walk(found) if isinstance(part, ast.Name) and _changes(part)}
    own = [part for part in ast.walk(found) if isinstance(part, ast.FunctionDef) and part.name not in set_later]
    if not _takes([part for part in own if part.name == "__init__"], 0):
        raise InvalidInput(f"{where}: {name} cannot be made without arguments")
    for call in NEEDED:
        method = call.partition("(")[0]
        if not _takes([part for part in own if part.name == method], 1):
            raise InvalidInput(f"{where}: {name}.{method} is called as {call}, which it does not take")


def _changes(part: ast.Attribute | ast.Name) -> bool:
    """Return whether a name is given to something else here, or deleted."""
    return not isinstance(part.ctx, ast.Load)


def _takes(methods: Sequence[ast.FunctionDef], count: int) -> bool:
    """Return whether a method can be called with so many arguments; true if its text, in one place, does not say."""
    if len(methods) != 1 or methods[0].decorator_list:
        return True
    given = methods[0].args
    most = len(given.posonlyargs) + len(given.args) - 1  # without self
    least = most - len(given.defaults)
    return least <= count and (count <= most or given.vararg is not None) and None not in given.kw_defaults


def _parse(path: Path, where: str) -> ast.AST:
    """Return the text of a module as Python reads it; an empty one if it is not there."""
    try:
        return ast.parse(path.read_bytes() if os.path.isfile(path) else b"")
    except SyntaxError as error:
        raise InvalidInput(f"{where}{path}: line {error.lineno}: {error.msg}") from None
    except (OSError, ValueError, RecursionError, MemoryError) as error:
        raise InvalidInput(f"{where}{path}: {error}") from None


def _names(node: ast.AST) -> dict[str, ast.AST]:
    """Return what a module or a class gives names to, and what these are."""
    found: dict[str, ast.AST] = {}
    for part in ast.iter_child_nodes(node):
        if isinstance(part, ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
            found[part.name] = part
        elif isinstance(part, ast.alias):
            found[(part.asname or part.name).partition(".")[0]] = part
        else:
            if isinstance(part, ast.Name) and isinstance(part.ctx, ast.Store):
                found[part.id] = part
            found |= _names(part)
    return found
