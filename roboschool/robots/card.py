"""The card of a robot, `assets/<robot>/<robot>.toml`: what a body is, beyond its URDF."""

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Any

from roboschool import readers
from roboschool.distributions import Number
from roboschool.errors import InvalidInput, describe_unknown, raise_faults, suggest
from roboschool.robots.urdf import Joint, Model
from roboschool.schema import Bounds, Meaning

Length = Annotated[float, Bounds(0.0, 1000.0)]  # [m]
MAX_TORQUE = 1e6  # [N m, or N for a slide]
FORCE = "N m, or N"
Torque = Annotated[float, Bounds(0.0, MAX_TORQUE, above=True)]
Tilt = Annotated[float, Bounds(0.0, 180.0, above=True)]  # [deg]
MAX_DELAY = {"delay": 1000.0, "delay_steps": 100.0}  # [ms], [steps]
COMMON = ("kind", "effort", *MAX_DELAY)  # keys that every kind of actuator has


@dataclass(frozen=True)
class Upright:
    """The envelope outside which a robot has fallen."""

    min_height: Annotated[float, Meaning("It has fallen if its trunk is not above this height.", "m")] = -math.inf
    tilt: Annotated[Tilt, Meaning("It has fallen if its trunk rolls or pitches by as much.", "deg")] = 180.0
    clear: Annotated[tuple[str, ...], Meaning("Links of `feet` that must not touch the ground.")] = ()
    link: Annotated[str | None, Meaning("The link whose height counts, if it is not the trunk.")] = None


@dataclass(frozen=True)
class ActuatorSpec:
    """What drives a joint: a kind of actuator (see `roboschool/actuators/`) and its parameters, by name."""

    kind: str = "torque"
    parameters: tuple[tuple[str, float | str | bool | tuple[float, float]], ...] = ()
    delay: Number = 0.0  # of actions [ms]; a range is drawn once an episode
    delay_steps: Number = 0.0  # the same in timesteps

    def __str__(self) -> str:
        """As `position(kp=20, kd=1, scale=0.5)`."""
        late = [(key, value) for key in MAX_DELAY if (value := getattr(self, key))]
        given = [
            f"{key}={value:g}" if isinstance(value, float) else f"{key}={value}"
            for key, value in (*self.parameters, *late)
        ]
        return f"{self.kind}({', '.join(given)})" if given else self.kind


@dataclass(frozen=True, kw_only=True)
class Card:
    """The keys of a card.

    A driven joint is in `torque`, or in `actuators` as `{ kind = "position", kp = 20.0, kd = 1.0, scale = 0.5 }`:
    `kind` is a file in `roboschool/actuators/` or "module:Class", which may be a module beside the card; the other keys
    are its parameters, `effort`, the largest torque [N m], by default that of the URDF, and `delay` [ms] or
    `delay_steps`. See docs/actuators.md.
    """

    model: Annotated[str, Meaning("The URDF, a file beside the card.")]
    trunk: Annotated[str, Meaning("The link whose pose is the robot's.")]
    feet: Annotated[tuple[str, ...], Meaning("Links whose contacts with the ground are observed.")] = ()
    continuous: Annotated[tuple[str, ...], Meaning("Driven joints that are meant to have no limits.")] = ()
    wheels: Annotated[
        tuple[str, ...], Meaning("Those of `continuous` whose angle means nothing: only their speed is observed.")
    ] = ()
    standing_height: Annotated[Length, Meaning("Height of the trunk in the rest pose on flat ground.", "m")]
    fixed: Annotated[
        bool, Meaning("Whether the root is fixed to the world. A root without a mass is so in any case.")
    ] = False
    self_collision: Annotated[bool, Meaning("Whether links of the robot collide with each other.")] = False
    substep: Annotated[
        float, Bounds(0.0, 1.0, above=True), Meaning("The longest substep in which its actuators are stable.", "s")
    ] = 1.0
    timestep: Annotated[
        float | None, Bounds(1e-4, 0.1), Meaning("Between two actions, in scenes that leave it to the robot.", "s")
    ] = None
    steering: Annotated[
        str | None,
        Meaning("A hinge about z: where it has turned, there the force of the first driven joint, a slide, points."),
    ] = None
    upright: Annotated[Upright, Meaning("A table: outside this envelope the robot has fallen.")] = field(
        default_factory=Upright
    )
    torque: Annotated[
        dict[str, Torque],
        Meaning("A table: joints driven by torque, and their torque at action 1, in the order of actions.", FORCE),
    ] = field(default_factory=dict)
    actuators: Annotated[
        dict[str, dict[str, float | str | bool | tuple[float, float]]],
        Meaning(
            "A table: joints with other actuators, each a table of `kind`, `effort` and parameters, in this order."
        ),
    ] = field(default_factory=dict)
    pose: Annotated[
        dict[str, float], Meaning("A table: rest positions of driven joints; those not named rest at 0.", "deg, or m")
    ] = field(default_factory=dict)
    sensor: Annotated[
        tuple[dict[str, Any], ...],
        Meaning("Tables: sensors that the robot wears in every scene, beside those of its task."),
    ] = ()

    @property
    def driven(self) -> tuple[str, ...]:
        """The driven joints in action order."""
        return (*self.torque, *self.actuators)


