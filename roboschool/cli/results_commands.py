"""Commands about results. What a command needs is imported when it runs."""

import sys
from pathlib import Path

import click

from roboschool.cli.parameters import COUNT, FILE, JSON

ROWS = click.argument("rows", nargs=-1, required=True, type=FILE)


@click.group()
def results() -> None:
    """Store results as rows that anyone can verify, and compare them on a site.

    \b
    Add the result of a training, verify it, and make the site:
        roboschool results add runs/hopper --who "A. Person"
        roboschool results verify results --record
        roboschool results page results -o site
    """  # noqa: D301 - click reads the backslash


@results.command()
@click.argument("runs", nargs=-1, required=True, metavar="RUN...")
@click.option("--who", required=True, help="Who made it.")
@click.option("--licence", default="CC-BY-4.0", show_default=True, help="Of the policies and the row.")
@click.option("--title", default="", help="Of the row; algorithm and scene if not given.")
@click.option("--algorithm", default="", help="PPO if `roboschool train` trained it.")
@click.option("--command", default="", help="That trained it; `roboschool train SCENE` if that did.")
@click.option("--note", default="", help="What else to know.")
@click.option("--scene", default="", help="Where it acts; the scene of its training if not given.")
@click.option("--suite", default="", help="Of variants, like bodies, that it is played in; none if not given.")
@click.option("--episodes", type=COUNT, help="Of each run; 100 if not given. A row with fewer has no rank.")
@click.option("--to", "folder", type=FILE, default=Path("results"), show_default=True, help="Folder of rows.")
@click.option("--picture/--no-picture", default=True, show_default=True, help="Whether to render a picture.")
def add(
    runs: tuple[str, ...],
    who: str,
    licence: str,
    title: str,
    algorithm: str,
    command: str,
    note: str,
    scene: str,
    suite: str,
    episodes: int | None,
    folder: Path,
    picture: bool,
) -> None:
    """Add a row: RUN is the folder of a training, the file of a policy, or a scene that comes with one.

    Several RUNs of the same scene and settings, with different seeds, are one row.
    """
    from roboschool.cli.results import run_add
    from roboschool.results.entry import Credit

    credit = Credit(
        who=who, licence=licence, title=title, algorithm=algorithm, command=command, note=note, scene=scene, suite=suite
    )
    run_add(runs, credit, folder, episodes, picture)


@results.command()
@ROWS
@click.option("--record", is_flag=True, help="Write what is found to verified.json in the folder of the row.")
@JSON
def verify(rows: tuple[Path, ...], record: bool, as_json: bool) -> None:
    """Play every episode of ROWS again, files or folders, and compare all bits.

    A row is *replayed* if all bits are the same; *re-evaluated* if no episode has the same bits, the processor, the
    commit, the scene file or a version is another one, and the scores differ no more than by chance; else it has
    failed. The exit code is 0 if none has failed.
    """
    from roboschool.cli.results import run_verify

    sys.exit(run_verify(rows, record, as_json))


@results.command()
@click.argument("row", type=FILE)
@click.option("-o", "--out", type=FILE, metavar="FOLDER", help="Of the trainings; runs/ROW if not given.")
@JSON
def reproduce(row: Path, out: Path | None, as_json: bool) -> None:
    """Train the policies of ROW again, by its recipe, and compare them with the row's.

    The same computer gives the same policy, bit for bit; elsewhere the intervals of the scores must overlap. An
    interrupted training continues with the same command.
    """
    from roboschool.cli.results import run_reproduce

    sys.exit(run_reproduce(row, out, as_json))


@results.command()
@click.argument("folder", type=FILE)
def table(folder: Path) -> None:
    """Print the rows in FOLDER as a Markdown table."""
    from roboschool.cli.results import run_table

    run_table(folder)


@results.command()
@click.argument("folder", type=FILE)
@click.option("-o", "--out", type=FILE, required=True, help="Folder of the site; it must be empty, or hold a site.")
def page(folder: Path, out: Path) -> None:
    """Make a static site of the rows in FOLDER: it needs no server, and sends no requests to anyone."""
    from roboschool.cli.results import run_page

    run_page(folder, out)
