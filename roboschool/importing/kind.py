"""Tells from shapes and names what kind of robot a draft is, and which of its links are trunk, feet or wheels.

All lengths are compared with the height of the robot in its pose of zeros, as the file draws it: z is up.
"""

import math
import re
from dataclasses import dataclass

import numpy as np

from roboschool.importing.draft import Draft, DraftJoint
from roboschool.importing.inertia import solid_of_link

KINDS = ("legged", "wheeled", "arm", "hand", "flyer")
FREE = ("legged", "wheeled", "flyer")  # kinds that nothing holds
WORDS = {  # in the names of links and joints
    "leg": "foot|feet|leg|hip|knee|ankle|calf|thigh|toe|shank|haa|hfe|kfe|sole",
    "wheel": "wheel",
    "finger": "finger|thumb|pinky|index|middle|ring|knuckle|palm|jaw|gripper",
    "arm": "shoulder|elbow|wrist|forearm|tool0|flange",
}
FLYERS = "flying|drone|uav|copter|quadrotor|iris"  # in the name of a robot or its trunk
PALM = "hand|gripper|palm"  # in the name of a robot or its trunk
TRUNKS = ("base", "trunk", "torso", "pelvis", "body", "waist", "chassis", "root")
NEAR_GROUND = 0.12  # of the height: an end is so low that it may stand
LEG_DROP = 0.3  # of the height: a leg reaches down so far
ROUND = 0.85  # of the largest radius: the smallest of a wheel
LEVEL = 0.4  # the vertical part of a wheel's axis
MANY_WHEELS = 3  # that are fixed: a base on wheels, though nothing drives them
LONGEST_FINGER = 6  # joints from the palm to the tip
SMALL = 0.4  # height of a hand, or of a dog with one joint in each leg [m]
LEAST_ARM = 3  # joints between the base and a gripper
TRUNK_SHARE = 0.3  # of the heaviest link: a root with more is the trunk


@dataclass(frozen=True)
class Chain:
    """A way from the trunk to a link that carries nothing."""

    link: str
    joints: tuple[str, ...]  # that move, from the trunk on
    bottom: np.ndarray  # point of the link in the pose of zeros, in the root's frame (3,)


@dataclass(frozen=True)
class Anatomy:
    """What a robot is."""

    kind: str
    sure: bool
    trunk: str
    legs: tuple[Chain, ...]  # that may stand
    wheels: tuple[str, ...]  # joints
    chains: tuple[Chain, ...]  # all
    height: float  # from the lowest point to the highest in the pose of zeros [m]
    reason: str  # why it is this kind
    folded: bool = False  # its legs do not hang in the pose of zeros


def read_anatomy(draft: Draft, kind: str = "") -> Anatomy:
    """Return what a robot is; `kind` is the user's answer, or empty."""
    frames = draft.frames()
    corners = {}
    for name, link in draft.links.items():
        solid = solid_of_link(link)
        if solid is not None:
            corners[name] = solid.corners @ frames[name][:3, :3].T + frames[name][:3, 3]
    places = np.concatenate([*corners.values(), *(frame[None, :3, 3] for frame in frames.values())])
    low, height = float(places[:, 2].min()), max(float(np.ptp(places[:, 2])), 1e-3)
    trunk = find_trunk(draft)
    chains = _find_chains(draft, trunk, corners, frames)
    wheels = _find_wheels(draft, corners, frames, low, height)
    if len(wheels) < 2:
        turning = [joint for joint in draft.joints.values() if joint.kind == "continuous" and joint.mimic is None]
        wheels = [joint.name for joint in turning if "wheel" in f"{joint.name} {joint.child}".lower()]
    legs = [
        chain for chain in chains if _may_stand(chain, low, height, frames, draft) and chain.joints[-1] not in wheels
    ]
    found, sure, reason = _judge(draft, trunk, legs, wheels, chains, height)
    if draft.is_planar() and legs:
        found, sure, reason = "legged", True, f"{len(legs)} legs reach the ground, in a plane"
    if kind:
        found, sure, reason = kind, True, "as told"
    return Anatomy(found, sure, trunk, tuple(legs), tuple(wheels), tuple(chains), height, reason)


def find_trunk(draft: Draft) -> str:
    """Return the trunk: the root if it is not light, else a link with such a name, else the heaviest."""
    heaviest = max(draft.links.values(), key=lambda link: link.mass or 0.0)
    root = draft.links[draft.root()]
    if (root.mass or 0.0) >= TRUNK_SHARE * (heaviest.mass or 0.0):
        return root.name
    for word in TRUNKS:
        named = [link for link in draft.links.values() if word in link.name.lower()]
        fit = [link for link in named if (link.mass or 0.0) >= TRUNK_SHARE * (heaviest.mass or 0.0)]
        if fit:
            return fit[0].name
    return heaviest.name


def find_gripper(draft: Draft) -> str:
    """Return the link with which an arm holds things: the last before it ends or its fingers begin.

    The root is returned if it branches before that, as a robot with two arms does.
    """
    link, joints = draft.root(), 0
    while len(below := draft.joints_below(link)) == 1:
        (joint,) = below
        last = not draft.joints_below(joint.child)
        if last and joints >= LEAST_ARM and re.search(WORDS["finger"], f"{joint.name} {joint.child}".lower()):
            break  # a jaw
        link, joints = joint.child, joints + joint.moves
    return link if joints >= LEAST_ARM else draft.root()


