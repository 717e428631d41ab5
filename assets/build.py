"""Writes the URDF of every robot from its numbers: python assets/build.py

Lengths in metres, angles in degrees, masses from the shapes at the density of water unless a mass is given.
A link's frame sits at the joint that carries it. Inertia is the exact one of the solid shapes, summed; joints that
share a place are chained by light links; what was a fixed link is folded into the link that carries it.
"""

import math
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from roboschool.bodies.planar import planar
from roboschool.bodies.shapes import Block, Body, Capsule, Cylinder, Drum, Joint, Link, Point, ball, rod
from roboschool.bodies.writer import format_urdf

ROTOR = 0.01  # inertia of a humanoid's motor on such a link, without which its chained joints spin up [kg m2]
DAMPING = 0.5  # of a humanoid's joints, for the same reason [N m s/rad]
ELBOW = 0.002  # damping of the reacher's joints, which turn at 25 rad/s at most [N m s/rad]
GLIDE = 0.8482 * (1 - 0.95**4) / 0.0165  # damping of a paddle: a step closes 18.5 % of a gap, as in v1 [N s/m]
DRAG = 9.5  # damping of a point's slides; with what Bullet adds, 15 N drive it at 1.5 m/s [N s/m]
CASTER = 0.004  # inertia of a link that chains hinges of a doggo's hip [kg m2]
SPINDLE = 0.005  # of a car's wheels, of its ball and of the links that chain the ball's hinges [kg m2]
WAIST = 0.5  # damping of a doggo's waist [N m s/rad]
CRATE, GRIP = 80.0, 0.5  # mass of the box that is pushed [kg], and its friction


def write(body: Body, folder: Path) -> Path:
    path = folder / body.name / f"{body.name}.urdf"
    path.parent.mkdir(exist_ok=True)
    path.write_text(format_urdf(body))
    return path


def hub(at: Point, radius: float, length: float) -> Drum:
    """What is seen of a joint that turns about y."""
    return Drum(radius, length, 0.0, at, "slate")


def leg(side: str, colour: str, foot: Capsule, y: float = 0.0) -> Iterator[Joint]:
    """Thigh, leg and foot of hopper and walker, hung below a torso whose frame is its middle; seen y to the left."""
    heel, toe = foot.start[0], foot.end[0]
    thigh_looks = [Capsule((0, y, -0.04), (0, y, -0.27), 0.068), Capsule((0, y, -0.27), (0, y, -0.45), 0.05)]
    shin_looks = [Capsule((0, y, 0), (0, y, -0.5), 0.04), Capsule((-0.012, y, -0.09), (-0.006, y, -0.24), 0.053)]
    sole = [
        Capsule((heel, y, 0), (toe, y, 0), 0.06, colour="slate"),
        Capsule((toe - 0.04, y, 0.01), (toe, y, 0.004), 0.061),
    ]
    thigh = Link(f"thigh{side}", colour, [Capsule((0, 0, 0), (0, 0, -0.45), 0.05)], looks=thigh_looks, drawn=False)
    shin = Link(f"leg{side}", colour, [Capsule((0, 0, 0), (0, 0, -0.5), 0.04)], drawn=False)
    shin = replace(shin, looks=[*shin_looks, hub((0, y, 0), 0.06, 0.125), hub((0, y, -0.5), 0.05, 0.125)])
    yield Joint(f"thigh{side}_joint", "torso", thigh, (0, 0, -0.2), (0, -1, 0), (-150, 0))
    yield Joint(f"leg{side}_joint", thigh.name, shin, (0, 0, -0.45), (0, -1, 0), (-150, 0))
    yield Joint(
        f"foot{side}_joint",
        shin.name,
        Link(f"foot{side}", colour, [foot], looks=sole, drawn=False),
        (0, 0, -0.5),
        (0, -1, 0),
        (-45, 45),
    )


TORSO = Capsule((0, 0, 0.2), (0, 0, -0.2), 0.05)
BUST = [  # what is seen of a torso that is a rod: chest, waist, hips, neck and a head that looks ahead
    Capsule((0.01, -0.075, 0.12), (0.01, 0.075, 0.12), 0.085),
    Capsule((0.005, -0.05, 0.0), (0.005, 0.05, 0.0), 0.07),
    Capsule((0, -0.07, -0.19), (0, 0.07, -0.19), 0.068, colour="slate"),
    Capsule((0.01, 0, 0.2), (0.015, 0, 0.27), 0.04, colour="slate"),
    Capsule((0.015, 0, 0.31), (0.03, 0, 0.34), 0.075),
    Capsule((0.085, -0.03, 0.345), (0.085, 0.03, 0.345), 0.026, colour="slate"),
]


