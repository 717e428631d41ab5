"""The state of an episode as data."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from roboschool.mdp.game import Game
from roboschool.physics.checkpoint import WorldCheckpoint


@dataclass(frozen=True)
class Checkpoint:
    """A world with everything its episode remembers. It can be pickled, and is valid in another process."""

    scene: str
    described: Mapping[str, str]  # what its future depends on besides, as `describe_scene` returns it
    world: WorldCheckpoint
    rng: Any
    step: int
    groups: tuple[tuple[np.ndarray, np.ndarray], ...]  # of each group its state's array, and which agents are active
    game_state: np.ndarray  # the array of `GameState`
    rules: Game | None  # with what the options of a reset have set
    # copies of policies that were not given as objects, by the agents that they control
    opponents: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class EpisodeOrigin:
    """What an episode begins from: with the same actions it is the same episode, bit for bit."""

    rng: Any  # the state of the world's generator
    memory: tuple[np.ndarray, ...]  # what the tasks of each group remember from the episode before
