"""Infos without tables inside them, for libraries that take numbers only."""

from collections.abc import Mapping
from typing import Any

import numpy as np
from pettingzoo.utils import BaseParallelWrapper


class FlatInfos(BaseParallelWrapper[str, np.ndarray, np.ndarray]):
    """A `ParallelEnv` whose infos have `info["costs/hazards"]` and not `info["costs"]["hazards"]`.

    TorchRL's `PettingZooWrapper` needs it for scenes with costs, or that randomize something.
    """

    def reset(self, seed: int | None = None, options: dict[str, Any] | None = None) -> tuple[Any, Any]:
        """Begin an episode."""
        observations, infos = super().reset(seed, options)
        return observations, {agent: _flatten(info) for agent, info in infos.items()}

    def step(self, actions: Any) -> tuple[Any, Any, Any, Any, Any]:
        """Act for one timestep."""
        *results, infos = super().step(actions)
        observations, rewards, terminated, truncated = results
        return observations, rewards, terminated, truncated, {agent: _flatten(info) for agent, info in infos.items()}


def _flatten(info: Mapping[str, Any]) -> dict[str, Any]:
    flat: dict[str, Any] = {}
    for key, value in info.items():
        flat |= {f"{key}/{name}": part for name, part in value.items()} if isinstance(value, Mapping) else {key: value}
    return flat
