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

import numpy as np
from lxml import etree

from roboschool.errors import InvalidInput, suggest
from roboschool.paths import as_path
from roboschool.readers import read_text
from roboschool.robots.mesh import find_file, measure_mesh
from roboschool.robots.urdf_schema import (
    FARTHEST,
    MOST_TURN,
    SMALLEST,
    Element,
    check_joint_kind,
    clean,
    fail,
    parse_xml,
    refuse_entities,
)
from roboschool.scratch import scratch_folder

MOST_LINKS = 120  # Bullet misreads bodies of 123 links and more
MOST_SHAPES = 64  # of one link


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


@dataclass(frozen=True)
class Link:
    """A rigid part of a robot."""

    name: str
    mass: float  # [kg], 0 for a root link without <inertial>: it is fixed to the world


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


def _read(name: str) -> Model:
    root, path = _parse(name)
    links, joints = root.findall("link"), root.findall("joint")
    if not 0 < len(links) <= MOST_LINKS:
        fail(root, f"{len(links)} links, not 1 to {MOST_LINKS}")
    materials = {m.get("name", "") for m in root.iter("material") if len(m) or m.getparent() is root}
    for joint in joints:
        check_joint_kind(joint)
    clean(root)
    for material in root.findall("link/visual/material"):
        if material.get("name") not in materials:
            fail(material, f"unknown material {material.get('name')!r}{suggest(material.get('name'), materials)}")
    base = _check_tree(links, joints)
    model_links, model_joints = tuple(_link(link, link is base) for link in links), tuple(map(_joint, joints))
    _check_followers(joints, model_joints)
    _check_meshes(root, path.parent)
    etree.cleanup_namespaces(root)
    etree.indent(root)
    text = etree.tostring(root, encoding="unicode")
    return Model(str(path), root.get("name"), base.get("name"), model_links, model_joints, text)


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
        fail(root, f"the outermost element is <{root.tag}>, not <robot>")
    return root, path


def _floats(element: Element, name: str, default: str = "") -> list[float]:
    return [float(word) for word in element.get(name, default).split()]


def _check_tree(links: list[Element], joints: list[Element]) -> Element:
    """Return the root link, having checked that the joints make one tree of all links."""
    names = _by_name(links)
    parents: dict[str, str] = {}
    for joint in _by_name(joints).values():
        parent, child = (joint.find(end).get("link") for end in ("parent", "child"))
        for end, name in (("parent", parent), ("child", child)):
            if name not in names:
                fail(joint.find(end), f"unknown link {name!r}{suggest(name, names)}")
        if parent == child:
            fail(joint, f"it joins link {child!r} to itself")
        if child in parents:
            fail(joint, f"link {child!r} has two parents, {parents[child]!r} and {parent!r}")
        parents[child] = parent
    for name in parents:
        above = name
        for _ in parents:
            above = parents.get(above, above)
        if above in parents:
            fail(names[name], "its parents go round in a cycle")
    root, *others = (link for name, link in names.items() if name not in parents)
    if others:
        fail(others[0], f"a second root besides link {root.get('name')!r}; all links but one must be a joint's child")
    return root


def _by_name(elements: list[Element]) -> dict[str, Element]:
    found: dict[str, Element] = {}
    for element in elements:
        first: Element = found.setdefault(element.get("name"), element)
        if first is not element:
            fail(element, f"a second {element.tag} of this name, after the one in line {first.sourceline}")
    return found


def _link(link: Element, is_root: bool) -> Link:
    for tag in ("visual", "collision"):
        if len(link.findall(tag)) > MOST_SHAPES:
            fail(link, f"{len(link.findall(tag))} <{tag}>, more than {MOST_SHAPES}")
    inertial = link.find("inertial")
    if inertial is None and not is_root:
        fail(link, "<inertial> is missing; only the root may do without, and is then fixed to the world")
    mass = 0.0 if inertial is None else float(inertial.find("mass").get("value"))
    if is_root and mass == 0:  # Bullet takes a link without <inertial> to weigh 1 kg
        inertial = etree.SubElement(link, "inertial") if inertial is None else inertial
        origin = inertial.findall("origin")
        inertial[:] = [*origin, etree.Element("mass", value="0"), etree.Element("inertia", ixx="0", iyy="0", izz="0")]
        return Link(link.get("name"), 0.0)
    if not 1e-6 <= mass <= 1e6:
        fail(inertial.find("mass"), f"{mass:g} kg is not between 1e-06 and 1e+06")
    _check_inertia(inertial.find("inertia"))
    return Link(link.get("name"), mass)


