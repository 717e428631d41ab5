"""A camera: pictures of a scene, taken on a stage of its own so that looking never changes a world.

Bullet draws only what stands up: robots, props and marks, and once more all that flattened along the sunlight, which
gives the shadows. Ground and sky are painted behind by formulas that average over each pixel: smooth however far away.
"""

import itertools
import math
import shutil
import weakref
from array import array
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from lxml import etree

from roboschool.errors import InvalidInput
from roboschool.mdp.effects import Marker
from roboschool.physics.checkpoint import Snapshot
from roboschool.physics.output import redirect_native_output
from roboschool.rendering.backdrop import BLACK, WHITE, Backdrop, Colour, Studio, Triple
from roboschool.rendering.camera_view import NARROWEST, NEAR, VIEW, CameraView, Fixed, Follow
from roboschool.rendering.stadium import Stadium
from roboschool.robots.urdf import Model
from roboschool.scenes.scene import Scene
from roboschool.scratch import scratch_folder

with redirect_native_output():
    import pybullet as bullet

SMALLEST, LARGEST = 16, 4096  # sides of a picture [pixels]

# What stands up.
MIDDLE = 0.65  # height of a robot's middle, if its trunk's is 1
ROOM = 0.72  # radius of the room given to a robot, if its longest side is 1
RUN_OUT = 2.0  # so far behind the finish the view follows as before it; then it turns to those who come later [m]
LOST = 1e5  # a robot so far away is not moved any more [m]
SUN = np.array((-0.5, -0.75, 1.0))  # direction to it
FLAT = np.eye(4) - np.outer((*SUN / SUN[2], 0.0), (0.0, 0.0, 1.0, 0.0))  # casts everything on the ground
AMBIENT, DIFFUSE, SPECULAR = 0.68, 0.38, 0.05  # light on robots
SHADE, SOFT = 0.45, 2  # share of light that a shadow takes, width of its edge [pixels]
NOTHING = 0.99999  # depth from which on nothing is drawn
FINER, COARSER = 2, 4  # robots are drawn finer than the picture, for smooth edges, and first coarser, to find them
SMALL = 40  # what has a smaller radius is found without a picture [pixels]
MARGIN = 8  # around what was found [pixels]
ARCH, POST, BANNER = 3.0, 0.04, 0.2  # height of the finish arch, half the width of a post and of a square on it [m]
SWELL = 1.03  # every other link is so much thicker
SIDES, RINGS = 16, 5  # of a cylinder; rings, because long triangles are drawn slowly
HIDDEN, UPRIGHT = (0.0, 0.0, -1e4), (0.0, 0.0, 0.0, 1.0)  # where a mark waits [m], a turn by nothing
BALL, BALL_SIDES = 0.085, 22  # balls of a greater radius [m] get so many sides
MARK_SIDES = 32  # of a mark, which may be large


