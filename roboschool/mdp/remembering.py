"""Sensors with numbers of their own in the state: what they remember from step to step, or what physics tells them."""

from abc import abstractmethod

import numpy as np

from roboschool.mdp.scene_info import SceneInfo
from roboschool.mdp.sensor import Sensor
from roboschool.mdp.state import State
from roboschool.robots.robot import Robot


class RememberingSensor(Sensor):
    """A sensor with numbers of its own. They are a part of the state, hence saved with it; all are 0 at first.

    If it casts rays, what they hit comes first: `HIT` numbers a ray.
    """

    @abstractmethod
    def size(self, robot: Robot, scene: SceneInfo) -> int:
        """Return how many numbers it has."""

    def draw(self, own: np.ndarray, rng: np.random.Generator) -> None:
        """Write what is drawn for the episode of one agent to its numbers (n,)."""
        return

    def store(
        self, own: np.ndarray, first: np.ndarray, previous: State, action: np.ndarray, state: State, dt: float
    ) -> None:
        """Write what is remembered after a step, or at the start of an episode.

        Args:
            own: its numbers (world, agent, n).
            first: whether an episode begins (world, agent).
            previous: see `Sensor.read`, as the others.
            action: what was applied.
            state: the state after the step.
            dt: the time between the two [s].
        """
        return

    @abstractmethod
    def observe(self, own: np.ndarray, previous: State, action: np.ndarray, state: State, dt: float) -> np.ndarray:
        """Return what is observed (world, agent, len(fields)), after `store`; see there."""
