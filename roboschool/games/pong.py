"""Pong, by the rules of Roboschool v1: two bats, a ball, points for hits and misses."""

import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from roboschool.errors import InvalidInput, check_range
from roboschool.mdp.effects import Launch
from roboschool.mdp.game import DECIDED_BY_TIME, UNDECIDED, Game, GameState, GameUpdate
from roboschool.mdp.state import State
from roboschool.mdp.task import Task

COURT = np.array([2.0, 1.1])  # x and y of the ball that are observed as 1 [m]
WALL = 1.0  # the ball comes back at this y [m]
PATIENCE = 150  # steps without a hit until there is a new serve
OUT = 1.65  # and is lost beyond this x [m]
REASON, RALLY, TIMER, WAY = range(4)  # columns of the memory
SCORE, RESULT = range(2)  # of the agent_stats
X, Y, VX, VY, AXIS = 0, 1, 3, 4, 6  # in the place of a ball
HOME = 1.3  # way of a bat from the middle, if its slide stands at 0 [m]
PACE = 0.5  # what a speed of 1 m/s looks like
SERVED = 1e-6  # way of the ball from the middle, seen at a serve; it moves by 0.01 in a step
HURRY = 2.0  # of the trainer: full speed if it is half its reach away


@dataclass(frozen=True)
class Pong(Game):
    """Hitting the ball pays a little, missing it costs 1 and, after a rally, pays the other 1."""

    memory: ClassVar[tuple[str, ...]] = ("reason", "rally", "timer", "way")
    agent_stats: ClassVar[tuple[str, ...]] = ("score", "result")
    reasons: ClassVar[tuple[str, ...]] = ("", "time")
    fastest: tuple[float, float] = (2.0, 2.5)  # speed of a serve along x [m/s]
    aside: float = 2.0  # and at most along y [m/s]
    spread: float = 0.9  # serves begin within this of the middle line [m]
    hit: float = 0.01  # pays the hitter, times the speed of the ball along x [m/s]
    toward: float = (
        0.0  # way of all serves along x, -1 or 1; 0: the first by chance, the next to the winner of the last
    )

    def __post_init__(self) -> None:
        """Check what the rules need.

        Raises:
            InvalidInput: there are not two agents and a ball, or a parameter is out of range.
        """
        if len(self.agents) != 2 or not self.props:
            raise InvalidInput(f"two agents and a ball play, not {len(self.agents)} and {len(self.props)} props")
        slow, fast = self.fastest
        check_range("fastest", slow, 0.0, fast)
        check_range("fastest", fast, slow, 20.0)
        for name in ("aside", "spread", "hit"):
            check_range(name, getattr(self, name), 0.0, 20.0)
        if self.toward not in (-1.0, 0.0, 1.0):
            raise InvalidInput(f"toward: {self.toward} is not -1, 0 or 1")

    @property
    def throws(self) -> tuple[str, ...]:
        """The ball: the first prop."""
        return self.props[:1]

    def single_player(self, agent: int) -> "Pong":
        """Return the rules of a single player, to whom all serves go."""
        return dataclasses.replace(self, toward=(-1.0, 1.0)[agent])

    def begin(self, world: int, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray, Sequence[Launch]]:
        """Serve to either player."""
        way = self.toward or rng.choice([-1.0, 1.0])
        return np.array([UNDECIDED, 0.0, PATIENCE, way]), np.zeros((2, 2)), [self._serve(world, way, rng)]

    def judge(
        self, was: GameState, now: GameState, live: np.ndarray, rngs: Sequence[np.random.Generator]
    ) -> GameUpdate:
        """Give points for hits and misses, turn the ball at the walls, and serve when it is lost or nobody hits it.

        Who has more points when the time is up has won.
        """
        memory, agent_stats, points = now.memory.copy(), now.agent_stats.copy(), np.zeros(now.agents.shape[:2])
        before, ball = was.props[:, 0], now.props[:, 0]
        memory[:, TIMER] -= 1.0
        hit = before[:, VX] * ball[:, VX] < 0.0
        hitter = (ball[:, VX] < 0.0).astype(int)  # it flies away from who hit it
        worlds = np.flatnonzero(hit)
        points[worlds, hitter[worlds]] += self.hit * np.abs(ball[worlds, VX])
        memory[worlds, RALLY] += 1.0
        memory[worlds, TIMER] = PATIENCE
        missed = np.abs(ball[:, X]) > OUT
        misser = (ball[:, X] > 0.0).astype(int)
        worlds = np.flatnonzero(missed)
        points[worlds, misser[worlds]] -= 1.0
        points[worlds, 1 - misser[worlds]] += memory[worlds, RALLY] > 0.0
        if not self.toward:
            memory[worlds, WAY] = np.where(misser[worlds] == 0, 1.0, -1.0)  # the winner gets the next
        agent_stats[..., SCORE] += points
        late = now.left <= 0.0
        memory[late, REASON] = DECIDED_BY_TIME
        agent_stats[late, :, RESULT] = np.sign(agent_stats[late, :, SCORE] - agent_stats[late, ::-1, SCORE])
        served = (missed | (memory[:, TIMER] <= 0.0)) & live
        throws = [self._serve(world, memory[world, WAY], rngs[world]) for world in np.flatnonzero(served).tolist()]
        memory[served, RALLY], memory[served, TIMER] = 0.0, PATIENCE
        bounced = (np.abs(ball[:, Y]) > WALL) & (ball[:, Y] * ball[:, VY] > 0.0) & live & ~served
        for world in np.flatnonzero(bounced).tolist():
            x, y, z, vx, vy, vz = ball[world, :AXIS].tolist()
            throws.append(Launch(world, self.props[0], (x, y, z), (vx, -vy, vz)))
        return GameUpdate(memory, agent_stats, points, np.zeros(len(late), dtype=bool), throws)

    def _serve(self, world: int, way: float, rng: np.random.Generator) -> Launch:
        speed = way * rng.uniform(*self.fastest)
        y, aside = rng.uniform(-self.spread, self.spread), rng.uniform(-self.aside, self.aside)
        return Launch(world, self.props[0], (0.0, y, 0.0), (speed, aside, 0.0))