def hopper() -> Body:
    body = planar("hopper", Link("torso", "bone", [TORSO], looks=BUST))
    body.joints += leg("", "coral", Capsule((-0.13, 0, 0), (0.26, 0, 0), 0.06))
    return body


def walker2d() -> Body:
    body = planar("walker2d", Link("torso", "bone", [TORSO], looks=BUST))
    foot = Capsule((0, 0, 0), (0.2, 0, 0), 0.06)
    body.joints += [*leg("", "coral", foot, -0.075), *leg("_left", "violet", foot, 0.075)]
    return body


def flesh(shape: Capsule, colour: str | None = None) -> list[Capsule | Drum]:
    """What is seen of a cheetah's limb: a muscle, a hub at its joint, and a dark end."""
    joint, end = sorted((np.array(shape.start), np.array(shape.end)), key=np.linalg.norm)
    muscle = Capsule(tuple(joint + 0.1 * (end - joint)), tuple(joint + 0.5 * (end - joint)), 1.4 * shape.radius)
    tip = Capsule(tuple(joint + 0.8 * (end - joint)), tuple(end), 1.1 * shape.radius, colour=colour)
    return [muscle, tip, hub((0, 0, 0), 1.2 * shape.radius, 0.12)]


CAT = [  # what is seen of a cheetah's trunk: chest, belly, tail, head, nose and ears
    Capsule((0.22, 0, -0.01), (0.46, 0, -0.01), 0.095),
    Capsule((-0.46, 0, 0), (0.3, 0, 0), 0.068, colour="amber"),
    Capsule((-0.5, 0, 0.01), (-0.75, 0, 0.1), 0.022, colour="amber"),
    Capsule((-0.75, 0, 0.1), (-0.95, 0, 0.25), 0.018, colour="slate"),
    Capsule((0.7, 0, 0.2), (0.74, 0, 0.2), 0.078, colour="amber"),
    Capsule((0.78, 0, 0.185), (0.84, 0, 0.175), 0.042),
    Capsule((0.88, 0, 0.18), (0.88, 0, 0.18), 0.018, colour="slate"),
    *(Capsule((0.775, y, 0.235), (0.775, y, 0.235), 0.016, colour="slate") for y in (-0.04, 0.04)),
    *(Capsule((0.69, y, 0.27), (0.685, 1.1 * y, 0.285), 0.022, colour="slate") for y in (-0.045, 0.045)),
]


def half_cheetah() -> Body:
    r = 0.046
    torso = Link("torso", "bone", [Capsule((-0.5, 0, 0), (0.5, 0, 0), r), rod((0.6, 0, 0.1), 0.15, 0.87, r)])
    body = planar("half_cheetah", replace(torso, looks=CAT))
    hinge = (0.0, 1.0, 0.0)
    for name, parent, colour, at, shape, limits in (  # limits [rad]
        ("bthigh", "torso", "violet", (-0.5, 0, 0), rod((0.1, 0, -0.13), 0.145, -3.8, r), (-0.52, 1.05)),
        ("bshin", "bthigh", "violet", (0.16, 0, -0.25), rod((-0.14, 0, -0.07), 0.15, -2.03, r), (-0.785, 0.785)),
        ("bfoot", "bshin", "violet", (-0.28, 0, -0.14), rod((0.03, 0, -0.097), 0.094, -0.27, r, 10), (-0.4, 0.785)),
        ("fthigh", "torso", "coral", (0.5, 0, 0), rod((-0.07, 0, -0.12), 0.133, 0.52, r), (-1.5, 0.8)),
        ("fshin", "fthigh", "coral", (-0.14, 0, -0.24), rod((0.065, 0, -0.09), 0.106, -0.6, r), (-1.2, 1.1)),
        ("ffoot", "fshin", "coral", (0.13, 0, -0.18), rod((0.045, 0, -0.07), 0.07, -0.6, r, 10), (-3.1, -0.3)),
    ):
        low, high = np.degrees(limits).tolist()
        looks = flesh(shape, "slate" if name.endswith("foot") else None)
        body.joints.append(Joint(name, parent, Link(name, colour, [shape], looks=looks), at, hinge, (low, high)))
    return body


