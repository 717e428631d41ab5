"""Reads a URDF strictly and cleans it: Bullet crashes, hangs or fails silently on a bad one."""

import atexit
import dataclasses
import functools
import math
import os
import re
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from lxml import etree

from roboschool.errors import MOST_KEPT, InvalidInput, describe_faults
from roboschool.paths import as_path
from roboschool.readers import read_text
from roboschool.robots.urdf_faults import find_faults, read_floats
from roboschool.robots.urdf_schema import Element, parse_xml, refuse_entities
from roboschool.scratch import scratch_folder


@dataclass(frozen=True)
class Mimic:
    """How a joint follows another: its position is `multiplier` times the leader's, plus `offset` [rad or m]."""

    leader: str  # a joint that follows none
    multiplier: float
    offset: float

    def position(self, leader: float) -> float:
        """Return the position that belongs to one of the leader [rad or m]."""
        return self.multiplier * leader + self.offset


@dataclass(frozen=True)
class Joint:
    """A joint between two links."""

    name: str
    kind: str  # one of KINDS
    parent: str
    child: str
    origin: tuple[float, ...]  # of the child in the parent's frame: x, y, z [m], roll, pitch, yaw [rad]
    axis: tuple[float, float, float]  # in the child's frame, of length 1
    lower: float | None  # [rad or m], None if there is no limit
    upper: float | None  # [rad or m]
    effort: float | None  # [N m or N]
    velocity: float | None  # [rad/s or m/s]
    mimic: Mimic | None = None  # it follows another joint, and has no motor

    @property
    def range(self) -> str:
        """A description of the limits."""
        if self.lower is None or self.upper is None:
            return "continuous"
        unit = "m" if self.kind == "prismatic" else "deg"
        return f"{self.shown(self.lower):.4g} to {self.shown(self.upper):.4g} {unit}"

    def shown(self, position: float) -> float:
        """Return a position [rad, or m for a slide] as a card has it [deg, or m for a slide]."""
        return position if self.kind == "prismatic" else math.degrees(position)

    def clip(self, position: float) -> float:
        """Return a position within the limits."""
        return position if self.lower is None or self.upper is None else min(max(position, self.lower), self.upper)


@dataclass(frozen=True)
class Link:
    """A rigid part of a robot."""

    name: str
    mass: float  # [kg], 0 for a root link without <inertial>: it is fixed to the world
    centre: tuple[float, float, float] = (0.0, 0.0, 0.0)  # of mass, in its frame [m]


@dataclass(frozen=True)
class Model:
    """A URDF that has passed all checks."""

    path: str
    name: str
    root: str
    links: tuple[Link, ...]  # in the order of the file
    joints: tuple[Joint, ...]  # in the order of the file
    text: str  # the cleaned URDF to give to Bullet

    @functools.cached_property
    def fixed(self) -> bool:
        """Whether the root is fixed to the world: it has no mass."""
        return next(link.mass for link in self.links if link.name == self.root) == 0.0

    @functools.cached_property
    def immovable(self) -> frozenset[str]:
        """The links that can never move: a root that is fixed to the world, and what is fixed to it."""
        names = {self.root} if self.fixed else set[str]()
        for _ in self.joints:  # whose order is any
            names |= {joint.child for joint in self.joints if joint.kind == "fixed" and joint.parent in names}
        return frozenset(names)


def fix_root(model: Model) -> Model:
    """Return a model whose root is fixed to the world, as one without a mass is; its own mass counts no more."""
    root = etree.fromstring(model.text.encode())
    link = next(link for link in root.findall("link") if link.get("name") == model.root)
    inertial = link.find("inertial")
    inertial[:] = [etree.Element("mass", value="0"), etree.Element("inertia", ixx="0", iyy="0", izz="0")]
    links = tuple(Link(link.name, 0.0) if link.name == model.root else link for link in model.links)
    return dataclasses.replace(model, links=links, text=str(etree.tostring(root, encoding="unicode")))


def add_mass(model: Model, name: str, link: str, position: tuple[float, float, float]) -> Model:
    """Return a model with one more link, a point without a mass for now, fixed to a link; the same if it lacks that."""
    if link not in {other.name for other in model.links}:
        return model
    root = etree.fromstring(model.text.encode())
    inertial = etree.SubElement(etree.SubElement(root, "link", name=name), "inertial")
    etree.SubElement(inertial, "mass", value="0")
    etree.SubElement(inertial, "inertia", ixx="0", iyy="0", izz="0", ixy="0", ixz="0", iyz="0")
    joint = etree.SubElement(root, "joint", name=name, type="fixed")
    etree.SubElement(joint, "parent", link=link)
    etree.SubElement(joint, "child", link=name)
    etree.SubElement(joint, "origin", xyz=" ".join(map(repr, position)))
    return dataclasses.replace(model, text=str(etree.tostring(root, encoding="unicode")))


