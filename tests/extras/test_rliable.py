"""Our statistics are those of rliable, by their authors, where it is installed.

`tests/results/test_statistics.py` has numbers that rliable 1.2.0 gave.
"""

import numpy as np
import pytest

from roboschool.results.statistics import improvement, interquartile_mean, interval, profile

library = pytest.importorskip("rliable.library")
metrics = pytest.importorskip("rliable.metrics")


def scores(seed: int) -> np.ndarray:
    """Scores (run, task)."""
    return np.random.default_rng(seed).gamma(2.0, 1.0, (8, 5)) + np.arange(5)


def strata(table: np.ndarray) -> dict[str, list[list[float]]]:
    return {str(task): [[float(score)] for score in table[:, task]] for task in range(table.shape[1])}


def test_iqm_and_interval() -> None:
    table = scores(0)
    points, intervals = library.get_interval_estimates(
        {"a": table}, lambda each: np.array([metrics.aggregate_iqm(each)]), reps=4000
    )
    found = interval(strata(table), interquartile_mean, 4000)
    assert found.value == pytest.approx(points["a"][0])
    assert (found.low, found.high) == pytest.approx(tuple(intervals["a"][:, 0]), abs=0.06)


def test_profile() -> None:
    table, at = scores(1), np.linspace(0.0, 10.0, 21)
    known, _ = library.create_performance_profile({"a": table}, at, reps=10)
    assert profile(table.ravel().tolist(), at) == pytest.approx(known["a"])


def test_improvement() -> None:
    ours, theirs = scores(2), scores(3) + 0.3
    found = improvement(strata(ours), strata(theirs))
    assert found.value == pytest.approx(metrics.probability_of_improvement(ours, theirs))
