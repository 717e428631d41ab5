"""The command `roboschool check`: what it prints and writes."""

import json
import time
from collections.abc import Sequence
from pathlib import Path

import click

from roboschool.cli.junit import Case, write_junit
from roboschool.errors import InvalidInput, one_line
from roboschool.testing.check import CheckReport
from roboschool.testing.files import examine_all, find_all

WELL, FAULTY = 0, 1  # exit codes; what cannot be judged is click's 2
KEYS = ("file", "kind", "problems", "repaired", "notes")
REPAIR = "`roboschool new robot` repairs it"


def run_check(targets: Sequence[str], as_json: bool, junit: Path | None = None) -> int:
    """Check robots and scenes, print what is found, and return the exit code.

    Args:
        targets: files, folders, and names of robots and scenes.
        as_json: whether a list is printed as JSON, and nothing else.
        junit: where a report is written as JUnit XML; nowhere if None.

    Raises:
        UsageError: a target is none of these, there is nothing in it, or the report cannot be written.
    """
    findings, cases = [], []
    try:
        files = find_all(targets)
        start = time.monotonic()
        for finding in examine_all(files):
            findings.append(finding)
            cases.append(Case(finding.file, finding.kind or "file", _problems(finding), time.monotonic() - start))
            start = time.monotonic()
            if not as_json:
                _print(finding)
        if junit is not None:
            write_junit(junit, cases)
    except InvalidInput as error:
        raise click.UsageError(str(error)) from None
    if as_json:
        click.echo(json.dumps([{key: getattr(finding, key) for key in KEYS} for finding in findings], indent=2))
    return FAULTY if any(finding.problems for finding in findings) else WELL


def _problems(finding: CheckReport) -> tuple[str, ...]:
    """Return the problems, with a word at those that are repaired by an import."""
    return tuple(f"{text} ({REPAIR})" if text in finding.repaired else text for text in finding.problems)


def _print(finding: CheckReport) -> None:
    for line in finding.about:
        click.echo(one_line(line))
    for note in finding.notes:
        click.echo(one_line(f"  note: {note}"))
    for problem in _problems(finding):
        mark = ":" if problem[:1].isdigit() else ": "  # a line of the file, as editors read it
        click.echo(one_line(f"{finding.file}{mark}{problem}"), err=True)
    if finding.repaired:
        count = f"{len(finding.repaired)} of {len(finding.problems)} problems"
        what = finding.file if finding.file.endswith(".urdf") else "URDF"
        click.echo(one_line(f"{finding.file}: `roboschool new robot {what}` repairs {count}"), err=True)
    if not finding.problems:
        click.echo(one_line(f"{finding.file}: all is well; random actions did no harm"))
