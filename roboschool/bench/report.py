"""The report of `roboschool bench`: printed as JSON, and as tables in text or Markdown."""

import statistics
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path

from roboschool.readers import read_json
from roboschool.schema import convert

PEER_TITLES = {
    "pybullet_envs_gymnasium": "pybullet_envs",
    "gymnasium_mujoco": "Gymnasium MuJoCo",
    "envpool_mujoco": "EnvPool MuJoCo",
}
OURS_BESIDE = {  # which of our measures each is compared with
    "pybullet_envs_gymnasium": "single",
    "gymnasium_mujoco": "single",
    "envpool_mujoco": "vector",
}
UNMEASURED = "-"  # cell of a table

INTRO = """# Speed

`make speed` measures this page again. It writes [speed.json](speed.json), which holds all numbers; a test compares
the two. Actions are random, and resets are included. All measures of a scene take turns, in {rounds} rounds of
{seconds:g} s each. Numbers are medians; ratios are medians over the pairs of a round.
What follows ± is half the distance between the quartiles.
Measured on {day}: {processor}, {cores} cores, {system}, Python {python}, {versions}; {backend} backend{busy}.
"""
NOTES = """- `single` is one env, `x{copies}` a `VectorEnv` of {copies} environments in one process, `workers` the same
  in worker processes, `threads` the same in threads of one process, and `programs` as many independent processes at
  the same time, each with its part of the environments.
- `pybullet_envs` (of pybullet_envs_gymnasium) and `Gymnasium MuJoCo` (v5) are single envs without wrappers,
  `EnvPool MuJoCo` (v5) is 16 envs on one thread. Their episodes end after 1000 steps, like ours.
- A robot with random actions soon falls, so the speed of resets matters; MuJoCo's HalfCheetah never terminates early.
  Steps of MuJoCo's envs are longer or shorter than our 16.5 ms: compare the simulated seconds.
- `bare` is Bullet's own step alone, in the same motion, without resets.
- `reset` is a reset of one env after ten steps; `start-up` is the time of a new process from its imports to its first
  step; `memory` is the memory of each of {copies} environments; `growth` is the memory that {resets} resets add.
"""
PICTURES = {  # what `--plot` writes
    "scenes": "Steps per second of every scene",
    "copies": "Steps per second against environments in one process",
    "robots": "Steps per second against robots in one world",
}


@dataclass(frozen=True)
class Row:
    """The results of a scene. Keys are the names of measures."""

    scene: str
    agents: int
    rounds_us: dict[str, list[float]]  # time of a step, or of what else is measured, in every round [us]
    steps_per_s: dict[str, float]  # of envs; medians, as all that follows
    simulated_s_per_s: dict[str, float]
    bullet_us: dict[str, float]  # Bullet's own step [us], in the motion of `single` and of `vector`
    ratios: dict[str, float]
    reset_us: float | None  # [us]
    start_up_s: float  # [s]
    memory_mib: float | None  # of each copy [MiB]
    growth_mib: float | None  # over all resets [MiB]
    copies: list[tuple[int, float]] = field(default_factory=list)  # of a vector env, and steps/s
    robots: list[tuple[int, float]] = field(default_factory=list)  # in one world, and steps/s of all


@dataclass(frozen=True)
class Computer:
    """The computer that was measured on."""

    day: str
    system: str
    processor: str
    cores: int
    python: str
    backend: str = "python"  # which steps the worlds; older reports do not say it
    load: float | None = None  # programs that ran in the minute before; older reports do not say it


@dataclass(frozen=True)
class Settings:
    """The settings of the bench."""

    seconds: float  # for each measure in each round [s]
    rounds: int
    copies: int
    workers: tuple[int, ...]
    resets: int  # over which growth is measured; 0 if it is not
    shape: int  # most copies, and most robots in one world, of the curves; 0 if there are none
    threads: tuple[int, ...] = ()


@dataclass(frozen=True)
class Report:
    """The report of `roboschool bench`."""

    machine: Computer
    versions: dict[str, str]
    settings: Settings
    scenes: list[Row]


