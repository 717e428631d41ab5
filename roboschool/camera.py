"""A camera: pictures of a scene, taken on a stage of its own so that looking never changes a world.

Bullet draws only the robots: as they are, and flattened along the sunlight, which gives their shadows. Ground and sky
are painted behind them by formulas that average over each pixel, so they are smooth at any distance and cost little.
"""

import functools
import importlib.util
import math
import os
import subprocess
import sys
import tempfile
import weakref
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

Colour: TypeAlias = tuple[float, float, float]  # red, green, blue from 0 to 255

SMALLEST, LARGEST = 16, 4096  # sides of a picture [pixels]
NEAR, FAR = 0.05, 200.0  # [m]
NOTHING = 0.99999  # depth from which on nothing is drawn
FINER = 2  # robots are drawn so many times finer than the picture, for smooth edges
COARSER = 4  # and first so many times coarser, to find where they are

VIEW = math.tan(math.radians(20.0))  # half the height of a picture at 1 m [m]
NARROWEST = VIEW * 1.4  # half its width, at least [m]
SIDE, FRONT = math.radians(-90.0), math.radians(-52.0)  # where the eye stands around one robot, around several
LOW, HIGH = math.radians(10.0), math.radians(19.0)  # and how high
FARTHEST = 22.0  # from the eye to the middle [m]
MIDDLE = 0.65  # height of a robot's middle, of its trunk's
AIM, TRAIL, ZOOM = 0.7, 0.98, 0.96  # how much of the old stays at every frame
SWING = 1.8  # the eye falls back behind a runner by up to [m] at SWUNG
SWUNG = 3.0
LEFT_BEHIND, FORGOTTEN = 5.0, 9.0  # behind the leader; a robot begins to leave, has left the picture [m]

SUN = np.array((-0.35, -0.6, 1.0))
AMBIENT, DIFFUSE, SPECULAR = 0.62, 0.40, 0.05
SIDES = 24  # of a round cylinder
SHADE = 0.45  # of the light is taken away by a shadow
SOFT = 2  # blurred edge of a shadow [pixels]
ZENITH, HORIZON = (118.0, 172.0, 222.0), (226.0, 236.0, 243.0)
GROUND, TRACK, WHITE, BLACK = (199.0, 211.0, 203.0), (138.0, 160.0, 182.0), (248.0, 248.0, 246.0), (38.0, 44.0, 54.0)
HAZE = 50.0  # at this distance, most of the ground's colour is the horizon's [m]
TILE, CONTRAST = 1.0, 0.06  # [m]
LINE, START, SQUARE = 0.06, 0.12, 0.25  # widths of a lane's line, of the start, of the finish's squares [m]
ARCH, POST = 2.9, 0.05  # height of the finish arch, radius of its posts [m]

