"""Rows that need no training and no episodes."""

import hashlib
import random
from pathlib import Path
from typing import Any

from roboschool.evaluation import FIRST_SEED
from roboschool.results.entry import score_of
from roboschool.results.row import Episode, Row, Run
from roboschool.results.row_file import write_row


def make(number: int = 0, mean: float = 100.0, episodes: int = 100, runs: int = 1, **more: Any) -> Row:
    """A row whose returns are normal, with a standard deviation of 10."""
    rng = random.Random(number)
    made = []
    for run in range(runs):
        played = tuple(
            Episode(
                seed=FIRST_SEED + place,
                total=rng.gauss(mean, 10.0),
                steps=1000,
                terminated=False,
                actions="0" * 32,
                end="1" * 32,
            )
            for place in range(episodes)
        )
        policy = hashlib.sha256(f"{number} {run}".encode()).hexdigest()
        curve = tuple((1000 * point, mean * point / 9) for point in range(1, 10))
        made.append(Run(seed=run, policy=policy, steps=10_000, seconds=60.0, curve=curve, episodes=played))
    fields: dict[str, Any] = {
        "title": f"Row {number}",
        "algorithm": "PPO",
        "who": "A. Person",
        "licence": "MIT",
        "date": "2026-11-27",
        "scene": "roboschool/Hopper-v1",
        "versions": {"numpy": "2"},
        "system": "Linux",
        "processor": "any",
    }
    returns = [[each.total for each in run.episodes] for run in made]
    return Row(**fields | {"score": score_of(returns), "runs": tuple(made)} | more)


def write(folder: Path, *rows: Row) -> Path:
    """Write rows; return their folder."""
    folder.mkdir(exist_ok=True)
    for number, row in enumerate(rows):
        write_row(folder / f"row-{number}.json", row)
    return folder
