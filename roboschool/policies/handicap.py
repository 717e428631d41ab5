"""A handicap: a policy that acts with less strength, less often, and not quite as it means to."""

from dataclasses import dataclass
from typing import Annotated

import numpy as np

from roboschool.policies.policy import Policy
from roboschool.schema import Bounds


@dataclass(frozen=True)
class Handicap:
    """How a policy is held back."""

    strength: Annotated[float, Bounds(0.0, 1.0)] = 1.0  # times its actions
    noise: Annotated[float, Bounds(0.0, 2.0)] = 0.0  # standard deviation of what is added to them
    hold: Annotated[int, Bounds(1, 1000)] = 1  # steps for which each is repeated


class Handicapped:
    """Another policy, held back.

    Args:
        policy: the other; it acts in every `hold`th step only.
        handicap: how it is held back.
    """

    def __init__(self, policy: Policy, handicap: Handicap) -> None:
        self.policy, self.handicap = policy, handicap
        self.reset(0)

    def reset(self, seed: int | None = None) -> None:
        """Begin an episode."""
        self.policy.reset(seed)
        self.rng = np.random.default_rng(None if seed is None else [seed, 1])
        self.number, self.action = 0, np.zeros(0)

    def act(self, observation: np.ndarray) -> np.ndarray:
        """Return an action (joints,), each from -1 to 1."""
        if self.number % self.handicap.hold == 0:
            meant = self.handicap.strength * np.asarray(self.policy.act(observation), float)
            self.action = np.clip(meant + self.handicap.noise * self.rng.standard_normal(meant.shape), -1.0, 1.0)
        self.number += 1
        return self.action
