"""The race: distances, times at the line, and results; the rewards of a runner are those of its task."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, Any, ClassVar

import numpy as np

from roboschool.mdp.effects import Launch
from roboschool.mdp.game import DECIDED_BY_TIME, UNDECIDED, AgentStats, Game, GameState, GameUpdate, decide
from roboschool.mdp.needs import GameNeeds
from roboschool.mdp.record import Record, quantity
from roboschool.schema import Bounds

ALL_DOWN = 2  # a reason


class RaceMemory(Record):
    """What is remembered of a race."""

    reason: np.ndarray = quantity(doc="why the race is over: a place in `Game.reasons`")
    step: np.ndarray = quantity(doc="of the episode")


class RaceStats(AgentStats):
    """What is remembered of each runner."""

    place: np.ndarray = quantity(doc="1 for the first")
    finished: np.ndarray = quantity(unit="steps", doc="when it crossed the line; 0 if it has not")
    fell: np.ndarray = quantity(unit="steps", doc="when it fell; 0 if it has not")


@dataclass(frozen=True)
class Race(Game):
    """Ranks the runners that have crossed the line by time, then the others by distance.

    No race ends at the line: the results are there when the time is up, or when all have fallen. The first has 1, the
    last -1, those between are evenly spread, and who shares a place shares what it is worth; so the results sum to 0.
    The score is how far a runner has come, at most to the line [m].
    """

    memory: ClassVar[type[Record]] = RaceMemory
    agent_stats: ClassVar[type[Record]] = RaceStats
    reasons: ClassVar[tuple[str, ...]] = ("", "time", "fall")
    needs: ClassVar[GameNeeds] = GameNeeds(velocities=False)
    win_reward: Annotated[float, Bounds(0.0, 1e6)] = 0.0  # times the result, at the end, to tasks that use game_reward

    def reset(self, world: int, memory: Any, agent_stats: Any, rng: np.random.Generator) -> Sequence[Launch]:
        """Begin with every runner in the first place."""
        agent_stats.place[:] = 1.0
        return ()

    def update(
        self, previous: GameState, state: GameState, active: np.ndarray, rngs: Sequence[np.random.Generator]
    ) -> GameUpdate:
        """Record crossings of the line and falls; the time of a crossing is interpolated between two steps."""
        memory, agent_stats, rewards = state.memory.copy(), state.agent_stats.copy(), np.zeros(state.upright.shape)
        memory.step += 1.0
        finished, fell = agent_stats.finished, agent_stats.fell
        before, x = previous.agents.position[..., 0], state.agents.position[..., 0]
        if np.count_nonzero(state.upright) < state.upright.size:
            down = (state.upright == 0.0) & (fell == 0.0)
            fell[...] = np.where(down, memory.step[:, None], fell)
        crossing = (x >= self.scene.finish) & (finished == 0.0)
        if np.count_nonzero(crossing):
            times = memory.step[:, None] - (x - self.scene.finish) / np.maximum(x - before, 1e-9)
            finished[...] = np.where(crossing, times, finished)
        worth = x  # the higher the better; any time, which is never 0, is worth more than any way before the line
        if np.count_nonzero(finished):
            worth = np.where(finished > 0.0, self.scene.finish + 1.0 / np.maximum(finished, 1e-9), x)
        ahead = np.add.reduce(worth[:, None, :] > worth[:, :, None], axis=2)
        agent_stats.place[:] = ahead + 1
        time_is_up = state.steps_left <= 0.0
        decided = (memory.reason == UNDECIDED) & (time_is_up | (fell > 0.0).all(axis=1))
        if np.count_nonzero(decided):
            decide(memory, decided, np.where(time_is_up, DECIDED_BY_TIME, ALL_DOWN))
            behind = np.add.reduce(worth[:, None, :] < worth[:, :, None], axis=2)
            agent_stats.result[decided] = ((behind - ahead) / max(len(self.scene.agents) - 1, 1))[decided]
            agent_stats.score[decided] = np.where(finished > 0.0, self.scene.finish, x)[decided]
            rewards[decided] = self.win_reward * agent_stats.result[decided]
        return GameUpdate(memory, agent_stats, rewards, np.zeros(len(time_is_up), dtype=bool))
