"""What the commands about results do and print."""

import json
import os
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

import click

from roboschool.errors import InvalidInput
from roboschool.evaluation import EPISODES
from roboschool.results.entry import Credit, file_name, make_row, read_training
from roboschool.results.records import record_all
from roboschool.results.row_file import find_rows, open_row, read_row, write_row
from roboschool.results.suites import load_suite
from roboschool.results.verification import FAILED, Verification, verify
from roboschool.writers import make_folder


def run_add(runs: Sequence[str], credit: Credit, folder: Path, episodes: int | None, picture: bool) -> None:
    """Make a row, write it and print its path.

    Raises:
        InvalidInput: a training cannot be used, or a file cannot be written.
    """
    trainings = [read_training(written) for written in runs]
    if credit.suite and episodes is not None:
        raise InvalidInput("--suite: it decides the episodes; leave out --episodes")
    count = EPISODES if episodes is None else episodes
    length = len(load_suite(credit.suite).plan()) if credit.suite else count
    make_folder(folder)
    with click.progressbar(length=length * len(trainings), label="episodes") as bar:
        row = make_row(trainings, credit, folder, count, lambda: bar.update(1))
    path = folder / file_name(row)
    write_row(path, row)
    if picture:
        from roboschool.results.pictures import take_picture

        take_picture(folder, row)
    score = row.score
    click.echo(f"iqm {score.iqm:g}, 95 % interval {score.low:g} to {score.high:g}, mean {score.mean:g}")
    click.echo(path)


def run_verify(given: Sequence[Path], record: bool, as_json: bool) -> int:
    """Verify rows and print what is found; return the exit status.

    Raises:
        InvalidInput: a row cannot be read.
    """
    paths = [path for each in given for path in (find_rows(each) if os.path.isdir(each) else [each])]
    if not paths:
        raise InvalidInput(f"{given[0]}: no rows in it")
    files = [open_row(path) for path in paths]
    count = sum(len(run.episodes) for file in files for run in file.row.runs)
    found: list[tuple[Path, Verification]] = []
    with click.progressbar(length=count, label="episodes", hidden=as_json) as bar:
        for path, file in zip(paths, files, strict=True):
            found.append((path, verify(file, lambda: bar.update(1))))
            if record:
                record_all(path.parent, [found[-1][1]])
    for path, each in found if not as_json else ():
        click.echo(f"{path}: {each.status}, {each.episodes} episodes")
        for text in (*each.faults, *each.notes):
            click.echo(f"    {text}")
    if as_json:
        click.echo(json.dumps([{"path": str(path), **asdict(each)} for path, each in found], indent=2))
    return int(any(each.status == FAILED for _, each in found))


def run_page(folder: Path, out: Path) -> None:
    """Write the site of rows and print where it begins.

    Raises:
        InvalidInput: a row cannot be read, or the site cannot be written.
    """
    from roboschool.results.site import INDEX, write_site

    count = write_site(folder, out)
    click.echo(f"{count} rows: {out / INDEX}")


def run_table(folder: Path) -> None:
    """Print the rows of a folder as a Markdown table.

    Raises:
        InvalidInput: a row cannot be read, or its scene is unknown.
    """
    from roboschool.results.table import format_table

    click.echo(format_table([read_row(path) for path in find_rows(folder)]))


def run_reproduce(path: Path, out: Path | None, as_json: bool) -> int:
    """Train the policies of a row again and print what is found; return the exit status.

    Raises:
        InvalidInput: the row cannot be read or has no recipe, or a file cannot be written.
    """
    from roboschool.results.retraining import NOT_REPRODUCED, reproduce

    row = read_row(path)
    with click.progressbar(length=sum(run.steps for run in row.runs), label="steps", hidden=as_json) as bar:
        found = reproduce(path, Path("runs") / path.stem if out is None else out, bar.update)
    click.echo(json.dumps(asdict(found), indent=2) if as_json else f"{path}: {found.status}\n    {found.text}")
    return int(found.status == NOT_REPRODUCED)
