"""Infers the card of an imported robot: what it is, what holds it, what drives it, and how it stands."""

import dataclasses
import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from roboschool.errors import InvalidInput, check_choice
from roboschool.importing.draft import Draft, pose_frame
from roboschool.importing.gains import find_loads, largest_damping, upright_envelope
from roboschool.importing.importer import ImportedRobot, move_root, write_model
from roboschool.importing.kind import FREE, KINDS, Anatomy, find_gripper, has_word, read_anatomy
from roboschool.importing.motors import SUBSTEPS, Motors, settle
from roboschool.importing.pose import clip_pose, find_lowest
from roboschool.importing.report import CHANGE, LOSS, NOTE
from roboschool.importing.trial import Trial, measure_joints
from roboschool.robots.card import Card, Upright
from roboschool.robots.robot import Robot, make_robot

ACTUATORS = ("position", "torque")
HELD = ("arm", "hand")  # whose trunk is what is fixed, however light
PASSIVE = ("caster", "swivel", "passive", "roller")  # in the names of joints that no motor drives
LYING = [(turn, 0.0, 0.0) for turn in (math.pi / 2, -math.pi / 2, math.pi)] + [
    (0.0, turn, 0.0) for turn in (math.pi / 2, -math.pi / 2)
]  # how a robot that is drawn lying may be turned upright


@dataclass(frozen=True)
class InferredCard:
    """A card, and how it came to be."""

    card: Card
    robot: Robot
    anatomy: Anatomy
    base_reason: str
    trial: Trial  # of the rest pose
    unsure: dict[str, str] = field(default_factory=dict)  # key of the card: what to look at


def infer_card(imported: ImportedRobot, kind: str = "", base: str = "", actuator: str = "position") -> InferredCard:
    """Return a card for an imported robot.

    The URDF is written anew if the root of a robot that is fixed to the world must be lifted out of the ground.

    Args:
        imported: the robot.
        kind: one of KINDS, if it is known; empty to infer it.
        base: "fixed" or "free", or empty to infer it.
        actuator: "position" for servos with gains, or "torque".

    Raises:
        InvalidInput: an argument is none of those, no joint can be driven, or Bullet refuses the robot.
    """
    for value, known, what in ((kind, KINDS, "kind"), (base, ("fixed", "free"), "base")):
        if value:
            check_choice(value, known, what)
    check_choice(actuator, ACTUATORS, "actuator")
    draft, report = imported.draft, imported.report
    anatomy = _stand_up(imported, read_anatomy(draft, kind), kind)
    fixed, base_reason = _choose_base(imported, anatomy, base)
    if fixed and anatomy.kind in HELD and imported.base != "rail":
        anatomy = dataclasses.replace(anatomy, trunk=draft.root())
    motors = _find_motors(imported, anatomy, fixed)
    pose = clip_pose(draft, draft.rest)
    bottom = find_lowest(draft, pose)
    if fixed and bottom < 0.0:
        move_root(draft, pose_frame((0.0, 0.0, -bottom), (0.0, 0.0, 0.0)))
        detail = f"all is {-bottom:.3g} m higher"
        report.add(CHANGE, "the root's frame was put on the ground", f"link {draft.root()!r}", detail)
    model = write_model(draft, imported.folder)
    card = _first_card(imported, anatomy, fixed, motors, pose)
    path = imported.folder / f"{imported.name}.toml"
    robot = make_robot(path, card, model)
    if _calm_joints(imported, robot, motors):
        model = write_model(draft, imported.folder)
        robot = make_robot(path, card, model)
    driven, trial = settle(imported, robot, anatomy, motors, fixed)
    substep = driven.substep if actuator == "position" else 1.0
    if actuator == "torque":
        driven = dataclasses.replace(driven, actuators=robot.actuators)
    card = dataclasses.replace(_finish(card, driven, trial, anatomy, fixed), substep=substep)
    if motors.trunk != card.trunk:
        card = _hold_gripper(draft, card, motors.trunk, dict(zip(motors.names, driven.pose, strict=True)))
    unsure = _doubts(imported, anatomy, motors, trial, card, base)
    for key, text in unsure.items():
        report.add(LOSS if key == "pose" else CHANGE, "an answer is unsure", f"card {key}", text)
    report.add(NOTE, f"it is {anatomy.kind}", "card", anatomy.reason)
    report.add(NOTE, f"its base is {'fixed' if fixed else 'free'}", "card", base_reason)
    return InferredCard(card, make_robot(path, card, model), anatomy, base_reason, trial, unsure)


