"""Soccer: two teams, a ball, a pitch with walls; who has more goals when the time is up has won.

Pitch, ball, goals and points are those of dm_control's soccer. Where it is silent: a ball that lies for 2.5 s, or has
left the pitch, is dropped anew.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from roboschool.errors import InvalidInput, check_range
from roboschool.games.observations import (
    ABOVE,
    COLOURS,
    GOAL_ENTRIES,
    LONG,
    NEUTRAL,
    Contender,
    ball_and_thing_entries,
    ball_and_things,
    column,
    goal_way,
    own_body,
    own_body_entries,
    spot_entries,
    spots,
    together,
)
from roboschool.mdp.effects import Launch, Mark
from roboschool.mdp.game import DECIDED_BY_TIME, UNDECIDED, Game, GameState, GameUpdate
from roboschool.mdp.state import State

REASON, WEIGHT, HOME, AWAY, SPOT_X, SPOT_Y, STILL, LENGTH, WIDTH, GOAL_WIDTH = range(10)  # columns of the memory
SCORE, RESULT, WAY, TO_BALL, TO_GOAL = range(5)  # of the agent_stats
GOAL = 2  # a reason
DROP = 1.6  # height from which the ball is dropped: above the robots [m]
PUSH = 0.5  # speed along x and along y at which it is dropped, at most [m/s]
MOVED = 0.5  # way after which a ball does not lie still [m]
MIDDLE = 1.0  # a ball this near to the middle may lie, as at a kick-off [m]
INSIDE = (0.7, 0.9)  # a ball that is out is dropped at this part of its way from the middle
ENDS = [[LENGTH, WIDTH], [LENGTH, GOAL_WIDTH]] * 4  # columns of x and y of corners and posts, and what of them
HALVES = np.array([[way, side] for way in (0.5, -0.5) for side in (0.5, -0.5) for _ in range(2)])
TINY = 1e-9  # keeps a distance from being 0 [m]


@dataclass(frozen=True)
class Soccer(Game):
    """Home, the agents 0, 2 and 4, plays toward +x, and away, the others, toward -x. A goal is +1 for all of a team."""

    memory: ClassVar[tuple[str, ...]] = (
        "reason",
        "dense_weight",
        "home_goals",
        "away_goals",
        "spot_x",
        "spot_y",
        "still",
        "length",
        "width",
        "goal_width",
    )
    agent_stats: ClassVar[tuple[str, ...]] = ("score", "result", "way", "vel_to_ball", "vel_ball_to_goal")
    reasons: ClassVar[tuple[str, ...]] = ("", "time", "goal")
    reset_options: ClassVar[tuple[str, ...]] = ("dense_weight",)
    length: float = 23.1  # of the pitch, along x; its walls are a prop of the scene [m]
    width: float = 17.3  # [m]
    goal_width: float = 3.66  # [m]
    goal_height: float = 1.22  # [m]
    patience: int = 150  # steps that the ball may lie still
    terminate_on_goal: bool = False  # else the ball is dropped in the middle, and the game goes on
    dense_weight: float = 0.0  # times everything but goals that is paid

    def __post_init__(self) -> None:
        """Check what the rules need.

        Raises:
            InvalidInput: the agents are not two teams by turns, or there is no ball, or a parameter is out of range.
        """
        sides = [f"{side}_{number}" for number in range(len(self.agents) // 2) for side in ("home", "away")]
        if not sides or list(self.agents) != sides:
            raise InvalidInput(f"two teams play, home_0, away_0, home_1 and so on, not {', '.join(self.agents)}")
        if not self.props:
            raise InvalidInput("there is no ball: it must be the first prop")
        for name in ("length", "width", "goal_width", "goal_height"):
            check_range(name, getattr(self, name), 0.5, 200.0)
        check_range("goal_width", self.goal_width, 0.5, self.width)
        check_range("patience", self.patience, 1, 10**9)
        check_range("dense_weight", self.dense_weight, 0.0, 1e3)

    @property
    def throws(self) -> tuple[str, ...]:
        """The ball: the first prop."""
        return self.props[:1]

    def begin(self, world: int, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray, Sequence[Launch]]:
        """Kick off."""
        agent_stats = np.zeros((len(self.agents), len(self.agent_stats)))
        agent_stats[0::2, WAY], agent_stats[1::2, WAY] = 1.0, -1.0
        memory = np.zeros(len(self.memory))
        memory[REASON], memory[WEIGHT] = UNDECIDED, self.dense_weight
        memory[[LENGTH, WIDTH, GOAL_WIDTH]] = self.length, self.width, self.goal_width
        return memory, agent_stats, [self._drop(world, 0.0, 0.0, rng)]

    def judge(
        self, was: GameState, now: GameState, live: np.ndarray, rngs: Sequence[np.random.Generator]
    ) -> GameUpdate:
        """Count goals; drop the ball anew after one, or if it lies still or is out."""
        memory, agent_stats = now.memory.copy(), now.agent_stats.copy()
        ball = now.props[:, 0]
        x, y, z = ball[:, 0], ball[:, 1], ball[:, 2]
        behind = np.abs(x) > self.length / 2
        goal = behind & (np.abs(y) < self.goal_width / 2) & (z < self.goal_height)
        out = (behind | (np.abs(y) > self.width / 2) | (z < 0.0)) & ~goal
        memory[:, HOME] += goal & (x > 0.0)
        memory[:, AWAY] += goal & (x < 0.0)
        points = np.where(goal[:, None], np.sign(x[:, None] * agent_stats[..., WAY]), 0.0)
        agent_stats[..., SCORE] += points

        moved = np.hypot(x - memory[:, SPOT_X], y - memory[:, SPOT_Y]) > MOVED
        memory[moved, SPOT_X], memory[moved, SPOT_Y] = x[moved], y[moved]
        lies = ~moved & (np.hypot(x, y) > MIDDLE)
        memory[:, STILL] = np.where(lies, memory[:, STILL] + 1.0, 0.0)
        stalled = memory[:, STILL] >= self.patience

        late, over = now.left <= 0.0, goal & self.terminate_on_goal
        memory[late | over, REASON] = np.where(over, GOAL, DECIDED_BY_TIME)[late | over]
        lead = (memory[:, HOME] - memory[:, AWAY])[:, None] * agent_stats[..., WAY]
        agent_stats[..., RESULT] = np.where((late | over)[:, None], np.sign(lead), 0.0)
        self._measure(now, agent_stats)

        throws = []
        for world in np.flatnonzero((goal | out | stalled) & live & ~over).tolist():
            share = rngs[world].uniform(*INSIDE) if out[world] else 0.0
            throws.append(self._drop(world, x[world] * share, y[world] * share, rngs[world]))
            memory[world, [SPOT_X, SPOT_Y, STILL]] = 0.0
        return GameUpdate(memory, agent_stats, points, over, throws)

    def marks(self, now: GameState, world: int) -> Sequence[Mark]:
        """Return the middle line, the goal lines, and the colours of the teams above the players."""
        middle = [(0.0, y, 0.0) for y in np.linspace(-self.width / 2, self.width / 2, 13).tolist()]
        half = self.goal_width / 2
        goals = [(x, y, 0.0) for x in (-self.length / 2, self.length / 2) for y in np.linspace(-half, half, 7).tolist()]
        lines = [Mark(place, 0.06, NEUTRAL) for place in (*middle, *goals)]
        shirts = enumerate(now.agents[world, :, :3].tolist())
        return [*lines, *(Mark((x, y, z + ABOVE), 0.12, COLOURS[number % 2]) for number, (x, y, z) in shirts)]

    def _measure(self, now: GameState, agent_stats: np.ndarray) -> None:
        """Note how fast everyone comes to the ball, and the ball to the goal of everyone's opponents."""
        ball = now.props[:, 0]
        x, y = ball[:, None, 0] - now.agents[..., 0], ball[:, None, 1] - now.agents[..., 1]
        speed = now.agents[..., 3] * x + now.agents[..., 4] * y
        agent_stats[..., TO_BALL] = speed / (np.hypot(x, y) + TINY)
        x, y = agent_stats[..., WAY] * self.length / 2 - ball[:, None, 0], -ball[:, None, 1]
        speed = ball[:, None, 3] * x + ball[:, None, 4] * y
        agent_stats[..., TO_GOAL] = speed / (np.hypot(x, y) + TINY)

    def _drop(self, world: int, x: float, y: float, rng: np.random.Generator) -> Launch:
        """Return the ball falling, above whoever may stand there."""
        push = rng.uniform(-PUSH, PUSH), rng.uniform(-PUSH, PUSH)
        return Launch(world, self.props[0], (float(x), float(y), DROP), (*push, 0.0))


