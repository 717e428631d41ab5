"""The table `[randomize]` of a scene: what differs from episode to episode.

Each number may be a range, from which the generator of the world draws at the start of an episode.
"""

import dataclasses
import functools
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Any, TypeAlias, get_type_hints

from roboschool.distributions import Number
from roboschool.errors import InvalidInput, describe_unknown, raise_faults
from roboschool.mdp.conditions import DrawnNumber
from roboschool.mdp.scene_info import SceneInfo
from roboschool.mdp.sensor import sensor_name
from roboschool.mdp.task import Task, sensors_of
from roboschool.robots.card import MAX_DELAY, ActuatorSpec
from roboschool.robots.robot import Robot
from roboschool.schema import Bounds, Meaning, convert

COMMON = ("friction", "restitution", "gravity", "wind")  # keys that are drawn once for all agents of a world
VECTORS = ("gravity", "wind", "position", "velocity", "angular_velocity")
START, NOISE = "start", "noise"
OR = ", or "  # between the unit for hinges and that for slides

FACTOR = Bounds(0.05, 20.0)
SHARE = Bounds(0.0, 20.0)
FORCE = Bounds(-1e5, 1e5)

Factor: TypeAlias = Annotated[float | tuple[float, float], FACTOR]
Share: TypeAlias = Annotated[float | tuple[float, float], SHARE]
Extra: TypeAlias = Annotated[float | tuple[float, float], Bounds(0.0, 1e4)]
Vector: TypeAlias = tuple[Number, Number, Number]


@dataclass(frozen=True, kw_only=True)
class Payload:
    """A mass without a shape, fixed to a link."""

    mass: Annotated[Number, Bounds(0.0, 1e4), Meaning("Its mass.", "kg")]
    position: Annotated[
        tuple[float, float, float], Bounds(-100.0, 100.0), Meaning("Where it is, in the frame of the link.", "m")
    ] = (0.0, 0.0, 0.0)
    link: Annotated[str, Meaning("To which it is fixed; the trunk if empty.")] = ""


@dataclass(frozen=True, kw_only=True)
class StartRanges:
    """How the start of an episode differs from the scene's."""

    position: Annotated[
        tuple[Number, Number] | None, Bounds(-100.0, 100.0), Meaning("Added to x and y of each robot.", "m")
    ] = None
    yaw: Annotated[Number | None, Bounds(-360.0, 360.0), Meaning("Added to its heading.", "deg")] = None
    height: Annotated[
        Number | None, Bounds(0.0, 100.0), Meaning("Of its lowest point over the ground, from where it falls.", "m")
    ] = None
    roll: Annotated[Number | None, Bounds(-180.0, 180.0), Meaning("Of its trunk, if that is free.", "deg")] = None
    pitch: Annotated[Number | None, Bounds(-180.0, 180.0), Meaning("Added to that of its trunk.", "deg")] = None
    velocity: Annotated[
        Vector | None, Bounds(-50.0, 50.0), Meaning("Of its trunk, if that is free: forward, left, up.", "m/s")
    ] = None
    angular_velocity: Annotated[
        Vector | None, Bounds(-2000.0, 2000.0), Meaning("Of its trunk, about x, y and z of the world.", "deg/s")
    ] = None
    joints: Annotated[
        Number | None, Bounds(-360.0, 360.0), Meaning("Added to each driven joint, within its limits.", "deg, or m")
    ] = None
    joint_speeds: Annotated[
        Number | None, Bounds(-2000.0, 2000.0), Meaning("Of each driven joint.", "deg/s, or m/s")
    ] = None