@dataclass(frozen=True)
class Table:
    """Text in rows and columns; the first column holds names."""

    title: str
    head: list[str]
    rows: list[list[str]]


def read_report(path: Path) -> Report:
    """Read a report that `roboschool bench --json` has printed.

    Raises:
        InvalidInput: the file cannot be read, or holds something else.
    """
    report: Report = convert(read_json(path), Report, f"{path}: not what `roboschool bench --json` prints")
    return report


def find_ratios(rounds: Mapping[str, Sequence[float]], beside: Mapping[str, str]) -> dict[str, list[float]]:
    """Return the ratios between measures of the same round, round by round.

    Args:
        rounds: results of each measure, in every round.
        beside: which of our measures each peer is compared with.
    """
    workers, threads = ([name for name in rounds if name.startswith(kind)] for kind in ("workers_", "threads_"))
    pairs = {
        "single_over_bullet": ("single", "bullet"),
        "vector_over_bullet": ("vector", "vector_bullet"),
        **{f"{ours}_faster_than_{peer}": (peer, ours) for peer, ours in beside.items()},
        **{f"{many}_faster_than_{workers[0]}": (workers[0], many) for many in workers[1:]},
        **{f"{many}_faster_than_vector": ("vector", many) for many in threads},
        **{f"{many}_of_apart": (many.replace("threads", "apart"), many) for many in threads},
    }
    return {
        key: [a / b for a, b in zip(rounds[upper], rounds[lower], strict=True)]
        for key, (upper, lower) in pairs.items()
        if upper in rounds and lower in rounds
    }


def spread(numbers: Sequence[float]) -> float:
    """Return half the distance between the quartiles of some numbers, 0 of a single one."""
    low, _, high = statistics.quantiles(numbers, n=4) if len(numbers) > 1 else (0.0, 0.0, 0.0)
    return (high - low) / 2


def env_titles(settings: Settings) -> dict[str, str]:
    """Return the title of each kind of env, ours before the others."""
    copies = f"x{settings.copies}"
    workers = {f"workers_{count}": f"{copies}, {_workers(count)}" for count in settings.workers}
    threads = {f"threads_{count}": f"{copies}, {_threads(count)}" for count in settings.threads}
    return {"single": "single", "vector": copies, **threads, **workers, **PEER_TITLES}


def tables(report: Report) -> list[Table]:
    """Return the tables of a report; the rows are scenes."""
    rows, copies = report.scenes, f"x{report.settings.copies}"
    spreads = [ratio_spreads(row) for row in rows]
    envs = env_titles(report.settings)
    ours = {"single": "single", "vector": copies}
    ratios = [row.ratios for row in rows]
    faster = {
        f"{key}_faster_than_{peer}": f"{ours[key]}/{title}" for key in ours for peer, title in PEER_TITLES.items()
    }
    fewest, *more = report.settings.workers or (0,)
    faster |= {f"workers_{many}_faster_than_workers_{fewest}": f"{_workers(many)}/{fewest}" for many in more}
    for count in report.settings.threads:
        faster[f"threads_{count}_faster_than_vector"] = f"{_threads(count)}/1"
        faster[f"threads_{count}_of_apart"] = f"{_threads(count)}/{count} programs"
    costs = {
        "bullet": "bare [us]",
        "vector_bullet": f"{copies} bare [us]",
        "reset": "reset [us]",
        "start_up": "start-up [s]",
        "memory": "memory [MiB]",
        "growth": "growth [MiB]",
    }
    return [
        _table("Steps per second", envs, rows, [row.steps_per_s for row in rows], ".0f"),
        _table("Simulated seconds per second", envs, rows, [row.simulated_s_per_s for row in rows], ".0f"),
        _table("Ratios of steps per second", faster, rows, ratios, ".2f", spreads),
        _table(
            "Time of an env's step, relative to Bullet's bare step",
            {f"{key}_over_bullet": ours[key] for key in ours},
            rows,
            ratios,
            ".2f",
            spreads,
        ),
        _table("Costs", costs, rows, [_costs(row) for row in rows], ".2f"),
    ]


def _workers(count: int) -> str:
    return f"{count} worker{'s' * (count > 1)}"


