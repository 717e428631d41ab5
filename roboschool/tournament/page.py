"""The page of a tournament: one HTML file without scripts, which shows replays that lie beside it."""

from collections.abc import Mapping, Sequence
from html import escape

from roboschool.tournament.containment import describe_containment
from roboschool.tournament.match_workers import Result
from roboschool.tournament.report import Report, Row

PAGE = "page.html"
STYLE = """
body { font: 15px/1.45 system-ui, sans-serif; color: #1c2430; background: #fff; max-width: 62rem; margin: 2rem auto;
  padding: 0 1rem; }
h1 { font-size: 1.6rem; margin-bottom: .2rem; } h2 { font-size: 1.15rem; margin-top: 2.2rem; }
p.about, figcaption, footer { color: #5b6675; } figure { margin: 0; overflow-x: auto; }
table { border-collapse: collapse; font-variant-numeric: tabular-nums; }
th, td { padding: .25rem .8rem; text-align: right; border-bottom: 1px solid #e3e7ec; white-space: nowrap; }
th { font-weight: 600; } td.word, th.word { text-align: left; white-space: normal; overflow-wrap: anywhere; }
tr:hover td { background: #f4f7fb; }
td.interval { min-width: 12rem; } td.interval div { position: relative; height: .4rem; }
td.interval span { position: absolute; height: 100%; min-width: 1px; border-radius: .2rem; background: #96b4e5; }
td.interval i { position: absolute; width: 3px; top: -.2rem; bottom: -.2rem; background: #2563c9; }
table.matrix td, table.matrix tr:hover td { text-align: center; border: 2px solid #fff;
  background: var(--colour, #fff); }
iframe { width: 100%; max-width: 60rem; aspect-ratio: 16 / 9; border: 0; border-radius: 8px; margin: .5rem 0; }
summary { cursor: pointer; } code { background: #f1f3f6; padding: .1rem .3rem; border-radius: 3px; }
"""
BLUE, RED, GREY, NONE = (37, 99, 201), (201, 83, 45), (128, 104, 144), "#f1f3f6"
FAINTEST, STRONGEST = 0.12, 0.6  # parts of a colour in white: seen on the page, and dark text is read on it
FEWEST_POINTS = 20.0  # of rating, across the bars of intervals


def make_page(report: Report, replays: Mapping[str, str] | None = None) -> str:
    """Return the page of a tournament that is over.

    Args:
        report: of it.
        replays: names of pages in the same folder that play matches, by the names of the files of the matches.
    """
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
        f"<figure>{_ratings(rows)}<figcaption>The interval contains the ratings of 95 of 100 resampled tournaments. "
        "A policy that is 400 points ahead is expected to win 10 of 11 points.</figcaption></figure>",
        "<h2>Results by pair</h2>",
        f"<figure>{_matrix(report)}<figcaption>Points of the row against the column [%]; a draw is half a point. "
        "Columns have the ranks of their policies.</figcaption></figure>",
        "<h2>Matches</h2>",
        "<p>Each match is a file beside this page. <code>roboschool replay FILE --verify</code> replays it and "
        "compares every bit; <code>--html FILE.html</code> makes a page that plays it, <code>--video FILE.mp4</code> "
        "a video. The first match of each pair is played here.</p>",
        *_matches(report, replays or {}),
        f"<footer><p>{escape(versions)}</p></footer>",
    ]
    head = f'<head><meta charset="utf-8"/><title>{escape(plan.scene)}: tournament</title><style>{STYLE}</style></head>'
    return f'<!DOCTYPE html>\n<html lang="en">{head}<body>\n' + "\n".join(parts) + "\n</body></html>\n"


