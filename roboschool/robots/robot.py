"""A robot: its URDF and its card, read once and checked against each other."""

import functools
import math
import os
from collections.abc import Sequence
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any

import numpy as np

from roboschool import paths
from roboschool.errors import InvalidInput
from roboschool.robots.card import ActuatorSpec, Card, check_card, find_actuator, find_effort, read_card, rest_position
from roboschool.robots.motors import Motors
from roboschool.robots.urdf import Joint, Model, fix_root, read_urdf

NEVER = 180.0  # a tilt of a card that lets a robot turn as it will: a gripper may hang head down [deg]
RAIL = (("prismatic", (1.0, 0.0, 0.0)), ("prismatic", (0.0, 0.0, 1.0)), ("continuous", (0.0, 1.0, 0.0)))

PLANE = (("prismatic", (1.0, 0.0, 0.0)), ("prismatic", (0.0, 1.0, 0.0)), ("continuous", (0.0, 0.0, 1.0)))


@dataclass(frozen=True)
class Robot:
    """A robot, read from its card and its URDF. Angles in radians."""

    name: str
    model: Model
    trunk: str
    feet: tuple[str, ...]
    standing_height: float  # trunk height in the rest pose [m]
    self_collision: bool
    min_height: float  # trunk height below which it has fallen [m]
    tilt: float  # roll or pitch of the trunk beyond which it has fallen [rad]
    clear: tuple[int, ...]  # which of `feet` must not touch the ground
    height_link: str  # link whose height counts
    joints: tuple[Joint, ...]  # in action order
    torque: tuple[float, ...]  # at action 1.0 of a torque actuator, the largest of any other [N m]
    actuators: tuple[ActuatorSpec, ...]  # of each of `joints`
    pose: tuple[float, ...]  # rest position of each of `joints` [rad]
    unactuated: tuple[str, ...]  # joints without a motor; slides and hinge first if it is planar
    planar: bool  # held in its x-z plane by two slides and a hinge
    substep: float = 1.0  # longest in which its actuators are stable [s]
    wheels: tuple[str, ...] = ()  # driven joints whose angle means nothing
    timestep: float | None = None  # between two actions, if a scene does not say [s]
    steering: tuple[str, ...] = ()  # slide that takes part of the first driven joint's force, hinge that decides it
    sensor: tuple[dict[str, Any], ...] = field(default=(), hash=False)  # that it wears: {name = ..., parameters}
    card: str = field(default="", compare=False)  # path of its card

    @functools.cached_property
    def motors(self) -> Motors:
        """The driven joints as arrays."""
        return motors_of([self])

    @property
    def passive_joints(self) -> tuple[str, ...]:
        """The joints without a motor that the state has: all but the track of a planar robot."""
        return self.unactuated[len(RAIL) :] if self.planar else self.unactuated

    @functools.cached_property
    def has_feedback(self) -> bool:
        """Whether a torque depends on the state of its joint, or changes within a step: it is computed at substeps."""
        return self.is_late or bool(self.steering) or any(spec.kind != "torque" for spec in self.actuators)

    @functools.cached_property
    def is_late(self) -> bool:
        """Whether actions reach an actuator with a delay."""
        return any(spec.delay or spec.delay_steps for spec in self.actuators)

    @property
    def fixed(self) -> bool:
        """Whether the root of the URDF is fixed to the world: it has no mass."""
        return self.model.fixed

    @functools.cached_property
    def fixed_base(self) -> bool:
        """Whether the trunk is a root that is fixed to the world."""
        return self.fixed and self.trunk == self.model.root

    def is_upright(self, height: float, roll: float, pitch: float, feet: Sequence[float]) -> bool:
        """Return whether the robot is inside the envelope of its card.

        Args:
            height: of the trunk, or of the link that the card names [m].
            roll: of the trunk [rad].
            pitch: of the trunk [rad].
            feet: 1 for each of `feet` that touches the ground, else 0.
        """
        if not (height > self.min_height and abs(roll) < self.tilt and abs(pitch) < self.tilt):
            return False
        return not self.clear or not any(feet[foot] for foot in self.clear)

    @property
    def fallen(self) -> str:
        """A description of when the robot has fallen."""
        link = "trunk" if self.height_link == self.trunk else self.height_link
        rules = [f"its {link} is {self.min_height:g} m high or lower"] if math.isfinite(self.min_height) else []
        if self.tilt < math.pi:
            rules.append(f"its trunk rolls or pitches by {math.degrees(self.tilt):.3g} degrees or more")
        if self.clear:
            rules.append(f"{', '.join(self.feet[foot] for foot in self.clear)} touch the ground")
        return ", or ".join(rules) or "never"

    def substeps(self, timestep: float, least: int) -> int:
        """Return how many substeps a timestep [s] needs, so that the actuators are stable; at least so many."""
        return max(least, math.ceil(timestep / self.substep - 1e-9))

    @property
    def mass(self) -> float:
        """Mass of all links [kg]."""
        return sum(link.mass for link in self.model.links)


