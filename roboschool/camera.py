"""A camera: pictures of a scene, taken on a stage of its own so that looking never changes a world.

Bullet draws only what stands up: the robots, and once more the robots flattened along the sunlight, which gives their
shadows. Ground and sky are painted behind them by formulas that average over each pixel: smooth however far away.
"""

import functools
import importlib.util
import math
import os
import re
import subprocess
import sys
import tempfile
import weakref
from collections.abc import Mapping, Sequence
from contextlib import nullcontext
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
from lxml import etree

from roboschool.capture import captured
from roboschool.files import InvalidInput, choose
from roboschool.robot import Robot
from roboschool.scene import Scene
from roboschool.urdf import Model
from roboschool.world import Snapshot

with captured():
    import pybullet as bullet

Colour: TypeAlias = tuple[int, int, int]  # red, green, blue
Triple: TypeAlias = tuple[float, float, float]

SMALLEST, LARGEST = 16, 4096  # sides of a picture [pixels]

# The eye.
NEAR, FAR = 0.05, 200.0  # what is drawn lies between [m]
VIEW = math.tan(math.radians(20.0))  # half the height of what is seen 1 m away [m]
NARROWEST = 0.5  # half its width, at least [m]
EYE = 1.4  # its height beside a robot [m]
LOW, HIGH, STEEPEST = math.radians(8.0), math.radians(15.0), math.radians(30.0)  # it looks down: at least, on several
SIDE, FRONT = math.radians(-80.0), math.radians(-52.0)  # where it is seen from one robot, from several
FARTHEST = 25.0  # from the robots [m]
MIDDLE = 0.65  # height of a robot's middle, if its trunk's is 1
ROOM = 0.72  # radius of the room given to a robot, if its longest side is 1
AIM, TRAIL, ZOOM = np.array((0.85, 0.85, 0.96)), 0.98, 0.96  # share of the old that stays at every frame
LEAD, SWING, BESIDE = 0.2, 1.8, 3.2  # share of the way behind to look ahead; most of it, and across, to turn by [m]
BEHIND, FORGOTTEN = 5.0, 9.0  # a robot so far behind the first begins to leave the picture, has left it [m]

# The ground and the sky.
ZENITH, HORIZON = (118, 172, 222), (226, 236, 243)
GROUND, TRACK, WHITE, BLACK = (199, 211, 203), (138, 160, 182), (248, 248, 246), (38, 44, 54)
TILE, CONTRAST = 1.0, 0.06  # size of a tile [m], black in every other one
LANE, LINE, START = 2.0, 0.06, 0.12  # width of a lone lane, of its lines, of the start line [m]
FINISH, SQUARE = 1.0, 0.25  # width of the finish, of its squares [m]
HAZE = 50.0  # at this distance most of the ground's colour is the horizon's [m]
SHARPEST = np.float32(1e-6)  # width of what a pixel shows of the ground, at least [m]

# What stands up.
LOST = 1e5  # a robot so far away is not moved any more [m]
SUN = np.array((-0.5, -0.75, 1.0))  # direction to it
FLAT = np.eye(4) - np.outer((*SUN / SUN[2], 0.0), (0.0, 0.0, 1.0, 0.0))  # casts everything on the ground
AMBIENT, DIFFUSE, SPECULAR = 0.62, 0.42, 0.05  # light on robots
SHADE, SOFT = 0.45, 2  # share of light that a shadow takes, width of its edge [pixels]
NOTHING = 0.99999  # depth from which on nothing is drawn
FINER, COARSER = 2, 4  # robots are drawn finer than the picture, for smooth edges, and first coarser, to find them
MARGIN = 8  # around what was found [pixels]
ARCH, POST, BANNER = 3.0, 0.04, 0.2  # height of the finish arch, half the width of a post and of a square on it [m]
SWELL = 1.03  # every other link is so much thicker
SIDES, RINGS = 16, 6  # of a cylinder; rings, because long triangles are drawn slowly
BALL, BALL_SIDES = 0.085, 22  # balls of a greater radius [m] get so many sides

SLOW = ("llvmpipe", "softpipe", "swrast")  # drivers without a graphics card, slower than Bullet's own renderer
PROBE = """
import importlib.util, pybullet, sys
pybullet.connect(pybullet.DIRECT)
sys.exit(pybullet.loadPlugin(importlib.util.find_spec("eglRenderer").origin, "_eglRendererPlugin") < 0)
"""


