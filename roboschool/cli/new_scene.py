"""The command `roboschool new scene`: what it prints."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import click

from roboschool.cli.check_command import run_check
from roboschool.cli.new_picture import take_picture
from roboschool.errors import InvalidInput, one_line
from roboschool.scenes.new_scene import NewScene, read_count, write_scene


def run_new_scene(name: str, into: Path, robots: Sequence[str], task: str, written: Mapping[str, str | None]) -> int:
    """Write a scene, check it, take its picture, and return the exit status.

    Args:
        name: of the scene.
        into: folder for `scenes/<name>.toml`.
        robots: their names.
        task: of each.
        written: how many elements there are of each kind, as `read_count` takes it; None: as many as needed.

    Raises:
        InvalidInput: see `write_scene`, or a count is wrong.
    """
    counts = {}
    for kind, count in written.items():
        if count is not None:
            try:
                counts[kind] = read_count(count)
            except InvalidInput as error:
                raise InvalidInput(f"{kind}: {error}") from None
    path = write_scene(NewScene(name, tuple(robots), task, counts), into)
    click.echo(one_line(f"Written: {path}"))
    status = run_check([str(path)], as_json=False)
    if status == 0:
        picture = path.with_suffix(".png")
        take_picture(path, picture)
        click.echo(one_line(f"Picture: {picture}"))
        click.echo("Go on with:")
        click.echo(one_line(f"    roboschool film {path} --policy random --video {name}.webp"))
        click.echo(one_line(f"    ROBOSCHOOL_PATH={into} roboschool train {name}"))
    return status
