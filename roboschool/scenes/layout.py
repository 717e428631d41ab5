"""Draws where robots and elements of a scene are, so that they keep clear of each other."""

import dataclasses
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Any, TypeAlias

import numpy as np

from roboschool.errors import InvalidInput, check_choice
from roboschool.mdp.layout import PARKED, Element, Placing, Rectangle, find_position
from roboschool.schema import Bounds, Size

MOST_ELEMENTS = 200
TRIES = 100  # places that are drawn for a thing before all is drawn anew
LAYOUTS = 40  # of them before it is given up

Thing: TypeAlias = tuple[str, float, tuple[Rectangle, ...], tuple[float, float] | None]
Pose: TypeAlias = tuple[float, float, float]  # x, y [m], yaw [rad]


@dataclass(frozen=True, kw_only=True)
class LayoutTable:
    """The `[layout]` of a scene file: where robots and elements are placed."""

    area: Rectangle = (-2.0, -2.0, 2.0, 2.0)  # corner and opposite corner [m]
    margin: Annotated[float, Bounds(0.0, 10.0)] = 0.0  # that things keep beside their own distances [m]
    robot_keepout: Annotated[float, Bounds(0.0, 100.0)] = 0.4  # see `Element` [m]
    robot_areas: Annotated[tuple[Rectangle, ...], Size(0, 20)] = ()  # where robots may be; none: in `area`
    seed: Annotated[int, Bounds(0, 2**63)] | None = None  # all episodes have the layout of this seed


@dataclass(frozen=True, kw_only=True)
class Layout(LayoutTable):
    """Where robots and elements are placed, with the elements."""

    elements: tuple[Element, ...] = ()
    positions: tuple[tuple[float, float] | None, ...] = ()  # of elements that are not drawn
    counts: tuple[tuple[int, int, int], ...] = ()  # first element of a kind, fewest, most: how many there are is drawn

    def filled(
        self,
        elements: tuple[Element, ...],
        positions: tuple[tuple[float, float] | None, ...],
        counts: tuple[tuple[int, int, int], ...],
    ) -> "Layout":
        """Return the layout with elements."""
        return dataclasses.replace(self, elements=elements, positions=positions, counts=counts)

    @property
    def placing(self) -> Placing:
        """What a task needs of it."""
        return Placing(self.elements, self.robot_keepout, self.margin)

    def sample(self, robots: Sequence[str], names: Sequence[str], rng: np.random.Generator) -> dict[str, Pose]:
        """Return where robots and elements are, by name.

        Args:
            robots: names of the agents.
            names: of the elements, in order.
            rng: the generator of the world.

        Raises:
            InvalidInput: they do not fit; the message names the one that found no place most often.
        """
        rng = rng if self.seed is None else np.random.default_rng(self.seed)
        parked = self._parked(rng)
        things: list[Thing] = [(name, self.robot_keepout, self.robot_areas or (self.area,), None) for name in robots]
        things += [
            (name, element.keepout, element.areas, position)
            for place, (name, element, position) in enumerate(zip(names, self.elements, self.positions, strict=True))
            if place not in parked
        ]
        things.sort(key=lambda thing: (thing[3] is None, -thing[1]))  # fixed ones first, then those that need most room
        failed: dict[str, int] = {}
        for _ in range(LAYOUTS):
            points = self._try(things, rng, failed)
            if points is not None:
                poses = {
                    name: (*points[name], float(rng.uniform(0.0, math.tau)))
                    for name in (*robots, *names)
                    if name in points
                }
                away = ((names[place], (PARKED + 3.0 * place, PARKED, 0.0)) for place in sorted(parked))
                return poses | dict(away)
        raise InvalidInput(self._explain(things, failed))

    def _explain(self, things: Sequence[Thing], failed: Mapping[str, int]) -> str:
        """Return what does not fit, and why: there is no room within the keepouts, or too little."""
        name = max(failed, key=failed.__getitem__)
        text = f"{name} finds no place in {failed[name]} of {LAYOUTS} layouts"
        keepout, areas = next((keepout, areas) for other, keepout, areas, _ in things if other == name)
        narrow = min(max(x, y) for x, y in ((2.0 * keepout - (e - a), 2.0 * keepout - (f - b)) for a, b, e, f in areas))
        if narrow > 0.0:
            text += f"; its areas are narrower than twice its keepout, {keepout:g} m"
        room = sum((far_x - x) * (far_y - y) for x, y, far_x, far_y in {area for each in things for area in each[2]})
        taken = sum(math.pi * each[1] ** 2 for each in things)
        text += f"; {len(things)} things keep {taken:.1f} m2 of {room:.1f} m2 to themselves"
        return f"{text}: give more room or smaller keepouts"

    def _parked(self, rng: np.random.Generator) -> set[int]:
        """Draw how many elements there are; return those that are not."""
        parked: set[int] = set()
        for first, fewest, most in self.counts:
            parked |= set(range(first + int(rng.integers(fewest, most + 1)), first + most))
        return parked

    def _try(
        self, things: Sequence[Thing], rng: np.random.Generator, failed: dict[str, int]
    ) -> dict[str, tuple[float, float]] | None:
        """Return places of all things, or None if one found none."""
        points: dict[str, tuple[float, float]] = {}
        taken: list[tuple[float, float, float]] = []
        for name, keepout, areas, position in things:
            point = position
            if point is None:
                point, gap = find_position(rng, areas, keepout, taken, TRIES)
                if gap < 0.0:
                    failed[name] = failed.get(name, 0) + 1
                    return None
            points[name] = point
            taken.append((*point, keepout + self.margin))
        return points


def check_layout(where: str, given: Any, names: Sequence[str]) -> dict[str, Pose]:
    """Return a saved layout, as `Simulation.layout` returns it, that a reset is given.

    Raises:
        InvalidInput: it is not one, or of another scene.
    """
    if not isinstance(given, Mapping):
        raise InvalidInput(f"{where}: layout: {given!r:.80} is not a mapping, like {{'hazard_0': (1.0, 0.5, 0.0)}}")
    for name in given:
        check_choice(name, names, "agent or element", f"{where}: layout")
    missing = [name for name in names if name not in given]
    if missing:
        raise InvalidInput(f"{where}: layout: {', '.join(missing)} is not in it; it is of another scene")
    poses: dict[str, Pose] = {}
    for name, pose in given.items():
        try:
            x, y, yaw = map(float, pose)
        except (TypeError, ValueError):
            raise InvalidInput(f"{where}: layout: {name}: {pose!r:.80} is not x, y and yaw") from None
        if not all(map(math.isfinite, (x, y, yaw))):
            raise InvalidInput(f"{where}: layout: {name}: {pose!r:.80} is not finite")
        poses[name] = x, y, yaw
    return poses