class Camera:
    """Takes pictures of a scene: of one robot from its side, of several from their front, following them smoothly.

    Args:
        scene: what to look at.
        width: of the pictures [pixels].
        height: of the pictures [pixels].

    Raises:
        InvalidInput: width or height is not a whole number of pixels, or too small or large.
    """

    def __init__(self, scene: Scene, width: int = 600, height: int = 400) -> None:
        for name, size in (("width", width), ("height", height)):
            if not isinstance(size, int) or not SMALLEST <= size <= LARGEST:
                raise InvalidInput(f"{name}: {size!r} is not a whole number from {SMALLEST} to {LARGEST}")
        self.scene, self.width, self.height = scene, width, height
        high = max(VIEW, NARROWEST * height / width)
        self._follow = Follow(high * width / height, high)
        self._backdrop = Backdrop(scene)
        self._stage: Stage | None = None

    def picture(self, snapshot: Snapshot) -> np.ndarray:
        """Return the next picture (height, width, 3), bytes.

        Raises:
            InvalidInput: `ROBOSCHOOL_RENDERER` asks for what there is not.
        """
        if self._stage is None:
            self._stage = Stage(self.scene, self._backdrop.track)
        lens = self._follow.lens(self._stage.show(snapshot), self._stage.room)
        picture = self._backdrop.paint(lens, self.width, self.height)
        self._stage.compose(picture, lens)
        return (picture + 0.5).astype(np.uint8)

    def cut(self) -> None:
        """Let the next picture begin where the robots are; without, the view glides there."""
        self._follow.cut()

    def close(self) -> None:
        """Free the stage; again does nothing."""
        if self._stage is not None:
            self._stage.close()
            self._stage = None


class Lens:
    """An eye that looks in a direction."""

    def __init__(self, eye: np.ndarray, ahead: np.ndarray, wide: float, high: float) -> None:
        self.eye, self.ahead, self.wide, self.high = eye, ahead, wide, high
        self.right = np.array((ahead[1], -ahead[0], 0.0)) / math.hypot(ahead[0], ahead[1])
        self.up = np.cross(self.right, ahead)
        axes = np.stack((self.right, self.up, -ahead))
        self.view = np.vstack((np.column_stack((axes, -axes @ eye)), (0.0, 0.0, 0.0, 1.0)))

    def project(self, top: float = 0.0, bottom: float = 1.0, left: float = 0.0, right: float = 1.0) -> np.ndarray:
        """Return the projection (4, 4) that fills a picture with a part of what is seen, given as shares of it."""
        width, height = right - left, bottom - top
        return np.array(
            (
                (1.0 / (self.wide * width), 0.0, (left + right - 1.0) / width, 0.0),
                (0.0, 1.0 / (self.high * height), (1.0 - top - bottom) / height, 0.0),
                (0.0, 0.0, (FAR + NEAR) / (NEAR - FAR), 2.0 * FAR * NEAR / (NEAR - FAR)),
                (0.0, 0.0, -1.0, 0.0),
            )
        )


class Follow:
    """Keeps the robots in the picture, but those left behind; `wide` and `high` are half of what is seen 1 m away."""

    def __init__(self, wide: float, high: float) -> None:
        self.wide, self.high = wide, high
        self.cut()

    def cut(self) -> None:
        """Forget all frames so far."""
        self.focus = self.trail = np.full(3, np.nan)
        self.distance = np.array(np.nan)

    def lens(self, points: np.ndarray, room: np.ndarray) -> Lens:
        """Return the lens of the next frame for robots at some points (robot, 3), each with a radius (robot,) [m]."""
        points = _gather(points)
        middle = (points.min(0) + points.max(0)) / 2
        self.focus = _smooth(self.focus, middle, AIM)
        self.trail = _smooth(self.trail, middle, TRAIL)
        pace = (self.focus - self.trail).clip(-SWING, SWING) * (1.0, 1.0, 0.0)
        down = math.asin(np.clip((EYE - self.focus[2]) * self.high / room.max(), math.sin(LOW), math.sin(STEEPEST)))
        around = SIDE - math.atan2(pace[0], BESIDE)
        if len(points) > 1:
            down, around = max(down, HIGH), FRONT
        ahead = -np.array((math.cos(down) * math.cos(around), math.cos(down) * math.sin(around), math.sin(down)))
        lens = Lens(self.focus + LEAD * pace, ahead, self.wide, self.high)
        offsets = points - lens.eye
        wide = (abs(offsets @ lens.right) + room) / self.wide - offsets @ ahead
        high = (abs(offsets @ lens.up) + room) / self.high - offsets @ ahead
        self.distance = _smooth(self.distance, min(FARTHEST, np.maximum(wide, high).max()), ZOOM)
        eye = lens.eye - self.distance * ahead
        eye[2] = max(eye[2], 2 * NEAR)
        return Lens(eye, ahead, self.wide, self.high)


