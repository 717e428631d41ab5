"""Pictures: what is in them, and that taking them changes nothing."""

import dataclasses
import math
import pickle

import numpy as np
import pytest

from roboschool import paths
from roboschool.errors import InvalidInput
from roboschool.mdp.effects import Marker, post, ring, straight
from roboschool.physics.checkpoint import Snapshot
from roboschool.rendering.camera import Camera
from roboschool.rendering.ground import BLACK, GRASS, MOWN, WHITE, find_track
from roboschool.rendering.ground import LANES as TRACK
from roboschool.robots.urdf import read_urdf
from roboschool.scenes.loader import load_scene
from roboschool.scenes.scene import FixedCamera, Prop, Scene
from roboschool.simulation.simulation import Simulation

FRAME = 0.0165  # [s]
ABOVE = FixedCamera(eye=(0.0, 0.0, 10.0), target=(0.0, 0.0, 0.0), half_width=1.0)  # 10 m to every side
BLUE = (20, 40, 230)  # of a marker; nothing else has it
INERTIAL = '<inertial><mass value="1"/><inertia ixx="0.1" iyy="0.1" izz="0.1"/></inertial>'
LOOKS = '<visual><geometry><{}/></geometry><material name="m"><color rgba="0 1 0 1"/></material></visual>'
BOX = '<link name="box">' + INERTIAL + LOOKS.format('box size="1 1 1"') + "</link>"
SLIDE = '<parent link="rail"/><child link="puck"/><axis xyz="1 0 0"/><limit lower="-9" upper="9"/></joint>'
PUCK = '<link name="puck">' + INERTIAL + LOOKS.format('sphere radius="0.5"') + "</link>"
RAIL = '<link name="rail"/>' + PUCK + '<joint name="slide" type="prismatic">' + SLIDE


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


def green(picture: np.ndarray) -> np.ndarray:
    """Return rows and columns of what has the colour of the props here."""
    red, lime, blue = np.moveaxis(picture.astype(int), -1, 0)
    return np.argwhere(lime - np.maximum(red, blue) > 90)


def blue(picture: np.ndarray) -> np.ndarray:
    """Return rows and columns of what has the colour of the markers here."""
    red, lime, sky = np.moveaxis(picture.astype(int), -1, 0)
    return np.argwhere(sky - np.maximum(red, lime) > 90)


def middle(places: np.ndarray, size: int = 100) -> np.ndarray:
    """Return the x and y in the middle of places in a square picture that is taken from above [m]."""
    row, column = (places.min(0) + places.max(0) + 1) / 2
    return np.array((20.0 * column / size - 10.0, 10.0 - 20.0 * row / size))


def shot(scene: Scene, snapshot: Snapshot, markers: tuple[Marker, ...] = (), size: int = 100) -> np.ndarray:
    """Return the first picture of a camera, a square."""
    view = Camera(scene, size, size)
    picture = view.picture(snapshot, markers)
    view.close()
    return picture


@pytest.fixture
def toys(tmp_path) -> Scene:
    """An ant, a free box and a puck on a rail."""
    props = []
    for name, links, position in (("box", BOX, (4.0, 6.0, 0.5)), ("rail", RAIL, (0.0, -5.0, 0.5))):
        (tmp_path / f"{name}.urdf").write_text(f'<robot name="{name}">{links}</robot>')
        props.append(Prop(name, read_urdf(tmp_path / f"{name}.urdf"), position))
    return dataclasses.replace(load_scene("ant"), props=tuple(props))


def offcentre(picture: np.ndarray) -> float:
    """Return how far from the middle the robot is, sideways; 1 is the edge."""
    return abs(2 * coral(picture)[:, 1].mean() / picture.shape[1] - 1)


@pytest.mark.parametrize("name", sorted(paths.scenes()))
def test_robots_of_every_scene_are_in_the_picture(name):
    scene = load_scene(name)
    view = Camera(scene, 240, 160)
    picture = view.picture(start(scene))
    view.close()
    assert picture.shape == (160, 240, 3)
    assert picture.dtype == np.uint8
    assert len(coral(picture)) > 10
    assert picture.std(axis=(0, 1)).min() > 4


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


