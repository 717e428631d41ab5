"""A row is trained again by its recipe, to the same bits."""

import dataclasses
from pathlib import Path

import pytest
from result_rows import make

from roboschool import InvalidInput
from roboschool.learning.settings import Settings
from roboschool.learning.training import Training, plan_of
from roboschool.results.entry import Credit, make_row, read_training
from roboschool.results.retraining import EXACTLY, NOT_REPRODUCED, reproduce
from roboschool.results.row_file import write_row

SMALL = Settings(envs=4, rollout=16, hidden=(8,), epochs=1, minibatches=1)


def train(folder: Path, seed: int) -> None:
    training = Training.begin(plan_of("inverted_pendulum", {"seconds": 0.5}, SMALL, seed, 100), folder)
    while not training.finished:
        training.update()
    training.save()
    training.close()


def test_a_row_is_reproduced_and_another_is_not(tmp_path: Path) -> None:
    train(tmp_path / "run", 1)
    row = make_row([read_training(str(tmp_path / "run"))], Credit(who="us"), tmp_path / "results", episodes=2)
    assert row.recipe is not None
    assert row.recipe.steps == 100 < row.runs[0].steps
    assert len(row.runs[0].curve) > 0
    write_row(tmp_path / "results" / "row.json", row)
    assert reproduce(tmp_path / "results" / "row.json", tmp_path / "again").status == EXACTLY
    score = dataclasses.replace(row.score, iqm=1000.0, low=999.0, high=1001.0)
    runs = tuple(dataclasses.replace(run, policy=f"{place}" * 64) for place, run in enumerate(row.runs))
    write_row(tmp_path / "results" / "row.json", dataclasses.replace(row, score=score, runs=runs))
    assert reproduce(tmp_path / "results" / "row.json", tmp_path / "again").status == NOT_REPRODUCED


def test_a_row_without_a_recipe_says_how_it_was_trained(tmp_path: Path) -> None:
    write_row(tmp_path / "row.json", make(command="python train.py"))
    with pytest.raises(InvalidInput, match=r"trained by another program with: python train\.py"):
        reproduce(tmp_path / "row.json", tmp_path / "again")