def count_words(draft: Draft, group: str) -> int:
    """Return how many links and joints have a name of a group."""
    pattern = re.compile(WORDS[group])
    return sum(bool(pattern.search(name.lower())) for name in (*draft.links, *draft.joints))


def has_word(chain: Chain, group: str) -> bool:
    """Return whether a link or joint of a chain has a name of a group."""
    return any(re.search(WORDS[group], name.lower()) for name in (chain.link, *chain.joints))


def _find_chains(
    draft: Draft, trunk: str, corners: dict[str, np.ndarray], frames: dict[str, np.ndarray]
) -> list[Chain]:
    """Return the ways from the trunk to the ends of the tree, which is walked in both directions."""
    around: dict[str, list[tuple[str, DraftJoint]]] = {}
    for joint in draft.joints.values():
        around.setdefault(joint.parent, []).append((joint.child, joint))
        around.setdefault(joint.child, []).append((joint.parent, joint))
    chains: list[Chain] = []
    ways: dict[str, tuple[str, ...]] = {trunk: ()}
    reached = [trunk]
    for link in reached:
        further = [(other, joint) for other, joint in around.get(link, []) if other not in ways]
        for other, joint in further:
            ways[other] = (*ways[link], joint.name) if joint.moves else ways[link]
            reached.append(other)
        if not further and ways[link]:
            points = corners.get(link, frames[link][None, :3, 3])
            chains.append(Chain(link, ways[link], points[int(np.argmin(points[:, 2]))]))
    return chains


def _may_stand(chain: Chain, low: float, height: float, frames: dict[str, np.ndarray], draft: Draft) -> bool:
    """Return whether an end is near the ground, and hangs well below its first joint or has the name of a leg."""
    start = frames[draft.joints[chain.joints[0]].child][2, 3]
    down = chain.bottom[2] - low < NEAR_GROUND * height
    return bool(down and start - chain.bottom[2] > LEG_DROP * height and len(chain.joints) >= 2)


def _find_wheels(
    draft: Draft, corners: dict[str, np.ndarray], frames: dict[str, np.ndarray], low: float, height: float
) -> list[str]:
    """Return the joints that turn something round near the ground about a level axis, without an end."""
    found = []
    for joint in draft.joints.values():
        continuous = joint.kind == "continuous" or (
            joint.kind == "revolute" and joint.lower is not None and (joint.upper or 0.0) - joint.lower > 2 * math.tau
        )
        points = corners.get(joint.child)
        if not continuous or joint.mimic is not None or points is None:
            continue
        axis = frames[joint.child][:3, :3] @ joint.axis
        near = points[:, 2].min() - low < NEAR_GROUND * height + 0.02
        if abs(axis[2]) < LEVEL and near and _is_round(points - frames[joint.child][:3, 3], axis):
            found.append(joint.name)
    return found


def _is_round(points: np.ndarray, axis: np.ndarray) -> bool:
    """Return whether points reach equally far from an axis in every direction."""
    side = np.cross(axis, np.eye(3)[int(np.argmin(np.abs(axis)))])
    side /= np.linalg.norm(side)
    up = np.cross(axis, side)
    angles = np.arange(12) * math.tau / 12
    directions = np.cos(angles)[:, None] * side + np.sin(angles)[:, None] * up
    reaches = (points @ directions.T).max(axis=0)
    return bool(reaches.min() > ROUND * reaches.max() > 0.0)


def _judge(
    draft: Draft, trunk: str, legs: list[Chain], wheels: list[str], chains: list[Chain], height: float
) -> tuple[str, bool, str]:
    """Return the kind, whether that is sure, and why."""
    words = {group: count_words(draft, group) for group in WORDS}
    if len(wheels) >= 2:
        return "wheeled", True, f"{len(wheels)} wheels"
    turning = [joint.name.lower() for joint in draft.joints.values() if joint.kind == "continuous"]
    propellers = sum(bool(re.search("prop|rotor", name)) for name in turning)
    if propellers >= 3 or re.search(FLYERS, f"{draft.name} {trunk}".lower()):
        return "flyer", propellers >= 3, "propellers or its name"
    if sum("wheel" in name.lower() for name in draft.merged) >= MANY_WHEELS:
        return "wheeled", False, "wheels that do not turn"
    torso = words["leg"] == 0 and words["arm"] >= 4  # of a robot with arms and no legs
    named_legs, named_fingers = (sum(has_word(chain, group) for chain in legs) for group in ("leg", "finger"))
    palm = named_legs == 0 and bool(re.search(PALM, f"{draft.name} {trunk}".lower()))
    if len(legs) >= 2 and named_legs >= named_fingers and not torso and not palm:
        sure = named_legs >= 2 or len(legs) in (2, 4, 6)
        return "legged", sure and words["arm"] <= 2 * words["leg"], f"{len(legs)} legs reach the ground"
    if words["leg"] >= 8 and words["leg"] > words["arm"] / 2:
        return "legged", False, "names of links"
    longest = max((len(chain.joints) for chain in chains), default=0)
    roots = {chain.joints[0] for chain in chains}
    if (palm or words["finger"] >= 2) and words["arm"] < 4 and longest <= LONGEST_FINGER:
        return "hand", True, f"{max(len(roots), 1)} fingers"
    if len(roots) >= 3 and not words["arm"] and height < SMALL:
        kind = "hand" if words["finger"] else "legged"
        return kind, False, f"{len(roots)} short limbs"
    return "arm", words["arm"] >= 2 or len(chains) == 1, "a chain of joints"
