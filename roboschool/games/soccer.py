"""Soccer: two teams, a ball, a pitch with walls; the team with more goals when the time is up wins.

Pitch, ball, goals and rewards are those of dm_control's soccer. Our addition: a ball that lies for 2.5 s, or
has left the pitch, is dropped again.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Annotated, Any, ClassVar

import numpy as np

from roboschool.errors import InvalidInput, check_range
from roboschool.games.observations import (
    NEUTRAL,
    OWN_BODY,
    STEPS_LEFT,
    Ball,
    GoalDirection,
    GroundPoints,
    Numbers,
    OtherAgents,
)
from roboschool.games.player import GamePlayer, dense, sparse
from roboschool.mdp.effects import Launch, Marker, straight
from roboschool.mdp.game import DECIDED_BY_TIME, AgentStats, Game, GameMemory, GameState, GameUpdate, decide
from roboschool.mdp.needs import Needs
from roboschool.mdp.record import Record, quantity
from roboschool.mdp.scene_info import SceneInfo
from roboschool.mdp.sensor import Field, Sensor
from roboschool.mdp.state import State, side_by_side
from roboschool.mdp.term import Term
from roboschool.schema import Bounds

TEAMS = ("home", "away")  # home plays toward +x
GOAL = 2  # a reason
DROP_HEIGHT = 1.6  # from which the ball is dropped: above the robots [m]
DROP_SPEED = 0.5  # along x and along y at which it is dropped, at most [m/s]
MOVED = 0.5  # way after which a ball does not lie still [m]
MIDDLE = 1.0  # a ball this near to the middle may lie, as at a kick-off [m]
INSIDE = (0.7, 0.9)  # a ball that is out is dropped at this part of its way from the middle
HALVES = np.array([[way, side] for way in (0.5, -0.5) for side in (0.5, -0.5) for _ in range(2)])
TINY = 1e-9  # keeps a distance from being 0 [m]


class SoccerMemory(GameMemory):
    """What is remembered of a match."""

    home_goals: np.ndarray = quantity()
    away_goals: np.ndarray = quantity()
    still_position: np.ndarray = quantity(2, unit="m", frame="world", doc="where the ball has begun to lie")
    still: np.ndarray = quantity(unit="steps", doc="that the ball has been lying")
    length: np.ndarray = quantity(unit="m", doc="of the pitch")
    width: np.ndarray = quantity(unit="m", doc="of the pitch")
    goal_width: np.ndarray = quantity(unit="m")


class SoccerStats(AgentStats):
    """What is remembered of each player."""

    way: np.ndarray = quantity(doc="1 if its team plays toward +x, -1 if toward -x")
    vel_to_ball: np.ndarray = quantity(unit="m/s", doc="its speed toward the ball")
    vel_ball_to_goal: np.ndarray = quantity(unit="m/s", doc="speed of the ball toward the opponents' goal")


@dataclass(frozen=True)
class Soccer(Game):
    """Home, the agents 0, 2 and 4, plays toward +x, and away, the others, toward -x. A goal is +1 for all of a team."""

    memory: ClassVar[type[Record]] = SoccerMemory
    agent_stats: ClassVar[type[Record]] = SoccerStats
    reasons: ClassVar[tuple[str, ...]] = ("", "time", "goal")
    reset_options: ClassVar[tuple[str, ...]] = ("dense_weight",)
    ball: str = "ball"  # the prop
    length: Annotated[float, Bounds(0.5, 200.0)] = 23.1  # of the pitch, along x; its walls are a prop of the scene [m]
    width: Annotated[float, Bounds(0.5, 200.0)] = 17.3  # [m]
    goal_width: Annotated[float, Bounds(0.5, 200.0)] = 3.66  # [m]
    goal_height: Annotated[float, Bounds(0.5, 200.0)] = 1.22  # [m]
    still_limit: Annotated[int, Bounds(1, 10**9)] = 150  # steps that the ball may lie still
    terminate_on_goal: bool = False  # else the ball is dropped in the middle, and the game continues
    dense_weight: Annotated[float, Bounds(0.0, 1e3)] = 0.0  # times every term but goals

    def __post_init__(self) -> None:
        """Check what the rules need.

        Raises:
            InvalidInput: the agents are not two teams by turns, or there is no ball, or a parameter is out of range.
        """
        super().__post_init__()
        turns = TEAMS * (len(self.scene.agents) // 2)
        if self.scene.teams != turns:
            raise InvalidInput(
                f"it needs agents of the teams home and away by turns, got {', '.join(self.scene.teams)}"
            )
        self.scene.prop(self.ball)
        check_range("goal_width", self.goal_width, 0.5, self.width)

    @cached_property
    def _ball(self) -> int:
        return self.scene.prop(self.ball)

    @cached_property
    def _teams(self) -> np.ndarray:
        """Number of each agent's team."""
        return np.array([TEAMS.index(team) for team in self.scene.teams])

    @property
    def launched_props(self) -> tuple[str, ...]:
        """The ball."""
        return (self.ball,)

    def reset(self, world: int, memory: Any, agent_stats: Any, rng: np.random.Generator) -> Sequence[Launch]:
        """Kick off."""
        agent_stats.way[:] = 1.0 - 2.0 * self._teams
        memory.dense_weight[...] = self.dense_weight
        memory.length[...], memory.width[...], memory.goal_width[...] = self.length, self.width, self.goal_width
        return [self._drop(world, 0.0, 0.0, rng)]

    def update(
        self, previous: GameState, state: GameState, active: np.ndarray, rngs: Sequence[np.random.Generator]
    ) -> GameUpdate:
        """Count goals; drop the ball again after one, or if it lies still or is out."""
        memory, agent_stats = state.memory.copy(), state.agent_stats.copy()
        x, y, z = (state.props.position[:, self._ball, axis] for axis in range(3))
        behind = np.abs(x) > self.length / 2
        goal = behind & (np.abs(y) < self.goal_width / 2) & (z < self.goal_height)
        out = (behind | (np.abs(y) > self.width / 2) | (z < 0.0)) & ~goal
        memory.home_goals += goal & (x > 0.0)
        memory.away_goals += goal & (x < 0.0)
        rewards = np.where(goal[:, None], np.sign(x[:, None] * agent_stats.way), 0.0)
        agent_stats.score += rewards

        moved = np.hypot(x - memory.still_position[:, 0], y - memory.still_position[:, 1]) > MOVED
        memory.still_position[moved, 0], memory.still_position[moved, 1] = x[moved], y[moved]
        lies = ~moved & (np.hypot(x, y) > MIDDLE)
        memory.still[:] = np.where(lies, memory.still + 1.0, 0.0)
        stalled = memory.still >= self.still_limit

        time_is_up, over = state.steps_left <= 0.0, goal & self.terminate_on_goal
        decide(memory, time_is_up | over, np.where(over, GOAL, DECIDED_BY_TIME))
        lead = (memory.home_goals - memory.away_goals)[:, None] * agent_stats.way
        agent_stats.result[:] = np.where((time_is_up | over)[:, None], np.sign(lead), 0.0)
        self._measure(state, agent_stats)

        launches = []
        for world in np.flatnonzero((goal | out | stalled) & active & ~over).tolist():
            share = rngs[world].uniform(*INSIDE) if out[world] else 0.0
            launches.append(self._drop(world, x[world] * share, y[world] * share, rngs[world]))
            memory.still_position[world], memory.still[world] = 0.0, 0.0
        return GameUpdate(memory, agent_stats, rewards, over, launches)

    def markers(self, state: GameState, world: int) -> Sequence[Marker]:
        """Return the middle line and the goal lines."""
        ways = ((0.0, self.width / 2), (-self.length / 2, self.goal_width / 2), (self.length / 2, self.goal_width / 2))
        return [straight((x, -half), (x, half), NEUTRAL) for x, half in ways]

    def _measure(self, state: GameState, agent_stats: Any) -> None:
        """Note the speeds of all toward the ball, and of the ball toward the goal of their opponents."""
        agents, ball = state.agents, state.props.position[:, None, self._ball]
        velocity = state.props.velocity[:, None, self._ball]
        x, y = ball[..., 0] - agents.position[..., 0], ball[..., 1] - agents.position[..., 1]
        speed = agents.velocity[..., 0] * x + agents.velocity[..., 1] * y
        agent_stats.vel_to_ball[:] = speed / (np.hypot(x, y) + TINY)
        x, y = agent_stats.way * self.length / 2 - ball[..., 0], -ball[..., 1]
        speed = velocity[..., 0] * x + velocity[..., 1] * y
        agent_stats.vel_ball_to_goal[:] = speed / (np.hypot(x, y) + TINY)

    def _drop(self, world: int, x: float, y: float, rng: np.random.Generator) -> Launch:
        """Return the ball falling, above any robot that may stand there."""
        push = rng.uniform(-DROP_SPEED, DROP_SPEED), rng.uniform(-DROP_SPEED, DROP_SPEED)
        return Launch(world, self.ball, (float(x), float(y), DROP_HEIGHT), (*push, 0.0))


