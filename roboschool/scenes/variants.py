"""Variants of a scene: the same task with another body or other looks, each drawn from a seed of its own.

`variant={"body": 17, "looks": 2}` is an option of every scene. An axis is a field of `Variant` and what `vary` makes
of it; those that are not given leave the scene as it is.
"""

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any

from roboschool.bodies.family import EACH, KINDS
from roboschool.bodies.variation import recolour, vary_body, vary_looks
from roboschool.errors import InvalidInput
from roboschool.robots.robot import Robot
from roboschool.scenes.scene import Scene
from roboschool.schema import Bounds, convert

VARIANT = "variant"  # the option
MOST_SEEDS = len(KINDS) * EACH - 1


@dataclass(frozen=True)
class Variant:
    """Seeds by axis, and the number of segments."""

    body: Annotated[int, Bounds(0, MOST_SEEDS)] | None = None  # lengths, masses, strengths; see `bodies.family`
    segments: Annotated[int, Bounds(1, 100)] | None = None  # legs, or links of a chain; None: the scene's robot's
    looks: Annotated[int, Bounds(0, 10**9)] | None = None  # colours; they change no bit of the physics


def read_variant(where: str, options: Mapping[str, Any]) -> Variant:
    """Return the variant among the options of a scene.

    Raises:
        InvalidInput: an axis is unknown, or a seed is wrong.
    """
    given = options.get(VARIANT)
    made: Variant = convert({} if given is None else given, Variant, f"{where}: option {VARIANT!r}")
    return made


def vary_robot(where: str, variant: Variant, robots: list[str], given: Any) -> Any:
    """Return the robot that a scene has instead of its own: the one that is given, or that of the variant, or None.

    Args:
        where: what an error begins with.
        variant: of the scene.
        robots: names of those of its agents.
        given: the option `robot`, or None.

    Raises:
        InvalidInput: the scene has several agents, or its robot is of no family, or there is a robot already.
    """
    if variant.body is None and variant.segments is None:
        return given
    if given is not None or len(robots) != 1:
        several = "only scenes with one agent have that axis"
        why = several if given is None else "the option 'robot' gives it already"
        raise InvalidInput(f"{where}: option {VARIANT!r}: body: {why}")
    try:
        return vary_body(robots[0], variant.body, variant.segments)
    except InvalidInput as error:
        raise InvalidInput(f"{where}: option {VARIANT!r}: {error}") from None


def dress(scene: Scene, variant: Variant) -> Scene:
    """Return a scene whose robots and props have the colours of a variant."""
    if variant.looks is None:
        return scene
    seed, known = variant.looks, dict[int, Robot]()
    agents = []
    for agent in scene.agents:
        robot = known.setdefault(id(agent.robot), vary_looks(agent.robot, seed))
        task: Any = agent.task
        agents.append(dataclasses.replace(agent, task=dataclasses.replace(task, robot=robot)))
    props = tuple(dataclasses.replace(prop, model=recolour(prop.model, seed)) for prop in scene.props)
    return dataclasses.replace(scene, agents=tuple(agents), props=props)
