"""The contract of a game, and how a game is found by its name.

A game decides for the whole world: it remembers, gives points and asks for throws. What each agent sees and is paid is
its task's, which stands in the same file: `games/pong.py` holds the rules, `Pong`, and the task `pong`, `Player`.
"""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from roboschool.parts import make, shipped
from roboschool.tasks.asks import Throw


@dataclass(frozen=True)
class Arena:
    """All that a game looks at: arrays that lead with (world,). Places are positions and velocities [m, m/s]."""

    agents: np.ndarray  # place of each agent's trunk (world, agent, 6)
    props: np.ndarray  # place of each prop (world, prop, 6)
    memory: np.ndarray  # what the game remembers, by the names in `Game.memory` (world, m)


@dataclass(frozen=True)
class Verdict:
    """What a game says of a step."""

    memory: np.ndarray  # what it remembers now (world, m)
    points: np.ndarray  # what each agent gets (world, agent)
    throws: Sequence[Throw] = ()


@dataclass(frozen=True)
class Game(ABC):
    """Rules between agents: frozen parameters and pure functions of arrays."""

    agents: tuple[str, ...]  # names, in the order of the arrays
    props: tuple[str, ...]
    memory: ClassVar[tuple[str, ...]] = ()  # names of the numbers it remembers; they are in every info

    @property
    def throws(self) -> tuple[str, ...]:
        """The props that it may throw; each must be there, and be thrown by nobody else."""
        return ()

    def solo(self, agent: int) -> "Game":
        """Return the rules when this agent is played and policies of the scene play the others."""
        return self

    @abstractmethod
    def begin(self, world: int, chance: np.random.Generator) -> tuple[np.ndarray, Sequence[Throw]]:
        """Return what is remembered when an episode begins (m,), and how its props fly."""

    @abstractmethod
    def judge(self, was: Arena, now: Arena, live: np.ndarray, chance: Sequence[np.random.Generator]) -> Verdict:
        """Return what a step has brought; called before the tasks pay.

        Args:
            was: the arena before the step.
            now: the arena after it, with the memory of the one before.
            live: which worlds have been stepped (world,); for others nothing may be drawn, and what is returned is
                ignored.
            chance: the generator of each world.
        """


def make_game(where: str, spec: dict[str, Any] | None, agents: Sequence[str], props: Sequence[str]) -> Game | None:
    """Return the game a scene asks for, as `{name = "pong"}` or `{name = "package.module:Class"}`, if any.

    Raises:
        InvalidInput: the game or one of its parameters is unknown or of the wrong type.
    """
    if spec is None:
        return None
    names = {"agents": tuple(agents), "props": tuple(props)}
    return make(where, "game", spec, shipped("games", "game"), Game, **names)  # type: ignore[type-abstract]