def test_a_reset_forgets_what_was_seen():
    scene = load_scene("hopper")
    here = start(scene)
    view = Camera(scene, 48, 32)
    first = view.picture(here)
    view.picture(moved(scene, here, {0: 5.0}))
    assert not np.array_equal(view.picture(here), first)
    view.reset()
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
            simulation.step(
                [generator.uniform(-1, 1, (1, len(g.agents), len(g.robot.joints))) for g in simulation.groups]
            )
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
    render_scene, follow = view._render_scene, view._follow
    eyes, sight = [], []
    for frame in range(300):
        runs = {0: 4.0 * FRAME * frame, 1: min(3.0, 5.0 * FRAME * frame), 2: 4.5 * FRAME * frame}
        (points,) = render_scene.show([moved(scene, here, runs)])
        camera_view = follow.camera_view(points, render_scene.robot_radii())
        across, ahead = (points - camera_view.eye) @ camera_view.right, (points - camera_view.eye) @ camera_view.ahead
        eyes.append(camera_view.eye)
        sight.append(across / ahead / camera_view.wide)
    view.close()
    steps = np.linalg.norm(np.diff(eyes, axis=0), axis=1)
    assert steps.max() < 0.15
    assert abs(np.diff(steps)).max() < 0.02
    assert abs(np.array(sight)[:, [0, 2]]).max() < 0.9
    assert abs(sight[-1][1]) > 1.0


@pytest.mark.parametrize("far", [(21.0, 0.0), (29.0, 0.0), (40.0, 0.0), (60.0, 45.0), (26.0, 16.0)])
def test_a_robot_is_in_the_picture_however_far_the_first_has_run_on(far):
    scene = load_scene("race", lanes=("ant", "hopper"))
    view = Camera(scene, 240, 160)
    picture = view.picture(moved(scene, start(scene), dict(enumerate(far))))
    view.close()
    assert len(coral(picture)) > 5


def test_the_view_waits_at_the_finish_for_those_who_come_later():
    scene = load_scene("race", lanes=("ant", "ant"))
    here = start(scene)
    view = Camera(scene, 60, 40)
    view.picture(moved(scene, here, {0: 17.0, 1: 10.0}))
    eyes, sight = [], []
    for frame in range(300):
        gone = 5.0 * FRAME * frame
        points = view.trunks(moved(scene, here, {0: 17.0 + gone, 1: 10.0 + gone}))[0]
        camera_view = view._follow.camera_view(points, view._render_scene.robot_radii())
        offsets = points - camera_view.eye
        eyes.append(camera_view.eye)
        sight.append(abs(offsets @ camera_view.right / (offsets @ camera_view.ahead)) / camera_view.wide)
        if 0.0 < points[1, 0] - scene.finish < 0.1:
            assert sight[-1][1] < 0.5, "the second is seen crossing the line"
    view.close()
    assert np.linalg.norm(np.diff(eyes, axis=0), axis=1).max() < 0.5, "it glides there"
    assert np.min(sight, axis=1).max() < 0.9, "somebody is always seen"


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
    view.reset()
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
    view.reset()
    assert np.array_equal(view.picture(start(scene)), first)
    view.close()


def test_props_are_seen_where_they_are(toys):
    scene = dataclasses.replace(toys, camera=ABOVE)
    here = start(scene)
    places = green(shot(scene, here))
    box, puck = (places[(places[:, 0] < 50) == up] for up in (True, False))
    assert np.allclose(middle(box), (4.0, 6.0), atol=0.6)
    assert np.allclose(middle(puck), (0.0, -5.0), atol=0.4)
    slid = dataclasses.replace(here, joints=(*here.joints[:-1], ((3.0,), (0.0,))))
    places = green(shot(scene, slid))
    assert np.allclose(middle(places[places[:, 0] >= 50]), (3.0, -5.0), atol=0.4)


def test_the_view_is_that_of_the_robots_alone(toys):
    here = start(toys)
    (_, *others) = here.bases[1]
    seen = []
    for position in ((0.0, 5.0, 0.5), (50.0, 50.0, 0.5)):
        bases = here.bases[0], (position, *others), here.bases[2]
        seen.append(coral(shot(toys, dataclasses.replace(here, bases=bases))))
    assert np.array_equal(*seen)


