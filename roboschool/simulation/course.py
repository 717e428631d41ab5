"""Which tile of its terrain each world is on, and the level of the next one."""

import dataclasses
from collections.abc import Sequence

import numpy as np

from roboschool.mdp.scene_info import SceneInfo
from roboschool.physics.checkpoint import Start
from roboschool.scenes.scene import Scene
from roboschool.simulation.checkpoint import EpisodeOrigin
from roboschool.simulation.group import Group

SUCCESS = 0.8  # agents who come this far, as a share of what was commanded, go a level up
FAILURE = 0.4  # and who do not come this far, a level down


class Course:
    """Draws tiles, and raises and lowers levels.

    What it remembers is in the state of every agent (`TileState`), so that it is saved with it.

    Args:
        scene: of every world.
        groups: the agents.
    """

    def __init__(self, scene: Scene, groups: Sequence[Group]) -> None:
        info: SceneInfo = scene.info
        assert info.terrain is not None
        self.terrain, self._steps, self._groups = info.terrain, scene.steps, groups
        self._curriculum = info.terrain.settings.curriculum
        self._first = info.terrain.settings.levels[0] if self._curriculum else 0

    def choose(self, world: int, seed: int | EpisodeOrigin | None, level: int | None) -> int:
        """Return the level of the tile that an episode begins on; 0: any.

        Args:
            world: which.
            seed: of the episode: the level is the first one, that of the origin, or what follows from the last episode.
            level: instead, if the reset says so.
        """
        if isinstance(seed, EpisodeOrigin):
            return seed.level
        if level is not None:
            return level
        return self.next_level(world) if seed is None else self._first

    def next_level(self, world: int) -> int:
        """Return the level of the tile after this episode; 0: any."""
        return int(self.next_levels()[world])

    def next_levels(self) -> np.ndarray:
        """Return the levels of the tiles after these episodes (world,); 0: any. Agents of a world rise together."""
        wanted: np.ndarray = self._groups[0].state.tile.wanted[:, 0]
        if not self._curriculum:
            return wanted
        shares = np.concatenate([group.task.progress(group.state, self._steps) for group in self._groups], axis=1)
        known = np.isfinite(shares)
        mean = np.where(known, shares, 0.0).sum(axis=1) / np.maximum(known.sum(axis=1), 1)
        mean = np.where(known.any(axis=1), mean, 0.5 * (SUCCESS + FAILURE))
        levels: np.ndarray = wanted + (mean >= SUCCESS) - (mean < FAILURE)
        return levels.clip(*self.terrain.settings.levels)

    def enter(self, world: int, start: Start, level: int, rng: np.random.Generator) -> Start:
        """Return the start of an episode on a tile that is drawn."""
        tile = int(rng.choice(self.terrain.tiles_of(level)))
        for group in self._groups:
            group.state.tile.array[world] = tile, self.terrain.levels[tile], level
        return dataclasses.replace(start, tile=tile)

    def has_left(self) -> np.ndarray:
        """Return the worlds where an active agent has left its tile (world,)."""
        out = np.zeros(len(self._groups[0].active), bool)
        for group in self._groups:
            position = group.state.position
            out |= (self.terrain.has_left(position[..., 0], position[..., 1]) & group.active).any(axis=1)
        return out
