"""A table of rows as Markdown, for a README."""

from collections.abc import Sequence

import numpy as np

from roboschool.envs.foreign import open_scene
from roboschool.evaluation import TAIL
from roboschool.results.row import HELD_OUT, Row
from roboschool.scenes.scene import Scene

HEADING = "| scene | score, 95 % interval | mean ± sd | 5 % quantile | falls | threshold | steps | wall time |"


def format_table(rows: Sequence[Row]) -> str:
    """Return a line for each row: scores of its held-out episodes, and what its training took.

    Raises:
        InvalidInput: a scene is unknown, or not installed.
    """
    lines = [HEADING, "|" + "---|" * (HEADING.count("|") - 1)]
    return "\n".join([*lines, *(_line(row) for row in sorted(rows, key=lambda row: (row.scene.lower(), row.group)))])


def _line(row: Row) -> str:
    scene = open_scene(row.scene, **row.options)
    held = [each for run in row.runs for each in run.episodes if each.split == HELD_OUT]
    returns = np.array([each.total for each in held])
    digits = 1 if abs(row.score.mean) < 100.0 else 0
    falls = "-"
    if isinstance(scene, Scene) and scene.game is None:  # an end before the time limit is a fall
        falls = f"{100 * np.mean([each.terminated for each in held]):.0f} %"
    score = row.score
    cells = [
        f"`{' '.join(filter(None, (scene.name, row.suite)))}`",
        f"{score.iqm:.{digits}f}, {score.low:.{digits}f} to {score.high:.{digits}f}",
        f"{returns.mean():.{digits}f} ± {returns.std():.{digits}f}",
        f"{np.quantile(returns, TAIL):.{digits}f}",
        falls,
        "-" if scene.threshold is None else f"{scene.threshold:g}",
        f"{row.runs[0].steps / 1e6:.1f} M",
        f"{row.seconds / 60:.0f} min",
    ]
    return f"| {' | '.join(cells)} |"
