"""Arrays of a vector environment as Gymnasium wants them in an info."""

from collections.abc import Sequence
from functools import cache
from typing import Any

import numpy as np

from roboschool.simulation.info import COSTS


def take_rows(array: np.ndarray, chosen: Any) -> np.ndarray:
    """Return a copy of the rows of some worlds, a slice or their numbers: (world, agent, ...) becomes (row, ...)."""
    rows: np.ndarray = array[chosen]  # of numbers it is a copy, of a slice it is not
    if isinstance(chosen, slice):
        rows = rows.copy()
    return rows.reshape(-1, *rows.shape[2:])


def final_observations(rows: np.ndarray, done: np.ndarray) -> np.ndarray:
    """Return the last observations of rows whose episode is over, as objects (row,); None for the others."""
    final: np.ndarray = np.full(len(rows), None, dtype=object)
    for row in np.flatnonzero(done):
        final[row] = rows[row]
    return final


def info_of(names: Sequence[str], rows: np.ndarray, mask: np.ndarray | None = None) -> dict[str, Any]:
    """Return an array (row,) for each name, and the mask, which all share; costs by name are a dict of their own.

    Args:
        names: of the numbers.
        rows: the numbers (row, name), of which the arrays are views if all count.
        mask: rows that count (row,); None: all.
    """
    columns = rows.T if mask is None else rows.T * mask
    mask = np.ones(len(rows), dtype=bool) if mask is None else mask
    masks, costs, cost_masks = _keys(tuple(names))
    info: dict[str, Any] = dict(zip(names, columns, strict=True))
    if costs:
        info[COSTS.rstrip("/")] = {name: info.pop(COSTS + name) for name in costs} | dict.fromkeys(cost_masks, mask)
    info.update(dict.fromkeys(masks, mask))
    return info


@cache
def _keys(names: tuple[str, ...]) -> tuple[list[str], ...]:
    """Return the names of masks, of costs without what all begin with, and of their masks."""
    costs = [name.removeprefix(COSTS) for name in names if name.startswith(COSTS)]
    numbers = [name for name in names if not name.startswith(COSTS)] + ([COSTS.rstrip("/")] if costs else [])
    return [f"_{name}" for name in numbers], costs, [f"_{name}" for name in costs]