PROBE = """
import importlib.util, sys, pybullet
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
    """Whether to draw with EGL; `ROBOSCHOOL_RENDERER` may say cpu, egl or auto.

    Raises:
        InvalidInput: it says something else, or egl where there is none.
    """
    asked = choose(os.environ.get("ROBOSCHOOL_RENDERER", "auto"), ("auto", "cpu", "egl"), "renderer", "ROBOSCHOOL_RENDERER")
    if asked == "egl" and not egl_works():
        raise InvalidInput("ROBOSCHOOL_RENDERER: egl does not work here; libEGL and a driver for it are needed")
    return asked != "cpu" and egl_works()


class Lens:
    """An eye that looks in a direction, and its matrices."""

    def __init__(self, eye: np.ndarray, ahead: np.ndarray, wide: float, high: float) -> None:
        self.eye, self.ahead, self.wide, self.high = eye, ahead, wide, high
        self.right = np.array((ahead[1], -ahead[0], 0.0)) / math.hypot(ahead[0], ahead[1])
        self.up = np.cross(self.right, ahead)
        turn = np.stack((self.right, self.up, -ahead))
        self.view = np.eye(4)
        self.view[:3, :3], self.view[:3, 3] = turn, -turn @ eye
        self.projection = np.zeros((4, 4))
        self.projection[0, 0], self.projection[1, 1] = 1 / wide, 1 / high
        self.projection[2, 2:] = (FAR + NEAR) / (NEAR - FAR), 2 * FAR * NEAR / (NEAR - FAR)
        self.projection[3, 2] = -1.0


class Follow:
    """Where to look from, so that the robots that matter stay in the picture."""

    def __init__(self, wide: float, high: float) -> None:
        self.wide, self.high = wide, high
        self.cut()

    def cut(self) -> None:
        """Forget all earlier frames."""
        self.focus = self.trail = np.full(3, np.nan)
        self.distance = math.nan

    def lens(self, points: np.ndarray, reaches: np.ndarray) -> Lens:
        """Return the lens for the next frame, given the robots' middles (robot, 3) and radii (robot,)."""
        weights = (points[:, :1] - points[:, 0].max() + FORGOTTEN) / (FORGOTTEN - LEFT_BEHIND)
        weights = np.clip(weights, 0.0, 1.0)
        mean = (weights * points).sum(0) / weights.sum()
        points = mean + weights * (points - mean)
        focus = (points.min(0) + points.max(0)) / 2
        self.focus = self._smooth(self.focus, focus, AIM)
        self.trail = self._smooth(self.trail, focus, TRAIL)
        if len(points) == 1:
            around = SIDE - math.atan(np.clip(self.focus[0] - self.trail[0], -SWING, SWING) / SWUNG)
            above = LOW
        else:
            around, above = FRONT, HIGH
        ahead = -np.array((math.cos(above) * math.cos(around), math.cos(above) * math.sin(around), math.sin(above)))
        lens = Lens(self.focus, ahead, self.wide, self.high)
        offset = points - self.focus
        width = (abs(offset @ lens.right) + reaches) / self.wide - offset @ ahead
        height = (abs(offset @ lens.up) + reaches) / self.high - offset @ ahead
        self.distance = float(self._smooth(self.distance, min(FARTHEST, max(width.max(), height.max())), ZOOM))
        return Lens(self.focus - self.distance * ahead, ahead, self.wide, self.high)

    @staticmethod
    def _smooth(old: Any, new: Any, stays: float) -> Any:
        return np.where(np.isnan(old), new, stays * old + (1.0 - stays) * new)


class Puppet:
    """A robot on the stage."""

    def __init__(self, client: int, robot: Robot, cylinder: Path) -> None:
        self.client = client
        path = cylinder.with_name("robot.urdf")
        path.write_text(_rounded(robot.model.text, cylinder), encoding="utf-8")
        flags = bullet.URDF_USE_INERTIA_FROM_FILE
        self.id = bullet.loadURDF(str(path), useFixedBase=robot.fixed, flags=flags, physicsClientId=client)
        parts = range(bullet.getNumJoints(self.id, physicsClientId=client))
        infos = [bullet.getJointInfo(self.id, part, physicsClientId=client) for part in parts]
        numbers = {info[1].decode(): info[0] for info in infos}
        self.joints = [numbers[name] for name in (*robot.rails, *(joint.name for joint in robot.joints))]
        self.trunk = next((info[0] for info in infos if info[12].decode() == robot.trunk), -1)
        boxes = np.array([bullet.getAABB(self.id, part, physicsClientId=client) for part in (-1, *parts)])
        self.reach = float(max(boxes[:, 1].max(0) - boxes[:, 0].min(0)))

    def pose(self, base: Any, joints: Any) -> None:
        """Take a pose, unless it is broken."""
        if np.isfinite([*base[0], *base[1], *joints[0]]).all():
            bullet.resetBasePositionAndOrientation(self.id, base[0], base[1], physicsClientId=self.client)
            positions = [(position,) for position in joints[0]]
            bullet.resetJointStatesMultiDof(self.id, self.joints, positions, physicsClientId=self.client)

    @property
    def middle(self) -> tuple[float, float, float]:
        """Where the robot is [m]."""
        if self.trunk == -1:
            x, y, z = bullet.getBasePositionAndOrientation(self.id, physicsClientId=self.client)[0]
        else:
            x, y, z = bullet.getLinkState(self.id, self.trunk, physicsClientId=self.client)[0]
        return x, y, MIDDLE * z


