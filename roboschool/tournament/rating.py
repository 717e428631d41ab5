"""Ratings: a Bradley-Terry fit of all games at once, independent of their order, with bootstrap intervals.

A player of strength r beats one of strength s with the probability 1 / (1 + exp(s - r)); a draw is half a win.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

SCALE = 400.0 / math.log(10.0)  # points for a unit of strength, as in chess
MIDDLE = 1500.0  # mean rating
PRIOR = 1.0  # drawn games of each player against an average player, which keep ratings finite
ROUNDS = 50  # of Newton's method, which takes about six
SMALL = 1e-9
RESAMPLES = 400
INTERVAL = (2.5, 97.5)  # percentiles


@dataclass(frozen=True)
class Score:
    """The result of a game between two players, given by their numbers."""

    first: int
    second: int
    points: float  # of the first: 1 won, 0.5 drawn, 0 lost
    block: int = 0  # games with the same seed, which are resampled together


@dataclass(frozen=True)
class Table:
    """Ratings of all players, indexed by their numbers."""

    rating: np.ndarray  # (player,)
    low: np.ndarray  # of the interval (player,)
    high: np.ndarray
    points: np.ndarray  # of each player against each (player, player)
    games: np.ndarray  # (player, player)

    @property
    def share(self) -> np.ndarray:
        """Share of the points of each player against each, from 0 to 1; NaN where they have not met."""
        with np.errstate(invalid="ignore"):
            return self.points / np.where(self.games > 0, self.games, np.nan)


def fit(points: np.ndarray) -> np.ndarray:
    """Return ratings (..., player), given the points of each player against each (..., player, player)."""
    games = points + points.swapaxes(-1, -2)
    strength = np.zeros(points.shape[:-1])
    diagonal = np.arange(points.shape[-1])
    for _ in range(ROUNDS):
        expected = 1.0 / (1.0 + np.exp(strength[..., None, :] - strength[..., :, None]))
        average = 1.0 / (1.0 + np.exp(-strength))
        slope = (points - games * expected).sum(-1) + PRIOR * (0.5 - average)
        bend = games * expected * (1.0 - expected)
        matrix = -bend
        matrix[..., diagonal, diagonal] += bend.sum(-1) + PRIOR * average * (1.0 - average)
        step = np.linalg.solve(matrix, slope[..., None])[..., 0]
        strength = strength + np.clip(step, -1.0, 1.0)  # against divergence
        if np.abs(step).max(initial=0.0) < SMALL:
            break
    rating: np.ndarray = MIDDLE + SCALE * (strength - strength.mean(-1, keepdims=True))
    return rating


def rate(games: Sequence[Score], players: int, seed: int = 0) -> Table:
    """Return the table of some players; the same seed gives the same intervals."""
    blocks = sorted({(min(g.first, g.second), max(g.first, g.second), g.block) for g in games})
    number = {block: i for i, block in enumerate(blocks)}
    scored = np.zeros((len(blocks), players * players))
    for game in games:
        row = number[min(game.first, game.second), max(game.first, game.second), game.block]
        scored[row, game.first * players + game.second] += game.points
        scored[row, game.second * players + game.first] += 1.0 - game.points
    points = scored.sum(0).reshape(players, players)
    rating = low = high = fit(points)
    if blocks:
        rng = np.random.default_rng(seed)
        drawn = rng.multinomial(len(blocks), np.full(len(blocks), 1.0 / len(blocks)), RESAMPLES)
        ratings = fit((drawn @ scored).reshape(RESAMPLES, players, players))
        low, high = np.percentile(ratings, INTERVAL, axis=0)
    return Table(rating, np.minimum(low, rating), np.maximum(high, rating), points, points + points.T)