class Camera:
    """Takes pictures of a scene: of one robot from its side, of several from their front, following them smoothly.

    A scene with a `camera` is seen from there instead.

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
        line = None if scene.finish is None else scene.finish + RUN_OUT
        self._follow = Follow(high * width / height, high, line)
        self._fixed = None if scene.camera is None else Fixed(scene.camera, width / height)
        self._backdrop = _backdrop(scene)
        self._stage: RenderScene | None = None

    def picture(self, snapshot: Snapshot, marks: Sequence[Marker] = ()) -> np.ndarray:
        """Return the next picture (height, width, 3), bytes, with marks in it."""
        stage = self._open()
        points = stage.show(snapshot, marks) * (1.0, 1.0, MIDDLE)
        lens = self._fixed.lens(stage.followed()) if self._fixed else self._follow.lens(points, stage.room)
        picture: np.ndarray = self._backdrop.paint(lens, self.width, self.height)
        stage.compose(picture, lens)
        return (picture + 0.5).astype(np.uint8)

    def trunks(self, snapshot: Snapshot) -> tuple[np.ndarray, np.ndarray]:
        """Return where the trunks of the robots are (robot, 3), and how much room each takes, a radius (robot,) [m]."""
        stage = self._open()
        return stage.show(snapshot), stage.room

    def _open(self) -> "RenderScene":
        if self._stage is None:
            self._stage = RenderScene(self.scene, self._backdrop.track)
        return self._stage

    def cut(self) -> None:
        """Let the next picture begin where the robots are; without, the view glides there."""
        self._follow.cut()
        if self._fixed is not None:
            self._fixed.cut()

    def close(self) -> None:
        """Free the stage; again does nothing."""
        if self._stage is not None:
            self._stage.close()
            self._stage = None


class RenderBody:
    """A robot or a prop on a stage; `trunk` is the link that shows where it is, the last if it is None."""

    def __init__(
        self, client: int, model: Model, joints: Sequence[str], trunk: str | None, meshes: Mapping[str, Path]
    ) -> None:
        self.client = client
        number = bullet.getNumBodies(physicsClientId=client)
        path = meshes["sphere"].with_name(f"{number}.urdf")  # not one name for all: Bullet remembers files by name
        path.write_text(_improve(model, meshes), encoding="utf-8")
        flags = bullet.URDF_USE_INERTIA_FROM_FILE
        self.id = bullet.loadURDF(str(path), useFixedBase=model.fixed, flags=flags, physicsClientId=client)
        parts = range(bullet.getNumJoints(self.id, physicsClientId=client))
        infos = [bullet.getJointInfo(self.id, part, physicsClientId=client) for part in parts]
        numbers = {info[1].decode(): info[0] for info in infos}
        self.joints = [numbers[name] for name in joints]
        last = len(parts) - 1 if joints else -1
        self.trunk = next((info[0] for info in infos if info[12].decode() == trunk), -1 if trunk else last)
        boxes = np.array([bullet.getAABB(self.id, part, physicsClientId=client) for part in (-1, *parts)])
        self.room = ROOM * float(np.max(boxes[:, 1].max(0) - boxes[:, 0].min(0)))

    def pose(self, base: Any, joints: Any) -> None:
        """Take a pose, unless it is out of this world."""
        if all(abs(number) < LOST for number in (*base[0], *base[1], *joints[0])):
            position, turned = _coarse(base[0]), _coarse(base[1])
            bullet.resetBasePositionAndOrientation(self.id, position, turned, physicsClientId=self.client)
            positions = [(position,) for position in _coarse(joints[0])]
            if positions:
                bullet.resetJointStatesMultiDof(self.id, self.joints, positions, physicsClientId=self.client)

    def place(self) -> Triple:
        """Return where it is [m]."""
        if self.trunk == -1:
            x, y, z = bullet.getBasePositionAndOrientation(self.id, physicsClientId=self.client)[0]
        else:
            x, y, z = bullet.getLinkState(self.id, self.trunk, physicsClientId=self.client)[0]
        return x, y, z


class Balls:
    """The marks on a stage; balls that are not needed wait out of sight."""

    def __init__(self, client: int, mesh: Path) -> None:
        mesh.write_text(_ball(MARK_SIDES))
        self.client, self.mesh = client, str(mesh)
        self.ids: list[int] = []
        self.looks: list[tuple[float, Colour]] = []
        self.places: list[Sequence[float]] = []  # of those that are seen [m]
        self.radii: list[float] = []  # of those that are seen [m]

    def show(self, marks: Sequence[Marker]) -> None:
        """Show these marks and no others, but those out of this world."""
        marks = [mark for mark in marks if all(abs(number) < LOST for number in (*mark.position, mark.radius))]
        self.places = [_coarse(mark.position) for mark in marks]
        self.radii = _coarse([mark.radius for mark in marks])
        for number, (mark, radius) in enumerate(zip(marks, self.radii, strict=True)):
            look = radius, mark.colour
            if number == len(self.ids):
                self.ids.append(self._ball(*look))
                self.looks.append(look)
            elif self.looks[number] != look:
                bullet.removeBody(self.ids[number], physicsClientId=self.client)
                self.ids[number], self.looks[number] = self._ball(*look), look
        for ball, place in itertools.zip_longest(self.ids, self.places, fillvalue=HIDDEN):
            bullet.resetBasePositionAndOrientation(ball, place, UPRIGHT, physicsClientId=self.client)

    def _ball(self, radius: float, colour: Colour) -> int:
        shape = bullet.createVisualShape(
            bullet.GEOM_MESH,
            fileName=self.mesh,
            meshScale=[radius] * 3,
            rgbaColor=_rgba(colour),
            physicsClientId=self.client,
        )
        return int(bullet.createMultiBody(0, -1, shape, physicsClientId=self.client))


class RenderScene:
    """A Bullet client that holds all that stands up in a scene, to be looked at."""

    def __init__(self, scene: Scene, track: Triple | None) -> None:
        self.client: int = bullet.connect(bullet.DIRECT)
        if self.client < 0:
            raise RuntimeError("Bullet has no room for another camera in this process; close some")
        try:
            folder = scratch_folder()
        except InvalidInput:
            bullet.disconnect(self.client)
            raise
        self.close = weakref.finalize(self, _clear, self.client, folder)
        meshes = {"cylinder": folder / "cylinder.obj", "sphere": folder / "sphere.obj"}
        meshes["cylinder"].write_text(_cylinder())
        meshes["sphere"].write_text(_ball(BALL_SIDES))
        with redirect_native_output():
            self.puppets = [
                RenderBody(
                    self.client, robot.model, [*robot.passive, *(j.name for j in robot.joints)], robot.trunk, meshes
                )
                for robot in (agent.robot for agent in scene.agents)
            ]
            for model in (prop.model for prop in scene.props):
                joints = [joint.name for joint in model.joints if joint.kind != "fixed"]
                self.puppets.append(RenderBody(self.client, model, joints, None, meshes))
        self.balls = Balls(self.client, folder / "mark.obj")
        self.robots = self.puppets[: len(scene.agents)]
        self.room = np.array([puppet.room for puppet in self.robots])
        self.ground, self.view = scene.ground, scene.camera
        self.names = [agent.name for agent in scene.agents] + [prop.name for prop in scene.props]
        if track and scene.finish:
            self._arch(scene.finish, track[0] - 2 * POST, track[1] + 2 * POST)

    def _arch(self, x: float, low: float, top: float) -> None:
        for y in (low, top):
            self._block((POST, POST, ARCH / 2), (x, y, ARCH / 2), WHITE)
        squares = round((top - low) / (2 * BANNER))
        half = (top - low) / squares / 2
        for row, column in np.ndindex(2, squares):
            centre = (x, low + half * (2 * column + 1), ARCH - BANNER * (2 * row + 1))
            self._block((POST / 2, half, BANNER), centre, BLACK if (row + column) % 2 else WHITE)

    def _block(self, half: Triple, centre: Triple, colour: Colour) -> None:
        shape = bullet.createVisualShape(
            bullet.GEOM_BOX, halfExtents=half, rgbaColor=_rgba(colour), physicsClientId=self.client
        )
        bullet.createMultiBody(0, -1, shape, centre, physicsClientId=self.client)

    def followed(self) -> Triple | None:
        """Return where the thing is that the scene's camera follows, if any [m]."""
        if self.view is None or self.view.follow is None:
            return None
        return self.puppets[self.names.index(self.view.follow)].place()

    def show(self, snapshot: Snapshot, marks: Sequence[Marker] = ()) -> np.ndarray:
        """Place robots, props and marks; return where the trunks of the robots are (robot, 3) [m]."""
        for puppet, base, joints in zip(self.puppets, snapshot.bases, snapshot.joints, strict=True):
            puppet.pose(base, joints)
        self.balls.show(marks)
        return np.array([puppet.place() for puppet in self.robots])

    def compose(self, picture: np.ndarray, lens: CameraView) -> None:
        """Draw everything and its shadow into a picture (height, width, 3)."""
        high, wide = picture.shape[:2]
        top, bottom, left, right = self._find(lens, wide, high)
        projection = lens.project(top / high, bottom / high, left / wide, right / wide)
        part = picture[top:bottom, left:right]
        height, width = part.shape[:2]
        if self.ground:
            _, shadow = self._draw(lens.view @ FLAT, projection, width, height)
            part *= 1.0 - SHADE * _blur(shadow)[..., None]
        colours, drawn = self._draw(lens.view, projection, FINER * width, FINER * height)
        opaque = drawn[..., None].astype(np.float32)
        part *= 1.0 - _shrink(opaque)
        part += _shrink(colours * opaque)

    def _find(self, lens: CameraView, width: int, height: int) -> tuple[int, int, int, int]:
        """Return top, bottom, left and right of what is worth drawing: small parts are drawn faster."""
        size = -(-width // COARSER), -(-height // COARSER)
        seen = self._draw(lens.view, lens.project(), *size)[1]
        if self.ground:
            seen |= self._draw(lens.view @ FLAT, lens.project(), *size)[1]
        distant = self._distant(lens, width, height)
        ends = []
        for axis, length in ((0, height), (1, width)):
            places = np.flatnonzero(seen.any(1 - axis)) * length // seen.shape[axis]
            places = np.concatenate((places, distant[:, axis].astype(int)))
            first, last = (int(places.min()), int(places.max())) if len(places) else (0, 0)
            ends += [max(0, first - MARGIN), min(length, last + COARSER + MARGIN)]
        return ends[0], ends[1], ends[2], ends[3]

    def _distant(self, lens: CameraView, width: int, height: int) -> np.ndarray:
        """Return pixels (pixel, 2) around what is so small that Bullet may leave it out of a coarse picture."""
        points = np.array([*(puppet.place() for puppet in self.puppets), *self.balls.places])
        reach = np.array([*(puppet.room for puppet in self.puppets), *self.balls.radii])
        if self.ground:
            points = np.concatenate((points, points - points[:, 2:] * SUN / SUN[2]))
            reach = np.concatenate((reach, reach * np.linalg.norm(SUN) / SUN[2]))
        offsets = points - lens.eye
        ahead = offsets @ lens.ahead
        grain = height / (2 * lens.high * ahead.clip(NEAR))  # pixels a metre
        middles = np.column_stack((height / 2 - offsets @ lens.up * grain, width / 2 + offsets @ lens.right * grain))
        reach = (reach * grain)[:, None]
        inside = ((middles + reach > 0.0) & (middles - reach < (height, width))).all(axis=1)
        small = inside & (ahead > NEAR) & (reach[:, 0] < SMALL)
        corners: np.ndarray = np.concatenate(((middles - reach)[small], (middles + reach)[small]))
        return corners.clip(0, (height, width))

    def _draw(self, view: np.ndarray, projection: np.ndarray, width: int, height: int) -> tuple[np.ndarray, np.ndarray]:
        """Return colours (height, width, 3) and where anything is drawn (height, width)."""
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
            renderer=bullet.ER_TINY_RENDERER,
            flags=bullet.ER_NO_SEGMENTATION_MASK,
            physicsClientId=self.client,
        )
        drawn = np.asarray(depths, np.float32).reshape(height, width) < NOTHING
        return np.asarray(colours, np.uint8).reshape(height, width, 4)[..., :3], drawn


def _backdrop(scene: Scene) -> Backdrop | Studio:
    if not scene.ground:
        return Studio()
    return Backdrop(scene) if scene.stadium is None else Stadium(scene, scene.stadium)


def _clear(client: int, folder: Path) -> None:
    with redirect_native_output():
        bullet.disconnect(client)
    shutil.rmtree(folder, ignore_errors=True)


def _coarse(numbers: Sequence[float]) -> list[float]:
    """Return numbers as a file of a match keeps them, so that a picture from it is that of the world to the pixel."""
    return array("f", numbers).tolist()


def _rgba(colour: Colour) -> list[float]:
    return [*(part / 255 for part in colour), 1.0]


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


def _ball(sides: int) -> str:
    """Return an OBJ file of a ball of radius 1."""
    turns = [2 * math.pi * ring / sides for ring in range(sides // 2 + 1)]
    return _turned([(math.sin(turn), -math.cos(turn)) * 2 for turn in turns], sides)


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
