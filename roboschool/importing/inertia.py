"""Completes masses and inertias: what a file does not say, or what no body can have, follows from the shapes."""

import math

import numpy as np

from roboschool.importing.draft import Draft, DraftLink, Shape, Solid
from roboschool.importing.report import CHANGE, LOSS, NOTE, Report

DENSITY = 500.0  # of a link whose mass is not stated, if no other link tells [kg/m3]
DENSITIES = (100.0, 3000.0)  # what others tell is kept within these [kg/m3]
LIGHTEST, HEAVIEST = 1e-6, 1e6  # that the strict reader takes [kg]
SHARE = 0.01  # of what a link without shapes carries, that it weighs itself
LIGHT, HEAVY = 0.001, 0.5  # within these [kg]
SMALL = 0.05  # radius of the ball that a link without shapes is [m]
THINNEST = 0.003  # radius of gyration below which no moving part of a robot is [m]
TINY = 1e-3  # of the moment of a body that thin
TRIANGLE = 1e-3  # by which share one moment may exceed the sum of the others


def complete_inertias(draft: Draft, report: Report, held: bool) -> None:
    """Give every link a mass and an inertia that a body can have. Fixed links are merged before.

    Args:
        draft: the robot.
        report: what changes is noted there.
        held: whether the root may do without, for it is fixed to the world.
    """
    stated = draft.mass()
    density = _density(draft)
    carried = _carried(draft)
    for link in draft.links.values():
        where = f"link {link.name!r}"
        solid = solid_of_link(link)
        if not link.mass and held and link.name == draft.root():
            report.add(NOTE, "the root has no mass: it is fixed to the world", where)
            continue
        if not link.mass:
            _invent(link, solid, link.density or density, carried[link.name], report)
        elif link.mass < LIGHTEST or link.mass > HEAVIEST:
            report.add(LOSS, "a mass was kept within bounds", where, f"{link.mass:g} kg")
            link.mass, link.inertia = min(max(link.mass, LIGHTEST), HEAVIEST), None
        _check(link, solid, report)
    report.figures |= {"mass stated in the file [kg]": stated, "mass computed [kg]": draft.mass() - stated}


def solid_of_link(link: DraftLink) -> Solid | None:
    """Return a link as a solid: what collides, or else what is seen of it; None if it has no shapes."""
    solids = [solid_of(shape) for shape in link.collisions or link.visuals]
    volume = sum(solid.volume for solid in solids)
    if volume <= 0.0:
        return None
    centre = sum((solid.volume * solid.centre for solid in solids), np.zeros(3)) / volume
    inertia = sum((s.inertia + parallel(s.volume, s.centre - centre) for s in solids), np.zeros((3, 3)))
    corners = np.concatenate([solid.corners for solid in solids])
    return Solid(volume, centre, inertia, max(solid.reach for solid in solids), corners)


def solid_of(shape: Shape) -> Solid:
    """Return a shape as a solid, in its link's frame."""
    turn = shape.frame[:3, :3]
    if shape.kind == "mesh":
        if shape.solid is None:
            return Solid(0.0, shape.frame[:3, 3], np.zeros((3, 3)), 0.0, shape.frame[:3, 3][None])
        own = shape.solid
        centre = turn @ own.centre + shape.frame[:3, 3]
        corners = own.corners @ turn.T + shape.frame[:3, 3]
        return Solid(own.volume, centre, turn @ own.inertia @ turn.T, own.reach, corners)
    volume, moments, reach = _primitive(shape)
    corners = _corners(shape) @ turn.T + shape.frame[:3, 3]
    return Solid(volume, shape.frame[:3, 3], turn @ np.diag(moments) @ turn.T, reach, corners)


def _primitive(shape: Shape) -> tuple[float, list[float], float]:
    """Return volume, principal moments for a density of 1, and the largest extent."""
    if shape.kind == "box":
        x, y, z = shape.size
        volume = x * y * z
        return volume, [volume * (a * a + b * b) / 12.0 for a, b in ((y, z), (x, z), (x, y))], max(shape.size)
    radius = shape.size[0]
    ball = 4.0 / 3.0 * math.pi * radius**3
    if shape.kind == "sphere":
        return ball, [0.4 * ball * radius**2] * 3, 2.0 * radius
    length = shape.size[1]
    tube = math.pi * radius**2 * length
    across, along = tube * (3.0 * radius**2 + length**2) / 12.0, tube * radius**2 / 2.0
    if shape.kind == "cylinder":
        return tube, [across, across, along], max(length, 2.0 * radius)
    along += 0.4 * ball * radius**2
    across += ball * (0.4 * radius**2 + length**2 / 4.0 + 3.0 / 8.0 * length * radius)
    return tube + ball, [across, across, along], length + 2.0 * radius