class Stage:
    """A Bullet client with the robots of a scene, that are only looked at."""

    def __init__(self, scene: Scene) -> None:
        self.egl = use_egl()
        self.client = bullet.connect(bullet.DIRECT)
        self.close = weakref.finalize(self, _disconnect, self.client)
        with captured(), tempfile.TemporaryDirectory() as folder:
            if self.egl:
                plugin = importlib.util.find_spec("eglRenderer").origin
                bullet.loadPlugin(plugin, "_eglRendererPlugin", physicsClientId=self.client)
            cylinder = Path(folder) / "cylinder.obj"
            cylinder.write_text(_cylinder())
            self.puppets = [Puppet(self.client, agent.robot, cylinder) for agent in scene.agents]
        self.reaches = np.array([puppet.reach for puppet in self.puppets])

    def show(self, snapshot: Snapshot) -> np.ndarray:
        """Place the robots; return the middle of each (robot, 3)."""
        for puppet, base, joints in zip(self.puppets, snapshot.bases, snapshot.joints, strict=True):
            puppet.pose(base, joints)
        return np.array([puppet.middle for puppet in self.puppets])

    def draw(self, view: np.ndarray, projection: np.ndarray, width: int, height: int) -> tuple[np.ndarray, np.ndarray]:
        """Return colours (height, width, 3) and where something is drawn (height, width)."""
        with captured():
            _, _, colours, depth, _ = bullet.getCameraImage(
                width,
                height,
                view.T.ravel().tolist(),
                projection.T.ravel().tolist(),
                lightDirection=(20 * SUN).tolist(),
                lightColor=(1.0, 1.0, 1.0),
                lightAmbientCoeff=AMBIENT,
                lightDiffuseCoeff=DIFFUSE,
                lightSpecularCoeff=SPECULAR,
                shadow=0,
                renderer=bullet.ER_BULLET_HARDWARE_OPENGL if self.egl else bullet.ER_TINY_RENDERER,
                flags=bullet.ER_NO_SEGMENTATION_MASK,
                physicsClientId=self.client,
            )
        drawn = np.asarray(depth, np.float32).reshape(height, width) < NOTHING
        return np.asarray(colours, np.uint8).reshape(height, width, 4)[..., :3], drawn


def _cylinder() -> str:
    """Return a mesh of radius and length 1 along z, whose sides look round."""
    turns = [(math.cos(2 * math.pi * k / SIDES), math.sin(2 * math.pi * k / SIDES)) for k in range(SIDES)]
    lines = [f"v {x:.6f} {y:.6f} {z}\nvn {x:.6f} {y:.6f} 0" for z in (-0.5, 0.5) for x, y in turns]
    lines += ["v 0 0 -0.5\nvn 0 0 -1\nv 0 0 0.5\nvn 0 0 1"]
    for k in range(SIDES):
        a, b = k + 1, (k + 1) % SIDES + 1
        c, d, low, top = a + SIDES, b + SIDES, 2 * SIDES + 1, 2 * SIDES + 2
        lines += [f"f {a}//{a} {b}//{b} {d}//{d}", f"f {a}//{a} {d}//{d} {c}//{c}"]
        lines += [f"f {b}//{low} {a}//{low} {low}//{low}", f"f {c}//{top} {d}//{top} {top}//{top}"]
    return "\n".join(lines) + "\n"


