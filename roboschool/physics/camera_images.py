"""Bullet's pictures of a scene, from a separate client: taking them never changes a world.

Bullet draws robots, props and marks, and neither ground nor sky. It serves until a ray caster of our own replaces it.
"""

import itertools
import math
import shutil
import weakref
from array import array
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
from lxml import etree

from roboschool.errors import InvalidInput
from roboschool.mdp.effects import Marker
from roboschool.physics.checkpoint import Snapshot, Triple
from roboschool.physics.output import redirect_native_output
from roboschool.robots.urdf import Model
from roboschool.scenes.scene import Scene
from roboschool.scratch import scratch_folder

with redirect_native_output():
    import pybullet as bullet

Colour: TypeAlias = tuple[int, int, int]  # red, green, blue, 0 to 255

RADIUS = 0.72  # of a sphere around a body, if its longest side is 1
LOST = 1e5  # a body farther away is not moved any more [m]
SUN = np.array((-0.5, -0.75, 1.0))  # direction to it
AMBIENT, DIFFUSE, SPECULAR = 0.68, 0.38, 0.05  # light on bodies
BACKGROUND = 0.99999  # depth from which on no body is drawn
SWELL = 1.03  # every other link is so much thicker
SIDES, RINGS = 16, 5  # of a cylinder; rings, because long triangles are drawn slowly
HIDDEN, UPRIGHT = (0.0, 0.0, -1e4), (0.0, 0.0, 0.0, 1.0)  # position of an unused mark [m], orientation
BALL, BALL_SIDES = 0.085, 22  # balls of a greater radius [m] get this many sides
MARK_SIDES = 32  # of a mark, which may be large


class RenderBody:
    """A robot or a prop in pictures.

    Args:
        client: of Bullet.
        model: what is drawn.
        joints: names of the joints that move, in the order of their positions in a snapshot.
        trunk: the link whose position is the body's; the last if it is None.
        meshes: files of a cylinder and a sphere of size 1.
    """

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
        self.radius = RADIUS * float(np.max(boxes[:, 1].max(0) - boxes[:, 0].min(0)))

    def pose(self, base: Any, joints: Any) -> None:
        """Take a pose, unless it is too far away."""
        if all(abs(number) < LOST for number in (*base[0], *base[1], *joints[0])):
            position, orientation = _to_float32(base[0]), _to_float32(base[1])
            bullet.resetBasePositionAndOrientation(self.id, position, orientation, physicsClientId=self.client)
            positions = [(position,) for position in _to_float32(joints[0])]
            if positions:
                bullet.resetJointStatesMultiDof(self.id, self.joints, positions, physicsClientId=self.client)

    def position(self) -> Triple:
        """Return the position of its trunk [m]."""
        if self.trunk == -1:
            x, y, z = bullet.getBasePositionAndOrientation(self.id, physicsClientId=self.client)[0]
        else:
            x, y, z = bullet.getLinkState(self.id, self.trunk, physicsClientId=self.client)[0]
        return x, y, z


