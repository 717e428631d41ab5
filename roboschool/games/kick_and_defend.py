"""Kick and defend: a kicker must get a ball over a line between two posts, and a keeper must prevent it.

The numbers are those of Bansal et al., "Emergent Complexity via Multi-Agent Competition" (2017). Our additions:
a ball over the line beside the posts is saved, and so is one that stops after it has been kicked.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Annotated, Any, ClassVar

import numpy as np

from roboschool.distributions import Number, check_number, draw
from roboschool.games.observations import (
    COLOURS,
    DISTANCE,
    NEUTRAL,
    OWN_BODY,
    STEPS_LEFT,
    Ball,
    GroundPoints,
    Numbers,
    OtherAgents,
    distance_field,
)
from roboschool.games.player import GamePlayer, dense, effort, sparse
from roboschool.mdp.effects import Launch, Marker, post, straight
from roboschool.mdp.game import DECIDED_BY_TIME, AgentStats, Game, GameMemory, GameState, GameUpdate, decide
from roboschool.mdp.needs import GameNeeds, Needs
from roboschool.mdp.record import Record, quantity
from roboschool.mdp.scene_info import SceneInfo
from roboschool.mdp.sensor import Field, Sensor
from roboschool.mdp.state import State
from roboschool.mdp.term import Term
from roboschool.schema import Bounds

GOAL, WIDE, BACK, STALLED, FOUL = range(2, 7)  # reasons
KICKER, KEEPER = range(2)  # agents
RADIUS = 0.2  # of the ball [m]
TALL = 1.2  # height of a post [m]
STANDING_SPEED = 0.1  # a ball slower than this stands [m/s]


class KickMemory(GameMemory):
    """What is remembered of a kick."""

    kicked: np.ndarray = quantity(doc="1 once the kicker has touched the ball")
    touched: np.ndarray = quantity(doc="1 once the keeper has touched the ball")
    still: np.ndarray = quantity(unit="steps", doc="that a kicked ball has stood")
    line: np.ndarray = quantity(unit="m", doc="x of the goal")
    wide: np.ndarray = quantity(unit="m", doc="distance of its posts from its middle")
    zone: np.ndarray = quantity(unit="m", doc="how near to the line the keeper must stay")


@dataclass(frozen=True)
class KickAndDefend(Game):
    """The kicker, the first agent, wins with a goal, or if the keeper leaves its zone; otherwise the keeper wins."""

    memory: ClassVar[type[Record]] = KickMemory
    agent_stats: ClassVar[type[Record]] = AgentStats
    reasons: ClassVar[tuple[str, ...]] = ("", "time", "goal", "wide", "back", "stalled", "foul")
    needs: ClassVar[GameNeeds] = GameNeeds(contacts=True)
    agent_count: ClassVar[tuple[int, int]] = (2, 2)
    reset_options: ClassVar[tuple[str, ...]] = ("ball_x", "ball_y", "dense_weight")
    ball: str = "ball"  # the prop
    ball_x: Annotated[Number, Bounds(-100.0, 100.0)] = (-2.0, 1.0)  # where the ball begins [m]
    ball_y: Annotated[Number, Bounds(-100.0, 100.0)] = (-4.0, 4.0)
    line: Annotated[float, Bounds(0.5, 100.0)] = 4.0  # x of the goal [m]
    wide: Annotated[float, Bounds(0.1, 100.0)] = 3.0  # distance of its posts from its middle [m]
    zone: Annotated[float, Bounds(0.1, 100.0)] = 2.5  # the keeper stays this near to the line [m]
    back: Annotated[float, Bounds(0.1, 100.0)] = 1.0  # speed at which a ball that comes back from a kick is lost [m/s]
    still_limit: Annotated[int, Bounds(1, 10**9)] = 150  # steps that a kicked ball may stand still
    win_reward: Annotated[float, Bounds(0.0, 1e6)] = 1000.0  # for winning; losing costs as much
    # for a keeper that has saved: if it has touched the ball, and as much if it stands
    bonus: Annotated[float, Bounds(0.0, 1e6)] = 500.0
    dense_weight: Annotated[float, Bounds(0.0, 1e3)] = 1.0  # times every other term

    def __post_init__(self) -> None:
        """Check what the rules need.

        Raises:
            InvalidInput: there are not two agents and a ball, or a parameter is out of range.
        """
        super().__post_init__()
        self.scene.prop(self.ball)
        check_number("ball_x", self.ball_x, -100.0, self.line)

    @cached_property
    def _ball(self) -> int:
        return self.scene.prop(self.ball)

    @property
    def launched_props(self) -> tuple[str, ...]:
        """The ball."""
        return (self.ball,)

    def reset(self, world: int, memory: Any, agent_stats: Any, rng: np.random.Generator) -> Sequence[Launch]:
        """Lay the ball down."""
        position = (draw(self.ball_x, rng), draw(self.ball_y, rng), RADIUS)
        memory.dense_weight[...] = self.dense_weight
        memory.line[...], memory.wide[...], memory.zone[...] = self.line, self.wide, self.zone
        return [Launch(world, self.ball, position, (0.0, 0.0, 0.0))]

    def update(
        self, previous: GameState, state: GameState, active: np.ndarray, rngs: Sequence[np.random.Generator]
    ) -> GameUpdate:
        """Decide whether it is a goal, a foul, or saved: the ball is wide, comes back or stands, or the time is up."""
        memory, agent_stats = state.memory.copy(), state.agent_stats.copy()
        position, velocity = state.props.position[:, self._ball], state.props.velocity[:, self._ball]
        x, y = position[:, 0], position[:, 1]
        vx, vy, vz = velocity[:, 0], velocity[:, 1], velocity[:, 2]
        speed = np.sqrt(vx * vx + vy * vy + vz * vz)
        contacts = state.contacts[:, :, len(self.scene.agents) + self._ball]
        memory.kicked[:] = np.maximum(memory.kicked, contacts[:, KICKER])
        memory.touched[:] = np.maximum(memory.touched, contacts[:, KEEPER])
        kicked = memory.kicked > 0.0
        memory.still[:] = np.where(kicked & (speed < STANDING_SPEED), memory.still + 1.0, 0.0)
        goal = (x > self.line) & (np.abs(y) <= self.wide)
        foul = (np.abs(state.agents.position[:, KEEPER, 0] - self.line) > self.zone) & ~goal
        back = kicked & (vx < 0.0) & (speed > self.back)
        stalled, time_is_up = memory.still >= self.still_limit, state.steps_left <= 0.0
        over = goal | foul | (x > self.line) | back | stalled
        saved = (over | time_is_up) & ~goal & ~foul
        happened = [goal, foul, x > self.line, back, stalled]
        decide(
            memory,
            over | time_is_up,
            np.select(happened, [GOAL, FOUL, WIDE, BACK, STALLED], default=DECIDED_BY_TIME),
        )
        agent_stats.result[:, KICKER] = (goal | foul) * 1.0 - saved
        agent_stats.result[:, KEEPER] = -agent_stats.result[:, KICKER]
        rewards = self.win_reward * agent_stats.result
        rewards[foul, KICKER] = 0.0  # the fault of one earns the other nothing
        rewards[:, KEEPER] += self.bonus * saved * (memory.touched + state.upright[:, KEEPER])
        agent_stats.score += rewards
        return GameUpdate(memory, agent_stats, rewards, over)

    def markers(self, state: GameState, world: int) -> Sequence[Marker]:
        """Return the goal: its line and posts, and where the keeper's zone begins."""
        lines = ((self.line, NEUTRAL), (self.line - self.zone, COLOURS[KEEPER]))
        across = [straight((x, -self.wide), (x, self.wide), colour) for x, colour in lines]
        return [*across, *(post(self.line, y, TALL, NEUTRAL) for y in (-self.wide, self.wide))]