def _rounded(urdf: str, cylinder: Path) -> str:
    """Return a URDF in which visible cylinders are meshes: Bullet lights its own like balls."""
    root = etree.fromstring(urdf)
    for shape in root.iterfind("link/visual/geometry/cylinder"):
        radius, length = shape.attrib.pop("radius"), shape.attrib.pop("length")
        shape.tag = "mesh"
        shape.set("filename", str(cylinder))
        shape.set("scale", f"{radius} {radius} {length}")
    return str(etree.tostring(root, encoding="unicode", pretty_print=True))


def _disconnect(client: int) -> None:
    with captured():
        bullet.disconnect(client)


class Camera:
    """Takes pictures of a scene: they follow the robots."""

    def __init__(self, scene: Scene, width: int = 600, height: int = 400) -> None:
        for name, size in (("width", width), ("height", height)):
            if not isinstance(size, int) or not SMALLEST <= size <= LARGEST:
                raise InvalidInput(f"{name}: {size!r} is not a whole number from {SMALLEST} to {LARGEST}")
        self.scene, self.width, self.height = scene, width, height
        high = max(VIEW, NARROWEST * height / width)
        self._follow = Follow(high * width / height, high)
        self._lanes = _lanes(scene)
        self._stage: Stage | None = None

    def picture(self, snapshot: Snapshot) -> np.ndarray:
        """Return a picture (height, width, 3), one frame after the last one."""
        if self._stage is None:
            self._stage = Stage(self.scene)
        points = self._stage.show(snapshot)
        lens = self._follow.lens(points, self._stage.reaches)
        picture = self._backdrop(lens)
        flat = np.eye(4)
        flat[:2, 2], flat[2, 2] = -SUN[:2] / SUN[2], 0.0
        shadow = self._stage.draw(lens.view @ flat, lens.projection, self.width, self.height)[1]
        picture *= 1.0 - SHADE * _blur(shadow.astype(np.float32), SOFT)[..., None]
        colours, drawn = self._stage.draw(lens.view, lens.projection, FINER * self.width, FINER * self.height)
        share = _shrink(drawn.astype(np.float32))[..., None]
        picture += _shrink(colours * drawn[..., None].astype(np.float32)) - share * picture
        return (picture + 0.5).astype(np.uint8)

    def _backdrop(self, lens: Lens) -> np.ndarray:
        """Return sky and ground (height, width, 3)."""
        down = (lens.high * (1 - (2 * np.arange(self.height) + 1) / self.height)).astype(np.float32)
        across = (lens.wide * ((2 * np.arange(self.width) + 1) / self.width - 1)).astype(np.float32)
        rise = lens.ahead[2] + lens.up[2] * down
        picture = np.empty((self.height, self.width, 3), np.float32)
        picture[:] = _mix(HORIZON, ZENITH, np.clip(rise / 0.5, 0.0, 1.0) ** 0.8)[:, None]
        first = int(np.searchsorted(-rise, lens.eye[2] / FAR))
        if first < self.height:
            far = (lens.eye[2] / -rise[first:])[:, None]
            blur = far**2 / lens.eye[2] * abs(lens.up[2]) * (2 * lens.high / self.height)
            ways = [(lens.ahead[i] + lens.up[i] * down[first:])[:, None] + lens.right[i] * across for i in (0, 1)]
            spots = [(lens.eye[i] + far * ways[i]).astype(np.float32) for i in (0, 1)]
            blurs = [
                (blur * abs(ways[i]) + far * (abs(lens.right[i]) * (2 * lens.wide / self.width)) + 1e-6).astype(np.float32)
                for i in (0, 1)
            ]
            ground = self._ground(*spots, *blurs)
            haze = (1.0 - np.exp(-((far / HAZE) ** 1.5)))[..., None].astype(np.float32)
            picture[first:] = ground + haze * (np.array(HORIZON, np.float32) - ground)
        return picture

    def _ground(self, x: np.ndarray, y: np.ndarray, wide: np.ndarray, high: np.ndarray) -> np.ndarray:
        """Return the colours of spots of the ground [m], each as wide and high as a pixel covers."""
        tiles_x, tiles_y = (_stripes(x / (2 * TILE), wide / (2 * TILE), 0.5), _stripes(y / (2 * TILE), high / (2 * TILE), 0.5))
        layers: list[tuple[Any, Colour]] = []
        if self._lanes is None:
            layers.append((CONTRAST * (tiles_x + tiles_y - 2 * tiles_x * tiles_y), BLACK))
        else:
            low, top, width = self._lanes
            track = _band(y, high, low, top)
            edge = LINE / 2
            tiles_y *= 1 - track
            lines = _stripes((y - low + edge) / width, high / width, LINE / width) * _band(y, high, low - edge, top + edge)
            layers += [
                (track, TRACK),
                (CONTRAST * (tiles_x + tiles_y - 2 * tiles_x * tiles_y), BLACK),
                (lines, WHITE),
                (_band(x, wide, -START / 2, START / 2) * track, WHITE),
            ]
            if self.scene.finish is not None:
                finish = _band(x, wide, self.scene.finish, self.scene.finish + 4 * SQUARE) * track
                a = _stripes((x - self.scene.finish) / (2 * SQUARE), wide / (2 * SQUARE), 0.5)
                b = _stripes((y - low) / (2 * SQUARE), high / (2 * SQUARE), 0.5)
                layers += [(finish, WHITE), (finish * (a + b - 2 * a * b), BLACK)]
        seen: Any = np.ones_like(x)
        weights = []
        for share, _ in reversed(layers):
            weights.append(seen * share)
            seen = seen - weights[-1]
        weights.append(seen)
        colours = np.array([*(colour for _, colour in reversed(layers)), GROUND], np.float32)
        return np.stack(weights, -1) @ colours

    def cut(self) -> None:
        """Let the next picture start at the robots, as at a reset."""
        self._follow.cut()

    def close(self) -> None:
        """Free the stage; again does nothing."""
        if self._stage is not None:
            self._stage.close()
            self._stage = None


