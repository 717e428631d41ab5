"""Quantities that tasks, sensors and games request beyond those that physics always reports."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Needs:
    """What a task or a sensor needs in its `State`."""

    contacts: bool = False  # `State.contacts`
    props: bool = False  # `State.props`
    others: bool = False  # `State.others`
    game: bool = False  # `State.game`, `State.agent_stats` and `State.steps_left`
    link_heights: tuple[str, ...] = ()  # links whose heights are in `State.link_heights`

    def __or__(self, other: "Needs") -> "Needs":
        """Return the union of two needs."""
        links = dict.fromkeys((*self.link_heights, *other.link_heights))
        return Needs(
            contacts=self.contacts or other.contacts,
            props=self.props or other.props,
            others=self.others or other.others,
            game=self.game or other.game,
            link_heights=tuple(links),
        )


@dataclass(frozen=True)
class GameNeeds:
    """What a game needs in its `GameState`."""

    contacts: bool = False  # `GameState.contacts`
    velocities: bool = True  # velocities and x axes in `GameState.agents`; without, they may be 0
