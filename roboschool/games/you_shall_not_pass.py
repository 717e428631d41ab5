"""You shall not pass: a runner must get to the line behind a blocker, who must stop it and stay on its feet.

The numbers are those of Bansal et al., "Emergent Complexity via Multi-Agent Competition" (2017).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from roboschool.errors import check_range
from roboschool.games import run_to_goal
from roboschool.games.run_to_goal import GOAL, LINE, REASON, RESULT, SCORE, WAY, WEIGHT, RunToGoal
from roboschool.mdp.effects import Mark
from roboschool.mdp.game import DECIDED_BY_TIME, GameState, GameUpdate
from roboschool.mdp.state import State

FALL = 3  # a reason
RUNNER, BLOCKER = range(2)  # agents


@dataclass(frozen=True)
class YouShallNotPass(RunToGoal):
    """The first runs along +x. If it goes down or is late, it has lost to a blocker that stands; else nobody has won.

    Without that a blocker learns to throw itself into the way.
    """

    reasons: ClassVar[tuple[str, ...]] = ("", "time", "goal", "fall")
    down: float = 0.3  # height of the trunk at which the runner is down [m]

    def __post_init__(self) -> None:
        """Check what the rules need.

        Raises:
            InvalidInput: there are not two agents, or a parameter is out of range.
        """
        super().__post_init__()
        check_range("down", self.down, 0.0, 100.0)

    def judge(
        self, was: GameState, now: GameState, live: np.ndarray, rngs: Sequence[np.random.Generator]
    ) -> GameUpdate:
        """Say whether the runner is through, or down, or late."""
        memory, agent_stats = now.memory.copy(), now.agent_stats.copy()
        past = now.agents[:, RUNNER, 0] > memory[:, LINE]
        down = (now.agents[:, RUNNER, 2] <= self.down) & ~past
        late = (now.left <= 0.0) & ~past & ~down
        stopped = down | late
        held = stopped & (now.upright[:, BLOCKER] > 0.0)
        ended = past | stopped
        memory[ended, REASON] = np.where(past, GOAL, np.where(down, FALL, DECIDED_BY_TIME))[ended]
        agent_stats[:, RUNNER, RESULT] = past * 1.0 - held
        agent_stats[:, BLOCKER, RESULT] = held * 1.0 - past
        points = self.win_reward * agent_stats[..., RESULT]
        points[:, RUNNER] = self.win_reward * (past * 1.0 - stopped)
        agent_stats[..., SCORE] += points
        return GameUpdate(memory, agent_stats, points, past | down)

    def marks(self, now: GameState, world: int) -> Sequence[Mark]:
        """Return the runner's line."""
        return [mark for mark in super().marks(now, world) if mark.position[0] > 0.0]


@dataclass(frozen=True)
class Player(run_to_goal.Player):
    """Run to the line, or keep the other from its own; what is seen is what a player of run to goal sees."""

    pays: ClassVar[dict[str, str]] = {
        **run_to_goal.Player.pays,
        "guard": "{guard:+g} x distance of the other to its line [m]",
        "sparse": "what the game gives: to the runner +1000 if it is through, -1000 if it is down or late; "
        "to the blocker -1000 or, if it then stands, +1000",
    }
    ends: ClassVar[str] = "the runner is past its line, or down"
    guard: float = 0.0  # times the distance of the other to its line [m]

    def reward(self, was: State, action: np.ndarray, now: State, dt: float) -> dict[str, np.ndarray]:
        """Return the dense terms, times their weight, and the sparse one."""
        far = np.abs(now.game[..., LINE] + now.others[..., 0, 0] * now.agent_stats[..., WAY])
        return super().reward(was, action, now, dt) | {"guard": now.game[..., WEIGHT] * self.guard * far}