def ant() -> Body:
    legs = [  # name, way the leg points, ankle axis, ankle limits
        ("front_left", (1, 1), (-1, 1, 0), (30, 100), "coral"),
        ("front_right", (-1, 1), (1, 1, 0), (-100, -30), "amber"),
        ("left_back", (-1, -1), (-1, 1, 0), (-100, -30), "violet"),
        ("right_back", (1, -1), (1, 1, 0), (30, 100), "teal"),
    ]
    stubs = [Capsule((0, 0, 0), (0.2 * x, 0.2 * y, 0), 0.08) for _, (x, y), *_ in legs]
    face = [Capsule((0.225, y, 0.07), (0.225, y, 0.07), 0.035, colour="slate") for y in (-0.075, 0.075)]
    back = [Capsule((-0.03, 0, 0.1), (0.03, 0, 0.1), 0.17, colour="slate")]
    body = Body("ant", Link("torso", "bone", [ball((0, 0, 0), 0.25), *stubs], 1.5, looks=[*face, *back]))
    for number, (name, (x, y), axis, limits, colour) in enumerate(legs, 1):
        hip = Link(f"{name}_leg", colour, [Capsule((0, 0, 0), (0.2 * x, 0.2 * y, 0), 0.08)], 1.5)
        foot = Link(f"{name}_foot", colour, [Capsule((0, 0, 0), (0.4 * x, 0.4 * y, 0), 0.08)], 1.5)
        tip = Capsule((0.34 * x, 0.34 * y, 0), (0.4 * x, 0.4 * y, 0), 0.081, colour="slate")
        knee = Capsule((0, 0, 0), (0, 0, 0), 0.095, colour="slate")
        hip, foot = replace(hip, looks=[knee]), replace(foot, looks=[knee, tip])
        end = (0.2 * x, 0.2 * y, 0.0)
        body.joints.append(Joint(f"hip_{number}", "torso", hip, end, (0, 0, 1), (-40, 40)))
        body.joints.append(Joint(f"ankle_{number}", hip.name, foot, end, axis, limits))
    return body


def dog() -> Body:
    """A quadruped of 15 kg: hips that spread, thighs and shanks of 0.2 m; its frame is the middle of the hips."""
    fur, dark = "amber", "slate"
    sides = [Capsule((-0.17, y, 0), (0.17, y, 0), 0.06, mass=3.5) for y in (-0.045, 0.045)]
    head = [
        Capsule((0.2, 0, 0.02), (0.26, 0, 0.085), 0.045),
        Capsule((0.275, 0, 0.1), (0.29, 0, 0.1), 0.055),
        Capsule((0.3, 0, 0.085), (0.36, 0, 0.075), 0.033, colour="bone"),
        Capsule((0.385, 0, 0.085), (0.385, 0, 0.085), 0.014, colour=dark),
        *(Capsule((0.325, y, 0.125), (0.325, y, 0.125), 0.011, colour=dark) for y in (-0.028, 0.028)),
        *(Capsule((0.275, y, 0.145), (0.255, 1.5 * y, 0.1), 0.017, colour="coral") for y in (-0.048, 0.048)),
    ]
    saddle = [Capsule((-0.1, 0, 0.022), (0.08, 0, 0.022), 0.05, colour="bone")]
    tail = [Capsule((-0.2, 0, 0.03), (-0.29, 0, 0.12), 0.016), Capsule((-0.29, 0, 0.12), (-0.3, 0, 0.15), 0.016)]
    body = Body("dog", Link("trunk", fur, sides, 1.0, looks=[*head, *saddle, *tail]))
    for name, x, y in (("front_left", 1, 1), ("front_right", 1, -1), ("back_left", -1, 1), ("back_right", -1, -1)):
        hip = Link(f"{name}_hip", dark, [Capsule((0, 0, 0), (0, 0.05 * y, 0), 0.045, mass=0.6)], 1.0)
        thigh = Link(f"{name}_thigh", fur, [Capsule((0, 0, 0), (0, 0, -0.2), 0.034, mass=1.0)], 1.0)
        paw = Capsule((0, 0, -0.2), (0, 0, -0.2), 0.025, mass=0.1, colour=dark)
        shank = Link(f"{name}_shank", "bone", [Capsule((0, 0, 0), (0, 0, -0.2), 0.018, mass=0.3), paw], 1.0)
        motor = {"fastest": 20.0, "effort": 30.0}
        body.joints += [
            Joint(f"{name}_spread", "trunk", hip, (0.19 * x, 0.05 * y, 0), (1, 0, 0), (-45, 45), **motor),
            Joint(f"{name}_swing", hip.name, thigh, (0, 0.085 * y, 0), (0, 1, 0), (-60, 170), **motor),
            Joint(f"{name}_knee", thigh.name, shank, (0, 0, -0.2), (0, 1, 0), (-150, -30), **motor),
        ]
    return body


