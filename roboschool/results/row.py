"""A row: the file of one result, `results/<row>.json`, and what it must hold."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Annotated, Any, TypeAlias

from roboschool.evaluation import EPISODES, FIRST_SEED
from roboschool.schema import Bounds, Pattern, Size

VERSION = 2  # in 1 the end of an episode was hashed otherwise: such rows can only be re-evaluated
MOST_RUNS = 100
MOST_EPISODES = 10_000  # of a run
MOST_POINTS = 1000  # of a curve
LARGEST_NUMBER = 1e12  # of returns and times, either way
HELD_OUT, TRAINED_ON = "held out", "trained on"
DIGITS = 6  # of a score

Hash: TypeAlias = Annotated[str, Pattern(r"[0-9a-f]{64}", "a SHA-256, of 64 hexadecimal digits")]
Digest: TypeAlias = Annotated[str, Pattern(r"[0-9a-f]{32}", "half a SHA-256, of 32 hexadecimal digits")]
Words: TypeAlias = Annotated[str, Pattern(r"[^\x00-\x1f\x7f-\x9f]{1,200}", "a line of 1 to 200 letters")]
Remark: TypeAlias = Annotated[str, Pattern(r"[^\x00-\x1f\x7f-\x9f]{0,1000}", "a line of at most 1000 letters")]
Identity: TypeAlias = Annotated[
    str,
    Pattern(
        r"([A-Za-z0-9_]{1,60}/)?[A-Za-z0-9_.-]{1,100}-v[0-9]{1,9}", "the id of an environment, like 'roboschool/Ant-v1'"
    ),
]
Commit: TypeAlias = Annotated[str, Pattern(r"([0-9a-f]{7,40}(-changed)?)?", "a commit, in hexadecimal digits")]
Day: TypeAlias = Annotated[str, Pattern(r"[0-9]{4}-[01][0-9]-[0-3][0-9]", "a day, like '2026-11-27'")]
Slug: TypeAlias = Annotated[str, Pattern(r"([a-z][a-z0-9_]{0,40})?", "a word of small letters")]
Value: TypeAlias = Annotated[float, Bounds(-LARGEST_NUMBER, LARGEST_NUMBER)]
Count: TypeAlias = Annotated[int, Bounds(0, 10**15)]


@dataclass(frozen=True, kw_only=True)
class Episode:
    """One episode of a policy."""

    seed: Annotated[int, Bounds(0, 2**63 - 1)]
    total: Value  # return
    steps: Annotated[int, Bounds(1, 10**9)]
    terminated: bool  # whether it ended before its time limit
    actions: Digest  # of all actions
    end: Digest  # of the bodies, steps and return at the end; see `episodes.hash_end`
    variant: Annotated[str, Pattern(r"([a-z]+=[0-9]{1,9}(,[a-z]+=[0-9]{1,9})*)?", "a variant, like 'body=7'")] = ""
    split: Annotated[str, Pattern(f"{HELD_OUT}|{TRAINED_ON}", f"{HELD_OUT!r} or {TRAINED_ON!r}")] = HELD_OUT


@dataclass(frozen=True, kw_only=True)
class Run:
    """One training and the episodes of its policy."""

    seed: Annotated[int, Bounds(0, 2**63 - 1)]  # of the training
    policy: Hash  # of the file
    steps: Count  # of the training
    seconds: Annotated[float, Bounds(0.0, LARGEST_NUMBER)]  # of the training [s]
    curve: Annotated[tuple[tuple[Count, Value], ...], Size(0, MOST_POINTS)] = ()  # steps, and mean return then
    episodes: Annotated[tuple[Episode, ...], Size(1, MOST_EPISODES)]


@dataclass(frozen=True, kw_only=True)
class Recipe:
    """How `roboschool train` repeats the training."""

    scene: Identity
    options: dict[str, Any] = field(default_factory=dict)  # override keys of the scene's file
    settings: dict[str, Any] = field(default_factory=dict)
    steps: Count = 0  # planned, on which the rate of learning depends; 0: those of the run


@dataclass(frozen=True, kw_only=True)
class Score:
    """What the held-out episodes of all runs give; see `statistics`."""

    mean: Value  # return
    iqm: Value  # mean of the middle half of the returns
    low: Value  # the 95 % interval of the iqm
    high: Value


@dataclass(frozen=True, kw_only=True)
class Row:
    """A result: a policy, or one for each of several seeds, with all episodes that it is judged by."""

    version: Annotated[int, Bounds(1, VERSION)] = VERSION
    title: Words
    algorithm: Words
    who: Words
    licence: Words
    date: Day
    scene: Identity
    scene_hash: Annotated[str, Pattern(r"([0-9a-f]{64})?", "a SHA-256, or nothing")] = ""  # of its file
    options: dict[str, Any] = field(default_factory=dict)  # override keys of the scene's file
    suite: Slug = ""  # of variants; empty: the scene as it is
    suite_hash: Annotated[str, Pattern(r"([0-9a-f]{64})?", "a SHA-256, or nothing")] = ""
    command: Remark = ""  # that trained it, for people
    recipe: Recipe | None = None  # None: it was trained by another program
    commit: Commit = ""  # of this package
    versions: Annotated[dict[str, Words], Size(0, 50)]  # of packages
    system: Words
    processor: Words
    note: Remark = ""
    score: Score
    runs: Annotated[tuple[Run, ...], Size(1, MOST_RUNS)]

    @property
    def short(self) -> bool:
        """Whether it has fewer episodes than the protocol asks for; such a row has no rank."""
        return min(len(run.episodes) for run in self.runs) < EPISODES

    @property
    def seconds(self) -> float:
        """Time of all trainings [s]."""
        return sum(run.seconds for run in self.runs)

    @property
    def group(self) -> str:
        """What it is compared with: rows of the same scene, options and suite."""
        options = ", ".join(f"{key} = {self.options[key]}" for key in sorted(self.options))
        return " ".join(part for part in (self.scene, options and f"({options})", self.suite) if part)

    def returns(self, split: str = HELD_OUT) -> list[list[float]]:
        """Return the returns of each run's episodes in a split."""
        return [[each.total for each in run.episodes if each.split == split] for run in self.runs]


