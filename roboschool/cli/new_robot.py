"""The command `roboschool new robot`: what it prints."""

import json
from pathlib import Path
from typing import Any

import click

from roboschool.cli.new_picture import take_picture
from roboschool.errors import one_line
from roboschool.importing.importer import ImportOptions
from roboschool.importing.project import REPORT, NewRobot, new_robot

PICTURE_STEPS = 30  # after which it is taken
PLACES = 12  # lines of the report that are printed; all are in the file


def run_new_robot(source: str, into: Path, as_json: bool, dry_run: bool, **options: Any) -> None:
    """Import a robot and print what was done, what is unsure and how to go on.

    Raises:
        InvalidInput: see `new_robot`.
    """
    made = new_robot(source, into, ImportOptions(**options), dry_run)
    picture = made.card.with_suffix(".png")
    if not dry_run:
        take_picture(made.scenes[0], picture, PICTURE_STEPS)
    if as_json:
        click.echo(json.dumps(_as_data(made), indent=2))
        return
    report, card = made.imported.report, made.inferred.card
    lines = report.lines()
    for line in lines[:PLACES]:
        click.echo(one_line(line))
    if len(lines) > PLACES:
        click.echo(f"... and {len(lines) - PLACES} more in {'the report' if dry_run else REPORT}")
    trial = made.inferred.trial
    base = "fixed to the world" if card.fixed else "free"
    outcome = f"keeps its pose for {trial.seconds:.1f} s" if trial.is_standing else f"falls after {trial.seconds:.1f} s"
    motors = f"{len(card.driven)} motor{'s' * (len(card.driven) != 1)}"
    click.echo(one_line(f"{made.imported.name}: {made.inferred.anatomy.kind}, {base}, {motors}; {outcome}"))
    for key, text in made.inferred.unsure.items():
        click.echo(one_line(f"UNSURE: {key}: {text}"))
    if dry_run:
        click.echo(f"Nothing was written; without --dry-run it would be {len(made.files)} files below {into}")
        return
    for path in (made.card.parent, *made.scenes, made.test):
        click.echo(one_line(f"Written: {path}"))
    click.echo(one_line(f"Picture: {picture}"))
    scene = made.scenes[0]
    click.echo("Go on with:")
    click.echo(one_line(f"    roboschool check {scene}"))
    click.echo(one_line(f"    roboschool film {scene} --picture {scene.stem}.png"))
    click.echo(one_line(f"    python -m pytest {made.test}"))
    click.echo(one_line(f"    ROBOSCHOOL_PATH={into} roboschool train {scene.stem}"))


def _as_data(made: NewRobot) -> dict[str, Any]:
    """Return what is printed as JSON."""
    inferred = made.inferred
    return {
        "name": made.imported.name,
        "kind": inferred.anatomy.kind,
        "fixed": inferred.card.fixed,
        "trunk": inferred.card.trunk,
        "feet": list(inferred.card.feet),
        "stands": inferred.trial.is_standing,
        "seconds": inferred.trial.seconds,
        "unsure": inferred.unsure,
        "tasks": list(made.tasks),
        "files": [str(path) for path in made.files],
        "report": made.imported.report.as_data(),
    }
