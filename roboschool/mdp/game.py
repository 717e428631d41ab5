"""The contract of a game, and how a game is found by its name.

A game decides for the whole world: it remembers, gives points, says when it is over and who has won, and asks for
throws. What each agent sees and is paid is its task's, which stands in the same file: `games/pong.py` holds the rules,
`Pong`, and the task `pong`, `Player`.
"""

import dataclasses
import math
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path
from typing import Any, ClassVar

import numpy as np

from roboschool.errors import InvalidInput
from roboschool.mdp.effects import Launch, Mark
from roboschool.plugins import builtin_classes, convert_parameters, find_class, make

UNDECIDED, DECIDED_BY_TIME = 0, 1  # what every game's reasons begin with


@dataclass(frozen=True)
class GameState:
    """All that a game looks at: arrays that lead with (world,). Places: position, velocity, x axis [m, m/s]."""

    agents: np.ndarray  # place of each agent's trunk (world, agent, 9)
    props: np.ndarray  # place of each prop (world, prop, 9)
    upright: np.ndarray  # 1 inside the envelope of the robot's card, 0 once it has fallen (world, agent)
    touches: np.ndarray  # 1 where an agent presses on another, or on a prop (world, agent, agents and then props)
    left: np.ndarray  # steps left until the time is up (world,)
    memory: np.ndarray  # what the game remembers, by the names in `Game.memory` (world, m)
    agent_stats: np.ndarray  # what it remembers of each agent, by the names in `Game.agent_stats` (world, agent, n)

    @classmethod
    def blank(cls, worlds: int, agents: int, props: int, place: int, memory: int, agent_stats: int) -> "GameState":
        """Return an arena of zeros."""
        return cls(
            agents=np.zeros((worlds, agents, place)),
            props=np.zeros((worlds, props, place)),
            upright=np.zeros((worlds, agents)),
            touches=np.zeros((worlds, agents, agents + props)),
            left=np.zeros(worlds),
            memory=np.zeros((worlds, memory)),
            agent_stats=np.zeros((worlds, agents, agent_stats)),
        )


@dataclass(frozen=True)
class GameUpdate:
    """What a game says of a step."""

    memory: np.ndarray  # what it remembers now (world, m)
    agent_stats: np.ndarray  # and of each agent (world, agent, n)
    points: np.ndarray  # what each agent gets (world, agent)
    over: np.ndarray  # worlds where it is decided: all agents end (world,)
    throws: Sequence[Launch] = ()


@dataclass(frozen=True)
class Game(ABC):
    """Rules between agents: frozen parameters and pure functions of arrays."""

    agents: tuple[str, ...]  # names, in the order of the arrays
    props: tuple[str, ...]
    finish: float = math.inf  # the line across the lanes of the scene; infinite if it has none [m]
    memory: ClassVar[tuple[str, ...]] = ()  # names of the numbers it remembers; they are in every info
    agent_stats: ClassVar[tuple[str, ...]] = ()  # of those it remembers of each agent; they are in that agent's info
    reasons: ClassVar[tuple[str, ...]] = ()  # why it is over, by the number `reason` in its memory
    feels: ClassVar[bool] = False  # whether it needs to know who touches whom
    follows: ClassVar[bool] = True  # whether it needs the velocities and x axes of the agents; without, they may be 0
    teams: ClassVar[bool] = True  # whether agents of one role are on one side, if there are two roles
    reset_options: ClassVar[tuple[str, ...]] = ()  # parameters that the options of a reset may set

    @property
    def throws(self) -> tuple[str, ...]:
        """The props that it may throw; each must be there, and be thrown by nobody else."""
        return ()

    def single_player(self, agent: int) -> "Game":
        """Return the rules when this agent is played and policies of the scene play the others."""
        return self

    @abstractmethod
    def begin(self, world: int, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray, Sequence[Launch]]:
        """Return what is remembered when an episode begins, (m,) and (agent, n), and how its props fly."""

    @abstractmethod
    def judge(
        self, was: GameState, now: GameState, live: np.ndarray, rngs: Sequence[np.random.Generator]
    ) -> GameUpdate:
        """Return what a step has brought; called before the tasks pay.

        Args:
            was: the arena before the step.
            now: the arena after it, with the memory of the one before.
            live: which worlds have been stepped (world,); for others nothing may be drawn, and what is returned is
                ignored.
            rngs: the generator of each world.
        """

    def marks(self, now: GameState, world: int) -> Sequence[Mark]:
        """Return what is shown in pictures beside the bodies."""
        return ()

    def with_options(self, options: Mapping[str, Any]) -> "Game":
        """Return the rules with what the options of a reset set; options that are not theirs are left alone.

        Raises:
            InvalidInput: a value is wrong, or an option is meant for these rules but misspelt.
        """
        name = type(self).__name__
        for key in options:
            if key not in self.reset_options and (meant := get_close_matches(str(key), self.reset_options, 1)):
                raise InvalidInput(f"game {name}: reset has no option {key!r}; did you mean {meant[0]!r}?")
        given = convert_parameters(
            f"game {name}", type(self), {k: v for k, v in options.items() if k in self.reset_options}
        )
        try:
            return dataclasses.replace(self, **given)
        except InvalidInput as error:
            raise InvalidInput(f"game {name}: {error}") from None


def game_class(where: str, spec: Mapping[str, Any], beside: Path | None = None) -> type[Game]:
    """Return the class of the game that a scene asks for, as `{name = "pong"}` or `{name = "package.module:Class"}`.

    Raises:
        InvalidInput: there is none; the message begins with `where`.
    """
    own = builtin_classes("games", "observations", "scripted")
    return find_class(f"{where}: ", "game", spec.get("name"), own, Game, beside)  # type: ignore[type-abstract]


def make_game(
    where: str,
    spec: dict[str, Any] | None,
    agents: Sequence[str],
    props: Sequence[str],
    finish: float | None,
    beside: Path | None = None,
) -> Game | None:
    """Return the game a scene asks for, if any; a module of its own may be in the folder `beside`.

    Raises:
        InvalidInput: the game or one of its parameters is unknown or of the wrong type.
    """
    if spec is None:
        return None
    fixed = {"agents": tuple(agents), "props": tuple(props), "finish": math.inf if finish is None else finish}
    return make(where, "game", spec, game_class(where, spec, beside), **fixed)
