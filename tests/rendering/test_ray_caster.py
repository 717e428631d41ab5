"""The ray caster: silhouettes and depths against distance fields, edges, threads, and what is around it."""

import dataclasses
import os
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pybullet as bullet
import pytest
import trimesh
from folders import ROOT

from roboschool.errors import InvalidInput
from roboschool.mdp.effects import Marker
from roboschool.physics.checkpoint import Snapshot
from roboschool.rendering.camera import Camera, CameraBatch
from roboschool.rendering.camera_view import CameraView
from roboschool.rendering.ground import make_ground
from roboschool.rendering.native import library
from roboschool.rendering.native.library import (
    BOX,
    CAPSULE,
    CYLINDER,
    MESH,
    SHAPES,
    SPHERE,
    Ground,
    Library,
    Mesh,
    load_library,
)
from roboschool.rendering.render_scene import Image, RenderScene, fill_picture
from roboschool.rendering.shapes import heightfield, read_parts
from roboschool.robots.urdf import read_urdf
from roboschool.scenes.loader import load_scene
from roboschool.scenes.scene import FixedCamera, Prop, Scene
from roboschool.simulation.simulation import Simulation

HALF = {  # of each kind of shape [m]
    SPHERE: (0.4, 0.4, 0.0),
    CAPSULE: (0.2, 0.2, 0.4),
    CYLINDER: (0.3, 0.3, 0.25),
    BOX: (0.3, 0.2, 0.4),
    MESH: (0.3, 0.2, 0.4),
}
SIZE = 60  # of a picture [pixels]
EYE = np.array((1.5, -2.0, 1.9))
TURN = trimesh.transformations.euler_matrix(0.5, -0.4, 0.9)[:3, :3]
MIDDLE = np.array((0.1, -0.2, 0.8))
STONE = 7  # the number of the body


def look(eye: np.ndarray, target: np.ndarray, wide: float = 0.4) -> CameraView:
    ahead = np.asarray(target, float) - eye
    return CameraView(np.asarray(eye, float), ahead / np.linalg.norm(ahead), wide, wide)


def ground() -> Ground:
    return make_ground(load_scene("ant"))


def cast(kind: int, view: CameraView, size: int = SIZE, threads: int = 1, mesh: trimesh.Trimesh = None) -> Image:
    """Return the picture of one shape above the ground."""
    shapes, nodes = np.zeros(1, SHAPES), np.empty(0)
    half = HALF[kind] if mesh is None else tuple(mesh.extents / 2)
    shapes[0] = (kind, STONE, 0, half, (0.0, 0.0, 0.0), (0.9, 0.2, 0.1))
    corners = trimesh.creation.box(2 * np.array(half)).triangles if mesh is None else mesh.triangles
    nodes, blocks = load_library().build(corners)
    poses = np.concatenate((TURN.ravel(), MIDDLE))[None]
    trees = (Mesh * 1)(Mesh(nodes.ctypes.data, blocks.ctypes.data))
    image = Image.empty(size, size)
    load_library().draw([fill_picture(shapes, poses, trees, ground(), view, image)], threads)
    return image


def distance(kind: int, points: np.ndarray) -> np.ndarray:
    """Return how far points (..., 3) are from the surface of a shape; negative inside."""
    local = (points - MIDDLE) @ TURN
    radius, _, half = HALF[kind]
    if kind in (BOX, MESH):
        beyond = abs(local) - HALF[kind]
        return np.linalg.norm(beyond.clip(0.0), axis=-1) + beyond.max(-1).clip(None, 0.0)
    if kind == CYLINDER:
        beyond = np.stack((np.hypot(local[..., 0], local[..., 1]) - radius, abs(local[..., 2]) - half), -1)
        return np.linalg.norm(beyond.clip(0.0), axis=-1) + beyond.max(-1).clip(None, 0.0)
    local[..., 2] -= local[..., 2].clip(-half, half)
    return np.linalg.norm(local, axis=-1) - radius


def march(kind: int, view: CameraView, size: int = SIZE) -> tuple[np.ndarray, np.ndarray]:
    """Return depths [m] and how near each ray comes to a shape [m], by walking along rays as far as is safe."""
    places = (np.arange(size) + 0.5) / size * 2.0 - 1.0
    across, upward = view.wide * places[None, :, None], -view.high * places[:, None, None]
    ways = view.ahead + across * view.right + upward * view.up
    lengths = np.linalg.norm(ways, axis=-1)
    depths, nearest = np.zeros((size, size)), np.full((size, size), np.inf)
    for _ in range(300):
        left = distance(kind, view.eye + depths[..., None] * ways)
        nearest = np.minimum(nearest, left)
        depths += left.clip(0.0) / lengths
    ground = np.where(ways[..., 2] < 0.0, view.eye[2] / -ways[..., 2].clip(None, -1e-9), np.inf)
    return np.where(nearest < 1e-6, depths, ground), nearest