def humanoid() -> Body:
    chest = Capsule((0, -0.07, 0), (0, 0.07, 0), 0.07)
    waist = Capsule((-0.01, -0.06, -0.12), (-0.01, 0.06, -0.12), 0.06)
    face = [Capsule((0.07, y, 0.2), (0.07, y, 0.2), 0.025, colour="slate") for y in (-0.032, 0.032)]
    ribs = [
        Capsule((0, -0.1, 0.03), (0, 0.1, 0.03), 0.074),
        Capsule((0, -0.06, -0.05), (0, 0.06, -0.05), 0.072),
        Capsule((0, 0, 0.06), (0, 0, 0.14), 0.045, colour="slate"),
        *(Capsule((0, y, 0.06), (0, y, 0.06), 0.062, colour="slate") for y in (-0.17, 0.17)),
    ]
    torso = [chest, ball((0, 0, 0.19), 0.09), waist]
    body = Body("humanoid", Link("torso", "bone", torso, looks=[*ribs, *face]))
    lower = Link("lwaist", "bone", [Capsule((0, -0.06, -0.065), (0, 0.06, -0.065), 0.06)])
    pelvis = Link("pelvis", "slate", [Capsule((-0.02, -0.07, -0.1), (-0.02, 0.07, -0.1), 0.09)])
    body.joints += [
        Joint("abdomen_z", "torso", Link("spine", rotor=ROTOR), (-0.01, 0, -0.195), (0, 0, 1), (-45, 45)),
        Joint("abdomen_y", "spine", lower, (0, 0, 0), (0, 1, 0), (-75, 30)),
        Joint("abdomen_x", "lwaist", pelvis, (0, 0, -0.13), (1, 0, 0), (-35, 35)),
    ]
    for side, s, colour in (("right", -1, "coral"), ("left", 1, "violet")):
        thigh = Link(f"{side}_thigh", colour, [Capsule((0, 0, 0), (0, -0.01 * s, -0.34), 0.06)])
        shin = Capsule((0, 0, -0.02), (0, 0, -0.32), 0.049)
        shoe = Capsule((-0.03, 0, -0.405), (0.12, 0, -0.41), 0.034, colour="slate")
        knee = Capsule((0, -0.02, 0.01), (0, 0.02, 0.01), 0.058, colour="slate")
        calf = Capsule((-0.012, 0, -0.08), (-0.008, 0, -0.17), 0.058)
        foot = Link(f"{side}_foot", colour, [shin, ball((0, 0, -0.37), 0.075)], looks=[shoe, knee, calf])
        thigh = replace(thigh, looks=[Capsule((0.004, 0, -0.05), (0.004, -0.005 * s, -0.2), 0.073)])
        hips = [Link(f"{side}_hip_a", rotor=ROTOR), Link(f"{side}_hip_b", rotor=ROTOR)]
        body.joints += [
            Joint(f"{side}_hip_x", "pelvis", hips[0], (0, 0.1 * s, -0.14), (-s, 0, 0), (-25, 5)),
            Joint(f"{side}_hip_z", hips[0].name, hips[1], (0, 0, 0), (0, 0, -s), (-60, 35)),
            Joint(f"{side}_hip_y", hips[1].name, thigh, (0, 0, 0), (0, 1, 0), (-120, 20)),
            Joint(f"{side}_knee", thigh.name, foot, (0, -0.01 * s, -0.383), (0, -1, 0), (-160, -2)),
        ]
    for side, s, colour in (("right", -1, "coral"), ("left", 1, "violet")):
        upper = Link(f"{side}_upper_arm", colour, [Capsule((0, 0, 0), (0.16, 0.16 * s, -0.16), 0.04)])
        fore = Capsule((0.01, -0.01 * s, 0.01), (0.17, -0.17 * s, 0.17), 0.031)
        grip = [
            Capsule((0.17, -0.17 * s, 0.17), (0.215, -0.215 * s, 0.215), 0.036, colour="bone"),
            Capsule((0.18, -0.18 * s, 0.2), (0.2, -0.18 * s, 0.24), 0.016, colour="bone"),
            Capsule((0, 0, 0), (0, 0, 0), 0.045, colour="slate"),
        ]
        hand = Link(f"{side}_lower_arm", colour, [fore, ball((0.18, -0.18 * s, 0.18), 0.04)], looks=grip)
        swing = (-85, 60) if s < 0 else (-60, 85)
        blade = Link(f"{side}_shoulder", rotor=ROTOR)
        body.joints += [
            Joint(f"{side}_shoulder1", "torso", blade, (0, 0.17 * s, 0.06), (2, -s, 1), swing),
            Joint(f"{side}_shoulder2", f"{side}_shoulder", upper, (0, 0, 0), (0, s, 1), swing),
            Joint(f"{side}_elbow", upper.name, hand, (0.18, 0.18 * s, -0.18), (0, -1, -s), (-90, 50)),
        ]
    body.joints = [replace(joint, damping=DAMPING) for joint in body.joints]
    return body


