"""The plots of a report. Needs matplotlib."""

import io
from pathlib import Path

from roboschool.bench.report import PEER_TITLES, PICTURES, Report, env_titles
from roboschool.errors import InvalidInput
from roboschool.system_info import install
from roboschool.writers import replace

try:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure
except ImportError:
    raise InvalidInput(f"--plot needs matplotlib: {install('bench')}") from None

WIDTH, HEIGHT, PER_BAR = 7.0, 4.2, 0.16  # [inch]
DOTS = 120  # an inch
OURS = ("#123a7a", "#2563c9", "#6f9fe8", "#a9c7f5", "#d3e2fb")
THEIRS = ("#b5532a", "#e08e45", "#f2c14e")
BARS = 0.84  # of the room of a scene that its bars take


def plot(report: Report, folder: Path) -> None:
    """Write the plots that there are numbers for.

    Raises:
        InvalidInput: one cannot be written; the old file is unchanged.
    """
    figures = {
        "scenes": _scenes(report),
        "copies": _curves({row.scene: row.copies for row in report.scenes}, "copies in one process", "steps/s, of all"),
        "robots": _curves({row.scene: row.robots for row in report.scenes}, "robots in one world", "robot steps/s"),
    }
    for name, title in PICTURES.items():
        figure = figures[name]
        if figure is not None:
            figure.axes[0].set_title(title, loc="left", fontsize=11)
            picture = io.BytesIO()
            figure.savefig(picture, format="png", dpi=DOTS)
            replace(folder / f"speed_{name}.png", picture.getvalue())


def _axes(height: float) -> tuple[Figure, Axes]:
    figure = Figure(figsize=(WIDTH, height), layout="constrained")
    axes = figure.subplots()
    axes.spines[["top", "right"]].set_visible(False)
    axes.grid(True, color="#dddddd", linewidth=0.7)
    axes.set_axisbelow(True)
    return figure, axes


def _scenes(report: Report) -> Figure:
    """Return bars of what every env does in a second, one colour for each kind of env."""
    titles = env_titles(report.settings)
    kinds = [key for key in titles if any(key in row.steps_per_s for row in report.scenes)]
    ours = [key for key in kinds if key not in PEER_TITLES]
    colours = {key: OURS[i % len(OURS)] for i, key in enumerate(ours)}
    colours |= dict(zip(PEER_TITLES, THEIRS, strict=True))
    figure, axes = _axes(1.4 + PER_BAR * len(kinds) * len(report.scenes))
    thick = BARS / len(kinds)
    for i, kind in enumerate(kinds):
        known = [(place, row.steps_per_s[kind]) for place, row in enumerate(report.scenes) if kind in row.steps_per_s]
        places = [place + (i - (len(kinds) - 1) / 2) * thick for place, _ in known]
        axes.barh(places, [steps for _, steps in known], thick, color=colours[kind], label=titles[kind])
    axes.set_yticks(range(len(report.scenes)), [row.scene for row in report.scenes])
    axes.set_ylim(len(report.scenes) - 0.5, -0.5)
    axes.grid(False, axis="y")
    axes.set_xlabel("steps/s")
    figure.legend(loc="outside lower center", ncols=4, fontsize=8, frameon=False)
    return figure


def _curves(curves: dict[str, list[tuple[int, float]]], across: str, up: str) -> Figure | None:
    """Return a line for each scene that has one; nothing if none has."""
    known = {scene: curve for scene, curve in curves.items() if curve}
    if not known:
        return None
    figure, axes = _axes(HEIGHT)
    for scene, curve in known.items():
        sizes, steps = zip(*curve, strict=True)
        axes.plot(sizes, steps, marker="o", markersize=4, label=scene)
    ticks = sorted({size for curve in known.values() for size, _ in curve})
    axes.set_xscale("log", base=2)
    axes.set_xticks(ticks, [str(size) for size in ticks])
    axes.set_ylim(bottom=0)
    axes.set_xlabel(across)
    axes.set_ylabel(up)
    axes.legend(fontsize=8, frameon=False, ncols=2)
    return figure
