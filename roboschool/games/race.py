"""The race: who is where, when each was over the line, and who has won; what a runner is paid is its task's."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from roboschool.errors import check_range
from roboschool.mdp.effects import Launch
from roboschool.mdp.game import DECIDED_BY_TIME, UNDECIDED, Game, GameState, GameUpdate

REASON, STEP = range(2)  # columns of the memory
SCORE, RESULT, PLACE, FINISHED, FELL = range(5)  # of the agent_stats
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
    agent_stats: ClassVar[tuple[str, ...]] = ("score", "result", "place", "finished", "fell")
    reasons: ClassVar[tuple[str, ...]] = ("", "time", "fall")
    follows: ClassVar[bool] = False
    teams: ClassVar[bool] = False
    win_reward: float = 0.0  # times the result, at the end, to those whose tasks pay what a game gives

    def __post_init__(self) -> None:
        """Check what the rules need.

        Raises:
            InvalidInput: a parameter is out of range.
        """
        check_range("win_reward", self.win_reward, 0.0, 1e6)

    def begin(self, world: int, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray, Sequence[Launch]]:
        """Begin with everybody in the first place."""
        agent_stats = np.zeros((len(self.agents), len(self.agent_stats)))
        agent_stats[:, PLACE] = 1.0
        return np.array([UNDECIDED, 0.0]), agent_stats, ()

    def judge(
        self, was: GameState, now: GameState, live: np.ndarray, rngs: Sequence[np.random.Generator]
    ) -> GameUpdate:
        """Take down who is over the line and who has fallen; a crossing lies between two steps, and is a fraction."""
        memory, agent_stats, points = now.memory.copy(), now.agent_stats.copy(), np.zeros(now.upright.shape)
        memory[:, STEP] += 1.0
        finished, fell = agent_stats[..., FINISHED], agent_stats[..., FELL]
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
        agent_stats[..., PLACE] = ahead + 1
        late = now.left <= 0.0
        decided = (memory[:, REASON] == UNDECIDED) & (late | (fell > 0.0).all(axis=1))
        if np.count_nonzero(decided):
            memory[decided, REASON] = np.where(late, DECIDED_BY_TIME, ALL_DOWN)[decided]
            behind = np.add.reduce(worth[:, None, :] < worth[:, :, None], axis=2)
            agent_stats[decided, :, RESULT] = ((behind - ahead) / max(len(self.agents) - 1, 1))[decided]
            agent_stats[decided, :, SCORE] = np.where(finished > 0.0, self.finish, x)[decided]
            points[decided] = self.win_reward * agent_stats[decided, :, RESULT]
        return GameUpdate(memory, agent_stats, points, np.zeros(len(late), dtype=bool))
