"""Chooses the effort and the gains of motors from what they have to carry, within what is stable."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from roboschool.importing.draft import Draft
from roboschool.importing.inertia import solid_of_link
from roboschool.importing.kind import Anatomy
from roboschool.importing.report import LOSS, Report
from roboschool.physics.stability import LIMIT
from roboschool.robots.motors import strongest

GRAVITY = 9.81  # [m/s2]
LEG_SHARE = 0.35  # of weight times height: what a leg's joint has to hold, where two legs stand
SPARE = 2.0  # an effort that is not stated is this multiple of what is needed
ABSURD = 1e4  # times what is needed: no real motor is that strong
LARGEST = 1e5  # [N m or N]
SAG = 0.05  # how far gravity may push a joint from its target [rad]
SAG_SLIDE = 0.01  # [m]
LEG_SAG = 0.33  # of the error at which a leg's motor is at its effort: the sag of one that is soft
GRIP = 0.5  # of the weight, that all wheels together push with
SLIP = 2.0  # by which a wheel is too slow when its motor gives all it has [rad/s]
QUICK = 15.0  # a joint swings at least so fast about its target [rad/s]
FULL = 0.05  # no motor is at its effort at a smaller error [rad]
YIELDS = (0.5, 0.25, 0.1, FULL)  # at which legs' motors are; the first that stands is taken [rad]
DAMPED, LEG_DAMPED = 0.7, 0.45  # damping ratio of a joint that moves alone; that of soft legs is as in robot labs
DAMPING = 0.02  # kd is at least so much of kp [s]
STIFF_LEG_DAMPING = 0.06  # and where legs are as stiff as they get [s]
OWN_SHARE, SHARE = 0.6, 0.8  # of the limit of stability: of one joint alone, and of all
STIFFNESS_SHARE = 0.3  # of what a joint may have, that stiffness takes; the rest is for damping
DAMPING_SHARE = 0.15  # of the limit, that the damping of a joint without a motor may take
ROUNDS = 30
WEAKEST = 1e-4  # [N m/rad]


@dataclass(frozen=True)
class Load:
    """What the motor of a joint has to do."""

    need: float  # to hold the robot [N m or N]
    effort: float  # that it has [N m or N]
    guessed: bool  # whether the file does not tell the effort
    leg: bool
    wheel: bool


def find_loads(draft: Draft, anatomy: Anatomy, joints: Sequence[str], free: bool, report: Report) -> dict[str, Load]:
    """Return what each motor has to do, and its effort."""
    frames = draft.frames()
    weight = draft.mass() * GRAVITY
    standing = [leg.joints for leg in anatomy.legs] if free else []
    pairs = max(1.0, len(standing) / 2)
    loads = {}
    for name in joints:
        joint = draft.joints[name]
        need = _gravity_load(draft, name, frames)
        leg = any(name in way for way in standing)
        if leg:
            share = weight / pairs
            need = max(need, share if joint.kind == "prismatic" else share * anatomy.height * LEG_SHARE)
        wheel = name in anatomy.wheels and joint.lower is None
        if wheel:
            need = max(need, weight * GRIP * _radius(draft, joint.child) / len(anatomy.wheels))
        need = max(need, 1e-3)
        stated = joint.effort or 0.0
        most = min(LARGEST, max(ABSURD * need, 1e3))
        if leg and joint.kind != "prismatic":
            most = min(most, strongest(weight, anatomy.height))
        guessed = not 0.0 < stated <= most
        if guessed:
            detail = f"{'none' if joint.effort is None else f'{stated:g}'} in the file, {SPARE * need:.3g} now"
            report.add(LOSS, "an effort that is missing or absurd was guessed", f"joint {name!r}", detail)
        loads[name] = Load(need, SPARE * need if guessed else stated, guessed, leg, wheel)
    return loads


def _radius(draft: Draft, link: str) -> float:
    """Return half the largest extent of a link [m]."""
    solid = solid_of_link(draft.links[link])
    return 0.0 if solid is None else solid.reach / 2


def _gravity_load(draft: Draft, name: str, frames: dict[str, np.ndarray]) -> float:
    """Return the largest torque [N m], or force [N], with which what hangs on a joint can pull at it."""
    joint = draft.joints[name]
    place, axis = frames[joint.child][:3, 3], frames[joint.child][:3, :3] @ joint.axis
    carried, reached = 0.0, [joint.child]
    for link_name in reached:
        link, frame = draft.links[link_name], frames[link_name]
        way = frame[:3, :3] @ link.centre + frame[:3, 3] - place
        arm = 1.0 if joint.kind == "prismatic" else float(np.linalg.norm(np.cross(axis, way)))
        carried += (link.mass or 0.0) * GRAVITY * arm
        reached += [below.child for below in draft.joints_below(link_name)]
    return carried


@dataclass(frozen=True)
class Gains:
    """Of each joint, as arrays (joint,)."""

    kp: np.ndarray  # [N m/rad]
    kd: np.ndarray  # [N m s/rad]
    share: np.ndarray  # of the stiffness that was wanted


def choose_gains(
    loads: Sequence[Load],
    slides: Sequence[bool],
    damping: np.ndarray,
    inertia: np.ndarray,
    inverse: np.ndarray,
    dt: float,
    yields: float,
) -> Gains:
    """Return gains for each joint.

    Legs are soft, as robot labs have them: a policy learns to walk on soft legs, and hardly on stiff ones.

    Args:
        loads: of each joint.
        slides: whether each is a slide; then read m and N.
        damping: that each has without a motor [N m s/rad] (joint,).
        inertia: that each motor feels, all else held (joint,).
        inverse: how much each motor accelerates each joint (joint, joint).
        dt: of a substep [s].
        yields: error at which the motor of a leg is at its effort, one of YIELDS [rad].
    """
    need, effort = (np.array([getattr(load, key) for load in loads]) for key in ("need", "effort"))
    legs = np.array([load.leg for load in loads])
    sag = np.where(slides, SAG_SLIDE, np.where(legs, max(SAG, LEG_SAG * yields), SAG))
    full = np.where(slides, SAG_SLIDE, np.where(legs, yields, FULL))
    kp = np.maximum(np.minimum(np.maximum(need / sag, QUICK**2 * inertia), effort / full), WEAKEST)
    soft = legs & (yields > FULL)
    ratio, least = np.where(soft, LEG_DAMPED, DAMPED), np.where(legs & ~soft, STIFF_LEG_DAMPING, DAMPING)
    kd = np.maximum(2.0 * ratio * np.sqrt(kp * np.maximum(inertia, 0.0)), least * kp)
    wheels = np.array([load.wheel for load in loads])
    wanted, share = (np.where(wheels, 0.0, kp), np.where(wheels, effort / SLIP, kd)), OWN_SHARE
    for _ in range(ROUNDS):  # a joint has a budget for dt^2 kp + 2 dt kd; stiffness costs little of it
        budget = np.maximum(share * LIMIT / np.diag(inverse) - 2.0 * dt * damping, 0.0)
        kp = np.minimum(wanted[0], STIFFNESS_SHARE * budget / dt**2)
        kd = np.minimum(wanted[1], (budget - dt**2 * kp) / (2.0 * dt))
        load = float(np.linalg.eigvals(inverse * (dt**2 * kp + 2.0 * dt * (kd + damping))).real.max())
        if load <= SHARE * LIMIT:
            break
        share *= max(0.5, min(0.95, SHARE * LIMIT / load))
    return Gains(
        _rounded(np.maximum(kp, WEAKEST)), _rounded(kd), np.where(wheels, 1.0, kp / np.maximum(wanted[0], WEAKEST))
    )


def largest_damping(inverse: np.ndarray, dt: float) -> np.ndarray:
    """Return how much damping a joint may have without a motor, so that it is stable (joint,) [N m s/rad]."""
    return np.asarray(DAMPING_SHARE * LIMIT / np.diag(inverse) / (2.0 * dt))


def choose_scale(lower: float | None, upper: float | None, slide: bool, arm: bool) -> float:
    """Return how far from rest an action of 1 moves the target [rad or m]."""
    most = 0.1 if slide else 0.75 if arm else 0.5  # `reach_pose` asks for 0.6
    if lower is None or upper is None:
        return most
    return float(f"{max(min(most, (upper - lower) / 2), 1e-4):.2g}")


def _rounded(numbers: np.ndarray) -> np.ndarray:
    """Round down to two digits, so that joints which are alike have the same gains."""
    digits = 10.0 ** (np.floor(np.log10(np.maximum(numbers, 1e-12))) - 1)
    return np.asarray(np.floor(numbers / digits) * digits)


def upright_envelope(height: float) -> tuple[float, float]:
    """Return the height of the trunk [m] and the tilt [deg] at which a robot has fallen."""
    return math.floor(550.0 * height) / 1000.0, 50.0
