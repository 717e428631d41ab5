"""Lanes of a race: agents of scenes with one agent, side by side."""

import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated

import numpy as np

from roboschool.errors import InvalidInput
from roboschool.scenes.scene import MOST_AGENTS, Agent
from roboschool.schema import Bounds, Size


@dataclass(frozen=True, kw_only=True)
class Lanes:
    """The table `[lanes]` of a scene file."""

    # Scenes with one agent, one for each lane; "humanoid/hopper" is the first scene with the policy of the second.
    entrants: Annotated[tuple[str, ...], Size(0, MOST_AGENTS)]
    width: Annotated[float, Bounds(0.0, 500.0, above=True)] = 2.0  # [m]
    places: Annotated[int, Bounds(1, MOST_AGENTS)] | None = None  # number of entrants drawn, with repetition


def draw_entrants(where: str, lanes: Lanes, seed: int) -> tuple[str, ...]:
    """Return the entrants of a race: all, or as many as there are places, drawn by a seed.

    Raises:
        InvalidInput: there is none to draw; the message begins with `where`.
    """
    if lanes.places is None:
        return lanes.entrants
    if not lanes.entrants:
        raise InvalidInput(f"{where}: lanes: {lanes.places} places, and no entrants to draw")
    return tuple(np.random.default_rng(seed).choice(lanes.entrants, lanes.places).tolist())


def line_up(agents: Sequence[Agent], width: float) -> list[Agent]:
    """Return agents side by side, the first on the left; those of one kind are numbered.

    Args:
        agents: one for each lane, at any position.
        width: of a lane [m].
    """
    placed: list[Agent] = []
    for lane, agent in enumerate(agents):
        kind = agent.name.rpartition("_")[0]
        number = sum(other.name.rpartition("_")[0] == kind for other in placed)
        y = ((len(agents) - 1) / 2 - lane) * width
        placed.append(dataclasses.replace(agent, name=f"{kind}_{number}", position=(0.0, y)))
    return placed
