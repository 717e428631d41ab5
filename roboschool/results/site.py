"""The site of rows: static pages that need no server and load nothing from elsewhere."""

import hashlib
import json
import os
import re
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

from roboschool.errors import InvalidInput, raise_faults
from roboschool.readers import read_bytes, read_json
from roboschool.results.charts import Bar, Line, draw_bars, draw_lines, shown
from roboschool.results.pictures import picture_path
from roboschool.results.ranking import Entry, rank, status_of
from roboschool.results.records import read_records
from roboschool.results.row_file import LARGEST, find_rows, open_row
from roboschool.results.statistics import profile, profile_thresholds
from roboschool.schema import convert
from roboschool.system_info import install
from roboschool.writers import make_folder, replace, unwritable_as_invalid

try:
    from jinja2 import Environment, FileSystemLoader, StrictUndefined
    from markupsafe import Markup
except ImportError:
    raise InvalidInput(f"the site needs jinja2: {install('results')}") from None

FILES = Path(__file__).with_name("site_files")
COPIED = ("style.css", "site.js")
INDEX = "index.html"
PAGES = "pages.json"  # in the folder of a site: the files that it consists of
MOST_ROWS = 10_000
MOST_LINES = 12  # of a chart
LARGEST_PICTURE = 300_000  # [bytes]
SAFE = re.compile(r"[^a-z0-9]+")


def write_site(folder: Path, out: Path) -> int:
    """Write the site of the rows in a folder; return how many there are.

    Raises:
        InvalidInput: a row cannot be read, there are none or too many, `out` holds something else than a site, or a
            file cannot be written.
    """
    listing = read_listing(folder)
    old = _old_pages(out)
    groups = _by([(entry.row.group, entry) for entry in listing])
    groups = {name: rank(group) for name, group in sorted(groups.items())}
    listing = [entry for group in groups.values() for entry in group]
    make_folder(out)
    for name in ("rows", "pictures"):
        make_folder(out / name)
    written = set(_write_files(folder, out, listing))
    for name, text in _pages(folder, groups, listing):
        _write(out / name, text.encode())
        written.add(name)
    for name in old - written:
        (out / name).unlink(missing_ok=True)
    replace(out / PAGES, (json.dumps(sorted(written), indent=0) + "\n").encode())
    return len(listing)


def read_listing(folder: Path) -> list[Entry]:
    """Return all rows of a folder.

    Raises:
        InvalidInput: a row cannot be read, or there are none or too many; the message lists the rows at fault.
    """
    paths = find_rows(folder)
    if not paths or len(paths) > MOST_ROWS:
        text = f"{len(paths)} rows, more than {MOST_ROWS}: make a site for each part" if paths else "no rows in it"
        raise InvalidInput(f"{folder}: {text}")
    records, listing, faults = read_records(folder), [], []
    for path in paths:
        try:
            found = open_row(path)
        except InvalidInput as error:
            faults.append(str(error).removeprefix(f"{folder}/"))
            continue
        status = status_of(records, found.sha256)
        listing.append(Entry(found.row, path.name, f"row-{found.sha256[:16]}", status))
    raise_faults(str(folder), faults)
    return listing


def _old_pages(out: Path) -> set[str]:
    """Return the files of the site that is in a folder.

    Raises:
        InvalidInput: the folder holds something else.
    """
    if not os.path.exists(out) or (os.path.isdir(out) and not os.listdir(out)):
        return set()
    if not os.path.isfile(out / PAGES):
        raise InvalidInput(f"{out}: neither empty nor a site that `roboschool results page` wrote")
    names: list[str] = convert(read_json(out / PAGES), list[str], str(out / PAGES))
    return {name for name in names if re.fullmatch(r"((rows|pictures)/)?[a-z0-9][a-z0-9.-]*", name)}


def _write_files(folder: Path, out: Path, listing: Sequence[Entry]) -> Iterator[str]:
    """Write what is no page; yield the names."""
    for name in COPIED:
        _write(out / name, (FILES / name).read_bytes())
        yield name
    for entry in listing:
        _write(out / "rows" / f"{entry.slug}.json", read_bytes(folder / entry.file, LARGEST))
        yield f"rows/{entry.slug}.json"
        picture = picture_path(folder, entry.row)
        if os.path.isfile(picture):
            _write(out / "pictures" / f"{entry.slug}.webp", read_bytes(picture, LARGEST_PICTURE))
            yield f"pictures/{entry.slug}.webp"


