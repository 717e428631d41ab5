"""Sumo: two robots in a ring; who leaves it or goes down has lost.

The numbers are those of Bansal et al., "Emergent Complexity via Multi-Agent Competition" (2017).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from roboschool.errors import InvalidInput, check_range
from roboschool.games.observations import (
    FAR,
    LONG,
    Contender,
    column,
    flat_distance,
    own_body,
    own_body_entries,
    ring,
    thing_entries,
    things,
    together,
)
from roboschool.mdp.distributions import Number, check_number, draw
from roboschool.mdp.effects import Launch, Mark
from roboschool.mdp.game import DECIDED_BY_TIME, UNDECIDED, Game, GameState, GameUpdate
from roboschool.mdp.state import State

REASON, RADIUS, WEIGHT, TOUCHED = range(4)  # columns of the memory
SCORE, RESULT = range(2)  # of the agent_stats
FALL, OUT = 2, 3  # reasons
POSTS = 36  # balls that show the ring


@dataclass(frozen=True)
class Sumo(Game):
    """Who is out of the ring or down has lost; the other is paid for it only if the two have touched."""

    memory: ClassVar[tuple[str, ...]] = ("reason", "radius", "dense_weight", "touched")
    agent_stats: ClassVar[tuple[str, ...]] = ("score", "result")
    reasons: ClassVar[tuple[str, ...]] = ("", "time", "fall", "out")
    feels: ClassVar[bool] = True
    reset_options: ClassVar[tuple[str, ...]] = ("radius", "dense_weight")
    radius: Number = (2.5, 4.5)  # of the ring [m]
    down: tuple[float, ...] = (0.3,)  # height of the trunk at which a robot is down: one for both, or one each [m]
    win_reward: float = 1000.0  # for winning; losing costs as much, and so does a draw
    dense_weight: float = 1.0  # times everything else that is paid

    def __post_init__(self) -> None:
        """Check what the rules need.

        Raises:
            InvalidInput: there are not two agents, or a parameter is out of range.
        """
        if len(self.agents) != 2:
            raise InvalidInput(f"two wrestle, not {len(self.agents)}")
        if len(self.down) not in (1, 2):
            raise InvalidInput(f"down: {len(self.down)} heights for two robots")
        check_number("radius", self.radius, 0.5, 100.0)
        for height in self.down:
            check_range("down", height, 0.0, 100.0)
        check_range("win_reward", self.win_reward, 0.0, 1e6)
        check_range("dense_weight", self.dense_weight, 0.0, 1e3)

    def begin(self, world: int, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray, Sequence[Launch]]:
        """Draw the ring."""
        radius = draw(self.radius, rng)
        return np.array([UNDECIDED, radius, self.dense_weight, 0.0]), np.zeros((2, 2)), ()

    def judge(
        self, was: GameState, now: GameState, live: np.ndarray, rngs: Sequence[np.random.Generator]
    ) -> GameUpdate:
        """Say who is down or out; both at once, or none in time, is a draw."""
        memory, agent_stats = now.memory.copy(), now.agent_stats.copy()
        memory[:, TOUCHED] = np.maximum(memory[:, TOUCHED], now.touches[:, 0, 1])
        away = np.hypot(now.agents[..., 0], now.agents[..., 1])
        down, out = now.agents[..., 2] < np.array(self.down), away > memory[:, RADIUS, None]
        lost = down | out
        late = now.left <= 0.0
        over = lost.any(axis=1) | late
        drawn = over & (lost.all(axis=1) | ~lost.any(axis=1))
        won = lost[:, ::-1] & ~lost
        memory[over, REASON] = np.where(down.any(axis=1), FALL, np.where(out.any(axis=1), OUT, DECIDED_BY_TIME))[over]
        agent_stats[..., RESULT] = won * 1.0 - (lost & ~drawn[:, None])
        points = self.win_reward * (won * memory[:, TOUCHED, None] - (lost | drawn[:, None]))
        agent_stats[..., SCORE] += points
        return GameUpdate(memory, agent_stats, points, lost.any(axis=1))

    def marks(self, now: GameState, world: int) -> Sequence[Mark]:
        """Return the ring."""
        return ring(0.0, 0.0, float(now.memory[world, RADIUS]), POSTS)


@dataclass(frozen=True)
class Player(Contender):
    """Wrestle. All that is seen is seen from the robot, so both see the same of the same."""

    sees: ClassVar[frozenset[str]] = frozenset({"others", "game"})
    pays: ClassVar[dict[str, str]] = {
        "centre": "{centre:+g} x distance to the middle of the ring [m]",
        "effort": "{effort:+g} x sum of action squared",
        "push": "{push:+g} x speed at which the other leaves the middle [m/s]",
        "standing": "{standing:+g} while it stands, as much less once it has fallen",
        "sparse": "what the game gives: +1000 for winning after a touch, -1000 for losing or a draw",
    }
    ends: ClassVar[str] = "one of the two is out of the ring, or down"
    centre: float = -1.0  # times the distance to the middle of the ring [m]
    effort: float = -0.1  # times the sum of action squared
    push: float = 0.0  # times the speed at which the other leaves the middle: a hint for learners [m/s]
    standing: float = 5.0  # for every step inside the envelope of the robot's card; outside it costs as much

    def observe(self, now: State) -> np.ndarray:
        """Return own body, the other, and the ring (..., 22 + 2J + F)."""
        middle = now.sight(np.zeros_like(now.others))[..., 0, 0, :2]
        radius = now.game[..., RADIUS]
        own, other = np.hypot(middle[..., 0], middle[..., 1]), np.hypot(now.others[..., 0, 0], now.others[..., 0, 1])
        edges = [radius, radius - own, radius - other]
        return together(
            [
                *own_body(now, self.robot),
                *things(now, now.others),
                middle / FAR,
                *(column(distance, 1.0 / FAR) for distance in edges),
                column(now.left, 1.0 / LONG),
                column(now.game[..., TOUCHED]),
            ]
        )

    def reward(self, was: State, action: np.ndarray, now: State, dt: float) -> dict[str, np.ndarray]:
        """Return the dense terms, times their weight, and the sparse one."""
        weight = now.game[..., WEIGHT]
        return {
            "centre": weight * self.centre * np.hypot(now.position[..., 0], now.position[..., 1]),
            "effort": weight * self.effort * (action * action).sum(axis=-1),
            "push": weight * self.push * (_away(now) - _away(was)) / dt,
            "standing": weight * self.standing * (2.0 * now.upright - 1.0),
            "sparse": now.points.copy(),
        }

    def entries(self) -> list[str]:
        """Return what each number of an observation is."""
        return [
            *own_body_entries(self.robot),
            *thing_entries("the other"),
            "the middle of the ring, forward [5 m]",
            "the middle of the ring, left [5 m]",
            "radius of the ring [5 m]",
            "own distance to its edge [5 m]",
            "the other's distance to its edge [5 m]",
            "steps left [500]",
            "1 once the two have touched",
        ]


def _away(now: State) -> np.ndarray:
    """Return how far the other is from the middle [m] (...)."""
    return flat_distance(now.others[..., 0, :], np.zeros(2))
