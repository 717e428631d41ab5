"""Arrays of a vector environment as Gymnasium wants them in an info."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from roboschool.simulation.info import COSTS, RANDOMIZED


def take_rows(array: np.ndarray, chosen: Any) -> np.ndarray:
    """Return a copy of the rows of some worlds, a slice or their numbers: (world, agent, ...) becomes (row, ...)."""
    rows = np.array(array[chosen])
    return rows.reshape(-1, *rows.shape[2:])


def final_observations(rows: np.ndarray, done: np.ndarray) -> np.ndarray:
    """Return the last observations of rows whose episode is over, as objects (row,); None for the others."""
    final: np.ndarray = np.full(len(rows), None, dtype=object)
    for row in np.flatnonzero(done):
        final[row] = rows[row]
    return final


def info_of(names: Sequence[str], rows: np.ndarray, mask: np.ndarray | None = None) -> dict[str, Any]:
    """Return an array (row,) for each name, and the mask, which all share.

    Costs by name, and what is randomized, are dicts of their own.

    Args:
        names: of the numbers.
        rows: the numbers (row, name), of which the arrays are views if all count.
        mask: rows that count (row,); None: all.
    """
    columns = rows.T if mask is None else rows.T * mask
    mask = np.ones(len(rows), dtype=bool) if mask is None else mask
    info: dict[str, Any] = dict(zip(names, columns, strict=True))
    for prefix in (COSTS, RANDOMIZED):
        if parts := [name for name in names if name.startswith(prefix)]:
            own: dict[str, Any] = {name.removeprefix(prefix): info.pop(name) for name in parts}
            info[prefix.rstrip("/")] = own | {f"_{name}": mask for name in own}
    return info | {f"_{name}": mask for name in info}