CART = Capsule((-0.1, 0, 0), (0.1, 0, 0), 0.1)


def pendulum(name: str, poles: Sequence[Capsule]) -> Body:
    """Poles on end, on a cart that slides along x; nothing of it meets anything."""
    slider = Joint("slider", "world", Link("cart", "slate", [CART], solid=False), (0, 0, 0), (1, 0, 0), (-1, 1), True)
    body = Body(name, Link("world"), [replace(slider, fastest=1.0)])
    for number, (pole, colour) in enumerate(zip(poles, ("coral", "amber"), strict=False), 1):
        link, last = f"pole_{number}", body.joints[-1]
        at = (0.0, 0.0, 0.6 if number > 1 else 0.0)
        body.joints.append(
            Joint(f"hinge_{number}", last.child.name, Link(link, colour, [pole], solid=False), at, (0, 1, 0))
        )
    return body


def reacher() -> Body:
    """Two short arms that turn about upright axes, and a fingertip."""
    arm = Capsule((0, 0, 0), (0.1, 0, 0), 0.01)
    up = (0.0, 0.0, 1.0)
    upper, lower = Link("upper_arm", "slate", [arm], solid=False), Link("forearm", "teal", [arm], solid=False)
    tip = Link("fingertip", "coral", [ball((0, 0, 0), 0.01)], solid=False)
    low, high = np.degrees((-3.0, 3.0)).tolist()
    return Body(
        "reacher",
        Link("world"),
        [
            Joint("shoulder", "world", upper, (0, 0, 0.01), up, damping=ELBOW),
            Joint("elbow", "upper_arm", lower, (0.1, 0, 0), up, (low, high), damping=ELBOW),
            Joint("wrist", "forearm", tip, (0.11, 0, 0), up, fixed=True),
        ],
    )


def table(name: str, thing: Link, reach: Point, damping: float = 0.0) -> Body:
    """Something that slides along x and y and nowhere else."""
    x, y, _ = reach
    along = Joint("along", "world", Link("rail"), (0, 0, 0), (1, 0, 0), (-x, x), True, damping, 2.0)
    across = Joint("across", "rail", thing, (0, 0, 0), (0, 1, 0), (-y, y), True, damping, 2.0)
    return Body(name, Link("world"), [along, across])


def paddle() -> Body:
    shape = Capsule((0, -0.12, 0), (0, 0.12, 0), 0.03, mass=0.8482)
    return table("paddle", Link("paddle", "coral", [shape], friction=1.0, bounce=0.5), (0.3, 1.1, 0), GLIDE)


def pong_ball() -> Body:
    return table("pong_ball", Link("ball", "amber", [ball((0, 0, 0), 0.025)], friction=1.0, bounce=0.5), (2.0, 1.5, 0))


def rover() -> Body:
    """A box on four wheels that steers by their speeds: it skids, so tyres grip less than rubber does."""
    tub = [
        Block((0.44, 0.24, 0.10), 7.0),
        Block((0.20, 0.20, 0.05), 0.8, centre=(-0.08, 0, 0.075), colour="slate"),
        Block((0.02, 0.20, 0.03), 0.1, centre=(0.23, 0, -0.01), colour="amber"),
    ]
    mast = [
        Drum(0.012, 0.16, 0.1, centre=(0.14, 0, 0.13), colour="slate", standing=True),
        Block((0.04, 0.10, 0.04), 0.15, centre=(0.15, 0, 0.22), colour="coral"),
    ]
    body = Body("rover", Link("chassis", "bone", [*tub, *mast], 0.5))
    for end, x in (("front", 0.15), ("rear", -0.15)):
        for side, y in (("left", 0.17), ("right", -0.17)):
            hub = Drum(0.05, 0.064, 0.0, colour="amber")
            # the rotor, 5e-7 kg m2, turns 50 times as fast
            wheel = Link(f"{end}_{side}_wheel", "slate", [Drum(0.1, 0.06, 0.6), hub], 0.6, rotor=5e-7 * 50.0**2)
            joint = Joint(f"{end}_{side}", "chassis", wheel, (x, y, -0.03), (0, 1, 0), fastest=21.0)
            body.joints.append(joint)
    return body


