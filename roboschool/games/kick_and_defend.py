"""Kick and defend: a kicker must get a ball over a line between two posts, and a keeper must not let it.

The numbers are those of Bansal et al., "Emergent Complexity via Multi-Agent Competition" (2017). Where they are silent:
a ball over the line beside the posts is saved, and so is one that stops after it has been kicked.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from roboschool.errors import InvalidInput, check_range
from roboschool.games.observations import (
    COLOURS,
    FAR,
    LONG,
    NEUTRAL,
    Contender,
    ball_and_thing_entries,
    ball_and_things,
    column,
    own_body,
    own_body_entries,
    spot_entries,
    spots,
    together,
)
from roboschool.mdp.distributions import Number, check_number, draw
from roboschool.mdp.effects import Launch, Mark
from roboschool.mdp.game import DECIDED_BY_TIME, UNDECIDED, Game, GameState, GameUpdate
from roboschool.mdp.state import State

REASON, WEIGHT, KICKED, TOUCHED, STILL, LINE, POST, ZONE = range(8)  # columns of the memory
SCORE, RESULT = range(2)  # of the agent_stats
GOAL, WIDE, BACK, STALLED, FOUL = range(2, 7)  # reasons
KICKER, KEEPER, BALL = range(3)  # agents and then props
RADIUS = 0.2  # of the ball [m]
SLOW = 0.1  # a ball slower than this stands [m/s]
POSTS, SIDES = [[LINE, POST], [LINE, POST]], np.array([[1.0, 1.0], [1.0, -1.0]])  # columns of x and y, and signs


@dataclass(frozen=True)
class KickAndDefend(Game):
    """The kicker, the first agent, has won with a goal, or if the keeper leaves its zone; else the keeper has."""

    memory: ClassVar[tuple[str, ...]] = ("reason", "dense_weight", "kicked", "touched", "still", "line", "wide", "zone")
    agent_stats: ClassVar[tuple[str, ...]] = ("score", "result")
    reasons: ClassVar[tuple[str, ...]] = ("", "time", "goal", "wide", "back", "stalled", "foul")
    feels: ClassVar[bool] = True
    reset_options: ClassVar[tuple[str, ...]] = ("ball_x", "ball_y", "dense_weight")
    ball_x: Number = (-2.0, 1.0)  # where the ball begins [m]
    ball_y: Number = (-4.0, 4.0)
    line: float = 4.0  # x of the goal [m]
    wide: float = 3.0  # distance of its posts from its middle [m]
    zone: float = 2.5  # the keeper stays this near to the line [m]
    back: float = 1.0  # speed at which a ball that comes back from a kick is lost [m/s]
    patience: int = 150  # steps that a kicked ball may stand still
    win_reward: float = 1000.0  # for winning; losing costs as much
    bonus: float = 500.0  # for a keeper that has saved: if it has touched the ball, and as much if it stands
    dense_weight: float = 1.0  # times everything else that is paid

    def __post_init__(self) -> None:
        """Check what the rules need.

        Raises:
            InvalidInput: there are not two agents and a ball, or a parameter is out of range.
        """
        if len(self.agents) != 2:
            raise InvalidInput(f"a kicker and a keeper play, not {len(self.agents)} agents")
        if not self.props:
            raise InvalidInput("there is no ball: it must be the first prop")
        check_range("line", self.line, 0.5, 100.0)
        check_number("ball_x", self.ball_x, -100.0, self.line)
        check_number("ball_y", self.ball_y, -100.0, 100.0)
        for name in ("wide", "zone", "back"):
            check_range(name, getattr(self, name), 0.1, 100.0)
        check_range("patience", self.patience, 1, 10**9)
        for name in ("win_reward", "bonus"):
            check_range(name, getattr(self, name), 0.0, 1e6)
        check_range("dense_weight", self.dense_weight, 0.0, 1e3)

    @property
    def throws(self) -> tuple[str, ...]:
        """The ball: the first prop."""
        return self.props[:1]

    def begin(self, world: int, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray, Sequence[Launch]]:
        """Lay the ball down."""
        spot = (draw(self.ball_x, rng), draw(self.ball_y, rng), RADIUS)
        memory = np.array([UNDECIDED, self.dense_weight, 0.0, 0.0, 0.0, self.line, self.wide, self.zone])
        return memory, np.zeros((2, 2)), [Launch(world, self.props[0], spot, (0.0, 0.0, 0.0))]

    def judge(
        self, was: GameState, now: GameState, live: np.ndarray, rngs: Sequence[np.random.Generator]
    ) -> GameUpdate:
        """Say whether it is a goal, a foul, or saved: the ball is wide, comes back or stands, or the time is up."""
        memory, agent_stats = now.memory.copy(), now.agent_stats.copy()
        ball = now.props[:, 0]
        x, y, vx, vy, vz = (ball[:, axis] for axis in (0, 1, 3, 4, 5))
        speed = np.sqrt(vx * vx + vy * vy + vz * vz)
        for who, column_of in ((KICKER, KICKED), (KEEPER, TOUCHED)):
            memory[:, column_of] = np.maximum(memory[:, column_of], now.touches[:, who, BALL])
        kicked = memory[:, KICKED] > 0.0
        memory[:, STILL] = np.where(kicked & (speed < SLOW), memory[:, STILL] + 1.0, 0.0)
        goal = (x > self.line) & (np.abs(y) <= self.wide)
        foul = (np.abs(now.agents[:, KEEPER, 0] - self.line) > self.zone) & ~goal
        back = kicked & (vx < 0.0) & (speed > self.back)
        stalled, late = memory[:, STILL] >= self.patience, now.left <= 0.0
        over = goal | foul | (x > self.line) | back | stalled
        saved = (over | late) & ~goal & ~foul
        happened = [goal, foul, x > self.line, back, stalled]
        reason = np.select(happened, [GOAL, FOUL, WIDE, BACK, STALLED], default=DECIDED_BY_TIME)
        memory[over | late, REASON] = reason[over | late]
        agent_stats[:, KICKER, RESULT] = (goal | foul) * 1.0 - saved
        agent_stats[:, KEEPER, RESULT] = -agent_stats[:, KICKER, RESULT]
        points = self.win_reward * agent_stats[..., RESULT]
        points[foul, KICKER] = 0.0  # nobody is paid for what the other does wrong
        points[:, KEEPER] += self.bonus * saved * (memory[:, TOUCHED] + now.upright[:, KEEPER])
        agent_stats[..., SCORE] += points
        return GameUpdate(memory, agent_stats, points, over)

    def marks(self, now: GameState, world: int) -> Sequence[Mark]:
        """Return the goal: its line and posts, and where the keeper's zone begins."""
        ground = [(self.line, y, 0.0) for y in np.linspace(-self.wide, self.wide, 13).tolist()]
        posts = [(self.line, y, z) for y in (-self.wide, self.wide) for z in (0.3, 0.6, 0.9, 1.2)]
        zone = [(self.line - self.zone, y, 0.0) for y in np.linspace(-self.wide, self.wide, 7).tolist()]
        goal = [Mark(place, 0.06, NEUTRAL) for place in (*ground, *posts)]
        return [*goal, *(Mark(place, 0.04, COLOURS[KEEPER]) for place in zone)]


