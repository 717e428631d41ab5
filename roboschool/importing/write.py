"""Writes a draft as a URDF that the strict reader takes."""

from collections.abc import Iterable

from lxml import etree

from roboschool.importing.draft import Colour, Draft, DraftJoint, DraftLink, Frame, Shape, frame_angles
from roboschool.robots.urdf_schema import Element

DIGITS = 10  # of a number


def write_urdf(draft: Draft) -> str:
    """Return the text of the URDF of a draft."""
    root = etree.Element("robot", name=draft.name)
    colours: dict[Colour, str] = {}
    for link in draft.links.values():
        _add_link(root, link, colours)
    for joint in draft.joints.values():
        _add_joint(root, joint)
    for number, (colour, name) in enumerate(colours.items()):
        material = etree.Element("material", name=name)
        etree.SubElement(material, "color", rgba=_row(colour))
        root.insert(number, material)
    etree.indent(root)
    return str(etree.tostring(root, encoding="unicode")) + "\n"


def _add_link(root: Element, link: DraftLink, colours: dict[Colour, str]) -> None:
    element = etree.SubElement(root, "link", name=link.name)
    if link.mass:
        inertial = etree.SubElement(element, "inertial")
        etree.SubElement(inertial, "origin", xyz=_row(link.centre))
        etree.SubElement(inertial, "mass", value=_number(link.mass))
        if link.inertia is not None:
            places = {"ixx": (0, 0), "iyy": (1, 1), "izz": (2, 2), "ixy": (0, 1), "ixz": (0, 2), "iyz": (1, 2)}
            numbers = {key: _number(float(link.inertia[place])) for key, place in places.items()}
            etree.SubElement(inertial, "inertia", **numbers)
    for shape in link.visuals:
        visual = etree.SubElement(element, "visual")
        _add_shape(visual, shape)
        if shape.colour is not None:
            name = colours.setdefault(shape.colour, f"colour_{len(colours)}")
            etree.SubElement(visual, "material", name=name)
    for shape in link.collisions:
        _add_shape(etree.SubElement(element, "collision"), shape)
    if link.contact:
        contact = etree.SubElement(element, "contact")
        for key, value in link.contact.items():
            etree.SubElement(contact, key, value=_number(value))


def _add_shape(element: Element, shape: Shape) -> None:
    _add_origin(element, shape.frame)
    geometry = etree.SubElement(element, "geometry")
    if shape.kind == "mesh":
        etree.SubElement(geometry, "mesh", filename=shape.file)
    elif shape.kind == "box":
        etree.SubElement(geometry, "box", size=_row(shape.size))
    else:
        keys = ("radius", "length")[: len(shape.size)]
        etree.SubElement(geometry, shape.kind, **dict(zip(keys, map(_number, shape.size), strict=True)))


def _add_joint(root: Element, joint: DraftJoint) -> None:
    element = etree.SubElement(root, "joint", name=joint.name, type=joint.kind)
    _add_origin(element, joint.frame)
    etree.SubElement(element, "parent", link=joint.parent)
    etree.SubElement(element, "child", link=joint.child)
    if not joint.moves:
        return
    etree.SubElement(element, "axis", xyz=_row(joint.axis))
    given = {"lower": joint.lower, "upper": joint.upper, "effort": joint.effort, "velocity": joint.velocity}
    limit = {key: _number(value) for key, value in given.items() if value is not None}
    if limit:
        etree.SubElement(element, "limit", **limit)
    if joint.damping or joint.friction:
        etree.SubElement(element, "dynamics", damping=_number(joint.damping), friction=_number(joint.friction))
    if joint.mimic is not None:
        rule = joint.mimic
        ratio, offset = _number(rule.multiplier), _number(rule.offset)
        etree.SubElement(element, "mimic", joint=rule.leader, multiplier=ratio, offset=offset)


def _add_origin(element: Element, frame: Frame) -> None:
    etree.SubElement(element, "origin", xyz=_row(frame[:3, 3]), rpy=_row(frame_angles(frame)))


def _row(numbers: Iterable[float]) -> str:
    return " ".join(_number(float(number)) for number in numbers)


def _number(number: float) -> str:
    return f"{number + 0.0:.{DIGITS}g}" if abs(number) > 1e-12 else "0"
