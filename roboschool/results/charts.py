"""Charts as SVG, for pages that load nothing: lines with axes, and intervals."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from html import escape

import numpy as np

WIDTH, HEIGHT = 640, 300  # of a chart of lines [pixels]
LEFT, RIGHT, TOP, BOTTOM = 64, 24, 12, 44  # margins [pixels]
TICKS = 5  # of an axis, about
COLOURS = ("#1f5fbf", "#c4512d", "#2b8a57", "#7b4fb5", "#9a7413", "#b0367f", "#2a8d9c", "#5b6675")
LINE = 22  # height of an interval [pixels]
NAMES = 210  # width of the names of intervals [pixels]
LONGEST_NAME = 30  # letters
DASHES = ("", "7 3", "2 3", "9 3 2 3")  # so that lines differ without colours


@dataclass(frozen=True)
class Line:
    """A line of a chart."""

    name: str
    x: Sequence[float]
    y: Sequence[float]


@dataclass(frozen=True)
class Bar:
    """A value with an interval."""

    name: str
    value: float
    low: float
    high: float
    link: str  # where it leads


def draw_lines(lines: Sequence[Line], x_label: str, y_label: str) -> str:
    """Return a chart of lines; nothing if none has a point."""
    drawn = [line for line in lines if len(line.x)]
    if not drawn:
        return ""
    x_ticks, y_ticks = (
        ticks(min(map(min, values)), max(map(max, values)))
        for values in ([line.x for line in drawn], [line.y for line in drawn])
    )
    x_of = _scale(x_ticks, LEFT, WIDTH - RIGHT)
    y_of = _scale(y_ticks, HEIGHT - BOTTOM, TOP)
    parts = [_open(WIDTH, HEIGHT, f"{y_label} over {x_label}: {', '.join(line.name for line in drawn)}")]
    for y in y_ticks:
        parts.append(f'<line class="grid" x1="{LEFT}" x2="{WIDTH - RIGHT}" y1="{y_of(y):.1f}" y2="{y_of(y):.1f}"/>')
        parts.append(f'<text x="{LEFT - 6}" y="{y_of(y) + 4:.1f}" text-anchor="end">{shown(y)}</text>')
    parts += [
        f'<text x="{x_of(x):.1f}" y="{HEIGHT - BOTTOM + 16}" text-anchor="middle">{shown(x)}</text>' for x in x_ticks
    ]
    middle = (LEFT + WIDTH - RIGHT) / 2
    parts.append(f'<text x="{middle}" y="{HEIGHT - 6}" text-anchor="middle">{escape(x_label)}</text>')
    parts.append(
        f'<text transform="translate(13 {HEIGHT / 2}) rotate(-90)" text-anchor="middle">{escape(y_label)}</text>'
    )
    for place, line in enumerate(drawn):
        points = " ".join(f"{x_of(x):.1f},{y_of(y):.1f}" for x, y in zip(line.x, line.y, strict=True))
        parts.append(f'<polyline points="{points}" {_style(place)}><title>{escape(line.name)}</title></polyline>')
    return "".join([*parts, "</svg>", _legend(drawn) if len(drawn) > 1 else ""])


def _style(place: int) -> str:
    colour, dashes = COLOURS[place % len(COLOURS)], DASHES[place // len(COLOURS) % len(DASHES)]
    return f'stroke="{colour}"' + (f' stroke-dasharray="{dashes}"' if dashes else "")


def _legend(lines: Sequence[Line]) -> str:
    listing = [
        f'<li><svg width="26" height="10" aria-hidden="true"><line x1="0" x2="26" y1="5" y2="5" {_style(place)}/></svg>'
        f" {escape(line.name)}</li>"
        for place, line in enumerate(lines)
    ]
    return f'<ul class="legend">{"".join(listing)}</ul>'


def draw_bars(bars: Sequence[Bar], label: str) -> str:
    """Return a chart of values with intervals, each a link; nothing if there are none."""
    if not bars:
        return ""
    steps = ticks(min(bar.low for bar in bars), max(bar.high for bar in bars))
    x_of = _scale(steps, NAMES, WIDTH - RIGHT)
    bottom = TOP + LINE * len(bars)
    parts = [_open(WIDTH, bottom + BOTTOM, f"{label} with 95 % intervals")]
    for x in steps:
        parts.append(f'<line class="grid" x1="{x_of(x):.1f}" x2="{x_of(x):.1f}" y1="{TOP}" y2="{bottom}"/>')
        parts.append(f'<text x="{x_of(x):.1f}" y="{bottom + 16}" text-anchor="middle">{shown(x)}</text>')
    for place, bar in enumerate(bars):
        y = TOP + LINE * (place + 0.5)
        name = bar.name if len(bar.name) <= LONGEST_NAME else f"{bar.name[: LONGEST_NAME - 1]}…"
        parts.append(
            f'<a href="{escape(bar.link)}"><title>{escape(bar.name)}: {shown(bar.value)}</title>'
            f'<text x="{NAMES - 10}" y="{y + 4}" text-anchor="end">{escape(name)}</text>'
            f'<line class="bar" x1="{x_of(bar.low):.1f}" x2="{x_of(bar.high):.1f}" y1="{y}" y2="{y}"/>'
            f'<circle cx="{x_of(bar.value):.1f}" cy="{y}" r="4.5"/></a>'
        )
    middle = (NAMES + WIDTH - RIGHT) / 2
    parts.append(f'<text x="{middle}" y="{bottom + BOTTOM - 8}" text-anchor="middle">{escape(label)}</text></svg>')
    return "".join(parts)


def _open(width: float, height: float, title: str) -> str:
    return f'<svg class="chart" viewBox="0 0 {width} {height}" role="img" aria-label="{escape(title)}">'


def _scale(steps: Sequence[float], start: float, end: float) -> "Scale":
    return Scale(steps[0], steps[-1], start, end)


@dataclass(frozen=True)
class Scale:
    """Where a number is on a chart."""

    low: float
    high: float
    start: float  # of the low number [pixels]
    end: float

    def __call__(self, value: float) -> float:
        """Return the place [pixels]."""
        return self.start + (value - self.low) / (self.high - self.low) * (self.end - self.start)


def ticks(low: float, high: float) -> list[float]:
    """Return round numbers, evenly spaced, of which the first is not above `low` and the last not below `high`."""
    if high - low <= 1e-9 * max(1.0, abs(low), abs(high)):
        low, high = low - max(1.0, abs(low) * 0.01), high + max(1.0, abs(high) * 0.01)
    rough = (high - low) / TICKS
    unit = 10.0 ** math.floor(math.log10(rough))
    step = next(factor * unit for factor in (1.0, 2.0, 5.0, 10.0) if factor * unit >= rough)
    first, last = math.floor(low / step + 1e-9), math.ceil(high / step - 1e-9)
    return [float(number * step) for number in np.arange(first, last + 1)]


def shown(value: float) -> str:
    """Return a number in few letters: 12 k, 3.5 M."""
    for unit, name in ((1e9, " G"), (1e6, " M"), (1e4, " k")):
        if abs(value) >= unit:
            return f"{value / min(unit, 1e3 if unit == 1e4 else unit):.4g}{name}"
    return f"{value:.4g}" if abs(value) >= 1e-9 else "0"