def _stand_up(imported: ImportedRobot, anatomy: Anatomy, kind: str) -> Anatomy:
    """Find the legs of a robot that has some by the names of its parts, though they do not hang in the pose of zeros.

    It is turned upright if it is drawn lying; otherwise its legs are folded.
    """
    named = [chain for chain in anatomy.chains if has_word(chain, "leg") and len(chain.joints) >= 2]
    if anatomy.kind != "legged" or len(anatomy.legs) >= 2 or len(named) < 2:
        return anatomy
    for angles in LYING:
        turned = pose_frame((0.0, 0.0, 0.0), angles)
        move_root(imported.draft, turned)
        found = read_anatomy(imported.draft, kind)
        if len(found.legs) >= len(named):
            detail = f"by {', '.join(f'{math.degrees(angle):g}' for angle in angles)} degrees about x, y, z"
            where = f"link {imported.draft.root()!r}"
            imported.report.add(CHANGE, "a robot that is drawn lying was turned upright", where, detail)
            return found
        move_root(imported.draft, turned.T)
    return dataclasses.replace(anatomy, legs=tuple(named), folded=True, sure=False, reason="names of its limbs")


def _choose_base(imported: ImportedRobot, anatomy: Anatomy, base: str) -> tuple[bool, str]:
    """Return whether the base is fixed, and why."""
    if base:
        return base == "fixed", "as told"
    if imported.base == "rail":
        return True, "its only joint at the root moves on a link without mass"
    if imported.base == "free":
        return False, "a floating or planar joint"
    if imported.base == "planar":
        return False, "slides and a hinge that nothing drives keep it in a plane"
    if imported.draft.fixed and anatomy.kind not in FREE:
        return True, "the file has no joint between it and the world"
    if anatomy.kind in FREE:
        return False, f"it is {anatomy.kind}; a root without a mass is a frame"
    return True, f"it is {'an' if anatomy.kind == 'arm' else 'a'} {anatomy.kind}"


def _find_motors(imported: ImportedRobot, anatomy: Anatomy, fixed: bool) -> Motors:
    """Return the joints that get a motor; what gets none is in the report."""
    draft, names = imported.draft, []
    for joint in draft.joints.values():
        passive = any(word in f"{joint.name} {joint.child}".lower() for word in PASSIVE)
        if (passive or joint.passive) and joint.moves:
            reason = "nothing in the file drives it" if joint.passive else "by its name it has none"
            imported.report.add(NOTE, "a joint got no motor", f"joint {joint.name!r}", reason)
        elif joint.moves and joint.mimic is None:
            names.append(joint.name)
    if not names:
        raise InvalidInput(f"{imported.path}: no joint can be driven")
    loads = find_loads(draft, anatomy, names, not fixed, imported.report)
    continuous = (draft.joints[name] for name in anatomy.wheels if name in names)
    wheels = frozenset(joint.name for joint in continuous if joint.lower is None)
    joints = tuple(draft.joints[name] for name in names)
    arm = fixed and anatomy.kind == "arm"
    trunk = find_gripper(draft) if arm and imported.base != "rail" else anatomy.trunk
    return Motors(tuple(names), joints, loads, wheels, arm, trunk)


def _first_card(imported: ImportedRobot, anatomy: Anatomy, fixed: bool, motors: Motors, pose: dict[str, float]) -> Card:
    """Return a card that lacks only gains, pose and height."""
    draft = imported.draft
    wheels = [draft.joints[name].child for name in anatomy.wheels]
    tips = [leg.link for leg in anatomy.legs] if anatomy.kind == "legged" else []
    feet = dict.fromkeys(wheels if anatomy.kind == "wheeled" else tips)
    return Card(
        model=imported.path.name,
        trunk=anatomy.trunk,
        feet=tuple(foot for foot in feet if draft.links[foot].collisions),
        continuous=tuple(joint.name for joint in motors.joints if joint.lower is None),
        wheels=tuple(joint.name for joint in motors.joints if joint.name in motors.wheels),
        standing_height=0.0,
        fixed=fixed,
        torque={name: motors.loads[name].effort for name in motors.names},
        pose={joint.name: _shown(joint, pose[joint.name]) for joint in motors.joints},
    )


