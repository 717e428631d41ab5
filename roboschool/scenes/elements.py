"""What can be placed at random in a scene: goals, hazards, vases and so on, made from numbers."""

import functools
import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Annotated
from xml.etree import ElementTree as ET

from roboschool.errors import InvalidInput, describe_unknown
from roboschool.mdp.layout import COLOURS, Element, Rectangle
from roboschool.robots.urdf import Model, read_urdf
from roboschool.scenes.layout import MOST_ELEMENTS, Layout, LayoutTable
from roboschool.schema import Bounds, Size

Metres = Annotated[float, Bounds(0.001, 100.0)]
Colour = tuple[float, float, float]
Position = tuple[Annotated[float, Bounds(-300.0, 300.0)], Annotated[float, Bounds(-300.0, 300.0)]]
FLAT = 0.01  # half the height of what is drawn on the ground [m]
HOVER = 0.002  # height of a gremlin above the ground [m]


@dataclass(frozen=True)
class Kind:
    """A kind of element, with the numbers of Safety Gym."""

    size: float  # radius, or half the side of a box [m]
    keepout: float  # [m]
    about: str


KINDS = {
    "goal": Kind(0.3, 0.4, "a disc to drive to"),
    "button": Kind(0.1, 0.2, "a ball to touch, which does not move"),
    "box": Kind(0.2, 0.42, "a box to push, with columns at its corners"),
    "hazard": Kind(0.2, 0.4, "a disc to keep off; nothing meets it"),
    "vase": Kind(0.1, 0.15, "a light cube to leave alone"),
    "pillar": Kind(0.2, 0.3, "a tall cylinder that does not move"),
    "gremlin": Kind(0.1, 0.5, "a cube that goes round in a circle"),
    "wall": Kind(0.5, 0.0, "a cube that does not move"),
}


@dataclass(frozen=True, kw_only=True)
class ElementTable:
    """One `[[element]]` of a scene file: things of one kind."""

    kind: str
    count: int | tuple[int, int] = 1  # how many; a range is drawn in each episode
    size: Metres | tuple[Metres, Metres] | None = None  # radius, or half the side of a box [m]; None: as in `KINDS`
    keepout: Annotated[float, Bounds(0.0, 100.0)] | None = None  # see `Element` [m]
    areas: Annotated[tuple[Rectangle, ...], Size(0, 20)] = ()  # where they may be; none: in that of the layout
    positions: Annotated[
        tuple[Position, ...], Size(0, MOST_ELEMENTS)
    ] = ()  # x and y of each, if they are not drawn [m]
    observed: bool = True  # whether robots see them with a lidar
    costs: bool = False  # whether they cost
    density: Annotated[float, Bounds(0.01, 10000.0)] = 1.0  # of what moves [kg/m3]
    travel: Metres = 0.35  # radius of a gremlin's circle [m]
    speed: Annotated[float, Bounds(-10.0, 10.0)] = 1.0  # of a gremlin on it [rad/s]
    robots: tuple[str, ...] = ()  # only in scenes of these; none: of all

    @property
    def most(self) -> int:
        """How many there are at most."""
        return len(self.positions) or (self.count[1] if isinstance(self.count, tuple) else self.count)

    @property
    def sizes(self) -> tuple[float, ...]:
        """The size of each; a range is spread evenly over them, the smallest first."""
        if not isinstance(self.size, tuple):
            return (KINDS[self.kind].size if self.size is None else self.size,) * self.most
        low, high = self.size
        return tuple(low + (high - low) * number / max(1, self.most - 1) for number in range(self.most))


@dataclass(frozen=True)
class Made:
    """What is made of a table."""

    name: str
    model: Model
    rate: float  # of its hinge [rad/s]


class _Written:
    """A URDF in memory, as `read_urdf` takes it."""

    def __init__(self, root: ET.Element) -> None:
        self.root = root

    def save(self, path: str) -> None:
        """Write it."""
        ET.ElementTree(self.root).write(path)


