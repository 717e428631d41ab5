"""Matches, tournaments and replays on the command line."""

import dataclasses
import json
import sys
from collections.abc import Callable, Collection, Sequence
from contextlib import ExitStack, closing
from functools import partial
from pathlib import Path
from typing import Any

import click
import numpy as np

from roboschool.cli.options import split_options
from roboschool.cli.output import Output
from roboschool.envs.parallel import ParallelEnv
from roboschool.errors import one_line
from roboschool.rendering.camera import Camera
from roboschool.rendering.painter import Painter
from roboschool.rendering.video import write_picture
from roboschool.rendering.web.page import write_page
from roboschool.scenes.loader import load_scene
from roboschool.scenes.scene import Scene
from roboschool.tournament.caption import Caption
from roboschool.tournament.class_check import check_classes
from roboschool.tournament.containment import describe_containment
from roboschool.tournament.entrants import read_entrants
from roboschool.tournament.game_log import GAMES, check_beside
from roboschool.tournament.match import play_recorded, team_names
from roboschool.tournament.page import PAGE, make_page
from roboschool.tournament.players import PlayerCache
from roboschool.tournament.record import Match, Record, check_path, read_match, write_match
from roboschool.tournament.recording import record_match, write_replays
from roboschool.tournament.replay import find_scene, verify
from roboschool.tournament.report import RESULTS, Report
from roboschool.tournament.schedule import count_games
from roboschool.tournament.sides import name_results
from roboschool.tournament.tournament import make_plan, run_tournament
from roboschool.workers.orphans import adopted_orphans
from roboschool.writers import replace

LAST = 2.0  # how long a video stays at its end, which shows the result [s]


def run_match(
    scene: str,
    policies: Sequence[str],
    options: dict[str, Any],
    seed: int,
    out: Path | None,
    limit: float,
    as_json: bool,
) -> None:
    """Play a match, print how it ended, and write its file.

    Raises:
        InvalidInput: the scene, a policy or the file's name is wrong.
    """
    options, rules = split_options(scene, options)
    loaded = load_scene(scene, **options)
    teams = team_names(loaded, len(policies))
    entrants = read_entrants(loaded, _apart(policies), teams)
    path = check_path(out) if out else None
    check_classes(loaded, entrants, teams)
    with adopted_orphans(), closing(ParallelEnv(loaded)) as env, PlayerCache(limit) as cache:
        _, match = play_recorded(env, options, entrants, seed, cache, rules)
    record = match.record
    if path:
        write_match(path, match)
    if as_json:
        click.echo(json.dumps(dataclasses.asdict(dataclasses.replace(record, checksums=())), indent=2))
        return
    print_match(record)
    if path:
        click.echo(f"Written: {path}")


def _apart(policies: Sequence[str]) -> list[str]:
    """Return policies with a name for each, since one may be given twice."""
    return [
        f"{text}-{number}={text}" if policies.count(text) > 1 and "=" not in text else text
        for number, text in enumerate(policies, 1)
    ]


def print_match(record: Record) -> None:
    """Print the result of a match."""
    wide = max(len(player.name) for player in record.players) + 2
    results = name_results([line.result for line in record.agents])
    for line, word in zip(record.agents, results, strict=True):
        name = record.players[line.player].name
        sums = f"score {line.score:8.2f}  return {line.total:9.1f}"
        click.echo(f"{line.agent:14}{name:{wide}}{word:8} {line.reason:12} {sums}")
    for fault in record.faults:
        click.echo(f"{record.players[fault.player].name} forfeits at step {fault.step}: {fault.reason}: {fault.detail}")
    click.echo(f"{one_line(record.scene)}, seed {record.seed}: {record.steps} steps in {record.seconds:.1f} s")
    _print_containment({record.containment})


def _print_containment(kinds: Collection[str]) -> None:
    if described := describe_containment(kinds):
        click.echo(described)


def run_replay(path: Path, check: bool, output: Output, moved: str | Path | None = None) -> int:
    """Print the result of a match; verify or show it if asked; return the exit code.

    Args:
        path: of the match.
        check: whether to verify it.
        output: the files that show it; a picture is taken at the end if no time is given.
        moved: the scene, if it has another name or path now.

    Raises:
        InvalidInput: the file is damaged, its scene is another, or a file cannot be written.
    """
    match = read_match(path)
    print_match(match.record)
    if output.files:
        scene = find_scene(match, moved)
        recording = record_match(scene, match)
        if output.html:
            write_page(output.html, recording)
        if output.video or output.picture:
            _show(match, scene, output)
        output.announce()
    return _verify(path, match, moved) if check else 0


