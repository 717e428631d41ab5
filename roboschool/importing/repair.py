"""Repairs what is wrong with the joints and the tree of a draft, everything at once."""

import numpy as np

from roboschool.errors import InvalidInput
from roboschool.importing.draft import Draft, DraftJoint, DraftLink, Mimic, motion
from roboschool.importing.report import CHANGE, LOSS, NOTE, Report
from roboschool.robots.urdf_schema import FARTHEST, MOST_TURN

WORLD = ("world", "ground", "map", "odom", "universe")  # names of what is not a part of a robot


def repair_tree(draft: Draft, report: Report) -> str:
    """Make the joints one tree of all links.

    Returns:
        How the file holds the base: "world" if it is fixed to a link called so or the like, "rail" if its only joint
        moves on a bare root, "planar" by slides and a hinge that keep it in its x-z plane, "free" by a floating or
        planar joint, or "" if it does not say.

    Raises:
        InvalidInput: the joints go round in a cycle.
    """
    _drop_lost_joints(draft, report)
    _cut_loops(draft, report)
    _keep_largest_tree(draft, report)
    return _free_root(draft, report)


def repair_joints(draft: Draft, report: Report, weld_mimics: bool = False) -> None:
    """Give every joint a type and limits that can be simulated.

    Raises:
        InvalidInput: joints that mimic each other go round in a cycle.
    """
    for joint in list(draft.joints.values()):
        _split(draft, joint, report)
    for joint in draft.joints.values():
        _repair_limits(joint, report)
    _resolve_mimics(draft, report, weld_mimics)


def weld(joint: DraftJoint, position: float = 0.0) -> None:
    """Fix a joint at a position [rad or m]."""
    joint.frame = joint.frame @ motion(joint, position)
    joint.kind, joint.mimic = "fixed", None


def _drop_lost_joints(draft: Draft, report: Report) -> None:
    for joint in list(draft.joints.values()):
        lost = [name for name in (joint.parent, joint.child) if name not in draft.links]
        if lost == [joint.parent] and joint.parent.lower() in WORLD:
            draft.links[joint.parent] = DraftLink(joint.parent)
            report.add(NOTE, "a link that was only named was added", f"link {joint.parent!r}")
        elif lost or joint.parent == joint.child:
            fault = f"link {lost[0]!r} is not there" if lost else "it joins a link to itself"
            report.add(LOSS, "a joint was dropped", f"joint {joint.name!r}", fault)
            del draft.joints[joint.name]


def _cut_loops(draft: Draft, report: Report) -> None:
    """Keep the first of several parents of a link; refuse cycles."""
    parents: dict[str, DraftJoint] = {}
    for joint in list(draft.joints.values()):
        if joint.child in parents:
            detail = f"link {joint.child!r} hangs on {parents[joint.child].name!r} already"
            report.add(LOSS, "a joint that closes a loop was cut", f"joint {joint.name!r}", detail)
            del draft.joints[joint.name]
            continue
        parents[joint.child] = joint
    for start in parents:
        above = start
        for _ in range(len(parents) + 1):
            if above not in parents:
                break
            above = parents[above].parent
        else:
            raise InvalidInput(f"link {start!r}: its parents go round in a cycle")


def _keep_largest_tree(draft: Draft, report: Report) -> None:
    """Keep the tree with most links, if there are several."""
    children = {joint.child for joint in draft.joints.values()}
    roots = [name for name in draft.links if name not in children]
    if len(roots) == 1:
        return
    trees: dict[str, list[str]] = {}
    for root in roots:
        reached = [root]
        for link in reached:
            reached += [joint.child for joint in draft.joints.values() if joint.parent == link]
        trees[root] = reached
    kept = max(trees.values(), key=len)
    for root, links in trees.items():
        if links is not kept:
            report.add(LOSS, "links that hang on nothing were dropped", f"link {root!r}", f"{len(links)} links")
            for link in links:
                del draft.links[link]
    draft.joints = {name: joint for name, joint in draft.joints.items() if joint.parent in draft.links}


def _free_root(draft: Draft, report: Report) -> str:
    """Take away a world from above the robot, and say how it held it."""
    root = draft.root()
    below = draft.joints_below(root)
    link = draft.links[root]
    bare = not link.mass and not link.collisions
    if len(below) != 1 or not bare:
        return ""
    joint = below[0]
    if joint.kind in ("floating", "planar"):
        report.add(NOTE, f"a {joint.kind} joint of the root: the base is free", f"joint {joint.name!r}")
        if link.visuals:
            report.add(CHANGE, "what is seen of a root above a free base was dropped", f"link {root!r}")
        del draft.links[root], draft.joints[joint.name]
        return "free"
    if joint.moves:
        return "planar" if draft.is_planar() else "rail"
    return "world" if root.lower().strip("/_") in WORLD else ""