@dataclass(frozen=True)
class Player(Contender):
    """Kick the ball into the goal or, as the one who keeps it, keep it out."""

    sees: ClassVar[frozenset[str]] = frozenset({"props", "others", "game"})
    pays: ClassVar[dict[str, str]] = {
        "forward": "{forward:+g} x speed along +x, toward the goal [m/s]",
        "ball": "{ball:+g} x distance to the ball [m]",
        "effort": "{effort:+g} x sum of action squared",
        "standing": "{standing:+g} while it stands, as a keeper in its zone; else as much less",
        "sparse": "what the game gives: to the kicker +1000 for a goal, 0 for a foul of the keeper, else -1000; to the "
        "keeper -1000 for either, else +1000, +500 if it has touched the ball, and +500 if it stands",
    }
    ends: ClassVar[str] = (
        "the ball is over the line, or has been kicked and comes back or stops; the keeper leaves its zone"
    )
    forward: float = 1.25  # times the speed along +x [m/s]
    ball: float = -1.0  # times the distance to the ball [m]
    effort: float = -0.1  # times the sum of action squared
    standing: float = 5.0  # for every step inside the envelope of the robot's card; outside it costs as much
    keeps: bool = False  # whether it is the keeper, who is paid for standing only in its zone

    def observe(self, now: State) -> np.ndarray:
        """Return own body, way and place, the ball, the other, the posts, the time and touches (..., 32 + 2J + F)."""
        return together(
            [
                *own_body(now, self.robot),
                now.bearing,
                now.position[..., :2] / FAR,
                *ball_and_things(now, now.props[..., 0, :], now.others),
                *spots(now, now.game[..., POSTS] * SIDES),
                column(now.left, 1.0 / LONG),
                now.game[..., [KICKED, TOUCHED]],
            ]
        )

    def reward(self, was: State, action: np.ndarray, now: State, dt: float) -> dict[str, np.ndarray]:
        """Return the dense terms, times their weight, and the sparse one."""
        weight, way = now.game[..., WEIGHT], now.props[..., 0, :3] - now.position
        stands = now.upright > 0.0
        if self.keeps:
            stands = stands & (np.abs(now.position[..., 0] - now.game[..., LINE]) <= now.game[..., ZONE])
        return {
            "forward": weight * self.forward * now.drift[..., 0],
            "ball": weight * self.ball * np.hypot(way[..., 0], way[..., 1]),
            "effort": weight * self.effort * (action * action).sum(axis=-1),
            "standing": weight * self.standing * (2.0 * stands - 1.0),
            "sparse": now.points.copy(),
        }

    def entries(self) -> list[str]:
        """Return what each number of an observation is."""
        return [
            *own_body_entries(self.robot),
            "sine of the angle to +x, the way of the kick",
            "cosine of the angle to it",
            "own place along it, from the middle [5 m]",
            "own place to the left of it [5 m]",
            *ball_and_thing_entries("the other"),
            *spot_entries("the post at +y", "the post at -y"),
            "steps left [500]",
            "1 once the kicker has touched the ball",
            "1 once the keeper has touched it",
        ]
