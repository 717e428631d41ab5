"""Values of an MJCF: attributes with the defaults of their classes, numbers, and frames as its compiler reads them."""

import math
from collections.abc import Iterator

import numpy as np

from roboschool.errors import InvalidInput, suggest
from roboschool.importing.draft import Frame, turn
from roboschool.robots.urdf_schema import FARTHEST, Element

DEEPEST = 32  # classes in each other
MAIN = "main"  # the class of what names none


class Attributes(dict[str, str]):
    """Attributes of an element, where its own stand before those of its class."""

    def __init__(self, element: Element, values: dict[str, str]) -> None:
        super().__init__({**values, **element.attrib})
        self.where = f"{element.getroottree().docinfo.URL}:{element.sourceline}: <{element.tag}>"

    def numbers(self, key: str, default: tuple[float, ...] = ()) -> tuple[float, ...]:
        """Return the numbers of an attribute.

        Raises:
            InvalidInput: something else is written there.
        """
        if not self.get(key, "").strip():
            return default
        try:
            found = tuple(float(word) for word in self[key].split())
        except ValueError:
            found = (math.nan,)
        if not all(map(math.isfinite, found)):
            raise InvalidInput(f"{self.where}: {key}={self[key]!r:.80}: not numbers")
        return found

    def vector(self, key: str, default: tuple[float, ...]) -> np.ndarray:
        """Return as many numbers as the default has.

        Raises:
            InvalidInput: there are fewer, or they are out of bounds.
        """
        found = self.numbers(key, default)
        if len(found) < len(default) or max(map(abs, found)) > FARTHEST * 1000:
            raise InvalidInput(f"{self.where}: {key}={self[key]!r:.80}: not {len(default)} numbers of moderate size")
        return np.array(found[: len(default)])

    def number(self, key: str, default: float | None = None) -> float | None:
        """Return the first number of an attribute, or the default."""
        found = self.numbers(key)
        return found[0] if found else default

    def flag(self, key: str, auto: bool) -> bool:
        """Return whether an attribute is "true"; `auto` if it is "auto" or not given."""
        return {"true": True, "false": False}.get(self.get(key, "auto"), auto)


class Defaults:
    """The attributes that elements of a class have unless they say otherwise."""

    def __init__(self, root: Element) -> None:
        self.classes: dict[str, dict[str, dict[str, str]]] = {MAIN: {}}
        for element in root.iterchildren("default"):
            self._read(element, {}, DEEPEST)

    def _read(self, element: Element, above: dict[str, dict[str, str]], depth: int) -> None:
        if not depth:
            raise InvalidInput(f"<default>: more than {DEEPEST} in each other")
        values = {tag: dict(own) for tag, own in above.items()}
        children = [child for child in element if isinstance(child.tag, str)]
        for child in children:
            if child.tag != "default":
                values[child.tag] = {**values.get(child.tag, {}), **child.attrib}
        self.classes[element.get("class", MAIN)] = values
        for child in children:
            if child.tag == "default":
                self._read(child, values, depth - 1)

    def of(self, element: Element, inherited: str = "") -> Attributes:
        """Return the attributes of an element in a body whose elements are of a class.

        Raises:
            InvalidInput: its class is unknown.
        """
        name = element.get("class") or inherited or MAIN
        if name not in self.classes:
            where = f"{element.getroottree().docinfo.URL}:{element.sourceline}"
            raise InvalidInput(f"{where}: unknown class {name!r:.80}{suggest(name, self.classes)}")
        return Attributes(element, self.classes[name].get(element.tag, {}))


class Compiler:
    """How the numbers of an MJCF are meant."""

    def __init__(self, root: Element) -> None:
        stated: dict[str, str] = {}
        for element in root.iterchildren("compiler"):
            stated |= element.attrib
        self.stated = Attributes(root, stated)
        if stated.get("coordinate", "local") != "local":
            fault = "no part of MJCF any more; MuJoCo before 2.3.4 can save the model with local coordinates"
            raise InvalidInput(f"{self.stated.where}: <compiler>: coordinate={stated['coordinate']!r:.40}: {fault}")
        self.degrees = stated.get("angle", "degree") != "radian"
        self.sequence = stated.get("eulerseq", "xyz")
        self.autolimits = stated.get("autolimits", "true") == "true"
        self.inertia = stated.get("inertiafromgeom", "auto")  # auto, true or false
        self.meshes = stated.get("meshdir") or stated.get("assetdir") or ""
        self.mass = self.stated.number("settotalmass", -1.0) or -1.0  # of the whole robot, if above 0 [kg]

    def angle(self, number: float) -> float:
        """Return an angle [rad]."""
        return math.radians(number) if self.degrees else number

    def frame(self, attributes: Attributes) -> Frame:
        """Return the frame that position and orientation of an element make.

        Raises:
            InvalidInput: one of them is malformed.
        """
        frame = np.eye(4)
        frame[:3, :3] = self._rotation(attributes)
        frame[:3, 3] = attributes.vector("pos", (0.0, 0.0, 0.0))
        return frame

    def _rotation(self, given: Attributes) -> np.ndarray:
        if given.get("quat"):
            w, *xyz = _unit(given.vector("quat", (1.0, 0.0, 0.0, 0.0))).tolist()
            length = math.hypot(*xyz)
            return turn(np.array(xyz) / length, 2.0 * math.atan2(length, w)) if length > 1e-12 else np.eye(3)
        if given.get("axisangle"):
            *axis, angle = given.vector("axisangle", (0.0, 0.0, 1.0, 0.0)).tolist()
            return turn(_unit(np.array(axis)), self.angle(angle))
        if given.get("xyaxes"):
            both = given.vector("xyaxes", (1.0, 0.0, 0.0, 0.0, 1.0, 0.0))
            x = _unit(both[:3])
            y = _unit(both[3:] - x * float(x @ both[3:]))
            return np.stack([x, y, np.cross(x, y)], axis=1)
        if given.get("zaxis"):
            return point_z(given.vector("zaxis", (0.0, 0.0, 1.0)))
        if given.get("euler"):
            found = np.eye(3)
            for letter, number in zip(self.sequence, given.vector("euler", (0.0, 0.0, 0.0)).tolist(), strict=False):
                about = turn(np.eye(3)["xyz".find(letter.lower())], self.angle(number))
                found = found @ about if letter.islower() else about @ found
            return found
        return np.eye(3)


def point_z(way: np.ndarray) -> np.ndarray:
    """Return the least rotation that turns z into a direction (3, 3)."""
    z = _unit(way)
    axis = np.cross([0.0, 0.0, 1.0], z)
    sine = float(np.linalg.norm(axis))
    if sine < 1e-12:
        return np.eye(3) if z[2] > 0.0 else turn(np.array([1.0, 0.0, 0.0]), math.pi)
    return turn(axis / sine, math.atan2(sine, float(z[2])))


def _unit(vector: np.ndarray) -> np.ndarray:
    length = float(np.linalg.norm(vector))
    if length < 1e-12:
        raise InvalidInput("an axis or a quaternion has length zero")
    return vector / length


def elements(parent: Element | None) -> Iterator[Element]:
    """Go through the elements in another, without comments."""
    return iter(()) if parent is None else (child for child in parent if isinstance(child.tag, str))
