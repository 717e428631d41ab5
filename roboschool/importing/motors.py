"""Looks for gains, a rest pose and a substep with which a robot stands, and stays sound in random actions."""

import dataclasses
import itertools
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from roboschool.importing.draft import DraftJoint
from roboschool.importing.gains import FULL, YIELDS, Load, choose_gains, choose_scale
from roboschool.importing.importer import ImportedRobot
from roboschool.importing.kind import Anatomy
from roboschool.importing.pose import bend_legs, lift_arm
from roboschool.importing.report import CHANGE, LOSS, Report
from roboschool.importing.trial import NEEDED, RANDOM, Trial, measure_joints, try_random, try_standing
from roboschool.robots.card import ActuatorSpec
from roboschool.robots.robot import Robot

QUICK, LONG = 2.0, 5.0  # of a trial [s]
REACHES = (0.9, 0.75)  # of legs, as shares of their lengths, that are tried
SUBSTEPS = (0.0165 / 4, 0.0165 / 8, 0.0165 / 16)  # that are tried, the longest first: they are the quickest [s]
STIFF_ENOUGH, LEGS_STIFF_ENOUGH = 0.3, 0.02  # share of the stiffness wanted; shorter substeps are tried below
WEAKER = (0.5, 0.25, 0.1, 0.03)  # shares of the effort that are tried if no substep is short enough
WHEEL_SPEED = 10.0  # of a wheel whose top speed is not stated [rad/s]


@dataclass(frozen=True)
class Motors:
    """What is settled before a pose is looked for."""

    names: tuple[str, ...]
    joints: tuple[DraftJoint, ...]
    loads: dict[str, Load]
    wheels: frozenset[str]
    arm: bool  # whether they are those of an arm
    trunk: str  # of the card: an arm's is its gripper


@dataclass(frozen=True)
class _Settled:
    """A robot with gains, and what became of it."""

    robot: Robot
    trial: Trial
    pose: int  # its number among those that are tried
    passed: int  # of the runs of random actions

    @property
    def is_standing(self) -> bool:
        return self.trial.is_standing and len(self.trial.touching) >= len(self.robot.feet) / 2

    @property
    def rank(self) -> tuple[bool, bool, int, float]:
        return self.trial.is_standing, self.is_standing, self.passed, self.trial.seconds


def settle(imported: ImportedRobot, robot: Robot, anatomy: Anatomy, motors: Motors, fixed: bool) -> tuple[Robot, Trial]:
    """Return the robot with gains and a pose that it keeps, and what became of it.

    In as few substeps as will do, and with legs as soft as will do. What random actions made necessary is reported.
    """
    poses = _choose_poses(imported, robot, anatomy, motors, fixed)
    tried = _search(robot, poses, motors, fixed)
    first = next((found for found in tried if found.is_standing), tried[0])
    best = max(tried, key=lambda found: found.rank)  # the first of equals
    report, name = imported.report, f"robot {imported.name!r}"
    if best.passed > first.passed and best.robot.substep < first.robot.substep:
        times = [1000.0 * found.robot.substep for found in (best, first)]
        detail = f"{times[0]:.3g} ms instead of {times[1]:.3g} ms, in which random actions make it diverge"
        report.add(CHANGE, "substeps were made shorter", name, detail)
    if best.passed > first.passed and best.pose != first.pose:
        turned = [
            f"{joint.name} by {after - before:.2f} rad"
            for joint, before, after in zip(motors.joints, poses[first.pose], poses[best.pose], strict=True)
            if after != before
        ]
        detail = f"{', '.join(turned)}: in the pose of zeros, random actions make it diverge"
        report.add(CHANGE, "an arm was lifted in its rest pose", name, detail)
    if best.is_standing and best.passed < NEEDED:
        return _weaken(best.robot, motors, report, name), best.trial
    return best.robot, best.trial


