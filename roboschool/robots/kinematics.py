"""The tree of a robot's joints from the trunk: distances between joints, and partitions among several agents."""

import math
import os
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from roboschool.robots.robot import Robot, load_robot

Parts = tuple[tuple[str, ...], ...]  # joints of each part


@dataclass(frozen=True)
class Tree:
    """A robot as seen from its trunk, which need not be the root of its URDF."""

    robot: Robot
    links: dict[str, tuple[str, ...]]  # the joints that move on the way from the trunk to each link
    joints: dict[str, tuple[str, ...]]  # the same to each joint that moves, with itself as the last
    bearings: dict[str, float]  # of each of them about the trunk, all joints at zero: 0 in front, pi/2 left [rad]

    def distance(self, one: str, other: str) -> int:
        """Return how many joints one is from the other: 1 if they share a link, 0 if they are the same."""
        here, there = self.joints[one], self.joints[other]
        shared = sum(a == b for a, b in zip(here, there, strict=False))  # ways part once
        apart = len(here) + len(there) - 2 * shared
        return apart - 1 if shared < min(len(here), len(there)) else apart

    def mover(self, link: str) -> str | None:
        """Return the joint with a motor that moves a link, seen from the trunk; None if there is none."""
        driven = [joint.name for joint in self.robot.joints]
        return next((name for name in reversed(self.links[link]) if name in driven), None)


def grow(robot: Robot) -> Tree:
    """Return the tree of a robot's joints."""
    links: dict[str, tuple[str, ...]] = {robot.trunk: ()}
    joints: dict[str, tuple[str, ...]] = {}
    bearings: dict[str, float] = {}
    frames = {robot.trunk: (np.zeros(3), np.eye(3))}  # of each link in the trunk's
    reached = [robot.trunk]
    for link in reached:
        place, turn = frames[link]
        for joint in robot.model.joints:
            other = {joint.parent: joint.child, joint.child: joint.parent}.get(link)
            if other is None or other in links:
                continue
            way, turned = np.array(joint.origin[:3]), rotation_matrix(*joint.origin[3:])
            if link == joint.parent:
                frames[other] = place + turn @ way, turn @ turned
            else:
                back = turn @ turned.T
                frames[other] = place - back @ way, back
            links[other] = links[link]
            if joint.kind != "fixed":
                joints[joint.name] = links[other] = (*links[link], joint.name)
                x, y, _ = frames[joint.child][0]
                bearings[joint.name] = math.atan2(y, x)
            reached.append(other)
    return Tree(robot, links, joints, bearings)


def find_pose(robot: Robot, joints: Sequence[float]) -> tuple[np.ndarray, np.ndarray]:
    """Return where the trunk of a robot is, seen from the root of its URDF, as the state of a simulation has it.

    Args:
        robot: which.
        joints: positions of its driven joints [rad, or m for a slide]; all others are at zero.

    Returns:
        Position of its centre of mass [m] (3,), and the axes of its frame, as columns (3, 3).
    """
    moved = {joint.name: value for joint, value in zip(robot.joints, joints, strict=True)}
    by_child = {joint.child: joint for joint in robot.model.joints}
    centre = next(link.centre for link in robot.model.links if link.name == robot.trunk)
    place, turn, link = np.array(centre), np.eye(3), robot.trunk
    while link in by_child:  # from the trunk to the root
        joint = by_child[link]
        value, axis = moved.get(joint.name, 0.0), np.array(joint.axis)
        slide = joint.kind == "prismatic"
        own = np.eye(3) if slide else _about(axis, value)
        rotation = rotation_matrix(*joint.origin[3:])
        place = np.array(joint.origin[:3]) + rotation @ (own @ place + (value * axis if slide else 0.0))
        turn, link = rotation @ own @ turn, joint.parent
    return place, turn


def _about(axis: np.ndarray, angle: float) -> np.ndarray:
    """Return the matrix of a rotation about an axis of length 1 [rad]."""
    x, y, z = axis
    cross = np.array([[0.0, -z, y], [z, 0.0, -x], [-y, x, 0.0]])
    matrix: np.ndarray = np.eye(3) + math.sin(angle) * cross + (1.0 - math.cos(angle)) * cross @ cross
    return matrix


