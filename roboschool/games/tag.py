"""Tag: one runs, up to three chase it, within a round wall.

The points are those of MPE's simple_tag, Lowe et al., "Multi-Agent Actor-Critic" (2017); there the runner is 1.3 times
as fast, here the motors of its chasers are 0.77 times as strong (`power` in the scene).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import ClassVar

import numpy as np

from roboschool.errors import InvalidInput, check_range
from roboschool.games.observations import (
    FAR,
    LONG,
    Contender,
    column,
    crowd,
    flat_distance,
    own_body,
    own_body_entries,
    spot_entries,
    spots,
    thing_entries,
    together,
)
from roboschool.mdp.effects import Launch
from roboschool.mdp.game import DECIDED_BY_TIME, UNDECIDED, Game, GameState, GameUpdate
from roboschool.mdp.state import State

REASON, WEIGHT, RADIUS, NEAREST = range(4)  # columns of the memory
SCORE, RESULT, RUNNER = range(3)  # of the agent_stats
TOUCH, OUT = 2, 3  # reasons
MOST = 3  # chasers


@dataclass(frozen=True)
class Tag(Game):
    """The runner has lost when a chaser touches it, or when it is over the wall, and has won when the time is up.

    It is one team against another: the results of the runner and of each chaser are opposite, and those of chasers are
    equal. So results and points sum to zero over the two teams, but not over the agents if several chase.
    """

    memory: ClassVar[tuple[str, ...]] = ("reason", "dense_weight", "radius", "nearest")
    agent_stats: ClassVar[tuple[str, ...]] = ("score", "result", "runner")
    reasons: ClassVar[tuple[str, ...]] = ("", "time", "touch", "out")
    feels: ClassVar[bool] = True
    reset_options: ClassVar[tuple[str, ...]] = ("dense_weight",)
    radius: float = 6.0  # of the wall, as the prop has it [m]
    win_reward: float = 10.0  # for winning, each; losing costs as much
    dense_weight: float = 1.0  # times everything else that is paid

    def __post_init__(self) -> None:
        """Check what the rules need.

        Raises:
            InvalidInput: there are not a runner and one to three chasers, or a parameter is out of range.
        """
        roles = [name.rpartition("_")[0] for name in self.agents]
        if roles.count("runner") != 1 or not 1 <= roles.count("chaser") <= MOST or len(roles) > 1 + MOST:
            raise InvalidInput(f"a runner and 1 to {MOST} chasers play tag, not {', '.join(self.agents)}")
        check_range("radius", self.radius, 0.5, 100.0)
        check_range("win_reward", self.win_reward, 0.0, 1e6)
        check_range("dense_weight", self.dense_weight, 0.0, 1e3)

    @cached_property
    def _runner(self) -> int:
        return next(number for number, name in enumerate(self.agents) if name.startswith("runner"))

    @cached_property
    def _chasers(self) -> list[int]:
        return [number for number in range(len(self.agents)) if number != self._runner]

    @cached_property
    def _sides(self) -> np.ndarray:
        """1 for the runner, -1 for those who chase it."""
        return np.where(np.arange(len(self.agents)) == self._runner, 1.0, -1.0)

    def begin(self, world: int, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray, Sequence[Launch]]:
        """Tell each chaser where among the others the runner is; how near the nearest is, the first step will say."""
        agent_stats = np.zeros((len(self.agents), len(self.agent_stats)))
        for chaser in self._chasers:
            agent_stats[chaser, RUNNER] = (self._runner - chaser - 1) % len(self.agents)
        return np.array([UNDECIDED, self.dense_weight, self.radius, 0.0]), agent_stats, ()

    def judge(
        self, was: GameState, now: GameState, live: np.ndarray, rngs: Sequence[np.random.Generator]
    ) -> GameUpdate:
        """Say whether the runner is caught."""
        memory, agent_stats = now.memory.copy(), now.agent_stats.copy()
        runner, chasers = now.agents[:, self._runner], now.agents[:, self._chasers]
        memory[:, NEAREST] = flat_distance(chasers, runner[:, None]).min(axis=1)
        caught = now.touches[:, self._runner][:, self._chasers].any(axis=1)
        out = np.hypot(runner[:, 0], runner[:, 1]) > self.radius
        over, late = caught | out, now.left <= 0.0
        memory[over | late, REASON] = np.where(caught, TOUCH, np.where(out, OUT, DECIDED_BY_TIME))[over | late]
        agent_stats[..., RESULT] = (late * 1.0 - over * (1.0 + late))[:, None] * self._sides
        points = self.win_reward * agent_stats[..., RESULT]
        agent_stats[..., SCORE] += points
        return GameUpdate(memory, agent_stats, points, over)


@dataclass(frozen=True)
class Player(Contender):
    """Run, or chase. The runner sees the chasers; a chaser sees the runner, then the other chasers."""

    sees: ClassVar[frozenset[str]] = frozenset({"others", "game"})
    pays: ClassVar[dict[str, str]] = {
        "gap": "{gap:g} x distance between the runner and the nearest chaser [m]; minus that for a chaser",
        "sparse": "what the game gives: to the runner -10 when it is caught, +10 when the time is up; the opposite to "
        "each chaser",
    }
    ends: ClassVar[str] = "a chaser touches the runner, or the runner is over the wall"
    chases: bool = False  # whether it is a chaser
    gap: float = 0.1  # times the distance between the runner and the nearest chaser [m]; minus that for a chaser

    def observe(self, now: State) -> np.ndarray:
        """Return own body, the others, the arena and the time (..., 37 + 2J + F)."""
        count = now.others.shape[-2]
        order = (now.agent_stats[..., RUNNER, None].astype(int) + np.arange(count)) % count
        others = np.take_along_axis(now.others, order[..., None], axis=-2)
        away = np.hypot(now.position[..., 0], now.position[..., 1])
        return together(
            [
                *own_body(now, self.robot),
                *crowd(now, others, MOST),
                *spots(now, np.zeros((1, 2))),
                column(now.game[..., RADIUS] - away, 1.0 / FAR),
                column(now.left, 1.0 / LONG),
            ]
        )

    def reward(self, was: State, action: np.ndarray, now: State, dt: float) -> dict[str, np.ndarray]:
        """Return the dense term, times its weight, and the sparse one."""
        gap = -self.gap if self.chases else self.gap
        return {"gap": now.game[..., WEIGHT] * gap * now.game[..., NEAREST], "sparse": now.points.copy()}

    def entries(self) -> list[str]:
        """Return what each number of an observation is."""
        others = ("the runner", "a second chaser, or zeros", "a third chaser, or zeros")
        if not self.chases:
            others = ("a chaser", *others[1:])
        return [
            *own_body_entries(self.robot),
            *thing_entries(*others),
            *spot_entries("the middle of the arena"),
            "distance to the wall [5 m]",
            "steps left [500]",
        ]
