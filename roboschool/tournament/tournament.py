"""A tournament: a folder with a file for each match, and what has come of it so far, from which it goes on."""

import dataclasses
import fcntl
import json
import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec
import numpy as np

from roboschool import machine
from roboschool.files import InvalidInput, convert, make_folder, read_text, replace
from roboschool.scene import load_scene
from roboschool.tournament.crew import Crew, Plan, Result
from roboschool.tournament.entrants import Entrant, read_entrants
from roboschool.tournament.match import scene_hash, scene_name, team_names
from roboschool.tournament.players import LIMIT, START
from roboschool.tournament.rating import Table, rate
from roboschool.tournament.record import ENDING, PACKAGES
from roboschool.tournament.schedule import Fixture, as_scores, stage, stages
from roboschool.workers.orphans import adopted_orphans

RESULTS, PAGE = "results.json", "page.html"
VERSION = 1


@dataclass(frozen=True)
class Row:
    """A line of the table."""

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
class Report:
    """What stands in `results.json`."""

    version: int = VERSION
    plan: Plan
    versions: dict[str, str]
    complete: bool
    table: tuple[Row, ...] = ()  # the best first; empty until the end
    matrix: dict[str, dict[str, float | None]] = dataclasses.field(default_factory=dict)  # share of row against column
    results: tuple[Result, ...] = ()


def make_plan(
    scene: str,
    policies: Sequence[str],
    options: dict[str, Any] | None = None,
    seed: int = 0,
    games: int = 10,
    limit: float = LIMIT,
    start: float = START,
    rules: dict[str, Any] | None = None,
) -> Plan:
    """Return a tournament to be run.

    Args:
        scene: name, or path of its file; it must have an even number of sides.
        policies: as `read_entrants` takes them.
        options: of the scene.
        seed: the same seed and policies give the same results.
        games: seeds for each pair; each is played on both sides.
        limit: how long a policy may think about an action [s].
        start: how long it may take to begin [s].
        rules: options of every reset, which the scene's game takes.

    Raises:
        InvalidInput: one of them is wrong.
    """
    loaded = load_scene(scene, **(options or {}))
    if len(policies) < 2:
        raise InvalidInput(f"a tournament is between 2 policies at least, not {len(policies)}")
    try:
        team_names(loaded, 2)
    except InvalidInput as error:
        raise InvalidInput(f"a tournament is between two at a time: {error}") from None
    return Plan(
        scene=scene_name(loaded),
        scene_hash=scene_hash(loaded),
        options=options or {},
        rules=rules or {},
        seed=seed,
        games=games,
        limit=limit,
        start=start,
        entrants=read_entrants(loaded, policies),
    )


def run_tournament(
    plan: Plan, folder: Path, workers: int | None = None, tick: Callable[[int], None] = lambda games: None
) -> Report:
    """Play a tournament, or what is left of it.

    Args:
        plan: what is played.
        folder: where it is written; one that holds the same tournament goes on.
        workers: processes that play; as many as cores if None. Results are the same with any number.
        tick: is called with how many games more are over.

    Raises:
        InvalidInput: the folder is none, holds something else, is in use, or cannot be written to; the scene fails;
            or a game has been interrupted twice.
    """
    make_folder(folder)
    with _locked(folder):
        known = {result.fixture: result for result in _resume(folder, plan)}
        tick(len(known))
        count, order = len(plan.entrants), list[Fixture]()
        number = min(workers or machine.cores(), _most(plan, known))
        with adopted_orphans(), closing(Crew(plan, folder.resolve(), number)) as crew:
            for number in range(stages(count)):
                played = [(fixture, known[fixture].points) for fixture in order]
                planned = stage(number, count, plan.games, plan.seed, played)
                todo = [(i, f) for i, f in enumerate(planned, len(order) + 1) if f not in known]
                order += planned
                for result in crew.play(todo):
                    known[result.fixture] = result
                    _write(folder, _report(plan, [known[fixture] for fixture in order if fixture in known]))
                    tick(1)
        report = summarise(plan, [known[fixture] for fixture in order])
        _write(folder, report)
        return report


def _most(plan: Plan, known: dict[Fixture, Result]) -> int:
    """Return how many workers there is work for: none if the only stage has been played."""
    count = len(plan.entrants)
    if stages(count) > 1:
        return count * plan.games
    return len([fixture for fixture in stage(0, count, plan.games, plan.seed, []) if fixture not in known])


