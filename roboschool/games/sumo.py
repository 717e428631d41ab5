"""Sumo: two robots in a ring; a robot that leaves it or falls loses.

The numbers are those of Bansal et al., "Emergent Complexity via Multi-Agent Competition" (2017).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, Any, ClassVar

import numpy as np

from roboschool.distributions import Number, draw
from roboschool.errors import InvalidInput
from roboschool.games.observations import (
    DISTANCE,
    NEUTRAL,
    OWN_BODY,
    STEPS_LEFT,
    OtherAgents,
    distance_field,
    flat_distance,
)
from roboschool.games.player import GamePlayer, dense, effort, sparse, standing
from roboschool.mdp.effects import Launch, Marker, ring
from roboschool.mdp.game import DECIDED_BY_TIME, AgentStats, Game, GameMemory, GameState, GameUpdate, decide
from roboschool.mdp.needs import GameNeeds, Needs
from roboschool.mdp.record import Record, quantity
from roboschool.mdp.scene_info import SceneInfo
from roboschool.mdp.sensor import Field, Sensor
from roboschool.mdp.state import State
from roboschool.mdp.term import Term
from roboschool.robots.robot import Robot
from roboschool.schema import Bounds

FALL, OUT = 2, 3  # reasons


class SumoMemory(GameMemory):
    """What is remembered of a fight."""

    radius: np.ndarray = quantity(unit="m", doc="of the ring")
    touched: np.ndarray = quantity(doc="1 once the two have touched")


@dataclass(frozen=True)
class Sumo(Game):
    """A robot that is out of the ring or has fallen loses; the other is rewarded only if the two have touched."""

    memory: ClassVar[type[Record]] = SumoMemory
    agent_stats: ClassVar[type[Record]] = AgentStats
    reasons: ClassVar[tuple[str, ...]] = ("", "time", "fall", "out")
    needs: ClassVar[GameNeeds] = GameNeeds(contacts=True)
    agent_count: ClassVar[tuple[int, int]] = (2, 2)
    reset_options: ClassVar[tuple[str, ...]] = ("radius", "dense_weight")
    needs_level_ground: ClassVar[bool] = True
    radius: Annotated[Number, Bounds(0.5, 100.0)] = (2.5, 4.5)  # of the ring [m]
    # height of the trunk at which a robot is down: one for both, or one each [m]
    down: Annotated[tuple[float, ...], Bounds(0.0, 100.0)] = (0.3,)
    win_reward: Annotated[float, Bounds(0.0, 1e6)] = 1000.0  # for winning; losing costs as much, and so does a draw
    dense_weight: Annotated[float, Bounds(0.0, 1e3)] = 1.0  # times every other term

    def __post_init__(self) -> None:
        """Check agents and parameters.

        Raises:
            InvalidInput: there are not two agents, or a parameter is wrong.
        """
        super().__post_init__()
        if len(self.down) not in (1, 2):
            raise InvalidInput(f"down: {len(self.down)} heights for two robots")

    def reset(self, world: int, memory: Any, agent_stats: Any, rng: np.random.Generator) -> Sequence[Launch]:
        """Draw the ring."""
        memory.radius[...], memory.dense_weight[...] = draw(self.radius, rng), self.dense_weight
        return ()

    def update(
        self, previous: GameState, state: GameState, active: np.ndarray, rngs: Sequence[np.random.Generator]
    ) -> GameUpdate:
        """Decide which robots have fallen or are out; both at once, or none in time, is a draw."""
        memory, agent_stats = state.memory.copy(), state.agent_stats.copy()
        memory.touched[:] = np.maximum(memory.touched, state.contacts[:, 0, 1])
        position = state.agents.position
        away = np.hypot(position[..., 0], position[..., 1])
        down, out = position[..., 2] < np.array(self.down), away > memory.radius[:, None]
        lost = down | out
        time_is_up = state.steps_left <= 0.0
        over = lost.any(axis=1) | time_is_up
        drawn = over & (lost.all(axis=1) | ~lost.any(axis=1))
        won = lost[:, ::-1] & ~lost
        decide(memory, over, np.where(down.any(axis=1), FALL, np.where(out.any(axis=1), OUT, DECIDED_BY_TIME)))
        agent_stats.result[:] = won * 1.0 - (lost & ~drawn[:, None])
        rewards = self.win_reward * (won * memory.touched[:, None] - (lost | drawn[:, None]))
        agent_stats.score += rewards
        return GameUpdate(memory, agent_stats, rewards, lost.any(axis=1))

    def markers(self, state: GameState, world: int) -> Sequence[Marker]:
        """Return the ring."""
        return [ring(0.0, 0.0, float(state.memory.radius[world]), NEUTRAL)]


@dataclass(frozen=True)
class Ring(Sensor):
    """Where the ring is, how near both are to its edge, how much time is left, and whether the two have touched."""

    def fields(self, robot: Robot, scene: SceneInfo) -> Sequence[Field]:
        """Return seven numbers."""
        names = (
            "the middle of the ring, forward",
            "the middle of the ring, left",
            "radius of the ring",
            "own distance to its edge",
            "the other's distance to its edge",
        )
        return *map(distance_field, names), STEPS_LEFT[0], Field("1 once the two have touched")

    def needs(self) -> Needs:
        """Return that it needs game and other."""
        return Needs(others=True, game=True)

    def read(self, previous: State, action: np.ndarray, state: State, dt: float) -> np.ndarray:
        """Return them (..., 7)."""
        x, y = 0.0 - state.position[..., 0], 0.0 - state.position[..., 1]
        left, forward = state.world_x_direction[..., 0], state.world_x_direction[..., 1]
        ahead, aside, radius = forward * x - left * y, left * x + forward * y, state.game.radius
        numbers = np.empty((*radius.shape, 7))
        numbers[..., 0], numbers[..., 1] = ahead / DISTANCE, aside / DISTANCE
        numbers[..., 2], numbers[..., 3] = radius, radius - np.hypot(ahead, aside)
        numbers[..., 4] = radius - _other_away(state)
        numbers[..., 2:5] *= 1.0 / DISTANCE
        numbers[..., 5], numbers[..., 6] = STEPS_LEFT[1](state), state.game.touched
        return numbers


@dataclass(frozen=True)
class Player(GamePlayer):
    """Wrestle. Everything is observed from the robot, so that mirrored situations look the same."""

    needs: ClassVar[Needs] = Needs(others=True, game=True)

    def sensors(self, scene: SceneInfo) -> Sequence[Sensor]:
        """Return own body, the other, and the ring."""
        return *OWN_BODY, OtherAgents(("the other",)), Ring()

    def rewards(self, scene: SceneInfo) -> Sequence[Term]:
        """Return the dense terms and the sparse one."""

        def centre(previous: State, action: np.ndarray, state: State, dt: float) -> np.ndarray:
            return np.hypot(state.position[..., 0], state.position[..., 1])

        def push(previous: State, action: np.ndarray, state: State, dt: float) -> np.ndarray:
            return (_other_away(state) - _other_away(previous)) / dt

        return (
            dense("centre", -1.0, "distance to the middle of the ring", centre, "m"),
            effort(-0.1),
            dense("push", 0.0, "speed at which the other leaves the middle: a hint for learners", push, "m/s"),
            standing(5.0),
            sparse("game reward: +1000 for winning after a touch, -1000 for losing or a draw"),
        )

    @property
    def termination(self) -> str:
        """When the game ends."""
        return "one of the two leaves the ring or falls"


def _other_away(state: State) -> np.ndarray:
    """Return how far the other is from the middle [m] (...)."""
    return flat_distance(state.others.position[..., 0, :], np.zeros(2))
