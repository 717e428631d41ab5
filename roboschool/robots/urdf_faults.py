"""Finds all faults of a URDF at once, and makes what is sound as Bullet wants it."""

import math
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from lxml import etree

from roboschool.errors import suggest
from roboschool.robots.mesh import NOT_FINITE, find_file, measure_mesh
from roboschool.robots.urdf_schema import FARTHEST, MOST_TURN, SMALLEST, Element, clean_robot, fault, line_of

MOST_LINKS = 120  # Bullet misreads bodies of 123 links and more
MOST_SHAPES = 64  # of one link
FAR_AWAY = ("/", "file:", "http:", "https:")  # how the names of meshes begin that an import does not look for


def find_faults(root: Element, folder: Path) -> list[str]:
    """Return the faults of an element <robot>; if there are none, it has become what Bullet reads.

    Args:
        root: the element, which is changed.
        folder: of the file, in which meshes must be.
    """
    moving = sum(joint.get("type") not in ("fixed", "floating") for joint in root.findall("joint"))
    faults = sorted(_find_faults(root, folder, moving), key=line_of)
    return faults if moving else list(map(str, faults))  # what has no joint is no robot, and not imported


def _find_faults(root: Element, folder: Path, moving: int) -> list[str]:
    links, joints = root.findall("link"), root.findall("joint")
    count = []
    if not 0 < len(links) <= MOST_LINKS:
        count = [fault(root, f"{len(links)} links, not 1 to {MOST_LINKS}", not links or moving >= MOST_LINKS)]
    if not 0 < len(links) <= 10 * MOST_LINKS:  # it is no robot, and to look at the rest takes long
        return count
    faults, faulty = clean_robot(root)
    faults += count
    faults += _material_faults(root)
    children = {name for joint in joints if (name := _end(joint, "child"))}
    faults += _tree_faults(links, joints)
    for link in links:
        faults += _link_faults(link, link.get("name") not in children, faulty)
    for joint in joints:
        faults += _joint_faults(joint, faulty)
    faults += _mimic_faults(joints, faulty)
    faults += _mesh_faults(root, folder, faulty)
    return faults


def read_floats(element: Element, name: str, default: str = "") -> list[float]:
    """Return the numbers of an attribute."""
    return [float(word) for word in element.get(name, default).split()]


def _material_faults(root: Element) -> Iterator[str]:
    materials = {m.get("name", "") for m in root.iter("material") if len(m) or m.getparent() is root}
    for material in root.findall("link/visual/material"):
        name = material.get("name")
        if name is not None and name not in materials:
            yield fault(material, f"unknown material {name!r}{suggest(name, materials)}")


def _end(joint: Element, end: str) -> str | None:
    element = joint.find(end)
    return None if element is None else element.get("link")


def _tree_faults(links: list[Element], joints: list[Element]) -> Iterator[str]:
    """Yield why the joints do not make one tree of all links."""
    names: dict[str, Element] = {}
    for found, elements in ((names, links), (dict[str, Element](), joints)):
        for element in elements:
            first: Element = found.setdefault(element.get("name"), element)
            if first is not element and element.get("name"):
                what = f"a second {element.tag} of this name, after the one in line {first.sourceline}"
                yield fault(element, what, lasting=element.tag == "link")
    parents: dict[str, str] = {}
    is_whole = None not in names  # else more faults would follow from those that were found
    for joint in joints:
        joined = {end: name for end in ("parent", "child") if (name := _end(joint, end))}
        unknown = {end: name for end, name in joined.items() if name not in names}
        for end, name in unknown.items():
            yield fault(joint.find(end), f"unknown link {name!r}{suggest(name, filter(None, names))}")
        if unknown or len(joined) < 2:
            is_whole = False
        elif joined["parent"] == joined["child"]:
            yield fault(joint, f"it joins link {joined['child']!r} to itself")
        elif joined["child"] in parents:
            both = f"{parents[joined['child']]!r} and {joined['parent']!r}"
            yield fault(joint, f"link {joined['child']!r} has two parents, {both}")
        else:
            parents[joined["child"]] = joined["parent"]
    for name in parents:
        above = name
        for _ in parents:
            above = parents.get(above, above)
        if above in parents:
            yield fault(names[name], "its parents go round in a cycle", lasting=True)
            return
    root, *others = (link for name, link in names.items() if name not in parents)
    for other in others if is_whole else ():
        yield fault(
            other, f"a second root besides link {root.get('name')!r}; all links but one must be a joint's child"
        )


def _link_faults(link: Element, is_root: bool, faulty: set[Element]) -> Iterator[str]:
    for tag in ("visual", "collision"):
        if len(link.findall(tag)) > MOST_SHAPES:
            yield fault(link, f"{len(link.findall(tag))} <{tag}>, more than {MOST_SHAPES}")
    inertial = link.find("inertial")
    if inertial is None and not is_root:
        yield fault(link, "<inertial> is missing; only the root may do without, and is then fixed to the world")
    element: Element = None if inertial is None else inertial.find("mass")
    mass = None if element is None or element in faulty else float(element.get("value"))
    if is_root and (inertial is None or mass == 0.0):  # Bullet takes a link without <inertial> to weigh 1 kg
        inertial = etree.SubElement(link, "inertial") if inertial is None else inertial
        origin = inertial.findall("origin")
        inertial[:] = [*origin, etree.Element("mass", value="0"), etree.Element("inertia", ixx="0", iyy="0", izz="0")]
        return
    if mass is not None and not 1e-6 <= mass <= 1e6:
        yield fault(element, f"{mass:g} kg is not between 1e-06 and 1e+06")
    inertia = None if inertial is None else inertial.find("inertia")
    if inertia is not None and inertia not in faulty:
        yield from _inertia_faults(inertia)


