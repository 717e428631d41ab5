"""Quantities that tasks, sensors and games request beyond those that physics always reports."""

from dataclasses import dataclass

HIT = 2  # numbers that physics writes of a ray: the share of its reach where it ends, and what it hits


@dataclass(frozen=True)
class RayFan:
    """Rays that begin at a link of a robot. They go through the robot itself."""

    link: str
    origin: tuple[float, float, float]  # in the frame of the link [m]
    directions: tuple[tuple[float, float, float], ...]  # of length 1
    reach: float  # [m]
    level: bool  # whether directions are in the heading frame of the link; else in its own frame


@dataclass(frozen=True)
class Needs:
    """What a task or a sensor needs in its `State`."""

    action: bool = False  # `State.action`
    props: bool = False  # `State.props`
    others: bool = False  # `State.others`
    game: bool = False  # `State.game`, `State.agent_stats` and `State.steps_left`
    contacts: bool = False  # `State.contacts`
    foot_forces: bool = False  # `State.foot_forces`
    link_forces: bool = False  # `State.link_forces`
    rays: tuple[RayFan, ...] = ()  # one for each sensor that casts some; what they hit is in `State.own`
    link_heights: tuple[str, ...] = ()  # links whose heights are in `State.link_heights`

    def __or__(self, other: "Needs") -> "Needs":
        """Return the union of two needs."""
        links = dict.fromkeys((*self.link_heights, *other.link_heights))
        return Needs(
            action=self.action or other.action,
            props=self.props or other.props,
            others=self.others or other.others,
            game=self.game or other.game,
            contacts=self.contacts or other.contacts,
            foot_forces=self.foot_forces or other.foot_forces,
            link_forces=self.link_forces or other.link_forces,
            rays=(*self.rays, *other.rays),
            link_heights=tuple(links),
        )

    @property
    def sums(self) -> bool:
        """Whether contacts are added up over the substeps of a timestep."""
        return self.contacts or self.foot_forces or self.link_forces


@dataclass(frozen=True)
class GameNeeds:
    """What a game needs in its `GameState`."""

    contacts: bool = False  # `GameState.contacts`
    velocities: bool = True  # velocities and x axes in `GameState.agents`; without, they may be 0