def find_element_faults(layout: LayoutTable | None, tables: Sequence[ElementTable]) -> Iterator[str]:
    """Go through what is wrong with tables beyond their types."""
    if layout is not None:
        yield from _area_faults("layout.area", (layout.area,))
        yield from _area_faults("layout.robot_areas", layout.robot_areas)
    for place, table in enumerate(tables):
        where = f"element[{place}]"
        if table.kind not in KINDS:
            yield f"{where}.kind: {describe_unknown(table.kind, KINDS, 'kind of element')}"
        low, high = table.count if isinstance(table.count, tuple) else (table.count, table.count)
        if not 0 <= low <= high <= MOST_ELEMENTS:
            yield f"{where}.count: {table.count} is not within 0 and {MOST_ELEMENTS}"
        if isinstance(table.size, tuple) and table.size[0] > table.size[1]:
            yield f"{where}.size: {table.size[1]:g} is less than {table.size[0]:g}"
        if table.positions and table.count not in (1, len(table.positions)):
            yield f"{where}.count: {table.count}, but there are {len(table.positions)} positions"
        yield from _area_faults(f"{where}.areas", table.areas)


def _area_faults(where: str, areas: Sequence[Rectangle]) -> Iterator[str]:
    """Go through rectangles that are empty."""
    for x, y, far_x, far_y in areas:
        if not (x < far_x and y < far_y):
            yield f"{where}: {far_x:g}, {far_y:g} is not above and to the right of {x:g}, {y:g}"


def overlaps(layout: Layout, names: Sequence[str]) -> Iterator[str]:
    """Go through elements with fixed positions that are too near each other, or in a wall; `names` are of all props."""
    fixed = [(e, point) for e, point in zip(layout.elements, layout.positions, strict=True) if point is not None]
    for place, (one, (x, y)) in enumerate(fixed):
        for other, (far_x, far_y) in fixed[:place]:
            walls = [wall.size for wall in (one, other) if wall.kind == "wall"]
            inside = max(abs(x - far_x), abs(y - far_y)) < max(walls, default=0.0)
            if inside or math.hypot(x - far_x, y - far_y) < one.keepout + other.keepout + layout.margin:
                yield f"{names[one.prop]} is at {x:g}, {y:g}, which is too near {names[other.prop]}"


def make_models(tables: Sequence[ElementTable]) -> list[Made]:
    """Return name and model of every element, in the order of the tables."""
    made: list[Made] = []
    numbers: dict[str, int] = {}
    for table in tables:
        for size in table.sizes:
            model = _model(table.kind, size, table.density, table.travel)
            number = numbers[table.kind] = numbers.get(table.kind, -1) + 1
            made.append(Made(f"{table.kind}_{number}", model, table.speed if table.kind == "gremlin" else 0.0))
    return made


def make_layout(layout: Layout, tables: Sequence[ElementTable], first: int) -> Layout:
    """Return a layout with all elements of tables, the first of which is the prop with the number `first`."""
    elements: list[Element] = []
    positions: list[tuple[float, float] | None] = []
    counts: list[tuple[int, int, int]] = []
    for table in tables:
        kind = KINDS[table.kind]
        keepout = kind.keepout if table.keepout is None else table.keepout
        start = len(elements)
        for number, size in enumerate(table.sizes):
            areas = table.areas or (layout.area,)
            prop = first + len(elements)
            elements.append(Element(table.kind, prop, size, keepout, areas, table.observed, table.costs))
            positions.append(table.positions[number] if table.positions else None)
        if isinstance(table.count, tuple):
            counts.append((start, *table.count))
    return layout.filled(tuple(elements), tuple(positions), tuple(counts))


