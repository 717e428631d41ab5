"""Reads what drives the joints of an MJCF, how some follow others, and its rest pose."""

from collections.abc import Mapping

from roboschool.importing.draft import Draft, Mimic
from roboschool.importing.mjcf_values import Attributes, Defaults, elements
from roboschool.importing.report import CHANGE, LOSS, Report
from roboschool.robots.urdf_schema import Element

HOME = "home"  # the name of a keyframe in which a robot rests
SERVOS = ("position", "intvelocity", "velocity")  # actuators that follow something, with gains
WIDTHS = {"free": 7, "ball": 4}  # numbers of a joint in a keyframe


def add_motors(root: Element, defaults: Defaults, draft: Draft, report: Report) -> None:
    """Give joints the effort of their actuators; those without one are passive, if there is any actuator."""
    driven: set[str] = set()
    actuators = [each for part in root.iterchildren("actuator") for each in elements(part)]
    for element in actuators:
        own = defaults.of(element)
        joint = draft.joints.get(own.get("joint") or own.get("jointinparent") or "")
        where = f"actuator {own.get('name', '')!r:.80}"
        if joint is None:
            report.add(LOSS, "an actuator that drives no joint was left out", where, f"<{element.tag}>")
            continue
        driven.add(joint.name)
        effort = _effort(own, element.tag)
        if effort is not None:
            joint.effort = effort if joint.effort is None else min(joint.effort, effort)
        if element.tag in SERVOS or own.get("biastype") == "affine":
            report.add(CHANGE, "the gains of a servo were tuned anew", f"joint {joint.name!r}", where)
    if driven:
        for joint in draft.joints.values():
            joint.passive = joint.name not in driven


def _effort(own: Attributes, kind: str) -> float | None:
    """Return the largest torque [N m] or force [N] of an actuator, None if it is not stated."""
    gear = abs(own.numbers("gear", (1.0,))[0])
    limits = own.numbers("forcerange") if own.flag("forcelimited", True) else ()
    if limits:
        return gear * max(map(abs, limits))
    controls = own.numbers("ctrlrange") if own.flag("ctrllimited", True) else ()
    if kind == "motor" and controls:
        return gear * max(map(abs, controls))
    if kind == "general" and controls and own.get("biastype", "none") == "none":
        return gear * abs(own.numbers("gainprm", (1.0,))[0]) * max(map(abs, controls))
    return None


def follow(root: Element, defaults: Defaults, draft: Draft, report: Report) -> None:
    """Let joints follow others where an equality says so; other equalities are noted."""
    for element in (each for part in root.iterchildren("equality") for each in elements(part)):
        own = defaults.of(element)
        joint = draft.joints.get(own.get("joint1", ""))
        curve = own.numbers("polycoef", (0.0, 1.0, 0.0, 0.0, 0.0))
        straight = len(curve) > 1 and not any(curve[2:])
        if element.tag == "joint" and joint is not None and own.get("joint2") and straight:
            joint.mimic = Mimic(own["joint2"], curve[1], curve[0])
        else:
            where = f"equality {own.get('name', '')!r:.80}"
            report.add(LOSS, "an equality was left out", where, f"<{element.tag}>")


def read_rest(root: Element, defaults: Defaults, named: Mapping[Element, str], draft: Draft, report: Report) -> None:
    """Take the rest pose from the keyframe called home, or the first.

    Args:
        root: of the document.
        defaults: of its classes.
        named: the joints of the robot, by their elements; there may be others.
        draft: the robot.
        report: what is left out is noted there.
    """
    keys = [each for part in root.iterchildren("keyframe") for each in elements(part) if each.get("qpos")]
    if not keys:
        return
    key = next((each for each in keys if each.get("name") == HOME), keys[0])
    numbers = Attributes(key, {}).numbers("qpos")
    place = 0
    for element in root.iter("joint", "freejoint"):
        if element in named or any(True for _ in element.iterancestors("worldbody")):
            joint = draft.joints.get(named.get(element, ""))
            kind = "free" if element.tag == "freejoint" else defaults.of(element).get("type", "hinge")
            width = WIDTHS.get(kind, 1)
            if joint is not None and width == 1 and place < len(numbers):
                draft.rest[joint.name] = numbers[place] - joint.zero
            place += width
    if place != len(numbers):
        draft.rest.clear()
        detail = f"{len(numbers)} numbers for {place}"
        report.add(
            CHANGE, "a keyframe that does not fit the joints was ignored", f"key {key.get('name')!r:.80}", detail
        )
