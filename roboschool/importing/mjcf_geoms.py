"""Reads the geoms of an MJCF: what is seen of a body, what collides, and what it weighs."""

import math
from pathlib import PurePosixPath

import numpy as np

from roboschool.errors import InvalidInput, suggest
from roboschool.importing.draft import Colour, DraftLink, Frame, Shape, Solid
from roboschool.importing.inertia import solid_of
from roboschool.importing.mjcf_values import Attributes, Compiler, Defaults, elements, point_z
from roboschool.importing.report import CHANGE, LOSS, Report
from roboschool.importing.sphere import BALL
from roboschool.robots.urdf_schema import FARTHEST, SMALLEST, Element

DENSITY = 1000.0  # of a geom that does not say [kg/m3]
COUNTS = {"sphere": 1, "capsule": 2, "cylinder": 2, "ellipsoid": 3, "box": 3}  # numbers of a size
LONG = ("capsule", "cylinder", "box", "ellipsoid")  # that may be given from one point to another
HIDDEN = 3  # group from which on MuJoCo's viewer does not show a geom
UNKNOWN = math.nan  # mass of a mesh [kg]


class Geoms:
    """Adds geoms to links."""

    def __init__(self, root: Element, compiler: Compiler, defaults: Defaults, report: Report) -> None:
        self.compiler, self.defaults, self.report = compiler, defaults, report
        assets = [each for part in root.iterchildren("asset") for each in elements(part)]
        self.materials = {each.get("name", ""): defaults.of(each) for each in assets if each.tag == "material"}
        self.meshes: dict[str, Attributes] = {}
        for each in assets:
            if each.tag == "mesh":
                name = each.get("name") or PurePosixPath(each.get("file", "").replace("\\", "/")).stem
                self.meshes[name] = defaults.of(each)

    def add(self, element: Element, link: DraftLink, frame: Frame, inherited: str) -> list[tuple[float, Shape]]:
        """Add a geom to a link, in whose frame that of its body is given; return its mass [kg] and its shape.

        Raises:
            InvalidInput: it cannot be understood.
        """
        own = self.defaults.of(element, inherited)
        where = f"link {link.name!r} geom {own.get('name', '')!r:.80}"
        shape = self._shape(own, frame, where)
        if shape is None:
            return []
        if own.number("contype", 1.0) or own.number("conaffinity", 1.0):
            link.collisions.append(shape)
            link.contact.setdefault("lateral_friction", own.vector("friction", (1.0,)).item())
        colour = self._colour(own)
        if (own.number("group", 0.0) or 0.0) < HIDDEN and colour[3] > 0.0:
            link.visuals.append(Shape(shape.kind, shape.size, shape.frame, shape.file, colour, shape.solid))
        density = own.number("density", DENSITY) or 0.0
        if own.get("mass"):
            return [(own.number("mass") or 0.0, shape)]
        if shape.kind == "mesh" and shape.solid is None:
            link.density = density or link.density
            return [(UNKNOWN, shape)] if density else []
        return [(density * solid_of(shape).volume, shape)]

    def _shape(self, own: Attributes, frame: Frame, where: str) -> Shape | None:
        """Return the shape of a geom, None if a URDF has none like it."""
        kind = own.get("type", "mesh" if own.get("mesh") and "type" not in own else "sphere")
        if kind == "mesh":
            return self._mesh(own, frame @ self.compiler.frame(own), where)
        if kind not in COUNTS:
            self.report.add(LOSS, "a shape of an unknown kind was dropped", where, kind)
            return None
        if own.get("mesh"):
            self.report.add(LOSS, "a shape that is to be fitted to a mesh was dropped", where, kind)
            return None
        size = list(own.numbers("size"))
        if own.get("fromto") and kind in LONG:
            points = own.vector("fromto", (0.0,) * 6)
            way = points[3:] - points[:3]
            length = float(np.linalg.norm(way))
            if length < 1e-9:
                raise InvalidInput(f"{own.where}: fromto: its points are the same")
            inner = np.eye(4)
            inner[:3, :3], inner[:3, 3] = point_z(way), (points[:3] + points[3:]) / 2.0
            frame = frame @ inner
            size = [*(size[:1] * (COUNTS[kind] - 1)), length / 2.0]
        else:
            frame = frame @ self.compiler.frame(own)
        if len(size) < COUNTS[kind]:
            raise InvalidInput(f"{own.where}: size: {len(size)} numbers, not {COUNTS[kind]} as of a {kind}")
        size = size[: COUNTS[kind]]
        if min(size) <= 0.0:
            self.report.add(CHANGE, "a shape of size zero was dropped", where)
            return None
        size = [min(max(number, SMALLEST), FARTHEST / 2.0) for number in size]
        if kind == "ellipsoid":
            return Shape("mesh", (size[0], size[1], size[2]), frame, BALL, solid=_ellipsoid(size))
        if kind == "box":
            size = [2.0 * number for number in size]
        elif kind != "sphere":
            size[1] *= 2.0
        return Shape(kind, tuple(size), frame)

    def _mesh(self, own: Attributes, frame: Frame, where: str) -> Shape | None:
        name = own.get("mesh", "")
        if name not in self.meshes:
            raise InvalidInput(f"{own.where}: unknown mesh {name!r:.80}{suggest(name, self.meshes)}")
        mesh = self.meshes[name]
        if not mesh.get("file"):
            self.report.add(LOSS, "a mesh without a file, or of size zero, was dropped", where)
            return None
        scale = mesh.vector("scale", (1.0, 1.0, 1.0))
        folder = PurePosixPath(self.compiler.meshes.replace("\\", "/"))
        file = str(folder / mesh["file"].replace("\\", "/"))
        return Shape("mesh", tuple(scale.tolist()), frame, file)

    def _colour(self, own: Attributes) -> Colour:
        material = self.materials.get(own.get("material", ""))
        given = own if "rgba" in own or material is None else material
        red, green, blue, alpha = given.vector("rgba", (0.5, 0.5, 0.5, 1.0)).clip(0.0, 1.0).tolist()
        return red, green, blue, alpha


def _ellipsoid(radii: list[float]) -> Solid:
    """Return an ellipsoid as a solid."""
    volume = 4.0 / 3.0 * math.pi * math.prod(radii)
    x, y, z = (radius**2 for radius in radii)
    inertia = volume / 5.0 * np.diag([y + z, x + z, x + y])
    corners = np.concatenate([np.diag(radii), -np.diag(radii)])
    return Solid(volume, np.zeros(3), inertia, 2.0 * max(radii), corners)
