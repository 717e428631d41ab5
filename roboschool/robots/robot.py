"""A robot: its URDF and its card, read once and checked against each other."""

import functools
import math
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from roboschool import errors, paths, readers
from roboschool.errors import InvalidInput, check_choice
from roboschool.robots.urdf import Joint, Model, read_urdf

RAIL = (("prismatic", (1.0, 0.0, 0.0)), ("prismatic", (0.0, 0.0, 1.0)), ("continuous", (0.0, 1.0, 0.0)))
MAX_LENGTH = 1000.0  # [m]
MAX_TORQUE = 1e6  # [N m]


@dataclass(frozen=True)
class Upright:
    """The envelope outside which a robot has fallen."""

    lowest: float = -math.inf  # trunk height [m]
    tilt: float = 180.0  # roll or pitch of the trunk [deg]
    clear: tuple[str, ...] = ()  # feet (listed in `feet`) that must not touch the ground
    link: str | None = None  # whose height counts, if not the trunk's


@dataclass(frozen=True)
class ActuatorSpec:
    """What drives a joint: a kind of actuator (see `roboschool/actuators/`) and its parameters, by name."""

    kind: str = "torque"
    parameters: tuple[tuple[str, float | str | bool], ...] = ()

    def __str__(self) -> str:
        """As `position(kp=20, kd=1, scale=0.5)`."""
        given = (f"{key}={value:g}" if isinstance(value, float) else f"{key}={value}" for key, value in self.parameters)
        return f"{self.kind}({', '.join(given)})" if self.parameters else self.kind


@dataclass(frozen=True, kw_only=True)
class Card:
    """The file `assets/<robot>/<robot>.toml`: what a body is, beyond its URDF.

    A driven joint is in `torque`, or in `actuators` as `{ kind = "position", kp = 20.0, kd = 1.0, scale = 0.5 }`:
    `kind` is a file in `roboschool/actuators/` or "module:Class", which may be a module beside the card; the other keys
    are its parameters, and `effort`, the largest torque [N m], by default that of the URDF. See docs/actuators.md.
    """

    model: str  # URDF file, beside the card
    trunk: str  # link whose pose is the robot's
    feet: tuple[str, ...] = ()  # links whose contact the robot feels
    endless: tuple[str, ...] = ()  # driven joints that are meant to have no limits
    stance: float  # trunk height in the rest pose on flat ground [m]
    self_collision: bool = False
    upright: Upright = field(default_factory=Upright)
    torque: dict[str, float] = field(default_factory=dict)  # at action 1.0 [N m, or N for a slide]; in action order
    actuators: dict[str, dict[str, float | str | bool]] = field(default_factory=dict)  # after them in action order
    pose: dict[str, float] = field(default_factory=dict)  # rest angles [deg, or m for a slide]


@dataclass(frozen=True)
class Robot:
    """A robot as tasks and worlds see it. Angles in radians."""

    name: str
    model: Model
    trunk: str
    feet: tuple[str, ...]
    stance: float  # trunk height in the rest pose [m]
    self_collision: bool
    lowest: float  # trunk height below which it has fallen [m]
    tilt: float  # roll or pitch of the trunk beyond which it has fallen [rad]
    clear: tuple[int, ...]  # which of `feet` must not touch the ground
    watched: str  # link whose height counts
    joints: tuple[Joint, ...]  # in action order
    torque: tuple[float, ...]  # at action 1.0 of a torque actuator, the largest of any other [N m]
    actuators: tuple[ActuatorSpec, ...]  # of each of `joints`
    pose: tuple[float, ...]  # rest position of each of `joints` [rad]
    passive: tuple[str, ...]  # joints without a motor; slides and hinge first if it is planar
    planar: bool  # held in its x-z plane by two slides and a hinge

    @property
    def loose(self) -> tuple[str, ...]:
        """The joints without a motor that are felt: all but the track of a planar robot."""
        return self.passive[len(RAIL) :] if self.planar else self.passive

    @functools.cached_property
    def has_feedback(self) -> bool:
        """Whether a torque depends on the state of its joint, and is computed at every substep."""
        return any(spec.kind != "torque" for spec in self.actuators)

    @property
    def fixed(self) -> bool:
        """Whether the root of the URDF is bolted to the world: it has no mass."""
        return self.model.fixed

    @functools.cached_property
    def bolted(self) -> bool:
        """Whether the trunk is a root that is bolted to the world."""
        return self.fixed and self.trunk == self.model.root

    def stands(self, height: float, roll: float, pitch: float, feet: Sequence[float]) -> bool:
        """Return whether the robot is inside the envelope of its card.

        Args:
            height: of the trunk, or of the link that the card names [m].
            roll: of the trunk [rad].
            pitch: of the trunk [rad].
            feet: 1 for each of `feet` that touches the ground, else 0.
        """
        if not (height > self.lowest and abs(roll) < self.tilt and abs(pitch) < self.tilt):
            return False
        return not self.clear or not any(feet[foot] for foot in self.clear)

    @property
    def fallen(self) -> str:
        """When the robot has fallen, for people."""
        link = "trunk" if self.watched == self.trunk else self.watched
        rules = [f"its {link} is {self.lowest:g} m high or lower"] if math.isfinite(self.lowest) else []
        if self.tilt < math.pi:
            rules.append(f"its trunk rolls or pitches by {math.degrees(self.tilt):.3g} degrees or more")
        if self.clear:
            rules.append(f"{', '.join(self.feet[foot] for foot in self.clear)} touch the ground")
        return ", or ".join(rules) or "never"

    @property
    def mass(self) -> float:
        """Mass of all links [kg]."""
        return sum(link.mass for link in self.model.links)