def read_card(path: Path) -> Card:
    """Read a card, without its URDF.

    Raises:
        InvalidInput: the file is wrong.
    """
    card = readers.read_toml(path, Card)
    name = Path(card.model)
    if name.name != card.model or name.suffix != ".urdf":
        raise InvalidInput(f"{path}: model: {card.model!r} is not the name of a URDF file beside the card")
    return card


def check_card(path: Path, card: Card, model: Model) -> None:
    """Check a card against its URDF.

    Raises:
        InvalidInput: they do not fit each other; the message lists all faults.
    """
    joints = {joint.name: joint for joint in model.joints if joint.kind != "fixed"}
    raise_faults(
        str(path), (*_name_faults(card, model, joints), *_number_faults(card, joints), *_actuator_faults(card, joints))
    )


def find_actuator(card: Card, joint: str) -> ActuatorSpec:
    """Return what drives a joint."""
    row = card.actuators.get(joint, {"kind": "torque"})
    late: dict[str, Any] = {key: row[key] for key in MAX_DELAY if key in row}
    return ActuatorSpec(str(row["kind"]), tuple((key, row[key]) for key in row if key not in COMMON), **late)


def find_effort(card: Card, joint: Joint) -> float:
    """Return the largest torque of a joint [N m, or N for a slide]."""
    row: Mapping[str, Any] = card.actuators.get(joint.name, {})
    return float(card.torque.get(joint.name) or row.get("effort") or joint.effort or 0.0)


def rest_position(joint: Joint, value: float) -> float:
    """Return the rest position of a joint [rad, or m for a slide], which a card gives in [deg, or m for a slide]."""
    return value if joint.kind == "prismatic" else math.radians(value)


def _name_faults(card: Card, model: Model, joints: Mapping[str, Joint]) -> Iterator[str]:
    """Go through names that are not in the URDF."""
    links = [link.name for link in model.links]
    for key, what, names, known in (
        ("trunk", "link", (card.trunk,), links),
        ("feet", "link", card.feet, links),
        ("upright.clear", "foot", card.upright.clear, card.feet),
        ("upright.link", "link", (card.upright.link or card.trunk,), links),
        ("torque", "joint", card.torque, joints),
        ("actuators", "joint", card.actuators, joints),
        ("continuous", "driven joint", card.continuous, card.driven),
        ("wheels", "continuous joint", card.wheels, card.continuous),
        ("pose", "driven joint" if set(card.pose) <= set(joints) else "joint", card.pose, card.driven),
    ):
        for name in names:
            if name not in known:
                yield f"{key}: {describe_unknown(name, known, what)}"
    if len(set(card.feet)) < len(card.feet):
        yield "feet: a link is named twice"
    if not card.driven:
        yield f"torque: no joint is driven{suggest('', joints)}"


def _number_faults(card: Card, joints: Mapping[str, Joint]) -> Iterator[str]:
    """Go through numbers that do not fit the URDF, or each other."""
    if card.standing_height < card.upright.min_height and card.upright.link is None:
        yield f"upright.min_height: {card.upright.min_height} is above standing_height, {card.standing_height}"
    for name in card.driven:
        key, joint = ("torque" if name in card.torque else "actuators"), joints.get(name)
        if joint is None:
            continue
        if joint.mimic is not None:
            yield f"{key}.{name}: the joint mimics {joint.mimic.leader!r}, and has no motor"
        if joint.lower is None or joint.upper is None:
            if name not in card.continuous:
                yield f"{key}.{name}: the joint has no limits in {card.model}; give it some, or name it in continuous"
            continue
        if name in card.continuous:
            yield f"continuous: joint {name!r} has limits in {card.model}"
        value = card.pose.get(name, 0.0)
        if not joint.lower <= rest_position(joint, value) <= joint.upper:
            low, high = joint.shown(joint.lower), joint.shown(joint.upper)
            yield f"pose.{name}: {value} is outside the joint's limits, {low:g} to {high:g}"


def _actuator_faults(card: Card, joints: Mapping[str, Joint]) -> Iterator[str]:
    """Go through actuators without a kind or an effort; their parameters are checked when they are made."""
    for name, row in card.actuators.items():
        kind, joint = row.get("kind"), joints.get(name)
        yield from _delay_faults(f"actuators.{name}", row)
        effort = row.get("effort", None if joint is None else joint.effort)
        if name in card.torque:
            yield f"actuators.{name}: the joint is in torque, too"
        if not isinstance(kind, str):
            yield f"actuators.{name}: kind: {'missing' if kind is None else f'{kind!r} is no text'}"
        if not effort and "effort" not in row:
            yield f"actuators.{name}: effort: missing, and the URDF has none"
        elif not isinstance(effort, float) or not 0.0 < effort <= MAX_TORQUE:
            yield f"actuators.{name}: effort: {effort!r} is not a number above 0, up to {MAX_TORQUE:g} N m"


def _delay_faults(where: str, row: Mapping[str, Any]) -> Iterator[str]:
    """Go through what is wrong with the delay of an actuator."""
    if len(MAX_DELAY.keys() & row.keys()) > 1:
        yield f"{where}: delay: give it in ms, or delay_steps in timesteps, not both"
    for key, most in MAX_DELAY.items():
        value = row.get(key, 0.0)
        for number in value if isinstance(value, tuple) else (value,):
            if not isinstance(number, float) or not 0.0 <= number <= most:
                yield f"{where}: {key}: {number!r} is not a number from 0 to {most:g}"
