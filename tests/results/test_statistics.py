"""Statistics have the values that their definitions give."""

import numpy as np
import pytest
from scipy import stats

from roboschool.results.statistics import agree, improvement, interquartile_mean, interval, profile

OURS = (  # scores (run, task) that rliable was given
    (1.923, 2.188, 7.237, 4.281, 6.057),
    (3.274, 2.277, 4.326, 5.474, 5.836),
    (3.006, 3.131, 2.673, 8.981, 4.283),
    (3.006, 4.482, 3.954, 4.457, 4.592),
    (2.0, 1.862, 3.04, 4.381, 4.23),
    (3.391, 2.873, 3.783, 9.997, 5.33),
    (2.651, 2.446, 4.654, 3.369, 7.742),
    (4.475, 1.88, 3.57, 3.765, 6.167),
)
THEIRS = (
    (6.234, 3.567, 3.448, 3.483, 5.081),
    (2.275, 2.629, 2.942, 5.669, 7.534),
    (1.998, 3.774, 3.742, 8.921, 5.672),
    (1.064, 4.385, 4.088, 4.009, 6.35),
    (1.456, 3.001, 6.52, 5.23, 5.715),
    (2.84, 2.704, 4.28, 6.026, 4.62),
    (1.006, 4.061, 2.445, 5.427, 8.979),
    (2.468, 5.52, 3.531, 8.217, 7.141),
)


def strata(table: tuple[tuple[float, ...], ...]) -> dict[str, list[list[float]]]:
    return {str(task): [[row[task]] for row in table] for task in range(len(table[0]))}


def test_the_numbers_are_those_of_rliable() -> None:
    """Of rliable 1.2.0 from PyPI, by the authors of the definitions, with arch 7.2.0.

    Points are the same. Intervals are by other random numbers; there they had 50 000 resamples, and 20 000 for the
    probability of improvement.
    """
    found = interval(strata(OURS))
    assert found.value == pytest.approx(3.8398)
    assert (found.low, found.high) == pytest.approx((3.5497, 4.1978), abs=0.03)
    better = improvement(strata(OURS), strata(THEIRS))
    assert better.value == pytest.approx(0.459375)
    assert (better.low, better.high) == pytest.approx((0.334375, 0.58125), abs=0.015)
    known = [1.0, 1.0, 0.9, 0.75, 0.475, 0.225, 0.15, 0.1, 0.05, 0.025, 0.0]
    assert profile([score for row in OURS for score in row], np.linspace(0.0, 10.0, 11)) == pytest.approx(known)


def test_honest_evaluations_agree_and_forged_ones_do_not() -> None:
    """The interval of one holds the score of the other five times in six only."""
    rng, honest, held = np.random.default_rng(0), 0, 0
    for _ in range(40):
        one, other = rng.gamma(2.0, 10.0, (2, 100)).tolist()
        honest += agree([one], [other])[0]
        found = interval({"": [one]}, resamples=300)
        held += found.low <= interquartile_mean(np.array(other)) <= found.high
    assert honest == 40
    assert 26 <= held <= 38
    raised = (np.array(one) + 12.0).tolist()
    assert not agree([raised], [other])[0]
    assert agree([one, [5.0, 5.0]], [one, [5.0, 5.0]]) == (True, 0.0)
    assert not agree([[1.0] * 9], [[1.1] * 9])[0]


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