def _write(path: Path, data: bytes) -> None:
    """Write a file of the site, without waiting for the disk: it can be made again.

    Raises:
        InvalidInput: it cannot be written.
    """
    with unwritable_as_invalid(path):
        path.write_bytes(data)


def _pages(folder: Path, groups: dict[str, list[Entry]], listing: Sequence[Entry]) -> Iterator[tuple[str, str]]:
    """Yield the pages, and the names of their files."""
    world = Environment(
        loader=FileSystemLoader(FILES), autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    world.globals |= {"link": link, "number": shown, "count": len(listing)}
    yield INDEX, world.get_template("index.html").render(listing=listing, groups=groups, up="Results")
    group_page, row_page = world.get_template("group.html"), world.get_template("row.html")
    for name, group in groups.items():
        yield link("group", name), group_page.render(title=name, listing=group, charts=_group_charts(group), by="group")
    for name, group in sorted(_by([(entry.row.algorithm, entry) for entry in listing]).items()):
        yield link("algorithm", name), group_page.render(title=name, listing=group, charts=[], by="algorithm")
    for entry in listing:
        pictured = os.path.isfile(picture_path(folder, entry.row))
        yield (
            f"{entry.slug}.html",
            row_page.render(entry=entry, row=entry.row, charts=_row_charts(entry), pictured=pictured),
        )


def _group_charts(group: Sequence[Entry]) -> list[Any]:
    """Return the charts of rows that are compared."""
    best = group[:MOST_LINES]
    bars = [Bar(e.row.title, e.row.score.iqm, e.row.score.low, e.row.score.high, f"{e.slug}.html") for e in best]
    pools = [[total for run in entry.row.returns() for total in run] for entry in best]
    at = profile_thresholds([total for pool in pools for total in pool])
    profiles = [Line(e.row.title, at.tolist(), profile(pool, at).tolist()) for e, pool in zip(best, pools, strict=True)]
    curves = [_curve(entry.row.title, entry.row.runs[0].curve) for entry in best]
    return _marked(
        [
            ("Scores", draw_bars(bars, "return, interquartile mean"), ""),
            ("Performance profiles", draw_lines(profiles, "return", "fraction of episodes above it"), PROFILE),
            ("Learning curves", draw_lines(curves, "steps", "mean return"), "Of the first run of each row."),
        ]
    )


PROFILE = "How often a policy returns more than a number. A line that is above another one everywhere is better."


def _row_charts(entry: Entry) -> list[Any]:
    """Return the charts of a row."""
    runs = entry.row.runs[:MOST_LINES]
    at = profile_thresholds([total for run in entry.row.returns() for total in run])
    lines = [
        Line(f"run {place}", at.tolist(), profile(returns, at).tolist())
        for place, returns in enumerate(entry.row.returns()[:MOST_LINES])
    ]
    curves = [_curve(f"run {place}", run.curve) for place, run in enumerate(runs)]
    return _marked(
        [
            ("Performance profile", draw_lines(lines, "return", "fraction of episodes above it"), PROFILE),
            ("Learning curve", draw_lines(curves, "steps", "mean return"), ""),
        ]
    )


def _curve(name: str, points: Sequence[tuple[int, float]]) -> Line:
    return Line(name, [steps for steps, _ in points], [total for _, total in points])


def _marked(charts: Iterable[tuple[str, str, str]]) -> list[Any]:
    """Return charts that are not empty, as HTML; names in them are escaped already."""
    return [(title, Markup(drawn), remark) for title, drawn, remark in charts if drawn]


def _by(pairs: Iterable[tuple[str, Entry]]) -> dict[str, list[Entry]]:
    found: dict[str, list[Entry]] = {}
    for name, entry in pairs:
        found.setdefault(name, []).append(entry)
    return found


def link(kind: str, name: str) -> str:
    """Return the file of the page about a group or an algorithm, safe and different for different names."""
    words = SAFE.sub("-", name.lower().removeprefix("roboschool/")).strip("-")[:60]
    return f"{kind}-{words}-{hashlib.sha256(name.encode()).hexdigest()[:6]}.html"
