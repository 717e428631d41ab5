"""Writes the URDF of the atlas from its numbers: python assets/build_atlas.py

A body of our own: the order, axes, ranges and speeds of its joints and the mass of every link are those of the Atlas of
2014, its shapes are not. Angles in degrees, lengths in metres; a link's frame sits at the joint that carries it, x is
forward and y left. Zero is legs straight and arms out to the sides.
"""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias
from xml.etree import ElementTree as ET

import numpy as np

from roboschool.bodies.shapes import DENSITY, Capsule, Point, ball
from roboschool.bodies.writer import PALETTE, draw, numbers, toward

# Inertia about every axis that geared motors give a link [kg m2]. Without it ankle (0.125 kg), hand (1 kg) and foot
# (2.4 kg) are too light for their torques and for the weight on them: with 0.02 an ankle that the fallen robot lay on
# stayed 22 degrees beyond its limit, with this 9, and 5 with the 20 iterations of its scene.
ROTOR = 0.05
# Of every joint [N m s/rad], as the humanoid's. The real one's are 0.1 to 0.2; with 0.2 random torques that stay for 8
# steps bring knees and ankles to 90 rad/s, near Bullet's clamp of 100, and 8 degrees over their limits; with this to 60
# and 7, which is the way of one substep.
DAMPING = 0.5
FRICTION = 0.8


@dataclass(frozen=True)
class Box:
    """A block along the axes of its link."""

    centre: Point
    size: Point

    def weigh(self) -> tuple[float, np.ndarray]:
        """Return mass [kg] and inertia about the centre [kg m2]."""
        mass = math.prod(self.size) * DENSITY
        x, y, z = (length**2 for length in self.size)
        return mass, mass / 12 * np.diag([y + z, x + z, x + y])


Shape: TypeAlias = Box | Capsule
Painted: TypeAlias = tuple[str, Shape]  # colour and shape


def paint(colour: str, *shapes: Shape) -> list[Painted]:
    return [(colour, shape) for shape in shapes]


@dataclass(frozen=True)
class Part:
    """A link: `shapes` weigh, collide and are seen; `trim` is only seen."""

    name: str
    mass: float  # [kg], spread evenly over its shapes
    shapes: Sequence[Painted]
    trim: Sequence[Painted] = ()
    touches: bool = True  # or hidden among its neighbours, so that nothing need collide with it


@dataclass(frozen=True)
class Hinge:
    name: str
    parent: str
    child: Part
    at: Point  # in the parent's frame
    axis: Point
    limits: tuple[float, float]  # [deg]
    effort: float  # [N m]
    fastest: float = 12.0  # [rad/s]


def see(link: ET.Element, colour: str, shape: Shape) -> None:
    if isinstance(shape, Box):
        pieces = [draw(link, "visual", "box", shape.centre, (0, 0, 0))]
        next(pieces[0].iter("box")).set("size", numbers(shape.size))
    else:  # Bullet draws a capsule with six sides; these are round
        edges = dict.fromkeys((shape.start, shape.end))
        pieces = [draw(link, "visual", "sphere", end, (0, 0, 0), radius=shape.radius) for end in edges]
        if shape.length:
            turn, size = toward((np.array(shape.end) - shape.start) / shape.length), {"length": shape.length}
            pieces.append(draw(link, "visual", "cylinder", shape.centre, turn, radius=shape.radius, **size))
    for piece in pieces:
        ET.SubElement(piece, "material", name=colour)


def feel(link: ET.Element, shape: Shape) -> None:
    if isinstance(shape, Box):
        element = draw(link, "collision", "box", shape.centre, (0, 0, 0))
        next(element.iter("box")).set("size", numbers(shape.size))
    elif shape.length:
        turn = toward((np.array(shape.end) - shape.start) / shape.length)
        draw(link, "collision", "capsule", shape.centre, turn, radius=shape.radius, length=shape.length)
    else:
        draw(link, "collision", "sphere", shape.start, (0, 0, 0), radius=shape.radius)


def weigh(part: Part) -> tuple[np.ndarray, np.ndarray]:
    """Return centre of mass [m] and the inertia about it [kg m2] of a link."""
    places = [np.array(shape.centre) for _, shape in part.shapes]
    weights = [shape.weigh() for _, shape in part.shapes]
    whole = sum(mass for mass, _ in weights)
    centre = sum(mass * place for place, (mass, _) in zip(places, weights, strict=True)) / whole
    inertia = np.zeros((3, 3))
    for place, (mass, own) in zip(places, weights, strict=True):
        arm = place - centre
        inertia += own + mass * (arm @ arm * np.eye(3) - np.outer(arm, arm))
    return centre, inertia * part.mass / whole + ROTOR * np.eye(3)