def _inertia_faults(inertia: Element) -> Iterator[str]:
    xx, yy, zz, xy, xz, yz = (float(inertia.get(key, "0")) for key in ("ixx", "iyy", "izz", "ixy", "ixz", "iyz"))
    moments = np.linalg.eigvalsh([[xx, xy, xz], [xy, yy, yz], [xz, yz, zz]]).tolist()
    what = f"its principal moments are {', '.join(f'{moment:.4g}' for moment in moments)}"
    excess, spare = moments[2] - moments[1] - moments[0], 1e-5 * moments[2]
    if moments[0] <= 1e-9 * abs(moments[2]):
        yield fault(inertia, f"it is not positive definite: {what}")
    elif excess > 1e-3 * moments[2]:
        yield fault(inertia, f"no body has it: {what}, and one is larger than the sum of the others")
    more = max(excess + spare, 0.0)  # on the edge Bullet rounds to an impossible inertia, and takes zero instead
    for key, value in {"ixx": xx + more, "iyy": yy + more, "izz": zz + more, "ixy": xy, "ixz": xz, "iyz": yz}.items():
        inertia.set(key, repr(value))


def _joint_faults(joint: Element, faulty: set[Element]) -> Iterator[str]:
    kind, limit, axis = joint.get("type"), joint.find("limit"), joint.find("axis")
    if kind == "fixed" or joint in faulty:
        return
    for dynamics in joint.findall("dynamics"):  # with neither of the two Bullet refuses the file
        dynamics.set("damping", dynamics.get("damping", "0.0"))
    if axis is None:
        axis = etree.SubElement(joint, "axis", xyz="1 0 0")
    if axis not in faulty:
        x, y, z = read_floats(axis, "xyz")
        length = math.hypot(x, y, z)
        if length < 1e-6:
            yield fault(axis, "xyz: its length is zero")
        else:
            axis.set("xyz", " ".join(map(repr, (x / length, y / length, z / length))))
    if limit is None and kind != "continuous":
        yield fault(joint, f"a {kind} joint needs a <limit>")
    elif limit is not None and limit not in faulty and kind != "continuous":
        yield from _limit_faults(limit, kind)


def _limit_faults(limit: Element, kind: str) -> Iterator[str]:
    lower, upper = float(limit.get("lower", "0")), float(limit.get("upper", "0"))
    if not lower < upper:
        yield fault(limit, f"lower {lower:g} is not below upper {upper:g}")
    if kind == "revolute" and max(-lower, upper) > MOST_TURN:
        yield fault(limit, f"{lower:g} to {upper:g} is more than four turns; a limit is in radians")
    limit.set("upper", repr(upper))  # without it Bullet takes -1


def _mimic_faults(joints: list[Element], faulty: set[Element]) -> Iterator[str]:
    """Yield which joints that mimic others do not follow joints that move and follow none."""
    leaders = {joint.get("name") for joint in joints if joint.get("type") != "fixed" and joint.find("mimic") is None}
    leaders.discard(None)
    for joint in joints:
        for mimic in joint.findall("mimic"):
            if mimic in faulty or joint in faulty:
                continue
            name = mimic.get("joint")
            if float(mimic.get("multiplier", "1")) == 0.0:
                yield fault(mimic, "multiplier: it is zero; make the joint fixed instead")
            if name not in leaders:
                what = f"{name!r} is no joint that moves and mimics none{suggest(name, leaders)}"
                yield fault(mimic, what, lasting=_goes_round(name, joints))


def _goes_round(name: str, joints: list[Element]) -> bool:
    """Return whether joints that mimic each other, from one of them on, go round in a cycle."""
    leaders = {joint.get("name"): mimic.get("joint") for joint in joints for mimic in joint.findall("mimic")}
    for _ in range(len(leaders) + 1):
        if name not in leaders:
            return False
        name = leaders[name]
    return True


def _mesh_faults(root: Element, folder: Path, faulty: set[Element]) -> Iterator[str]:
    """Check every mesh file and make its name absolute."""
    known: dict[Path, tuple[Any, Any]] = {}
    for mesh in root.iter("mesh"):
        if mesh not in faulty:
            yield from _mesh_fault(mesh, folder, known)


def _mesh_fault(mesh: Element, folder: Path, known: dict[Path, tuple[Any, Any]]) -> Iterator[str]:
    name, scale = mesh.get("filename"), np.abs(read_floats(mesh, "scale", "1 1 1"))
    try:
        file = find_file(folder, folder, name)
        if file not in known:
            known[file] = measure_mesh(file, folder)
    except (OSError, ValueError) as error:
        lasting = name.startswith(FAR_AWAY) or NOT_FINITE in str(error)
        yield fault(mesh, str(error), lasting)
        return
    size, reach = scale * known[file][0], scale * known[file][1]
    if scale.min() < 1e-6:
        yield fault(mesh, f"scale: {mesh.get('scale')} has a zero")
    elif size.max() < SMALLEST or reach.max() > FARTHEST:
        yield fault(
            mesh, f"{name}: {size.max():g} m large, up to {reach.max():g} m from the origin; scale it to metres"
        )
    elif size.min() == 0 and mesh.getparent().getparent().tag == "collision":
        yield fault(mesh, f"{name}: flat, so nothing can collide with it")
    mesh.set("filename", str(file))
