"""Looks for poses in which a legged robot may stand: each foot under its hip, and all of them around the middle."""

import itertools
from collections.abc import Sequence

import numpy as np

from roboschool.importing.draft import Draft, DraftJoint
from roboschool.importing.inertia import solid_of_link
from roboschool.importing.kind import Chain

SAMPLES = 2000
ROUNDS = 10  # each closer around the best of the one before
SPREAD, CLOSER = 0.6, 0.6  # of the first round [rad], and by which factor of each further one
LEVEL_WEIGHT = 0.5  # of a foot that is turned, where there are two
NEAR_WEIGHT = 0.02  # of joints that are not at zero
LIFT = 0.75  # by which one joint of an arm turns to lift it [rad]
DEEP = 0.002  # in the ground: what the root of a robot that is fixed may be [m]
CLEAR = 0.0012  # above the ground: what its other links are; Bullet counts 1 mm nearer as touching [m]
HIGHER = 1e-3  # what counts as lifted [m]
NOISE = 0.1  # with which the joints of an agent begin, unless its scene says otherwise [rad or m]
MARGIN = 1e-3  # from the limits [rad or m]


def clip_pose(draft: Draft, pose: dict[str, float]) -> dict[str, float]:
    """Return a pose within the limits of the joints [rad or m]; joints that are not given are at zero."""
    clipped = {}
    for joint in draft.joints.values():
        if joint.moves and joint.mimic is None:
            clipped[joint.name] = float(np.clip(pose.get(joint.name, 0.0), *_limits(joint)))
    return clipped


def centre_of_mass(draft: Draft, pose: dict[str, float]) -> np.ndarray:
    """Return the centre of mass of the whole robot in the root's frame (3,) [m]."""
    frames = draft.frames(pose)
    weighed = [
        (link.mass or 0.0) * (frames[name][:3, :3] @ link.centre + frames[name][:3, 3])
        for name, link in draft.links.items()
    ]
    return np.asarray(np.sum(weighed, axis=0) / draft.mass())


def find_lowest(draft: Draft, pose: dict[str, float]) -> float:
    """Return how far a robot that is fixed is above the ground at its root's origin [m], at most 0.

    Its root may be DEEP in it, and the other links must be clear of it by Bullet's margin. Episodes begin near a pose:
    each joint in turn is moved by NOISE where that lowers the robot.
    """
    low, bottom = clip_pose(draft, pose), _find_lowest(draft, pose)
    for name, step in itertools.product(low, (-NOISE, NOISE)):
        near = clip_pose(draft, {**low, name: pose.get(name, 0.0) + step})
        if (reached := _find_lowest(draft, near)) < bottom:
            low, bottom = near, reached
    return bottom


def _find_lowest(draft: Draft, pose: dict[str, float]) -> float:
    bottom, root, frames = 0.0, draft.root(), draft.frames(pose)
    for name, link in draft.links.items():
        solid = solid_of_link(link)
        if solid is not None and link.collisions:
            heights = solid.corners @ frames[name][2, :3] + frames[name][2, 3]
            low = float(heights.min()) - (0.0 if name == root else CLEAR)
            if name != root or low <= -DEEP:
                bottom = min(bottom, low)
    return bottom


def bend_legs(draft: Draft, legs: Sequence[Chain], reach: float) -> dict[str, float]:
    """Return a pose in which each foot is under its hip.

    Args:
        draft: the robot.
        legs: which may stand.
        reach: how far each hip is above its foot, as a share of how far it can be.
    """
    pose = clip_pose(draft, {})
    frames = draft.frames(pose)
    hips = [_hip(draft, frames, leg) for leg in legs]
    shift = centre_of_mass(draft, pose)[:2] - np.mean([hip[:2] for hip in hips], axis=0)
    size = max(float(np.linalg.norm(hip - leg.bottom)) for hip, leg in zip(hips, legs, strict=True))
    shift = np.clip(shift, -0.2 * size, 0.2 * size)
    for leg, hip in zip(legs, hips, strict=True):
        moving = [joint.name for joint in _chain(draft, leg) if joint.moves and joint.mimic is None]
        if tuple(moving[-len(leg.joints) :]) != leg.joints:
            continue  # a follower is among them, or the file's tree begins elsewhere
        pose |= _bend(draft, leg, hip[:2] + shift, hip[2], reach, level=len(legs) == 2)
    return pose


