"""Reads a model of MuJoCo (MJCF) into a draft, as far as a URDF can have the same; the rest is noted.

A body with several joints becomes a chain of links. The frame of a link is that of its body, moved to the last joint.
"""

import math
from collections import Counter
from collections.abc import Iterator

import numpy as np

from roboschool.errors import InvalidInput
from roboschool.importing.draft import Draft, DraftJoint, DraftLink, Frame, Shape
from roboschool.importing.inertia import parallel, solid_of
from roboschool.importing.mjcf_geoms import Geoms
from roboschool.importing.mjcf_motors import add_motors, follow, read_rest
from roboschool.importing.mjcf_values import Attributes, Compiler, Defaults, elements
from roboschool.importing.parse import tidy_name
from roboschool.importing.report import CHANGE, LOSS, NOTE, Report
from roboschool.robots.urdf_schema import FARTHEST, Element

WORLD = "world"
KINDS = {"hinge": "revolute", "slide": "prismatic", "ball": "spherical"}
READ = ("compiler", "default", "asset", "worldbody", "actuator", "equality", "keyframe")  # sections
QUIET = ("option", "size", "visual", "statistic", "custom")  # sections that say nothing about a robot
MADE = ("replicate", "composite", "flexcomp", "attach")  # elements that make others, which is not done


def parse_mjcf(root: Element, report: Report) -> Draft:
    """Return the draft of the robot in a model: of the body of the world with most motors, or else most joints.

    Raises:
        InvalidInput: there is no body, or something cannot be understood.
    """
    return _Parser(root, report).robot()