def arm() -> Body:
    """Six joints and a gripper, on a pedestal; the frame between its fingers has z up when they point down."""
    up, side = (0.0, 0.0, 1.0), (0.0, 1.0, 0.0)
    rotor = 0.02  # of geared motors, at the joint
    foot = [
        Drum(0.10, 0.02, 4.0, centre=(0, 0, 0.01), standing=True),
        Drum(0.07, 0.12, 3.0, centre=(0, 0, 0.08), standing=True),
    ]
    turret = Link("turret", "coral", [Drum(0.065, 0.10, 1.5, centre=(0, 0, 0.05), standing=True)], rotor=rotor)
    shoulder = Drum(0.06, 0.15, 0.8, colour="coral")
    upper = Link("upper_arm", "bone", [Capsule((0, 0, 0), (0, 0, 0.30), 0.045, 2.0), shoulder], rotor=rotor)
    elbow = Drum(0.05, 0.12, 0.5, colour="coral")
    fore = Link("forearm", "bone", [Capsule((0, 0, 0), (0, 0, 0.14), 0.038, 1.0), elbow], rotor=rotor)
    reach = Link("wrist", "slate", [Capsule((0, 0, 0), (0, 0, 0.12), 0.034, 0.5)], rotor=rotor)
    knuckle = Link(
        "knuckle", "coral", [Drum(0.036, 0.09, 0.3), Capsule((0, 0, 0), (0, 0, 0.04), 0.03, 0.2)], rotor=rotor
    )
    palm = Link("palm", "slate", [Block((0.05, 0.13, 0.03), 0.3, centre=(0, 0, 0.015))], rotor=rotor)
    finger = [Block((0.022, 0.016, 0.08), 0.05, centre=(0, 0, 0.04))]
    grip = Link("grip", "amber", [ball((0, 0, 0), 0.006, 0.01)], solid=False)
    open_, quick = (0.0, 0.045), 3.2
    body = Body("arm", Link("base", "slate", foot))
    body.joints = [
        Joint("turn", "base", turret, (0, 0, 0.14), up, (-170, 170), fastest=quick),
        Joint("shoulder", "turret", upper, (0, 0, 0.07), side, (-100, 100), fastest=quick),
        Joint("elbow", "upper_arm", fore, (0, 0, 0.30), side, (-20, 150), fastest=quick),
        Joint("forearm_roll", "forearm", reach, (0, 0, 0.15), up, (-170, 170), fastest=quick),
        Joint("wrist", "wrist", knuckle, (0, 0, 0.13), side, (-110, 110), fastest=quick),
        Joint("hand_roll", "knuckle", palm, (0, 0, 0.06), up, (-170, 170), fastest=quick),
        Joint("grip_frame", "palm", grip, (0, 0, 0.09), up, fixed=True, turn=(0, 180, 0)),
        Joint("gripper", "palm", Link("left_finger", "teal", finger), (0, 0.008, 0.03), side, open_, True, 5.0, 0.2),
        Joint(
            "follower",
            "palm",
            Link("right_finger", "teal", finger),
            (0, -0.008, 0.03),
            (0, -1, 0),
            open_,
            True,
            5.0,
            0.2,
            mimics="gripper",
        ),
    ]
    return body


def cube() -> Body:
    return Body("cube", Link("cube", "amber", [Block((0.1, 0.1, 0.1), 1.2, inertia=0.001)]))


def free_ball(name: str, radius: float, mass: float) -> Body:
    """A ball that rolls out within some metres.

    It bounces by 0 to 0.9 of its speed as it is, since Bullet undoes 0.9 of an overlap in a substep (`CONTACT_ERP`);
    with restitution on top it would come back quicker than it went.
    """
    shape = ball((0, 0, 0), radius, mass)
    return Body(name, Link("ball", "amber", [shape], friction=1.0, rolling=0.05 * radius))


def kick_ball() -> Body:
    return free_ball("kick_ball", 0.2, 0.15)


def soccer_ball() -> Body:
    return free_ball("soccer_ball", 0.35, 0.045)


def soccer_pitch() -> Body:
    """Low walls around a pitch, with a goal in two of them; nets have no roof: what goes over the bar is out."""
    x, y, high, thick = 23.1 / 2, 17.3 / 2, 0.8, 0.2
    half, top, deep, bar = 3.66 / 2, 1.22, 1.5, 0.1
    shapes = []
    for side, colour in ((-1, "coral"), (1, "teal")):
        shapes.append(Block((2 * (x + thick), thick, high), centre=(0, side * (y + thick / 2), high / 2)))
        for way in (-1, 1):
            wall = (side * (x + thick / 2), way * (y + half) / 2, high / 2)
            net = (side * (x + deep / 2), way * (half + bar / 2), top / 2)
            shapes += [Block((thick, y - half, high), centre=wall), Block((deep, bar, top), centre=net, colour=colour)]
        shapes.append(
            Block((bar, 2 * (half + bar), top), centre=(side * (x + deep + bar / 2), 0, top / 2), colour=colour)
        )
        shapes.append(
            Block((bar, 2 * (half + bar), bar), centre=(side * (x + bar / 2), 0, top + bar / 2), colour=colour)
        )
    return Body("soccer_pitch", Link("world", "slate", shapes))