def _gather(points: np.ndarray) -> Any:
    """Return the points with those far behind the first moved towards the others."""
    weights = (points[:, :1] - points[:, 0].max() + FORGOTTEN) / (FORGOTTEN - BEHIND)
    weights = weights.clip(0.0, 1.0)
    mean = (weights * points).sum(0) / weights.sum()
    return mean + weights * (points - mean)


def _smooth(old: np.ndarray, new: Any, stays: Any) -> np.ndarray:
    return np.where(np.isnan(old), new, stays * old + (1.0 - stays) * new)


class Backdrop:
    """Ground and sky: a track where all start abreast along +x, tiles elsewhere."""

    def __init__(self, scene: Scene) -> None:
        self.track = _track(scene)
        self.finish = scene.finish

    def paint(self, lens: Lens, width: int, height: int) -> np.ndarray:
        """Return what is seen (height, width, 3), from 0 to 255."""
        size = np.array((2 * lens.wide / width, 2 * lens.high / height), np.float32)  # of a pixel 1 m away [m]
        across = (np.arange(width, dtype=np.float32) + 0.5) * size[0] - np.float32(lens.wide)
        upward = np.float32(lens.high) - (np.arange(height, dtype=np.float32)[:, None] + 0.5) * size[1]
        eye, ahead, right, up = (part.astype(np.float32) for part in (lens.eye, lens.ahead, lens.right, lens.up))
        rise = ahead[2] + up[2] * upward
        picture = np.empty((height, width, 3), np.float32)
        picture[:] = _layers(HORIZON, [((rise / 0.5).clip(0.0, 1.0) ** 0.8, ZENITH)])
        first = int(np.count_nonzero(rise > -eye[2] / FAR))
        if first < height:
            far = eye[2] / -rise[first:]  # distance [m], along the lens's axis
            step = far**2 / eye[2] * up[2] * size[1]  # to the next row [m]
            ways = [ahead[axis] + up[axis] * upward[first:] + right[axis] * across for axis in (0, 1)]
            x, y = (eye[axis] + far * ways[axis] for axis in (0, 1))
            wide, high = (step * abs(ways[axis]) + far * abs(right[axis]) * size[0] + SHARPEST for axis in (0, 1))
            haze = 1.0 - np.exp(-((far / HAZE) ** 1.5))
            picture[first:] = _layers(GROUND, [*self._markings(x, y, wide, high), (haze, HORIZON)])
        return picture

    def _markings(self, x: Any, y: Any, wide: Any, high: Any) -> list[tuple[Any, Colour]]:
        """Return how much of each colour lies over the one before, at spots blurred over a width and height [m]."""
        rows, columns = _stripes(x, wide, TILE), _stripes(y, high, TILE)
        if self.track is None:
            return [(CONTRAST * _chequer(rows, columns), BLACK)]
        low, top, lane = self.track
        track = _band(y, high, low, top)
        lines = _stripes(y - low + LINE / 2, high, LINE, lane) * _band(y, high, low - LINE / 2, top + LINE / 2)
        layers = [(track, TRACK), (CONTRAST * _chequer(rows, columns * (1.0 - track)), BLACK), (lines, WHITE)]
        layers.append((track * _band(x, wide, -START / 2, START / 2), WHITE))
        if self.finish is not None and x.min() < self.finish + FINISH and x.max() > self.finish:
            end = track * _band(x, wide, self.finish, self.finish + FINISH)
            squares = _chequer(_stripes(x - self.finish, wide, SQUARE), _stripes(y - low, high, SQUARE))
            layers += [(end, WHITE), (end * squares, BLACK)]
        return layers


def _track(scene: Scene) -> Triple | None:
    """Return the right and left edge of the track and the width of a lane [m], if there is one."""
    if any(isinstance(y, tuple) or abs(np.mean(agent.turn)) > 0.1 for agent in scene.agents for y in agent.spot):
        return None
    ys = np.unique([agent.spot[1] for agent in scene.agents])
    lane = float(ys[1] - ys[0]) if len(ys) > 1 else LANE
    if not np.allclose(np.diff(ys), lane):
        return None
    return float(ys[0]) - lane / 2, float(ys[-1]) + lane / 2, lane


