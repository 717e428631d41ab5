"""Tag: one runs, up to three chase it, within a round wall.

The rewards are those of MPE's simple_tag, Lowe et al., "Multi-Agent Actor-Critic" (2017); there the runner is 1.3 times
as fast, here the motors of its chasers are 0.77 times as strong (`power` in the scene).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Annotated, Any, ClassVar

import numpy as np

from roboschool.errors import InvalidInput
from roboschool.games.observations import (
    DISTANCE,
    OWN_BODY,
    STEPS_LEFT,
    GroundPoints,
    Numbers,
    RelativeBodies,
    distance_field,
    flat_distance,
)
from roboschool.games.player import GamePlayer, dense, sparse
from roboschool.mdp.effects import Launch
from roboschool.mdp.game import DECIDED_BY_TIME, AgentStats, Game, GameMemory, GameState, GameUpdate, decide
from roboschool.mdp.needs import GameNeeds, Needs
from roboschool.mdp.record import Record, quantity
from roboschool.mdp.scene_info import SceneInfo
from roboschool.mdp.sensor import Sensor
from roboschool.mdp.state import Bodies, State
from roboschool.mdp.term import Term
from roboschool.schema import Bounds

TOUCH, OUT = 2, 3  # reasons
MAX_CHASERS = 3
RUNNER, CHASER = "runner", "chaser"  # teams


class TagMemory(GameMemory):
    """What is remembered of a chase."""

    radius: np.ndarray = quantity(unit="m", doc="of the wall")
    nearest: np.ndarray = quantity(unit="m", doc="distance between the runner and the nearest chaser")


class TagStats(AgentStats):
    """What is remembered of each agent."""

    runner: np.ndarray = quantity(doc="where among a chaser's others the runner is")


@dataclass(frozen=True)
class Tag(Game):
    """The runner loses when a chaser touches it or when it crosses the wall, and wins when the time is up.

    It is one team against another: the results of the runner and of each chaser are opposite, and those of chasers are
    equal. So results and rewards sum to zero over the two teams, but not over the agents if several chase.
    """

    memory: ClassVar[type[Record]] = TagMemory
    agent_stats: ClassVar[type[Record]] = TagStats
    reasons: ClassVar[tuple[str, ...]] = ("", "time", "touch", "out")
    needs: ClassVar[GameNeeds] = GameNeeds(contacts=True)
    agent_count: ClassVar[tuple[int, int]] = (2, 1 + MAX_CHASERS)
    reset_options: ClassVar[tuple[str, ...]] = ("dense_weight",)
    radius: Annotated[float, Bounds(0.5, 100.0)] = 6.0  # of the wall, as the prop has it [m]
    win_reward: Annotated[float, Bounds(0.0, 1e6)] = 10.0  # for winning, each; losing costs as much
    dense_weight: Annotated[float, Bounds(0.0, 1e3)] = 1.0  # times every other term

    def __post_init__(self) -> None:
        """Check what the rules need.

        Raises:
            InvalidInput: there are not a runner and one to three chasers, or a parameter is out of range.
        """
        super().__post_init__()
        if len(self.scene.team(RUNNER)) != 1 or len(self._chasers) != len(self.scene.agents) - 1:
            wanted = f"1 agent of team {RUNNER!r} and 1 to {MAX_CHASERS} of team {CHASER!r}"
            raise InvalidInput(f"it needs {wanted}, got teams {', '.join(self.scene.teams)}")

    @cached_property
    def _runner(self) -> int:
        return self.scene.team(RUNNER)[0]

    @cached_property
    def _chasers(self) -> list[int]:
        return list(self.scene.team(CHASER))

    @cached_property
    def _signs(self) -> np.ndarray:
        """1 for the runner, -1 for its chasers."""
        return np.where(np.arange(len(self.scene.agents)) == self._runner, 1.0, -1.0)

    def reset(self, world: int, memory: Any, agent_stats: Any, rng: np.random.Generator) -> Sequence[Launch]:
        """Note where among its others each chaser finds the runner; the nearest distance comes with the first step."""
        for chaser in self._chasers:
            agent_stats.runner[chaser] = (self._runner - chaser - 1) % len(self.scene.agents)
        memory.dense_weight[...], memory.radius[...] = self.dense_weight, self.radius
        return ()

    def update(
        self, previous: GameState, state: GameState, active: np.ndarray, rngs: Sequence[np.random.Generator]
    ) -> GameUpdate:
        """Decide whether the runner is caught."""
        memory, agent_stats = state.memory.copy(), state.agent_stats.copy()
        position = state.agents.position
        runner, chasers = position[:, self._runner], position[:, self._chasers]
        memory.nearest[:] = flat_distance(chasers, runner[:, None]).min(axis=1)
        caught = state.contacts[:, self._runner][:, self._chasers].any(axis=1)
        out = np.hypot(runner[:, 0], runner[:, 1]) > self.radius
        over, time_is_up = caught | out, state.steps_left <= 0.0
        decide(memory, over | time_is_up, np.where(caught, TOUCH, np.where(out, OUT, DECIDED_BY_TIME)))
        agent_stats.result[:] = (time_is_up * 1.0 - over * (1.0 + time_is_up))[:, None] * self._signs
        rewards = self.win_reward * agent_stats.result
        agent_stats.score += rewards
        return GameUpdate(memory, agent_stats, rewards, over)


@dataclass(frozen=True)
class RunnerFirst(RelativeBodies):
    """The other agents; of a chaser's others the runner is the first."""

    def needs(self) -> Needs:
        """Return what it needs."""
        return Needs(others=True, game=True)

    def bodies(self, state: State) -> Bodies:
        """Return them in that order."""
        count = state.others.position.shape[-2]
        order = (state.agent_stats.runner[..., None].astype(int) + np.arange(count)) % count
        return state.others.of(np.take_along_axis(state.others.array, order[..., None], axis=-2))


@dataclass(frozen=True)
class Player(GamePlayer):
    """Run, or chase. The runner observes the chasers; a chaser the runner, then the other chasers."""

    needs: ClassVar[Needs] = Needs(others=True, game=True)
    chases: bool = False  # whether it is a chaser

    def sensors(self, scene: SceneInfo) -> Sequence[Sensor]:
        """Return own body, the others, the arena and the time."""
        first = "the runner" if self.chases else "a chaser"

        def to_wall(state: State) -> np.ndarray:
            away = np.hypot(state.position[..., 0], state.position[..., 1])
            return (state.game.radius - away) * (1.0 / DISTANCE)

        return (
            *OWN_BODY,
            RunnerFirst((first, "a second chaser, or zeros", "a third chaser, or zeros")),
            GroundPoints(("the middle of the arena",), lambda state: np.zeros((1, 2))),
            Numbers(((distance_field("distance to the wall"), to_wall), STEPS_LEFT)),
        )

    def rewards(self, scene: SceneInfo) -> Sequence[Term]:
        """Return the dense term and the sparse one."""

        def gap(previous: State, action: np.ndarray, state: State, dt: float) -> np.ndarray:
            return -state.game.nearest if self.chases else state.game.nearest

        doc = "distance between the runner and the nearest chaser"
        return (
            dense("gap", 0.1, f"minus the {doc}" if self.chases else doc, gap, "m"),
            sparse(
                "game reward: to the runner -10 when it is caught, +10 when the time is up; the opposite to each chaser"
            ),
        )

    @property
    def termination(self) -> str:
        """When the game ends."""
        return "a chaser touches the runner, or the runner crosses the wall"
