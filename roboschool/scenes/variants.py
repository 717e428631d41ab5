"""Variants of a scene: the same task with another body, ground, conditions, opponent or looks, each with its own seed.

`variant={"body": 17, "looks": 2}` is an option of every scene. An axis is a field of `Variant` and what `vary` makes
of it; those that are not given leave the scene as it is.
"""

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any, TypeAlias

from roboschool.bodies.family import EACH, KINDS
from roboschool.bodies.variation import recolour, vary_body, vary_looks
from roboschool.errors import InvalidInput
from roboschool.robots.robot import Robot
from roboschool.scenes.looks import draw_looks
from roboschool.scenes.scene import Scene
from roboschool.scenes.surroundings import vary_conditions, vary_ground, vary_opponent
from roboschool.schema import Bounds, convert

VARIANT = "variant"  # the option
MOST_SEEDS = len(KINDS) * EACH - 1

Seed: TypeAlias = Annotated[int, Bounds(0, MOST_SEEDS)]


@dataclass(frozen=True)
class Variant:
    """Seeds by axis, and the number of segments."""

    body: Seed | None = None  # lengths, masses, strengths; see `bodies.family`
    segments: Annotated[int, Bounds(1, 100)] | None = None  # legs, or links of a chain; None: the scene's robot's
    ground: Seed | None = None  # kind, level and shape of uneven ground
    conditions: Seed | None = None  # friction, gravity, mass and strength
    opponent: Seed | None = None  # policies of the others in a game, and how they are held back
    looks: Annotated[int, Bounds(0, 10**9)] | None = None  # of pictures; they change no bit of the physics


AXES = tuple(field.name for field in dataclasses.fields(Variant) if field.name != "segments")


def read_variant(where: str, options: Mapping[str, Any]) -> Variant:
    """Return the variant among the options of a scene.

    Raises:
        InvalidInput: an axis is unknown, or a seed is wrong.
    """
    given = options.get(VARIANT)
    made: Variant = convert({} if given is None else given, Variant, f"{where}: option {VARIANT!r}")
    return made


def vary(options: Mapping[str, Any], variant: Mapping[str, int]) -> dict[str, Any]:
    """Return options of a scene with a variant, which overrides axes of one that is there."""
    return {**options, VARIANT: {**(options.get(VARIANT) or {}), **variant}} if variant else dict(options)


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


def vary_scene(where: str, scene: Scene, variant: Variant) -> Scene:
    """Return a scene with the ground, conditions, opponent and looks of a variant.

    Raises:
        InvalidInput: the scene lacks one of these axes; the message begins with `where`.
    """
    changes = (
        (vary_ground, variant.ground),
        (vary_conditions, variant.conditions),
        (vary_opponent, variant.opponent),
        (dress, variant.looks),
    )
    try:
        for change, seed in changes:
            scene = scene if seed is None else change(scene, seed)
    except InvalidInput as error:
        raise InvalidInput(f"{where}: option {VARIANT!r}: {error}") from None
    return scene


def dress(scene: Scene, seed: int) -> Scene:
    """Return a scene with the colours of robots and props, the light, the ground and the camera of a seed."""
    known = dict[int, Robot]()
    agents = []
    for agent in scene.agents:
        robot = known.setdefault(id(agent.robot), vary_looks(agent.robot, seed))
        task: Any = agent.task
        agents.append(dataclasses.replace(agent, task=dataclasses.replace(task, robot=robot)))
    props = tuple(dataclasses.replace(prop, model=recolour(prop.model, seed)) for prop in scene.props)
    return dataclasses.replace(scene, agents=tuple(agents), props=props, looks=draw_looks(seed))