def load_robot(source: Any) -> Robot:
    """Read a robot by name, by the path of its card or its URDF, or from a `urchin.URDF` or `urdfpy.URDF` object.

    A URDF without a card becomes a robot whose joints all have the effort of their limit as torque.

    Raises:
        InvalidInput: the robot is unknown, or its card or URDF is wrong.
    """
    if hasattr(source, "save") or str(source).endswith(".urdf"):
        return _bare(read_urdf(source))
    path = paths.find(source, paths.robots(), "robot")
    return _load(path, _stamp(path))


def _stamp(card: Path) -> tuple[tuple[str, float], ...]:
    """Return what changes when a file of the robot changes on disk."""
    files_beside = sorted(card.parent.glob("*")) if os.path.isdir(card.parent) else []
    return tuple((str(p), os.path.getmtime(p)) for p in files_beside if os.path.isfile(p))


@functools.lru_cache(maxsize=64)
def _load(path: Path, _files: object) -> Robot:
    card = readers.read_toml(path, Card)
    name = Path(card.model)
    if name.name != card.model or name.suffix != ".urdf":
        raise InvalidInput(f"{path}: model: {card.model!r} is not the name of a URDF file beside the card")
    model = read_urdf(path.parent / card.model)
    return _join(path, card, model)


def _join(path: Path, card: Card, model: Model) -> Robot:
    """Return the robot that card and URDF are about."""
    joints = {joint.name: joint for joint in model.joints if joint.kind != "fixed"}
    specs = {name: ActuatorSpec() for name in card.torque}
    efforts = dict(card.torque)
    for name, row in card.actuators.items():
        check_choice(name, joints, "joint", f"{path}: actuators")
        specs[name], efforts[name] = _read_actuator(f"{path}: actuators.{name}", row, joints[name])
        if name in card.torque:
            raise InvalidInput(f"{path}: actuators.{name}: the joint is in torque, too")
    card = replace(card, torque=efforts)
    _check(path, card, model, joints)
    track = _track(card.trunk, model)
    planar = track is not None and not set(track) & set(card.torque)
    others = [name for name in joints if name not in card.torque and not (planar and name in (track or ()))]
    return Robot(
        name=path.stem,
        model=model,
        trunk=card.trunk,
        feet=card.feet,
        stance=card.stance,
        self_collision=card.self_collision,
        lowest=card.upright.lowest,
        tilt=math.radians(card.upright.tilt),
        clear=tuple(card.feet.index(link) for link in card.upright.clear),
        watched=card.upright.link or card.trunk,
        joints=tuple(joints[name] for name in card.torque),
        torque=tuple(card.torque.values()),
        actuators=tuple(specs.values()),
        pose=tuple(_rest(path, joints[name], card.pose.get(name, 0.0)) for name in card.torque),
        passive=(*(track if planar and track else ()), *others),
        planar=planar,
    )


def _read_actuator(where: str, row: Mapping[str, Any], joint: Joint) -> tuple[ActuatorSpec, float]:
    """Return what drives a joint, and its effort [N m]."""
    kind, effort = row.get("kind"), row.get("effort", joint.effort)
    if not isinstance(kind, str):
        raise InvalidInput(f"{where}: kind: {'missing' if kind is None else f'{kind!r} is no text'}")
    if not isinstance(effort, float):
        fault = "missing, and the URDF has none" if effort is None else f"{effort!r} is no number"
        raise InvalidInput(f"{where}: effort: {fault}")
    return ActuatorSpec(kind, tuple((key, row[key]) for key in row if key not in ("kind", "effort"))), effort


