"""The learning curve of a run: a row for each update, as CSV and as a picture. Needs matplotlib for the picture."""

import csv
import io
from collections.abc import Sequence
from dataclasses import asdict, dataclass, fields
from pathlib import Path

from roboschool.errors import InvalidInput
from roboschool.readers import read_text
from roboschool.system_info import install
from roboschool.writers import replace

try:
    from matplotlib.figure import Figure
except ImportError:
    raise InvalidInput(f"training needs matplotlib: {install('train')}") from None

SIZE = (7.0, 3.6)  # of the picture [inch]
DOTS = 120  # an inch
MEGA = 1e6


@dataclass(frozen=True)
class Row:
    """What is known after an update."""

    steps: int  # so far, of all rows
    seconds: float  # so far [s]
    episode_return: float | None  # mean of the last episodes; None: none is over
    episode_length: float | None  # the same [steps]
    std: float  # standard deviation of actions
    kl: float  # how far the update has moved the policy
    value_loss: float


def write_curve(rows: Sequence[Row], csv_file: Path, picture: Path, title: str) -> None:
    """Write both files.

    Raises:
        InvalidInput: one cannot be written; the old file is unchanged.
    """
    text = io.StringIO()
    writer = csv.DictWriter(text, [field.name for field in fields(Row)], lineterminator="\n")
    writer.writeheader()
    writer.writerows(asdict(row) for row in rows)
    replace(csv_file, text.getvalue().encode())
    figure = Figure(figsize=SIZE, layout="constrained")
    axes = figure.subplots()
    known = [(row.steps / MEGA, row.episode_return) for row in rows if row.episode_return is not None]
    axes.plot(*zip(*known, strict=True) if known else ([], []), color="#123a7a")
    axes.set_title(title, loc="left", fontsize=11)
    axes.set_xlabel("steps [million]")
    axes.set_ylabel("return, mean of the last 100 episodes")
    axes.spines[["top", "right"]].set_visible(False)
    axes.grid(True, color="#dddddd", linewidth=0.7)
    drawn = io.BytesIO()
    figure.savefig(drawn, format="png", dpi=DOTS)
    replace(picture, drawn.getvalue())


def read_curve(csv_file: Path, steps: int) -> list[Row]:
    """Return the rows of a file up to a number of steps.

    Raises:
        InvalidInput: the file cannot be read, or is not such a curve.
    """
    rows = []
    try:
        for cells in csv.DictReader(io.StringIO(read_text(csv_file))):
            numbers = {field.name: float(cells[field.name]) if cells[field.name] else None for field in fields(Row)}
            rows.append(Row(**numbers | {"steps": int(cells["steps"])}))  # type: ignore[arg-type]
    except (KeyError, TypeError, ValueError) as error:
        if isinstance(error, InvalidInput):
            raise
        raise InvalidInput(f"{csv_file}: not the curve of a training: {error!r:.80}") from None
    return [row for row in rows if row.steps <= steps]