def _verify(path: Path, match: Match, moved: str | Path | None) -> int:
    result = verify(match, moved)
    check_beside(path)
    record = match.record
    if result.exact:
        click.echo(f"verified: {record.steps} steps, {len(record.checksums)} hashes of the whole world agree")
        return 0
    if result.step is None:
        click.echo(f"not verified: {result.wrong}", err=True)
    else:
        before = max(0, result.step - 1) // record.every * record.every
        since = f"; at step {before} it was the same" if result.step else ""
        click.echo(f"not verified: the world differs at step {result.step}{since}", err=True)
    for text in result.differs:
        click.echo(f"  perhaps because of: {text}", err=True)
    return 1


def _show(match: Match, scene: Scene, output: Output) -> None:
    caption, last = Caption(scene, match), match.trajectory.frames - 1
    end = last if output.seconds is None else min(last, round(output.seconds / scene.timestep))
    due = last if output.at is None else min(last, round(output.at / scene.timestep))
    with ExitStack() as stack:
        film = stack.enter_context(chosen) if (chosen := output.open_video(scene.timestep)) else None
        camera = stack.enter_context(closing(Camera(scene, *output.pixels)))
        painter = stack.enter_context(Painter())
        bar = stack.enter_context(click.progressbar(range(max(end, due) + 1), label="showing", file=sys.stderr))

        def paint(step: int) -> np.ndarray:
            return caption.draw(camera.picture(*match.trajectory.look(step)), step)

        for step in bar:
            uses: list[Callable[[np.ndarray], None]] = []
            if film and step <= end and (film.wants(step) or step == last):
                uses += [film.add] * (round(LAST / film.seconds) if step == last else 1)
            if output.picture and step == due:
                uses.append(partial(write_picture, output.picture))
            if uses:
                painter.submit(partial(paint, step), *uses)


def run_contest(
    scene: str,
    policies: Sequence[str],
    options: dict[str, Any],
    seed: int,
    games: int,
    out: Path | None,
    workers: int | None,
    limit: float,
    as_json: bool,
) -> None:
    """Play a tournament, or the rest of it; print its table and write its page.

    Raises:
        InvalidInput: the scene is wrong or fails, a policy is wrong, or the folder holds something else.
    """
    options, rules = split_options(scene, options)
    plan = make_plan(scene, policies, options, seed, games, limit, rules=rules)
    folder = out or Path(f"tournament_{Path(scene).stem}")
    total = count_games(len(plan.entrants), games)
    try:
        with ExitStack() as stack:
            bar = click.progressbar(length=total, label=f"{total} games", file=sys.stderr, show_pos=True)

            def tick(games: int) -> None:
                if not bar.entered:  # shown after all input has been checked
                    stack.enter_context(bar)
                bar.update(games)

            report = run_tournament(plan, folder, workers, tick)
    except KeyboardInterrupt:
        click.echo(f"\nstopped; the same command continues with {folder}", err=True)
        sys.exit(130)
    replace(folder / PAGE, make_page(report, write_replays(folder, report)).encode())
    if as_json:
        click.echo(json.dumps(dataclasses.asdict(dataclasses.replace(report, results=())), indent=2))
        return
    print_table(report)
    _print_containment({result.containment for result in report.results})
    click.echo(f"Written: {folder / PAGE}, {folder / RESULTS}, {folder / GAMES} and {len(report.results)} matches")


def print_table(report: Report) -> None:
    """Print ratings and win matrix."""
    names = [row.name for row in report.table]
    wide = max(6, *map(len, names)) + 2
    click.echo(
        f"     {'policy':{wide}}{'rating':>6}  {'interval':>12}  {'score':>6}  games   won drawn  lost  forfeits"
    )
    for rank, row in enumerate(report.table, 1):
        interval = f"{row.low:.0f}..{row.high:.0f}"
        counts = f"{row.games:5} {row.won:5} {row.drawn:5} {row.lost:5}  {row.forfeits:8}"
        click.echo(f"{rank:3}. {row.name:{wide}}{row.rating:6.0f}  {interval:>12}  {100 * row.score:5.1f}%  {counts}")
    click.echo("\nPoints of row against column [%]:")
    click.echo(f"     {'':{wide}}" + "".join(f"{rank:>5}." for rank in range(1, len(names) + 1)))
    for rank, name in enumerate(names, 1):
        shares = [report.matrix[name].get(other) for other in names]
        cells = "".join(f"{'-' if share is None else format(100 * share, '.0f'):>6}" for share in shares)
        click.echo(f"{rank:3}. {name:{wide}}{cells}")
