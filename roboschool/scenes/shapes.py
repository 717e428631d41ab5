"""Whether scenes can share one simulation: their arrays must have the same shapes."""

from collections.abc import Iterator, Sequence
from dataclasses import fields
from typing import Any

from roboschool.errors import InvalidInput, raise_faults
from roboschool.scenes.randomize import given_keys
from roboschool.scenes.scene import Scene


def scene_per_world(scene: Scene | Sequence[Scene], worlds: int | None) -> list[Scene]:
    """Return the scene of each world.

    Raises:
        InvalidInput: there is none, or they are not as many as worlds, or do not fit one another.
    """
    if isinstance(scene, Scene):
        return [scene] * (1 if worlds is None else worlds)
    scenes = list(scene)
    if not scenes or worlds not in (None, len(scenes)):
        raise InvalidInput(f"{len(scenes)} scenes do not fit {worlds if scenes else 'any'} worlds: one for each")
    check_same_shapes(scenes)
    return scenes


def check_same_shapes(scenes: Sequence[Scene]) -> None:
    """Check that scenes differ in nothing but numbers, so that one simulation can hold a world of each.

    Shapes and masses of bodies, whether there is ground, gravity, friction and starting positions may differ, and so
    may numbers of robots: limits, torques, rest pose, standing height, upright envelope. All else is the same: names of
    agents, joints, feet and props, the terrain, actuators, tasks, default policies, the game, weights and the timing.

    Raises:
        InvalidInput: two of them differ in more; the message tells in what.
    """
    for place, scene in enumerate(scenes):
        if scene is scenes[0]:
            continue
        raise_faults(
            f"scene {place} ({scene.name!r}) beside scene 0 ({scenes[0].name!r})", _differences(scenes[0], scene)
        )


def group_by_shape(scenes: Sequence[Scene]) -> list[list[int]]:
    """Return the numbers of scenes that can share one simulation, for each simulation that it takes."""
    groups: list[list[int]] = []
    for number, scene in enumerate(scenes):
        fitting = (group for group in groups if not any(_differences(scenes[group[0]], scene)))
        if (group := next(fitting, None)) is None:
            groups.append([number])
        else:
            group.append(number)
    return groups


def _differences(first: Scene, other: Scene) -> Iterator[str]:
    """Go through what has another shape in two scenes."""
    for what, one, two in _pairs(first, other):
        if one != two:
            yield f"{what}: {_text(two)}, not {_text(one)}"


def _pairs(first: Scene, other: Scene) -> Iterator[tuple[str, Any, Any]]:
    """Go through what must be equal: what it is, that of the first scene, that of the other."""
    agents, others = ({agent.name: agent for agent in scene.agents} for scene in (first, other))
    yield "agents", tuple(agents), tuple(others)
    for name in (name for name in agents if name in others):
        one, two = agents[name], others[name]
        yield f"class of the task of {name}", type(one.task), type(two.task)
        yield f"parameters of the task of {name}", _parameters(one.task), _parameters(two.task)
        yield f"team of {name}", one.team, two.team
        yield f"default policy of {name}", (one.policy, one.handicap), (two.policy, two.handicap)
        for what in ("joints", "unactuated", "feet"):
            here, there = (tuple(map(_name, getattr(agent.robot, what))) for agent in (one, two))
            yield f"{what} of {name}", here, there
        for what in ("actuators", "planar", "steering", "clear", "self_collision"):
            yield f"{what} of {name}", getattr(one.robot, what), getattr(two.robot, what)
    yield "agents that share a robot and a task", _groups(first), _groups(other)
    for what in ("props", "finish", "terrain"):
        yield what, getattr(first.info, what), getattr(other.info, what)
    yield "class of the game", type(first.game), type(other.game)
    yield "parameters of the game", _parameters(first.game), _parameters(other.game)
    yield "what is randomized", _keys(first), _keys(other)
    for key in ("weights", "steps", "timestep", "substeps"):
        yield key, getattr(first, key), getattr(other, key)


def _parameters(part: Any) -> dict[str, Any]:
    """Return the parameters of a task or a game."""
    names = [each.name for each in fields(part)] if part is not None else []
    return {name: getattr(part, name) for name in names if name not in ("robot", "scene")}


def _groups(scene: Scene) -> tuple[int, ...]:
    """Return for each agent the first that has the same robot and task."""
    tasks = [agent.task for agent in scene.agents]
    return tuple(map(tasks.index, tasks))


def _keys(scene: Scene) -> str:
    """Return what a scene randomizes, without the ranges."""
    given = given_keys(scene.randomize) if scene.randomize is not None else {}
    return ", ".join(
        key if not isinstance(value, dict) else f"{key} of {', '.join(value)}" for key, value in given.items()
    )


def _name(part: Any) -> str:
    return part if isinstance(part, str) else str(part.name)


def _text(value: Any) -> str:
    """Return a value in words."""
    if isinstance(value, tuple):
        return ", ".join(map(str, value)) or "none"
    return ("none" if value is type(None) else value.__name__) if isinstance(value, type) else repr(value)


def name_bodies(scene: Scene) -> tuple[str, ...]:
    """Return a text for each agent and prop of a scene, which says what it is."""
    agents = [f"{agent.name} {agent.robot.name} {type(agent.task).__name__}" for agent in scene.agents]
    return (*agents, *(f"{prop.name} {prop.model.name}" for prop in scene.props))
