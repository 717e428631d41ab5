"""Training on the command line: settings as written, a progress bar, and what Ctrl-C does."""

import contextlib
import dataclasses
import shlex
import signal
import threading
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from types import FrameType
from typing import Any

import click

from roboschool.cli.evaluate import describe
from roboschool.cli.options import read_options
from roboschool.envs.foreign import is_foreign, open_scene
from roboschool.errors import InvalidInput, check_choice
from roboschool.evaluation import EPISODES, Score, evaluate
from roboschool.learning.curve import Row
from roboschool.learning.settings import Settings, make_settings, preset
from roboschool.learning.training import POLICY, Training, plan_of
from roboschool.scenes.loader import ROBOT
from roboschool.scenes.scene_file import OPTIONS
from roboschool.scenes.variants import VARIANT
from roboschool.system_info import install

try:
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn
except ImportError:
    raise InvalidInput(f"training needs rich: {install('train')}") from None

SAVE_EVERY = 30.0  # [s]
SIGNALED = 128  # the exit status of a command that a signal ends, plus the signal's number
RECENT = 20.0  # over which the speed is measured [s]
KEYS = tuple(field.name for field in dataclasses.fields(Settings))


def run_training(
    scene: str,
    steps: int | None,
    minutes: float | None,
    seed: int | None,
    envs: int | None,
    workers: int,
    threads: int | None,
    written: Sequence[str],
    shared: bool,
    out: Path | None,
    resume: bool,
    episodes: int = EPISODES,
) -> int:
    """Train a policy and print its score; return the exit status.

    Raises:
        InvalidInput: a name, a setting or a file is wrong.
    """
    folder = Path("runs") / open_scene(scene).name if out is None else out
    if resume:
        new = {"--seed": seed, "--envs": envs, "--set": written or None, "--shared": shared or None}
        given = [name for name, value in new.items() if value is not None]
        if given:
            raise InvalidInput(f"--resume: a training keeps its settings; leave out {', '.join(given)}")
        training = Training.resume(scene, folder, steps, workers, threads)
    else:
        settings, options, planned = read_settings(scene, written, envs)
        plan = plan_of(scene, options, settings, seed or 0, steps or planned, shared)
        training = Training.begin(plan, folder, workers, threads)
    try:
        with _stopped_by_signals() as signals:
            _run(training, None if minutes is None else 60.0 * minutes, signals)
    finally:
        training.close()
    if not training.finished:
        again = shlex.join(["roboschool", "train", scene, "--resume", *(["--out", str(out)] if out else [])])
        click.echo(f"saved at {training.progress.steps} steps; to continue: {again}", err=True)
    if signals:
        return SIGNALED + signals[0]
    if len(training.plan.agents) == 1 and episodes:
        score = _score(training, episodes)
        training.save(score)
        click.echo(describe(score))
    click.echo(folder / POLICY)
    return 0


def read_settings(scene: str, written: Sequence[str], envs: int | None) -> tuple[Settings, dict[str, Any], int]:
    """Return the settings of a training, options of its scene, and the number of steps of its preset.

    Raises:
        InvalidInput: a key is neither of a setting nor of the scene's file, or a value is wrong.
    """
    given = read_options(written)
    for key in given if not is_foreign(scene) else ():  # whose own options are known when it is made
        check_choice(key, [*KEYS, *OPTIONS, ROBOT, VARIANT], "setting or option", "--set")
    chosen, steps = preset(open_scene(scene).name)
    chosen |= {key: value for key, value in given.items() if key in KEYS}
    if envs is not None:
        chosen["envs"] = envs
    options = {key: value for key, value in given.items() if key not in KEYS}
    return make_settings(chosen, "--set"), options, steps


def _run(training: Training, limit: float | None, signals: list[int]) -> None:
    """Update until all steps are done, the time is over [s], or a signal has come; write files now and then."""
    console = Console(stderr=True)
    columns = TextColumn("{task.description}"), BarColumn(), TaskProgressColumn(), TextColumn("{task.fields[shown]}")
    began = saved = time.monotonic()
    times = [(began, training.progress.steps)]
    with Progress(*columns, console=console, disable=not console.is_terminal, refresh_per_second=2) as bar:
        task = bar.add_task(training.plan.id, total=training.plan.steps, shown="")
        while not training.finished and not signals and (limit is None or time.monotonic() - began < limit):
            row = training.update()
            now = time.monotonic()
            times = [each for each in times if each[0] > now - RECENT or each is times[-1]] + [(now, row.steps)]
            shown = _describe(row, (row.steps - times[0][1]) / (now - times[0][0]), training.plan.steps)
            bar.update(task, completed=row.steps, shown=shown)
            if now - saved > SAVE_EVERY:
                training.save()
                saved = time.monotonic()
                if not console.is_terminal:
                    click.echo(f"{row.steps} steps, {shown}", err=True)
    training.save()


def _describe(row: Row, speed: float, total: int) -> str:
    """Return what the progress bar says."""
    minutes, seconds = divmod(max(0, round((total - row.steps) / speed)), 60)
    mean = "-" if row.episode_return is None else f"{row.episode_return:.1f}"
    return f"return {mean}, {speed:.0f} steps/s, {minutes}:{seconds:02} left"


def _score(training: Training, episodes: int) -> Score:
    """Return the score of what was learned, in the scene with its own weights."""
    scene = open_scene(training.plan.scene, **training.plan.options)
    with click.progressbar(length=episodes, label="score") as bar:
        return evaluate(training.policy(), scene, episodes, tick=lambda: bar.update(1))


@contextlib.contextmanager
def _stopped_by_signals() -> Iterator[list[int]]:
    """Yield a list that takes the number of the first signal to stop; a second signal ends the block at once."""
    signals: list[int] = []

    def stop(number: int, _frame: FrameType | None) -> None:
        if signals:
            raise KeyboardInterrupt
        signals.append(number)
        click.echo("\nstopping after this update; again to stop at once", err=True)

    if threading.current_thread() is not threading.main_thread():  # only there can handlers be set
        yield signals
        return
    before = {number: signal.signal(number, stop) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield signals
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
