"""Push a box: two to four robots share a reward for getting a heavy box through a gate.

The reward is that of VMAS's transport, Bettini et al. (2022); the box is heavy enough that one ant fails.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Annotated, Any, ClassVar

import numpy as np

from roboschool.games.observations import (
    NEUTRAL,
    OWN_BODY,
    STEPS_LEFT,
    GroundPoints,
    Numbers,
    OneProp,
    OtherAgents,
    flat_distance,
)
from roboschool.games.player import GamePlayer, dense, sparse
from roboschool.mdp.effects import Launch, Marker, ring
from roboschool.mdp.game import DECIDED_BY_TIME, AgentStats, Game, GameMemory, GameState, GameUpdate, decide
from roboschool.mdp.needs import Needs
from roboschool.mdp.record import Record, quantity
from roboschool.mdp.scene_info import SceneInfo
from roboschool.mdp.sensor import Sensor
from roboschool.mdp.state import State
from roboschool.mdp.term import Term
from roboschool.schema import Bounds

GOAL = 2  # a reason
MATES = ("the next robot", "a third robot, or zeros", "a fourth robot, or zeros")


class BoxMemory(GameMemory):
    """What is remembered of a box."""

    target: np.ndarray = quantity(2, unit="m", frame="world", doc="where the middle of the box should be")


@dataclass(frozen=True)
class PushBox(Game):
    """All win when the box reaches the target; no one loses if it never does."""

    memory: ClassVar[type[Record]] = BoxMemory
    agent_stats: ClassVar[type[Record]] = AgentStats
    reasons: ClassVar[tuple[str, ...]] = ("", "time", "goal")
    agent_count: ClassVar[tuple[int, int]] = (2, 1 + len(MATES))
    reset_options: ClassVar[tuple[str, ...]] = ("target", "dense_weight")
    box: str = "box"  # the prop
    target: Annotated[tuple[float, float], Bounds(-100.0, 100.0)] = (6.0, 0.0)  # where its middle should be [m]
    near: Annotated[float, Bounds(0.01, 100.0)] = 0.5  # it is there within this [m]
    win_reward: Annotated[float, Bounds(0.0, 1e6)] = 100.0  # for that, each
    dense_weight: Annotated[float, Bounds(0.0, 1e3)] = 1.0  # times every other term

    @cached_property
    def _box(self) -> int:
        return self.scene.prop(self.box)

    def __post_init__(self) -> None:
        """Check what the rules need.

        Raises:
            InvalidInput: there are not two to four agents and a box, or a parameter is out of range.
        """
        super().__post_init__()
        self.scene.prop(self.box)

    def reset(self, world: int, memory: Any, agent_stats: Any, rng: np.random.Generator) -> Sequence[Launch]:
        """Remember the target."""
        memory.dense_weight[...], memory.target[:] = self.dense_weight, self.target
        return ()

    def update(
        self, previous: GameState, state: GameState, active: np.ndarray, rngs: Sequence[np.random.Generator]
    ) -> GameUpdate:
        """Decide whether the box is at the target."""
        memory, agent_stats = state.memory.copy(), state.agent_stats.copy()
        over = flat_distance(state.props.position[:, self._box], memory.target) < self.near
        time_is_up = state.steps_left <= 0.0
        decide(memory, over | time_is_up, np.where(over, GOAL, DECIDED_BY_TIME))
        agent_stats.result[:] = over[:, None]
        rewards = self.win_reward * agent_stats.result
        agent_stats.score += rewards
        return GameUpdate(memory, agent_stats, rewards, over)

    def markers(self, state: GameState, world: int) -> Sequence[Marker]:
        """Return a ring around the target."""
        x, y = state.memory.target[world].tolist()
        return [ring(x, y, self.near, NEUTRAL)]


@dataclass(frozen=True)
class Player(GamePlayer):
    """Push the box. All is observed from the robot; the other robots are in the order of the scene."""

    needs: ClassVar[Needs] = Needs(props=True, game=True)
    box: str = "box"  # the prop

    def sensors(self, scene: SceneInfo) -> Sequence[Sensor]:
        """Return own body, the box, the others, the target and the time."""
        return (
            *OWN_BODY,
            OneProp(("the box",), scene.prop(self.box)),
            OtherAgents(MATES),
            GroundPoints(("the target",), lambda state: state.game.target[..., None, :]),
            Numbers((STEPS_LEFT,)),
        )

    def rewards(self, scene: SceneInfo) -> Sequence[Term]:
        """Return the dense term and the sparse one."""
        box = scene.prop(self.box)

        def progress(previous: State, action: np.ndarray, state: State, dt: float) -> np.ndarray:
            before, now = previous.props.position[..., box, :], state.props.position[..., box, :]
            return flat_distance(before, state.game.target) - flat_distance(now, state.game.target)

        return (
            dense("progress", 100.0, "what the box came nearer to the target, the same to all", progress, "m"),
            sparse("game reward: +100 when the box is at the target, to all"),
        )

    @property
    def termination(self) -> str:
        """When the game ends."""
        return "the box is at the target"