@pytest.mark.parametrize("value", [math.nan, math.inf, 1e30])
def test_a_prop_out_of_this_world_stays_where_it_was(toys, value):
    scene = dataclasses.replace(toys, camera=ABOVE)
    here = start(scene)
    view = Camera(scene, 48, 48)
    first = view.picture(here)
    lost = dataclasses.replace(here, joints=(*here.joints[:-1], ((value,), (0.0,))))
    assert np.array_equal(view.picture(lost), first)
    view.close()


def test_markers_are_seen_where_they_should_be():
    scene = dataclasses.replace(load_scene("ant"), camera=ABOVE)
    here = start(scene)
    view = Camera(scene, 100, 100)
    bare = view.picture(here)
    for x, y, radius in ((5.0, 4.0, 0.5), (-6.0, 2.0, 0.5), (-6.0, 2.0, 1.0)):
        places = blue(view.picture(here, [Marker((x, y, 0.0), radius, BLUE)]))
        assert np.allclose(middle(places), (x, y), atol=0.25)
        assert np.ptp(places, axis=0) + 1 == pytest.approx(10 * radius, abs=2)
    three = view.picture(here, [Marker((x, 5.0, 0.0), 0.5, BLUE) for x in (-5.0, 0.0, 5.0)])
    assert np.count_nonzero(np.diff(np.unique(blue(three)[:, 1])) > 1) == 2
    assert np.array_equal(view.picture(here), bare)
    assert np.array_equal(view.picture(here, [Marker((math.nan, 0.0, 0.0), 0.5, BLUE)]), bare)
    assert np.array_equal(view.picture(here, [Marker((0.0, 0.0, 0.0), 3e38, BLUE)]), bare), "Bullet would draw for ever"
    view.close()


def test_lines_are_painted_on_the_ground():
    scene = dataclasses.replace(load_scene("ant"), camera=ABOVE)
    here = start(scene)
    across = blue(shot(scene, here, (straight((2.0, 3.0), (8.0, 3.0), BLUE, 0.5),)))
    assert np.allclose(middle(across), (5.0, 3.0), atol=0.15)
    assert np.ptp(across, axis=0) + 1 == pytest.approx((2.5, 32), abs=2)
    round_one = blue(shot(scene, here, (ring(-3.0, -2.0, 4.0, BLUE, 0.5),)))
    away = np.hypot(*(round_one + 0.5 - (60.0, 35.0)).T) / 5.0
    assert away == pytest.approx(np.full(len(away), 4.0), abs=0.4)
    assert np.array_equal(shot(scene, here, (ring(math.nan, 0.0, 4.0, BLUE),)), shot(scene, here))


def test_a_post_stands_on_the_ground():
    beside = FixedCamera(eye=(5.0, -9.0, 1.0), target=(5.0, 1.0, 1.0), half_width=0.2)  # 25 pixels a metre
    scene = dataclasses.replace(load_scene("ant"), camera=beside)
    seen = shot(scene, start(scene), (post(5.0, 1.0, 1.2, BLUE, 0.1),)).astype(int)
    rows, columns = np.argwhere((seen[..., 2] > 2 * seen[..., 0]) & (seen[..., 2] > 80)).T
    assert np.ptp(rows) + 1 == pytest.approx(30, abs=2)
    assert np.ptp(columns) + 1 == pytest.approx(5, abs=2)
    assert rows.max() == pytest.approx(75, abs=2)


def test_markers_cast_shadows():
    scene = dataclasses.replace(load_scene("ant"), camera=ABOVE)
    here = start(scene)
    bare = shot(scene, here).astype(int)
    marked = shot(scene, here, (Marker((-5.0, -5.0, 2.0), 0.5, BLUE),)).astype(int)
    shadow = np.argwhere(((bare - marked).min(axis=-1) > 40) & (np.ptp(marked, axis=-1) < 60))
    assert np.allclose(middle(shadow), (-4.0, -3.5), atol=0.5)  # away from the sun


@pytest.mark.parametrize("eye", [(0.0, -4.0, 1.0), (0.0, 0.0, 4.0), (0.0, 0.0, -4.0)])
def test_a_scene_without_ground_is_seen_in_a_studio(eye):
    seen = FixedCamera(eye=eye, target=(0.0, 0.0, 0.8), half_width=1.0)
    scene = dataclasses.replace(load_scene("ant"), ground=False, camera=seen)
    picture = shot(scene, start(scene), size=200).astype(int)
    assert len(coral(picture)) > 10
    edge = np.concatenate((picture[0], picture[-1], picture[:, 0], picture[:, -1]))
    assert edge.min() > 150  # light everywhere
    assert abs(np.diff(picture[:, 0], axis=0)).max() <= 2  # and soft