@dataclass(frozen=True, kw_only=True)
class PushRanges:
    """Pushes during an episode: each is drawn when it comes."""

    every: Annotated[
        float | tuple[float, float], Bounds(0.0, 1e5, above=True), Meaning("The time from one push to the next.", "s")
    ]
    impulse: Annotated[
        Vector | None, Bounds(-1e5, 1e5), Meaning("Of a push, along x, y and z of the world; or give `force`.", "N s")
    ] = None
    force: Annotated[Vector | None, FORCE, Meaning("Of a push, in place of an impulse.", "N")] = None
    seconds: Annotated[
        Number | None, Bounds(0.0, 100.0), Meaning("How long a push lasts; one timestep if it is not given.", "s")
    ] = None
    link: Annotated[str, Meaning("Whose centre of mass is pushed; the trunk's if empty.")] = ""


@dataclass(frozen=True, kw_only=True)
class Randomize:
    """The keys of `[randomize]`. Those that are not given change nothing, and cost nothing."""

    friction: Annotated[Number | None, SHARE, Meaning("Times the friction of the ground.")] = None
    restitution: Annotated[
        Number | None, Bounds(0.0, 1.0), Meaning("Of contacts between robots and the ground, and among robots.")
    ] = None
    gravity: Annotated[Vector | None, Bounds(-100.0, 100.0), Meaning("Added to gravity: x, y, z.", "m/s2")] = None
    wind: Annotated[Vector | None, FORCE, Meaning("A force on the trunk of each robot.", "N")] = None
    mass: Annotated[
        float | tuple[float, float] | dict[str, Factor] | None,
        FACTOR,
        Meaning("Times mass and inertia: of all links together, or of links by name."),
    ] = None
    payload: Annotated[Payload | None, Meaning("A mass that is fixed to a link.")] = None
    joint_damping: Annotated[
        float | tuple[float, float] | dict[str, Extra] | None,
        Bounds(0.0, 1e4),
        Meaning("Added to the damping of all joints, or of joints by name.", "N m s/rad, or N s/m"),
    ] = None
    joint_friction: Annotated[
        float | tuple[float, float] | dict[str, Extra] | None,
        Bounds(0.0, 1e4),
        Meaning("Torque by which friction brakes all joints, or joints by name.", "N m, or N"),
    ] = None
    motor_strength: Annotated[
        float | tuple[float, float] | dict[str, Share] | None,
        SHARE,
        Meaning("Times the torque of all motors, or of motors by joint."),
    ] = None
    kp: Annotated[
        float | tuple[float, float] | dict[str, Share] | None,
        SHARE,
        Meaning("Times the `kp` of actuators, of all or by joint."),
    ] = None
    kd: Annotated[
        float | tuple[float, float] | dict[str, Share] | None, SHARE, Meaning("Times their `kd`, likewise.")
    ] = None
    delay: Annotated[
        Number | None,
        Bounds(0.0, MAX_DELAY["delay"]),
        Meaning("By which actions reach all actuators late, in place of what cards say.", "ms"),
    ] = None
    noise: Annotated[
        float | tuple[float, float] | dict[str, Extra] | None,
        Bounds(0.0, 1e4),
        Meaning("Standard deviation of noise on all numbers of an observation, or on those of sensors by name."),
    ] = None
    start: Annotated[StartRanges | None, Meaning("How robots start.")] = None
    push: Annotated[PushRanges | None, Meaning("Pushes during an episode.")] = None

    def conditions(self, robot: Robot) -> Sequence[DrawnNumber]:
        """Return what is drawn for a robot, without the noise of its sensors."""
        return [number for number in drawn_numbers(self, robot, ()) if number.key != NOISE]


