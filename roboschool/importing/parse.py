"""Reads the elements of a URDF into a draft, as well as they can be understood; what cannot is noted."""

import difflib
import math
import re
from collections.abc import Iterable
from typing import TypeVar

import numpy as np

from roboschool.errors import InvalidInput, suggest
from roboschool.importing.draft import Colour, Draft, DraftJoint, DraftLink, Frame, Mimic, Shape, pose_frame
from roboschool.importing.report import CHANGE, LOSS, NOTE, Report
from roboschool.robots.urdf_schema import FARTHEST, SMALLEST, Element

NUMBER = re.compile(r"[-+]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][-+]?[0-9]+)?")
LONGEST_NAME = 64
LARGEST_INERTIA = 1e9  # [kg m2]
KINDS = ("revolute", "continuous", "prismatic", "fixed", "floating", "planar", "spherical")
SHAPES = {"box": ("size",), "cylinder": ("radius", "length"), "sphere": ("radius",), "capsule": ("radius", "length")}
CONTACT = ("lateral_friction", "rolling_friction", "spinning_friction", "restitution", "stiffness", "damping")
KNOWN = {  # what is read of each element; the rest is noted, or corrected if it is nearly the same word
    "robot": ("link", "joint", "material"),
    "link": ("inertial", "visual", "collision", "contact"),
    "inertial": ("mass", "inertia", "origin"),
    "visual": ("geometry", "origin", "material"),
    "collision": ("geometry", "origin", "material"),
    "geometry": (*SHAPES, "mesh"),
    "joint": ("parent", "child", "origin", "axis", "limit", "dynamics", "mimic"),
}
FOREIGN = {"gazebo", "transmission", "sensor", "plugin", "calibration", "safety_controller", "ros2_control", "verbose"}
Named = TypeVar("Named", DraftLink, DraftJoint)


def parse_draft(root: Element, report: Report) -> Draft:
    """Return the draft of a robot.

    Raises:
        InvalidInput: two links have the same name, or a link or a joint cannot be understood.
    """
    return _Parser(report).robot(root)


