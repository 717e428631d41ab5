"""Opponents that follow a script: they run, as shipped policies have learned to, at the other or at the goal."""

from typing import ClassVar

import numpy as np

from roboschool.policy import NetworkPolicy, load_policy


class Runner:
    """Runs to its goal line, as `goal_way` shows it right after the own body."""

    policy: ClassVar[str]  # of a scene where a robot of this kind runs

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
        return self.network.act(np.concatenate([own[:1], self.bearing(observation[self.own :]), own[1:]]))

    def bearing(self, beyond: np.ndarray) -> np.ndarray:
        """Return the bearing of where it runs to, left and forward (2,), given what it sees beyond the own body."""
        return beyond[:2]


class Charger(Runner):
    """Runs at the other, as `things` shows it right after the own body."""

    def bearing(self, beyond: np.ndarray) -> np.ndarray:
        """Return the bearing of the other, left and forward (2,)."""
        forward, left = beyond[:2]
        way: np.ndarray = np.array([left, forward]) / max(float(np.hypot(left, forward)), 1e-6)
        return way


class AntRunner(Runner):
    """An ant that runs to its line."""

    policy = "ant"


class HumanoidRunner(Runner):
    """A humanoid that runs to its line."""

    policy = "humanoid_flagrun"


class AntCharger(Charger):
    """An ant that runs at the other."""

    policy = "ant"


class HumanoidCharger(Charger):
    """A humanoid that runs at the other."""

    policy = "humanoid_flagrun"
