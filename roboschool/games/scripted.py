"""Opponents that follow a script: they run, as shipped policies have learned to, at something or to a line."""

from typing import ClassVar

import numpy as np

from roboschool.policies.network import NetworkPolicy
from roboschool.policies.resolve import load_policy


class Runner:
    """Runs in a direction that it observes."""

    policy: ClassVar[str]  # of a scene where a robot of this kind runs
    at: ClassVar[int] = 0  # where what it runs to stands in its observation, after the own body

    def __init__(self) -> None:
        network = load_policy(self.policy)
        assert isinstance(network, NetworkPolicy)
        self.network = network
        self.own = len(network.mean) - 2  # numbers of the own body: what a runner sees, without its bearing

    def reset(self, seed: int | None = None) -> None:
        """Begin an episode."""

    def act(self, observation: np.ndarray) -> np.ndarray:
        """Return an action (joints,)."""
        own = observation[: self.own]
        return self.network.act(np.concatenate([own[:1], self.bearing(observation[self.own + self.at :]), own[1:]]))

    def bearing(self, seen: np.ndarray) -> np.ndarray:
        """Return the bearing of where it runs to, left and forward (2,)."""
        return seen[:2]


class Charger(Runner):
    """Runs at something, as `things` shows it."""

    def bearing(self, seen: np.ndarray) -> np.ndarray:
        """Return the bearing of it, left and forward (2,)."""
        forward, left = seen[:2]
        way: np.ndarray = np.array([left, forward]) / max(float(np.hypot(left, forward)), 1e-6)
        return way


class AntRunner(Runner):
    """An ant that runs to its line."""

    policy = "ant"


class AntCarrier(AntRunner):
    """An ant that runs on, whatever lies on its back."""

    at = 18  # after the beam and the other


class HumanoidRunner(Runner):
    """A humanoid that runs to its line."""

    policy = "humanoid_flagrun"


class AntCharger(Charger):
    """An ant that runs at the first thing it sees."""

    policy = "ant"


class AntFleer(AntCharger):
    """An ant that runs away from the first thing it sees."""

    def bearing(self, seen: np.ndarray) -> np.ndarray:
        """Return the bearing of the other way, left and forward (2,)."""
        return -super().bearing(seen)


class AntKicker(AntCharger):
    """An ant that runs at the first thing it sees after its way: the ball."""

    at = 4


class HumanoidCharger(Charger):
    """A humanoid that runs at the first thing it sees."""

    policy = "humanoid_flagrun"


class HumanoidKicker(HumanoidCharger):
    """A humanoid that runs at the first thing it sees after its way: the ball, or the runner to be stopped."""

    at = 4
