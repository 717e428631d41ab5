"""What an agent senses and is told, as lines over a picture: rays, forces of contacts, and a commanded velocity."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from PIL import Image, ImageDraw

from roboschool.mdp.needs import HIT, RayFan
from roboschool.rendering.camera_view import NEAR, CameraView
from roboschool.rendering.render_scene import RenderScene
from roboschool.simulation.group import Group
from roboschool.simulation.simulation import Simulation

Colour: TypeAlias = tuple[int, int, int, int]
MISS, GROUND, PROP, AGENT = (255, 255, 255, 50), (255, 214, 64, 150), (255, 140, 40, 220), (255, 70, 70, 230)
FORCE, COMMAND = (70, 170, 255, 255), (112, 226, 128, 255)
GRAVITY = 9.8  # [m/s2]
LEAST, MOST = 0.02, 2.0  # shares of a robot's weight: forces that are drawn, and the longest arrow
SECOND = 1.0  # an arrow leads where a command does in this time [s]
HEAD, OPEN = 0.25, 0.5  # of an arrow: length as a share of it, and half its width as a share of that
DESIGN = 400  # height of a picture whose lines are one pixel wide, and whose arrows are two


@dataclass(frozen=True)
class Sketch:
    """What is drawn of an agent."""

    agent: int  # its number in the scene
    fans: tuple[RayFan, ...]
    hits: np.ndarray  # where each ray ends, as a share of its reach, and what it hits (ray, HIT)
    others: int  # numbers below are other agents
    props: int  # then this many are props, then comes the ground
    forces: dict[str, np.ndarray]  # on links, in the world (3,) [N]
    command: tuple[float, float] | None  # velocity forward, to the left [m/s]
    height: float  # of its trunk where it stands [m]
    weight: float  # [N]

    @classmethod
    def of(cls, simulation: Simulation, group: Group, place: int) -> "Sketch":
        """Return what there is to draw of an agent in the first world."""
        scene, robot, state = simulation.scene, group.task.robot, group.state
        views = [view[0] for view in group.memory.ray_views(place)]
        forces = state.link_forces[0, place] if group.needs.link_forces else np.zeros((0, 3))
        command = state.memory.command[0, place] if "command" in group.task.memory.quantities else np.zeros(0)
        return cls(
            group.agents[place],
            group.needs.rays,
            np.concatenate([*views, np.zeros(0)]).reshape(-1, HIT),
            len(scene.agents) - 1,
            len(scene.props),
            {link.name: force.copy() for link, force in zip(robot.model.links, forces, strict=False)},
            (float(command[0]), float(command[1])) if np.size(command) >= 2 else None,
            robot.standing_height or 1.0,
            robot.mass * GRAVITY,
        )

    def _colour(self, hit: float) -> Colour:
        if hit < 0.0:
            return MISS
        return AGENT if hit < self.others else PROP if hit < self.others + self.props else GROUND

    def lines(self, scene: RenderScene) -> Iterator[tuple[np.ndarray, np.ndarray, Colour, bool]]:
        """Yield lines in a scene as it is placed: where each begins and ends (3,) [m], its colour, is it an arrow."""
        numbers, first = scene.link_numbers[self.agent], 0
        for fan in self.fans:
            pose = scene.placed[0, numbers[fan.link]]
            axes = pose[:9].reshape(3, 3)
            start = pose[9:] + axes @ np.array(fan.origin)
            turned = _level(axes) if fan.level else axes
            for direction, (share, hit) in zip(fan.directions, self.hits[first:], strict=False):
                yield start, start + turned @ np.array(direction) * fan.reach * share, self._colour(hit), False
            first += len(fan.directions)
        for name, force in self.forces.items():
            size = float(np.linalg.norm(force))
            if size > LEAST * self.weight:
                start = scene.far_end(numbers[name], force / size)
                yield start, start + force / size * self.height * min(MOST, size / self.weight), FORCE, True
        if self.command is not None and any(self.command):
            link, centre = scene.trunks[self.agent]
            pose = scene.placed[0, link]
            axes = pose[:9].reshape(3, 3)
            start = pose[9:] + axes @ centre + (0.0, 0.0, self.height / 2)
            yield start, start + _level(axes) @ np.array((*self.command, 0.0)) * SECOND, COMMAND, True

    def draw(self, picture: np.ndarray, scene: RenderScene, view: CameraView) -> np.ndarray:
        """Return a picture (height, width, 3) of a scene with lines over it."""
        image = Image.fromarray(picture)
        height, width = picture.shape[:2]
        draw, thin = ImageDraw.Draw(image, "RGBA"), max(1, round(height / DESIGN))
        for start, end, colour, points in self.lines(scene):
            seen = _project(view, start, end, width, height)
            if seen is None:
                continue
            draw.line([*map(tuple, seen)], fill=colour, width=thin * (2 if points else 1))
            if points:
                draw.polygon([*map(tuple, _head(*seen))], fill=colour)
        return np.array(image)


def _level(axes: np.ndarray) -> np.ndarray:
    """Return the axes of the heading of a link (3, 3)."""
    x, y = axes[0, 0], axes[1, 0]
    length = np.hypot(x, y)
    cos, sin = (x / length, y / length) if length > 0.0 else (1.0, 0.0)
    return np.array(((cos, -sin, 0.0), (sin, cos, 0.0), (0.0, 0.0, 1.0)))


def _project(view: CameraView, start: np.ndarray, end: np.ndarray, width: int, height: int) -> np.ndarray | None:
    """Return the pixels between which a line is seen (2, 2), x and y; None if it is behind the eye."""
    offsets = np.stack([start, end]) - view.eye
    if not np.isfinite(offsets).all():
        return None
    depths = offsets @ view.ahead
    if depths.max() <= NEAR:
        return None
    behind = int(depths.argmin())
    if depths[behind] < NEAR:
        share = (NEAR - depths[behind]) / (depths[1 - behind] - depths[behind])
        offsets[behind] += share * (offsets[1 - behind] - offsets[behind])
        depths[behind] = NEAR
    x = offsets @ view.right / (depths * view.wide)
    y = offsets @ view.up / (depths * view.high)
    return np.stack([(1.0 + x) * width / 2.0, (1.0 - y) * height / 2.0], axis=-1)


def _head(start: np.ndarray, end: np.ndarray) -> np.ndarray:
    """Return the corners of the head of an arrow (3, 2) [pixels]."""
    back = HEAD * (start - end)
    side = OPEN * back[::-1] * (1.0, -1.0)
    return np.stack([end, end + back + side, end + back - side])