@dataclass(frozen=True)
class Player(GamePlayer):
    """Kick the ball into the goal or, as the keeper, keep it out."""

    needs: ClassVar[Needs] = Needs(props=True, game=True)
    ball: str = "ball"  # the prop
    keeps: bool = False  # whether it is the keeper, whose standing is rewarded only in its zone

    def sensors(self, scene: SceneInfo) -> Sequence[Sensor]:
        """Return own body, way and position, the ball, the other, the posts, the time and touches."""
        direction, own = (
            (
                (Field("sine of the angle to +x, the way of the kick"), lambda state: state.world_x_direction[..., 0]),
                (Field("cosine of the angle to it"), lambda state: state.world_x_direction[..., 1]),
            ),
            (
                (
                    distance_field("own position along it, from the middle"),
                    lambda state: state.position[..., 0] / DISTANCE,
                ),
                (distance_field("own position to the left of it"), lambda state: state.position[..., 1] / DISTANCE),
            ),
        )
        touches = (
            (Field("1 once the kicker has touched the ball"), lambda state: state.game.kicked),
            (Field("1 once the keeper has touched it"), lambda state: state.game.touched),
        )
        return (
            *OWN_BODY,
            Numbers((*direction, *own)),
            Ball(("the ball",), scene.prop(self.ball)),
            OtherAgents(("the other",)),
            GroundPoints(("the post at +y", "the post at -y"), _posts),
            Numbers((STEPS_LEFT, *touches)),
        )

    def rewards(self, scene: SceneInfo) -> Sequence[Term]:
        """Return the dense terms and the sparse one."""
        number = scene.prop(self.ball)

        def forward(previous: State, action: np.ndarray, state: State, dt: float) -> np.ndarray:
            return state.world_velocity[..., 0]

        def ball(previous: State, action: np.ndarray, state: State, dt: float) -> np.ndarray:
            offset = state.props.position[..., number, :] - state.position
            return np.hypot(offset[..., 0], offset[..., 1])

        def standing(previous: State, action: np.ndarray, state: State, dt: float) -> np.ndarray:
            upright_now = state.upright > 0.0
            if self.keeps:
                upright_now = upright_now & (np.abs(state.position[..., 0] - state.game.line) <= state.game.zone)
            return 2.0 * upright_now - 1.0

        where = ", in its zone" if self.keeps else ""
        return (
            dense("forward", 1.25, "speed along +x, toward the goal", forward, "m/s"),
            dense("ball", -1.0, "distance to the ball", ball, "m"),
            effort(-0.1),
            dense("standing", 5.0, f"1 while it stands{where}; else -1", standing),
            sparse(
                "game reward: to the kicker +1000 for a goal, 0 for a foul of the keeper, else -1000; to the "
                "keeper -1000 for either, else +1000, +500 if it has touched the ball, and +500 if it stands"
            ),
        )

    @property
    def termination(self) -> str:
        """When the game ends."""
        return "the ball is over the line, or has been kicked and comes back or stops; the keeper leaves its zone"


def _posts(state: State) -> np.ndarray:
    """Return both posts [m] (..., 2, 2)."""
    game = state.game
    post = np.stack([game.line, game.wide, game.line, -game.wide], axis=-1)
    return post.reshape(*post.shape[:-1], 2, 2)
