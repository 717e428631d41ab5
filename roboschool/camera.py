"""A camera: pictures of a scene, taken on a stage of its own so that looking never changes a world.

Bullet draws only what stands up: the robots, and once more the robots flattened along the sunlight, which gives their
shadows. Ground and sky are painted behind them by formulas that average over each pixel: smooth however far away.
"""

import functools
import importlib.util
import math
import os
import subprocess
import sys
import tempfile
import weakref
from contextlib import nullcontext
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
from lxml import etree

from roboschool.capture import captured
from roboschool.files import InvalidInput, choose
from roboschool.robot import Robot
from roboschool.scene import Scene
from roboschool.world import Snapshot

with captured():
    import pybullet as bullet

Box: TypeAlias = tuple[int, int, int, int]  # top, bottom, left and right of a part of a picture [pixels]

SMALLEST, LARGEST = 16, 4096  # sides of a picture [pixels]
NEAR, FAR = 0.05, 200.0  # what is drawn lies between [m]
NOTHING = 0.99999  # depth from which on nothing is drawn
FINER = 2  # robots are drawn so many times finer than the picture, for smooth edges,
VAGUER = 2  # their shadows so many times coarser,
COARSER = 4  # and before that so many times coarser, to find where they are
MARGIN = 8  # around what was found [pixels]

VIEW = math.tan(math.radians(20.0))  # half the height of what is seen 1 m away [m]
NARROWEST = 0.5  # half its width, at least [m]
EYE = 1.4  # height of the eye beside a robot [m]
SIDE, FRONT = math.radians(-80.0), math.radians(-52.0)  # direction to the eye from one robot, from several
LOW, HIGH, STEEPEST = math.radians(8.0), math.radians(15.0), math.radians(30.0)  # and above the horizon
FARTHEST = 25.0  # the eye is from the robots [m]
MIDDLE = 0.65  # height of a robot's middle, if its trunk's is 1
ROOM = 0.8  # radius of the room given to a robot, if its longest side is 1
AIM, TRAIL, ZOOM = np.array((0.85, 0.85, 0.96)), 0.98, 0.96  # share of the old that stays at every frame
LEAD, SWING = 0.2, 1.8  # share of the way behind to look ahead; at most to fall behind while turning [m]
BEHIND, FORGOTTEN = 5.0, 9.0  # a robot so far behind the first begins to leave the picture, has left it [m]
LOST = 1e5  # a robot so far away is no longer shown [m]

SUN = np.array((-0.5, -0.75, 1.0))  # direction to it
FLAT = np.eye(4) - np.outer((*SUN / SUN[2], 0.0), (0.0, 0.0, 1.0, 0.0))  # casts everything on the ground
AMBIENT, DIFFUSE, SPECULAR = 0.62, 0.42, 0.05  # light on robots
SHADE, SOFT = 0.45, 2  # light that a shadow takes away, width of its edge [pixels]
SIDES, RINGS = 16, 6  # of a round cylinder; rings, because long triangles are drawn slowly
ZENITH, HORIZON = (118, 172, 222), (226, 236, 243)  # red, green, blue
GROUND, TRACK, WHITE, BLACK = (199, 211, 203), (138, 160, 182), (248, 248, 246), (38, 44, 54)
HAZE = 50.0  # at this distance most of the ground's colour is the horizon's [m]
TILE, CONTRAST = 1.0, 0.06  # size of the ground's tiles [m], black in every other one
LANE, LINE, START, SQUARE = 2.0, 0.06, 0.12, 0.25  # width of a lone lane, its lines, start line, finish's squares [m]
ARCH, POST, BANNER = 3.0, 0.04, 0.2  # height of the finish arch, half the width of a post and of a square on it [m]

PROBE = """
import importlib.util, pybullet, sys
pybullet.connect(pybullet.DIRECT)
sys.exit(pybullet.loadPlugin(importlib.util.find_spec("eglRenderer").origin, "_eglRendererPlugin") < 0)
"""


@functools.cache
def egl_works() -> bool:
    """Whether Bullet can draw with EGL; tried in a process of its own, because it ends the process if it cannot."""
    command = [sys.executable, "-c", PROBE]
    try:
        return subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, timeout=60).returncode == 0
    except (OSError, subprocess.TimeoutExpired):
        return False


