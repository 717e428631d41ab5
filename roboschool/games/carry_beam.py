"""Carry a beam: it lies on the backs of two robots, which share a reward for taking it along.

The idea is that of Gymnasium-Robotics' CoupledHalfCheetah; the numbers are ours.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from roboschool.errors import InvalidInput, check_range
from roboschool.games.observations import (
    FAR,
    LONG,
    NEUTRAL,
    Contender,
    column,
    own_body,
    own_body_entries,
    thing_entries,
    things,
    together,
)
from roboschool.mdp.effects import Launch, Mark
from roboschool.mdp.game import DECIDED_BY_TIME, UNDECIDED, Game, GameState, GameUpdate
from roboschool.mdp.state import State

REASON, WEIGHT, LINE = range(3)  # columns of the memory
SCORE, RESULT = range(2)  # of the agent_stats
GOAL, DROP = 2, 3  # reasons
BEAM = 0  # the first prop; it is long along its x axis
X, Z, SLOPE = 0, 2, 8  # in the place of a beam: where its middle is [m], and the sine of its tilt


@dataclass(frozen=True)
class CarryBeam(Game):
    """Both have won when the beam is past the line, and lost when its middle or an end is low."""

    memory: ClassVar[tuple[str, ...]] = ("reason", "dense_weight", "line")
    agent_stats: ClassVar[tuple[str, ...]] = ("score", "result")
    reasons: ClassVar[tuple[str, ...]] = ("", "time", "goal", "drop")
    reset_options: ClassVar[tuple[str, ...]] = ("line", "dense_weight")
    line: float = 10.0  # x that the middle of the beam must pass [m]
    length: float = 3.0  # of the beam [m]
    lowest: float = 0.4  # height of its lower end at which it is dropped [m]; an ant's back is at 0.5 and more
    win_reward: float = 100.0  # for passing the line, each; dropping the beam costs as much
    dense_weight: float = 1.0  # times everything else that is paid

    def __post_init__(self) -> None:
        """Check what the rules need.

        Raises:
            InvalidInput: there are not two agents and a beam, or a parameter is out of range.
        """
        if len(self.agents) != 2:
            raise InvalidInput(f"two agents carry a beam, not {len(self.agents)}")
        if not self.props:
            raise InvalidInput("there is no beam: it must be the first prop")
        check_range("line", self.line, 0.1, 100.0)
        check_range("length", self.length, 0.1, 100.0)
        check_range("lowest", self.lowest, 0.0, 100.0)
        check_range("win_reward", self.win_reward, 0.0, 1e6)
        check_range("dense_weight", self.dense_weight, 0.0, 1e3)

    def begin(self, world: int, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray, Sequence[Launch]]:
        """Remember the line."""
        return np.array([UNDECIDED, self.dense_weight, self.line]), np.zeros((2, 2)), ()

    def judge(
        self, was: GameState, now: GameState, live: np.ndarray, rngs: Sequence[np.random.Generator]
    ) -> GameUpdate:
        """Say whether the beam is past the line or dropped; dropped beyond the line is dropped too late to matter."""
        memory, agent_stats = now.memory.copy(), now.agent_stats.copy()
        beam = now.props[:, BEAM]
        past = beam[:, X] > memory[:, LINE]
        dropped = ~past & (beam[:, Z] - self.length / 2.0 * np.abs(beam[:, SLOPE]) < self.lowest)
        over, late = past | dropped, now.left <= 0.0
        reasons = np.where(past, GOAL, np.where(dropped, DROP, DECIDED_BY_TIME))
        memory[over | late, REASON] = reasons[over | late]
        agent_stats[..., RESULT] = (past * 1.0 - dropped)[:, None]
        points = self.win_reward * agent_stats[..., RESULT]
        agent_stats[..., SCORE] += points
        return GameUpdate(memory, agent_stats, points, over)

    def marks(self, now: GameState, world: int) -> Sequence[Mark]:
        """Return the line."""
        line = float(now.memory[world, LINE])
        return [Mark((line, 0.5 * place, 0.0), 0.05, NEUTRAL) for place in range(-4, 5)]


@dataclass(frozen=True)
class Player(Contender):
    """Carry the beam along +x. All that is seen is seen from the robot, so both see the same of the same."""

    sees: ClassVar[frozenset[str]] = frozenset({"props", "others", "game"})
    pays: ClassVar[dict[str, str]] = {
        "progress": "{progress:+g} x way of the beam toward the line [m], the same to both",
        "tilt": "{tilt:+g} x sine of the beam's tilt, the same to both",
        "sparse": "what the game gives, to both: +100 when the beam is past the line, -100 when it is dropped",
    }
    ends: ClassVar[str] = "the beam is past the line, or dropped"
    progress: float = 10.0  # times the way of the beam toward the line [m]
    tilt: float = -0.1  # times the sine of the beam's tilt

    def observe(self, now: State) -> np.ndarray:
        """Return own body, the beam, the other, the way to go and the time (..., 28 + 2J + F)."""
        return together(
            [
                *own_body(now, self.robot),
                *things(now, now.props[..., : BEAM + 1, :]),
                *things(now, now.others),
                now.bearing,
                column(now.position[..., 1], 1.0 / FAR),
                column(now.game[..., LINE] - now.props[..., BEAM, X], 1.0 / FAR),
                column(now.left, 1.0 / LONG),
            ]
        )

    def reward(self, was: State, action: np.ndarray, now: State, dt: float) -> dict[str, np.ndarray]:
        """Return the dense terms, times their weight, and the sparse one."""
        weight, before, beam = now.game[..., WEIGHT], was.props[..., BEAM, :], now.props[..., BEAM, :]
        return {
            "progress": weight * self.progress * (beam[..., X] - before[..., X]),
            "tilt": weight * self.tilt * np.abs(beam[..., SLOPE]),
            "sparse": now.points.copy(),
        }

    def entries(self) -> list[str]:
        """Return what each number of an observation is."""
        return [
            *own_body_entries(self.robot),
            *thing_entries("the beam", "the other"),
            "sine of the angle to the line",
            "cosine of the angle to the line",
            "own place to the left of the way [5 m]",
            "the beam's distance to the line [5 m]",
            "steps left [500]",
        ]