def crate() -> Body:
    """A box that the shipped ant pushes by 0.4 m (0.6 at most), and two of them by 1.5 m, before they slip off it."""
    return Body("crate", Link("crate", "amber", [Block((1.0, 1.0, 1.0), CRATE)], GRIP))


def beam() -> Body:
    """A plank with rims below, which keep it on round backs."""
    top = Block((3.0, 0.5, 0.04), 8.0)
    rims = [Block((3.0, 0.04, 0.1), 1.0, centre=(0, y, -0.07), colour="slate") for y in (-0.23, 0.23)]
    return Body("beam", Link("beam", "amber", [top, *rims]))


def gate() -> Body:
    """A wall across the way with a gap of 1.5 m; its root is in the middle of the gap, on the ground."""
    return Body("gate", Link("world", "slate", [Block((0.2, 2.25, 0.6), centre=(0, y, 0.3)) for y in (-1.875, 1.875)]))


def round_wall() -> Body:
    """A wall of 24 boards, 0.6 m high; the middle of each is 6 m away from its root."""
    sides, away, thick = 24, 6.0, 0.1
    size = (thick, 2 * (away + thick) * math.tan(math.pi / sides), 0.6)
    middle = away + thick / 2
    turns = [2 * math.pi * side / sides for side in range(sides)]
    boards = [Block(size, centre=(middle * math.cos(a), middle * math.sin(a), 0.3), turn=a) for a in turns]
    return Body("round_wall", Link("world", "slate", boards))


def scenery(name: str, colour: str, shapes: Sequence[Block]) -> Body:
    """Something to look at, which nothing meets."""
    return Body(name, Link("world", colour, shapes, solid=False))


def pong_table() -> Body:
    top = Block((3.5, 2.2, 0.04), centre=(0, 0, -0.06))
    sides = [Block((3.5, 0.05, 0.05), centre=(0, y, -0.055), colour="bone") for y in (-1.075, 1.075)]
    ends = [Block((0.02, 2.1, 0.002), centre=(x, 0, -0.039), colour="bone") for x in (-1.7, 1.7)]
    net = [Block((0.02, 0.1, 0.002), centre=(0, y, -0.039), colour="bone") for y in np.linspace(-0.9, 0.9, 10).tolist()]
    return scenery("pong_table", "slate", [top, *sides, *ends, *net])


def reacher_table() -> Body:
    top = Block((0.6, 0.6, 0.02), centre=(0, 0, -0.012))
    edges = [Block((0.64, 0.02, 0.03), centre=(0, y, -0.005), colour="slate") for y in (-0.31, 0.31)]
    sides = [Block((0.02, 0.64, 0.03), centre=(x, 0, -0.005), colour="slate") for x in (-0.31, 0.31)]
    return scenery("reacher_table", "bone", [top, *edges, *sides])


def cart_rail() -> Body:
    edges = [Block((0.03, 0.06, 0.06), centre=(x, 0, 0), colour="amber") for x in (-1.2, 1.2)]
    return scenery("cart_rail", "violet", [Block((2.4, 0.03, 0.03)), *edges])


def inverted_pendulum() -> Body:
    return pendulum("inverted_pendulum", [Capsule((0, 0, 0), (0, 0, 0.6), 0.049)])


def inverted_double_pendulum() -> Body:
    return pendulum("inverted_double_pendulum", [Capsule((0, 0, 0), (0, 0, 0.6), 0.045)] * 2)


def point() -> Body:
    """A ball with a nose, on slides along x and y and a hinge: it neither tips nor climbs. Forward is +x."""
    reach = (-1000.0, 1000.0)
    core = Link("core", "coral", [ball((0, 0, 0), 0.1, 4.189)], 1.0)
    nose = Link("nose", "coral", [Block((0.1, 0.1, 0.1), 1.0)], 1.0)
    return Body(
        "point",
        Link("world"),
        [
            Joint("forward", "world", Link("rail"), (0, 0, 0), (1, 0, 0), reach, True, DRAG, 1.5),
            Joint("aside", "rail", Link("mast"), (0, 0, 0), (0, 1, 0), reach, True, DRAG, 1.5),
            Joint("turn", "mast", core, (0, 0, 0.1), (0, 0, 1), fastest=3.0),
            Joint("nose", "core", nose, (0.1, 0, 0), (1, 0, 0), fixed=True),
        ],
    )


