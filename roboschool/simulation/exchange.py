"""What a simulation and physics exchange: the arrays that are written, and what the native library computes of them."""

from collections.abc import Sequence

from roboschool.physics.backend import Backend, Readings
from roboschool.physics.native.backend import NativeBackend
from roboschool.physics.native.program import Kernel
from roboschool.simulation.game_rules import GameRules
from roboschool.simulation.group import Group

BUFFERS = ("state", "previous")  # of groups and of the game: they are swapped at each step


def readings_of(seats: Sequence[tuple[Group, int]], game: GameRules, watches: bool) -> tuple[Readings, ...]:
    """Return the arrays that physics writes to: now, and after the next swap.

    Args:
        seats: group and place in it, of each agent.
        game: what is remembered of the game.
        watches: whether props are read.
    """
    return tuple(
        Readings(
            agents=[getattr(group, which).array[:, place] for group, place in seats],
            props=getattr(game, which).props.array if watches else None,
            contacts=getattr(game, which).contacts if game.needs.contacts else None,
            pairs=getattr(game, which).pair_sums if game.adds_up else None,
        )
        for which in BUFFERS
    )


def find_kernels(groups: Sequence[Group], backend: Backend, dt: float, updates: bool) -> tuple[list[Kernel], ...]:
    """Let the native library do what it can, and return what it computes in the call that steps a world.

    Args:
        groups: the agents.
        backend: other backends compute nothing.
        dt: the timestep [s].
        updates: whether a game or a task remembers anything, which changes between a step and rewards.

    Returns:
        What follows from physics alone: now, and after the next swap.
    """
    if not isinstance(backend, NativeBackend):
        return tuple([] for _ in BUFFERS)
    for group in groups:
        group.prepare(dt)
    shown = () if updates else groups
    return tuple([kernel for group in shown for kernel in group.kernels(getattr(group, which))] for which in BUFFERS)