def summarise(plan: Plan, results: Sequence[Result]) -> Report:
    """Return the report of a tournament that is over."""
    count = len(plan.entrants)
    table = rate(as_scores([(result.fixture, result.points) for result in results]), count, plan.seed)
    names = [entrant.name for entrant in plan.entrants]
    ranks = sorted(range(count), key=lambda i: (-round(float(table.rating[i]), 6), names[i]))
    share = table.share
    matrix = {
        names[i]: {names[j]: None if np.isnan(share[i, j]) else round(float(share[i, j]), 4) for j in ranks}
        for i in ranks
    }
    rows = tuple(_row(names[i], i, table, results) for i in ranks)
    return dataclasses.replace(_report(plan, results), complete=True, table=rows, matrix=matrix)


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


def _report(plan: Plan, results: Sequence[Result]) -> Report:
    return Report(plan=plan, versions=machine.versions(PACKAGES), complete=False, results=tuple(results))


def _write(folder: Path, report: Report) -> None:
    text = msgspec.json.encode(report)
    replace(folder / RESULTS, msgspec.json.format(text, indent=1) if report.complete else text)


def read_report(folder: Path) -> Report:
    """Read what a tournament has come to.

    Raises:
        InvalidInput: the folder holds none, or another version's.
    """
    path = folder / RESULTS
    try:
        raw = json.loads(read_text(path))
    except ValueError as error:
        raise InvalidInput(f"{path}: not JSON: {error}") from None
    version = raw.get("version") if isinstance(raw, dict) else None
    if version != VERSION:
        raise InvalidInput(f"{path}: its version is {version!r}, not {VERSION}")
    report: Report = convert(raw, Report, str(path))
    return report


def _resume(folder: Path, plan: Plan) -> tuple[Result, ...]:
    """Return the games that have been played in a folder.

    Raises:
        InvalidInput: they are of another tournament, or there is something else.
    """
    if not (folder / RESULTS).exists():
        strange = sorted(p.name for p in folder.iterdir() if not p.name.startswith(".") and p.suffix != ENDING)
        if strange:
            raise InvalidInput(f"{folder}: not empty, and not the folder of a tournament: it holds {strange[0]}")
        return ()
    report = read_report(folder)
    there = report.plan
    if there.scene == plan.scene and there.scene_hash != plan.scene_hash:
        raise InvalidInput(
            f"{folder}: another tournament is in it: the file of scene {plan.scene!r} has changed; use -o FOLDER"
        )
    for name in ("scene", "options", "rules", "seed", "games", "limit", "start"):
        _check_same(folder, name, getattr(there, name), getattr(plan, name))
    was, now = ([entrant.name for entrant in some.entrants] for some in (there, plan))
    new, missing = [name for name in now if name not in was], [name for name in was if name not in now]
    if new or missing:
        changes = "; ".join(f"{', '.join(names)} {how}" for names, how in ((new, "new"), (missing, "missing")) if names)
        raise InvalidInput(f"{folder}: another tournament is in it: its policies: {changes}; use -o FOLDER")
    _check_same(folder, "policies", was, now)
    for old, entrant in zip(there.entrants, plan.entrants, strict=True):
        if _contents(old) != _contents(entrant):
            told = f"policy {entrant.name!r} has changed"
            raise InvalidInput(f"{folder}: another tournament is in it: {told}; use -o FOLDER")
    return report.results


def _contents(entrant: Entrant) -> list[str]:
    """Return what an entrant plays: hashes of files, wherever they are, and words."""
    return [known or written for written, known in zip(entrant.policies, entrant.hashes, strict=True)]


def _check_same(folder: Path, name: str, there: Any, here: Any) -> None:
    if json.loads(json.dumps(there)) != json.loads(json.dumps(here)):  # whether lists or tuples
        raise InvalidInput(f"{folder}: another tournament is in it: its {name}: {there}, not {here}; use -o FOLDER")


@contextmanager
def _locked(folder: Path) -> Iterator[None]:
    """Hold a folder, so that nobody else plays in it; the kernel lets go of it if we die.

    Raises:
        InvalidInput: somebody else holds it.
    """
    handle = os.open(folder, os.O_RDONLY)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        yield
    except BlockingIOError:
        raise InvalidInput(f"{folder}: a tournament is being played in it by another process") from None
    finally:
        os.close(handle)
