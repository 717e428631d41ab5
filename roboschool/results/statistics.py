"""Statistics of returns: interquartile mean, intervals, performance profiles, probability of improvement.

The definitions are those of R. Agarwal et al., "Deep Reinforcement Learning at the Edge of the Statistical Precipice",
2021, and of their library rliable, with which they agree where there is one episode for each run. Where a run has
several, a resample draws runs, and then episodes of each.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np

RESAMPLES = 2000
LEVEL = 0.95  # of an interval
SEED = 0  # of resamples: the same returns have the same interval
POINTS = 101  # of a profile
APART = 3.3  # standard errors: 99.9 % of normal numbers are within, either way

# returns by stratum, such as a body; in a stratum those of each run's episodes
Strata: TypeAlias = Mapping[str, Sequence[Sequence[float]]]


@dataclass(frozen=True)
class Interval:
    """A statistic and its 95 % interval, by a stratified bootstrap with percentiles."""

    value: float
    low: float
    high: float


def interquartile_mean(values: np.ndarray) -> np.ndarray:
    """Return the mean of the middle half of the values (..., n); a quarter, rounded down, is cut at either end."""
    cut = values.shape[-1] // 4
    middle = np.sort(values, axis=-1)[..., cut : values.shape[-1] - cut]
    return np.asarray(middle.mean(axis=-1))


def interval(
    strata: Strata, statistic: Callable[[np.ndarray], np.ndarray] = interquartile_mean, resamples: int = RESAMPLES
) -> Interval:
    """Return a statistic of all returns, and its interval.

    Args:
        strata: of returns; each is resampled by itself.
        statistic: of the returns (..., n).
        resamples: number of them.
    """
    rng = np.random.default_rng(SEED)
    every = np.concatenate([np.asarray(run, float) for runs in strata.values() for run in runs])
    drawn = np.concatenate([_resample(runs, rng, resamples) for runs in strata.values()], axis=1)
    low, high = np.quantile(statistic(drawn), [(1.0 - LEVEL) / 2, (1.0 + LEVEL) / 2])
    value = float(statistic(every))
    return Interval(value, min(value, float(low)), max(value, float(high)))


def _resample(runs: Sequence[Sequence[float]], rng: np.random.Generator, resamples: int) -> np.ndarray:
    """Return resamples of the returns of a stratum (resample, n): runs, and then episodes of each, with replacement."""
    table = np.array(runs, float)  # (run, episode)
    count, episodes = table.shape
    chosen = rng.integers(count, size=(resamples, count, 1)) if count > 1 else np.zeros((resamples, 1, 1), int)
    shape = (resamples, count, episodes)
    within = rng.integers(episodes, size=shape) if episodes > 1 else np.zeros(shape, int)
    return table[chosen, within].reshape(resamples, -1)


def agree(ours: Sequence[Sequence[float]], theirs: Sequence[Sequence[float]]) -> tuple[bool, float]:
    """Return whether two evaluations of the same policies may differ by chance, and the standard error of it.

    Both have random returns, so that the interval of one holds the mean of the other less often than it says. Here the
    difference of their interquartile means is compared with its standard error, by a bootstrap of pairs of the
    same episode, in each run by itself: no more runs are trained. It may be `APART` of them: one honest evaluation in a
    thousand is beyond that.

    Args:
        ours: returns of each run's episodes.
        theirs: of the same episodes, played again.
    """
    rng = np.random.default_rng(SEED)
    pairs = [np.array([one, other], float) for one, other in zip(ours, theirs, strict=True)]  # (evaluation, episode)
    places = [rng.integers(pair.shape[1], size=(RESAMPLES, pair.shape[1])) for pair in pairs]
    drawn = np.concatenate([pair[:, place] for pair, place in zip(pairs, places, strict=True)], axis=2)
    error = float(np.std(np.subtract(*interquartile_mean(drawn))))
    apart = abs(float(np.subtract(*interquartile_mean(np.concatenate(pairs, axis=1)))))
    return apart <= APART * error, error


def profile(returns: Sequence[float], thresholds: np.ndarray) -> np.ndarray:
    """Return the fraction of returns above each threshold."""
    ordered = np.sort(np.asarray(returns, float))
    return np.asarray(1.0 - np.searchsorted(ordered, thresholds, side="right") / len(ordered))


def profile_thresholds(returns: Sequence[float]) -> np.ndarray:
    """Return evenly spaced thresholds from the least of some returns to the greatest."""
    return np.linspace(min(returns), max(returns), POINTS)


def improvement(ours: Strata, theirs: Strata, resamples: int = RESAMPLES) -> Interval:
    """Return how probable it is that a return of ours is above one of theirs in the same stratum; ties count half.

    It is the mean over the strata that both have.
    """
    rng = np.random.default_rng(SEED)
    common = [name for name in ours if name in theirs]
    pairs = [[np.ravel(np.array(strata[name], float)) for strata in (ours, theirs)] for name in common]
    value = float(np.mean([_above(one[None], other[None])[0] for one, other in pairs]))
    drawn = np.mean(
        [_above(_resample(ours[name], rng, resamples), _resample(theirs[name], rng, resamples)) for name in common],
        axis=0,
    )
    low, high = np.quantile(drawn, [(1.0 - LEVEL) / 2, (1.0 + LEVEL) / 2])
    return Interval(value, float(low), float(high))


def _above(ours: np.ndarray, theirs: np.ndarray) -> np.ndarray:
    """Return the fraction of pairs in which ours is above (resample,), of values (resample, n); ties count half."""
    fractions = []
    for one, other in zip(ours, np.sort(theirs, axis=1), strict=True):
        below = np.searchsorted(other, one, side="left") + np.searchsorted(other, one, side="right")
        fractions.append(below.mean() / (2 * other.size))
    return np.array(fractions)
