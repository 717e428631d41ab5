"""The elements and attributes that a URDF may have, and the bounds of its numbers. All else is refused or dropped."""

import difflib
import math
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from lxml import etree

from roboschool.errors import InvalidInput, Repairable, suggest

KINDS = ("revolute", "continuous", "prismatic", "fixed")
SMALLEST, FARTHEST = 1e-3, 1e3  # sizes and distances [m]
MOST_TURN = 8 * math.pi  # [rad]; a larger angle is most likely in degrees

Element = Any  # lxml has no types

# What may stand in an element: attributes with @, then other elements; `!` one, `?` at most one, `*` any number,
# `-` dropped, because Bullet has no use for it.
_CONTACT = "lateral_friction? rolling_friction? spinning_friction? restitution? stiffness? damping? inertia_scaling?"
_RULES = {
    "robot": "@name! @version- link* joint* material*",
    "link": "@name! inertial? visual* collision* contact? verbose- self_collide- sensor- gazebo- audio_source-",
    "inertial": "mass! inertia! origin?",
    "mass": "@value!",
    "inertia": "@ixx! @iyy! @izz! @ixy? @ixz? @iyz?",
    "visual": "@name- geometry! origin? material?",
    "collision": "@name- geometry! origin? material- verbose- contact_coefficients-",
    "origin": "@xyz? @rpy?",
    "geometry": "box? cylinder? sphere? capsule? mesh?",
    "box": "@size!",
    "cylinder": "@radius! @length!",
    "sphere": "@radius!",
    "capsule": "@radius! @length!",
    "mesh": "@filename! @scale?",
    "material": "@name! color? specular? texture-",
    "color": "@rgba!",
    "specular": "@rgb!",
    "contact": f"{_CONTACT} friction_anchor? contact_cfm- contact_erp-",
    **{word[:-1]: "@value!" for word in _CONTACT.split()},
    "friction_anchor": "",
    "joint": "@name! @type! parent! child! origin? axis? limit? dynamics? mimic? "
    "calibration- safety_controller- joint_properties-",
    "parent": "@link!",
    "child": "@link!",
    "axis": "@xyz!",
    "limit": "@lower? @upper? @effort? @velocity?",
    "dynamics": "@damping? @friction?",
    "mimic": "@joint! @multiplier? @offset?",
}
_NUMBERS = {  # how many stand in the attribute, the lowest, the highest
    "xyz": (3, -FARTHEST, FARTHEST),
    "rpy": (3, -MOST_TURN, MOST_TURN),
    "size": (3, SMALLEST, FARTHEST),
    "radius": (1, SMALLEST, FARTHEST),
    "length": (1, SMALLEST, FARTHEST),
    "scale": (3, -1e6, 1e6),
    "rgba": (4, 0.0, 1.0),
    "rgb": (3, 0.0, 100.0),
    "lower": (1, -FARTHEST, FARTHEST),
    "upper": (1, -FARTHEST, FARTHEST),
    **dict.fromkeys(("multiplier", "offset"), (1, -1e3, 1e3)),
    **dict.fromkeys(("value", "effort", "velocity", "damping", "friction"), (1, 0.0, 1e30)),
    **dict.fromkeys(("ixx", "iyy", "izz", "ixy", "ixz", "iyz"), (1, -1e12, 1e12)),
}
_NAMED = ("robot", "link", "joint", "parent", "child")  # whose names an import needs, too
_REFUSED = {
    "plane": "it belongs to a scene",
    "floating": "Bullet makes it a fixed joint; leave the root link free instead",
    "planar": "Bullet can neither read nor drive it; use two prismatic joints and a continuous one",
    "spherical": "Bullet cannot drive it with torques; use three revolute joints",
}


def refuse_entities(text: str, path: Path) -> None:
    """Check the text of a URDF before it is parsed.

    Raises:
        InvalidInput: it has a DTD, entities of its own or NUL characters; the message begins with `path` and the line.
    """
    forbidden = re.search(r"<!DOCTYPE|<!ENTITY|\0", text)
    if forbidden:
        raise InvalidInput(f"{path}:{text.count(chr(10), 0, forbidden.start()) + 1}: {forbidden[0]!r} is not allowed")


def parse_xml(text: str, path: Path) -> Element:
    """Return the outermost element of a text without an XML declaration; nothing beside the text is read.

    Raises:
        InvalidInput: it is no XML, or is too large; the message begins with `path` and the line.
    """
    safe: dict[str, Any] = dict.fromkeys(("resolve_entities", "load_dtd", "huge_tree", "recover"), False)
    parser = etree.XMLParser(encoding="utf-8", no_network=True, remove_comments=True, remove_pis=True, **safe)
    try:
        return etree.fromstring(text.encode(), parser, base_url=str(path))
    except etree.XMLSyntaxError as error:
        raise InvalidInput(f"{path}:{error.lineno}: XML: {error.msg}") from None


def fault(element: Element, what: str, lasting: bool = False) -> str:
    """Return the text of a fault that names the file, the line, and the link or joint around the element.

    Args:
        element: where it is.
        what: what is wrong.
        lasting: whether an import does not repair it.
    """
    owner = element
    while owner.getparent() is not None and owner.getparent().getparent() is not None:
        owner = owner.getparent()
    tag = owner.tag.rpartition("}")[2]
    where = f"{tag} {owner.get('name')[:64]!r}" if owner.get("name") else f"<{tag}>"
    if owner is not element:
        where += f" <{element.tag}>"
    file = Path(element.getroottree().docinfo.URL).name
    text = f"{file}:{element.sourceline}: {where}: {what}"[:2000]
    return text if lasting else Repairable(text)