def _lanes(scene: Scene) -> tuple[float, float, float] | None:
    """Return the right and left edge of the track and the width of its lanes [m], if there are any."""
    if not all(isinstance(agent.spot[1], float) and abs(np.mean(agent.turn)) < 0.1 for agent in scene.agents):
        return None
    ys = np.unique([agent.spot[1] for agent in scene.agents])
    widths = np.diff(ys)
    width = float(widths[0]) if len(widths) else 2.0
    if not np.allclose(widths, width):
        return None
    return float(ys[0] - width / 2), float(ys[-1] + width / 2), width


def _mix(a: Colour, b: Colour, share: np.ndarray) -> np.ndarray:
    return np.array(a, np.float32) + share[:, None] * (np.array(b, np.float32) - a)


def _stripes(at: Any, blur: Any, share: float) -> Any:
    """Return how much of an interval `blur` wide around `at` is covered by [k, k + share] for all whole k."""
    def covered(x: Any) -> Any:
        whole = np.floor(x)
        return whole * share + np.minimum(x - whole, share)
    return (covered(at + blur / 2) - covered(at - blur / 2)) / blur


def _band(at: Any, blur: Any, low: float, high: float) -> Any:
    """Return how much of an interval `blur` wide around `at` is covered by [low, high]."""
    return np.clip((np.minimum(at + blur / 2, high) - np.maximum(at - blur / 2, low)) / blur, 0.0, 1.0)


def _shrink(fine: np.ndarray) -> np.ndarray:
    return (fine[::2, ::2] + fine[1::2, ::2] + fine[::2, 1::2] + fine[1::2, 1::2]) / 4


def _blur(mask: np.ndarray, radius: int) -> np.ndarray:
    for axis in (0, 1):
        mask = sum(np.roll(mask, shift, axis) for shift in range(-radius, radius + 1)) / (2 * radius + 1)
    return mask
