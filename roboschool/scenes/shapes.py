"""Whether scenes can share one simulation: their arrays must have the same shapes."""

from collections.abc import Iterator, Sequence
from typing import Any

from roboschool.errors import raise_faults
from roboschool.scenes.scene import Scene


def check_same_shapes(scenes: Sequence[Scene]) -> None:
    """Check that scenes differ in nothing but numbers, so that one simulation can hold a world of each.

    Their agents have the same names, classes of tasks, joints and feet; there are as many props; the game and the
    timing are the same. Masses, strengths, limits, grounds and parameters of tasks may differ.

    Raises:
        InvalidInput: two of them differ in more; the message tells in what.
    """
    for place, scene in enumerate(scenes):
        raise_faults(
            f"scene {place} ({scene.name!r}) beside scene 0 ({scenes[0].name!r})", _differences(scenes[0], scene)
        )


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
        yield f"team of {name}", one.team, two.team
        for what in ("joints", "unactuated", "feet"):
            here, there = (tuple(map(_name, getattr(agent.robot, what))) for agent in (one, two))
            yield f"{what} of {name}", here, there
    yield "number of props", len(first.props), len(other.props)
    yield "class of the game", type(first.game), type(other.game)
    for key in ("steps", "timestep", "substeps"):
        yield key, getattr(first, key), getattr(other, key)


def _name(part: Any) -> str:
    return part if isinstance(part, str) else str(part.name)


def _text(value: Any) -> str:
    """Return a value in words."""
    if isinstance(value, tuple):
        return ", ".join(map(str, value)) or "none"
    return ("none" if value is type(None) else value.__name__) if isinstance(value, type) else repr(value)