def find_row_faults(row: Row) -> Iterator[str]:
    """Go through what cannot be although it has the right types."""
    for place, run in enumerate(row.runs):
        at = f"runs[{place}]"
        if run.curve and [steps for steps, _ in run.curve] != sorted({steps for steps, _ in run.curve}):
            yield f"{at}.curve: steps do not increase"
        if not row.suite and [each.seed for each in run.episodes] != [
            seed for seed, *_ in plain_plan(len(run.episodes))
        ]:
            yield f"{at}.episodes: seeds are not {FIRST_SEED}, {FIRST_SEED + 1} and so on"
        if len({(each.seed, each.variant) for each in run.episodes}) < len(run.episodes):
            yield f"{at}.episodes: one is there twice"
        if not row.suite and any(each.variant or each.split != HELD_OUT for each in run.episodes):
            yield f"{at}.episodes: a variant or a split, and the row has no suite"
        if not any(each.split == HELD_OUT for each in run.episodes):
            yield f"{at}.episodes: none is held out"
        if len(run.episodes) != len(row.runs[0].episodes):
            yield f"{at}.episodes: {len(run.episodes)}, not {len(row.runs[0].episodes)} as in runs[0]"
    if len({run.policy for run in row.runs}) < len(row.runs):
        yield "runs: two have the same policy"
    if not row.score.low <= row.score.iqm <= row.score.high:
        yield f"score: iqm {row.score.iqm} is not within its interval"
    if bool(row.suite) != bool(row.suite_hash):
        yield "suite_hash: a row has it if and only if it has a suite"
    for key, options in (("options", row.options), ("recipe", row.recipe and vars(row.recipe))):
        if options and (fault := _foreign(options)):
            yield f"{key}: {fault}"


def plain_plan(episodes: int) -> list[tuple[int, str, str]]:
    """Return the episodes of a scene as it is: the same seeds in all rows, so that good ones cannot be chosen."""
    return [(seed, "", HELD_OUT) for seed in range(FIRST_SEED, FIRST_SEED + episodes)]


def _foreign(value: Any) -> str:
    """Return what among options could name a file or a module; nothing if there is none."""
    if isinstance(value, dict):
        return next(filter(None, map(_foreign, (*value, *value.values()))), "")
    if isinstance(value, list | tuple):
        return next(filter(None, map(_foreign, value)), "")
    plain = not isinstance(value, str) or all(c.isalnum() or c in "_-" for c in value.removeprefix("roboschool/"))
    return "" if plain else f"{value!r:.80} is not a plain name; a row names no files and no modules"
