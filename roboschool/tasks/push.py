"""Push a box to a goal, again and again, by the rules of Safety Gym."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from roboschool.mdp.scene_info import SceneInfo
from roboschool.mdp.state import State
from roboschool.mdp.term import Term
from roboschool.tasks.goal import Goal

GOAL_HEIGHT = 0.16  # of the point that the middle of the box is measured from [m]


@dataclass(frozen=True)
class Push(Goal):
    """Push a box to a goal; when it is there, the goal moves, and the box stays."""

    kinds: ClassVar[tuple[str, ...]] = ("goal", "box")

    def rewards(self, scene: SceneInfo) -> Sequence[Term]:
        """Return what it came nearer to the box, what the box came nearer to the goal, and a bonus."""
        goal, box = self._goal(), self._find("box")[0]

        def approach(previous: State, action: np.ndarray, state: State, dt: float) -> np.ndarray:
            before, now = (each.props.position[..., box, :] - each.position for each in (previous, state))
            return _length(before) - _length(now)

        def progress(previous: State, action: np.ndarray, state: State, dt: float) -> np.ndarray:
            return _to_goal(previous, previous, box, goal) - _to_goal(state, previous, box, goal)

        return (
            Term("approach", 1.0, "what it came nearer to the box", approach, "m"),
            Term("progress", 1.0, "what the box came nearer to the goal", progress, "m"),
            self.success("the goal with the box"),
        )

    def is_reached(self, state: State, goal: int, size: float) -> np.ndarray:
        """Return 1 where the box is at the goal, else 0."""
        box = self.placing.of_kind("box")[0].prop
        return np.where(_to_goal(state, state, box, goal) <= size, 1.0, 0.0)


def _to_goal(state: State, stood: State, box: int, goal: int) -> np.ndarray:
    """Return how far the box is from where the goal stood [m] (...)."""
    way = state.props.position[..., box, :] - stood.props.position[..., goal, :]
    way[..., 2] -= GOAL_HEIGHT
    return _length(way)


def _length(vectors: np.ndarray) -> np.ndarray:
    return np.sqrt((vectors * vectors).sum(axis=-1))
