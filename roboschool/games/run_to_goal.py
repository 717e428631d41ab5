"""Run to goal: two robots, each must get past the other to the line behind it.

The numbers are those of Bansal et al., "Emergent Complexity via Multi-Agent Competition" (2017).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, Any, ClassVar

import numpy as np

from roboschool.games.observations import (
    DISTANCE,
    NEUTRAL,
    OWN_BODY,
    STEPS_LEFT,
    GoalDirection,
    Numbers,
    OtherAgents,
    distance_field,
)
from roboschool.games.player import GamePlayer, dense, effort, sparse, standing
from roboschool.mdp.effects import Launch, Marker, straight
from roboschool.mdp.game import DECIDED_BY_TIME, AgentStats, Game, GameMemory, GameState, GameUpdate, decide
from roboschool.mdp.needs import Needs
from roboschool.mdp.record import Record, quantity
from roboschool.mdp.scene_info import SceneInfo
from roboschool.mdp.sensor import Sensor
from roboschool.mdp.state import State
from roboschool.mdp.term import Term
from roboschool.schema import Bounds

GOAL = 2  # a reason


class GoalMemory(GameMemory):
    """What is remembered of a run to goal."""

    line: np.ndarray = quantity(unit="m", doc="distance of both lines from the middle")


class GoalStats(AgentStats):
    """What is remembered of each robot."""

    way: np.ndarray = quantity(doc="1 if its line is at +x, -1 if it is at -x")


@dataclass(frozen=True)
class RunToGoal(Game):
    """The only robot past its line wins; both at once, or none in time, is a draw."""

    memory: ClassVar[type[Record]] = GoalMemory
    agent_stats: ClassVar[type[Record]] = GoalStats
    reasons: ClassVar[tuple[str, ...]] = ("", "time", "goal")
    agent_count: ClassVar[tuple[int, int]] = (2, 2)
    reset_options: ClassVar[tuple[str, ...]] = ("line", "dense_weight")
    line: Annotated[float, Bounds(0.5, 100.0)] = 4.0  # distance of both lines from the middle [m]
    # for winning; losing costs as much, and so does it if neither wins in time
    win_reward: Annotated[float, Bounds(0.0, 1e6)] = 1000.0
    dense_weight: Annotated[float, Bounds(0.0, 1e3)] = 1.0  # times every other term

    def reset(self, world: int, memory: Any, agent_stats: Any, rng: np.random.Generator) -> Sequence[Launch]:
        """Let the first run along +x, the other along -x."""
        memory.dense_weight[...], memory.line[...] = self.dense_weight, self.line
        agent_stats.way[:] = 1.0, -1.0
        return ()

    def update(
        self, previous: GameState, state: GameState, active: np.ndarray, rngs: Sequence[np.random.Generator]
    ) -> GameUpdate:
        """Decide which robots are past their lines."""
        memory, agent_stats = state.memory.copy(), state.agent_stats.copy()
        past = state.agents.position[..., 0] * agent_stats.way > memory.line[:, None]
        over, time_is_up = past.any(axis=1), state.steps_left <= 0.0
        decide(memory, over | time_is_up, np.where(over, GOAL, DECIDED_BY_TIME))
        agent_stats.result[:] = past * 1.0 - past[:, ::-1]
        rewards = self.win_reward * (agent_stats.result - (time_is_up & ~over)[:, None])
        agent_stats.score += rewards
        return GameUpdate(memory, agent_stats, rewards, over)

    def markers(self, state: GameState, world: int) -> Sequence[Marker]:
        """Return both lines."""
        line = float(state.memory.line[world])
        return [straight((x, -5.0), (x, 5.0), NEUTRAL) for x in (-line, line)]


@dataclass(frozen=True)
class Player(GamePlayer):
    """Run to the line. Everything is observed along the robot's own way, so that mirrored situations look the same."""

    needs: ClassVar[Needs] = Needs(others=True, game=True)

    def sensors(self, scene: SceneInfo) -> Sequence[Sensor]:
        """Return own body, the way to the line, the other and its way, and the time."""
        return (
            *OWN_BODY,
            GoalDirection(),
            OtherAgents(("the other",)),
            Numbers(
                (
                    (
                        distance_field("the other's distance to its line"),
                        lambda state: _other_to_line(state) * (1.0 / DISTANCE),
                    ),
                    STEPS_LEFT,
                )
            ),
        )

    def rewards(self, scene: SceneInfo) -> Sequence[Term]:
        """Return the dense terms and the sparse one."""

        def forward(previous: State, action: np.ndarray, state: State, dt: float) -> np.ndarray:
            return state.world_velocity[..., 0] * state.agent_stats.way

        def near(previous: State, action: np.ndarray, state: State, dt: float) -> np.ndarray:
            return np.abs(state.game.line - state.position[..., 0] * state.agent_stats.way)

        return (
            dense("forward", 1.0, "speed toward the line", forward, "m/s"),
            dense("near", 0.0, "distance to the line", near, "m"),
            effort(-0.5),
            standing(1.0),
            sparse("game reward: +1000 for winning, -1000 for losing, or if neither wins in time"),
        )

    @property
    def termination(self) -> str:
        """When the game ends."""
        return "one of the two passes its line"


def _other_to_line(state: State) -> np.ndarray:
    """Return how far the other has to go to its line [m] (...)."""
    return state.game.line + state.others.position[..., 0, 0] * state.agent_stats.way
