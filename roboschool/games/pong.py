"""Pong, by the rules of Roboschool v1: two bats, a ball, rewards for hits and misses."""

import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Annotated, Any, ClassVar

import numpy as np

from roboschool.errors import InvalidInput, check_range
from roboschool.games.player import sparse
from roboschool.mdp.effects import Launch
from roboschool.mdp.game import DECIDED_BY_TIME, AgentStats, Game, GameState, GameUpdate
from roboschool.mdp.needs import Needs
from roboschool.mdp.record import Record, quantity
from roboschool.mdp.scene_info import SceneInfo
from roboschool.mdp.sensor import Field, Sensor
from roboschool.mdp.state import State
from roboschool.mdp.task import Task
from roboschool.mdp.term import Term
from roboschool.robots.robot import Robot
from roboschool.schema import Bounds
from roboschool.sensors.joints import JointStates

COURT = np.array([2.0, 1.1])  # x and y of the ball that are observed as 1 [m]
WALL = 1.0  # the ball comes back at this y [m]
SERVE_STEPS = 150  # without a hit until there is a new serve
OUT = 1.65  # and is lost beyond this x [m]
HOME = 1.3  # way of a bat from the middle, if its slide stands at 0 [m]
SPEED_SCALE = 0.5  # how a speed of 1 m/s is observed
SERVED = 1e-6  # way of the ball from the middle, seen at a serve; it moves by 0.01 in a step
GAIN = 2.0  # of the trainer: full speed if it is half its reach away


class PongMemory(Record):
    """What is remembered of a match."""

    reason: np.ndarray = quantity(doc="why the game is over: a place in `Game.reasons`")
    rally: np.ndarray = quantity(doc="hits since the serve")
    timer: np.ndarray = quantity(unit="steps", doc="until there is a new serve if none hits the ball")
    way: np.ndarray = quantity(doc="of the serves along x, 1 or -1")


@dataclass(frozen=True)
class Pong(Game):
    """Hitting the ball is rewarded a little, missing it costs 1 and, after a rally, gives the other 1."""

    memory: ClassVar[type[Record]] = PongMemory
    agent_stats: ClassVar[type[Record]] = AgentStats
    reasons: ClassVar[tuple[str, ...]] = ("", "time")
    agent_count: ClassVar[tuple[int, int]] = (2, 2)
    ball: str = "ball"  # the prop
    fastest: Annotated[tuple[float, float], Bounds(0.0, 20.0)] = (2.0, 2.5)  # speed of a serve along x [m/s]
    aside: Annotated[float, Bounds(0.0, 20.0)] = 2.0  # and at most along y [m/s]
    spread: Annotated[float, Bounds(0.0, 20.0)] = 0.9  # serves begin within this of the middle line [m]
    hit: Annotated[float, Bounds(0.0, 20.0)] = 0.01  # reward of the hitter, times the speed of the ball along x [m/s]
    # way of all serves along x, -1 or 1; 0: the first at random, the next to the winner of the last
    toward: float = 0.0

    def __post_init__(self) -> None:
        """Check what the rules need.

        Raises:
            InvalidInput: there are not two agents and a ball, or a parameter is out of range.
        """
        super().__post_init__()
        self.scene.prop(self.ball)
        slow, fast = self.fastest
        check_range("fastest", slow, 0.0, fast)
        if self.toward not in (-1.0, 0.0, 1.0):
            raise InvalidInput(f"toward: {self.toward} is not -1, 0 or 1")

    @cached_property
    def _ball(self) -> int:
        return self.scene.prop(self.ball)

    @property
    def launched_props(self) -> tuple[str, ...]:
        """The ball."""
        return (self.ball,)

    def single_player(self, agent: int) -> "Pong":
        """Return the rules of a single player, to whom all serves go."""
        return dataclasses.replace(self, toward=(-1.0, 1.0)[agent])

    def reset(self, world: int, memory: Any, agent_stats: Any, rng: np.random.Generator) -> Sequence[Launch]:
        """Serve to either player."""
        way = self.toward or rng.choice([-1.0, 1.0])
        memory.timer[...], memory.way[...] = SERVE_STEPS, way
        return [self._serve(world, way, rng)]

    def update(
        self, previous: GameState, state: GameState, active: np.ndarray, rngs: Sequence[np.random.Generator]
    ) -> GameUpdate:
        """Reward hits and misses, turn the ball at the walls, and serve when it is lost or neither hits it.

        The agent with the greater sum of rewards when the time is up wins.
        """
        memory, agent_stats, rewards = state.memory.copy(), state.agent_stats.copy(), np.zeros(state.upright.shape)
        position, velocity = state.props.position[:, self._ball], state.props.velocity[:, self._ball]
        before, vx = previous.props.velocity[:, self._ball, 0], velocity[:, 0]
        memory.timer -= 1.0
        hit = before * vx < 0.0
        hitter = (vx < 0.0).astype(int)  # it flies away from its hitter
        worlds = np.flatnonzero(hit)
        rewards[worlds, hitter[worlds]] += self.hit * np.abs(vx[worlds])
        memory.rally[worlds] += 1.0
        memory.timer[worlds] = SERVE_STEPS
        missed = np.abs(position[:, 0]) > OUT
        misser = (position[:, 0] > 0.0).astype(int)
        worlds = np.flatnonzero(missed)
        rewards[worlds, misser[worlds]] -= 1.0
        rewards[worlds, 1 - misser[worlds]] += memory.rally[worlds] > 0.0
        if not self.toward:
            memory.way[worlds] = np.where(misser[worlds] == 0, 1.0, -1.0)  # the winner gets the next
        agent_stats.score += rewards
        time_is_up = state.steps_left <= 0.0
        memory.reason[time_is_up] = DECIDED_BY_TIME
        agent_stats.result[time_is_up] = np.sign(agent_stats.score[time_is_up] - agent_stats.score[time_is_up, ::-1])
        served = (missed | (memory.timer <= 0.0)) & active
        launches = [self._serve(world, memory.way[world], rngs[world]) for world in np.flatnonzero(served).tolist()]
        memory.rally[served], memory.timer[served] = 0.0, SERVE_STEPS
        bounced = (np.abs(position[:, 1]) > WALL) & (position[:, 1] * velocity[:, 1] > 0.0) & active & ~served
        for world in np.flatnonzero(bounced).tolist():
            x, y, z = position[world].tolist()
            along, aside, up = velocity[world].tolist()
            launches.append(Launch(world, self.ball, (x, y, z), (along, -aside, up)))
        return GameUpdate(memory, agent_stats, rewards, np.zeros(len(time_is_up), dtype=bool), launches)

    def _serve(self, world: int, way: float, rng: np.random.Generator) -> Launch:
        speed = way * rng.uniform(*self.fastest)
        y, aside = rng.uniform(-self.spread, self.spread), rng.uniform(-self.aside, self.aside)
        return Launch(world, self.ball, (0.0, y, 0.0), (speed, aside, 0.0))


