"""Run to goal: two robots, each must get past the other to the line behind it.

The numbers are those of Bansal et al., "Emergent Complexity via Multi-Agent Competition" (2017).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from roboschool.errors import InvalidInput, check_range
from roboschool.games.observations import (
    FAR,
    GOAL_ENTRIES,
    LONG,
    NEUTRAL,
    Contender,
    column,
    goal_way,
    own_body,
    own_body_entries,
    thing_entries,
    things,
    together,
)
from roboschool.mdp.effects import Launch, Mark
from roboschool.mdp.game import DECIDED_BY_TIME, UNDECIDED, Game, GameState, GameUpdate
from roboschool.mdp.state import State

REASON, WEIGHT, LINE = range(3)  # columns of the memory
SCORE, RESULT, WAY = range(3)  # of the agent_stats
GOAL = 2  # a reason


@dataclass(frozen=True)
class RunToGoal(Game):
    """Who alone is past its line has won; both at once, or none in time, is a draw."""

    memory: ClassVar[tuple[str, ...]] = ("reason", "dense_weight", "line")
    agent_stats: ClassVar[tuple[str, ...]] = ("score", "result", "way")
    reasons: ClassVar[tuple[str, ...]] = ("", "time", "goal")
    reset_options: ClassVar[tuple[str, ...]] = ("line", "dense_weight")
    line: float = 4.0  # distance of both lines from the middle [m]
    win_reward: float = 1000.0  # for winning; losing costs as much, and so does it if nobody wins in time
    dense_weight: float = 1.0  # times everything else that is paid

    def __post_init__(self) -> None:
        """Check what the rules need.

        Raises:
            InvalidInput: there are not two agents, or a parameter is out of range.
        """
        if len(self.agents) != 2:
            raise InvalidInput(f"two run, not {len(self.agents)}")
        check_range("line", self.line, 0.5, 100.0)
        check_range("win_reward", self.win_reward, 0.0, 1e6)
        check_range("dense_weight", self.dense_weight, 0.0, 1e3)

    def begin(self, world: int, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray, Sequence[Launch]]:
        """Let the first run along +x, the other along -x."""
        memory = np.array([UNDECIDED, self.dense_weight, self.line])
        return memory, np.array([[0.0, 0.0, 1.0], [0.0, 0.0, -1.0]]), ()

    def judge(
        self, was: GameState, now: GameState, live: np.ndarray, rngs: Sequence[np.random.Generator]
    ) -> GameUpdate:
        """Say who is past its line."""
        memory, agent_stats = now.memory.copy(), now.agent_stats.copy()
        past = now.agents[..., 0] * agent_stats[..., WAY] > memory[:, LINE, None]
        over, late = past.any(axis=1), now.left <= 0.0
        memory[over | late, REASON] = np.where(over, GOAL, DECIDED_BY_TIME)[over | late]
        agent_stats[..., RESULT] = past * 1.0 - past[:, ::-1]
        points = self.win_reward * (agent_stats[..., RESULT] - (late & ~over)[:, None])
        agent_stats[..., SCORE] += points
        return GameUpdate(memory, agent_stats, points, over)

    def marks(self, now: GameState, world: int) -> Sequence[Mark]:
        """Return both lines."""
        line = float(now.memory[world, LINE])
        return [Mark((x, y, 0.0), 0.05, NEUTRAL) for x in (-line, line) for y in range(-5, 6)]


@dataclass(frozen=True)
class Player(Contender):
    """Run to the line. All that is seen is seen from the robot, along its own way, so both see the same of the same."""

    sees: ClassVar[frozenset[str]] = frozenset({"others", "game"})
    pays: ClassVar[dict[str, str]] = {
        "forward": "{forward:+g} x speed toward the line [m/s]",
        "near": "{near:+g} x distance to the line [m]",
        "effort": "{effort:+g} x sum of action squared",
        "standing": "{standing:+g} while it stands, as much less once it has fallen",
        "sparse": "what the game gives: +1000 for winning, -1000 for losing, or if nobody wins in time",
    }
    ends: ClassVar[str] = "one of the two is past its line"
    forward: float = 1.0  # times the speed toward the line [m/s]
    near: float = 0.0  # times the distance to the line [m]
    effort: float = -0.5  # times the sum of action squared
    standing: float = 1.0  # for every step inside the envelope of the robot's card; outside it costs as much

    def observe(self, now: State) -> np.ndarray:
        """Return own body, the way to the line, the other and its way, and the time (..., 21 + 2J + F)."""
        way = now.agent_stats[..., WAY]
        return together(
            [
                *own_body(now, self.robot),
                *goal_way(now, way),
                *things(now, now.others),
                column(now.game[..., LINE] + now.others[..., 0, 0] * way, 1.0 / FAR),
                column(now.left, 1.0 / LONG),
            ]
        )

    def reward(self, was: State, action: np.ndarray, now: State, dt: float) -> dict[str, np.ndarray]:
        """Return the dense terms, times their weight, and the sparse one."""
        weight, way = now.game[..., WEIGHT], now.agent_stats[..., WAY]
        return {
            "forward": weight * self.forward * now.drift[..., 0] * way,
            "near": weight * self.near * np.abs(now.game[..., LINE] - now.position[..., 0] * way),
            "effort": weight * self.effort * (action * action).sum(axis=-1),
            "standing": weight * self.standing * (2.0 * now.upright - 1.0),
            "sparse": now.points.copy(),
        }

    def entries(self) -> list[str]:
        """Return what each number of an observation is."""
        return [
            *own_body_entries(self.robot),
            *GOAL_ENTRIES,
            *thing_entries("the other"),
            "the other's distance to its line [5 m]",
            "steps left [500]",
        ]