@pytest.mark.parametrize("kind", HALF)
def test_silhouettes_and_depths_are_those_of_a_distance_field(kind: int) -> None:
    view = look(EYE, MIDDLE)
    image = cast(kind, view)
    depths, nearest = march(kind, view)
    pixel = 2 * view.wide / SIZE * np.linalg.norm(EYE - MIDDLE)
    clear = (nearest < 1e-6) | (nearest > 0.01 * pixel)
    assert clear.mean() > 0.99
    assert ((image.bodies == STONE) == (nearest < 1e-6))[clear].all()
    assert 0.05 < (image.bodies == STONE).mean() < 0.6
    assert np.allclose(image.depths[clear], depths[clear], atol=1e-3)


@pytest.mark.parametrize("kind", HALF)
def test_what_is_small_and_far_has_its_size(kind: int) -> None:
    """In single precision squares of distances would not do."""
    eye = MIDDLE + 200.0 * (EYE - MIDDLE) / np.linalg.norm(EYE - MIDDLE)
    view = look(eye, MIDDLE, 0.004)
    image = cast(kind, view)
    depths, nearest = march(kind, view)
    hit = (image.bodies == STONE) & (nearest < 1e-6)
    assert hit.sum() == pytest.approx((nearest < 1e-6).sum(), rel=0.01)
    assert np.allclose(image.depths[hit], depths[hit], atol=5e-3)


@pytest.mark.parametrize("kind", HALF)
def test_an_eye_inside_a_body_sees_out(kind: int) -> None:
    image = cast(kind, look(MIDDLE, MIDDLE + np.array((1.0, 0.3, -0.2))))
    assert image.colours.std() > 1.0
    if kind != MESH:  # its walls have two sides
        assert (image.bodies == -1).all()


def test_a_fine_mesh_of_a_ball_looks_like_a_ball() -> None:
    """Where it is, and where its shadow falls: many triangles are smaller than a pixel."""
    view, ball = look(EYE, MIDDLE, 0.7), trimesh.creation.icosphere(subdivisions=5, radius=HALF[SPHERE][0])
    wanted, found = cast(SPHERE, view), cast(MESH, view, mesh=ball)
    assert (wanted.bodies != found.bodies).sum() <= 2
    both = wanted.bodies == found.bodies
    assert np.allclose(wanted.depths[both], found.depths[both], atol=1e-3)
    colours = abs(wanted.colours.astype(int) - found.colours).max(axis=-1)
    assert colours.max() <= 25, "edges are smoothed alike"
    shadow = (wanted.bodies < 0) & (wanted.colours.max(axis=-1) < 150)
    assert shadow.sum() > 50
    assert colours[shadow].mean() < 6


def test_the_shadow_of_a_thin_rod_is_whole() -> None:
    """It is less wide than the squares of pixels whose rays to the sun are asked for first."""
    view, rod, size = look(EYE, MIDDLE, 0.6), trimesh.creation.cylinder(radius=0.02, height=1.2, sections=200), 200
    wanted, found = (cast(kind, view, size, mesh=rod) for kind in (CYLINDER, MESH))
    bare = cast(MESH, view, size, mesh=trimesh.creation.box((1e-4, 1e-4, 1e-4))).colours.astype(int)
    darker, mine = ((bare - image.colours).max(axis=-1) for image in (wanted, found))
    shadow = (wanted.bodies < 0) & (darker > 20)
    assert shadow.sum() > 100
    assert (mine[shadow] > 10).mean() > 0.95


def test_the_edge_between_two_faces_of_a_box_is_smooth() -> None:
    view = look(EYE, MIDDLE)
    image = cast(BOX, view, 40)
    inner = image.bodies == STONE
    for shift in ((0, 1), (0, -1), (1, 0), (-1, 0)):
        inner &= np.roll(image.bodies == STONE, shift, (0, 1))
    shades = np.unique(image.colours[inner][:, 0])
    assert len(shades) > 6, "three faces, and what lies between"


def test_the_sky_is_infinitely_far_and_the_ground_is_where_it_is() -> None:
    image = cast(SPHERE, look(np.array((0.0, -5.0, 2.0)), np.array((0.0, 0.0, 2.0))), 41)
    assert np.isinf(image.depths[0]).all()
    assert image.depths[-1, 20] == pytest.approx(2.0 / (0.4 * 40 / 41), abs=1e-3)