@dataclass(frozen=True)
class RobotPerWorld(Robot):
    """A different robot in each world, alike in everything but numbers (see `check_same_shapes`).

    `motors` has the numbers of all of them; everything else is that of the first.
    """

    variants: tuple[Robot, ...] = ()  # one for each world

    @functools.cached_property
    def motors(self) -> Motors:
        """The driven joints as arrays (world, 1, joint)."""
        return motors_of(self.variants)


def motors_of(robots: Sequence[Robot]) -> Motors:
    """Return the driven joints of the robot of each world; all have the same joints."""

    def numbers(of: Sequence[Sequence[float]]) -> np.ndarray:
        return np.array(of, dtype=float)[:, None]

    joints = [robot.joints for robot in robots]
    return Motors(
        names=tuple(joint.name for joint in joints[0]),
        rest=numbers([robot.pose for robot in robots]),
        lower=numbers([[-np.inf if joint.lower is None else joint.lower for joint in own] for own in joints]),
        upper=numbers([[np.inf if joint.upper is None else joint.upper for joint in own] for own in joints]),
        speed=numbers([[joint.velocity or np.nan for joint in own] for own in joints]),
        effort=numbers([robot.torque for robot in robots]),
    )


def combine_robots(robots: Sequence[Robot]) -> Robot:
    """Return one robot for tasks and actuators that stands for the robot of each world."""
    first = robots[0]
    if all(robot == first for robot in robots):
        return first
    return RobotPerWorld(**{part.name: getattr(first, part.name) for part in fields(Robot)}, variants=tuple(robots))


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
    card = read_card(path)
    return make_robot(path, card, read_urdf(path.parent / card.model))


def make_robot(path: Path, card: Card, model: Model) -> Robot:
    """Return the robot that a card and a URDF are about; `path` is that of the card.

    Raises:
        InvalidInput: they do not fit each other.
    """
    check_card(path, card, model)
    model = fix_root(model) if card.fixed and not model.fixed else model
    joints = {joint.name: joint for joint in model.joints if joint.kind != "fixed"}
    track = _track(card.trunk, model)
    planar = track is not None and not set(track) & set(card.driven)
    others = [name for name in joints if name not in card.driven and not (planar and name in (track or ()))]
    return Robot(
        name=path.stem,
        model=model,
        trunk=card.trunk,
        feet=card.feet,
        standing_height=card.standing_height,
        self_collision=card.self_collision,
        min_height=card.upright.min_height,
        tilt=math.radians(card.upright.tilt) if card.upright.tilt < NEVER else math.tau,
        clear=tuple(card.feet.index(link) for link in card.upright.clear),
        height_link=card.upright.link or card.trunk,
        joints=tuple(joints[name] for name in card.driven),
        torque=tuple(find_effort(card, joints[name]) for name in card.driven),
        actuators=tuple(find_actuator(card, name) for name in card.driven),
        pose=tuple(rest_position(joints[name], card.pose.get(name, 0.0)) for name in card.driven),
        unactuated=(*(track if planar and track else ()), *others),
        planar=planar,
        substep=card.substep,
        wheels=card.wheels,
        timestep=card.timestep,
        steering=find_steering(path, card, model),
        sensor=card.sensor,
        card=str(path),
    )


def find_steering(path: Path, card: Card, model: Model) -> tuple[str, ...]:
    """Return the slide along y and the hinge about z of a robot whose force points where its hinge has turned.

    It hangs on a slide along x, which is driven first, one along y, and the hinge, so that it can move in the plane
    only. The force of the first motor is shared by the slides. Nothing if the card names no hinge.

    Raises:
        InvalidInput: the hinge is not on such slides.
    """
    if card.steering is None:
        return ()
    children = {joint.parent: joint for joint in model.joints}
    chain = [joint for joint in model.joints if joint.name == card.driven[0]]
    while len(chain) < len(PLANE) and chain and chain[-1].child in children:
        chain.append(children[chain[-1].child])
    straight = all(number == 0.0 for joint in chain[:2] for number in joint.origin)
    fits = tuple((joint.kind, joint.axis) for joint in chain) == PLANE and straight
    if not fits or chain[2].name != card.steering or chain[1].name in card.driven:
        text = f"{card.steering!r} is not a hinge about z on slides along x and y, of which the first is driven"
        raise InvalidInput(f"{path}: steering: {text} first, and the second is not")
    return chain[1].name, chain[2].name


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
    return {j.name: j.effort for j in model.joints if j.lower is not None and j.effort and j.mimic is None}


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
    card = Card(model=path.name, trunk=model.root, standing_height=0.0, torque=driven, pose=middle)
    return make_robot(path, card, model)
