"""Carry a beam: it lies on the backs of two robots, which share a reward for taking it along.

The idea is that of Gymnasium-Robotics' CoupledHalfCheetah; the numbers are ours.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Annotated, Any, ClassVar

import numpy as np

from roboschool.games.observations import (
    DISTANCE,
    NEUTRAL,
    OWN_BODY,
    STEPS_LEFT,
    Numbers,
    OneProp,
    OtherAgents,
    distance_field,
)
from roboschool.games.player import GamePlayer, dense, sparse
from roboschool.mdp.effects import Launch, Marker, straight
from roboschool.mdp.game import DECIDED_BY_TIME, AgentStats, Game, GameMemory, GameState, GameUpdate, decide
from roboschool.mdp.needs import Needs
from roboschool.mdp.record import Record, quantity
from roboschool.mdp.scene_info import SceneInfo
from roboschool.mdp.sensor import Field, Sensor
from roboschool.mdp.state import State
from roboschool.mdp.term import Term
from roboschool.schema import Bounds

GOAL, DROP = 2, 3  # reasons


class BeamMemory(GameMemory):
    """What is remembered of a walk with a beam."""

    line: np.ndarray = quantity(unit="m", doc="x that the middle of the beam must pass")


@dataclass(frozen=True)
class CarryBeam(Game):
    """Both win when the beam passes the line, and lose when its middle or an end is low."""

    memory: ClassVar[type[Record]] = BeamMemory
    agent_stats: ClassVar[type[Record]] = AgentStats
    reasons: ClassVar[tuple[str, ...]] = ("", "time", "goal", "drop")
    agent_count: ClassVar[tuple[int, int]] = (2, 2)
    reset_options: ClassVar[tuple[str, ...]] = ("line", "dense_weight")
    needs_level_ground: ClassVar[bool] = True
    beam: str = "beam"  # the prop; it is long along its x axis
    line: Annotated[float, Bounds(0.1, 100.0)] = 10.0  # x that the middle of the beam must pass [m]
    length: Annotated[float, Bounds(0.1, 100.0)] = 3.0  # of the beam [m]
    # height of its lower end at which it is dropped [m]; an ant's back is at 0.5 and more
    min_height: Annotated[float, Bounds(0.0, 100.0)] = 0.4
    win_reward: Annotated[float, Bounds(0.0, 1e6)] = 100.0  # for passing the line, each; dropping costs as much
    dense_weight: Annotated[float, Bounds(0.0, 1e3)] = 1.0  # times every other term

    @cached_property
    def _beam(self) -> int:
        return self.scene.prop(self.beam)

    def __post_init__(self) -> None:
        """Check what the rules need.

        Raises:
            InvalidInput: there are not two agents and a beam, or a parameter is out of range.
        """
        super().__post_init__()
        self.scene.prop(self.beam)

    def reset(self, world: int, memory: Any, agent_stats: Any, rng: np.random.Generator) -> Sequence[Launch]:
        """Remember the line."""
        memory.dense_weight[...], memory.line[...] = self.dense_weight, self.line
        return ()

    def update(
        self, previous: GameState, state: GameState, active: np.ndarray, rngs: Sequence[np.random.Generator]
    ) -> GameUpdate:
        """Decide whether the beam is past the line or dropped; beyond the line a drop is too late to matter."""
        memory, agent_stats = state.memory.copy(), state.agent_stats.copy()
        position, slope = state.props.position[:, self._beam], state.props.x_direction[:, self._beam, 2]
        past = position[:, 0] > memory.line
        dropped = ~past & (position[:, 2] - self.length / 2.0 * np.abs(slope) < self.min_height)
        over, time_is_up = past | dropped, state.steps_left <= 0.0
        decide(memory, over | time_is_up, np.where(past, GOAL, np.where(dropped, DROP, DECIDED_BY_TIME)))
        agent_stats.result[:] = (past * 1.0 - dropped)[:, None]
        rewards = self.win_reward * agent_stats.result
        agent_stats.score += rewards
        return GameUpdate(memory, agent_stats, rewards, over)

    def markers(self, state: GameState, world: int) -> Sequence[Marker]:
        """Return the line."""
        line = float(state.memory.line[world])
        return [straight((line, -2.0), (line, 2.0), NEUTRAL)]


@dataclass(frozen=True)
class Player(GamePlayer):
    """Carry the beam along +x. Everything is observed from the robot, so that mirrored situations look the same."""

    needs: ClassVar[Needs] = Needs(props=True, game=True)
    beam: str = "beam"  # the prop

    def sensors(self, scene: SceneInfo) -> Sequence[Sensor]:
        """Return own body, the beam, the other, the way to go and the time."""
        beam, scale = scene.prop(self.beam), 1.0 / DISTANCE
        return (
            *OWN_BODY,
            OneProp(("the beam",), beam),
            OtherAgents(("the other",)),
            Numbers(
                (
                    (Field("sine of the angle to the line"), lambda state: state.world_x_direction[..., 0]),
                    (Field("cosine of the angle to the line"), lambda state: state.world_x_direction[..., 1]),
                    (
                        distance_field("own position to the left of the way"),
                        lambda state: state.position[..., 1] * scale,
                    ),
                    (
                        distance_field("the beam's distance to the line"),
                        lambda state: (state.game.line - state.props.position[..., beam, 0]) * scale,
                    ),
                    STEPS_LEFT,
                ),
                Needs(props=True, game=True),
            ),
        )

    def rewards(self, scene: SceneInfo) -> Sequence[Term]:
        """Return the dense terms and the sparse one."""
        beam = scene.prop(self.beam)

        def progress(previous: State, action: np.ndarray, state: State, dt: float) -> np.ndarray:
            return state.props.position[..., beam, 0] - previous.props.position[..., beam, 0]

        def tilt(previous: State, action: np.ndarray, state: State, dt: float) -> np.ndarray:
            return np.abs(state.props.x_direction[..., beam, 2])

        return (
            dense("progress", 10.0, "way of the beam toward the line, the same to both", progress, "m"),
            dense("tilt", -0.1, "sine of the beam's tilt, the same to both", tilt),
            sparse("game reward, to both: +100 when the beam is past the line, -100 when it is dropped"),
        )

    @property
    def termination(self) -> str:
        """When the game ends."""
        return "the beam passes the line or is dropped"
