"""Variants to train on: which of them the copies of a scene are at a time."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from roboschool.envs.foreign import open_scene
from roboschool.errors import InvalidInput
from roboschool.learning.checkpoint import Plan
from roboschool.scenes.scene import Scene
from roboschool.scenes.variants import vary

SHARED = ("ground", "opponent")  # axes in which the worlds of a batch cannot differ


@dataclass(frozen=True)
class Rota:
    """Who plays what, and when.

    Each copy of a scene plays one variant. If there are more variants than copies, all copies change to the next ones
    as soon as a whole episode can have been played. Every variant is played as often as every other, but for one time;
    the order is drawn from the seed of the training.
    """

    counts: tuple[tuple[str, int], ...]  # axes, and how many seeds of each, from 0 up
    copies: int
    updates: int  # of the policy, until they change
    seed: int

    @classmethod
    def of(cls, plan: Plan, steps: int) -> "Rota":
        """Return the rota of a training, whose episodes have at most a number of steps."""
        settings = plan.settings
        counts = tuple(sorted(settings.variants.items()))
        return cls(counts, settings.envs // len(plan.agents), math.ceil(steps / settings.rollout), plan.seed)

    def turn(self, update: int) -> int:
        """Return how often the variants have changed before an update, of which the first is 0."""
        changes = any(count > self.copies for _, count in self.counts)
        return max(update, 0) // self.updates if changes else 0

    def variants(self, turn: int) -> list[dict[str, int]]:
        """Return the variant of each copy."""
        places = range(turn * self.copies, (turn + 1) * self.copies)
        return [
            {axis: self._draw(number, *divmod(place, count), count) for number, (axis, count) in enumerate(self.counts)}
            for place in places
        ]

    def _draw(self, axis: int, time: int, place: int, count: int) -> int:
        """Return the seed at a place in the order in which all of an axis are played, for the nth time."""
        return int(np.random.default_rng([self.seed, 2, axis, time]).permutation(count)[place])


def first_options(options: Mapping[str, Any], counts: Mapping[str, int]) -> dict[str, Any]:
    """Return options of the scene that stands for all variants of a training.

    Raises:
        InvalidInput: the copies of a scene cannot differ in an axis.
    """
    for axis in SHARED:
        if axis in counts:
            raise InvalidInput(f"variants: {axis}: all copies share it; the option variant={{{axis}=5}} trains on one")
    return vary(options, dict.fromkeys(counts, 0))


def open_variants(plan: Plan, variants: list[dict[str, int]]) -> list[Scene]:
    """Return the scene of each variant.

    Raises:
        InvalidInput: the scene lacks an axis.
    """
    found = [open_scene(plan.scene, **vary(plan.options, variant)) for variant in variants]
    return [scene for scene in found if isinstance(scene, Scene)]  # those of other packages take no variants
