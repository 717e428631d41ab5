"""Pictures: what is in them, and that taking them changes nothing."""

import dataclasses
import math
import pickle

import numpy as np
import pytest

from roboschool import files
from roboschool.camera import Camera
from roboschool.files import InvalidInput
from roboschool.scene import Scene, load_scene
from roboschool.simulation import Simulation
from roboschool.world import Snapshot

FRAME = 0.0165  # [s]


def start(scene: Scene) -> Snapshot:
    simulation = Simulation(scene)
    simulation.reset({0: 1})
    snapshot = simulation.worlds[0].capture()
    simulation.close()
    return snapshot


def moved(scene: Scene, snapshot: Snapshot, ways: dict[int, float]) -> Snapshot:
    """Move robots along x [m]."""
    bases, joints = list(snapshot.bases), list(snapshot.joints)
    for robot, way in ways.items():
        if scene.agents[robot].robot.planar:
            (along, *others), speeds = joints[robot]
            joints[robot] = ((along + way, *others), speeds)
        else:
            (x, y, z), *others = bases[robot]
            bases[robot] = ((x + way, y, z), *others)
    return dataclasses.replace(snapshot, bases=tuple(bases), joints=tuple(joints))


def coral(picture: np.ndarray) -> np.ndarray:
    """Return rows and columns of what is red; only robots are."""
    red, _, blue = np.moveaxis(picture.astype(int), -1, 0)
    return np.argwhere(red - blue > 60)


def offcentre(picture: np.ndarray) -> float:
    """Return how far from the middle the robot is, sideways; 1 is the edge."""
    return abs(2 * coral(picture)[:, 1].mean() / picture.shape[1] - 1)


@pytest.mark.parametrize("name", sorted(files.scenes()))
def test_robots_of_every_scene_are_in_the_picture(name):
    scene = load_scene(name)
    view = Camera(scene, 96, 64)
    picture = view.picture(start(scene))
    view.close()
    assert picture.shape == (64, 96, 3)
    assert picture.dtype == np.uint8
    assert len(coral(picture)) > 10
    assert picture.std(axis=(0, 1)).min() > 5


def test_the_default_size_is_that_of_2017():
    scene = load_scene("hopper")
    view = Camera(scene)
    assert view.picture(start(scene)).shape == (400, 600, 3)
    view.close()


def test_the_same_snapshots_give_the_same_bytes():
    scene = load_scene("race")
    here = start(scene)
    films = []
    for _ in range(2):
        view = Camera(scene, 120, 80)
        films.append([view.picture(moved(scene, here, {0: 0.1 * k, 1: 0.05 * k})).tobytes() for k in range(4)])
        view.close()
    assert films[0] == films[1]
    assert len(set(films[0])) == 4


def test_a_cut_forgets_what_was_seen():
    scene = load_scene("hopper")
    here = start(scene)
    view = Camera(scene, 48, 32)
    first = view.picture(here)
    view.picture(moved(scene, here, {0: 5.0}))
    assert not np.array_equal(view.picture(here), first)
    view.cut()
    assert np.array_equal(view.picture(here), first)
    view.close()


def test_pictures_change_nothing_in_the_world():
    scene = load_scene("ants")
    stories = []
    for looked_at in (False, True):
        simulation, view = Simulation(scene), Camera(scene, 32, 24)
        simulation.reset({0: 3})
        generator = np.random.default_rng(0)
        story = []
        for _ in range(25):
            simulation.step([generator.uniform(-1, 1, (1, len(g.agents), len(g.torque))) for g in simulation.groups])
            story.append(pickle.dumps(simulation.worlds[0].capture()))
            if looked_at:
                view.picture(simulation.worlds[0].capture())
        stories.append(story)
        simulation.close()
        view.close()
    assert stories[0] == stories[1]


def test_the_view_begins_at_the_robot_wherever_it_is():
    scene = load_scene("hopper")
    view = Camera(scene, 90, 60)
    assert offcentre(view.picture(moved(scene, start(scene), {0: 10.0}))) < 0.2
    view.close()


def test_the_view_keeps_up_with_a_runner():
    scene = load_scene("hopper")
    here = start(scene)
    view = Camera(scene, 60, 40)
    for frame in range(120):
        picture = view.picture(moved(scene, here, {0: 5.0 * FRAME * frame}))
        assert offcentre(picture) < 0.35
    view.close()


def test_the_view_glides_and_leaves_the_fallen_behind():
    scene = load_scene("race")
    here = start(scene)
    view = Camera(scene, 60, 40)
    view.picture(here)
    stage, follow = view._stage, view._follow
    eyes, sight = [], []
    for frame in range(300):
        runs = {0: 4.0 * FRAME * frame, 1: min(3.0, 5.0 * FRAME * frame), 2: 4.5 * FRAME * frame}
        points = stage.show(moved(scene, here, runs))
        lens = follow.lens(points, stage.room)
        across, ahead = (points - lens.eye) @ lens.right, (points - lens.eye) @ lens.ahead
        eyes.append(lens.eye)
        sight.append(across / ahead / lens.wide)
    view.close()
    steps = np.linalg.norm(np.diff(eyes, axis=0), axis=1)
    assert steps.max() < 0.15
    assert abs(np.diff(steps)).max() < 0.02
    assert abs(np.array(sight)[:, [0, 2]]).max() < 0.9
    assert abs(sight[-1][1]) > 1.0


def test_the_finish_is_chequered():
    scene = load_scene("race")
    near = moved(scene, start(scene), dict.fromkeys(range(3), 19.5))
    darkest = []
    for shown in (scene, dataclasses.replace(scene, finish=None)):
        view = Camera(shown, 150, 100)
        darkest.append(int((view.picture(near).max(axis=-1) < 70).sum()))
        view.close()
    assert darkest[0] > darkest[1] + 50


@pytest.mark.parametrize("value", [math.nan, math.inf, 1e30, 1e4])
def test_a_robot_out_of_this_world_does_no_harm(value):
    scene = load_scene("ants")
    here = start(scene)
    (x, y, _), *others = here.bases[0]
    view = Camera(scene, 48, 32)
    first = view.picture(here)
    view.picture(dataclasses.replace(here, bases=(((x, y, value), *others), *here.bases[1:])))
    view.picture(moved(scene, here, {1: value}))
    view.cut()
    assert np.array_equal(view.picture(here), first)
    view.close()


@pytest.mark.parametrize("size", [(15, 400), (600, 4097), (600.0, 400), (600, -1), ("600", 400), (True, 400)])
def test_a_size_that_makes_no_sense_is_refused(size):
    with pytest.raises(InvalidInput, match=r"width|height"):
        Camera(load_scene("hopper"), *size)


@pytest.mark.parametrize("size", [(16, 16), (17, 33), (16, 300), (300, 16)])
def test_odd_sizes_work(size):
    scene = load_scene("hopper")
    view = Camera(scene, *size)
    assert view.picture(start(scene)).shape == (size[1], size[0], 3)
    view.close()


def test_a_camera_can_be_closed_at_any_time():
    scene = load_scene("hopper")
    view = Camera(scene, 48, 32)
    view.close()
    first = view.picture(start(scene))
    view.close()
    view.close()
    view.cut()
    assert np.array_equal(view.picture(start(scene)), first)
    view.close()