@dataclass(frozen=True)
class Table(Sensor):
    """The other bat, the ball, and the time without a hit, seen from the own side of the table."""

    ball: int  # number of the prop
    reach: tuple[float, ...]  # of a bat along x and y [m]

    def fields(self, robot: Robot, scene: SceneInfo) -> Sequence[Field]:
        """Return nine numbers."""
        things = {"other bat": "its reach", "ball": "half the court"}
        pairs = [
            (Field(f"{thing} {axis}", unit), Field(f"{thing} {axis} speed", "2 m/s"))
            for thing, unit in things.items()
            for axis in "xy"
        ]
        return *(field for pair in pairs for field in pair), Field("time without a hit, -1 when the next serve is due")

    def needs(self) -> Needs:
        """Return that it needs all."""
        return Needs(props=True, others=True, game=True)

    def read(self, previous: State, action: np.ndarray, state: State, dt: float) -> np.ndarray:
        """Return x, its speed, y, its speed of other bat and ball; and the time without a hit (..., 9)."""
        left, forward = state.world_x_direction[..., None, :1], state.world_x_direction[..., None, 1:]
        ball = slice(self.ball, self.ball + 1)
        position = np.concatenate([state.others.position, state.props.position[..., ball, :]], axis=-2)  # of both
        velocity = np.concatenate([state.others.velocity, state.props.velocity[..., ball, :]], axis=-2)
        x, y = (np.stack([position[..., axis], velocity[..., axis]], axis=-1) for axis in range(2))
        x, y = forward * x - left * y, left * x + forward * y
        x[..., 0, 0] -= HOME
        x[..., 0] /= np.array([self.reach[0], COURT[0]])
        y[..., 0] /= np.array([self.reach[1], COURT[1]])
        x[..., 1] *= SPEED_SCALE
        y[..., 1] *= SPEED_SCALE
        pairs = np.stack([x, y], axis=-2).reshape(*x.shape[:-2], -1)
        timer = state.game.timer[..., None] / SERVE_STEPS - 1.0
        return np.concatenate([pairs, timer], axis=-1)


@dataclass(frozen=True)
class Player(Task):
    """Play pong; each player observes the table from its own side."""

    ends_when_fallen: ClassVar[bool] = False
    needs: ClassVar[Needs] = Needs(game=True)
    ball: str = "ball"  # the prop

    def __post_init__(self) -> None:
        """Check that the robot is two slides.

        Raises:
            InvalidInput: it is not.
        """
        super().__post_init__()
        kinds = [joint.kind for joint in self.robot.joints]
        if kinds != ["prismatic", "prismatic"] or not all(joint.upper for joint in self.robot.joints):
            raise InvalidInput(f"it is played by a robot of two slides with limits, not by {self.robot.name!r}")

    def sensors(self, scene: SceneInfo) -> Sequence[Sensor]:
        """Return own bat, other bat, ball, and the time without a hit."""
        reach = tuple(joint.upper or 0.0 for joint in self.robot.joints)
        return JointStates(), Table(scene.prop(self.ball), reach)

    def rewards(self, scene: SceneInfo) -> Sequence[Term]:
        """Return the game reward."""
        doc = (
            "game reward: for a hit 0.01 x the ball's speed along x [m/s], -1 for a miss; "
            "+1 if the other misses after at least one hit"
        )
        return (sparse(doc, "points"),)


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
        action: np.ndarray = np.clip(GAIN * (self.target - observation[:4:2]), -1.0, 1.0)
        return action
