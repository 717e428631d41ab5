"""The page of a tournament: one file of HTML with its own pictures, that needs nothing else."""

from collections.abc import Sequence
from html import escape

from roboschool.tournament.containment import describe_containment
from roboschool.tournament.match_workers import Result
from roboschool.tournament.report import Report, Row

PAGE = "page.html"
STYLE = """
body { font: 15px/1.45 system-ui, sans-serif; color: #1c2430; background: #fff; max-width: 62rem; margin: 2rem auto;
  padding: 0 1rem; }
h1 { font-size: 1.6rem; margin-bottom: .2rem; } h2 { font-size: 1.15rem; margin-top: 2.2rem; }
p.about, figcaption, footer { color: #5b6675; } figure { margin: 0; overflow-x: auto; } svg { max-width: 100%; }
table { border-collapse: collapse; font-variant-numeric: tabular-nums; }
th, td { padding: .25rem .8rem; text-align: right; border-bottom: 1px solid #e3e7ec; white-space: nowrap; }
th { font-weight: 600; } td.word, th.word { text-align: left; white-space: normal; }
tr:hover td { background: #f4f7fb; }
summary { cursor: pointer; } code { background: #f1f3f6; padding: .1rem .3rem; border-radius: 3px; }
"""
INK, FAINT, BLUE, RED, GREY = "#1c2430", "#d5dbe3", (37, 99, 201), (201, 83, 45), (128, 104, 144)
PALEST = 0.12  # colour of a cell of the win matrix, so that it is seen on white
LETTER = 8.2  # width of one [pixels]
LINE = 26  # height of a row of a plot
WIDE = 640  # of the intervals
CELL = 46  # of the win matrix
LONGEST_NAME = 28  # letters shown in plots
TICKS = (10, 20, 50, 100, 200, 500, 1000, 2000)  # points of rating between two lines


def make_page(report: Report) -> str:
    """Return the page of a tournament that is over."""
    plan = report.plan
    rows, games = report.table, len(report.results)
    about = (
        f"{len(rows)} policies, {games} games on {plan.scene}, seed {plan.seed}; each pair met with {plan.games} "
        "seeds, on both sides with each."
    )
    options = ", ".join(f"{key} = {value}" for key, value in (plan.options | plan.rules).items())
    contained = describe_containment({result.containment for result in report.results})
    versions = ", ".join(f"{name} {version}" for name, version in report.versions.items())
    parts = [
        f"<h1>Tournament: {escape(plan.scene)}</h1>",
        f'<p class="about">{escape(about)}{escape(" Options: " + options + ".") if options else ""}</p>',
        f'<p class="about">{contained}</p>',
        "<h2>Ratings</h2>",
        _table(rows),
        f"<figure>{intervals(rows)}<figcaption>Ratings with the interval that 95 of 100 resampled tournaments give. "
        "Who is 400 points ahead is expected to win 10 of 11 points.</figcaption></figure>",
        "<h2>Who wins against whom</h2>",
        f"<figure>{heat_map(report)}<figcaption>Points of the row against the column, in hundredths; a draw is half a "
        "point.</figcaption></figure>",
        "<h2>Matches</h2>",
        "<p>Each is a file beside this page. <code>roboschool replay FILE --verify</code> plays it once more and "
        "compares every bit, <code>--video FILE.mp4</code> shows it.</p>",
        *_matches(report),
        f"<footer><p>{escape(versions)}</p></footer>",
    ]
    head = f'<head><meta charset="utf-8"/><title>{escape(plan.scene)}: tournament</title><style>{STYLE}</style></head>'
    return f'<!DOCTYPE html>\n<html lang="en">{head}<body>\n' + "\n".join(parts) + "\n</body></html>\n"


def _table(rows: Sequence[Row]) -> str:
    head = ["", "policy", "rating", "interval", "score", "games", "won", "drawn", "lost", "forfeits"]
    lines = [_line("th", head, 1)]
    for rank, row in enumerate(rows, 1):
        numbers = [row.games, row.won, row.drawn, row.lost, row.forfeits]
        words = [f"{row.rating:.0f}", f"{row.low:.0f} to {row.high:.0f}", f"{100 * row.score:.1f} %"]
        lines.append(_line("td", [f"{rank}.", row.name, *words, *map(str, numbers)], 1))
    return f"<table>{''.join(lines)}</table>"


def _line(tag: str, cells: Sequence[str], words: int) -> str:
    """Return a line of a table whose cell `words` is to the left."""
    styles = [' class="word"' if place == words else "" for place in range(len(cells))]
    inside = [f"<{tag}{style}>{escape(cell)}</{tag}>" for style, cell in zip(styles, cells, strict=True)]
    return f"<tr>{''.join(inside)}</tr>"