def write_part(robot: ET.Element, part: Part) -> None:
    link = ET.SubElement(robot, "link", name=part.name)
    centre, inertia = weigh(part)
    inertial = ET.SubElement(link, "inertial")
    ET.SubElement(inertial, "origin", xyz=numbers(centre))
    ET.SubElement(inertial, "mass", value=f"{part.mass:.6g}")
    moments = {f"i{'xyz'[a]}{'xyz'[b]}": f"{inertia[a, b]:.6g}" for a in range(3) for b in range(a, 3)}
    ET.SubElement(inertial, "inertia", moments)
    ET.SubElement(ET.SubElement(link, "contact"), "lateral_friction", value=f"{FRICTION:g}")
    for colour, shape in [*part.shapes, *part.trim]:
        see(link, colour, shape)
    for _, shape in part.shapes if part.touches else ():
        feel(link, shape)


def write_hinge(robot: ET.Element, hinge: Hinge) -> None:
    joint = ET.SubElement(robot, "joint", name=hinge.name, type="revolute")
    ET.SubElement(joint, "parent", link=hinge.parent)
    ET.SubElement(joint, "child", link=hinge.child.name)
    ET.SubElement(joint, "origin", xyz=numbers(hinge.at))
    ET.SubElement(joint, "axis", xyz=numbers(hinge.axis))
    edges = dict(zip(("lower", "upper"), (f"{math.radians(end):.6g}" for end in hinge.limits), strict=True))
    ET.SubElement(joint, "limit", edges, effort=f"{hinge.effort:g}", velocity=f"{hinge.fastest:g}")
    ET.SubElement(joint, "dynamics", damping=f"{DAMPING:g}")


X, Y, Z = (1.0, 0.0, 0.0), (0.0, 1.0, 0.0), (0.0, 0.0, 1.0)

PELVIS = Part(
    "pelvis",
    9.509,
    paint("slate", Capsule((0, -0.075, 0), (0, 0.075, 0), 0.1)),
    paint("bone", Capsule((0.012, -0.06, 0.03), (0.012, 0.06, 0.03), 0.095)),
)


def trunk() -> Iterator[Hinge]:
    def across(x: float, z: float, half: float, radius: float) -> Capsule:
        return Capsule((x, -half, z), (x, half, z), radius)

    lower = Part("ltorso", 2.270, paint("slate", across(0, 0.06, 0.03, 0.075)))
    middle = Part("mtorso", 0.799, paint("slate", across(0, 0, 0.05, 0.08)), touches=False)
    chest = [across(0.005, 0.4, 0.13, 0.13), across(0.007, 0.28, 0.115, 0.122), across(0, 0.14, 0.065, 0.105)]
    tanks = [Capsule((-0.165, 0.085 * y, 0.22), (-0.165, 0.085 * y, 0.43), 0.08) for y in (-1, 1)]
    lamp = Capsule((0.09, 0, 0.37), (0.105, 0, 0.37), 0.06)
    throat = Capsule((0.015, 0, 0.5), (0.015, 0, 0.58), 0.05)
    body, trim = paint("bone", *chest) + paint("slate", *tanks), paint("teal", lamp) + paint("slate", throat)
    upper = Part("utorso", 84.409, body, trim)
    yield Hinge("back_bkz", "pelvis", lower, (0, 0, 0.08), Z, (-38.0, 38.0), 106)
    yield Hinge("back_bky", "ltorso", middle, (0, 0, 0.09), Y, (-12.6, 30.9), 445, 9.0)
    yield Hinge("back_bkx", "mtorso", upper, (0, 0, 0.05), X, (-30.0, 30.0), 300)


def neck() -> Hinge:
    visor = Capsule((0.065, -0.04, 0.1), (0.065, 0.04, 0.1), 0.05)
    head = Part("head", 1.420, paint("bone", ball((0, 0, 0.09), 0.105)), paint("teal", visor))
    return Hinge("neck_ry", "utorso", head, (0.02, 0, 0.55), Y, (-34.5, 65.5), 5, 6.28)