def _check(path: Path, card: Card, model: Model, joints: Mapping[str, Joint]) -> None:
    """Check a card against its URDF."""
    check_choice(card.trunk, [link.name for link in model.links], "link", f"{path}: trunk")
    for foot in card.feet:
        check_choice(foot, [link.name for link in model.links], "link", f"{path}: feet")
    for link in card.upright.clear:
        check_choice(link, card.feet, "foot", f"{path}: upright.clear")
    if card.upright.link is not None:
        check_choice(card.upright.link, [link.name for link in model.links], "link", f"{path}: upright.link")
    for name in card.torque:
        check_choice(name, joints, "joint", f"{path}: torque")
    for name in card.endless:
        check_choice(name, card.torque, "driven joint", f"{path}: endless")
        if joints[name].lower is not None:
            raise InvalidInput(f"{path}: endless: joint {name!r} has limits in {card.model}")
    if not card.torque:
        raise InvalidInput(f"{path}: no joint is driven; give it a [torque] table{errors.suggest('', joints)}")
    for name in card.pose:
        check_choice(name, joints, "joint", f"{path}: pose")
        check_choice(name, card.torque, "driven joint", f"{path}: pose")
    if len(set(card.feet)) < len(card.feet):
        raise InvalidInput(f"{path}: feet: a link is named twice")
    if not 0.0 <= card.stance <= MAX_LENGTH:
        raise InvalidInput(f"{path}: stance: {card.stance} is not between 0 and {MAX_LENGTH:g} m")
    if card.stance < card.upright.lowest and card.upright.link is None:
        raise InvalidInput(f"{path}: upright.lowest: {card.upright.lowest} is above the stance, {card.stance}")
    if not 0.0 < card.upright.tilt <= 180.0:
        raise InvalidInput(f"{path}: upright.tilt: {card.upright.tilt} is not between 0 and 180 degrees")
    for name, torque in card.torque.items():
        where = f"{path}: actuators.{name}" if name in card.actuators else f"{path}: torque.{name}"
        if joints[name].lower is None and name not in card.endless:
            raise InvalidInput(
                f"{where}: joint {name!r} has no limits in {card.model}; give it some, or name it in endless"
            )
        if not 0.0 < torque <= MAX_TORQUE:
            effort = ": effort" if name in card.actuators else ""
            raise InvalidInput(f"{where}{effort}: {torque} is not between 0 and {MAX_TORQUE:g} N m")


def _rest(path: Path, joint: Joint, value: float) -> float:
    """Return the rest position of a joint [rad or m], which must be within its limits."""
    position = value if joint.kind == "prismatic" else math.radians(value)
    if joint.lower is not None and joint.upper is not None and not joint.lower <= position <= joint.upper:
        low, high = joint.shown(joint.lower), joint.shown(joint.upper)
        raise InvalidInput(f"{path}: pose.{joint.name}: {value} is outside the joint's limits, {low:g} to {high:g}")
    return position


def _track(trunk: str, model: Model) -> tuple[str, ...] | None:
    """Return the joints of a trunk that hangs on slides along x and z and a hinge about y, from a massless root."""
    by_child = {joint.child: joint for joint in model.joints}
    chain: list[Joint] = []
    while trunk in by_child:
        chain.insert(0, by_child[trunk])
        trunk = chain[0].parent
    kinds = tuple((joint.kind, joint.axis) for joint in chain)
    straight = all(number == 0.0 for joint in chain for number in joint.origin)
    return tuple(joint.name for joint in chain) if kinds == RAIL and straight and model.fixed else None


def find_driven(model: Model) -> dict[str, float]:
    """Return the joints that can be driven without a card, those that have limits with an effort, and it [N m, N]."""
    return {j.name: j.effort for j in model.joints if j.lower is not None and j.effort}


def _bare(model: Model) -> Robot:
    """Make a robot of a URDF that has no card."""
    path = Path(model.path)
    driven = find_driven(model)
    if not driven:
        raise InvalidInput(f"{path}: no joint has limits with an effort; write a card with a [torque] table")
    middle = {
        j.name: j.shown(v)
        for j in model.joints
        if j.name in driven and j.lower is not None and j.upper is not None
        for v in [min(max(0.0, j.lower), j.upper)]
    }
    card = Card(model=path.name, trunk=model.root, stance=0.0, torque=driven, pose=middle)
    return _join(path, card, model)