def line_of(text: str) -> int:
    """Return the line that the text of a fault names."""
    found = re.match(r".*?:([0-9]+): ", text)
    return int(found[1]) if found else 0


def joint_kind_faults(joint: Element) -> Iterator[str]:
    """Yield why Bullet cannot simulate a joint, if so, and drop attributes that its type does not use."""
    kind = joint.get("type", "")[:64]
    if kind in _REFUSED:
        yield fault(joint, f"a {kind} joint is not supported: {_REFUSED[kind]}")
    elif kind not in KINDS:
        yield fault(joint, f"unknown joint type {kind!r}{suggest(kind, KINDS)}", lasting=True)
    for child in list(joint):
        if kind == "fixed" and child.tag in ("axis", "limit", "dynamics", "mimic"):
            joint.remove(child)
        elif kind == "continuous" and child.tag == "limit":
            for end in {"lower", "upper"} & set(child.attrib):
                del child.attrib[end]


def clean_robot(root: Element) -> tuple[list[str], set[Element]]:
    """Check an element <robot> and all in it against the rules; remove everything else, and normalise numbers.

    Returns:
        The faults, and the elements that have one in their attributes.
    """
    faults, faulty = list[str](), set[Element]()
    for joint in root.findall("joint"):
        own = list(joint_kind_faults(joint))
        faults += own
        faulty |= {joint} if own else set()
    faults += _clean(root, faulty)
    return faults, faulty


def _clean(element: Element, faulty: set[Element]) -> Iterator[str]:
    """Yield the faults of an element and all in it."""
    element.text = element.tail = None
    signs = {word[:-1]: word[-1] for word in _RULES[element.tag].split()}
    own = list(_clean_attributes(element, {word[1:]: mark for word, mark in signs.items() if word[0] == "@"}))
    faulty |= {element} if own else set()
    yield from own
    yield from _clean_children(element, {word: mark for word, mark in signs.items() if word[0] != "@"}, faulty)


def _clean_attributes(element: Element, known: dict[str, str]) -> Iterator[str]:
    for name in list(element.attrib):
        if known.get(name) == "-" or name.startswith("{"):
            del element.attrib[name]
        elif name not in known:
            yield fault(element, f"unknown attribute {name!r}{suggest(name, known)}")
        elif name in _NUMBERS:
            yield from _plain_numbers(element, name)
        else:
            yield from _text_faults(element, name)
    for name, mark in known.items():
        if mark == "!" and name not in element.attrib:
            yield fault(element, f"attribute {name!r} is missing", lasting=element.tag in _NAMED)


def _clean_children(element: Element, known: dict[str, str], faulty: set[Element]) -> Iterator[str]:
    shapes = len(element)
    for child in list(element):
        found = _child_fault(element, child, known)
        if found:
            yield found
        if found or known.get(child.tag, "-") == "-":
            element.remove(child)  # what is refused is looked at no more
        else:
            yield from _clean(child, faulty)
    for tag, mark in known.items():
        if mark == "!" and element.find(tag) is None:
            yield fault(element, f"<{tag}> is missing", lasting=element.tag == "joint")
    if element.tag == "geometry" and shapes != 1:
        yield fault(element, f"{shapes} shapes, not one of {', '.join(known)}")


def _child_fault(element: Element, child: Element, known: dict[str, str]) -> str:
    """Return why an element may not be in another; empty if it may, or is dropped in silence."""
    if child.tag in _REFUSED:
        return fault(child, f"<{child.tag}> is not supported: {_REFUSED[child.tag]}")
    if known.get(child.tag) == "-":
        return ""
    if element.tag == "robot" and "xacro" in child.tag:
        return fault(child, "xacro is not expanded; run xacro first", lasting=True)
    if element.tag == "robot" and _is_foreign(child, known):
        return ""
    if child.tag not in known:
        return fault(child, f"unknown element <{child.tag}> in <{element.tag}>{suggest(child.tag, known)}")
    if known[child.tag] != "*" and element.find(child.tag) is not child:
        return fault(child, f"a second <{child.tag}> in one <{element.tag}>")
    return ""


def _is_foreign(element: Element, known: dict[str, str]) -> bool:
    """Whether an element of <robot> is meant for other programs, not one of ours misspelt."""
    return element.tag not in known and not difflib.get_close_matches(element.tag.lower(), known, cutoff=0.75)


def _text_faults(element: Element, name: str) -> Iterator[str]:
    text = element.get(name)
    if not 0 < len(text) <= (255 if name == "filename" else 64):
        lasting = element.tag in _NAMED if not text.strip() else name == "filename"
        yield fault(element, f"attribute {name!r} is empty or too long: {len(text)} characters", lasting)
    elif not text.isprintable() or text != text.strip():
        what = f"attribute {name!r} has blanks around it or characters that cannot be printed: {text!r}"
        yield fault(element, what, lasting=not text.strip() or (name == "filename" and not text.isprintable()))


def _plain_numbers(element: Element, name: str) -> Iterator[str]:
    """Write the numbers of an attribute as Python does, or yield what is wrong with them."""
    words = element.get(name).split()
    count, low, high = _NUMBERS[name]
    if len(words) != count:
        yield fault(element, f"{name}: {len(words)} numbers, not {count}")
        return
    for word in words:
        if not re.fullmatch(r"[-+]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][-+]?[0-9]+)?", word):
            yield fault(element, f"{name}: {word[:40]!r} is not a finite number")
            return
        if not low <= float(word) <= high:
            lasting = element.tag == "origin" and name == "xyz"
            yield fault(element, f"{name}: {word[:40]} is not between {low:g} and {high:g}", lasting)
            return
    element.set(name, " ".join(repr(float(word)) for word in words))
