"""Named quantities side by side in one array: declared once, then read and written by name."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, TypeAlias, TypeVar

import numpy as np

from roboschool.errors import InvalidInput, suggest

Self = TypeVar("Self", bound="Record")

AXES = "xyz"  # names of the numbers of a vector


@dataclass(frozen=True)
class Quantity:
    """The declaration of an attribute of a record."""

    doc: str
    shape: tuple[int | str, ...]  # behind the leading axes; a word is a size that `Record.blank` is given
    unit: str  # empty: none
    frame: str  # in which it is measured; empty: in none
    record: "type[Record] | str | None"  # it is itself a record: of this class, or of the class given by this word


def quantity(
    *shape: int | str, doc: str = "", unit: str = "", frame: str = "", record: "type[Record] | str | None" = None
) -> Any:
    """Declare an attribute of a record.

    As in `goal: np.ndarray = quantity(2, unit="m", frame="world")`.

    Args:
        shape: behind the leading axes; none for a single number; a word is a size that `Record.blank` is given.
        doc: a description.
        unit: empty: none.
        frame: in which it is measured; empty: in none.
        record: it is itself a record: of this class, or of the class that `Record.blank` is given under this word.
    """
    return Quantity(doc, shape, unit, frame, record)


Part: TypeAlias = "tuple[str, Any, tuple[int, ...] | None, Layout | None]"  # name, index, shape, layout within


class Record:
    """Quantities that are views of one array, whose leading axes are for instance (world, agent).

    A class declares its quantities in order, each by `quantity`. Writing to a view (`record.goal[...] = 0.0`,
    `record.timer -= 1.0`) writes to the array; a view is never replaced. Records are made by `blank`, and from others
    by `copy` and `at`.
    """

    quantities: ClassVar[dict[str, Quantity]] = {}
    array: np.ndarray
    layout: "Layout"

    def __init_subclass__(cls) -> None:
        own = {name: value for name, value in vars(cls).items() if isinstance(value, Quantity)}
        cls.quantities = {**cls.quantities, **own}

    def __setattr__(self, name: str, value: Any) -> None:
        """Take the end of `record.timer -= 1.0`, which hands back the same view.

        Raises:
            InvalidInput: the view would be replaced, and the array not written; or there is no such quantity.
        """
        if name in self.__dict__ and self.__dict__[name] is value:
            return
        kind = type(self).__name__
        if name not in self.__dict__:
            raise InvalidInput(f"{kind}: no quantity {name!r}{suggest(name, self.quantities)}")
        raise InvalidInput(f"{kind}: {name} is a view of the record's array: write {name}[...] = value")

    @classmethod
    def blank(cls: type[Self], *lead: int, **sizes: Any) -> Self:
        """Return a record of zeros with these leading axes.

        Args:
            lead: the leading axes.
            sizes: of the words that quantities have in their shapes (0 if missing), and the classes of those that are
                records.
        """
        layout = Layout(cls, sizes)
        return _view(cls, np.zeros((*lead, len(layout.names))), layout)

    @property
    def names(self) -> list[str]:
        """The name of each number: `goal_x`, `goal_y` of a quantity `goal` of two numbers."""
        return self.layout.names

    def copy(self: Self) -> Self:
        """Return an independent copy."""
        return _view(type(self), self.array.copy(), self.layout)

    def at(self: Self, index: Any) -> Self:
        """Return the record of some places of the leading axes; a view where numpy gives one."""
        return _view(type(self), self.array[index], self.layout)

    def of(self: Self, array: np.ndarray) -> Self:
        """Return a record of the same quantities with another array (..., n)."""
        return _view(type(self), array, self.layout)

    def __reduce__(self) -> tuple[Any, ...]:
        """Pickle and copy the array, of which all quantities are views."""
        return _view, (type(self), self.array, self.layout)

    def __repr__(self) -> str:
        return f"{type(self).__name__}({', '.join(f'{name}={getattr(self, name)!r}' for name in self.quantities)})"


class Nothing(Record):
    """A record without quantities."""


class Layout:
    """Where the quantities of a record are in its array, for given sizes."""

    def __init__(self, cls: type[Record], sizes: Mapping[str, Any]) -> None:
        self.classes = {name: _class_of(item, sizes) for name, item in cls.quantities.items()}
        self.parts: list[Part] = []
        self.names: list[str] = []
        for name, item in cls.quantities.items():
            shape = tuple(sizes.get(size, 0) if isinstance(size, str) else size for size in item.shape)
            record = self.classes[name]
            inner = Layout(record, sizes) if record else None
            start = len(self.names)
            self.names += [name + label for label in _labels(shape, inner.names if inner else [""])]
            span = (Ellipsis, slice(start, len(self.names)))
            if inner is not None:
                self.parts.append((name, span, (*shape, len(inner.names)), inner))
            elif shape:
                self.parts.append((name, span, shape if len(shape) > 1 else None, None))
            else:
                self.parts.append((name, (Ellipsis, start), None, None))


def places(numbers: Sequence[int]) -> "slice | list[int]":
    """Return numbers as an index: a slice if they are neighbours, which is quicker and natively computed."""
    first, last = numbers[0], numbers[-1]
    return slice(first, last + 1) if list(numbers) == list(range(first, last + 1)) else list(numbers)


def _view(cls: type[Self], array: np.ndarray, layout: Layout) -> Self:
    """Return a record of an array."""
    record = cls.__new__(cls)
    views = record.__dict__
    views["array"], views["layout"] = array, layout
    for name, span, shape, inner in layout.parts:
        part = array[span]
        if shape is not None:
            part = part.reshape(*array.shape[:-1], *shape)
        views[name] = part if inner is None else _view(layout.classes[name], part, inner)
    return record


def _class_of(item: Quantity, sizes: Mapping[str, Any]) -> Any:
    return sizes.get(item.record, Nothing) if isinstance(item.record, str) else item.record


def _labels(shape: tuple[int, ...], within: list[str]) -> list[str]:
    """Return the suffixes of the numbers of a quantity: "_x", "_y" and "_z", or "_0", "_1" and so on."""
    labels = [""]
    for size in shape:
        axis = AXES[:size] if size <= len(AXES) else range(size)
        labels = [f"{label}_{place}" for label in labels for place in axis]
    return [label + (f"_{name}" if name else "") for label in labels for name in within]
