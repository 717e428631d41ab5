"""Pushes that come now and then during an episode."""

from collections.abc import Sequence

import numpy as np

from roboschool.distributions import draw
from roboschool.mdp.conditions import STILL
from roboschool.mdp.effects import Push
from roboschool.mdp.state import State
from roboschool.scenes.randomize import PushRanges, Randomize

TIMER, LEFT = range(2)  # places in `State.push`


class Pushes:
    """The pushes of agents with one robot and task.

    What is left of the time to the next push is in `State.push`, in steps, as is how long the force of the last one
    acts on.

    Args:
        agents: their numbers in the scene.
        dt: the timestep [s].
    """

    def __init__(self, agents: Sequence[int], dt: float) -> None:
        self._agents, self._dt = agents, dt

    def begin(self, state: State, world: int, rng: np.random.Generator, ranges: PushRanges) -> None:
        """Draw when the first push of an episode comes."""
        for place in range(len(self._agents)):
            state.push[world, place] = self._wait(ranges, rng), -1.0

    def _wait(self, ranges: PushRanges, rng: np.random.Generator) -> int:
        return max(1, round(draw(ranges.every, rng) / self._dt))

    def advance(
        self,
        state: State,
        worlds: Sequence[int],
        rngs: Sequence[np.random.Generator],
        ranges: Sequence[Randomize | None],
    ) -> list[Push]:
        """Let a step pass in some worlds; return the forces that begin or end before it."""
        rows = list(worlds)
        state.push[rows] -= 1.0
        pushes = []
        for row, place in np.argwhere((state.push[rows] == 0.0).any(axis=-1)).tolist():
            world = rows[row]
            table = ranges[world]
            assert table is not None
            assert table.push is not None
            force = STILL
            if state.push[world, place, TIMER] == 0.0:
                rng, steps = rngs[world], 1
                if table.push.seconds is not None:
                    steps = max(1, round(draw(table.push.seconds, rng) / self._dt))
                x, y, z = (draw(number, rng) for number in table.push.force or table.push.impulse or STILL)
                share = 1.0 if table.push.force is not None else steps * self._dt
                force = x / share, y / share, z / share
                state.push[world, place] = self._wait(table.push, rng), steps
            pushes.append(Push(world, self._agents[place], force))
        return pushes
