"""The arrays in which physics tells a simulation what it has read."""

from collections.abc import Sequence

from roboschool.physics.backend import Readings
from roboschool.simulation.game_rules import GameRules
from roboschool.simulation.group import Group


def readings_of(seats: Sequence[tuple[Group, int]], game: GameRules, props: bool) -> Readings:
    """Return the arrays that physics writes to.

    Args:
        seats: group and place in it, of each agent.
        game: what is remembered of the game.
        props: whether props are read.
    """
    state = game.state
    rays = [view for group, place in seats for view in group.memory.ray_views(place)]
    return Readings(
        agents=[group.state.array[:, place] for group, place in seats],
        props=state.props.array if props else None,
        contacts=state.contacts if game.needs.contacts else None,
        rays=rays,
        pairs=state.pair_sums if game.adds_up else None,
    )
