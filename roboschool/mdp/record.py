"""Named quantities side by side in one array: declared once, then read and written by name."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, TypeVar

import numpy as np

Self = TypeVar("Self", bound="Record")

AXES = "xyz"  # names of the numbers of a vector


@dataclass(frozen=True)
class Quantity:
    """What a record says of one of its attributes."""

    doc: str
    shape: tuple[int | str, ...]  # behind the leading axes; a word is a size that `Record.blank` is given
    unit: str  # empty: none
    frame: str  # in which it is measured; empty: in none
    record: "type[Record] | str | None"  # it is itself a record: of this class, or of the class given by this word


def quantity(
    *shape: int | str, doc: str = "", unit: str = "", frame: str = "", record: "type[Record] | str | None" = None
) -> Any:
    """Declare an attribute of a record: `goal: np.ndarray = quantity(2, unit="m", frame="world")`."""
    return Quantity(doc, shape, unit, frame, record)


class Record:
    """Quantities that are views of one array, whose leading axes are for instance (world, agent).

    A class declares its quantities in order, each by `quantity`. Writing to a view (`record.goal[...] = 0.0`) writes to
    the array; a view is never replaced.

    Args:
        array: the numbers (..., n).
        sizes: of the words that quantities have in their shapes, and classes of those that are records.
    """

    quantities: ClassVar[dict[str, Quantity]] = {}
    array: np.ndarray

    def __init_subclass__(cls) -> None:
        own = {name: value for name, value in vars(cls).items() if isinstance(value, Quantity)}
        cls.quantities = {**cls.quantities, **own}

    def __init__(self, array: np.ndarray, sizes: Mapping[str, Any]) -> None:
        self.array, self.sizes = array, sizes
        start = 0
        for name, item in self.quantities.items():
            shape, record = _resolve(item, sizes)
            width = record.width(sizes) if record else 1
            stop = start + width * int(np.prod(shape, dtype=int))
            part = array[..., start:stop].reshape(*array.shape[:-1], *shape, *((width,) if record else ()))
            setattr(self, name, record(part, sizes) if record else part)
            start = stop

    @classmethod
    def width(cls, sizes: Mapping[str, Any]) -> int:
        """Return how many numbers a record has."""
        return len(cls.names(sizes))

    @classmethod
    def names(cls, sizes: Mapping[str, Any]) -> list[str]:
        """Return the name of each number: `goal_x`, `goal_y` of a quantity `goal` of two numbers."""
        names = []
        for name, item in cls.quantities.items():
            shape, record = _resolve(item, sizes)
            axes = [AXES[:size] if size <= len(AXES) else range(size) for size in shape]
            places = [""]
            for axis in axes:
                places = [f"{place}_{label}" for place in places for label in axis]
            inner = record.names(sizes) if record else [""]
            names += [name + place + (f"_{label}" if label else "") for place in places for label in inner]
        return names

    @classmethod
    def blank(cls: type[Self], *lead: int, **sizes: Any) -> Self:
        """Return a record of zeros with these leading axes."""
        return cls(np.zeros((*lead, cls.width(sizes))), sizes)

    def copy(self: Self) -> Self:
        """Return a record of the same numbers that changes on its own."""
        return type(self)(self.array.copy(), self.sizes)

    def at(self: Self, index: Any) -> Self:
        """Return the record of some places of the leading axes; a view where numpy gives one."""
        return type(self)(self.array[index], self.sizes)

    def __repr__(self) -> str:
        return f"{type(self).__name__}({', '.join(f'{name}={getattr(self, name)!r}' for name in self.quantities)})"


class Nothing(Record):
    """A record without quantities."""


def _resolve(item: Quantity, sizes: Mapping[str, Any]) -> tuple[tuple[int, ...], type[Record] | None]:
    """Return shape and class of a quantity."""
    shape = tuple(sizes.get(size, 0) if isinstance(size, str) else size for size in item.shape)
    record = sizes.get(item.record, Nothing) if isinstance(item.record, str) else item.record
    return shape, record