def _matches(report: Report) -> list[str]:
    """Return the matches, folded up by pair."""
    names = [entrant.name for entrant in report.plan.entrants]
    pairs: dict[tuple[int, int], list[Result]] = {}
    for result in report.results:
        pairs.setdefault((min(result.first, result.second), max(result.first, result.second)), []).append(result)
    parts = []
    for (a, b), results in pairs.items():
        points = sum(r.points if r.first == a else 1.0 - r.points for r in results)
        lines = [_line("th", ["seed", "first side", "second side", "points", "steps", "file", "reason"], 6)]
        for r in results:
            texts = [f": {text}" for text in r.details] or [""] * len(r.forfeits)  # older results have no details
            faults = [f"{names[i]} forfeits{text}" for i, text in zip(r.forfeits, texts, strict=True)]
            ended = "; ".join([r.reason, *faults])
            score = f"{r.points:g} : {1.0 - r.points:g}"
            lines.append(
                _line("td", [str(r.seed), names[r.first], names[r.second], score, str(r.steps), r.file, ended], 6)
            )
        title = f"{escape(names[a])} {points:g} : {len(results) - points:g} {escape(names[b])}"
        parts.append(f"<details><summary>{title}</summary><table>{''.join(lines)}</table></details>")
    return parts


def intervals(rows: Sequence[Row]) -> str:
    """Return an SVG of ratings and their intervals, a row for each entrant."""
    left = LETTER * max(len(_short(row.name)) for row in rows) + 16
    low, high = min(row.low for row in rows), max(row.high for row in rows)
    margin = max(10.0, 0.04 * (high - low))
    low, high = low - margin, high + margin
    tick = next((t for t in TICKS if (high - low) / t <= 9), TICKS[-1])
    bottom = LINE * len(rows) + 8

    def place(rating: float) -> float:
        return left + (WIDE - left - 20) * (rating - low) / (high - low)

    parts = []
    for line in range(int(-(-low // tick)), int(high // tick) + 1):
        x = place(line * tick)
        parts.append(_stroke(x, 4, x, bottom, FAINT, 1))
        parts.append(_text(x, bottom + 18, str(line * tick), "middle"))
    for number, row in enumerate(rows):
        y = LINE * (number + 0.5) + 4
        parts.append(_text(left - 10, y + 5, row.name, "end"))
        parts.append(_stroke(place(row.low), y, place(row.high), y, _rgb(BLUE, 0.45), 5))
        parts.append(f'<circle cx="{place(row.rating):.1f}" cy="{y:.1f}" r="5" fill="{_rgb(BLUE, 1.0)}"/>')
    return _svg(WIDE, bottom + 28, parts, "Ratings and their intervals")


def heat_map(report: Report) -> str:
    """Return an SVG of the share of points of each row against each column: blue wins, red loses."""
    names = [row.name for row in report.table]
    left = LETTER * max(len(_short(name)) for name in names) + 16
    top = 0.75 * left + 10
    parts = []
    for i, name in enumerate(names):
        middle = CELL * (i + 0.5)
        parts.append(_text(left - 8, top + middle + 5, name, "end"))
        x, y = left + middle, top - 8
        parts.append(_text(x, y, name, "start", f' transform="rotate(-45 {x:.1f} {y:.1f})"'))
        for j, other in enumerate(names):
            share = report.matrix[name].get(other)
            x, y = left + CELL * j, top + CELL * i
            strength = PALEST if share is None else max(PALEST, abs(2.0 * share - 1.0) * 0.85)
            colour = (
                "#f1f3f6" if share is None else _rgb(GREY if share == 0.5 else BLUE if share > 0.5 else RED, strength)
            )
            parts.append(
                f'<rect x="{x:.1f}" y="{y:.1f}" width="{CELL - 2}" height="{CELL - 2}" rx="3" fill="{colour}"/>'
            )
            if share is not None:
                ink = "#ffffff" if abs(share - 0.5) > 0.35 else INK
                parts.append(_text(x + CELL / 2 - 1, y + CELL / 2 + 4, f"{100 * share:.0f}", "middle", "", ink))
    side = CELL * len(names)
    return _svg(
        left + side + 0.75 * left + 10, top + side + 4, parts, "Share of points of each row against each column"
    )


def _svg(wide: float, high: float, parts: Sequence[str], title: str) -> str:
    size = f'width="{wide:.0f}" height="{high:.0f}" viewBox="0 0 {wide:.0f} {high:.0f}"'
    style = 'font-family="system-ui, sans-serif" font-size="13" role="img"'
    return f"<svg {size} {style}><title>{escape(title)}</title>{''.join(parts)}</svg>"


def _text(x: float, y: float, text: str, anchor: str, more: str = "", ink: str = INK) -> str:
    whole = escape(text) if text == _short(text) else f"<title>{escape(text)}</title>{escape(_short(text))}"
    return f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}" fill="{ink}"{more}>{whole}</text>'


def _stroke(x1: float, y1: float, x2: float, y2: float, colour: str, wide: float) -> str:
    edges = f'x1="{x1:.1f}" y1="{y1:.1f}" x2="{x2:.1f}" y2="{y2:.1f}"'
    return f'<line {edges} stroke="{colour}" stroke-width="{wide}" stroke-linecap="round"/>'


def _rgb(colour: tuple[int, int, int], strength: float) -> str:
    """Return a colour, mixed with white."""
    return "#" + "".join(f"{round(255 + (part - 255) * strength):02x}" for part in colour)


def _short(name: str) -> str:
    return name if len(name) <= LONGEST_NAME else name[: LONGEST_NAME - 1] + "…"