@dataclass(frozen=True)
class Player(Task):
    """Play pong; each sees the table from its own side: the other is ahead, and its own left is on the left."""

    sees: ClassVar[frozenset[str]] = frozenset({"props", "others", "game"})
    pays: ClassVar[dict[str, str]] = {
        "points": "what the game gives: for a hit 0.01 x the ball's speed along x [m/s], -1 for a miss; "
        "+1 if the other misses after at least one hit"
    }
    ends: ClassVar[str] = "never"

    def __post_init__(self) -> None:
        """Check that the robot is two slides.

        Raises:
            InvalidInput: it is not.
        """
        kinds = [joint.kind for joint in self.robot.joints]
        if kinds != ["prismatic", "prismatic"] or not all(joint.upper for joint in self.robot.joints):
            raise InvalidInput(f"it is played by a robot of two slides with limits, not by {self.robot.name!r}")

    def observe(self, now: State) -> np.ndarray:
        """Return x, its speed, y, its speed of own bat, other bat and ball; and the time without a hit (..., 13)."""
        reach = np.array([joint.upper for joint in self.robot.joints])
        left, forward = now.bearing[..., None, :1], now.bearing[..., None, 1:]
        places = np.concatenate([now.others, now.props[..., :1, :]], axis=-2)  # of other bat and ball (..., 2, 9)
        x, y = places[..., X:AXIS:3], places[..., Y:AXIS:3]  # position and speed
        x, y = forward * x - left * y, left * x + forward * y
        x[..., 0, 0] -= HOME
        x[..., 0] /= np.array([reach[0], COURT[0]])
        y[..., 0] /= np.array([reach[1], COURT[1]])
        x[..., 1] *= PACE
        y[..., 1] *= PACE
        pairs = np.stack([x, y], axis=-2).reshape(*x.shape[:-2], -1)
        timer = now.game[..., TIMER, None] / PATIENCE - 1.0
        return np.concatenate([now.joints.reshape(*now.joints.shape[:-2], -1), pairs, timer], axis=-1)

    def reward(self, was: State, action: np.ndarray, now: State, dt: float) -> dict[str, np.ndarray]:
        """Return what the game has given."""
        return {"points": now.points.copy()}

    def over(self, now: State) -> np.ndarray:
        """Return that no episode ends."""
        return np.zeros(now.points.shape, dtype=bool)

    def entries(self) -> list[str]:
        """Return what each number of an observation is."""
        things = {"own bat": "its reach", "other bat": "its reach", "ball": "half the court"}
        pairs = [
            (f"{thing} {axis} [{unit}]", f"{thing} {axis} speed [2 m/s]")
            for thing, unit in things.items()
            for axis in "xy"
        ]
        return [*(entry for pair in pairs for entry in pair), "time without a hit, -1 when the next serve is due"]


class Trainer:
    """Roboschool's first opponent: goes somewhere at every serve, and does not look at the ball."""

    def __init__(self) -> None:
        self.reset(0)

    def reset(self, seed: int | None = None) -> None:
        """Begin an episode."""
        self.rng = np.random.default_rng(seed)
        self.target = np.zeros(2)

    def act(self, observation: np.ndarray) -> np.ndarray:
        """Return an action (2,) for an observation (13,)."""
        if abs(observation[8]) < SERVED:  # the ball is in the middle: it has just been served
            self.target = self.rng.uniform(-0.9, 0.9, 2)
        action: np.ndarray = np.clip(HURRY * (self.target - observation[:4:2]), -1.0, 1.0)
        return action
