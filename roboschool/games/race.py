"""The race: who is where, when each was over the line, and who has won; what a runner is paid is its task's."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from roboschool.errors import check_range
from roboschool.mdp.effects import Throw
from roboschool.mdp.game import DECIDED_BY_TIME, UNDECIDED, Arena, Game, Verdict

REASON, STEP = range(2)  # columns of the memory
SCORE, RESULT, PLACE, FINISHED, FELL = range(5)  # of the tally
ALL_DOWN = 2  # a reason
X = 0  # in the place of a trunk


@dataclass(frozen=True)
class Race(Game):
    """Those over the line by their time, then the others by how far they have come.

    No race ends at the line: the results are there when the time is up, or when all have fallen. The first has 1, the
    last -1, those between are evenly spread, and who shares a place shares what it is worth; so the results sum to 0.
    The score is how far somebody has come, at most to the line [m].
    """

    memory: ClassVar[tuple[str, ...]] = ("reason", "step")
    tally: ClassVar[tuple[str, ...]] = ("score", "result", "place", "finished", "fell")
    reasons: ClassVar[tuple[str, ...]] = ("", "time", "fall")
    follows: ClassVar[bool] = False
    teams: ClassVar[bool] = False
    prize: float = 0.0  # times the result, at the end, to those whose tasks pay what a game gives

    def __post_init__(self) -> None:
        """Check what the rules need.

        Raises:
            InvalidInput: a parameter is out of range.
        """
        check_range("prize", self.prize, 0.0, 1e6)

    def begin(self, world: int, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray, Sequence[Throw]]:
        """Begin with everybody in the first place."""
        tally = np.zeros((len(self.agents), len(self.tally)))
        tally[:, PLACE] = 1.0
        return np.array([UNDECIDED, 0.0]), tally, ()

    def judge(self, was: Arena, now: Arena, live: np.ndarray, rngs: Sequence[np.random.Generator]) -> Verdict:
        """Take down who is over the line and who has fallen; a crossing lies between two steps, and is a fraction."""
        memory, tally, points = now.memory.copy(), now.tally.copy(), np.zeros(now.upright.shape)
        memory[:, STEP] += 1.0
        finished, fell = tally[..., FINISHED], tally[..., FELL]
        before, x = was.agents[..., X], now.agents[..., X]
        if np.count_nonzero(now.upright) < now.upright.size:
            down = (now.upright == 0.0) & (fell == 0.0)
            fell[...] = np.where(down, memory[:, STEP, None], fell)
        crossing = (x >= self.finish) & (finished == 0.0)
        if np.count_nonzero(crossing):
            times = memory[:, STEP, None] - (x - self.finish) / np.maximum(x - before, 1e-9)
            finished[...] = np.where(crossing, times, finished)
        worth = x  # the higher the better; any time, which is never 0, is worth more than any way before the line
        if np.count_nonzero(finished):
            worth = np.where(finished > 0.0, self.finish + 1.0 / np.maximum(finished, 1e-9), x)
        ahead = np.add.reduce(worth[:, None, :] > worth[:, :, None], axis=2)
        tally[..., PLACE] = ahead + 1
        late = now.left <= 0.0
        decided = (memory[:, REASON] == UNDECIDED) & (late | (fell > 0.0).all(axis=1))
        if np.count_nonzero(decided):
            memory[decided, REASON] = np.where(late, DECIDED_BY_TIME, ALL_DOWN)[decided]
            behind = np.add.reduce(worth[:, None, :] < worth[:, :, None], axis=2)
            tally[decided, :, RESULT] = ((behind - ahead) / max(len(self.agents) - 1, 1))[decided]
            tally[decided, :, SCORE] = np.where(finished > 0.0, self.finish, x)[decided]
            points[decided] = self.prize * tally[decided, :, RESULT]
        return Verdict(memory, tally, points, np.zeros(len(late), dtype=bool))