class _Parser:
    def __init__(self, root: Element, report: Report) -> None:
        self.root, self.report = root, report
        self.compiler, self.defaults = Compiler(root), Defaults(root)
        self.geoms = Geoms(root, self.compiler, self.defaults, report)
        self.draft = Draft(tidy_name(root.get("model", "")), {}, {})
        self.left_out: Counter[str] = Counter()
        self.named: dict[Element, str] = {}  # joints by their elements

    def robot(self) -> Draft:
        draft, world = self.draft, [each for part in self.root.iterchildren("worldbody") for each in elements(part)]
        bodies = [each for each in world if each.tag == "body" and each.get("mocap") != "true"]
        if not bodies:
            raise InvalidInput(f"{self.root.getroottree().docinfo.URL}: no <body> in <worldbody>")
        driven = {each.get("joint") for part in self.root.iterchildren("actuator") for each in elements(part)} - {None}
        joints_of = {body: list(body.iter("joint", "freejoint")) for body in bodies}
        motors = {body: sum(each.get("name") in driven for each in joints_of[body]) for body in bodies}
        chosen = max(bodies, key=lambda body: (motors[body], len(joints_of[body])))
        for body in bodies:
            if body is not chosen:
                self.report.add(LOSS, "a body beside the robot was left out", f"body {body.get('name', '')!r}")
        self.left_out.update(f"{each.tag} of the world" for each in world if each.tag != "body")
        draft.links[WORLD] = DraftLink(WORLD)
        self.body(chosen, WORLD, np.eye(4), "")
        joints = list(draft.joints.values())
        draft.fixed = joints[0].kind == "fixed"
        add_motors(self.root, self.defaults, draft, self.report)
        follow(self.root, self.defaults, draft, self.report)
        if draft.is_planar():
            joints[0].frame = np.eye(4)  # its height is that in which it stands
        read_rest(self.root, self.defaults, self.named, draft, self.report)
        if self.compiler.mass > 0.0:
            self._scale(self.compiler.mass)
        sections = [each.tag for each in elements(self.root) if each.tag not in (*READ, *QUIET)]
        for tag, count in (self.left_out + Counter(sections)).items():
            self.report.add(NOTE, "an element for other programs was ignored", tag, f"{count} times")
        return draft

    def body(self, element: Element, parent: str, frame: Frame, inherited: str) -> None:
        """Add a body: a link, and one more for each joint but the last.

        Args:
            element: the body.
            parent: the link on which it hangs.
            frame: in which the body's own is, in that link's.
            inherited: class of what is in it.
        """
        own = self.defaults.of(element, inherited)
        frame, inherited = frame @ self.compiler.frame(own), element.get("childclass", inherited)
        parts = list(self._parts(element, np.eye(4), inherited))
        name = self._name(element.get("name") or f"{parent[:40]}_{len(self.draft.links)}", self.draft.links)
        joints = [part for part in parts if part[0].tag in ("joint", "freejoint")]
        anchor = self._add_joints(name, joints, parent, frame)
        link = self.draft.links[name]
        back = np.eye(4)
        back[:3, 3] = -anchor
        masses: list[tuple[float, Shape]] = []
        for part, place, inside in parts:
            if part.tag == "geom":
                masses += self.geoms.add(part, link, back @ place, inside)
            elif part.tag == "body":
                self.body(part, name, back @ place, inside)
            elif part.tag not in ("joint", "freejoint", "inertial"):
                severity = LOSS if part.tag in MADE else NOTE
                if severity == LOSS:
                    self.report.add(LOSS, "an element that makes others was left out", f"body {name!r}", part.tag)
                else:
                    self.left_out[part.tag] += 1
        inertial = next(element.iterchildren("inertial"), None)
        if inertial is not None and self.compiler.inertia != "true":
            self._inertial(self.defaults.of(inertial), link, back)
        elif self.compiler.inertia != "false":
            _weigh(link, masses)

    def _parts(self, element: Element, frame: Frame, inherited: str) -> Iterator[tuple[Element, Frame, str]]:
        """Go through what is in a body, with the frame and the class of each; that of a <frame> is in the body's."""
        for part in elements(element):
            if part.tag == "frame":
                placed = frame @ self.compiler.frame(self.defaults.of(part, inherited))
                yield from self._parts(part, placed, part.get("childclass", inherited))
            else:
                yield part, frame, inherited

    def _add_joints(self, name: str, parts: list[tuple[Element, Frame, str]], parent: str, frame: Frame) -> np.ndarray:
        """Add the joints of a body, and its links; return where the last joint is in the body's frame (3,) [m]."""
        found = [(self.defaults.of(part, inside), place, part) for part, place, inside in parts]
        found = [each for each in found if each[0].get("type") != "fixed"]  # as Bullet's own models have it
        if not found:
            self._join(DraftJoint(f"{name[:50]}_fixed", "fixed", parent, name, frame, np.array([1.0, 0.0, 0.0])))
            return np.zeros(3)
        kinds = ["free" if part.tag == "freejoint" else own.get("type", "hinge") for own, _, part in found]
        turning = [
            place[:3, :3] @ own.vector("pos", (0.0, 0.0, 0.0)) + place[:3, 3]
            for (own, place, _), kind in zip(found, kinds, strict=True)
            if kind not in ("slide", "free")
        ]
        anchor = turning[0] if turning else np.zeros(3)  # where a slide is does not matter
        before = np.zeros(3)
        for number, ((own, place, part), kind) in enumerate(zip(found, kinds, strict=True)):
            last = number == len(found) - 1
            child = name if last else self._name(f"{name[:50]}_{number + 1}", {**self.draft.links, name: None})
            anchor = turning.pop(0) if kind not in ("slide", "free") else anchor
            step = np.eye(4)
            step[:3, 3] = anchor - before
            at = frame @ step if number == 0 else step
            label = self._name(part.get("name") or f"{name[:50]}_joint", self.draft.joints)
            self.named[part] = label
            self._join(self._joint(own, label, kind, parent, child, at, place))
            parent, before = child, anchor
        return before

    def _join(self, joint: DraftJoint) -> None:
        self.draft.links[joint.child] = DraftLink(joint.child)
        self.draft.joints[joint.name] = joint

    def _joint(
        self, own: Attributes, name: str, kind: str, parent: str, child: str, frame: Frame, place: Frame
    ) -> DraftJoint:
        where = f"joint {name!r}"
        if kind == "free":
            return DraftJoint(name, "floating", parent, child, frame, np.array([0.0, 0.0, 1.0]))
        if kind not in KINDS:
            raise InvalidInput(f"{own.where}: {where}: type={kind!r:.40} is none of free, {', '.join(KINDS)}")
        axis = place[:3, :3] @ own.vector("axis", (0.0, 0.0, 1.0))
        length = float(np.linalg.norm(axis))
        if length < 1e-9:
            raise InvalidInput(f"{own.where}: {where}: an axis of length zero")
        joint = DraftJoint(name, KINDS[kind], parent, child, frame, axis / length)
        angle = self.compiler.angle if kind != "slide" else float
        limited = own.flag("limited", self.compiler.autolimits and "range" in own)
        shift = joint.zero = angle(own.number("ref", 0.0) or 0.0)
        if limited and kind != "ball":
            low, high = (angle(value) - shift for value in own.vector("range", (0.0, 0.0)).tolist())
            joint.lower, joint.upper = low, high
        elif kind == "hinge":
            joint.kind = "continuous"
        elif kind == "slide":
            joint.lower, joint.upper = -FARTHEST, FARTHEST
        joint.damping, joint.friction = own.number("damping", 0.0) or 0.0, own.number("frictionloss", 0.0) or 0.0
        forces = own.numbers("actuatorfrcrange")
        joint.effort = max(map(abs, forces)) if forces else None
        if own.number("stiffness"):
            self.report.add(LOSS, "a spring at a joint was left out", where, f"{own['stiffness']} N m/rad or N/m")
        if own.number("armature"):
            detail = f"{own['armature']} kg m2 or kg"
            self.report.add(CHANGE, "an armature was left out: the joint moves more easily", where, detail)
        return joint

    def _inertial(self, own: Attributes, link: DraftLink, back: Frame) -> None:
        frame = back @ self.compiler.frame(own)
        link.mass, link.centre = own.number("mass"), frame[:3, 3].copy()
        if own.get("fullinertia"):
            xx, yy, zz, xy, xz, yz = own.vector("fullinertia", (0.0,) * 6).tolist()
            tensor = np.array([[xx, xy, xz], [xy, yy, yz], [xz, yz, zz]])
        else:
            tensor = np.diag(own.vector("diaginertia", (0.0, 0.0, 0.0)))
        link.inertia = frame[:3, :3] @ tensor @ frame[:3, :3].T

    def _scale(self, mass: float) -> None:
        """Scale all masses so that their sum is as the file says [kg]."""
        total = self.draft.mass()
        for link in self.draft.links.values():
            if link.mass and total:
                link.mass *= mass / total
                link.inertia = None if link.inertia is None else link.inertia * (mass / total)

    def _name(self, wanted: str, taken: object) -> str:
        """Return a name that the strict reader takes and that nothing has yet."""
        name, number = tidy_name(wanted) or "part", 2
        assert isinstance(taken, dict)
        while name in taken:
            name, number = f"{tidy_name(wanted)[:56]}_{number}", number + 1
        return name


def _weigh(link: DraftLink, masses: list[tuple[float, Shape]]) -> None:
    """Give a link the masses of its shapes [kg]."""
    if not masses or any(math.isnan(mass) for mass, _ in masses):
        return  # a mesh, whose volume is not known yet
    solids = [(mass, solid_of(shape)) for mass, shape in masses if mass > 0.0]
    link.mass = sum(mass for mass, _ in solids)
    if not solids:
        return
    link.centre = sum((mass * solid.centre for mass, solid in solids), np.zeros(3)) / link.mass
    link.inertia = sum(
        (
            solid.inertia * (mass / solid.volume if solid.volume else 0.0) + parallel(mass, solid.centre - link.centre)
            for mass, solid in solids
        ),
        np.zeros((3, 3)),
    )