def _check_inertia(inertia: Element) -> None:
    xx, yy, zz, xy, xz, yz = (float(inertia.get(key, "0")) for key in ("ixx", "iyy", "izz", "ixy", "ixz", "iyz"))
    moments = np.linalg.eigvalsh([[xx, xy, xz], [xy, yy, yz], [xz, yz, zz]]).tolist()
    what = f"its principal moments are {', '.join(f'{moment:.4g}' for moment in moments)}"
    if moments[0] <= 1e-9 * abs(moments[2]):
        fail(inertia, f"it is not positive definite: {what}")
    excess, spare = moments[2] - moments[1] - moments[0], 1e-5 * moments[2]
    if excess > 1e-3 * moments[2]:
        fail(inertia, f"no body has it: {what}, and one is larger than the sum of the others")
    more = max(excess + spare, 0.0)  # on the edge Bullet rounds to an impossible inertia, and takes zero instead
    for key, value in {"ixx": xx + more, "iyy": yy + more, "izz": zz + more, "ixy": xy, "ixz": xz, "iyz": yz}.items():
        inertia.set(key, repr(value))


def _joint(joint: Element) -> Joint:
    name, kind, limit, axis = joint.get("name"), joint.get("type"), joint.find("limit"), joint.find("axis")
    parent, child = (joint.find(end).get("link") for end in ("parent", "child"))
    place = joint.find("origin")
    origin = tuple(
        number for key in ("xyz", "rpy") for number in ([0.0] * 3 if place is None else _floats(place, key, "0 0 0"))
    )
    if kind == "fixed":
        return Joint(name, kind, parent, child, origin, (1.0, 0.0, 0.0), None, None, None, None)
    for dynamics in joint.findall("dynamics"):  # with neither of the two Bullet refuses the file
        dynamics.set("damping", dynamics.get("damping", "0.0"))
    if axis is None:
        axis = etree.SubElement(joint, "axis", xyz="1 0 0")
    x, y, z = _floats(axis, "xyz")
    length = math.hypot(x, y, z)
    if length < 1e-6:
        fail(axis, "xyz: its length is zero")
    unit = (x / length, y / length, z / length)
    axis.set("xyz", " ".join(map(repr, unit)))
    if limit is None and kind != "continuous":
        fail(joint, f"a {kind} joint needs a <limit>")
    lower, upper = _limits(limit, kind)
    effort, velocity = (
        None if limit is None else next(iter(_floats(limit, key)), None) for key in ("effort", "velocity")
    )
    return Joint(name, kind, parent, child, origin, unit, lower, upper, effort, velocity, _mimic(joint.find("mimic")))


def _mimic(mimic: Element | None) -> Mimic | None:
    """Return how a joint follows another, if it does."""
    if mimic is None:
        return None
    found = Mimic(mimic.get("joint"), float(mimic.get("multiplier", "1")), float(mimic.get("offset", "0")))
    if found.multiplier == 0.0:
        fail(mimic, "multiplier: it is zero; make the joint fixed instead")
    return found


def _check_followers(elements: list[Element], joints: tuple[Joint, ...]) -> None:
    """Check that joints that mimic others follow joints that move and follow none."""
    leaders = {joint.name for joint in joints if joint.kind != "fixed" and joint.mimic is None}
    for element in elements:
        for mimic in element.findall("mimic"):
            name = mimic.get("joint")
            if name not in leaders:
                fail(mimic, f"{name!r} is no joint that moves and mimics none{suggest(name, leaders)}")
            element.remove(mimic)  # Bullet does not know it


def _limits(limit: Element, kind: str) -> tuple[float, float] | tuple[None, None]:
    if kind == "continuous":
        return None, None
    lower, upper = float(limit.get("lower", "0")), float(limit.get("upper", "0"))
    if not lower < upper:
        fail(limit, f"lower {lower:g} is not below upper {upper:g}")
    if kind == "revolute" and max(-lower, upper) > MOST_TURN:
        fail(limit, f"{lower:g} to {upper:g} is more than four turns; a limit is in radians")
    limit.set("upper", repr(upper))  # without it Bullet takes -1
    return lower, upper


def _check_meshes(root: Element, folder: Path) -> None:
    """Check every mesh file and make its name absolute."""
    known: dict[Path, tuple[Any, Any]] = {}
    for mesh in root.iter("mesh"):
        name, scale = mesh.get("filename"), np.abs(_floats(mesh, "scale", "1 1 1"))
        try:
            file = find_file(folder, folder, name)
            if file not in known:
                known[file] = measure_mesh(file, folder)
        except (OSError, ValueError) as error:
            fail(mesh, str(error))
        size, reach = scale * known[file][0], scale * known[file][1]
        if scale.min() < 1e-6:
            fail(mesh, f"scale: {mesh.get('scale')} has a zero")
        if size.max() < SMALLEST or reach.max() > FARTHEST:
            fail(mesh, f"{name}: {size.max():g} m large, up to {reach.max():g} m from the origin; scale it to metres")
        if size.min() == 0 and mesh.getparent().getparent().tag == "collision":
            fail(mesh, f"{name}: flat, so nothing can collide with it")
        mesh.set("filename", str(file))