def test_nothing_casts_a_shadow_without_ground():
    scene = dataclasses.replace(load_scene("ant"), ground=False, camera=ABOVE)
    here = start(scene)
    marked = shot(scene, here, (Marker((-5.0, -5.0, 2.0), 0.5, BLUE),))
    changed = np.argwhere((marked != shot(scene, here)).any(axis=-1))
    assert np.allclose(middle(changed), (-6.25, -6.25), atol=0.3)  # the mark itself, nearer than the ground
    assert np.ptp(changed, axis=0).max() < 12


def test_what_is_small_is_drawn_too():
    scene = dataclasses.replace(load_scene("ant"), camera=dataclasses.replace(ABOVE, eye=(0.0, 0.0, 30.0)))
    here = start(scene)
    view = Camera(scene, 200, 200)
    bare = view.picture(moved(scene, here, {0: 500.0})).astype(int)
    for x in (0.0, 20.0):
        changed = np.argwhere(abs(view.picture(moved(scene, here, {0: x})) - bare).max(axis=-1) > 40)
        assert len(changed) > 5
        assert np.allclose(changed.mean(axis=0), (100, 100 + x * 10 / 3), atol=3)
    view.close()


def test_a_fixed_eye_stays_where_it_is():
    seen = FixedCamera(eye=(0.0, -6.0, 2.0), target=(0.0, 0.0, 0.5), half_width=1.0)
    scene = dataclasses.replace(load_scene("ant"), camera=seen)
    here = start(scene)
    view = Camera(scene, 90, 60)
    left, middle, right = (coral(view.picture(moved(scene, here, {0: way})))[:, 1].mean() for way in (-2.0, 0.0, 2.0))
    view.close()
    assert left <= 35 < 40 < middle < 50 < 55 <= right


@pytest.mark.parametrize("eye", [(0.0, 0.0, 10.0), (0.0, -1e-9, 10.0), (1e-9, 0.0, 10.0)])
def test_an_eye_straight_above_has_the_north_up(eye):
    scene = dataclasses.replace(load_scene("ant"), camera=dataclasses.replace(ABOVE, eye=eye))
    picture = shot(scene, start(scene), (Marker((2.0, 7.0, 0.0), 0.5, BLUE),))
    assert np.allclose(middle(blue(picture)), (2.0, 7.0), atol=0.25)


def test_half_width_is_half_of_what_is_seen_1_m_away():
    mark = Marker((4.5, 0.0, 0.0), 0.4, BLUE)
    for wide, seen in ((0.5, True), (0.4, False)):
        scene = dataclasses.replace(load_scene("ant"), camera=dataclasses.replace(ABOVE, half_width=wide))
        view = Camera(scene, 90, 30)
        assert bool(len(blue(view.picture(start(scene), [mark])))) == seen
        view.close()


@pytest.mark.parametrize("follow", ["ant_0", "rail"])
def test_the_look_is_drawn_to_what_it_follows(toys, follow):
    seen = FixedCamera(
        eye=(0.0, -20.0, 10.0), target=(0.0, 0.0, 0.0), follow=follow, follow_weight=0.5, smoothing=0.75, half_width=1.0
    )
    scene = dataclasses.replace(toys, camera=seen)
    here = start(scene)
    there = dataclasses.replace(moved(scene, here, {0: 4.0}), joints=(*here.joints[:-1], ((4.0,), (0.0,))))
    view = Camera(scene, 32, 32)
    view.picture(here)
    first = view._fixed.shown.copy()
    assert first[0] == pytest.approx(0.0, abs=0.05)
    for stays in (0.75, 0.75**2, 0.75**3):
        view.picture(there)
        assert view._fixed.shown[0] - first[0] == pytest.approx(2.0 * (1.0 - stays), abs=1e-3)
    view.reset()
    view.picture(there)
    assert view._fixed.shown[0] - first[0] == pytest.approx(2.0, abs=1e-3)
    view.close()