def use_egl() -> bool:
    """Whether to draw with EGL, as far as `ROBOSCHOOL_RENDERER` leaves it open: it may be cpu, egl or auto.

    Raises:
        InvalidInput: it is something else, or egl where EGL does not work.
    """
    name = "ROBOSCHOOL_RENDERER"
    asked = choose(os.environ.get(name) or "auto", ("auto", "cpu", "egl"), "renderer", name)
    if asked == "egl" and not egl_works():
        raise InvalidInput(f"{name}: EGL does not work here: libEGL or a driver for it is missing")
    return asked != "cpu" and egl_works()


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
        width, height = self.wide * (right - left), self.high * (bottom - top)
        return np.array(
            (
                (1.0 / width, 0.0, self.wide * (left + right - 1.0) / width, 0.0),
                (0.0, 1.0 / height, self.high * (1.0 - top - bottom) / height, 0.0),
                (0.0, 0.0, (FAR + NEAR) / (NEAR - FAR), 2.0 * FAR * NEAR / (NEAR - FAR)),
                (0.0, 0.0, -1.0, 0.0),
            )
        )


class Follow:
    """Keeps the robots in the picture: a lone one from its side, several from their front, smoothly."""

    def __init__(self, wide: float, high: float) -> None:
        self.wide, self.high = wide, high
        self.cut()

    def cut(self) -> None:
        """Forget all frames so far."""
        self.focus = self.trail = np.full(3, np.nan)
        self.distance = np.array(np.nan)

    def lens(self, points: np.ndarray, room: np.ndarray) -> Lens:
        """Return the lens of the next frame for robots at some points (robot, 3), each with a radius (robot,) [m]."""
        weights = (points[:, :1] - points[:, 0].max() + FORGOTTEN) / (FORGOTTEN - BEHIND)
        weights = weights.clip(0.0, 1.0)
        mean = (weights * points).sum(0) / weights.sum()
        points = mean + weights * (points - mean)
        middle = (points.min(0) + points.max(0)) / 2
        self.focus = _smooth(self.focus, middle, AIM)
        self.trail = _smooth(self.trail, middle, TRAIL)
        pace = (self.focus - self.trail).clip(-SWING, SWING) * (1.0, 1.0, 0.0)
        above = math.asin(np.clip((EYE - self.focus[2]) * self.high / room.max(), math.sin(LOW), math.sin(STEEPEST)))
        around = SIDE - math.atan2(pace[0], EYE + SWING)
        if len(points) > 1:
            above, around = max(above, HIGH), FRONT
        level = math.cos(above)
        ahead = -np.array((level * math.cos(around), level * math.sin(around), math.sin(above)))
        lens = Lens(self.focus + LEAD * pace, ahead, self.wide, self.high)
        offsets = points - lens.eye
        needs = [
            (abs(offsets @ lens.right) + room) / self.wide - offsets @ ahead,
            (abs(offsets @ lens.up) + room) / self.high - offsets @ ahead,
        ]
        self.distance = _smooth(self.distance, min(FARTHEST, np.max(needs)), ZOOM)
        eye = lens.eye - self.distance * ahead
        eye[2] = max(eye[2], 2 * NEAR)
        return Lens(eye, ahead, self.wide, self.high)


def _smooth(old: np.ndarray, new: Any, stays: Any) -> np.ndarray:
    return np.where(np.isnan(old), new, stays * old + (1.0 - stays) * new)


class Puppet:
    """A robot on a stage."""

    def __init__(self, client: int, robot: Robot, cylinder: Path) -> None:
        self.client = client
        path = cylinder.with_name(f"{robot.name}.urdf")  # not one name for all: Bullet remembers files by name
        path.write_text(_rounded(robot.model.text, cylinder), encoding="utf-8")
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
        if max(map(abs, (*base[0], *base[1], *joints[0]))) < LOST:
            bullet.resetBasePositionAndOrientation(self.id, base[0], base[1], physicsClientId=self.client)
            angles = [(angle,) for angle in joints[0]]
            bullet.resetJointStatesMultiDof(self.id, self.joints, angles, physicsClientId=self.client)

    def middle(self) -> tuple[float, float, float]:
        """Return where the robot is [m]."""
        if self.trunk == -1:
            x, y, z = bullet.getBasePositionAndOrientation(self.id, physicsClientId=self.client)[0]
        else:
            x, y, z = bullet.getLinkState(self.id, self.trunk, physicsClientId=self.client)[0]
        return x, y, MIDDLE * z