def _split(draft: Draft, joint: DraftJoint, report: Report) -> None:
    """Turn a joint of several directions into one joint for each, with small links between them."""
    if joint.kind not in ("floating", "planar", "spherical"):
        return
    where = f"joint {joint.name!r}"
    if joint.kind == "floating":
        report.add(LOSS, "a floating joint inside the robot was welded", where)
        weld(joint)
        return
    normal = joint.axis
    side = np.cross(normal, np.eye(3)[int(np.argmin(np.abs(normal)))])
    side /= np.linalg.norm(side)
    axes = [side, np.cross(normal, side), normal]
    kinds = ["prismatic", "prismatic", "continuous"] if joint.kind == "planar" else ["continuous"] * 3
    report.add(CHANGE, f"a {joint.kind} joint became three", where, ", ".join(kinds))
    parent, child = joint.parent, joint.child
    names = [_new_name(f"{joint.name[:56]}_{mark}", draft.joints) for mark in "xyz"]
    between = [_new_name(f"{child[:56]}_{mark}", draft.links) for mark in "xy"]
    chain = [parent, *between, child]
    for number in range(3):
        frame = joint.frame if number == 0 else np.eye(4)
        limits = (-FARTHEST, FARTHEST) if kinds[number] == "prismatic" else (None, None)
        part = DraftJoint(names[number], kinds[number], chain[number], chain[number + 1], frame, axes[number], *limits)
        part.effort, part.velocity, part.damping = joint.effort, joint.velocity, joint.damping
        draft.joints[part.name] = part
    draft.links |= {name: DraftLink(name) for name in between}
    del draft.joints[joint.name]


def _repair_limits(joint: DraftJoint, report: Report) -> None:
    where = f"joint {joint.name!r}"
    if joint.kind in ("fixed", "continuous"):
        joint.lower = joint.upper = None
        return
    stated = joint.lower is not None or joint.upper is not None
    lower, upper = joint.lower or 0.0, joint.upper or 0.0
    if not stated:
        if joint.kind == "revolute":
            report.add(CHANGE, "a hinge without limits became continuous", where)
            joint.kind = "continuous"
        else:
            report.add(CHANGE, "a slide without limits got some", where, "-1 to 1 m")
            joint.lower, joint.upper = -1.0, 1.0
        return
    if lower > upper:
        report.add(CHANGE, "limits the wrong way round were exchanged", where, f"{lower:g} to {upper:g}")
        lower, upper = upper, lower
    if lower == upper == 0.0 and joint.kind == "revolute":
        report.add(CHANGE, "a hinge with limits of zero, which exporters write for none, became continuous", where)
        joint.kind, joint.lower, joint.upper = "continuous", None, None
        return
    if lower == upper:
        report.add(LOSS, "a joint that cannot move by its limits was welded", where, f"at {lower:g}")
        weld(joint, lower)
        return
    if joint.kind == "revolute" and max(-lower, upper) > MOST_TURN:
        report.add(CHANGE, "limits of more than four turns: it became continuous", where, f"{lower:g} to {upper:g} rad")
        joint.kind, joint.lower, joint.upper = "continuous", None, None
        return
    joint.lower, joint.upper = max(lower, -FARTHEST), min(upper, FARTHEST)
    if (joint.lower, joint.upper) != (lower, upper):
        report.add(CHANGE, f"limits were kept within {FARTHEST:g} m", where, f"{lower:g} to {upper:g}")


def _resolve_mimics(draft: Draft, report: Report, weld_all: bool) -> None:
    """Let every follower follow a joint that follows none."""
    followers = [joint for joint in draft.joints.values() if joint.mimic is not None]
    for joint, mimic in [(joint, _find_leader(draft, joint)) for joint in followers]:
        where = f"joint {joint.name!r}"
        leader = draft.joints.get(mimic.leader)
        if leader is None:
            report.add(CHANGE, "a joint that mimics one that is not there moves freely", where, repr(mimic.leader))
            joint.mimic = None
        elif weld_all or not leader.moves or mimic.multiplier == 0.0:
            why = "on request" if weld_all else f"{leader.name!r} does not move it"
            report.add(LOSS, "a joint that mimics another was welded", where, f"at {mimic.offset:g}, {why}")
            weld(joint, mimic.offset)
        else:
            detail = f"{mimic.multiplier:g} * {leader.name} + {mimic.offset:g}"
            report.add(NOTE, "a joint follows another", where, detail)
            joint.mimic = mimic


def _find_leader(draft: Draft, joint: DraftJoint) -> Mimic:
    """Return how a joint follows one that follows none itself, whether or not that is there."""
    ratio, offset, passed = 1.0, 0.0, [joint.name]
    while True:
        leader = draft.joints.get(passed[-1])
        if leader is None or leader.mimic is None:
            return Mimic(passed[-1], ratio, offset)
        offset += ratio * leader.mimic.offset
        ratio *= leader.mimic.multiplier
        if leader.mimic.leader in passed:
            raise InvalidInput(f"joint {joint.name!r}: joints that mimic each other go round in a cycle")
        passed.append(leader.mimic.leader)


def _new_name(name: str, taken: dict[str, DraftJoint] | dict[str, DraftLink]) -> str:
    while name in taken:
        name = f"{name}_"
    return name
