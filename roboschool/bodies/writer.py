"""Writes the URDF of a body.

Inertia is the exact one of the solid shapes, summed; joints that share a place are chained by light links.
"""

import math
from collections.abc import Mapping, Sequence
from typing import Any
from xml.etree import ElementTree as ET

import numpy as np

from roboschool.bodies.shapes import Block, Body, Capsule, Cylinder, Drum, Joint, Link, Point

LIGHT = 0.001  # mass of a link that only chains two joints [kg]
LIGHT_RADIUS = 0.02  # [m]

PALETTE = {
    "bone": (0.93, 0.90, 0.83),
    "slate": (0.26, 0.31, 0.38),
    "coral": (0.93, 0.39, 0.31),
    "teal": (0.12, 0.59, 0.58),
    "amber": (0.96, 0.69, 0.22),
    "violet": (0.49, 0.40, 0.74),
}


def numbers(values: Sequence[float] | np.ndarray) -> str:
    """Return numbers as an attribute has them, to a millionth."""
    return " ".join(f"{round(float(v), 6) + 0.0:.10g}" for v in values)


def toward(axis: np.ndarray) -> Point:
    """Return roll, pitch, yaw that turn z to `axis` [rad]."""
    return 0.0, math.atan2(math.hypot(axis[0], axis[1]), axis[2]), math.atan2(axis[1], axis[0])


def draw(
    parent: ET.Element,
    tag: str,
    kind: str,
    at: Sequence[float] | np.ndarray,
    turn: Sequence[float],
    **size: float | str,
) -> ET.Element:
    """Add a shape to a link."""
    element = ET.SubElement(parent, tag)
    ET.SubElement(element, "origin", xyz=numbers(at), rpy=numbers(turn))
    ET.SubElement(
        ET.SubElement(element, "geometry"), kind, {k: v if isinstance(v, str) else f"{v:.10g}" for k, v in size.items()}
    )
    return element


def write_link(robot: ET.Element, link: Link) -> None:
    """Add a link with the mass and the exact inertia of its solid shapes."""
    element = ET.SubElement(robot, "link", name=link.name)
    shapes = link.shapes or (Capsule((0, 0, 0), (0, 0, 0), LIGHT_RADIUS, LIGHT),)
    weights = [s.weigh() for s in shapes]
    mass = sum(m for m, _ in weights)
    centre: Any = sum(m * np.array(s.centre) for s, (m, _) in zip(shapes, weights, strict=True)) / mass
    inertia: Any = sum(
        i + m * (np.dot(d, d) * np.eye(3) - np.outer(d, d))
        for s, (m, i) in zip(shapes, weights, strict=True)
        for d in [s.centre - centre]
    ) + link.rotor * np.eye(3)
    inertial = ET.SubElement(element, "inertial")
    ET.SubElement(inertial, "origin", xyz=numbers(centre))
    ET.SubElement(inertial, "mass", value=f"{mass:.6g}")
    moments = {f"i{'xyz'[a]}{'xyz'[b]}": f"{inertia[a, b]:.6g}" for a in range(3) for b in range(a, 3)}
    ET.SubElement(inertial, "inertia", moments)
    if link.shapes:
        contact = ET.SubElement(element, "contact")
        ET.SubElement(contact, "lateral_friction", value=f"{link.friction:g}")
        if link.rolling:
            ET.SubElement(contact, "rolling_friction", value=f"{link.rolling:g}")
        if link.bounce:
            ET.SubElement(contact, "restitution", value=f"{link.bounce:g}")
    write_shapes(element, link)


def write_shapes(element: ET.Element, link: Link) -> None:
    """Add what is seen of a link, and what collides."""
    shapes = [(shape, link.solid, link.drawn) for shape in link.shapes]
    for shape, solid, drawn in [*shapes, *((shape, False, True) for shape in link.looks)]:
        if isinstance(shape, Drum):
            turn = (0.0, 0.0, 0.0) if shape.standing else (math.pi / 2, 0.0, 0.0)
            for tag in ("visual", "collision")[not drawn : 1 + (solid and shape.mass > 0.0)]:
                shown = draw(element, tag, "cylinder", shape.centre, turn, radius=shape.radius, length=shape.length)
                if tag == "visual":
                    ET.SubElement(shown, "material", name=shape.colour or link.colour)
            continue
        if isinstance(shape, Block):
            for tag in ("visual", "collision")[not drawn : 1 + solid]:
                shown = draw(element, tag, "box", shape.centre, (0, 0, shape.turn), size=numbers(shape.size))
                if tag == "visual":
                    ET.SubElement(shown, "material", name=shape.colour or link.colour)
            continue
        axis = (np.array(shape.end) - shape.start) / shape.length if shape.length else np.array([0.0, 0.0, 1.0])
        turn, size = toward(axis), {"radius": shape.radius, "length": shape.length}
        kind = "cylinder" if isinstance(shape, Cylinder) else "capsule"
        for tag in ("visual", "collision")[not drawn : 1 + solid]:
            if shape.length:
                shown = draw(element, tag, kind, shape.centre, turn, **size)
            else:
                shown = draw(element, tag, "sphere", shape.start, (0, 0, 0), radius=shape.radius)
            if tag == "visual":
                ET.SubElement(shown, "material", name=shape.colour or link.colour)


def write_joint(robot: ET.Element, joint: Joint) -> None:
    """Add a joint."""
    kind = "fixed" if joint.fixed else "prismatic" if joint.slide else "revolute" if joint.limits else "continuous"
    element = ET.SubElement(robot, "joint", name=joint.name, type=kind)
    ET.SubElement(element, "parent", link=joint.parent)
    ET.SubElement(element, "child", link=joint.child.name)
    origin = ET.SubElement(element, "origin", xyz=numbers(joint.at))
    if any(joint.turn):
        origin.set("rpy", numbers(np.radians(joint.turn)))
    if joint.fixed:
        return
    ET.SubElement(element, "axis", xyz=numbers(np.array(joint.axis) / np.linalg.norm(joint.axis)))
    if joint.limits:
        low, high = (np.array(joint.limits) if joint.slide else np.radians(joint.limits)).tolist()
        ET.SubElement(
            element,
            "limit",
            lower=f"{low:.6g}",
            upper=f"{high:.6g}",
            effort=f"{joint.effort:g}",
            velocity=f"{joint.fastest:g}",
        )
    elif joint.fastest != 10.0:
        ET.SubElement(element, "limit", effort=f"{joint.effort:g}", velocity=f"{joint.fastest:g}")
    if joint.mimics:
        ET.SubElement(element, "mimic", joint=joint.mimics)
    if joint.damping:
        ET.SubElement(element, "dynamics", damping=f"{joint.damping:g}")


def format_urdf(body: Body, palette: Mapping[str, Point] = PALETTE) -> str:
    """Return the URDF of a body."""
    robot = ET.Element("robot", name=body.name)
    for name, rgb in palette.items():
        ET.SubElement(ET.SubElement(robot, "material", name=name), "color", rgba=numbers((*rgb, 1)))
    if body.base.name == "world":
        write_shapes(ET.SubElement(robot, "link", name="world"), body.base)
    else:
        write_link(robot, body.base)
    for joint in body.joints:
        write_link(robot, joint.child)
        write_joint(robot, joint)
    ET.indent(robot)
    return ET.tostring(robot, encoding="unicode") + "\n"