class Balls:
    """The marks in pictures; balls that are not needed are hidden below the ground."""

    def __init__(self, client: int, mesh: Path) -> None:
        mesh.write_text(_ball(MARK_SIDES))
        self.client, self.mesh = client, str(mesh)
        self.ids: list[int] = []
        self.looks: list[tuple[float, Colour]] = []
        self.positions: list[Sequence[float]] = []  # of those that are shown [m]
        self.radii: list[float] = []  # of those that are shown [m]

    def show(self, markers: Sequence[Marker]) -> None:
        """Show these marks and no others; those too far away are left out."""
        markers = [mark for mark in markers if all(abs(number) < LOST for number in (*mark.position, mark.radius))]
        self.positions = [_to_float32(mark.position) for mark in markers]
        self.radii = _to_float32([mark.radius for mark in markers])
        for number, (mark, radius) in enumerate(zip(markers, self.radii, strict=True)):
            look = radius, mark.colour
            if number == len(self.ids):
                self.ids.append(self._ball(*look))
                self.looks.append(look)
            elif self.looks[number] != look:
                bullet.removeBody(self.ids[number], physicsClientId=self.client)
                self.ids[number], self.looks[number] = self._ball(*look), look
        for ball, position in itertools.zip_longest(self.ids, self.positions, fillvalue=HIDDEN):
            bullet.resetBasePositionAndOrientation(ball, position, UPRIGHT, physicsClientId=self.client)

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
    """Robots, props and marks of a scene, as Bullet draws them.

    Args:
        scene: what is drawn.

    Raises:
        RuntimeError: Bullet has no client left in this process.
        InvalidInput: there is no folder for temporary files.
    """

    def __init__(self, scene: Scene) -> None:
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
            self.bodies = [
                RenderBody(
                    self.client, robot.model, [*robot.unactuated, *(j.name for j in robot.joints)], robot.trunk, meshes
                )
                for robot in (agent.robot for agent in scene.agents)
            ]
            for model in (prop.model for prop in scene.props):
                joints = [joint.name for joint in model.joints if joint.kind != "fixed"]
                self.bodies.append(RenderBody(self.client, model, joints, None, meshes))
        self.balls = Balls(self.client, folder / "mark.obj")
        self.robots = self.bodies[: len(scene.agents)]
        self._names = [agent.name for agent in scene.agents] + [prop.name for prop in scene.props]

    def add_box(self, half: Triple, centre: Triple, colour: Colour) -> None:
        """Add a box that stays where it is; half its sides and its centre are in metres."""
        shape = bullet.createVisualShape(
            bullet.GEOM_BOX, halfExtents=half, rgbaColor=_rgba(colour), physicsClientId=self.client
        )
        bullet.createMultiBody(0, -1, shape, centre, physicsClientId=self.client)

    def show(self, snapshot: Snapshot, markers: Sequence[Marker] = ()) -> np.ndarray:
        """Place robots, props and marks; return the positions of the robots' trunks (robot, 3) [m]."""
        for body, base, joints in zip(self.bodies, snapshot.bases, snapshot.joints, strict=True):
            body.pose(base, joints)
        self.balls.show(markers)
        return np.array([robot.position() for robot in self.robots])

    def robot_radii(self) -> np.ndarray:
        """Return the radius of a sphere around each robot (robot,) [m]."""
        return np.array([robot.radius for robot in self.robots])

    def position(self, name: str) -> Triple:
        """Return the position of an agent's robot or of a prop [m]."""
        return self.bodies[self._names.index(name)].position()

    def spheres(self) -> tuple[np.ndarray, np.ndarray]:
        """Return centres (body, 3) and radii (body,) of spheres around all robots, props and marks [m]."""
        centres = np.array([*(body.position() for body in self.bodies), *self.balls.positions])
        return centres, np.array([*(body.radius for body in self.bodies), *self.balls.radii])

    def draw(self, view: np.ndarray, projection: np.ndarray, width: int, height: int) -> tuple[np.ndarray, np.ndarray]:
        """Draw what is shown.

        Args:
            view: from the world's coordinates to the camera's (4, 4).
            projection: as OpenGL has it (4, 4).
            width: of the picture [pixels].
            height: of the picture [pixels].

        Returns:
            Colours (height, width, 3), bytes, and whether anything is drawn (height, width).
        """
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
        drawn = np.asarray(depths, np.float32).reshape(height, width) < BACKGROUND
        return np.asarray(colours, np.uint8).reshape(height, width, 4)[..., :3], drawn


def _clear(client: int, folder: Path) -> None:
    with redirect_native_output():
        bullet.disconnect(client)
    shutil.rmtree(folder, ignore_errors=True)


def _to_float32(numbers: Sequence[float]) -> list[float]:
    """Round numbers as a match file does, so that its pictures are those of the world to the pixel."""
    return array("f", numbers).tolist()


def _rgba(colour: Colour) -> list[float]:
    return [*(part / 255 for part in colour), 1.0]


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