def drawn_numbers(ranges: Randomize, robot: Robot, sensors: Sequence[str]) -> list[DrawnNumber]:
    """Return what is drawn for a robot with sensors of these names, in the order in which it is drawn.

    What is drawn for the whole world comes first. Pushes are not among it: they are drawn when they come.
    """
    given, joints = given_keys(ranges), {joint.name: joint.kind for joint in robot.model.joints}
    driven = [joint.name for joint in robot.joints]
    moving, links = moving_joints(robot), [link.name for link in robot.model.links]
    names = {"mass": links, "joint_damping": moving, "joint_friction": moving, NOISE: sensors}
    numbers: list[DrawnNumber] = []
    for key in sorted(given.keys() - {"push"}, key=[*COMMON, *given].index):
        value, parts, units = given[key], {key: given[key]}, _units_of(Randomize)
        if key == "payload":
            parts = {key: value.mass} if (value.link or robot.trunk) in links else {}
            units = {key: _units_of(Payload)["mass"]}
        elif isinstance(value, StartRanges):
            own = given_keys(value)
            own |= {part: dict.fromkeys(driven, own[part]) for part in ("joints", "joint_speeds") if part in own}
            parts = {f"{START}_{part}": number for part, number in own.items()}
            units = {f"{START}_{part}": unit for part, unit in _units_of(StartRanges).items()}
        for name, number in parts.items():
            numbers += _expand(key, name, number, units[name], names.get(key, driven), joints)
    return numbers


def _expand(
    key: str, name: str, value: Any, unit: str, names: Sequence[str], joints: Mapping[str, str]
) -> Iterator[DrawnNumber]:
    """Go through the numbers of a key: one, those of a vector, or those of names that there are."""
    if isinstance(value, Mapping):
        for at, number in value.items():
            if at in names:
                own = unit.split(OR)[-1 if joints.get(at) == "prismatic" else 0]
                yield DrawnNumber(key, f"{name}/{at}", own, number, "" if key == NOISE else at)
    elif name.removeprefix(f"{START}_") in VECTORS:
        for axis, number in zip("xyz", value, strict=False):
            yield DrawnNumber(key, f"{name}_{axis}", unit, number)
    else:
        yield DrawnNumber(key, name, unit, value)


@functools.cache
def _units_of(record: Any) -> dict[str, str]:
    """Return the unit of each key of a table."""
    hints = get_type_hints(record, include_extras=True)
    return {
        key: next(note.unit for note in hint.__metadata__ if isinstance(note, Meaning)) for key, hint in hints.items()
    }


def given_keys(ranges: Any) -> dict[str, Any]:
    """Return the keys of a table that are given, with their values."""
    return {key.name: value for key in dataclasses.fields(ranges) if (value := getattr(ranges, key.name)) is not None}


def find_randomize_faults(
    ranges: Randomize | None, tasks: Sequence[Task], scene: SceneInfo, timestep: float
) -> Iterator[str]:
    """Go through what does not fit the robots and tasks of a scene."""
    if ranges is None:
        return
    robots = [task.robot for task in tasks]
    links = dict.fromkeys(link.name for robot in robots for link in robot.model.links)
    moving = dict.fromkeys(joint for robot in robots for joint in moving_joints(robot))
    driven = dict.fromkeys(joint.name for robot in robots for joint in robot.joints)
    sensors = dict.fromkeys(sensor_name(sensor) for task in tasks for sensor in sensors_of(task, scene))
    known: dict[str, tuple[str, Mapping[str, None]]] = {
        "mass": ("link", links),
        "joint_damping": ("joint", moving),
        "joint_friction": ("joint", moving),
        "motor_strength": ("driven joint", driven),
        "kp": ("driven joint", driven),
        "kd": ("driven joint", driven),
        "noise": ("sensor", sensors),
    }
    for key, (what, names) in known.items():
        value = getattr(ranges, key)
        for name in value if isinstance(value, dict) else ():
            if name not in names:
                yield f"randomize.{key}: {describe_unknown(name, names, what)}"
    for key, part in (("payload", ranges.payload), ("push", ranges.push)):
        if part is not None and part.link and part.link not in links:
            yield f"randomize.{key}.link: {describe_unknown(part.link, links, 'link')}"
    if ranges.push is not None:
        yield from _push_faults(ranges.push, timestep)


