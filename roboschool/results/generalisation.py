"""How a policy does in the variants of a suite: on those to train on, on those held out, and the gap."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from roboschool.policies.policy import Policy
from roboschool.results.episodes import play_episodes
from roboschool.results.row import HELD_OUT, TRAINED_ON, Episode, Row
from roboschool.results.statistics import Interval, improvement, interval, profile, profile_thresholds
from roboschool.results.suites import Suite


@dataclass(frozen=True)
class Generalisation:
    """What the episodes of a suite give; returns are interquartile means with 95 % intervals."""

    episodes: int
    train: Interval
    held_out: Interval
    gap: float  # of train over held out
    parts: dict[str, Interval]  # of what is held out
    profile: tuple[tuple[float, float], ...]  # thresholds, and the fraction of held-out returns above each
    improvement: Interval | None = None  # probability that a return is above one of another row in the same variant


def evaluate_suite(
    policy: Policy,
    scene: str,
    options: dict[str, Any],
    suite: Suite,
    against: Row | None = None,
    tick: Callable[[], None] = lambda: None,
) -> Generalisation:
    """Play a policy in all variants of a suite.

    Args:
        policy: of the first agent.
        scene: its name.
        options: override keys of its file.
        suite: the variants.
        against: a row of the same suite; None: none.
        tick: is called after each episode.

    Raises:
        InvalidInput: the scene lacks the axis of the suite, or the policy does not fit.
    """
    return describe(play_episodes(policy, scene, options, suite.plan(), tick), suite, against)


def describe(episodes: Sequence[Episode], suite: Suite, against: Row | None = None) -> Generalisation:
    """Return what episodes of a suite give."""
    train = _returns(episodes, TRAINED_ON)
    held = _returns(episodes, HELD_OUT)
    by_part: dict[str, list[float]] = {}
    for each in episodes:
        if each.split == HELD_OUT:
            by_part.setdefault(suite.part_of(each.variant), []).append(each.total)
    at = profile_thresholds(held)
    seen, unseen = interval({"": [train]}), interval({"": [held]})
    pairs = zip(at.tolist(), profile(held, np.asarray(at)).tolist(), strict=True)
    return Generalisation(
        episodes=len(episodes),
        train=seen,
        held_out=unseen,
        gap=seen.value - unseen.value,
        parts={name: interval({"": [returns]}) for name, returns in by_part.items()},
        profile=tuple(pairs),
        improvement=None if against is None else _improvement(episodes, against),
    )


def _returns(episodes: Sequence[Episode], split: str) -> list[float]:
    return [each.total for each in episodes if each.split == split]


def _improvement(episodes: Sequence[Episode], against: Row) -> Interval:
    ours = {each.variant: [[each.total]] for each in episodes if each.split == HELD_OUT}
    theirs: dict[str, list[list[float]]] = {}
    for run in against.runs:
        for each in run.episodes:
            theirs.setdefault(each.variant, []).append([each.total])
    return improvement(ours, theirs)