def _layers(ground: Colour, layers: Sequence[tuple[Any, Colour]]) -> np.ndarray:
    """Return a colour (..., 3) over which others have been painted, each covering a share of it."""
    channels = []
    for channel, shade in enumerate(np.array(ground, np.float32)):
        for share, colour in layers:
            shade = shade + share * (colour[channel] - shade)
        channels.append(shade)
    return np.stack(channels, axis=-1)


def _stripes(at: Any, blur: Any, width: float, period: float | None = None) -> Any:
    """Return how much of an interval lies in stripes that begin at every multiple of a period, else of two widths."""
    period = period or 2 * width
    share = width / period

    def covered(end: Any) -> Any:
        whole = np.floor(end)
        return np.minimum(end - whole, share) + whole * share

    at, blur = at / period, blur / period
    return (covered(at + blur / 2) - covered(at - blur / 2)) / blur


def _band(at: Any, blur: Any, low: float, top: float) -> Any:
    """Return how much of an interval lies between two ends."""
    half = blur / 2
    return ((np.minimum(at + half, top) - np.maximum(at - half, low)) / blur).clip(0.0, 1.0)


def _chequer(rows: Any, columns: Any) -> Any:
    return rows + columns - 2 * rows * columns


class Puppet:
    """A robot on a stage."""

    def __init__(self, client: int, robot: Robot, meshes: Mapping[str, Path]) -> None:
        self.client = client
        path = meshes["sphere"].with_name(f"{robot.name}.urdf")  # not one name for all: Bullet remembers files by name
        path.write_text(_improve(robot.model, meshes), encoding="utf-8")
        flags = bullet.URDF_USE_INERTIA_FROM_FILE
        self.id = bullet.loadURDF(str(path), useFixedBase=robot.fixed, flags=flags, physicsClientId=client)
        parts = range(bullet.getNumJoints(self.id, physicsClientId=client))
        infos = [bullet.getJointInfo(self.id, part, physicsClientId=client) for part in parts]
        numbers = {info[1].decode(): info[0] for info in infos}
        self.joints = [numbers[name] for name in (*robot.rails, *(joint.name for joint in robot.joints))]
        self.trunk = next((info[0] for info in infos if info[12].decode() == robot.trunk), -1)
        boxes = np.array([bullet.getAABB(self.id, part, physicsClientId=client) for part in (-1, *parts)])
        self.room = ROOM * float(np.max(boxes[:, 1].max(0) - boxes[:, 0].min(0)))

    def pose(self, base: Any, joints: Any) -> None:
        """Take a pose, unless it is out of this world."""
        if all(abs(number) < LOST for number in (*base[0], *base[1], *joints[0])):
            bullet.resetBasePositionAndOrientation(self.id, base[0], base[1], physicsClientId=self.client)
            positions = [(position,) for position in joints[0]]
            bullet.resetJointStatesMultiDof(self.id, self.joints, positions, physicsClientId=self.client)

    def middle(self) -> Triple:
        """Return where the robot is [m]."""
        if self.trunk == -1:
            x, y, z = bullet.getBasePositionAndOrientation(self.id, physicsClientId=self.client)[0]
        else:
            x, y, z = bullet.getLinkState(self.id, self.trunk, physicsClientId=self.client)[0]
        return x, y, MIDDLE * z