def arm(side: str, s: int, colour: str) -> Iterator[Hinge]:
    """An arm along y, `s` being 1 for the left one; the right one turns the other way about x and y."""
    x, y = (-s, 0, 0), (0, -s, 0)

    def along(start: float, end: float, radius: float) -> Capsule:
        return Capsule((0, s * start, 0), (0, s * end, 0), radius)

    def part(name: str, mass: float, colour: str, *shapes: Shape) -> Part:
        return Part(f"{side}_{name}", mass, paint(colour, *shapes))

    def sided(low: float, high: float) -> tuple[float, float]:
        return (low, high) if s == 1 else (-high, -low)

    clav = part("clav", 4.466, "slate", along(0.03, 0.08, 0.08))
    scap = part("scap", 3.899, colour, along(0, 0.13, 0.09))
    uarm = part("uarm", 4.386, "slate", along(-0.03, 0.1, 0.06))
    larm = part("larm", 3.248, colour, along(0, 0.13, 0.065))
    ufarm = part("ufarm", 4.386, colour, along(-0.03, 0.1, 0.055))
    lfarm = part("lfarm", 2.509, "slate", along(0, 0.06, 0.045))
    hand = part("hand", 1.0, "bone", along(0.03, 0.06, 0.05))
    yield Hinge(f"{side}_arm_shz", "utorso", clav, (0.01, s * 0.235, 0.42), Z, sided(-90, 45), 87)
    yield Hinge(f"{side}_arm_shx", clav.name, scap, (0, s * 0.115, 0), x, (-90, 90), 99)
    yield Hinge(f"{side}_arm_ely", scap.name, uarm, (0, s * 0.19, 0), y, (0, 180), 63)
    yield Hinge(f"{side}_arm_elx", uarm.name, larm, (0, s * 0.12, 0), x, sided(0, 135), 112)
    yield Hinge(f"{side}_arm_wry", larm.name, ufarm, (0, s * 0.18, 0), y, (0, 180), 25)
    yield Hinge(f"{side}_arm_wrx", ufarm.name, lfarm, (0, s * 0.12, 0), X, (-67.5, 67.5), 25)
    yield Hinge(f"{side}_arm_wry2", lfarm.name, hand, (0, s * 0.08, 0), Y, (-0.1, 0.1), 5, 1.0)


def leg(side: str, s: int, colour: str) -> Iterator[Hinge]:
    def part(name: str, mass: float, colour: str, *shapes: Shape, touches: bool = True) -> Part:
        return Part(f"{side}_{name}", mass, paint(colour, *shapes), touches=touches)

    uglut = part("uglut", 1.959, "slate", ball((0, 0, -0.01), 0.07), touches=False)
    lglut = part("lglut", 0.898, "slate", ball((0, 0.02 * s, -0.015), 0.07), touches=False)
    thigh = [Capsule((0, 0, 0), (0, 0, -0.17), 0.085), Capsule((0, 0, -0.17), (0, 0, -0.35), 0.065)]
    uleg = part("uleg", 8.204, colour, *thigh)
    shin = [Capsule((0, 0, -0.06), (0, 0, -0.36), 0.06)]
    knee, calf = Capsule((0, -0.04, 0), (0, 0.04, 0), 0.06), Capsule((-0.02, 0, -0.11), (-0.01, 0, -0.24), 0.062)
    lleg = Part(f"{side}_lleg", 4.515, paint(colour, *shin), paint("slate", knee) + paint(colour, calf))
    talus = part("talus", 0.125, "slate", ball((0, 0, 0), 0.045), touches=False)
    sole = Box((0.05, 0, -0.06), (0.25, 0.134, 0.05))
    instep = Capsule((-0.02, 0, -0.035), (0.09, 0, -0.045), 0.04)
    foot = Part(f"{side}_foot", 2.410, paint("slate", sole), paint("bone", instep))
    yield Hinge(f"{side}_leg_hpz", "pelvis", uglut, (0, 0.1 * s, -0.03), Z, (-10, 45.1) if s == 1 else (-45.1, 10), 275)
    yield Hinge(f"{side}_leg_hpx", uglut.name, lglut, (0, 0, -0.04), X, (-30, 30), 530)
    yield Hinge(f"{side}_leg_hpy", lglut.name, uleg, (0, 0.03 * s, -0.03), Y, (-92.4, 37.7), 840)
    yield Hinge(f"{side}_leg_kny", uleg.name, lleg, (0, 0, -0.41), Y, (0, 135), 890)
    yield Hinge(f"{side}_leg_aky", lleg.name, talus, (0, 0, -0.435), Y, (-57.3, 40.1), 92)
    yield Hinge(f"{side}_leg_akx", talus.name, foot, (0, 0, 0), X, (-45.8, 45.8), 45)


def atlas() -> str:
    """Return the URDF; its joints stand in the order of actions."""
    left, right = ("l", 1, "teal"), ("r", -1, "amber")
    robot = ET.Element("robot", name="atlas")
    for name, rgb in PALETTE.items():
        ET.SubElement(ET.SubElement(robot, "material", name=name), "color", rgba=numbers((*rgb, 1)))
    write_part(robot, PELVIS)
    for hinge in (*trunk(), *arm(*left), neck(), *arm(*right), *leg(*left), *leg(*right)):
        write_part(robot, hinge.child)
        write_hinge(robot, hinge)
    ET.indent(robot)
    return ET.tostring(robot, encoding="unicode") + "\n"


if __name__ == "__main__":
    path = Path(__file__).with_name("atlas") / "atlas.urdf"
    path.write_text(atlas())
    print(path)
