"""How shapes look: what tells height and scale, and shadows where they belong."""

import numpy as np
import pytest
import trimesh

from roboschool.rendering.camera_view import CameraView
from roboschool.rendering.ground import make_ground
from roboschool.rendering.native.library import BOX, MESH, SHAPES, Mesh, load_library
from roboschool.rendering.render_scene import Image, fill_picture
from roboschool.rendering.shapes import Tree, heightfield
from roboschool.scenes.loader import load_scene

SIZE = 80  # of a picture [pixels]
STILL = np.eye(3)
SUNWARD = np.arctan2(3.0, 2.0)  # where the sun's light goes, along the ground [rad]


def from_above(shape: np.ndarray, tree: Tree, turn: np.ndarray, place: tuple[float, float, float]) -> Image:
    """Return a picture of 8 m x 8 m of the ground with one shape, from far above; its top is the north."""
    view = CameraView(np.array((0.0, 0.0, 200.0)), np.array((0.0, 0.0, -1.0)), 0.02, 0.02)
    mesh = (Mesh * 1)(Mesh(tree.nodes.ctypes.data, tree.blocks.ctypes.data))
    image, poses = Image.empty(SIZE, SIZE), np.concatenate((turn.ravel(), place))[None]
    load_library().draw([fill_picture(shape, poses, mesh, make_ground(load_scene("ants")), view, image)], 1)
    return image


def brightness(image: Image, x: float, y: float) -> float:
    """Return how bright a place is, x to the east."""
    return float(image.colours[round(SIZE / 2 - 10 * y), round(SIZE / 2 + 10 * x)].mean())


@pytest.mark.parametrize("slope", [0.0, 0.3])
def test_a_terrain_has_the_tiles_of_the_ground_and_is_darker_where_it_is_low(slope: float) -> None:
    x, _ = np.meshgrid(np.linspace(-3.0, 3.0, 61), np.linspace(-3.0, 3.0, 61))
    image = from_above(*heightfield(slope * x, 0.1, (0.7, 0.7, 0.7)), STILL, (0.0, 0.0, 1.0))
    assert brightness(image, 0.5, 0.5) > brightness(image, 0.5, 1.5) + 5.0
    assert brightness(image, 0.5, 0.5) == pytest.approx(brightness(image, 0.5, -1.5), abs=1.0)
    assert (brightness(image, 1.5, 1.5) - brightness(image, -2.5, 1.5) > 10.0) == (slope > 0.0)
    beside = brightness(image, 3.5, 0.5), brightness(image, 3.5, 1.5)
    assert abs(beside[0] - beside[1]) > 5.0, "the ground around it"


def test_a_box_takes_no_light_beside_its_shadow() -> None:
    """The sun's light is almost along two of its faces: it meets them far away."""
    half, pictures = (0.3, 0.2, 0.4), []
    nodes, blocks = load_library().build(trimesh.creation.box(2 * np.array(half)).triangles)
    tree = Tree(nodes, blocks, -np.array(half), np.array(half))
    turn = trimesh.transformations.euler_matrix(0.0, 0.0, SUNWARD + 0.005)[:3, :3]
    for kind in (BOX, MESH):
        shapes = np.zeros(1, SHAPES)
        shapes[0] = (kind, 0, 0, half, (0.0, 0.0, 0.0), (0.9, 0.2, 0.1))
        pictures.append(from_above(shapes, tree, turn, (0.0, 0.0, 0.4)))
    sunny = (pictures[0].bodies == -1) & (pictures[1].colours.min(axis=-1) > 150)
    assert sunny.mean() > 0.8
    differences = abs(pictures[0].colours.astype(int) - pictures[1].colours)[sunny]
    assert differences.mean() < 0.05