def _push_faults(push: PushRanges, timestep: float) -> Iterator[str]:
    if (push.impulse is None) == (push.force is None):
        yield "randomize.push: give either an impulse or a force"
    if _low(push.every) < timestep:
        yield f"randomize.push.every: {_low(push.every):g} s are less than a timestep, {timestep:g} s"


def _low(number: Number) -> float:
    return number[0] if isinstance(number, tuple) else number


def moving_joints(robot: Robot) -> tuple[str, ...]:
    """Return the joints of a robot that move, but for the track of a planar robot."""
    return (*robot.passive_joints, *(joint.name for joint in robot.joints))


def delay_robot(robot: Robot, ranges: Randomize | None) -> Robot:
    """Return a robot whose actuators are as late as the scene says."""
    if ranges is None or ranges.delay is None:
        return robot
    specs = tuple(ActuatorSpec(spec.kind, spec.parameters, delay=ranges.delay) for spec in robot.actuators)
    return robot if specs == robot.actuators else dataclasses.replace(robot, actuators=specs)


def with_ranges(where: str, own: Randomize | None, given: Any) -> Randomize:
    """Return the ranges of a scene with others in their place.

    Only keys that the scene randomizes can have other ranges, for what can be drawn is part of its shapes.

    Args:
        where: what an error begins with.
        own: those of the scene.
        given: a mapping like the table of a scene, or a `Randomize`.

    Raises:
        InvalidInput: a key is unknown, or the scene does not randomize it, or a range is wrong.
    """
    where = f"{where}: randomize"
    if isinstance(given, Randomize):
        given = {key: _as_table(value) for key, value in given_keys(given).items()}
    if not isinstance(given, Mapping):
        raise InvalidInput(f"{where}: {given!r:.80} is not a mapping of keys to ranges, like {{'mass': (0.9, 1.1)}}")
    table = {} if own is None else {key: _as_table(value) for key, value in given_keys(own).items()}
    merged = dict(table)
    known = [field.name for field in dataclasses.fields(Randomize)]
    faults = []
    for key, value in given.items():
        if key not in table:
            text = "the scene does not randomize it; declare it in [randomize]" if key in known else ""
            faults.append(f"{key}: {text}" if text else describe_unknown(key, table, "key"))
            continue
        merged[key] = _merge(table[key], value)
        if isinstance(merged[key], dict) and key not in ("payload", "push"):
            unknown = [name for name in merged[key] if name not in table[key]]
            faults += [f"{key}: {describe_unknown(name, table[key], 'key of this scene')}" for name in unknown]
    raise_faults(where, faults)
    made: Randomize = convert(merged, Randomize, where)
    raise_faults(where, _shape_faults(own or Randomize(), made))
    return made


def _shape_faults(own: Randomize, made: Randomize) -> Iterator[str]:
    """Go through what was decided when the world was built."""
    if made.delay is not None and own.delay is not None and _high(made.delay) > _high(own.delay):
        yield f"delay: {_high(made.delay):g} ms are more than the {_high(own.delay):g} ms of the scene"
    places = [(part.payload.link, part.payload.position) for part in (own, made) if part.payload is not None]
    if len(set(places)) > 1:
        yield "payload: a living world changes its mass only"
    if made.push is not None and own.push is not None:
        if made.push.link != own.push.link:
            yield "push.link: a living world cannot change it"
        if (made.push.impulse is None) == (made.push.force is None):
            yield "push: give either an impulse or a force"


def _high(number: Number) -> float:
    return number[1] if isinstance(number, tuple) else number


def _as_table(value: Any) -> Any:
    return given_keys(value) if dataclasses.is_dataclass(value) else value


def _merge(own: Any, given: Any) -> Any:
    """Return a value with another in its place; a number in place of numbers by name is that of each."""
    if not isinstance(own, Mapping):
        return given
    return {**own, **given} if isinstance(given, Mapping) else dict.fromkeys(own, given)
