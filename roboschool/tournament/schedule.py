"""Schedules: pairs, sides and seeds of games. Pure functions of entrants, seed and ratings."""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np

from roboschool.tournament.rating import Score, fit

MOST_IN_ROUND_ROBIN = 20  # entrants; more play by the Swiss system
FEWEST_ROUNDS, MOST_ROUNDS = 8, 12
EXTRA_ROUNDS = 3  # besides those after which one entrant at most has won all its games
FINALISTS = 8  # the best of the Swiss rounds, which then play a round robin

Pair = tuple[int, int]


@dataclass(frozen=True)
class Fixture:
    """A game to be played; the first entrant has the first side."""

    stage: int
    first: int
    second: int
    seed: int


def fixtures(stage: int, pairs: Iterable[Pair], games: int, seed: int) -> list[Fixture]:
    """Return the games of some pairs: with each seed, one on each side."""
    seeds = range(seed, seed + games)
    return [Fixture(stage, *both, s) for a, b in pairs for s in seeds for both in ((a, b), (b, a))]


def stages(entrants: int) -> int:
    """Return the number of stages; the games of a stage depend on the results of the stages before."""
    return 1 if entrants <= MOST_IN_ROUND_ROBIN else rounds(entrants) + 1


def rounds(entrants: int) -> int:
    """Return the number of Swiss rounds, small enough for new pairs in each."""
    return min(MOST_ROUNDS, max(FEWEST_ROUNDS, math.ceil(math.log2(entrants)) + EXTRA_ROUNDS))


def count_games(entrants: int, games: int) -> int:
    """Return the number of games of a tournament."""
    if entrants <= MOST_IN_ROUND_ROBIN:
        return math.comb(entrants, 2) * games * 2
    return (rounds(entrants) * (entrants // 2) + math.comb(FINALISTS, 2)) * games * 2


def stage(number: int, entrants: int, games: int, seed: int, played: Sequence[tuple[Fixture, float]]) -> list[Fixture]:
    """Return the games of a stage.

    Args:
        number: which stage, from 0.
        entrants: number of entrants.
        games: seeds for each pair; each is played on both sides.
        seed: of the tournament.
        played: all games of the stages before, with the points of the first entrant.
    """
    if entrants <= MOST_IN_ROUND_ROBIN:
        return fixtures(number, combinations(range(entrants), 2), games, seed)
    order = ranking(entrants, seed, played)
    if number == rounds(entrants):
        return fixtures(
            number, combinations(sorted(order[:FINALISTS]), 2), games, seed + games
        )  # other seeds than in the Swiss rounds
    met = {frozenset((fixture.first, fixture.second)) for fixture, _ in played}
    seen = [sum(entrant in pair for pair in met) for entrant in range(entrants)]
    if entrants % 2:
        rests = [entrant for entrant in order if seen[entrant] == max(seen)][
            -1
        ]  # an entrant that has rested has met fewer
        order = [entrant for entrant in order if entrant != rests]
    return fixtures(number, pair_up(order, met), games, seed)


def ranking(entrants: int, seed: int, played: Sequence[tuple[Fixture, float]]) -> list[int]:
    """Return the entrants, the best first; equal ones in an order drawn with the seed."""
    points = np.zeros((entrants, entrants))
    for fixture, won in played:
        points[fixture.first, fixture.second] += won
        points[fixture.second, fixture.first] += 1.0 - won
    ratings = np.round(fit(points), 6)
    lots = np.random.default_rng(seed).permutation(entrants)
    return sorted(range(entrants), key=lambda entrant: (-ratings[entrant], lots[entrant]))


def pair_up(order: Sequence[int], met: set[frozenset[int]]) -> list[Pair]:
    """Return pairs of neighbours in an order, or of the nearest ones that have not met."""
    if not order:
        return []
    first, *others = order
    for other in others:
        if frozenset((first, other)) not in met:
            rest = [entrant for entrant in others if entrant != other]
            try:
                return [(first, other), *pair_up(rest, met)]
            except LookupError:
                continue
    raise LookupError(f"{first} has met all others that are left")


def as_scores(played: Sequence[tuple[Fixture, float]]) -> list[Score]:
    """Return the scores of games; games of a pair with the same seed are one block."""
    return [Score(fixture.first, fixture.second, points, fixture.seed) for fixture, points in played]
