"""Verifies rows: plays every episode again from its seed and compares what comes out with what the row says."""

import hashlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from roboschool.errors import InvalidInput
from roboschool.readers import read_bytes
from roboschool.results import provenance
from roboschool.results.entry import score_of
from roboschool.results.episodes import play_episodes
from roboschool.results.policy_store import load_stored
from roboschool.results.row import HELD_OUT, Episode, Row, Run
from roboschool.results.row_file import LARGEST, read_row
from roboschool.results.suites import load_suite
from roboschool.scenes.loader import load_scene
from roboschool.tournament.match import scene_hash

REPLAYED, RE_EVALUATED, FAILED = "replayed", "re-evaluated", "failed"
MOST_FAULTS = 20  # faults of a run


@dataclass(frozen=True)
class Verification:
    """What the verification of a row has found."""

    file: str  # its name
    sha256: str  # of the file: whatever is changed in it later is not verified
    status: str  # REPLAYED bit for bit, RE_EVALUATED within the interval, or FAILED
    faults: tuple[str, ...]
    notes: tuple[str, ...]
    episodes: int
    processor: str  # on which it was verified
    versions: dict[str, str]


def verify(path: Path, tick: Callable[[], None] = lambda: None) -> Verification:
    """Play the episodes of a row again.

    On the same kind of processor with the same versions every bit must be the same. Elsewhere bits may differ; if they
    do in all episodes, the interquartile mean must be within the row's interval.

    Args:
        path: of the row; its policies are in the folder `policies` beside it, unless they are shipped.
        tick: is called after each episode.

    Raises:
        InvalidInput: the row cannot be read; see `read_row`.
    """
    row = read_row(path)
    faults, played = list(_claims(row)), []
    notes: list[str] = []
    for place, run in enumerate(row.runs) if not faults else ():
        again, fault = _play(row, run, path.parent, tick)
        played.append(again)
        faults += [f"runs[{place}]: {fault}"] if fault else []
    status = FAILED
    if not faults:
        status, faults, notes = _judge(row, played)
    here = provenance.describe()
    digest = hashlib.sha256(read_bytes(path, LARGEST)).hexdigest()
    count = sum(map(len, played))
    return Verification(
        path.name, digest, status, tuple(faults), tuple(notes), count, here["processor"], here["versions"]
    )


def _play(row: Row, run: Run, folder: Path, tick: Callable[[], None]) -> tuple[list[Episode], str]:
    """Return the episodes of a run, played again, and what kept them from being played, if anything."""
    try:
        policy = load_stored(folder, run.policy)
        return play_episodes(
            policy, row.scene, row.options, [(each.seed, each.variant, each.split) for each in run.episodes], tick
        ), ""
    except InvalidInput as error:
        return [], str(error)


def _claims(row: Row) -> Iterator[str]:
    """Go through what is wrong with a row, as far as no episode needs to be played to know it."""
    try:
        load_scene(row.scene, **row.options)
    except InvalidInput as error:
        yield str(error)
        return
    if row.suite:
        yield from _suite_faults(row)
    if score_of(row.returns()) != row.score:
        yield f"score: its episodes give {score_of(row.returns())}"


def _suite_faults(row: Row) -> Iterator[str]:
    """Go through what is not as the row's suite says."""
    try:
        suite = load_suite(row.suite)
    except InvalidInput as error:
        yield str(error)
        return
    if suite.sha256 != row.suite_hash:
        yield f"suite_hash: the suite {row.suite!r} is another one here"
    for place, run in enumerate(row.runs):
        if [(each.seed, each.variant, each.split) for each in run.episodes] != suite.plan():
            yield f"runs[{place}].episodes: not those of the suite {row.suite!r}"


def _judge(row: Row, played: Sequence[Sequence[Episode]]) -> tuple[str, list[str], list[str]]:
    """Return status, faults and notes, given the episodes that were played again."""
    pairs = [
        (one, other)
        for run, again in zip(row.runs, played, strict=True)
        for one, other in zip(run.episodes, again, strict=True)
    ]
    exact = sum(one == other for one, other in pairs)
    same = sum((one.actions, one.end) == (other.actions, other.end) for one, other in pairs)
    if exact == len(pairs):
        elsewhere = _differences(row)
        return REPLAYED, [], [f"the row is from elsewhere: {', '.join(elsewhere)}"] if elsewhere else []
    elsewhere = _differences(row)
    if same or not elsewhere:  # where one episode has the same bits, all must have them
        faults = [
            text
            for place, (run, again) in enumerate(zip(row.runs, played, strict=True))
            for text in _faults(place, run, again)
        ]
        return FAILED, faults, []
    found = score_of([[each.total for each in again if each.split == HELD_OUT] for again in played])
    notes = [f"no episode has the same bits here; different are {', '.join(elsewhere)}"]
    if row.score.low <= found.iqm <= row.score.high:
        return RE_EVALUATED, [], notes
    text = f"score: {found.iqm:g} here, not within {row.score.low:g} and {row.score.high:g}"
    return FAILED, [text], notes


def _faults(place: int, run: Run, again: Sequence[Episode]) -> Iterator[str]:
    """Go through the differences between the episodes of a run and those that were played again."""
    count = 0
    for number, (one, other) in enumerate(zip(run.episodes, again, strict=True)):
        for key in ("total", "steps", "terminated", "actions", "end"):
            said, found = getattr(one, key), getattr(other, key)
            if said != found and count < MOST_FAULTS:
                count += 1
                yield f"runs[{place}].episodes[{number}].{key}: {said!r}, and {found!r} when played again"


def _differences(row: Row) -> list[str]:
    """Return in what this process differs from the one that a row is from, as far as bits depend on it."""
    here = dict(provenance.describe())
    here["scene_hash"] = scene_hash(load_scene(row.scene, **row.options))
    found = [key for key in ("scene_hash", "system", "processor", "commit") if here[key] != getattr(row, key)]
    names = sorted({*row.versions, *here["versions"]})
    return found + [name for name in names if row.versions.get(name) != here["versions"].get(name)]