class _Parser:
    def __init__(self, report: Report) -> None:
        self.report = report
        self.materials: dict[str, Colour] = {}

    def robot(self, root: Element) -> Draft:
        self._tidy(root)
        for material in root.iter("material"):
            self._material(material)
        links = _by_name(map(self.link, root.iterchildren("link")), "link", root)
        joints: dict[str, DraftJoint] = {}
        for element in root.iterchildren("joint"):
            joint = self.joint(element)
            while joint.name in joints:
                self.report.add(CHANGE, "a second joint of the same name was renamed", f"joint {joint.name!r}")
                joint.name = f"{joint.name[: LONGEST_NAME - 2]}_2"
            joints[joint.name] = joint
        return Draft(self._name(root, "robot"), links, joints)

    def link(self, element: Element) -> DraftLink:
        self._tidy(element)
        name = self._name(element, "link")
        found = DraftLink(name)
        where = f"link {name!r}"
        for inertial in element.findall("inertial")[:1]:
            self._inertial(inertial, found, where)
        for tag, shapes in (("visual", found.visuals), ("collision", found.collisions)):
            for number, part in enumerate(element.findall(tag)):
                shape = self._shape(part, f"{where} {tag} {number}")
                if shape is not None:
                    shapes.append(shape)
        for contact in element.findall("contact"):
            values = {tag: self._scalar(contact.find(tag), "value", where) for tag in CONTACT}
            found.contact = {tag: value for tag, value in values.items() if value is not None and value >= 0.0}
        return found

    def joint(self, element: Element) -> DraftJoint:
        self._tidy(element)
        name, kind = self._name(element, "joint"), element.get("type", "").strip().lower()
        where = f"joint {name!r}"
        if kind not in KINDS:
            raise InvalidInput(f"{_at(element)}: {where}: unknown joint type {kind!r:.40}{suggest(kind, KINDS)}")
        links = [self._link_of(element, end, where) for end in ("parent", "child")]
        axis = np.array(self._numbers(element.find("axis"), "xyz", 3, (1.0, 0.0, 0.0), where))
        length = float(np.linalg.norm(axis))
        if length < 1e-6 and kind in ("fixed", "floating"):
            axis, length = np.array([1.0, 0.0, 0.0]), 1.0
        elif length < 1e-6:
            self.report.add(CHANGE, "an axis of length zero became x", where)
            axis, length = np.array([1.0, 0.0, 0.0]), 1.0
        limit, dynamics, mimic = element.find("limit"), element.find("dynamics"), element.find("mimic")
        found = DraftJoint(name, kind, links[0], links[1], self._frame(element, where), axis / length)
        found.lower, found.upper, effort, found.velocity = (
            self._scalar(limit, key, where) for key in ("lower", "upper", "effort", "velocity")
        )
        found.effort = None if effort is None else abs(effort)
        found.velocity = None if found.velocity is None else abs(found.velocity)
        found.damping, found.friction = (
            max(self._scalar(dynamics, key, where) or 0.0, 0.0) for key in ("damping", "friction")
        )
        if mimic is not None and kind != "fixed":
            ratio, offset = self._scalar(mimic, "multiplier", where), self._scalar(mimic, "offset", where)
            found.mimic = Mimic(_text(mimic, "joint"), 1.0 if ratio is None else ratio, offset or 0.0)
        return found

    def _link_of(self, element: Element, end: str, where: str) -> str:
        found = element.find(end)
        if found is None or not found.get("link"):
            raise InvalidInput(f"{_at(element)}: {where}: <{end} link=...> is missing")
        return tidy_name(found.get("link"))

    def _inertial(self, element: Element, link: DraftLink, where: str) -> None:
        self._tidy(element)
        link.mass = self._scalar(element.find("mass"), "value", where)
        if link.mass is not None and link.mass < 0.0:
            self.report.add(LOSS, "a mass below zero was ignored", where, f"{link.mass:g} kg")
            link.mass = None
        frame = self._frame(element, f"{where} inertial")
        link.centre = frame[:3, 3].copy()
        inertia = element.find("inertia")
        if inertia is not None:
            keys = ("ixx", "iyy", "izz", "ixy", "ixz", "iyz")
            xx, yy, zz, xy, xz, yz = (self._scalar(inertia, key, where) or 0.0 for key in keys)
            tensor = np.array([[xx, xy, xz], [xy, yy, yz], [xz, yz, zz]])
            if np.abs(tensor).max() > LARGEST_INERTIA:
                self.report.add(LOSS, "an absurd inertia was ignored", where, f"up to {np.abs(tensor).max():g} kg m2")
                return
            link.inertia = frame[:3, :3] @ tensor @ frame[:3, :3].T

    def _shape(self, element: Element, where: str) -> Shape | None:
        """Return a shape, or None, noted, if there is nothing in it."""
        self._tidy(element)
        geometry = element.find("geometry")
        if geometry is None or not len(geometry):
            self.report.add(CHANGE, "a shape without geometry was dropped", where)
            return None
        form = geometry[0]
        self._tidy(geometry)
        if not len(geometry):
            self.report.add(LOSS, "a shape of an unknown kind was dropped", where, f"<{form.tag}>")
            return None
        form = geometry[0]
        if len(geometry) > 1:
            self.report.add(CHANGE, "of several shapes in one <geometry> the first was kept", where)
        frame, colour = self._frame(element, where), self._colour(element, where)
        if form.tag == "mesh":
            factors = self._numbers(form, "scale", 3, (1.0, 1.0, 1.0), where)
            if not form.get("filename", "").strip() or not all(factors):
                self.report.add(LOSS, "a mesh without a file, or of size zero, was dropped", where)
                return None
            return Shape("mesh", factors, frame, form.get("filename").strip(), colour)
        counts = [3 if key == "size" else 1 for key in SHAPES[form.tag]]
        sizes = [
            self._numbers(form, key, count, (0.0,) * count, where)
            for key, count in zip(SHAPES[form.tag], counts, strict=True)
        ]
        size = tuple(abs(number) for numbers in sizes for number in numbers)
        if min(size) == 0.0:
            self.report.add(CHANGE, "a shape of size zero was dropped", where)
            return None
        if min(size) < SMALLEST or max(size) > FARTHEST:
            self.report.add(CHANGE, f"sizes were kept within {SMALLEST:g} and {FARTHEST:g} m", where)
            size = tuple(min(max(number, SMALLEST), FARTHEST) for number in size)
        return Shape(form.tag, size, frame, colour=colour)

    def _material(self, element: Element) -> None:
        """Remember the colour of a material that has a name."""
        name = element.get("name", "").strip()
        colour = self._rgba(element, f"material {name!r}")
        if name and colour is not None:
            self.materials.setdefault(name, colour)

    def _colour(self, element: Element, where: str) -> Colour | None:
        for material in element.findall("material"):  # there is one at most
            name = material.get("name", "").strip()
            if material.find("texture") is not None:
                self.report.add(CHANGE, "a texture was left out", where)
            own = self._rgba(material, where)
            if own is None and name and name not in self.materials:
                self.report.add(NOTE, "a material that is nowhere defined was left out", where, repr(name))
            return own or self.materials.get(name)
        return None

    def _rgba(self, element: Element, where: str) -> Colour | None:
        colour = element.find("color")
        if colour is None:
            return None
        found = self._numbers(colour, "rgba", 4, (0.5, 0.5, 0.5, 1.0), where)
        red, green, blue, alpha = (min(max(number, 0.0), 1.0) for number in found)
        return red, green, blue, alpha

    def _frame(self, element: Element, where: str) -> Frame:
        origin = element.find("origin")
        nothing = (0.0, 0.0, 0.0)
        xyz = self._numbers(origin, "xyz", 3, nothing, where)
        if max(map(abs, xyz)) > FARTHEST:
            raise InvalidInput(f"{_at(origin)}: {where}: an origin is more than {FARTHEST:g} m away")
        return pose_frame(xyz, self._numbers(origin, "rpy", 3, nothing, where))

    def _scalar(self, element: Element | None, key: str, where: str) -> float | None:
        """Return the number of an attribute, None if there is none."""
        if element is None or not element.get(key, "").strip():
            return None
        word = element.get(key).strip().lower()
        if word.lstrip("+-") in ("inf", "infinity", "nan"):
            self.report.add(CHANGE, "a number that is not finite was ignored", where, f"{key}={word!r:.40}")
            return None
        return self._numbers(element, key, 1, (0.0,), where)[0]

    def _numbers(
        self, element: Element | None, key: str, count: int, default: tuple[float, ...], where: str
    ) -> tuple[float, ...]:
        """Return a count of numbers of an attribute: those that can be read, then those of the default."""
        if element is None or element.get(key) is None:
            return default
        text = element.get(key)[:1000]
        found = [float(word) for word in NUMBER.findall(text)]
        kept = [number if math.isfinite(number) else 0.0 for number in found[:count]]
        if len(found) != count or NUMBER.sub("", text).strip() or kept != found[:count]:
            kept += default[len(kept) :]
            kind = "numbers that are malformed were read as well as possible"
            self.report.add(CHANGE, kind, where, f"{key}={text!r:.80}")
        return tuple(kept)

    def _name(self, element: Element, what: str) -> str:
        """Return the name of an element, such that the strict reader takes it."""
        raw = element.get("name", "")
        name = tidy_name(raw)
        if name != raw:
            self.report.add(NOTE, "a name was shortened, or blanks in it replaced", f"{what} {raw!r:.80}", repr(name))
        if not name:
            raise InvalidInput(f"{_at(element)}: <{what}> has no name")
        return name

    def _tidy(self, element: Element) -> None:
        """Correct elements that are nearly the right word, drop the others, and keep the first of several."""
        known = KNOWN[element.tag]
        many = ("link", "joint", "material", "visual", "collision")
        seen = set[str]()
        for child in list(element):
            tag = child.tag if isinstance(child.tag, str) else ""
            if tag not in known and tag.lower() not in FOREIGN and not tag.startswith("{"):
                meant = difflib.get_close_matches(tag.lower(), known, n=1, cutoff=0.8)
                if meant:
                    detail = f"<{tag}> to <{meant[0]}>"
                    self.report.add(CHANGE, "a misspelt element was corrected", _owner(element), detail)
                    child.tag = tag = meant[0]
            if tag not in known:
                kind = "an element for other programs was ignored"
                self.report.add(NOTE, kind, _owner(element), f"<{tag.rpartition('}')[2]}>")
                element.remove(child)
            elif tag in seen and not (tag in many and not (tag == "material" and element.tag != "robot")):
                self.report.add(NOTE, f"a second <{tag}> was ignored", _owner(element))
                element.remove(child)
            seen.add(tag)
        self._note_attributes(element)

    def _note_attributes(self, element: Element) -> None:
        known = {"robot": {"name", "version"}, "link": {"name"}, "joint": {"name", "type"}}
        own = known.get(element.tag, {"name"})
        for key in element.attrib:
            if key not in own and not key.startswith("{"):
                self.report.add(NOTE, "an unknown attribute was ignored", _owner(element), f"{key!r:.60}")


def _by_name(found: Iterable[Named], what: str, root: Element) -> dict[str, Named]:
    named: dict[str, Named] = {}
    for each in found:
        if each.name in named:
            raise InvalidInput(f"{_at(root)}: two {what}s are called {each.name!r}")
        named[each.name] = each
    return named


def tidy_name(raw: str) -> str:
    """Return a name of printable letters without blanks, and short; the same for the same."""
    name = re.sub(r"\s+", "_", "".join(c if c.isprintable() else " " for c in raw).strip())
    if len(name) <= LONGEST_NAME:
        return name
    return f"{name[:40]}_{sum(ord(c) * (i + 1) for i, c in enumerate(name)) % 10**8}_{name[-12:]}"


def _text(element: Element, key: str) -> str:
    return tidy_name(element.get(key, ""))


def _owner(element: Element) -> str:
    """Return the link or joint around an element, for people."""
    while element.getparent() is not None and element.getparent().getparent() is not None:
        element = element.getparent()
    return f"{element.tag} {element.get('name', '')!r:.80}"


def _at(element: Element) -> str:
    return f"{element.getroottree().docinfo.URL}:{element.sourceline}"