class Stage:
    """A Bullet client that holds all that stands up in a scene, to be looked at."""

    def __init__(self, scene: Scene, track: Triple | None) -> None:
        self.egl = _use_egl()
        self.client: int = bullet.connect(bullet.DIRECT)
        if self.client < 0:
            raise RuntimeError("Bullet has no room for another camera in this process; close some")
        self.close = weakref.finalize(self, _disconnect, self.client)
        with captured(), tempfile.TemporaryDirectory() as folder:
            if self.egl:
                plugin = getattr(importlib.util.find_spec("eglRenderer"), "origin", "")
                bullet.loadPlugin(plugin, "_eglRendererPlugin", physicsClientId=self.client)
            meshes = {"cylinder": Path(folder) / "cylinder.obj", "sphere": Path(folder) / "sphere.obj"}
            meshes["cylinder"].write_text(_cylinder())
            meshes["sphere"].write_text(_ball())
            self.puppets = [Puppet(self.client, agent.robot, meshes) for agent in scene.agents]
        self.room = np.array([puppet.room for puppet in self.puppets])
        if track and scene.finish:
            self._arch(scene.finish, track[0] - 2 * POST, track[1] + 2 * POST)

    def _arch(self, x: float, low: float, top: float) -> None:
        for y in (low, top):
            self._block((POST, POST, ARCH / 2), (x, y, ARCH / 2), WHITE)
        squares = round((top - low) / (2 * BANNER))
        half = (top - low) / squares / 2
        for row, column in np.ndindex(2, squares):
            centre = (x, low + half * (2 * column + 1), ARCH - BANNER * (2 * row + 1))
            self._block((POST, half, BANNER), centre, BLACK if (row + column) % 2 else WHITE)

    def _block(self, half: Triple, centre: Triple, colour: Colour) -> None:
        rgba = [*(part / 255 for part in colour), 1.0]
        shape = bullet.createVisualShape(bullet.GEOM_BOX, halfExtents=half, rgbaColor=rgba, physicsClientId=self.client)
        bullet.createMultiBody(0, -1, shape, centre, physicsClientId=self.client)

    def show(self, snapshot: Snapshot) -> np.ndarray:
        """Place the robots; return where they are (robot, 3)."""
        for puppet, base, joints in zip(self.puppets, snapshot.bases, snapshot.joints, strict=True):
            puppet.pose(base, joints)
        return np.array([puppet.middle() for puppet in self.puppets])

    def compose(self, picture: np.ndarray, lens: Lens) -> None:
        """Draw everything and its shadow into a picture (height, width, 3)."""
        high, wide = picture.shape[:2]
        top, bottom, left, right = self._find(lens, wide, high)
        projection = lens.project(top / high, bottom / high, left / wide, right / wide)
        part = picture[top:bottom, left:right]
        height, width = part.shape[:2]
        _, shadow = self._draw(lens.view @ FLAT, projection, width, height)
        part *= 1.0 - SHADE * _blur(shadow)[..., None]
        colours, drawn = self._draw(lens.view, projection, FINER * width, FINER * height)
        opaque = drawn[..., None].astype(np.float32)
        part *= 1.0 - _shrink(opaque)
        part += _shrink(colours * opaque)

    def _find(self, lens: Lens, width: int, height: int) -> tuple[int, int, int, int]:
        """Return top, bottom, left and right of what is worth drawing: small parts are drawn faster."""
        if self.egl:
            return 0, height, 0, width
        size = -(-width // COARSER), -(-height // COARSER)
        seen = self._draw(lens.view, lens.project(), *size)[1] | self._draw(lens.view @ FLAT, lens.project(), *size)[1]
        ends = []
        for axis, length in ((1, height), (0, width)):
            places = np.flatnonzero(seen.any(axis)) * length // seen.shape[1 - axis]
            first, last = (int(places[0]), int(places[-1])) if len(places) else (0, 0)
            ends += [max(0, first - MARGIN), min(length, last + COARSER + MARGIN)]
        return ends[0], ends[1], ends[2], ends[3]

    def _draw(self, view: np.ndarray, projection: np.ndarray, width: int, height: int) -> tuple[np.ndarray, np.ndarray]:
        """Return colours (height, width, 3) and where anything is drawn (height, width)."""
        with captured() if self.egl else nullcontext():
            _, _, colours, depths, _ = bullet.getCameraImage(
                width,
                height,
                view.T.ravel().tolist(),
                projection.T.ravel().tolist(),
                lightDirection=SUN.tolist(),
                lightColor=(1.0, 1.0, 1.0),
                lightAmbientCoeff=AMBIENT,
                lightDiffuseCoeff=DIFFUSE,
                lightSpecularCoeff=SPECULAR,
                shadow=0,
                renderer=bullet.ER_BULLET_HARDWARE_OPENGL if self.egl else bullet.ER_TINY_RENDERER,
                flags=bullet.ER_NO_SEGMENTATION_MASK,
                physicsClientId=self.client,
            )
        drawn = np.asarray(depths, np.float32).reshape(height, width) < NOTHING
        return np.asarray(colours, np.uint8).reshape(height, width, 4)[..., :3], drawn


def _disconnect(client: int) -> None:
    with captured():
        bullet.disconnect(client)


def _shrink(fine: Any) -> Any:
    """Return the means of squares of FINER x FINER pixels."""
    rows: Any = sum(fine[start::FINER] for start in range(FINER))
    return sum(rows[:, start::FINER] for start in range(FINER)) / FINER**2


def _blur(mask: Any) -> Any:
    """Return means over SOFT pixels to every side."""
    size = range(2 * SOFT + 1)
    padded = np.pad(mask.astype(np.float32), SOFT, mode="edge")
    rows: Any = sum(padded[start : start + mask.shape[0]] for start in size)
    return sum(rows[:, start : start + mask.shape[1]] for start in size) / len(size) ** 2


def _improve(model: Model, meshes: Mapping[str, Path]) -> str:
    """Return a URDF that looks better in Bullet, which lights its cylinders like balls and makes its balls angular.

    Of two links that meet one is a little thicker, so that they do not shine through each other in spots.
    """
    root = etree.fromstring(model.text)
    above = {joint.child: joint.parent for joint in model.joints}
    visible = {link.get("name") for link in root.iterfind("link") if link.find("visual") is not None}

    def level(link: str | None) -> int:
        return 0 if link is None else level(above.get(link)) + (link in visible)

    for link in root.iterfind("link"):
        swell = SWELL ** (level(link.get("name")) % 2)
        for geometry in link.iterfind("visual/geometry"):
            shape, radius = geometry[0], float(geometry[0].get("radius", "0"))
            if shape.tag == "cylinder" or (shape.tag == "sphere" and radius > BALL):
                scale = f"{radius * swell} {radius * swell} {shape.get('length', str(radius * swell))}"
                geometry[:] = [etree.Element("mesh", {"filename": str(meshes[str(shape.tag)]), "scale": scale})]
            elif radius:
                shape.set("radius", str(radius * swell))
    return str(etree.tostring(root, encoding="unicode", pretty_print=True))


def _cylinder() -> str:
    """Return an OBJ file of a cylinder along z, of radius and length 1."""
    floor, roof = ([(radius, z, 0.0, 2.0 * z) for radius in (0.0, 1.0)] for z in (-0.5, 0.5))
    walls = [(1.0, ring / RINGS - 0.5, 1.0, 0.0) for ring in range(RINGS + 1)]
    return _turned([*floor, *walls, *reversed(roof)], SIDES)


def _ball() -> str:
    """Return an OBJ file of a ball of radius 1."""
    turns = [2 * math.pi * ring / BALL_SIDES for ring in range(BALL_SIDES // 2 + 1)]
    return _turned([(math.sin(turn), -math.cos(turn)) * 2 for turn in turns], BALL_SIDES)


def _turned(profile: Sequence[tuple[float, ...]], sides: int) -> str:
    """Return an OBJ file of an outline turned about z: radius and height of its points and, of length 1, normals."""
    lines = []
    turns = [(math.cos(turn), math.sin(turn)) for turn in np.arange(sides) * 2 * math.pi / sides]
    for (radius, z, out, up), (x, y) in ((point, turn) for point in profile for turn in turns):
        lines.append(f"v {radius * x:.6f} {radius * y:.6f} {z:.6f}\nvn {out * x:.6f} {out * y:.6f} {up:.6f}")
    for ring, side in np.ndindex(len(profile) - 1, sides):
        a, b = ring * sides + side + 1, ring * sides + (side + 1) % sides + 1
        c, d = b + sides, a + sides
        lines.append(f"f {a}//{a} {b}//{b} {c}//{c}\nf {a}//{a} {c}//{c} {d}//{d}")
    return "\n".join(lines) + "\n"


def _use_egl() -> bool:
    """Whether to draw through EGL: as `ROBOSCHOOL_RENDERER` says, else where there is a graphics card.

    Raises:
        InvalidInput: it says neither cpu, egl nor auto, or egl where EGL does not work.
    """
    name = "ROBOSCHOOL_RENDERER"
    asked = choose(os.environ.get(name, "auto"), ("auto", "cpu", "egl"), "renderer", name)
    driver = None if asked == "cpu" else _egl_driver()
    if asked == "egl" and driver is None:
        raise InvalidInput(f"{name}: EGL does not work here: libEGL or a driver for it is missing")
    return driver is not None and (asked == "egl" or not driver.startswith(SLOW))


@functools.cache
def _egl_driver() -> str | None:
    """Return what Bullet would draw with through EGL; asked in a process of its own, because failing ends it."""
    command = [sys.executable, "-c", PROBE]
    try:
        probe = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=60)
    except (OSError, subprocess.TimeoutExpired):
        return None
    found = re.search("GL_RENDERER=(.*)", probe.stdout)
    return found[1] if found and probe.returncode == 0 else None