@pytest.fixture(scope="module")
def soccer() -> tuple[Scene, Snapshot]:
    scene = load_scene("soccer")
    simulation = Simulation(scene)
    simulation.reset({0: 1})
    snapshot = simulation.worlds[0].capture()
    simulation.close()
    return scene, snapshot


def test_any_number_of_threads_gives_the_same_pixels(soccer: tuple[Scene, Snapshot]) -> None:
    scene, snapshot = soccer
    drawn = RenderScene(scene)
    drawn.show([snapshot])
    view = look(np.array((0.0, -9.0, 7.0)), np.zeros(3))
    first, *others = (drawn.draw([view], 150, 100, threads) for threads in (1, 2, 3, 64))
    for other in others:
        for mine, theirs in zip(first, other, strict=True):
            assert np.array_equal(mine, theirs)


def test_pictures_tell_bodies_apart(soccer: tuple[Scene, Snapshot]) -> None:
    scene, snapshot = soccer
    camera = Camera(scene, 120, 80)
    numbers = set(np.unique(camera.image(snapshot).bodies))
    assert numbers == {-1, *range(len(scene.agents) + len(scene.props))}


def test_a_batch_of_cameras_draws_what_single_ones_draw() -> None:
    scene = load_scene("ants")
    simulation = Simulation(scene, 3)
    batch, singles = CameraBatch(scene, 3, 50, 40), [Camera(scene, 50, 40) for _ in range(3)]
    simulation.reset({0: 1, 1: 2, 2: 3})
    for step in range(3):
        simulation.step([np.full(group.shape, 0.3 * step) for group in simulation.groups])
        snapshots = [world.capture() for world in simulation.worlds]
        markers = [[Marker((float(world), 0.0, 0.5), 0.2, (20, 40, 230))] for world in range(step)] + [[]] * (3 - step)
        images = batch.images(snapshots, markers)
        for world, camera in enumerate(singles):
            for mine, theirs in zip(images, camera.image(snapshots[world], markers[world]), strict=True):
                assert np.array_equal(mine[world], theirs)
    batch.reset(1)
    singles[1].reset()
    image = singles[1].picture(snapshots[1])
    assert np.array_equal(batch.images(snapshots).colours[1], image)
    simulation.close()


@pytest.mark.parametrize("name", ["humanoid", "atlas_forward_walk", "soccer", "reacher", "pong"])
def test_links_are_where_bullet_has_them(name: str) -> None:
    scene = load_scene(name)
    simulation = Simulation(scene)
    simulation.reset({0: 1})
    rng = np.random.default_rng(0)
    for _ in range(10):
        simulation.step([rng.uniform(-1.0, 1.0, group.shape) for group in simulation.groups])
    world, drawn, first = simulation.worlds[0], RenderScene(scene), 0
    drawn.show([world.capture()])
    models = [*(agent.robot.model for agent in scene.agents), *(prop.model for prop in scene.props)]
    for body, model in zip((*world.bodies, *world.prop_bodies), models, strict=True):
        parts = read_parts(model, [joint.name for joint in model.joints if joint.kind != "fixed"])
        for link, number in parts.names.items():
            if link == model.root:
                continue
            state = bullet.getLinkState(body.id, body.links[link], 0, 1, physicsClientId=world.client)
            pose = drawn.placed[0, first + number]
            assert np.allclose(pose[9:], state[4], atol=1e-5), link
            assert np.allclose(pose[:9], bullet.getMatrixFromQuaternion(state[5]), atol=1e-5), link
        first += len(parts.links)
    simulation.close()


def with_mesh(folder: Path, data: bytes) -> Scene:
    (folder / "stone.stl").write_bytes(data)
    mesh = '<geometry><mesh filename="stone.stl" scale="1 1 2"/></geometry>'
    text = f'<robot name="stone"><link name="stone"><visual>{mesh}</visual></link></robot>'
    inertial = '<inertial><mass value="1"/><inertia ixx="0.1" iyy="0.1" izz="0.1"/></inertial><visual>'
    (folder / "stone.urdf").write_text(text.replace("<visual>", inertial))
    prop = Prop("stone", read_urdf(folder / "stone.urdf"), (0.0, 2.0, 1.0))
    seen = FixedCamera(eye=(0.0, -4.0, 1.0), target=(0.0, 2.0, 1.0), half_width=0.5)
    return dataclasses.replace(load_scene("ant"), props=(prop,), camera=seen)


