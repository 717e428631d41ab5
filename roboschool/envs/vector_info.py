"""Arrays of a vector environment as Gymnasium wants them in an info."""

from collections.abc import Sequence
from functools import cache
from typing import Any

import numpy as np

from roboschool.simulation.info import COSTS, PRIVILEGED, RANDOMIZED

TABLES = (COSTS, RANDOMIZED)  # what the names of numbers in dicts of their own begin with


def take_rows(array: np.ndarray, chosen: Any) -> np.ndarray:
    """Return a copy of the rows of some worlds, a slice or their numbers: (world, agent, ...) becomes (row, ...)."""
    rows: np.ndarray = array[chosen]  # of numbers it is a copy, of a slice it is not
    if isinstance(chosen, slice):
        rows = rows.copy()
    return rows.reshape(-1, *rows.shape[2:])


def final_observations(vectors: np.ndarray, chosen: Any, done: np.ndarray) -> np.ndarray:
    """Return the last observations of rows whose episode is over, as objects (row,); None for the others.

    Args:
        vectors: of all worlds (world, agent, n).
        chosen: which worlds: a slice or their numbers.
        done: whether the episode of a row is over (row,).
    """
    rows = take_rows(vectors, chosen)
    final: np.ndarray = np.full(len(rows), None, dtype=object)
    for row in np.flatnonzero(done):
        final[row] = rows[row]
    return final


def info_of(names: Sequence[str], rows: np.ndarray, mask: np.ndarray | None = None) -> dict[str, Any]:
    """Return an array (row,) for each name, and the mask, which all share.

    Costs by name, and what is randomized, are dicts of their own; what is privileged is an array (row, n).

    Args:
        names: of the numbers.
        rows: the numbers (row, name), of which the arrays are views if all count.
        mask: rows that count (row,); None: all.
    """
    columns = rows.T if mask is None else rows.T * mask
    mask = np.ones(len(rows), dtype=bool) if mask is None else mask
    masks, tables, seen = _keys(tuple(names))
    info: dict[str, Any] = dict(zip(names, columns, strict=True))
    for place in seen:
        del info[names[place]]
    if seen:
        info[PRIVILEGED.rstrip("/")] = columns[seen].T.astype(np.float32)
    for table, (parts, part_masks) in tables.items():
        own = {part: info.pop(name) for name, part in parts.items()}
        info[table] = own | dict.fromkeys(part_masks, mask)
    info.update(dict.fromkeys(masks, mask))
    return info


@cache
def _keys(names: tuple[str, ...]) -> tuple[list[str], dict[str, tuple[dict[str, str], list[str]]], list[int]]:
    """Return the names of masks; the parts of each table by name, and their masks; where what is privileged is."""
    tables, plain = {}, [name for name in names if not name.startswith((*TABLES, PRIVILEGED))]
    seen = [place for place, name in enumerate(names) if name.startswith(PRIVILEGED)]
    for prefix in TABLES:
        parts = {name: name.removeprefix(prefix) for name in names if name.startswith(prefix)}
        if parts:
            tables[prefix.rstrip("/")] = parts, [f"_{part}" for part in parts.values()]
    privileged = [PRIVILEGED.rstrip("/")] if seen else []
    return [f"_{name}" for name in (*plain, *tables, *privileged)], tables, seen
