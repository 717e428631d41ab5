"""The results of a tournament: `results.json`, with its plan from the beginning and its table at the end."""

import dataclasses
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import msgspec
import numpy as np

from roboschool import system_info
from roboschool.errors import InvalidInput
from roboschool.policies.opponent_pool import MOST_RATING
from roboschool.readers import read_json
from roboschool.schema import convert
from roboschool.tournament.entrants import LONGEST_NAME
from roboschool.tournament.game_log import read_games
from roboschool.tournament.match_workers import Plan, Result
from roboschool.tournament.rating import Table, rate
from roboschool.tournament.record import HASH, PACKAGES
from roboschool.tournament.schedule import as_scores
from roboschool.writers import replace

RESULTS = "results.json"
VERSION = 2
LARGEST = 64 * 2**20  # of the file [bytes]


@dataclass(frozen=True)
class Row:
    """A row of the table."""

    name: str
    rating: float
    low: float  # of the interval in which 95 of 100 ratings from resampled games lie
    high: float
    score: float  # mean share of the points against each other entrant, from 0 to 1
    games: int
    won: int
    drawn: int
    lost: int
    forfeits: int


@dataclass(frozen=True, kw_only=True)
class Summary:
    """The content of `results.json`."""

    version: int = VERSION
    plan: Plan
    versions: dict[str, str]
    complete: bool
    table: tuple[Row, ...] = ()  # the best first; empty until the end
    matrix: dict[str, dict[str, float]] = field(
        default_factory=dict
    )  # share of the points of the row against each opponent


@dataclass(frozen=True, kw_only=True)
class Report(Summary):
    """A summary, and its games."""

    results: tuple[Result, ...] = ()


def begin_report(plan: Plan) -> Report:
    """Return the report of a tournament that has not been played."""
    return Report(plan=plan, versions=system_info.versions(PACKAGES), complete=False)


def summarise(plan: Plan, results: Sequence[Result]) -> Report:
    """Return the report of a tournament that is over."""
    count = len(plan.entrants)
    table = rate(as_scores([(result.fixture, result.points) for result in results]), count, plan.seed)
    names = [entrant.name for entrant in plan.entrants]
    ranks = sorted(range(count), key=lambda i: (-round(float(table.rating[i]), 6), names[i]))
    share = table.share
    matrix = {
        names[i]: {names[j]: round(float(share[i, j]), 4) for j in ranks if not np.isnan(share[i, j])} for i in ranks
    }
    rows = tuple(_row(names[i], i, table, results) for i in ranks)
    begun = begin_report(plan)
    return dataclasses.replace(begun, complete=True, table=rows, matrix=matrix, results=tuple(results))


def _row(name: str, number: int, table: Table, results: Sequence[Result]) -> Row:
    own = [r.points for r in results if r.first == number] + [1.0 - r.points for r in results if r.second == number]
    met = table.games[number] > 0
    score = float(table.share[number][met].mean()) if met.any() else 0.5
    return Row(
        name=name,
        rating=round(float(table.rating[number]), 1),
        low=round(float(table.low[number]), 1),
        high=round(float(table.high[number]), 1),
        score=round(score, 4),
        games=len(own),
        won=own.count(1.0),
        drawn=own.count(0.5),
        lost=own.count(0.0),
        forfeits=sum(number in result.forfeits for result in results),
    )


def write_summary(folder: Path, report: Report) -> None:
    """Write the summary of a tournament.

    Raises:
        InvalidInput: it cannot be written.
    """
    summary = {each.name: getattr(report, each.name) for each in dataclasses.fields(Summary)}
    replace(folder / RESULTS, msgspec.json.format(msgspec.json.encode(summary), indent=1))


def read_summary(folder: Path) -> Summary:
    """Read the summary of a tournament.

    Raises:
        InvalidInput: there is none, or it has another version or invalid content.
    """
    path = folder / RESULTS
    raw = read_json(path, largest=LARGEST)
    version = raw.get("version") if isinstance(raw, dict) else None
    if version != VERSION:
        raise InvalidInput(f"{path}: its version is {version!r:.80}, not {VERSION}")
    summary: Summary = convert(raw, Summary, str(path))
    for fault in (*_plan_faults(summary.plan), *_table_faults(summary)):
        raise InvalidInput(f"{path}: {fault}")
    return summary


def read_report(folder: Path) -> Report:
    """Read the report of a tournament; files of matches are not checked.

    Raises:
        InvalidInput: there is none, or it has another version or invalid content.
    """
    summary = read_summary(folder)
    return Report(**vars(summary), results=read_games(folder, summary.plan))


def _plan_faults(plan: Plan) -> Iterator[str]:
    """Yield what of a plan is invalid although it has the right type."""
    names = [entrant.name for entrant in plan.entrants]
    if plan.games < 1 or plan.seed < 0 or plan.limit <= 0.0 or plan.start <= 0.0:
        yield f"plan: games {plan.games}, seed {plan.seed}, limit {plan.limit} or start {plan.start} cannot be"
    if len(names) < 2 or len(set(names)) < len(names) or not all(map(str.isprintable, names)):
        yield "plan.entrants: fewer than 2, or a name that is another's or cannot be printed"
    if max(map(len, names), default=0) > LONGEST_NAME:
        yield f"plan.entrants: a name is longer than {LONGEST_NAME} letters"
    if any(not 1 <= len(entrant.policies) == len(entrant.hashes) for entrant in plan.entrants):
        yield "plan.entrants: one does not have a hash for each policy"
    if not all(HASH.fullmatch(known) for entrant in plan.entrants for known in entrant.hashes if known):
        yield "plan.entrants: a hash is invalid"


def _table_faults(summary: Summary) -> Iterator[str]:
    """Yield what of a table is invalid although it has the right type."""
    names = sorted(entrant.name for entrant in summary.plan.entrants) if summary.complete else []
    if sorted(row.name for row in summary.table) != names or sorted(summary.matrix) != names:
        yield "table and matrix are not about the entrants"
    for row in summary.table:
        counts = (row.won, row.drawn, row.lost)
        if min(counts) < 0 or sum(counts) != row.games or not 0 <= row.forfeits <= row.games:
            yield f"table: {row.name}: games {row.games}, won, drawn, lost {counts}, forfeits {row.forfeits} cannot be"
        if not -MOST_RATING <= row.low <= row.rating <= row.high <= MOST_RATING or not 0.0 <= row.score <= 1.0:
            yield f"table: {row.name}: a rating of {row.rating} or a score of {row.score} cannot be"
    for name, shares in summary.matrix.items():
        if not summary.matrix.keys() >= shares.keys() or not all(0.0 <= share <= 1.0 for share in shares.values()):
            yield f"matrix: {name}: a share is not between 0 and 1, or against an unknown policy"
