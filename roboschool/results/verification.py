"""Verifies rows: plays every episode again from its seed and compares what comes out with what the row says."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from roboschool.envs.foreign import ForeignScene, is_foreign, open_scene
from roboschool.errors import InvalidInput
from roboschool.results import provenance
from roboschool.results.entry import score_of
from roboschool.results.episodes import play_episodes
from roboschool.results.policy_store import load_stored
from roboschool.results.row import HELD_OUT, VERSION, Episode, Row, Run
from roboschool.results.row_file import RowFile, open_row
from roboschool.results.statistics import agree
from roboschool.results.suites import load_suite
from roboschool.tournament.match import scene_hash

REPLAYED, RE_EVALUATED, FAILED = "replayed", "re-evaluated", "failed"
MOST_FAULTS = 20  # faults of a run


@dataclass(frozen=True)
class Verification:
    """What the verification of a row has found."""

    file: str  # its name
    sha256: str  # of the file: whatever is changed in it later is not verified
    status: str  # REPLAYED bit for bit, RE_EVALUATED as well as chance allows, or FAILED
    faults: tuple[str, ...]
    notes: tuple[str, ...]
    episodes: int
    processor: str  # on which it was verified
    versions: dict[str, str]


def verify(file: Path | RowFile, tick: Callable[[], None] = lambda: None) -> Verification:
    """Play the episodes of a row again.

    On the same kind of processor with the same versions every bit must be the same. Elsewhere bits may differ; if they
    do in all episodes, the two scores must not be further apart than chance allows, which is explained at
    `statistics.agree`. So they must where an environment of another package gives other bits when the same is played
    twice.

    Args:
        file: of the row; its policies are in the folder `policies` beside it, unless they are shipped.
        tick: is called after each episode.

    Raises:
        InvalidInput: the row cannot be read; see `read_row`.
    """
    opened = open_row(file) if isinstance(file, Path) else file
    path, row = opened.path, opened.row
    faults, played = list(_claims(row)), []
    notes: list[str] = []
    for place, run in enumerate(row.runs) if not faults else ():
        again, fault = _play(row, run, path.parent, tick)
        played.append(again)
        faults += [f"runs[{place}]: {fault}"] if fault else []
    status = FAILED
    if not faults:
        exact = not is_foreign(row.scene) or played == [_play(row, run, path.parent)[0] for run in row.runs]
        status, faults, notes = _judge(row, played, exact)
    here = provenance.describe(row.scene) if not faults else provenance.describe("")
    count = sum(map(len, played))
    found = tuple(faults), tuple(notes), count, here["processor"], here["versions"]
    return Verification(path.name, opened.sha256, status, *found)


def _play(row: Row, run: Run, folder: Path, tick: Callable[[], None] = lambda: None) -> tuple[list[Episode], str]:
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
        open_scene(row.scene, **row.options)
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


def _judge(row: Row, played: Sequence[Sequence[Episode]], repeatable: bool) -> tuple[str, list[str], list[str]]:
    """Return status, faults and notes, given the episodes that were played again.

    Args:
        row: what is said.
        played: what was found.
        repeatable: whether the same episode has the same bits here twice.
    """
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
    if repeatable and (same or not elsewhere):  # where one episode has the same bits, all must have them
        faults = [
            text
            for place, (run, again) in enumerate(zip(row.runs, played, strict=True))
            for text in _faults(place, run, again)
        ]
        return FAILED, faults, []
    again = [[each.total for each in episodes if each.split == HELD_OUT] for episodes in played]
    notes = [f"no episode has the same bits here; different are {', '.join(elsewhere)}"]
    if not repeatable:
        notes = [f"episodes of {row.scene} are not exact: twice the same gives other bits here"]
    within, error = agree(row.returns(), again)
    if within:
        return RE_EVALUATED, [], notes
    text = f"score: {score_of(again).iqm:g} here and {row.score.iqm:g} in the row, with a standard error of {error:.3g}"
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
    here = dict(provenance.describe(row.scene))
    scene = open_scene(row.scene, **row.options)
    here["scene_hash"] = "" if isinstance(scene, ForeignScene) else scene_hash(scene)
    found = [key for key in ("scene_hash", "system", "processor", "commit") if here[key] != getattr(row, key)]
    found += ["version"] * (row.version != VERSION)
    names = sorted({*row.versions, *here["versions"]})
    return found + [name for name in names if row.versions.get(name) != here["versions"].get(name)]