def test_what_is_followed_into_the_eye_does_no_harm():
    seen = FixedCamera(eye=(0.0, -3.0, 1.0), target=(0.0, 0.0, 1.0), follow="ant_0", follow_weight=1.0)
    scene = dataclasses.replace(load_scene("ant"), camera=seen)
    here = start(scene)
    (x, y, z), *others = here.bases[0]
    view = Camera(scene, 32, 32)
    for place in ((x, y, z), seen.eye, (0.0, -3.0, 9.0), (0.0, -3.0, -9.0)):
        assert view.picture(dataclasses.replace(here, bases=((place, *others),))).std() > 1
    view.close()


def painted(stadium: tuple[float, float], x: float, y: float, finish: float | None = None) -> np.ndarray:
    """Return the colour of the ground at one spot, seen from above, 2 cm to a pixel."""
    seen = FixedCamera(eye=(x, y, 2.0), target=(x, y, 0.0), half_width=0.1)
    scene = dataclasses.replace(load_scene("ant"), stadium=stadium, camera=seen, finish=finish)
    return shot(scene, moved(scene, start(scene), {0: 500.0}), size=20)[10, 10].astype(int)


@pytest.mark.parametrize("stadium", [(27.0, 21.0), (0.0, 0.0), (-3.5, 100.0)])
@pytest.mark.parametrize(
    ("x", "y", "colour"),
    [
        (0.0, 0.0, WHITE),  # half-way line
        (0.0, 4.5, WHITE),
        (-3.182, -3.182, WHITE),  # centre circle
        (26.2, -5.0, WHITE),
        (-26.2, 5.0, WHITE),
        (10.0, 12.45, WHITE),  # border
        (18.05, 2.0, WHITE),
        (-20.0, -7.35, WHITE),  # penalty areas
        (1.0, 2.0, MOWN),
        (-1.0, 2.0, GRASS),
        (33.0, 0.0, MOWN),  # mown up to the track
        (40.0, 25.0, GRASS),
        (36.4, 0.0, TRACK),
        (-36.4, 0.0, TRACK),
        (0.0, 20.6, TRACK),
        (36.5, 0.0, WHITE),  # between lanes
        (15.0 + 21.5 * 0.6, 21.5 * 0.8, WHITE),
        (-15.0 - 22.5 * 0.8, 22.5 * 0.6, WHITE),  # edge
        (-27.0, -21.0, WHITE),  # start
        (-28.5, -21.0, TRACK),
        (-5.5, -21.0, TRACK),
        (-28.5, -20.5, WHITE),
        (27.1, -21.1, BLACK),  # finish
        (27.4, -21.1, WHITE),
    ],
)
def test_a_stadium_is_painted(stadium, x, y, colour):
    off = 0.03 if colour is TRACK else 0.0  # beside no line
    found = painted(stadium, stadium[0] + x + off, stadium[1] + y)
    assert np.allclose(found, colour, atol=14), found


def test_a_stadium_ends():
    for x, y in ((43.5, 0.0), (0.0, 29.5)):
        assert np.ptp(painted((0.0, 0.0), x, y)) < 15  # grey tiles


def test_a_race_on_the_straight_of_a_stadium_ends_at_its_finish():
    scene = dataclasses.replace(load_scene("ant"), stadium=(27.0, 21.0), finish=30.0)
    view = Camera(scene, 120, 80)
    assert find_track(scene) == pytest.approx((-1.5, 1.5, 1.0))
    near = view.picture(moved(scene, start(scene), {0: 29.0}))
    view.close()
    assert (near.max(axis=-1) < 70).sum() > 50


def test_a_stadium_is_smooth_from_far_away():
    seen = FixedCamera(eye=(0.0, -60.0, 45.0), target=(0.0, 0.0, 0.0), half_width=0.8)
    scene = dataclasses.replace(load_scene("ant"), stadium=(0.0, 0.0), camera=seen)
    pictures = []
    for finer in (1, 4):
        view = Camera(scene, finer * 150, finer * 100)
        fine = view.picture(moved(scene, start(scene), {0: 500.0})).astype(float)
        pictures.append(fine.reshape(100, finer, 150, finer, 3).mean(axis=(1, 3)))
        view.close()
    assert abs(pictures[0] - pictures[1]).mean() < 1.0
    assert abs(pictures[0] - pictures[1]).max() < 25.0