def rotation_matrix(roll: float, pitch: float, yaw: float) -> np.ndarray:
    """Return the matrix of a rotation by three angles of a URDF [rad]."""
    about_x, about_y, about_z = np.eye(3), np.eye(3), np.eye(3)
    about_x[1:, 1:] = [[math.cos(roll), -math.sin(roll)], [math.sin(roll), math.cos(roll)]]
    about_y[::2, ::2] = [[math.cos(pitch), math.sin(pitch)], [-math.sin(pitch), math.cos(pitch)]]
    about_z[:2, :2] = [[math.cos(yaw), -math.sin(yaw)], [math.sin(yaw), math.cos(yaw)]]
    return about_z @ about_y @ about_x


def kinematic_chains(tree: Tree) -> list[list[tuple[str, ...]]]:
    """Return the kinematic chains, actuated joints without a branch: those of the trunk, those that grow from them, ...

    Those of a level are in order around the trunk, counter-clockwise, beginning with the one of the first action.
    """
    order = [joint.name for joint in tree.robot.joints]
    ways = {name: [joint for joint in tree.joints[name] if joint in order] for name in order}
    above = {name: way[-2] if len(way) > 1 else None for name, way in ways.items()}
    forks = Counter(above.values())
    heads = [name for name in order if above[name] is None or forks[above[name]] > 1]
    runs: dict[str, list[str]] = {head: [] for head in heads}
    for name in sorted(order, key=lambda name: len(ways[name])):
        runs[next(joint for joint in reversed(ways[name]) if joint in runs)].append(name)
    levels: dict[int, list[str]] = {}
    for head in heads:
        levels.setdefault(sum(joint in runs for joint in ways[head]), []).append(head)
    return [[tuple(runs[head]) for head in _around(tree, level)] for _, level in sorted(levels.items())]


def _around(tree: Tree, joints: list[str]) -> list[str]:
    """Return joints in order around the trunk; those at one place stay in their order."""
    first = tree.bearings[joints[0]]
    return sorted(joints, key=lambda joint: round((tree.bearings[joint] - first) % math.tau, 6) % round(math.tau, 6))


def partitions(source: Robot | str | os.PathLike[str]) -> dict[str, Parts]:
    """Return how several agents can share the joints of a robot (see `load_robot`), by name; read from their tree.

    "4x2" are four agents with two joints each, "9|8" two with nine and eight. Each has whole chains, or a piece of one:
    - chains that are neighbours, as many as make equal shares: "4x2" and "2x4" of an ant;
    - with a "d" chains assigned in turn around the trunk, so that those of an agent are apart: diagonal legs;
    - equal pieces of chains, down to a joint each: "8x1";
    - a chain each, where chains differ;
    - the chains of the trunk, those that grow from them, and so on: "9|8" of a humanoid, above and below the pelvis.

    Agents are in the order of their first joint's action, and so are the joints of each.
    """
    robot = source if isinstance(source, Robot) else load_robot(source)
    levels = kinematic_chains(grow(robot))
    runs = [run for level in levels for run in level]
    chain = [joint for run in runs for joint in run]
    edges = {sum(map(len, runs[:count])) for count in range(len(runs) + 1)}
    found: list[tuple[str, list[list[str]]]] = []
    for share in range(len(chain) - 1, 0, -1):
        starts = range(0, len(chain), share)
        if len(chain) % share == 0 and all(
            {start, start + share} <= edges or not edges & {*range(start + 1, start + share)} for start in starts
        ):
            found.append(("", [chain[start : start + share] for start in starts]))
            hands = [runs[first :: len(starts)] for first in range(len(starts))]
            if len(levels) == 1 and len({*map(len, runs)}) == 1 and len(hands[0]) > 1 and len(runs) % len(hands) == 0:
                found.append(("d", [[joint for run in hand for joint in run] for hand in hands]))
    found.append(("", [[*run] for run in runs]))
    found.append(("", [[joint for run in level for joint in run] for level in levels]))
    order = [joint.name for joint in robot.joints]
    named: dict[str, Parts] = {}
    for mark, parts in found:
        if len(parts) > 1:
            tidy = sorted(sorted(map(order.index, part)) for part in parts)
            named[_name(tidy) + mark] = tuple(tuple(order[place] for place in part) for part in tidy)
    return named


def _name(parts: Sequence[Sequence[int]]) -> str:
    """Return "4x2" for four parts of two joints, "9|8" for parts of nine and eight."""
    sizes = [len(part) for part in parts]
    return f"{len(sizes)}x{sizes[0]}" if len({*sizes}) == 1 else "|".join(map(str, sizes))
