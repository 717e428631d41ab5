"""The card of a robot, `assets/<robot>/<robot>.toml`: what a body is, beyond its URDF."""

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated

from roboschool import readers
from roboschool.errors import InvalidInput, describe_unknown, raise_faults, suggest
from roboschool.robots.urdf import Joint, Model
from roboschool.schema import Bounds

Length = Annotated[float, Bounds(0.0, 1000.0)]  # [m]
Torque = Annotated[float, Bounds(0.0, 1e6, above=True)]  # [N m, or N for a slide]
Tilt = Annotated[float, Bounds(0.0, 180.0, above=True)]  # [deg]


@dataclass(frozen=True)
class Upright:
    """The envelope outside which a robot has fallen."""

    min_height: float = -math.inf  # of the trunk [m]
    tilt: Tilt = 180.0  # roll or pitch of the trunk [deg]
    clear: tuple[str, ...] = ()  # feet (listed in `feet`) that must not touch the ground
    link: str | None = None  # whose height counts, if not the trunk's


@dataclass(frozen=True, kw_only=True)
class Card:
    """The keys of a card."""

    model: str  # URDF file, beside the card
    trunk: str  # link whose pose is the robot's
    feet: tuple[str, ...] = ()  # links whose contact the robot feels
    continuous: tuple[str, ...] = ()  # driven joints that are meant to have no limits
    standing_height: Length  # of the trunk in the rest pose on flat ground [m]
    self_collision: bool = False
    upright: Upright = field(default_factory=Upright)
    torque: dict[str, Torque]  # at action 1.0 [N m, or N for a slide]; in action order
    pose: dict[str, float] = field(default_factory=dict)  # rest angles [deg, or m for a slide]


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
        InvalidInput: they do not fit each other; the message tells all faults.
    """
    joints = {joint.name: joint for joint in model.joints if joint.kind != "fixed"}
    raise_faults(str(path), (*_name_faults(card, model, joints), *_number_faults(card, joints)))


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
        ("continuous", "driven joint", card.continuous, card.torque),
        ("pose", "driven joint" if set(card.pose) <= set(joints) else "joint", card.pose, card.torque),
    ):
        for name in names:
            if name not in known:
                yield f"{key}: {describe_unknown(name, known, what)}"
    if len(set(card.feet)) < len(card.feet):
        yield "feet: a link is named twice"
    if not card.torque:
        yield f"torque: no joint is driven{suggest('', joints)}"


def _number_faults(card: Card, joints: Mapping[str, Joint]) -> Iterator[str]:
    """Go through numbers that do not fit the URDF, or each other."""
    if card.standing_height < card.upright.min_height and card.upright.link is None:
        yield f"upright.min_height: {card.upright.min_height} is above standing_height, {card.standing_height}"
    for name in card.torque:
        joint = joints.get(name)
        if joint is None:
            continue
        if joint.lower is None or joint.upper is None:
            if name not in card.continuous:
                yield f"torque.{name}: the joint has no limits in {card.model}; give it some, or name it in continuous"
            continue
        if name in card.continuous:
            yield f"continuous: joint {name!r} has limits in {card.model}"
        value = card.pose.get(name, 0.0)
        if not joint.lower <= rest_position(joint, value) <= joint.upper:
            low, high = joint.shown(joint.lower), joint.shown(joint.upper)
            yield f"pose.{name}: {value} is outside the joint's limits, {low:g} to {high:g}"
