"""Merges links that are fixed to each other: fewer bodies are quicker, and a frame without a mass is no body."""

import numpy as np

from roboschool.importing.draft import Draft, DraftLink, Frame, Shape
from roboschool.importing.inertia import parallel, solid_of
from roboschool.importing.report import CHANGE, LOSS, NOTE, Report
from roboschool.robots.urdf_faults import MOST_SHAPES

FEET = ("foot", "toe", "sole", "feet")  # in the names of links that keep a body of their own, to feel the ground
MOST_COLLISIONS = 512  # shapes of a robot that collide: Bullet compares each with each
FEWEST = 4  # of a link, however many links there are


def merge_fixed(draft: Draft, report: Report) -> None:
    """Merge every link that hangs on a fixed joint into its parent, with mass, inertia, what is seen and what collides.

    A foot that has a mass and collides, and carries nothing, stays a link of its own. A root without a mass takes the
    name of the heaviest link that is fixed to it; its frame stays the root's.
    """
    order = list(draft.downwards())
    by_child = {joint.child: joint for joint in draft.joints.values()}
    root = draft.links[order[0]]
    bare, heaviest = not root.mass and not root.collisions, (0.0, "")
    for name in reversed(order):
        joint = by_child.get(name)
        if joint is None or joint.moves or _is_foot(draft, name):
            continue
        link, parent = draft.links[name], draft.links[joint.parent]
        if joint.parent == order[0] and link.mass:
            heaviest = max(heaviest, (link.mass, name))
        _add(parent, link, joint.frame)
        for below in draft.joints_below(name):
            below.parent, below.frame = joint.parent, joint.frame @ below.frame
        del draft.links[name], draft.joints[joint.name]
        draft.merged.append(name)
        report.add(NOTE, "a link was merged with the one it is fixed to", f"link {name!r}", f"into {joint.parent!r}")
    if bare and heaviest[1]:
        _rename(draft, order[0], heaviest[1])
        report.add(NOTE, "a root without a mass took a name", f"link {order[0]!r}", repr(heaviest[1]))
    links = list(draft.links.values())
    too_many = sum(len(link.collisions) for link in links) > MOST_COLLISIONS
    most = max(FEWEST, MOST_COLLISIONS // len(links)) if too_many else MOST_SHAPES
    for link in links:
        _limit_shapes(link, min(most, MOST_SHAPES), report)


def _is_foot(draft: Draft, name: str) -> bool:
    link = draft.links[name]
    named = any(word in name.lower() for word in FEET)
    return named and bool(link.mass and link.collisions) and not draft.joints_below(name)


def _add(parent: DraftLink, link: DraftLink, frame: Frame) -> None:
    """Add a link to its parent, in whose frame it has this one."""
    turn = frame[:3, :3]
    for mine, theirs in ((parent.visuals, link.visuals), (parent.collisions, link.collisions)):
        mine += [Shape(s.kind, s.size, frame @ s.frame, s.file, s.colour, s.solid) for s in theirs]
    parent.contact = {**link.contact, **parent.contact}
    parent.density = parent.density or link.density
    if not link.mass:
        return
    centre = turn @ link.centre + frame[:3, 3]
    inertia = None if link.inertia is None else turn @ link.inertia @ turn.T
    if not parent.mass:
        parent.mass, parent.centre, parent.inertia = link.mass, centre, inertia
        return
    mass = parent.mass + link.mass
    middle = (parent.mass * parent.centre + link.mass * centre) / mass
    parts = ((parent.mass, parent.centre, parent.inertia), (link.mass, centre, inertia))
    parent.inertia = sum(
        ((0.0 if own is None else own) + parallel(part, place - middle) for part, place, own in parts), np.zeros((3, 3))
    )
    parent.mass, parent.centre = mass, middle


def _rename(draft: Draft, old: str, new: str) -> None:
    """Give the root another name; its place in the order stays."""
    draft.links = {new if name == old else name: link for name, link in draft.links.items()}
    draft.links[new].name = new
    for joint in draft.joints.values():
        joint.parent = new if joint.parent == old else joint.parent


def _limit_shapes(link: DraftLink, most: int, report: Report) -> None:
    """Keep the largest shapes of a link that has too many; of those that collide, as many as `most`."""
    for shapes, severity, limit in ((link.visuals, CHANGE, MOST_SHAPES), (link.collisions, LOSS, most)):
        if len(shapes) > limit:
            detail = f"{len(shapes)} to {limit}"
            report.add(severity, "of too many shapes the largest were kept", f"link {link.name!r}", detail)
            kept = sorted(shapes, key=lambda shape: -solid_of(shape).reach)[:limit]
            shapes[:] = [shape for shape in shapes if any(shape is each for each in kept)]