@dataclass(frozen=True)
class Player(Contender):
    """Play soccer; both teams see the pitch from their own side, and so the same of the same."""

    sees: ClassVar[frozenset[str]] = frozenset({"props", "others", "game"})
    pays: ClassVar[dict[str, str]] = {
        "chase": "{chase:+g} x speed toward the ball [m/s], times `dense_weight`, which is 0 unless a reset sets it",
        "attack": "{attack:+g} x speed of the ball toward the opponents' goal [m/s], times the same",
        "sparse": "+1 for every goal of the own team, -1 for every goal of the others",
    }
    ends: ClassVar[str] = "never, or with a goal if the game is so set"
    players: int = 2  # a side
    chase: float = 0.001  # times the speed toward the ball [m/s]
    attack: float = 0.002  # times the speed of the ball toward the opponents' goal [m/s]

    def observe(self, now: State) -> np.ndarray:
        """Return own body, place and way, ball, others, corners and posts, lead and time (..., 25 + 2J + F + 18p).

        The others are by turns of the other team and of the own: the next in the scene first.
        """
        way = now.agent_stats[..., WAY]
        lead = (now.game[..., HOME] - now.game[..., AWAY]) * way
        return together(
            [
                *own_body(now, self.robot),
                *goal_way(now, way),
                *ball_and_things(now, now.props[..., 0, :], now.others),
                *spots(now, now.game[..., ENDS] * HALVES * way[..., None, None]),
                column(lead),
                column(now.left, 1.0 / LONG),
            ]
        )

    def reward(self, was: State, action: np.ndarray, now: State, dt: float) -> dict[str, np.ndarray]:
        """Return the dense terms, times their weight, and the sparse one."""
        weight = now.game[..., WEIGHT]
        return {
            "chase": weight * self.chase * now.agent_stats[..., TO_BALL],
            "attack": weight * self.attack * now.agent_stats[..., TO_GOAL],
            "sparse": now.points.copy(),
        }

    def entries(self) -> list[str]:
        """Return what each number of an observation is."""
        others = [f"opponent {n // 2}" if n % 2 == 0 else f"mate {n // 2}" for n in range(2 * self.players - 1)]
        ends = [
            f"the {side} {what} of the {goal}"
            for goal in ("opponents", "own team")
            for side in ("left", "right")
            for what in ("corner", "post")
        ]
        return [
            *own_body_entries(self.robot),
            *GOAL_ENTRIES,
            *ball_and_thing_entries(*others),
            *spot_entries(*ends),
            "goals ahead",
            "steps left [500]",
        ]