def _ratings(rows: Sequence[Row]) -> str:
    head = ["", "policy", "rating", "interval", "", "score", "games", "won", "drawn", "lost", "forfeits"]
    lines = [_row("th", head)]
    low, high = min(row.low for row in rows), max(row.high for row in rows)
    span = max(FEWEST_POINTS, high - low)
    for rank, row in enumerate(rows, 1):
        left, middle, right = (100.0 * (rating - low) / span for rating in (row.low, row.rating, row.high))
        bar = f'<span style="left:{left:.1f}%;width:{right - left:.1f}%"></span><i style="left:{middle:.1f}%"></i>'
        counts = map(str, (row.games, row.won, row.drawn, row.lost, row.forfeits))
        cells = [_cell("td", f"{rank}."), _cell("td", row.name, "word"), _cell("td", f"{row.rating:.0f}")]
        cells += [_cell("td", f"{row.low:.0f} to {row.high:.0f}"), f'<td class="interval"><div>{bar}</div></td>']
        cells += [_cell("td", f"{100 * row.score:.1f} %"), *(_cell("td", count) for count in counts)]
        lines.append(f"<tr>{''.join(cells)}</tr>")
    return f"<table>{''.join(lines)}</table>"


def _matrix(report: Report) -> str:
    """Return a table of the share of points of each row against each column: blue wins, red loses."""
    names = [row.name for row in report.table]
    lines = [_row("th", ["", "policy", *(f"{rank}." for rank in range(1, len(names) + 1))])]
    for rank, name in enumerate(names, 1):
        cells = [_cell("th", f"{rank}."), _cell("th", name, "word")]
        for other in names:
            share = report.matrix[name].get(other)
            text = "" if share is None else f"{100 * share:.0f}"
            cells.append(f'<td style="--colour:{_colour(share)}">{text}</td>')
        lines.append(f"<tr>{''.join(cells)}</tr>")
    return f'<table class="matrix">{"".join(lines)}</table>'


def _colour(share: float | None) -> str:
    """Return the colour of a share of points, mixed with white."""
    if share is None:
        return NONE
    colour = GREY if share == 0.5 else BLUE if share > 0.5 else RED
    strength = FAINTEST + (STRONGEST - FAINTEST) * abs(2.0 * share - 1.0)
    return "#" + "".join(f"{round(255 + (part - 255) * strength):02x}" for part in colour)


def _row(tag: str, texts: Sequence[str], word: int = 1) -> str:
    """Return a row of a table; the text of the column `word` is aligned to the left."""
    cells = [_cell(tag, text, "word" if column == word else "") for column, text in enumerate(texts)]
    return f"<tr>{''.join(cells)}</tr>"


def _cell(tag: str, text: str, kind: str = "") -> str:
    style = f' class="{kind}"' if kind else ""
    return f"<{tag}{style}>{escape(text)}</{tag}>"


def _matches(report: Report, replays: Mapping[str, str]) -> list[str]:
    """Return the tables of matches of each pair, with a replay if there is one: it is read when it is seen."""
    names = [entrant.name for entrant in report.plan.entrants]
    pairs: dict[tuple[int, int], list[Result]] = {}
    for result in report.results:
        pairs.setdefault((min(result.first, result.second), max(result.first, result.second)), []).append(result)
    parts = []
    for (a, b), results in pairs.items():
        points = sum(r.points if r.first == a else 1.0 - r.points for r in results)
        lines = [_row("th", ["seed", "first side", "second side", "points", "steps", "file", "reason"], 6)]
        for r in results:
            details = [f": {text}" for text in r.details] or [""] * len(r.forfeits)  # results may have no details
            faults = [f"{names[i]} forfeits{text}" for i, text in zip(r.forfeits, details, strict=True)]
            ended = "; ".join([r.reason, *faults])
            score = f"{r.points:g} : {1.0 - r.points:g}"
            texts = [str(r.seed), names[r.first], names[r.second], score, str(r.steps), r.file, ended]
            lines.append(_row("td", texts, 6))
        title = f"{escape(names[a])} {points:g} : {len(results) - points:g} {escape(names[b])}"
        shown = next((replays[r.file] for r in results if r.file in replays), "")
        frame = f'<iframe src="{escape(shown)}" title="replay" loading="lazy"></iframe>' if shown else ""
        parts.append(f"<details><summary>{title}</summary>{frame}<table>{''.join(lines)}</table></details>")
    return parts
