"""A tournament: a folder with a file for each match and the results so far, from which it can be resumed."""

import fcntl
import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import msgspec

from roboschool import system_info
from roboschool.errors import InvalidInput, check_range
from roboschool.scenes.loader import load_scene
from roboschool.tournament.class_check import check_classes
from roboschool.tournament.entrants import Entrant, read_entrants
from roboschool.tournament.game_log import GAMES, GameLog, check_games
from roboschool.tournament.match import scene_hash, scene_name, team_names
from roboschool.tournament.match_workers import MatchWorkers, Plan, Result, file_name
from roboschool.tournament.players import LIMIT, START
from roboschool.tournament.record import ENDING
from roboschool.tournament.report import RESULTS, Report, begin_report, read_summary, summarise, write_summary
from roboschool.tournament.schedule import Fixture, stage, stages
from roboschool.workers.orphans import adopted_orphans
from roboschool.writers import make_folder

LONGEST_LIMIT = 86_400.0  # of a policy's time [s]


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
    """Return the plan of a tournament.

    Args:
        scene: name, or path of its file; it must have an even number of sides.
        policies: as `read_entrants` takes them.
        options: of the scene.
        seed: the same seed and policies give the same results.
        games: seeds for each pair; each is played on both sides.
        limit: time of a policy to act [s].
        start: time of a policy to begin a match [s].
        rules: options of the scene's game, given to every reset.

    Raises:
        InvalidInput: one of them is wrong.
    """
    check_range("limit", limit, 1e-3, LONGEST_LIMIT)
    check_range("start", start, 1e-3, LONGEST_LIMIT)
    loaded = load_scene(scene, **(options or {}))
    if len(policies) < 2:
        raise InvalidInput(f"a tournament is between 2 policies at least, not {len(policies)}")
    try:
        team_names(loaded, 2)
    except InvalidInput as error:
        raise InvalidInput(f"a tournament is between two at a time: {error}") from None
    entrants = read_entrants(loaded, policies)
    check_classes(loaded, entrants, start=start)
    return Plan(
        scene=scene_name(loaded),
        scene_hash=scene_hash(loaded),
        options=options or {},
        rules=rules or {},
        seed=seed,
        games=games,
        limit=limit,
        start=start,
        entrants=entrants,
    )


def run_tournament(
    plan: Plan, folder: Path, workers: int | None = None, tick: Callable[[int], None] = lambda games: None
) -> Report:
    """Play the games of a tournament that are left.

    Args:
        plan: of the tournament.
        folder: where it is written; if it has the same tournament, that is resumed.
        workers: number of processes; None: the number of cores. Results do not depend on it.
        tick: is called with the number of further games that are over.

    Raises:
        InvalidInput: the folder cannot be written to, is in use, or has other content; the scene fails;
            or a game has been interrupted twice.
    """
    make_folder(folder)
    with _locked(folder):
        known = {result.fixture: result for result in _resume(folder, plan)}
        tick(len(known))
        count, numbers = len(plan.entrants), dict[Fixture, int]()
        workers = min(workers or system_info.cores(), _most(plan, known))
        with (
            adopted_orphans(),
            closing(GameLog(folder)) as log,
            closing(MatchWorkers(plan, folder.resolve(), workers)) as match_workers,
        ):
            for number in range(stages(count)):
                played = [(fixture, known[fixture].points) for fixture in numbers]
                planned = stage(number, count, plan.games, plan.seed, played)
                numbers |= {fixture: place for place, fixture in enumerate(planned, len(numbers) + 1)}
                _check_planned(folder, number, numbers, known)
                for result in match_workers.play(
                    [(numbers[fixture], fixture) for fixture in planned if fixture not in known]
                ):
                    log.append(numbers[result.fixture], result)
                    known[result.fixture] = result
                    tick(1)
        report = summarise(plan, [known[fixture] for fixture in numbers])
        write_summary(folder, report)
        return report


def _check_planned(folder: Path, stage: int, numbers: Mapping[Fixture, int], known: Mapping[Fixture, Result]) -> None:
    """Check that the played games of a stage are planned, and have the planned numbers.

    Raises:
        InvalidInput: one is not.
    """
    for fixture, result in known.items():
        if fixture.stage == stage and result.file not in ("", file_name(numbers.get(fixture, 0))):
            raise InvalidInput(f"{folder / GAMES}: game {result.file} is not planned, or under another number")


def _most(plan: Plan, known: dict[Fixture, Result]) -> int:
    """Return the number of workers that can be busy; 0 if the only stage has been played."""
    count = len(plan.entrants)
    if stages(count) > 1:
        return count * plan.games
    return len([fixture for fixture in stage(0, count, plan.games, plan.seed, []) if fixture not in known])


def _resume(folder: Path, plan: Plan) -> tuple[Result, ...]:
    """Return the games that have been played in a folder, and write the plan if it is new.

    Raises:
        InvalidInput: they are of another tournament or damaged, or the folder has other content.
    """
    if not (folder / RESULTS).exists():
        strange = sorted(p.name for p in folder.iterdir() if not p.name.startswith(".") and p.suffix != ENDING)
        if strange:
            raise InvalidInput(f"{folder}: not empty, and not the folder of a tournament: it holds {strange[0]}")
        write_summary(folder, begin_report(plan))
        return ()
    there = read_summary(folder).plan
    if there.scene == plan.scene and there.scene_hash != plan.scene_hash:
        raise InvalidInput(
            f"{folder}: another tournament is in it: the file of scene {plan.scene!r} has changed; use -o FOLDER"
        )
    for name in ("scene", "options", "rules", "seed", "games", "limit", "start"):
        _check_same(folder, name, getattr(there, name), getattr(plan, name))
    previous, current = ([entrant.name for entrant in some.entrants] for some in (there, plan))
    new, missing = (
        [name for name in current if name not in previous],
        [name for name in previous if name not in current],
    )
    if new or missing:
        changes = "; ".join(f"{', '.join(names)} {how}" for names, how in ((new, "new"), (missing, "missing")) if names)
        raise InvalidInput(f"{folder}: another tournament is in it: its policies: {changes}; use -o FOLDER")
    _check_same(folder, "policies", previous, current)
    for old, entrant in zip(there.entrants, plan.entrants, strict=True):
        if _contents(old) != _contents(entrant):
            change = f"policy {entrant.name!r} has changed"
            raise InvalidInput(f"{folder}: another tournament is in it: {change}; use -o FOLDER")
    return check_games(folder, plan)


def _contents(entrant: Entrant) -> list[str]:
    """Return the hashes of an entrant's files, and its policies that have no files."""
    return [known or written for written, known in zip(entrant.policies, entrant.hashes, strict=True)]


def _check_same(folder: Path, name: str, there: Any, here: Any) -> None:
    if msgspec.json.decode(msgspec.json.encode(there)) != msgspec.json.decode(
        msgspec.json.encode(here)
    ):  # tuples or not
        raise InvalidInput(f"{folder}: another tournament is in it: its {name}: {there}, not {here}; use -o FOLDER")


@contextmanager
def _locked(folder: Path) -> Iterator[None]:
    """Lock a folder against other processes; the kernel unlocks it if this process dies.

    Raises:
        InvalidInput: another process has locked it.
    """
    handle = os.open(folder, os.O_RDONLY)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        yield
    except BlockingIOError:
        raise InvalidInput(f"{folder}: a tournament is being played in it by another process") from None
    finally:
        os.close(handle)