def lift_arm(draft: Draft, gripper: str, pose: dict[str, float]) -> dict[str, float]:
    """Return a pose in which one joint holds the gripper as high as it can by turning a little; empty if none can.

    Args:
        draft: the robot.
        gripper: the link that shall be higher.
        pose: of the joints that have motors.
    """
    centre = np.append(draft.links[gripper].centre, 1.0)
    best, height = dict[str, float](), draft.frames(pose)[gripper][2] @ centre
    for name, angle in itertools.product(pose, (-LIFT, LIFT)):
        joint = draft.joints[name]
        if joint.kind == "prismatic":
            continue
        turned = {**pose, name: float(np.clip(pose[name] + angle, *_limits(joint)))}
        reached = draft.frames(turned)[gripper][2] @ centre
        if reached > height + HIGHER:
            best, height = turned, reached
    return best


def _hip(draft: Draft, frames: dict[str, np.ndarray], leg: Chain) -> np.ndarray:
    """Return where the part of a leg begins that swings: below a joint that turns it sideways."""
    joints = [draft.joints[name] for name in leg.joints]
    first = joints[1] if len(joints) > 2 else joints[0]
    return np.asarray(frames[first.child][:3, 3])


def _bend(draft: Draft, leg: Chain, under: np.ndarray, hip: float, reach: float, level: bool) -> dict[str, float]:
    """Return the angles of a leg whose foot is under a point."""
    joints = [draft.joints[name] for name in leg.joints]
    limits = np.array([_limits(joint) for joint in joints])
    chain = _chain(draft, leg)
    frames = draft.frames()
    tip = np.linalg.inv(frames[leg.link]) @ np.append(leg.bottom, 1.0)
    start = np.clip(np.zeros(len(joints)), limits[:, 0], limits[:, 1])
    rng = np.random.default_rng(0)
    straight = frames[leg.link][:3, :3]  # how the foot is turned in the pose of zeros
    best, spread, longest = start, SPREAD, 0.0
    for _ in range(ROUNDS):
        samples = np.clip(best + rng.normal(0.0, spread, (SAMPLES, len(joints))), limits[:, 0], limits[:, 1])
        samples[0] = best
        placed = _place(draft, chain, samples)
        points = placed @ tip
        longest = max(longest, float((hip - points[:, 2]).max()))
        aside = np.linalg.norm(points[:, :2] - under, axis=1) / longest
        short = (hip - points[:, 2]) / longest - reach
        cost = 4.0 * aside**2 + 2.0 * short**2 + NEAR_WEIGHT * ((samples - start) ** 2).mean(axis=1)
        if level:
            cost += LEVEL_WEIGHT * (3.0 - np.einsum("nij,ij->n", placed[:, :3, :3], straight))
        best = samples[int(np.argmin(cost))]
        spread *= CLOSER
    return dict(zip(leg.joints, best.tolist(), strict=True))


def _chain(draft: Draft, leg: Chain) -> list[DraftJoint]:
    """Return all joints from the root to the end of a leg, the fixed ones, too."""
    by_child = {joint.child: joint for joint in draft.joints.values()}
    chain: list[DraftJoint] = []
    link = leg.link
    while link in by_child:
        chain.insert(0, by_child[link])
        link = chain[0].parent
    return chain


def _place(draft: Draft, chain: Sequence[DraftJoint], samples: np.ndarray) -> np.ndarray:
    """Return the frame of the end of a chain for each row of angles of its joints that move (n, 4, 4)."""
    moving = [joint for joint in chain if joint.moves and joint.mimic is None][-samples.shape[1] :]
    found = np.broadcast_to(np.eye(4), (len(samples), 4, 4))
    for joint in chain:
        found = found @ joint.frame
        if joint in moving:
            found = found @ _motions(joint, samples[:, moving.index(joint)])
    return found


def _motions(joint: DraftJoint, positions: np.ndarray) -> np.ndarray:
    """Return how a joint moves its child, for many positions (n, 4, 4)."""
    frames = np.tile(np.eye(4), (len(positions), 1, 1))
    if joint.kind == "prismatic":
        frames[:, :3, 3] = positions[:, None] * joint.axis
        return frames
    x, y, z = joint.axis
    cross = np.array([[0.0, -z, y], [z, 0.0, -x], [-y, x, 0.0]])
    sin, cos = np.sin(positions)[:, None, None], np.cos(positions)[:, None, None]
    frames[:, :3, :3] = np.eye(3) + sin * cross + (1.0 - cos) * (cross @ cross)
    return frames


def _limits(joint: DraftJoint) -> tuple[float, float]:
    if joint.lower is None or joint.upper is None:
        return -np.pi, np.pi
    margin = min(MARGIN, (joint.upper - joint.lower) / 4)
    return joint.lower + margin, joint.upper - margin
