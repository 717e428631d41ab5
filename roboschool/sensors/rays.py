"""A lidar of rays that physics casts: what is really there, the ground and other robots too."""

import functools
import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Annotated

import numpy as np

from roboschool.errors import InvalidInput, check_choice
from roboschool.mdp.needs import HIT, Needs, RayFan
from roboschool.mdp.record import Record
from roboschool.mdp.remembering import RememberingSensor
from roboschool.mdp.scene_info import SceneInfo
from roboschool.mdp.sensor import Field, Sensor
from roboschool.mdp.state import State
from roboschool.robots.robot import Robot
from roboschool.schema import Bounds, Meaning

MOST_RAYS = 4096  # of a sensor
SHOWS = ("", "class", "agent")
GROUND, PROP, AGENT = 1.0, 2.0, 3.0  # classes; 0: nothing


@dataclass(frozen=True)
class Rays(RememberingSensor):
    """How far it is along rays, and what they hit; they go through the robot itself.

    They are even in a fan: across from right to left, and from the lowest row up. A fan of 360 degrees begins ahead and
    goes on counter-clockwise.
    """

    count: Annotated[int, Bounds(1, 1024), Meaning("Rays of a row.")] = 64
    rows: Annotated[int, Bounds(1, 128), Meaning("Rows above each other; 1 is a planar lidar.")] = 1
    range: Annotated[float, Bounds(0.0, 1000.0, above=True), Meaning("Of each ray.", "m")] = 10.0
    no_hit: Annotated[
        float | None,
        Bounds(-1.0, 2000.0),
        Meaning("What is observed where nothing is; the range if none.", "m"),
    ] = None
    across: Annotated[float, Bounds(0.0, 360.0, above=True), Meaning("Angle of a row.", "deg")] = 360.0
    low: Annotated[float, Bounds(-90.0, 90.0), Meaning("Angle of the lowest row over the horizon.", "deg")] = 0.0
    high: Annotated[float, Bounds(-90.0, 90.0), Meaning("Angle of the highest row, if there are several.", "deg")] = 0.0
    link: Annotated[str, Meaning("From which they are cast; the trunk if empty.")] = ""
    position: Annotated[
        tuple[float, float, float], Bounds(-10.0, 10.0), Meaning("Where they begin, in the frame of the link.", "m")
    ] = (0.0, 0.0, 0.0)
    level: Annotated[bool, Meaning("Whether the fan turns with the heading of the link only, and stays level.")] = False
    what: Annotated[
        str,
        Meaning(
            "What is observed beside distances: nothing; `class`: 0 nothing, 1 the ground, 2 a prop, 3 an agent; or "
            "`agent`: 0 none, else its number, the next agent of the scene being 1."
        ),
    ] = ""
    others: int = 0  # other agents, once it is in a scene
    props: int = 0  # likewise

    def fit(self, robot: Robot, scene: SceneInfo, memory: type[Record]) -> Sensor:
        """Return it on a robot."""
        check_choice(self.what, SHOWS, "choice", "what")
        if self.count * self.rows > MOST_RAYS:
            raise InvalidInput(f"count: {self.count} rays in {self.rows} rows are more than {MOST_RAYS}")
        if self.low > self.high or (self.rows > 1 and self.low == self.high):
            raise InvalidInput(f"high: {self.high:g} deg is not above low, {self.low:g} deg")
        links = [link.name for link in robot.model.links]
        link = check_choice(self.link or robot.trunk, links, "link", "link")
        return replace(self, link=link, others=len(scene.agents) - 1, props=len(scene.props))

    @functools.cached_property
    def directions(self) -> tuple[tuple[float, float, float], ...]:
        """Where each ray points, in the frame of the link or its heading."""
        full = self.across == 360.0
        step = self.across / (self.count if full else max(1, self.count - 1))
        first = 0.0 if full or self.count == 1 else -self.across / 2.0
        rise = (self.high - self.low) / max(1, self.rows - 1)
        turns = [math.radians(first + step * number) for number in range(self.count)]
        tilts = [math.radians(self.low + rise * row) for row in range(self.rows)]
        return tuple((math.cos(a) * math.cos(e), math.sin(a) * math.cos(e), math.sin(e)) for e in tilts for a in turns)

    def fields(self, robot: Robot, scene: SceneInfo) -> Sequence[Field]:
        """Return a distance for each ray, then what each hits if that is observed."""
        names = [
            f"ray {number}" if self.rows == 1 else f"ray {number} of row {row}"
            for row in range(self.rows)
            for number in range(self.count)
        ]
        beyond = self._beyond
        low, high = min(0.0, beyond), max(self.range, beyond)
        fields = [Field(f"distance along {name}", "m", self.link, low=low, high=high) for name in names]
        if self.what:
            most = AGENT if self.what == "class" else max(1.0, float(self.others))
            fields += [Field(f"what {name} hits", source=self.link, low=0.0, high=most) for name in names]
        return fields

    @property
    def _beyond(self) -> float:
        return self.range if self.no_hit is None else self.no_hit

    def needs(self) -> Needs:
        """The rays."""
        return Needs(rays=(RayFan(self.link, self.position, self.directions, self.range, self.level),))

    def size(self, robot: Robot, scene: SceneInfo) -> int:
        """Return what physics writes of the rays."""
        return HIT * len(self.directions)

    def observe(self, own: np.ndarray, previous: State, action: np.ndarray, state: State, dt: float) -> np.ndarray:
        """Return distances [m], then what is hit (..., rays) or (..., 2 * rays)."""
        share, hit = own[..., 0::HIT], own[..., 1::HIT]
        distance = np.where(hit < 0.0, self._beyond, share * self.range)
        if not self.what:
            return distance
        if self.what == "agent":
            seen = np.where(hit < self.others, hit + 1.0, 0.0)
        else:
            bounds = [hit < 0.0, hit < self.others, hit < self.others + self.props]
            seen = np.select(bounds, [0.0, AGENT, PROP], GROUND)
        return np.concatenate([distance, seen], axis=-1)