@functools.lru_cache(maxsize=64)  # every copy of a world asks for the same
def without_visuals(text: str) -> str:
    """Return a cleaned URDF without visual shapes."""
    root = etree.fromstring(text.encode())
    for link in root.findall("link"):
        for visual in link.findall("visual"):
            link.remove(visual)
    return str(etree.tostring(root, encoding="unicode"))


def read_urdf(source: str | os.PathLike[str] | object) -> Model:
    """Read and check the URDF at a path, or an object with a method `save(path)` such as a `urdfpy.URDF`.

    Raises:
        InvalidInput: it cannot be used; the message names the file, the line, and the link or joint.
    """
    if isinstance(source, str | os.PathLike):
        return _read(os.fsdecode(source))
    if not callable(getattr(source, "save", None)):
        raise InvalidInput(f"{source!r:.80}: neither a path nor an object with a method save(path)")
    try:
        return _read(_save(source))
    except InvalidInput as error:
        note = f"written by {type(source).__name__}.save; a mesh that it does not write along is missing"
        raise InvalidInput(f"{error} ({note})") from None


def _save(source: Any) -> str:
    folder = scratch_folder()
    atexit.register(shutil.rmtree, folder, ignore_errors=True)  # Bullet may read the meshes at any time
    path = os.path.join(folder, "saved.urdf")
    try:
        source.save(path)
    except Exception as error:
        raise InvalidInput(f"{type(source).__name__}.save: {error}") from error
    return path


def parse_urdf(text: str, path: Path) -> Model:
    """Check a URDF that was written by this package; `path` is what an error begins with, and where meshes are.

    Raises:
        InvalidInput: it cannot be used.
    """
    return _model(parse_xml(text, path), path)


def _read(name: str) -> Model:
    return _model(*_parse(name))


def _model(root: Element, path: Path) -> Model:
    faults = find_faults(root, path.parent)
    if faults:
        each = [type(fault)(f"{path}{fault.removeprefix(path.name)}") for fault in faults]
        raise InvalidInput(each[0] if len(each) == 1 else describe_faults(str(path), faults), each[:MOST_KEPT])
    links, joints = root.findall("link"), tuple(map(_joint, root.findall("joint")))
    for joint in root.findall("joint"):
        for mimic in joint.findall("mimic"):
            joint.remove(mimic)  # Bullet does not know it
    children = {joint.child for joint in joints}
    base = next(link.get("name") for link in links if link.get("name") not in children)
    etree.cleanup_namespaces(root)
    etree.indent(root)
    text = etree.tostring(root, encoding="unicode")
    return Model(str(path), root.get("name"), base, tuple(map(_link, links)), joints, text)


def _parse(name: str) -> tuple[Element, Path]:
    path = as_path(name)
    text = read_text(path).removeprefix("\ufeff")
    refuse_entities(text, path)
    prolog = re.match(r"\s*<\?xml[^>]*\?>", text)
    if prolog:
        encoding = re.search(r"encoding\s*=\s*['\"]([^'\"]*)", prolog[0])
        if encoding and encoding[1].lower() not in ("utf-8", "us-ascii", "ascii"):
            raise InvalidInput(f"{path}:1: <?xml>: its encoding is {encoding[1]!r}, not UTF-8")
        text = "\n" * prolog[0].count("\n") + text[prolog.end() :]
    root = parse_xml(text, path)
    if root.tag != "robot":
        what = f"<{root.tag}>: the outermost element is <{root.tag}>, not <robot>"
        raise InvalidInput(f"{path}:{root.sourceline}: {what}")
    return root, path


def _link(link: Element) -> Link:
    place = link.find("inertial/origin")
    x, y, z = (0.0, 0.0, 0.0) if place is None else read_floats(place, "xyz", "0 0 0")
    return Link(link.get("name"), float(link.find("inertial/mass").get("value")), (x, y, z))


def _joint(joint: Element) -> Joint:
    name, kind, limit = joint.get("name"), joint.get("type"), joint.find("limit")
    parent, child = (joint.find(end).get("link") for end in ("parent", "child"))
    place = joint.find("origin")
    places = [] if place is None else [read_floats(place, key, "0 0 0") for key in ("xyz", "rpy")]
    origin = tuple(number for numbers in places for number in numbers) or (0.0,) * 6
    if kind == "fixed":
        return Joint(name, kind, parent, child, origin, (1.0, 0.0, 0.0), None, None, None, None)
    x, y, z = read_floats(joint.find("axis"), "xyz")
    lower = upper = None
    if kind != "continuous":
        lower, upper = float(limit.get("lower", "0")), float(limit.get("upper"))
    effort, velocity = (
        None if limit is None else next(iter(read_floats(limit, key)), None) for key in ("effort", "velocity")
    )
    return Joint(
        name, kind, parent, child, origin, (x, y, z), lower, upper, effort, velocity, _mimic(joint.find("mimic"))
    )


def _mimic(mimic: Element | None) -> Mimic | None:
    """Return how a joint follows another, if it does."""
    if mimic is None:
        return None
    return Mimic(mimic.get("joint"), float(mimic.get("multiplier", "1")), float(mimic.get("offset", "0")))