@dataclass(frozen=True)
class Player(GamePlayer):
    """Play soccer; both teams observe the pitch from their own side, so that mirrored situations look the same."""

    needs: ClassVar[Needs] = Needs(game=True)
    ball: str = "ball"  # the prop

    def sensors(self, scene: SceneInfo) -> Sequence[Sensor]:
        """Return own body, position and way, ball, others, corners and posts, lead and time.

        The others are by turns of the other team and of the own: the next in the scene first.
        """
        others = (f"opponent {n // 2}" if n % 2 == 0 else f"mate {n // 2}" for n in range(len(scene.agents) - 1))
        points = (
            f"the {side} {what} of the {goal}"
            for goal in ("opponents", "own team")
            for side in ("left", "right")
            for what in ("corner", "post")
        )

        def lead(state: State) -> np.ndarray:
            return (state.game.home_goals - state.game.away_goals) * state.agent_stats.way

        return (
            *OWN_BODY,
            GoalDirection(),
            Ball(("the ball",), scene.prop(self.ball)),
            OtherAgents(tuple(others)),
            GroundPoints(tuple(points), _corners_and_posts),
            Numbers(((Field("goals ahead"), lead), STEPS_LEFT)),
        )

    def rewards(self, scene: SceneInfo) -> Sequence[Term]:
        """Return the dense terms and the sparse one."""

        def chase(previous: State, action: np.ndarray, state: State, dt: float) -> np.ndarray:
            return state.agent_stats.vel_to_ball

        def attack(previous: State, action: np.ndarray, state: State, dt: float) -> np.ndarray:
            return state.agent_stats.vel_ball_to_goal

        times = "times `dense_weight`, which is 0 unless a reset sets it"
        return (
            dense("chase", 0.001, f"speed toward the ball, {times}", chase, "m/s"),
            dense("attack", 0.002, f"speed of the ball toward the opponents' goal, {times}", attack, "m/s"),
            sparse("+1 for every goal of the own team, -1 for every goal of the others"),
        )

    @property
    def termination(self) -> str:
        """When the game ends."""
        return "never; at a goal if the game has `terminate_on_goal`"


def _corners_and_posts(state: State) -> np.ndarray:
    """Return corners and posts of the opponents, then of the own team [m] (..., 8, 2)."""
    game = state.game
    sizes = side_by_side(*[game.length, game.width, game.length, game.goal_width] * 4)
    return sizes.reshape(*sizes.shape[:-1], 8, 2) * HALVES * state.agent_stats.way[..., None, None]
