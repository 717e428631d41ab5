"""What tasks see of props, of other robots and of contacts, copied by the native library into their states."""

import ctypes
from collections.abc import Sequence

import numpy as np

from roboschool.mdp.game import GameState
from roboschool.physics.native import library
from roboschool.physics.native.library import Rows, load_library
from roboschool.simulation.group import Group


class Gathering:
    """The bits of `GameRules.gather`, but for the steps that are left and what the game remembers.

    Args:
        now: what is written, and what physics has written of props.
        before: the same before the timestep.
        groups: with the states that are written, too.
        moving: whether velocities of agents are wanted.
        substeps: of a timestep.
        adds_up: whether contacts are.
    """

    def __init__(
        self,
        now: GameState,
        before: GameState,
        groups: Sequence[Group],
        moving: bool,
        substeps: int,
        adds_up: bool,
    ) -> None:
        agents, props = now.agents.array.shape[1], now.props.array.shape[1]
        seats = (library.Seat * agents)()
        for group in groups:
            state = group.state
            places = state.of(np.arange(state.array.shape[-1]))
            wanted = group.needs.props, group.needs.others, group.needs.contacts and adds_up
            parts = places.props, places.others, places.contacts
            columns = [
                int(part.array.flat[0]) if want and part.array.size else -1
                for want, part in zip(wanted, parts, strict=True)
            ]
            for place, agent in enumerate(group.agents):
                seats[agent] = library.Seat(_rows(state.array[:, place]), int(places.upright), *columns)
        arrays = now.agents.array, before.agents.array, now.upright, now.props.array, before.props.array, now.pair_sums
        self._struct = library.Gathering(agents, props, moving, substeps, *map(_rows, arrays), seats)
        self._kept = now, before, [group.state for group in groups]
        self._address, self._worlds = ctypes.addressof(self._struct), len(now.array)
        self._gather = load_library().gather

    def __call__(self) -> None:
        """Gather in all worlds."""
        self._gather(self._address, self._worlds)


def _rows(array: np.ndarray) -> Rows:
    assert array[:1].flags.c_contiguous or not array.size
    return Rows(array.ctypes.data, array.strides[0])
