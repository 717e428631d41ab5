"""What tasks and sensors need beyond their own robot."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Needs:
    """What must be in a `State` beyond what physics says of the robot; what nobody needs is not gathered."""

    props: bool = False  # `State.props`
    others: bool = False  # `State.others`
    game: bool = False  # `State.game`, `State.agent_stats` and `State.steps_left`
    link_heights: tuple[str, ...] = ()  # links whose heights are in `State.link_heights`

    def __or__(self, other: "Needs") -> "Needs":
        """Return what is in one of two."""
        links = dict.fromkeys((*self.link_heights, *other.link_heights))
        return Needs(self.props or other.props, self.others or other.others, self.game or other.game, tuple(links))
