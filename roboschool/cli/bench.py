"""The bench on the command line: its arguments, and how its report is printed."""

import dataclasses
import json
from pathlib import Path

import click

from roboschool import system_info
from roboschool.bench.report import Report, as_markdown, as_text
from roboschool.errors import InvalidInput


def read_counts(option: str, text: str | None, copies: int, least: int = 1) -> tuple[int, ...]:
    """Return the numbers in a text like "1,2"; without a text, `least` and the number of cores.

    Args:
        option: the text's name on the command line.
        text: as it is given there.
        copies: the most that is possible.
        least: smaller numbers are left out without a text.

    Raises:
        InvalidInput: it is another text, or a number is above the number of copies.
    """
    if text is None:
        return tuple(sorted({number for number in (1, min(system_info.cores(), copies)) if number >= least}))
    try:
        numbers = tuple(sorted({int(part) for part in text.split(",")} - {0}))
    except ValueError:
        raise InvalidInput(f"--{option} {text}: it is written 1,2 or, for none, 0") from None
    if numbers and not 1 <= numbers[0] <= numbers[-1] <= copies:
        raise InvalidInput(f"--{option} {text}: 1 to {copies} are possible, the number of copies")
    return numbers


def check_folder(folder: Path) -> None:
    """Check that pictures can be written into a folder, before measuring takes half an hour.

    Raises:
        InvalidInput: there is no such folder, or no matplotlib.
    """
    if not folder.is_dir():
        raise InvalidInput(f"--plot {folder}: no such folder")
    import roboschool.bench.plots  # noqa: F401 - raises if it misses something


def print_report(report: Report, as_json: bool, markdown: bool, folder: Path | None) -> None:
    """Print a report as tables, JSON or Markdown, and plot it into a folder."""
    if as_json:
        click.echo(json.dumps(dataclasses.asdict(report), indent=2))
    else:
        click.echo(as_markdown(report) if markdown else as_text(report))
    if folder is not None:
        from roboschool.bench.plots import plot  # needs matplotlib, which is slow to import and may be missing

        plot(report, folder)