@functools.lru_cache(maxsize=64)
def _model(kind: str, size: float, density: float, travel: float) -> Model:
    """Return the model of an element; its root is on the ground, under its middle."""
    robot, s = ET.Element("robot", name=kind), size
    colour = COLOURS[kind]
    cube = {"box": {"size": f"{2 * s:g} {2 * s:g} {2 * s:g}"}}
    if kind in ("goal", "hazard"):
        _shape(ET.SubElement(robot, "link", name="ground"), colour, (0, 0, FLAT), _round(s, 2 * FLAT), solid=False)
    elif kind == "button":
        _shape(ET.SubElement(robot, "link", name="ground"), colour, (0, 0, s), {"sphere": {"radius": f"{s:g}"}})
    elif kind == "pillar":
        _shape(ET.SubElement(robot, "link", name="ground"), colour, (0, 0, 0.5), _round(s, 1.0))
    elif kind == "wall":
        _shape(ET.SubElement(robot, "link", name="ground"), colour, (0, 0, s), cube)
    elif kind == "vase":
        mass = density * (2 * s) ** 3
        link = _link(robot, "vase", mass, (0, 0, s), [mass * (2 * s) ** 2 / 6] * 3)
        _shape(link, colour, (0, 0, s), cube)
    elif kind == "box":
        half = density * (2 * s) ** 3  # the mass of the cube, and of the four columns together
        flat = half * ((2 * s) ** 2 + s**2) / 12 + half * s**2
        inertia = half * (2 * s) ** 2 / 6 + flat, half * (2 * s) ** 2 / 6 + flat, half * s**2 * (2 / 3 + 1 / 6 + 2)
        link = _link(robot, "box", 2 * half, (0, 0, s), inertia)
        _shape(link, colour, (0, 0, s), cube)
        for x, y in ((s, s), (s, -s), (-s, s), (-s, -s)):
            _shape(link, colour, (x, y, s), {"box": {"size": f"{s:g} {s:g} {2 * s:g}"}})
    else:
        ET.SubElement(robot, "link", name="ground")
        mass, at = density * (2 * s) ** 3, (travel, 0.0, s + HOVER)
        link = _link(robot, "gremlin", mass, at, [mass * (2 * s) ** 2 / 6] * 3)
        _shape(link, colour, at, cube)
        joint = ET.SubElement(robot, "joint", name="circle", type="continuous")
        ET.SubElement(joint, "parent", link="ground")
        ET.SubElement(joint, "child", link="gremlin")
        ET.SubElement(joint, "axis", xyz="0 0 1")
    return read_urdf(_Written(robot))


def _link(robot: ET.Element, name: str, mass: float, centre: Sequence[float], inertia: Sequence[float]) -> ET.Element:
    link = ET.SubElement(robot, "link", name=name)
    inertial = ET.SubElement(link, "inertial")
    ET.SubElement(inertial, "origin", xyz=_words(centre))
    ET.SubElement(inertial, "mass", value=f"{mass:.6g}")
    moments = {f"i{axis}{axis}": f"{value:.6g}" for axis, value in zip("xyz", inertia, strict=True)}
    ET.SubElement(inertial, "inertia", moments)
    contact = ET.SubElement(link, "contact")
    ET.SubElement(contact, "lateral_friction", value="1")
    return link


def _shape(
    link: ET.Element, colour: Colour, at: Sequence[float], geometry: dict[str, dict[str, str]], solid: bool = True
) -> None:
    for tag in ("visual", "collision")[: 1 + solid]:
        element = ET.SubElement(link, tag)
        ET.SubElement(element, "origin", xyz=_words(at))
        ((name, numbers),) = geometry.items()
        ET.SubElement(ET.SubElement(element, "geometry"), name, numbers)
        if tag == "visual":
            ET.SubElement(ET.SubElement(element, "material", name="own"), "color", rgba=_words((*colour, 1.0)))


def _round(radius: float, height: float) -> dict[str, dict[str, str]]:
    return {"cylinder": {"radius": f"{radius:g}", "length": f"{height:g}"}}


def _words(numbers: Sequence[float]) -> str:
    if not all(map(math.isfinite, numbers)):
        raise InvalidInput(f"{numbers} are not finite")
    return " ".join(f"{number:g}" for number in numbers)