def _corners(shape: Shape) -> np.ndarray:
    """Return points that lie around a primitive (n, 3)."""
    if shape.kind == "box":
        return np.array([[x, y, z] for x in (-1, 1) for y in (-1, 1) for z in (-1, 1)]) * shape.size / 2
    radius, length = shape.size[0], shape.size[1] if len(shape.size) > 1 else 0.0
    angles = np.arange(16) * math.tau / 16
    ring = np.stack([np.cos(angles), np.sin(angles), np.zeros(16)], axis=1) * radius
    caps = [ring + np.array([0.0, 0.0, side * length / 2]) for side in (-1, 1)]
    if shape.kind == "cylinder":
        return np.concatenate(caps)
    poles = np.array([[0.0, 0.0, side * (radius + length / 2)] for side in (-1, 1)])
    return np.concatenate([*caps, ring[:, [0, 2, 1]], ring[:, [2, 0, 1]], poles])


def parallel(mass: float, way: np.ndarray) -> np.ndarray:
    """Return what the inertia of a mass grows by when it is taken about a point that is `way` off."""
    return mass * (float(way @ way) * np.eye(3) - np.outer(way, way))


def _density(draft: Draft) -> float:
    """Return the density that the links with a mass have, as solids."""
    pairs = [(link.mass, solid_of_link(link)) for link in draft.links.values() if link.mass]
    found = [mass / solid.volume for mass, solid in pairs if mass and solid is not None]
    return float(np.clip(np.median(found), *DENSITIES)) if found else DENSITY


def _carried(draft: Draft) -> dict[str, float]:
    """Return the mass that hangs on each link, with its own [kg]."""
    carried = {name: link.mass or 0.0 for name, link in draft.links.items()}
    by_child = {joint.child: joint.parent for joint in draft.joints.values()}
    for name in reversed(list(draft.downwards())):
        if name in by_child:
            carried[by_child[name]] += carried[name]
    return carried


def _invent(link: DraftLink, solid: Solid | None, density: float, carried: float, report: Report) -> None:
    """Give a link a mass that the file does not state."""
    where = f"link {link.name!r}"
    if solid is None:
        link.mass = float(np.clip(SHARE * carried, LIGHT, HEAVY))
        link.centre, link.inertia = np.zeros(3), None
        kind = "a moving link without a mass and shapes got a small mass"
        report.add(CHANGE, kind, where, f"{link.mass:.3g} kg")
        return
    link.mass = float(np.clip(density * solid.volume, LIGHT, HEAVIEST))
    link.centre, link.inertia = solid.centre, None
    report.add(LOSS, "a mass that is not stated was computed from the shapes", where, f"{link.mass:.3g} kg")


def _check(link: DraftLink, solid: Solid | None, report: Report) -> None:
    """Replace an inertia that no body has."""
    where, mass = f"link {link.name!r}", link.mass or LIGHTEST
    computed = _computed(mass, solid)
    if link.inertia is None:
        link.inertia = computed
        return
    moments, axes = np.linalg.eigh((link.inertia + link.inertia.T) / 2.0)
    shown = ", ".join(f"{moment:.3g}" for moment in moments)
    floor = mass * THINNEST**2
    if not np.isfinite(moments).all() or moments[0] <= 1e-8 * abs(moments[2]) or moments[2] < TINY * floor:
        report.add(CHANGE, "an inertia that is zero or not positive was computed from the shapes", where, shown)
        link.inertia = computed
        return
    excess = moments[2] - moments[0] - moments[1]
    if excess > TRIANGLE * moments[2]:
        report.add(CHANGE, "an inertia that no body has became the nearest possible", where, shown)
        moments = moments + np.array([excess, excess, -excess]) / 3.0  # the least change that ends on the edge
        moments = moments + np.array([1.0, 1.0, 0.0]) * 1e-4 * moments[2]
        link.inertia = axes @ np.diag(moments) @ axes.T
    if moments[0] < TINY * floor:
        report.add(NOTE, "a very small inertia was raised", where, f"{moments[0]:.3g} to {floor:.3g} kg m2")
        link.inertia = link.inertia + np.eye(3) * floor


def _computed(mass: float, solid: Solid | None) -> np.ndarray:
    """Return the inertia of a mass with the shape of a solid, at least that of a small ball."""
    if solid is None:
        return np.eye(3) * 0.4 * mass * SMALL**2
    return np.asarray(solid.inertia / solid.volume * mass + np.eye(3) * mass * THINNEST**2)
