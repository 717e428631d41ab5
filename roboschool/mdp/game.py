"""The contract of a game, and how a game is found by its name.

A game decides for the whole world: it remembers, gives rewards, decides when it is over and which agents win, and
launches props. The task of each agent says what it observes and is rewarded for. It is in the same file:
`games/pong.py` holds the rules, `Pong`, and the task `pong`, `Player`.
"""

import dataclasses
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path
from typing import Any, ClassVar

import numpy as np

from roboschool.errors import InvalidInput
from roboschool.mdp.effects import Launch, Marker
from roboschool.mdp.needs import GameNeeds
from roboschool.mdp.parameters import check_parameters
from roboschool.mdp.record import Nothing, Record, quantity
from roboschool.mdp.scene_info import SceneInfo
from roboschool.mdp.state import Bodies
from roboschool.plugins import builtin_classes, convert_parameters, find_class, make

UNDECIDED, DECIDED_BY_TIME = 0, 1  # what every game's reasons begin with


class GameMemory(Record):
    """The memory of most games."""

    reason: np.ndarray = quantity(doc="why the game is over: a place in `Game.reasons`")
    dense_weight: np.ndarray = quantity(doc="times every term of a reward but the sparse one")


class AgentStats(Record):
    """The statistics that most games keep of each agent."""

    score: np.ndarray = quantity(doc="what the game has given it")
    result: np.ndarray = quantity(doc="1 won, -1 lost, 0 drawn or undecided")


class GameState(Record):
    """The state that a game reads: arrays that lead with (world,)."""

    agents: Bodies = quantity("agents", record=Bodies, doc="the trunk of each agent's robot")
    props: Bodies = quantity("props", record=Bodies, doc="each prop")
    upright: np.ndarray = quantity("agents", doc="1 inside the envelope of the robot's card, 0 once it has fallen")
    contacts: np.ndarray = quantity("agents", "bodies", doc="1 where an agent presses on an agent, or then on a prop")
    pair_sums: np.ndarray = quantity("agents", "touched", "sums", doc="of contacts, for `State.contacts`")
    steps_left: np.ndarray = quantity(unit="steps", doc="until the time is up")
    memory: Any = quantity(record="memory", doc="what the game remembers: its `Game.memory`")
    agent_stats: Any = quantity("agents", record="agent_stats", doc="and of each agent: its `Game.agent_stats`")


@dataclass(frozen=True)
class GameUpdate:
    """The results of a game for a step."""

    memory: Record  # what it remembers now (world,)
    agent_stats: Record  # and of each agent (world, agent)
    rewards: np.ndarray  # what it gives each agent (world, agent)
    terminated: np.ndarray  # worlds where it is decided: all agents end (world,)
    launches: Sequence[Launch] = ()  # props that it sets in motion


@dataclass(frozen=True)
class Game(ABC):
    """Rules between agents: frozen parameters and pure functions of arrays."""

    scene: SceneInfo
    memory: ClassVar[type[Record]] = Nothing  # what it remembers; its numbers are in every info
    agent_stats: ClassVar[type[Record]] = Nothing  # what it remembers of each agent; they are in that agent's info
    reasons: ClassVar[tuple[str, ...]] = ()  # why it is over, by the number `reason` in its memory
    needs: ClassVar[GameNeeds] = GameNeeds()
    agent_count: ClassVar[tuple[int, int]] = (1, 64)  # the fewest and the most agents that can play
    reset_options: ClassVar[tuple[str, ...]] = ()  # parameters that the options of a reset may set
    needs_level_ground: ClassVar[bool] = False  # for instance because it compares z with a number

    def __post_init__(self) -> None:
        """Check what is remembered, the number of agents, and the parameters against the ranges in their annotations.

        Raises:
            InvalidInput: they are wrong.
        """
        for name in ("memory", "agent_stats"):
            record: Any = getattr(self, name)
            if not (isinstance(record, type) and issubclass(record, Record)):
                raise InvalidInput(f"{name}: {record!r:.80} is not a class of Record")
        fewest, most = self.agent_count
        if not fewest <= len(self.scene.agents) <= most:
            count = f"{fewest} agents" if fewest == most else f"{fewest} to {most} agents"
            raise InvalidInput(f"it needs {count}, got {len(self.scene.agents)}")
        check_parameters(self)

    @property
    def launched_props(self) -> tuple[str, ...]:
        """The props that it may launch; each must be in the scene, and be launched by nothing else."""
        return ()

    def single_player(self, agent: int) -> "Game":
        """Return the rules when this agent is controlled from outside and policies of the scene control the others."""
        return self

    @abstractmethod
    def reset(self, world: int, memory: Any, agent_stats: Any, rng: np.random.Generator) -> Sequence[Launch]:
        """Write what is remembered when an episode begins in a world, and return how its props move.

        Args:
            world: which.
            memory: a record of the class `memory`, of zeros.
            agent_stats: a record of the class `agent_stats`, of zeros (agent,).
            rng: the generator of the world; all randomness comes from it.
        """

    @abstractmethod
    def update(
        self, previous: GameState, state: GameState, active: np.ndarray, rngs: Sequence[np.random.Generator]
    ) -> GameUpdate:
        """Return the results of a step; called before the reward terms are computed.

        Args:
            previous: the state before the step.
            state: the state after it, with the memory of the one before; it is not changed here.
            active: which worlds have been stepped (world,); for others nothing may be drawn, and what is returned is
                ignored.
            rngs: the generator of each world.
        """

    def markers(self, state: GameState, world: int) -> Sequence[Marker]:
        """Return the markers that pictures show."""
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
        own = {key: value for key, value in options.items() if key in self.reset_options}
        given = convert_parameters(f"game {name}", type(self), own)
        try:
            return dataclasses.replace(self, **given)
        except InvalidInput as error:
            raise InvalidInput(f"game {name}: {error}") from None


def decide(memory: Any, decided: np.ndarray, reasons: np.ndarray) -> None:
    """Write why a game is over in the worlds where it has been decided (world,)."""
    memory.reason[decided] = reasons[decided]


def game_class(where: str, spec: Mapping[str, Any], beside: Path | None = None) -> type[Game]:
    """Return the class of the game that a scene asks for, as `{name = "pong"}` or `{name = "package.module:Class"}`.

    Raises:
        InvalidInput: there is none; the message begins with `where`.
    """
    own = builtin_classes("games", "observations", "player", "scripted")
    return find_class(f"{where}: ", "game", spec.get("name"), own, Game, beside)  # type: ignore[type-abstract]


def make_game(where: str, spec: dict[str, Any] | None, scene: SceneInfo, beside: Path | None = None) -> Game | None:
    """Return the game a scene asks for, if any; its module may be in the folder `beside`.

    Raises:
        InvalidInput: the game or one of its parameters is unknown or of the wrong type.
    """
    if spec is None:
        return None
    return make(where, "game", spec, game_class(where, spec, beside), scene=scene)