def _calm_joints(imported: ImportedRobot, robot: Robot, motors: Motors) -> bool:
    """Lower the damping of joints that Bullet could not simulate; return whether there were some."""
    _, inverse, dt = measure_joints(dataclasses.replace(robot, substep=SUBSTEPS[-1]))
    calmed = False
    for joint, most in zip(motors.joints, largest_damping(inverse, dt).tolist(), strict=True):
        if joint.damping > most:
            detail = f"{joint.damping:.3g} to {most:.3g} N m s/rad: its links are so light that more is not stable"
            imported.report.add(CHANGE, "a damping was lowered", f"joint {joint.name!r}", detail)
            joint.damping, calmed = _short(most), True
    return calmed


def _finish(card: Card, robot: Robot, trial: Trial, anatomy: Anatomy, fixed: bool) -> Card:
    """Return the card with what the trial has shown."""
    actuators = {}
    torque = {}
    for joint, spec, effort in zip(robot.joints, robot.actuators, robot.torque, strict=True):
        if spec.kind == "torque":
            torque[joint.name] = effort
            continue
        row: dict[str, Any] = {"kind": spec.kind, **dict(spec.parameters)}
        actuators[joint.name] = row if joint.effort == effort else {**row, "effort": _short(effort)}
    pose = {j.name: _shown(j, rest) for j, rest in zip(robot.joints, robot.pose, strict=True)}
    upright = Upright()
    if not fixed and trial.height > 0.0:
        low, tilt = upright_envelope(trial.height)
        upright = Upright(min_height=low, tilt=tilt) if anatomy.kind in ("legged", "wheeled") else upright
    return dataclasses.replace(
        card,
        torque=torque,
        actuators=actuators,
        pose={name: value for name, value in pose.items() if value},
        standing_height=max(round(trial.height, 4), 0.0),
        upright=upright,
    )


def _hold_gripper(draft: Draft, card: Card, gripper: str, pose: dict[str, float]) -> Card:
    """Return a card whose trunk is the gripper."""
    frame = draft.frames(pose)[gripper]
    height = float((frame[:3, :3] @ draft.links[gripper].centre + frame[:3, 3])[2])
    return dataclasses.replace(card, trunk=gripper, standing_height=max(round(height, 4), 0.0))


def _doubts(
    imported: ImportedRobot, anatomy: Anatomy, motors: Motors, trial: Trial, card: Card, base: str
) -> dict[str, str]:
    """Return the keys of the card that should be looked at."""
    doubts, fixed, feet = {}, card.fixed, card.feet
    if not anatomy.sure:
        doubts["kind"] = f"taken for {anatomy.kind} ({anatomy.reason}); --kind says otherwise"
        if not base:
            doubts["fixed"] = f"the base is {'fixed' if fixed else 'free'}; --base says otherwise"
    if anatomy.kind in ("legged", "wheeled") and not fixed and not trial.is_standing:
        doubts["pose"] = f"no pose was found that stands: it falls after {trial.seconds:.1f} s"
    if anatomy.kind == "legged" and len(anatomy.legs) < (1 if imported.base == "planar" else 2):
        doubts["feet"] = "no legs were found that reach the ground"
    if anatomy.kind == "wheeled" and not feet:
        doubts["feet"] = "no wheel collides, so it lies on its base"
    if imported.draft.fixed and not base and not fixed:
        doubts["fixed"] = f"the file has no free joint, but it is {anatomy.kind}; --base says otherwise"
    guessed = [name for name, load in motors.loads.items() if load.guessed]
    if guessed:
        doubts["actuators"] = f"the effort of {_listed(guessed)} is a guess"
    return doubts


def _listed(names: Sequence[str]) -> str:
    return ", ".join(names[:3]) + (f" and {len(names) - 3} more" if len(names) > 3 else "")


def _shown(joint: Any, position: float) -> float:
    """Return a position as a card has it, rounded towards zero so that it stays within the limits."""
    value = position if joint.kind == "prismatic" else math.degrees(position)
    digits = 5 if joint.kind == "prismatic" else 2
    rounded = round(value, digits)
    low, high = (-math.inf, math.inf) if joint.lower is None else (joint.lower, joint.upper)
    back = rounded if joint.kind == "prismatic" else math.radians(rounded)
    return (rounded if low <= back <= high else value) + 0.0


def _short(number: float) -> float:
    return float(f"{number:.3g}")
