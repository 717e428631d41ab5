"""What tasks, sensors and games may know of the scene they are in."""

import math
from dataclasses import dataclass, field

from roboschool.bodies.terrain import Terrain
from roboschool.errors import check_choice
from roboschool.mdp.conditions import Ranges


@dataclass(frozen=True)
class SceneInfo:
    """Names, in the order of the arrays."""

    agents: tuple[str, ...] = ()
    teams: tuple[str, ...] = ()  # of each agent; one without a team in the scene's file is a team of its own
    props: tuple[str, ...] = ()
    finish: float = math.inf  # x of the line across the lanes; infinite if there is none [m]
    terrain: Terrain | None = None  # None: the ground is level
    ranges: Ranges | None = field(default=None, hash=False)  # of what is drawn for each episode

    def prop(self, name: str) -> int:
        """Return which of the props has this name.

        Raises:
            InvalidInput: none has.
        """
        return self.props.index(check_choice(name, self.props, "prop"))

    def team(self, name: str) -> tuple[int, ...]:
        """Return which of the agents are in this team; none if there is no such team."""
        return tuple(number for number, team in enumerate(self.teams) if team == name)
