"""You shall not pass: a runner must get to the line behind a blocker, which must stop it and stay on its feet.

The numbers are those of Bansal et al., "Emergent Complexity via Multi-Agent Competition" (2017).
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Annotated, ClassVar

import numpy as np

from roboschool.games import run_to_goal
from roboschool.games.player import dense
from roboschool.games.run_to_goal import GOAL, RunToGoal
from roboschool.mdp.effects import Marker
from roboschool.mdp.game import DECIDED_BY_TIME, GameState, GameUpdate, decide
from roboschool.mdp.scene_info import SceneInfo
from roboschool.mdp.state import State
from roboschool.mdp.term import Term
from roboschool.schema import Bounds

FALL = 3  # a reason
RUNNER, BLOCKER = range(2)  # agents


@dataclass(frozen=True)
class YouShallNotPass(RunToGoal):
    """The first runs along +x. If it falls or is late, it loses to a blocker that stands; otherwise no one wins.

    Without that rule, blockers learn to fall into the runner's way.
    """

    reasons: ClassVar[tuple[str, ...]] = ("", "time", "goal", "fall")
    down: Annotated[float, Bounds(0.0, 100.0)] = 0.3  # height of the trunk at which the runner is down [m]

    def update(
        self, previous: GameState, state: GameState, active: np.ndarray, rngs: Sequence[np.random.Generator]
    ) -> GameUpdate:
        """Decide whether the runner is through, has fallen, or is late."""
        memory, agent_stats = state.memory.copy(), state.agent_stats.copy()
        runner = state.agents.position[:, RUNNER]
        past = runner[:, 0] > memory.line
        down = (runner[:, 2] <= self.down) & ~past
        late = (state.steps_left <= 0.0) & ~past & ~down
        stopped = down | late
        held = stopped & (state.upright[:, BLOCKER] > 0.0)
        decide(memory, past | stopped, np.where(past, GOAL, np.where(down, FALL, DECIDED_BY_TIME)))
        agent_stats.result[:, RUNNER] = past * 1.0 - held
        agent_stats.result[:, BLOCKER] = held * 1.0 - past
        rewards = self.win_reward * agent_stats.result
        rewards[:, RUNNER] = self.win_reward * (past * 1.0 - stopped)
        agent_stats.score += rewards
        return GameUpdate(memory, agent_stats, rewards, past | down)

    def markers(self, state: GameState, world: int) -> Sequence[Marker]:
        """Return the runner's line."""
        return [marker for marker in super().markers(state, world) if marker.position[0] > 0.0]


@dataclass(frozen=True)
class Player(run_to_goal.Player):
    """Run to the line, or keep the other from its own; a player of run to goal observes the same."""

    def rewards(self, scene: SceneInfo) -> Sequence[Term]:
        """Return the dense terms and the sparse one."""

        def guard(previous: State, action: np.ndarray, state: State, dt: float) -> np.ndarray:
            return np.abs(state.game.line + state.others.position[..., 0, 0] * state.agent_stats.way)

        doc = (
            "game reward: to the runner +1000 if it is through, -1000 if it is down or late; "
            "to the blocker -1000 or, if it then stands, +1000"
        )
        terms = [replace(term, doc=doc) if term.name == "sparse" else term for term in super().rewards(scene)]
        return *terms, dense("guard", 0.0, "distance of the other to its line", guard, "m")

    @property
    def termination(self) -> str:
        """When the game ends."""
        return "the runner passes its line or falls"