def _threads(count: int) -> str:
    return f"{count} thread{'s' * (count > 1)}"


def _costs(row: Row) -> dict[str, float]:
    costs = {"reset": row.reset_us, "memory": row.memory_mib, "growth": row.growth_mib}
    known = {key: cost for key, cost in costs.items() if cost is not None}
    return {**row.bullet_us, **known, "start_up": row.start_up_s}


def ratio_spreads(row: Row) -> dict[str, float]:
    """Return the spread of each ratio over the rounds."""
    ratios = find_ratios(row.rounds_us, {peer: OURS_BESIDE[peer] for peer in PEER_TITLES if peer in row.rounds_us})
    return {key: spread(each) for key, each in ratios.items()}


def peers_ahead(report: Report) -> str:
    """Return in words which peers take more steps per second than ours, and where; or that none does."""
    ahead = []
    for row in report.scenes:
        for peer, title in PEER_TITLES.items():
            ratio = row.ratios.get(f"{OURS_BESIDE[peer]}_faster_than_{peer}", 1.0)
            if ratio < 1.0:
                ahead.append(f"{title} takes {1.0 / ratio:.2g} times as many steps of {row.scene}")
    if not any(peer in row.steps_per_s for row in report.scenes for peer in PEER_TITLES):
        return ""
    return f"Where others are faster: {'; '.join(ahead) or 'nowhere'}.\n"


def _table(
    title: str,
    titles: Mapping[str, str],
    rows: Sequence[Row],
    numbers: Sequence[Mapping[str, float]],
    form: str,
    spreads: Sequence[Mapping[str, float]] = (),
) -> Table:
    """Return a table of those columns that have numbers, with the spreads of these if given."""
    keys = [key for key in titles if any(key in known for known in numbers)]

    def cell(row: int, key: str) -> str:
        if key not in numbers[row]:
            return UNMEASURED
        error = f" ±{spreads[row][key]:{form}}" if spreads and key in spreads[row] else ""
        return f"{numbers[row][key]:{form}}{error}"

    cells = [[cell(row, key) for key in keys] for row in range(len(rows))]
    lines = [[row.scene, *line] for row, line in zip(rows, cells, strict=True)]
    return Table(title, ["scene", *(titles[key] for key in keys)], lines)


def as_text(report: Report) -> str:
    """Return the tables for a terminal."""
    return "\n\n".join(_text(table) for table in tables(report))


def _text(table: Table) -> str:
    lines = [table.head, *table.rows]
    widths = [max(map(len, column)) + 2 for column in zip(*lines, strict=True)]
    rows = [
        f"{name:{widths[0]}}" + "".join(f"{word:>{wide}}" for word, wide in zip(words, widths[1:], strict=True))
        for name, *words in lines
    ]
    return "\n".join([f"{table.title}:", *rows])


def as_markdown(report: Report) -> str:
    """Return the page docs/speed.md."""
    machine, settings = report.machine, report.settings
    versions = ", ".join(f"{package} {version}" for package, version in report.versions.items())
    busy = "" if machine.load is None else f"; {machine.load:g} other programs ran before"
    intro = INTRO.format(
        **asdict(machine), busy=busy, versions=versions, rounds=settings.rounds, seconds=settings.seconds
    )
    notes = NOTES.format(copies=settings.copies, resets=f"{settings.resets:,}".replace(",", " "))
    shown = {"scenes": True, "copies": any(row.copies for row in report.scenes)}
    shown["robots"] = any(row.robots for row in report.scenes)
    pictures = [f"![{words}](pictures/speed_{name}.png)" for name, words in PICTURES.items() if shown[name]]
    return "\n".join(
        [intro, *filter(None, [peers_ahead(report)]), notes, *map(_markdown, tables(report)), "\n\n".join(pictures)]
    )


def _markdown(table: Table) -> str:
    lines = [table.head, ["---", *["---:"] * (len(table.head) - 1)], *table.rows]
    rows = [f"| {' | '.join(line)} |" for line in lines]
    return "\n".join([f"## {table.title}", "", *rows, ""])