def test_a_mesh_is_scaled_and_placed(tmp_path: Path) -> None:
    scene = with_mesh(tmp_path, trimesh.creation.box((1.0, 0.5, 0.5)).export(file_type="stl"))
    simulation, camera = Simulation(scene), Camera(scene, 100, 100)
    simulation.reset({0: 0})
    places = np.argwhere(camera.image(simulation.worlds[0].capture()).bodies == 1)
    wide, high = (np.ptp(places, axis=0) + 1)[::-1] * (2 * 0.5 * 5.75 / 100)  # its front is 5.75 m away
    assert (wide, high) == (pytest.approx(1.0, abs=0.12), pytest.approx(1.0, abs=0.12))
    simulation.close()


def test_a_heightfield_is_as_high_as_it_says() -> None:
    x, y = np.meshgrid(np.linspace(-2.0, 2.0, 41), np.linspace(-1.5, 1.5, 31))
    shape, tree = heightfield(0.3 * x - 0.2 * y + 1.0, 0.1)
    poses = np.concatenate((np.eye(3).ravel(), np.zeros(3)))[None]
    mesh = (Mesh * 1)(Mesh(tree.nodes.ctypes.data, tree.blocks.ctypes.data))
    image, view = Image.empty(SIZE, SIZE), look(np.array((0.0, -4.0, 4.0)), np.array((0.0, 0.0, 1.0)))
    load_library().draw([fill_picture(shape, poses, mesh, ground(), view, image)], 1)
    places = (np.arange(SIZE) + 0.5) / SIZE * 2.0 - 1.0
    ways = view.ahead + view.wide * places[None, :, None] * view.right - view.high * places[:, None, None] * view.up
    slope = np.array((0.3, -0.2, -1.0))
    depths = -(view.eye @ slope + 1.0) / (ways @ slope)
    met = view.eye + depths[..., None] * ways
    inside = (abs(met[..., 0]) < 1.97) & (abs(met[..., 1]) < 1.47)
    assert inside.sum() > 500
    assert abs(image.depths - depths)[inside].max() < 0.001
    outside = (abs(met[..., 0]) > 2.1) | (abs(met[..., 1]) > 1.6)
    below = view.eye[2] / -ways[..., 2]
    assert abs(image.depths - below)[outside].max() < 0.01, "the ground beside it"


def test_a_mesh_that_has_become_bad_is_one_clear_error(tmp_path: Path) -> None:
    good = trimesh.creation.box((1.0, 1.0, 1.0)).export(file_type="stl")
    scene = with_mesh(tmp_path, good)
    bad = good[:96] + np.float32(np.nan).tobytes() + good[100:]
    for data, told in ((bad, "not finite"), (b"solid nonsense", "no triangles")):
        (tmp_path / "stone.stl").write_bytes(data)
        with pytest.raises(InvalidInput, match=rf"stone\.stl.*{told}"):
            RenderScene(scene)


@pytest.mark.parametrize("size", [0, 100_000])
def test_sizes_that_make_no_picture_are_refused(size: int) -> None:
    with pytest.raises(InvalidInput, match="width"):
        Camera(load_scene("hopper"), size, 400)


def test_without_its_library_it_says_how_to_build_it(tmp_path: Path) -> None:
    with pytest.raises(InvalidInput, match=r"draw\.so is not there.*hatch_build\.py"):
        Library(tmp_path / "draw.so")
    (tmp_path / "draw.so").write_text("nonsense")
    with pytest.raises(InvalidInput, match=re.escape("cannot be loaded")):
        Library(tmp_path / "draw.so")


DRAW = """
import os, numpy as np
from roboschool.rendering.camera import Camera, CameraBatch
from roboschool.rendering.native import library
from roboschool.scenes.loader import load_scene
from roboschool.simulation.simulation import Simulation
tiny = np.float64(2.5e-308)
assert tiny / 4.0 > 0.0
scene = load_scene("hopper")
simulation, camera = Simulation(scene), Camera(scene, 200, 200)
simulation.reset({0: 0})
library.cores = lambda: 3
drawn = camera.picture(simulation.worlds[0].capture())
assert tiny / 4.0 > 0.0
camera.reset()
child = os.fork()
again = camera.picture(simulation.worlds[0].capture())
assert np.array_equal(drawn, again)
if child:
    assert os.waitpid(child, 0)[1] == 0
    print("done")
else:
    os._exit(0)
"""


def test_it_leaves_subnormal_numbers_alone_and_draws_after_a_fork() -> None:
    done = subprocess.run(
        [sys.executable, "-c", DRAW], capture_output=True, text=True, check=False, cwd=ROOT, env=os.environ, timeout=60
    )
    assert done.stdout == "done\n", done.stderr
    assert library.PATH.is_file()