def _search(robot: Robot, poses: Sequence[tuple[float, ...]], motors: Motors, fixed: bool) -> list[_Settled]:
    """Return what was tried until a robot stands and stays sound."""
    yields = YIELDS if any(load.leg for load in motors.loads.values()) else (FULL,)
    tried: list[_Settled] = []
    wanted = set(range(len(poses)))
    for substep in SUBSTEPS:
        left = set(wanted)
        for error, number in itertools.product(yields, range(len(poses))):
            if number not in left & wanted:
                continue
            candidate = dataclasses.replace(robot, pose=poses[number], substep=substep)
            driven, share = _with_motors(candidate, motors, error)
            if substep != SUBSTEPS[-1] and share < (STIFF_ENOUGH if fixed else LEGS_STIFF_ENOUGH):
                continue  # it would need shorter substeps
            trial = try_standing(driven, QUICK)
            if trial.is_standing and not fixed:
                trial = try_standing(driven, LONG)
            found = _Settled(driven, trial, number, 0)
            if found.is_standing:
                found = dataclasses.replace(found, passed=try_random(driven, motors.trunk))
                left.discard(number)  # stiffer legs would not help
                wanted = wanted if motors.arm else {number}
            elif trial.is_standing:
                wanted.discard(number)  # it lies, whatever its gains
            tried.append(found)
            if found.passed == len(RANDOM):
                return tried
    return tried


def _choose_poses(
    imported: ImportedRobot, robot: Robot, anatomy: Anatomy, motors: Motors, fixed: bool
) -> Sequence[tuple[float, ...]]:
    """Return the rest poses to try, the most usual first (joint,)."""
    draft = imported.draft
    if motors.arm:
        rest = dict(zip(motors.names, robot.pose, strict=True))
        lifted = lift_arm(draft, motors.trunk, rest)
        return [robot.pose, tuple(lifted[name] for name in motors.names)] if lifted else [robot.pose]
    if anatomy.kind != "legged" or len(anatomy.legs) < 2 or fixed:
        return [robot.pose]
    poses = [bend_legs(draft, anatomy.legs, reach) for reach in REACHES]
    bent = [tuple(pose[name] for name in motors.names) for pose in poses]
    return [*bent, robot.pose] if anatomy.folded else [robot.pose, *bent]


def _weaken(robot: Robot, motors: Motors, report: Report, name: str) -> Robot:
    """Return a robot whose motors are so weak that random actions do not make it diverge, if that is possible."""
    for share in WEAKER:
        weaker = dataclasses.replace(robot, torque=tuple(share * effort for effort in robot.torque))
        passed = try_random(weaker, motors.trunk)
        if passed >= NEEDED and try_standing(weaker, LONG).is_standing:
            detail = f"to {share:g} of the effort in the file: with more, random actions make it diverge"
            report.add(LOSS, "motors were made weaker", name, detail)
            return weaker
    detail = "in the shortest substeps, and with less effort; `roboschool check` says what is the lightest link"
    report.add(LOSS, "random actions make it diverge", name, detail)
    return robot


def _with_motors(robot: Robot, motors: Motors, yields: float) -> tuple[Robot, float]:
    """Return a robot whose joints hold their positions, and whose wheels a speed.

    Also the least share of the stiffness that was wanted: of legs, if there are some.
    """
    inertia, inverse, dt = measure_joints(robot)
    slides = [joint.kind == "prismatic" for joint in motors.joints]
    loads = [motors.loads[name] for name in motors.names]
    damping = np.array([joint.damping for joint in motors.joints])
    gains = choose_gains(loads, slides, damping, inertia, inverse, dt, yields)
    specs = []
    for number, joint in enumerate(motors.joints):
        kp, kd = _short(gains.kp[number]), _short(gains.kd[number])
        if joint.name in motors.wheels:
            own: tuple[tuple[str, float], ...] = (("kd", max(kd, 1e-4)),)
            own += () if joint.velocity else (("speed", WHEEL_SPEED),)
            specs.append(ActuatorSpec("velocity", own))
        else:
            scale = choose_scale(joint.lower, joint.upper, slides[number], motors.arm)
            specs.append(ActuatorSpec("position", (("kp", kp), ("kd", kd), ("scale", scale))))
    legs = [share for share, load in zip(gains.share, loads, strict=True) if load.leg]
    return dataclasses.replace(robot, actuators=tuple(specs)), float(min(legs or gains.share))


def _short(number: float) -> float:
    return float(f"{number:.3g}")
