"""Push a box: two to four robots share a reward for getting a heavy box through a gate.

The reward is that of VMAS's transport, Bettini et al. (2022); the box is heavy enough that one ant fails.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from roboschool.errors import InvalidInput, check_range
from roboschool.games.observations import (
    LONG,
    Contender,
    column,
    crowd,
    flat_distance,
    own_body,
    own_body_entries,
    ring,
    spot_entries,
    spots,
    thing_entries,
    things,
    together,
)
from roboschool.mdp.effects import Launch, Mark
from roboschool.mdp.game import DECIDED_BY_TIME, UNDECIDED, Game, GameState, GameUpdate
from roboschool.mdp.state import State

REASON, WEIGHT, TARGET = 0, 1, slice(2, 4)  # columns of the memory
SCORE, RESULT = range(2)  # of the agent_stats
GOAL = 2  # a reason
MOST = 4  # robots
BOX = 0  # the first prop


@dataclass(frozen=True)
class PushBox(Game):
    """All have won when the box is at the target, and nobody has lost if it never gets there."""

    memory: ClassVar[tuple[str, ...]] = ("reason", "dense_weight", "target_x", "target_y")
    agent_stats: ClassVar[tuple[str, ...]] = ("score", "result")
    reasons: ClassVar[tuple[str, ...]] = ("", "time", "goal")
    reset_options: ClassVar[tuple[str, ...]] = ("target", "dense_weight")
    target: tuple[float, float] = (6.0, 0.0)  # where the middle of the box should be [m]
    near: float = 0.5  # it is there within this [m]
    win_reward: float = 100.0  # for that, each
    dense_weight: float = 1.0  # times everything else that is paid

    def __post_init__(self) -> None:
        """Check what the rules need.

        Raises:
            InvalidInput: there are not two to four agents and a box, or a parameter is out of range.
        """
        if not 2 <= len(self.agents) <= MOST:
            raise InvalidInput(f"2 to {MOST} agents push a box, not {len(self.agents)}")
        if not self.props:
            raise InvalidInput("there is no box: it must be the first prop")
        for number in self.target:
            check_range("target", number, -100.0, 100.0)
        check_range("near", self.near, 0.01, 100.0)
        check_range("win_reward", self.win_reward, 0.0, 1e6)
        check_range("dense_weight", self.dense_weight, 0.0, 1e3)

    def begin(self, world: int, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray, Sequence[Launch]]:
        """Remember the target."""
        return np.array([UNDECIDED, self.dense_weight, *self.target]), np.zeros((len(self.agents), 2)), ()

    def judge(
        self, was: GameState, now: GameState, live: np.ndarray, rngs: Sequence[np.random.Generator]
    ) -> GameUpdate:
        """Say whether the box is at the target."""
        memory, agent_stats = now.memory.copy(), now.agent_stats.copy()
        over, late = flat_distance(now.props[:, BOX], memory[:, TARGET]) < self.near, now.left <= 0.0
        memory[over | late, REASON] = np.where(over, GOAL, DECIDED_BY_TIME)[over | late]
        agent_stats[..., RESULT] = over[:, None]
        points = self.win_reward * agent_stats[..., RESULT]
        agent_stats[..., SCORE] += points
        return GameUpdate(memory, agent_stats, points, over)

    def marks(self, now: GameState, world: int) -> Sequence[Mark]:
        """Return a ring around the target."""
        x, y = now.memory[world, TARGET].tolist()
        return ring(x, y, self.near)


@dataclass(frozen=True)
class Player(Contender):
    """Push the box. All that is seen is seen from the robot; who pushes along is seen in the order of the scene."""

    sees: ClassVar[frozenset[str]] = frozenset({"props", "others", "game"})
    pays: ClassVar[dict[str, str]] = {
        "progress": "{progress:+g} x what the box came nearer to the target [m], the same to all",
        "sparse": "what the game gives: +100 when the box is at the target, to all",
    }
    ends: ClassVar[str] = "the box is at the target"
    progress: float = 100.0  # times what the box came nearer to the target [m]

    def observe(self, now: State) -> np.ndarray:
        """Return own body, the box, the others, the target and the time (..., 45 + 2J + F)."""
        return together(
            [
                *own_body(now, self.robot),
                *things(now, now.props[..., : BOX + 1, :]),
                *crowd(now, now.others, MOST - 1),
                *spots(now, now.game[..., None, TARGET]),
                column(now.left, 1.0 / LONG),
            ]
        )

    def reward(self, was: State, action: np.ndarray, now: State, dt: float) -> dict[str, np.ndarray]:
        """Return the dense term, times its weight, and the sparse one."""
        target = now.game[..., TARGET]
        nearer = flat_distance(was.props[..., BOX, :], target) - flat_distance(now.props[..., BOX, :], target)
        return {"progress": now.game[..., WEIGHT] * self.progress * nearer, "sparse": now.points.copy()}

    def entries(self) -> list[str]:
        """Return what each number of an observation is."""
        mates = ("the next robot", "a third robot, or zeros", "a fourth robot, or zeros")
        return [
            *own_body_entries(self.robot),
            *thing_entries("the box", *mates),
            *spot_entries("the target"),
            "steps left [500]",
        ]
