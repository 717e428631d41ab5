"""Statistics have the values that their definitions give."""

import numpy as np
import pytest
from scipy import stats

from roboschool.results.statistics import improvement, interquartile_mean, interval, profile


@pytest.mark.parametrize("size", [1, 2, 3, 4, 7, 100, 101])
def test_the_interquartile_mean_is_a_trimmed_mean(size: int) -> None:
    values = np.random.default_rng(size).normal(size=size)
    assert interquartile_mean(values) == pytest.approx(stats.trim_mean(values, 0.25))


def test_an_interval_holds_the_truth_about_as_often_as_it_says() -> None:
    rng = np.random.default_rng(0)
    found = [interval({"": [rng.normal(7.0, 1.0, 60).tolist()]}, resamples=300) for _ in range(150)]
    assert 0.88 <= np.mean([each.low <= 7.0 <= each.high for each in found]) <= 1.0


def test_runs_that_differ_widen_an_interval_more_than_episodes_do() -> None:
    rng = np.random.default_rng(1)
    alike = [rng.normal(0.0, 1.0, 50).tolist() for _ in range(5)]
    unlike = [(np.array(run) + 4.0 * place).tolist() for place, run in enumerate(alike)]
    narrow, wide = interval({"": alike}), interval({"": unlike})
    assert wide.high - wide.low > 4 * (narrow.high - narrow.low)


def test_strata_are_resampled_by_themselves() -> None:
    """What differs between strata, and never within, is no uncertainty."""
    found = interval({"a": [[1.0, 1.0]], "b": [[5.0, 5.0]]}, lambda values: values.mean(axis=-1))
    assert (found.low, found.value, found.high) == (3.0, 3.0, 3.0)


def test_the_same_returns_have_the_same_interval() -> None:
    strata = {"": [np.random.default_rng(2).normal(size=30).tolist()]}
    assert interval(strata) == interval(strata)


def test_a_profile_is_the_fraction_above() -> None:
    assert profile([1.0, 2.0, 2.0, 3.0], np.array([0.0, 1.0, 2.0, 2.5, 3.0])).tolist() == [1.0, 0.75, 0.25, 0.25, 0.0]


def test_improvement_is_the_statistic_of_mann_and_whitney() -> None:
    rng = np.random.default_rng(3)
    ours, theirs = rng.integers(0, 9, 20).astype(float), rng.integers(2, 11, 30).astype(float)
    known = stats.mannwhitneyu(ours, theirs).statistic / (20 * 30)
    found = improvement({"": [ours.tolist()]}, {"": [theirs.tolist()]})
    assert found.value == pytest.approx(known)
    assert found.low < known < found.high
    assert improvement({"": [[2.0]]}, {"": [[1.0]]}).value == 1.0
    assert improvement({"": [[1.0]]}, {"": [[1.0]]}).value == 0.5
