"""What functions reach beside their arguments, and whether it can change."""

import dataclasses
import dis
import math
from collections.abc import Callable, Mapping
from types import CellType, CodeType, FunctionType, MethodType, ModuleType
from typing import Any

import numpy as np

PLAIN = (int, float, str, type(None), np.number, np.bool_, np.ufunc)  # never change


class Constants:
    """The values that functions reach by the names of their modules and of the functions around them."""

    def __init__(self) -> None:
        self._globals: list[tuple[Mapping[str, Any], str, Any]] = []
        self._cells: list[tuple[CellType, Any]] = []

    def reach(self, function: Callable[..., Any]) -> bool:
        """Return whether nothing that a function reaches can change but for what names stand for, which is noted then.

        Numbers, texts, numpy, arrays that cannot be written, tuples and frozen dataclasses of these, and functions that
        reach no more than that cannot change.
        """
        noted = len(self._globals), len(self._cells)
        constant = self._is_constant(function, set())
        if not constant:
            del self._globals[noted[0] :], self._cells[noted[1] :]
        return constant

    def attribute(self, owner: Any, name: str) -> Any:
        """Note and return an attribute, a number or a method that a class has, which reaches no more than that.

        Raises:
            AttributeError: there is none, or it can change unnoticed.
        """
        for namespace in (vars(owner), *map(vars, type(owner).__mro__)):
            self._note(namespace, name, value := namespace.get(name))  # it may be hidden later where it is not yet
            if name in namespace and self._is_constant(value, set()):
                return value
            if name in namespace:
                break
        raise AttributeError(name)

    def hold(self) -> bool:
        """Return whether all names still have the values that were noted."""
        for namespace, name, value in self._globals:
            if namespace.get(name) is not value:
                return False
        for cell, value in self._cells:  # noqa: SIM110 - in every step, and all() takes three times as long
            if cell.cell_contents is not value:
                return False
        return True

    def _is_constant(self, value: Any, seen: set[int]) -> bool:
        if isinstance(value, PLAIN) or id(value) in seen:
            return True
        seen.add(id(value))
        if isinstance(value, np.ndarray):
            return value.dtype != object and _is_read_only(value)
        if isinstance(value, ModuleType):
            return value in (np, math)
        if isinstance(value, MethodType):
            parts: Any = (value.__func__, value.__self__)
        elif isinstance(value, FunctionType):
            parts = self._values_of(value)
        elif type(value) is slice:
            parts = value.start, value.stop, value.step
        elif _is_frozen(value):
            parts = (*(getattr(value, field.name) for field in dataclasses.fields(value)), *_methods_of(type(value)))
        else:
            parts = value if type(value) is tuple else None
        return parts is not None and all(self._is_constant(part, seen) for part in parts)

    def _values_of(self, function: FunctionType) -> list[Any] | None:
        """Note and return the values that a function reaches by name; None if it imports something."""
        values = [*(function.__defaults__ or ()), *(function.__kwdefaults__ or {}).values()]
        for cell in function.__closure__ or ():
            self._cells.append((cell, cell.cell_contents))
            values.append(cell.cell_contents)
        codes = [function.__code__]
        for code in codes:
            codes += [inner for inner in code.co_consts if isinstance(inner, CodeType)]
            for instruction in dis.get_instructions(code):
                if instruction.opname == "IMPORT_NAME":
                    return None
                name, namespace = instruction.argval, function.__globals__
                if instruction.opname == "LOAD_GLOBAL" and name in namespace:
                    self._note(namespace, name, namespace[name])
                    values.append(namespace[name])
        return values

    def _note(self, namespace: Mapping[str, Any], name: str, value: Any) -> None:
        if not any(one is namespace and other == name for one, other, _ in self._globals):
            self._globals.append((namespace, name, value))


def _is_read_only(array: Any) -> bool:
    """Return whether nobody can write to an array, nor to another of which it is a view."""
    while isinstance(array, np.ndarray) and not array.flags.writeable:
        array = array.base
    return array is None


def _is_frozen(value: Any) -> bool:
    parameters = getattr(type(value), "__dataclass_params__", None)
    return parameters is not None and bool(parameters.frozen)


def _methods_of(kind: type) -> list[Any]:
    """Return what a class has for its methods to call, but for what every dataclass has."""
    own = [value for base in kind.__mro__ for name, value in vars(base).items() if not name.startswith("__")]
    return [value.fget if isinstance(value, property) else value for value in own]