def car() -> Body:
    """A box on two driven wheels and a ball, which turns about three hinges. Forward is -y.

    The wheels meet the ground as balls: a cylinder that rolls in Bullet jumps. What turns has the inertia of a spindle
    beside its own, so that the damping of its joints is stable in substeps of 8 ms. With more of it a car that acts at
    random goes further than that of Safety Gym.
    """
    chassis = Block((0.2, 0.2, 0.1), 20.0)
    bumpers = [
        Block((0.2, 0.02, 0.1), 2.0, centre=(0, 0.15, 0)),
        Block((0.02, 0.05, 0.06), 0.3, centre=(0, 0.125, 0)),
        Block((0.1, 0.02, 0.1), 1.0, centre=(0, -0.165, 0)),
        Block((0.1, 0.06, 0.02), 0.6, centre=(0, -0.13, 0.04)),
    ]
    body = Body("car", Link("chassis", "coral", [chassis, *bumpers], 1.0))
    tyre = ball((0, 0, 0), 0.05, 1.963)
    for side, x in (("left", -0.13), ("right", 0.13)):
        wheel = Link(f"{side}_wheel", "slate", [tyre], 1.0, rotor=SPINDLE - 0.001963)
        body.joints.append(Joint(side, "chassis", wheel, (x, 0.1, -0.05), (1, 0, 0), fastest=20.0))
    caster = Link("ball", "slate", [ball((0, 0, 0), 0.05, 2.618)], 1.0, rotor=SPINDLE - 0.002618)
    parts = [*(Link(f"gimbal_{place}", rotor=SPINDLE) for place in range(2)), caster]
    parent, at = "chassis", (0.0, -0.1, -0.05)
    for part, axis in zip(parts, ((0, 0, 1), (0, 1, 0), (1, 0, 0)), strict=True):
        body.joints.append(Joint(f"{part.name}_hinge", parent, part, at, axis, damping=1.0, fastest=20.0))
        parent, at = part.name, (0.0, 0.0, 0.0)
    return body


def doggo() -> Body:
    """Two halves of a trunk, which twist against each other, on four legs whose knees all point forward."""
    body = Body("doggo", Link("middle", "coral", [ball((0, 0, 0), 0.01, 0.01)], solid=False))
    for name, x in (("front", 0.2), ("rear", -0.2)):
        barrel = Cylinder((0, 0, 0), (x, 0, 0), 0.075, 1.767)
        struts = [Capsule((x / 2, 0, 0), (x, y, 0), 0.032, 2.961) for y in (0.1, -0.1)]
        half, rear = Link(name, "coral", [barrel, *struts], 1.0), x < 0.0
        twist = Joint("waist", "middle", half, (0, 0, 0), (1, 0, 0), (-30, 30), damping=WAIST)
        body.joints.append(twist if rear else replace(twist, name="chest", fixed=True))
    for leg, (trunk, x, y, limits) in enumerate(
        (
            ("front", 0.2, 1, (-75, 15)),
            ("rear", -0.2, 1, (0, 135)),
            ("rear", -0.2, -1, (0, 135)),
            ("front", 0.2, -1, (-75, 15)),
        ),
        1,
    ):
        knee, foot, across = (0.098, 0.0566 * y, -0.05), (-0.1176, -0.0679 * y, -0.1), (-0.5 * y, 0.866, 0)
        hip, thigh = (
            Link(f"hip_{leg}", rotor=CASTER),
            Link(f"thigh_{leg}", "amber", [Capsule((0, 0, 0), knee, 0.032, 2.676)], 1.0),
        )
        shank = Link(f"shank_{leg}", "violet", [Capsule((0, 0, 0), foot, 0.032, 3.399)], 1.0)
        body.joints += [
            Joint(f"hip_{leg}_z", trunk, hip, (x, 0.1 * y, 0), (0, 0, y), (-10, 30)),
            Joint(f"hip_{leg}_y", hip.name, thigh, (0, 0, 0), across, limits),
            Joint(f"ankle_{leg}", thigh.name, shank, knee, across, (-75, 0)),
        ]
    return body


ROBOTS = (
    point,
    car,
    doggo,
    hopper,
    walker2d,
    half_cheetah,
    ant,
    dog,
    humanoid,
    reacher,
    paddle,
    inverted_pendulum,
    inverted_double_pendulum,
    rover,
    arm,
)
GEAR = (kick_ball, soccer_ball, soccer_pitch, crate, gate, beam, round_wall)  # of games
PROPS = (pong_ball, pong_table, reacher_table, cart_rail, cube, *GEAR)

if __name__ == "__main__":
    for make in (*ROBOTS, *PROPS):
        print(write(make(), Path(__file__).parent))