class Stage:
    """A Bullet client that holds all that stands up in a scene, to be looked at."""

    def __init__(self, scene: Scene, track: tuple[float, float, float] | None) -> None:
        self.egl = use_egl()
        self.client: int = bullet.connect(bullet.DIRECT)
        if self.client < 0:
            raise RuntimeError("Bullet has no room for another camera in this process; close some")
        self.close = weakref.finalize(self, _disconnect, self.client)
        with captured(), tempfile.TemporaryDirectory() as folder:
            if self.egl:
                plugin = importlib.util.find_spec("eglRenderer").origin
                bullet.loadPlugin(plugin, "_eglRendererPlugin", physicsClientId=self.client)
            cylinder = Path(folder) / "cylinder.obj"
            cylinder.write_text(_cylinder())
            self.puppets = [Puppet(self.client, agent.robot, cylinder) for agent in scene.agents]
        self.room = np.array([puppet.room for puppet in self.puppets])
        if track and scene.finish:
            self._arch(scene.finish, track[0] - 2 * POST, track[1] + 2 * POST)

    def _arch(self, x: float, low: float, top: float) -> None:
        for y in (low, top):
            self._block((POST, POST, ARCH / 2), (x, y, ARCH / 2), WHITE)
        squares = round((top - low) / (2 * BANNER))
        half = (top - low) / squares / 2
        for place in range(2 * squares):
            row, column = divmod(place, squares)
            centre = (x, low + half + 2 * half * column, ARCH - BANNER * (2 * row + 1))
            self._block((POST, half, BANNER), centre, BLACK if (row + column) % 2 else WHITE)

    def _block(self, half: tuple[float, ...], centre: tuple[float, ...], colour: tuple[int, ...]) -> None:
        rgba = [*(part / 255 for part in colour), 1.0]
        shape = bullet.createVisualShape(bullet.GEOM_BOX, halfExtents=half, rgbaColor=rgba, physicsClientId=self.client)
        bullet.createMultiBody(0, -1, shape, centre, physicsClientId=self.client)

    def show(self, snapshot: Snapshot) -> np.ndarray:
        """Place the robots; return where they are (robot, 3)."""
        for puppet, base, joints in zip(self.puppets, snapshot.bases, snapshot.joints, strict=True):
            puppet.pose(base, joints)
        return np.array([puppet.middle() for puppet in self.puppets])

    def draw(self, view: np.ndarray, projection: np.ndarray, width: int, height: int) -> tuple[np.ndarray, np.ndarray]:
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

    def find(self, lens: Lens, width: int, height: int) -> Box:
        """Return the part of a picture in which anything is drawn; small parts are drawn faster."""
        if self.egl:
            return 0, height, 0, width
        size = -(-width // COARSER), -(-height // COARSER)
        seen = self.draw(lens.view, lens.project(), *size)[1] | self.draw(lens.view @ FLAT, lens.project(), *size)[1]
        ends: list[int] = []
        for axis, (length, count) in ((1, (height, size[1])), (0, (width, size[0]))):
            places = np.flatnonzero(seen.any(axis)) * (length / count)
            first, last = (places[0], places[-1] + COARSER) if len(places) else (0, 0)
            ends += [max(0, int(first) - MARGIN), min(length, int(last) + MARGIN)]
        return ends[0], ends[1], ends[2], ends[3]

    def compose(self, picture: np.ndarray, lens: Lens) -> None:
        """Draw everything and its shadow into a picture (height, width, 3)."""
        high, wide = picture.shape[:2]
        top, bottom, left, right = self.find(lens, wide, high)
        part = picture[top:bottom, left:right]
        height, width = part.shape[:2]
        projection = lens.project(top / high, bottom / high, left / wide, right / wide)
        _, shadow = self.draw(lens.view @ FLAT, projection, -(-width // VAGUER), -(-height // VAGUER))
        shadow = shadow.repeat(VAGUER, 0).repeat(VAGUER, 1)[:height, :width]
        part *= 1.0 - SHADE * _blur(shadow)[..., None]
        colours, drawn = self.draw(lens.view, projection, FINER * width, FINER * height)
        opaque = drawn[..., None].astype(np.float32)
        part *= 1.0 - _shrink(opaque)
        part += _shrink(colours * opaque)


def _disconnect(client: int) -> None:
    with captured():
        bullet.disconnect(client)


def _rounded(urdf: str, cylinder: Path) -> str:
    """Return a URDF whose visible cylinders are meshes: Bullet lights its own as if they were balls."""
    root = etree.fromstring(urdf)
    for shape in root.iterfind("link/visual/geometry/cylinder"):
        radius, length = shape.attrib.pop("radius"), shape.attrib.pop("length")
        shape.tag = "mesh"
        shape.set("filename", str(cylinder))
        shape.set("scale", f"{radius} {radius} {length}")
    return str(etree.tostring(root, encoding="unicode", pretty_print=True))


def _cylinder() -> str:
    """Return the OBJ file of a cylinder along z, of radius and length 1."""
    turns = [(math.cos(2 * math.pi * k / SIDES), math.sin(2 * math.pi * k / SIDES)) for k in range(SIDES)]
    rings = [(x, y, ring / RINGS - 0.5) for ring in range(RINGS + 1) for x, y in turns]
    lines = [f"v {x:.6f} {y:.6f} {z:.6f}\nvn {x:.6f} {y:.6f} 0" for x, y, z in rings]
    lines += ["v 0 0 -0.5\nvn 0 0 -1\nv 0 0 0.5\nvn 0 0 1"]
    low, top = len(rings) + 1, len(rings) + 2
    faces: list[tuple[tuple[int, ...], tuple[int, ...]]] = []  # points and their normals
    for k in range(SIDES):
        one, two = k + 1, (k + 1) % SIDES + 1
        for ring in range(0, RINGS * SIDES, SIDES):
            a, b, c, d = one + ring, two + ring, two + ring + SIDES, one + ring + SIDES
            faces += [((a, b, c), (a, b, c)), ((a, c, d), (a, c, d))]
        over = RINGS * SIDES
        faces += [((two, one, low), (low,) * 3), ((one + over, two + over, top), (top,) * 3)]
    lines += ["f " + " ".join(f"{p}//{n}" for p, n in zip(*face, strict=True)) for face in faces]
    return "\n".join(lines) + "\n"


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
        self._track = _track(scene)
        high = max(VIEW, NARROWEST * height / width)
        self._follow = Follow(high * width / height, high)
        self._stage: Stage | None = None

    def picture(self, snapshot: Snapshot) -> np.ndarray:
        """Return the next picture (height, width, 3), bytes.

        Raises:
            InvalidInput: `ROBOSCHOOL_RENDERER` asks for what there is not.
        """
        if self._stage is None:
            self._stage = Stage(self.scene, self._track)
        lens = self._follow.lens(self._stage.show(snapshot), self._stage.room)
        picture = self._backdrop(lens)
        self._stage.compose(picture, lens)
        return (picture + 0.5).astype(np.uint8)

    def cut(self) -> None:
        """Let the next picture begin where the robots are; without, the view glides there."""
        self._follow.cut()

    def close(self) -> None:
        """Free what was built; again does nothing."""
        if self._stage is not None:
            self._stage.close()
            self._stage = None

    def _backdrop(self, lens: Lens) -> np.ndarray:
        """Return ground and sky (height, width, 3)."""
        size = np.array((2 * lens.wide / self.width, 2 * lens.high / self.height), np.float32)  # of a pixel 1 m away
        across = (np.arange(self.width, dtype=np.float32) + 0.5) * size[0] - np.float32(lens.wide)
        upward = np.float32(lens.high) - (np.arange(self.height, dtype=np.float32)[:, None] + 0.5) * size[1]
        eye, ahead, right, up = (part.astype(np.float32) for part in (lens.eye, lens.ahead, lens.right, lens.up))
        rise = ahead[2] + up[2] * upward
        picture = np.empty((self.height, self.width, 3), np.float32)
        picture[:] = _mix(HORIZON, ZENITH, (rise / 0.5).clip(0.0, 1.0) ** 0.8)[:, None]
        first = int(np.count_nonzero(rise > -eye[2] / FAR))
        far = eye[2] / -rise[first:]  # distance [m], along the lens's axis
        step = far**2 / eye[2] * up[2] * size[1]  # to the next row [m]
        spots, blurs = [], []
        for axis in (0, 1):
            way = ahead[axis] + up[axis] * upward[first:] + right[axis] * across
            spots.append(eye[axis] + far * way)
            blurs.append(step * abs(way) + far * (abs(right[axis]) * size[0]) + np.float32(1e-6))
        haze = 1.0 - np.exp(-((far / HAZE) ** 1.5))
        picture[first:] = self._ground(spots[0], spots[1], blurs[0], blurs[1], haze)
        return picture

    def _ground(self, x: np.ndarray, y: np.ndarray, wide: np.ndarray, high: np.ndarray, haze: np.ndarray) -> np.ndarray:
        """Return the colours of spots on the ground, each blurred over a width and height [m]."""
        even_x = _stripes(x, wide, 2 * TILE, TILE)
        even_y = _stripes(y, high, 2 * TILE, TILE)
        layers: list[tuple[Any, tuple[int, int, int]]] = []
        if self._track is None:
            layers = [(CONTRAST * _chequer(even_x, even_y), BLACK)]
        else:
            low, top, lane = self._track
            track = _band(y, high, low, top)
            lines = _stripes(y - low + LINE / 2, high, lane, LINE) * _band(y, high, low - LINE / 2, top + LINE / 2)
            start = _band(x, wide, -START / 2, START / 2) * track
            layers = [(track, TRACK), (CONTRAST * _chequer(even_x, even_y * (1.0 - track)), BLACK), (lines, WHITE), (start, WHITE)]
            finish = self.scene.finish
            if finish is not None and x.min() < finish + 1.0 and x.max() > finish:
                end = _band(x, wide, finish, finish + 4 * SQUARE) * track
                even_x = _stripes(x - finish, wide, 2 * SQUARE, SQUARE)
                even_y = _stripes(y - low, high, 2 * SQUARE, SQUARE)
                layers += [(end, WHITE), (end * _chequer(even_x, even_y), BLACK)]
        layers.append((haze, HORIZON))
        colour = np.empty((*x.shape, 3), np.float32)
        for channel in range(3):
            shade: Any = np.float32(GROUND[channel])
            for share, paint in layers:
                shade = shade + share * (paint[channel] - shade)
            colour[..., channel] = shade
        return colour


def _track(scene: Scene) -> tuple[float, float, float] | None:
    """Return the edges of the track and the width of a lane [m], if all start abreast along +x."""
    if any(isinstance(y, tuple) or abs(np.mean(a.turn)) > 0.1 for a in scene.agents for y in a.spot):
        return None
    ys = np.unique([agent.spot[1] for agent in scene.agents])
    lane = float(ys[1] - ys[0]) if len(ys) > 1 else LANE
    if not np.allclose(np.diff(ys), lane):
        return None
    return float(ys[0]) - lane / 2, float(ys[-1]) + lane / 2, lane


def _mix(one: tuple[int, int, int], other: tuple[int, int, int], share: np.ndarray) -> np.ndarray:
    return np.array(one, np.float32) + share * np.subtract(other, one, dtype=np.float32)


def _stripes(at: np.ndarray, blur: np.ndarray, period: float, width: float) -> np.ndarray:
    """Return how much of an interval is covered by stripes that begin at every multiple of the period."""

    def covered(end: np.ndarray) -> np.ndarray:
        whole = np.floor(end)
        return np.minimum(end - whole, share) + whole * share

    share = width / period
    at, half = at / period, blur / (2 * period)
    return (covered(at + half) - covered(at - half)) / (2 * half)


def _band(at: np.ndarray, blur: np.ndarray, low: float, top: float) -> np.ndarray:
    """Return how much of an interval lies between two ends."""
    half = blur / 2
    return ((np.minimum(at + half, top) - np.maximum(at - half, low)) / blur).clip(0.0, 1.0)


def _chequer(even_x: np.ndarray, even_y: np.ndarray) -> np.ndarray:
    return even_x + even_y - 2 * even_x * even_y


def _shrink(fine: np.ndarray) -> np.ndarray:
    """Return the means of squares of FINER x FINER pixels."""
    rows = sum(fine[start::FINER] for start in range(FINER))
    return sum(rows[:, start::FINER] for start in range(FINER)) / FINER**2


def _blur(mask: np.ndarray) -> np.ndarray:
    """Return means over SOFT pixels to every side."""
    count = 2 * SOFT + 1
    padded = np.pad(mask.astype(np.float32), SOFT, mode="edge")
    rows: Any = sum(padded[start : start + mask.shape[0]] for start in range(count))
    return np.asarray(sum(rows[:, start : start + mask.shape[1]] for start in range(count)) / count**2)
