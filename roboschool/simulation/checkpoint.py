"""The state of an episode as data."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from roboschool.errors import InvalidInput
from roboschool.mdp.game import Game
from roboschool.physics.checkpoint import WorldCheckpoint
from roboschool.scenes.randomize import Randomize


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
    ranges: Randomize | None  # likewise
    # copies of policies that were not given as objects, by the agents that they control
    opponents: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class EpisodeOrigin:
    """What an episode begins from: with the same actions it is the same episode, bit for bit."""

    rng: Any  # the state of the world's generator
    memory: tuple[np.ndarray, ...]  # what the tasks of each group remember from the episode before
    level: int = 0  # of the terrain, that it is to have; 0: any


def check_checkpoint(saved: Any, scene: str, described: Mapping[str, str], opponents: Iterable[str]) -> None:
    """Check that a checkpoint fits a world.

    Args:
        saved: the checkpoint.
        scene: the name of the world's scene.
        described: what `describe_scene` returns for it.
        opponents: agents whose policies must be in it.

    Raises:
        InvalidInput: it is none, or of another scene, or lacks a policy.
    """
    where = f"scene {scene!r}"
    if not isinstance(saved, Checkpoint):
        raise InvalidInput(f"{where}: {saved!r:.80} is no saved state")
    if saved.scene != scene or [*saved.described] != [*described]:
        raise InvalidInput(f"{where}: the state is of scene {saved.scene!r}, or of other agents")
    if others := [what for what, value in described.items() if saved.described[what] != value]:
        raise InvalidInput(f"{where}: it differs from the saved state in {', '.join(others)}")
    missing = [name for name in opponents if name not in saved.opponents]
    if missing:
        held = f"only those of {', '.join(saved.opponents)}" if saved.opponents else "none"
        raise InvalidInput(f"{where}: the state lacks the policies of {', '.join(missing)}; it has {held}")


def check_seeds(seeds: Iterable[Any]) -> None:
    """Check seeds of episodes.

    Raises:
        InvalidInput: one is neither None nor an origin, nor a whole number from 0 up.
    """
    for seed in seeds:
        if seed is None or isinstance(seed, EpisodeOrigin):
            continue
        if not isinstance(seed, int | np.integer) or seed < 0:
            raise InvalidInput(f"seed {seed!r} is not a whole number from 0 up")
