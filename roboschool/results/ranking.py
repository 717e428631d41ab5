"""Ranks rows by their held-out scores; those whose intervals overlap are ties."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from roboschool.results.row import HELD_OUT, TRAINED_ON, Row
from roboschool.results.statistics import interquartile_mean
from roboschool.results.verification import FAILED, Verification

UNVERIFIED = "not verified"


@dataclass(frozen=True)
class Entry:
    """A row on the site."""

    row: Row
    file: str  # its name
    slug: str  # of its page: safe in a path, whatever the row says
    status: str  # of its verification
    rank: int | None = None  # in its group; None: too few episodes, or it has failed

    @property
    def trained_on(self) -> float | None:
        """The interquartile mean of the episodes on what it was trained on, if the row has such."""
        returns = [total for run in self.row.returns(TRAINED_ON) for total in run]
        return float(interquartile_mean(np.array(returns))) if returns else None

    @property
    def episodes(self) -> int:
        """The number of episodes of all runs that are held out."""
        return sum(map(len, self.row.returns(HELD_OUT)))


def rank(listing: Sequence[Entry]) -> list[Entry]:
    """Return the rows of a group by score, each with its rank: 1 plus the number of rows that are surely better."""
    ordered = sorted(listing, key=lambda entry: (-entry.row.score.iqm, entry.file))
    able = [entry for entry in ordered if is_ranked(entry)]
    ranked = {entry.file: 1 + sum(other.row.score.low > entry.row.score.high for other in able) for entry in able}
    return [Entry(e.row, e.file, e.slug, e.status, ranked.get(e.file)) for e in ordered]


def is_ranked(entry: Entry) -> bool:
    """Return whether a row takes part: its verification has not failed, and it has as many episodes as all others."""
    return not entry.row.short and entry.status != FAILED


def status_of(found: Mapping[str, Verification], sha256: str) -> str:
    """Return the status of the file with a hash."""
    return found[sha256].status if sha256 in found else UNVERIFIED
