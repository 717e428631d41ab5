"""Where rays meet the declared shapes, against Bullet.

Bullet stops up to 1 mm before a curved or slanted surface. So what it finds lies between a shape and the same shape
1 mm larger. It misses some shapes, and most slopes that a ray meets on its way up.
"""

import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pybullet as bullet
import pytest
from folders import ROOT
from sensors.scenes_of_sensors import load_with

from roboschool.physics import surfaces
from roboschool.physics.bodies import Body
from roboschool.physics.rays import meet_by_bullet
from roboschool.physics.surfaces import Surfaces
from roboschool.physics.worlds import World
from roboschool.robots.urdf import read_urdf
from roboschool.simulation.simulation import Simulation

RAYS = 400
ASSETS = sorted(path for path in (ROOT / "assets").glob("*/*.urdf") if "<collision" in path.read_text())
OFF = 0.00105  # of Bullet [m]
MISSED = 0.01  # share of rays that Bullet gets wrong


@contextmanager
def loaded(path: Path, rng: np.random.Generator) -> Iterator[Body]:
    """Load a URDF in a random pose."""
    client, model = bullet.connect(bullet.DIRECT), read_urdf(path)
    body = Body(client, model, [joint.name for joint in model.joints if joint.kind != "fixed"])
    turned = rng.normal(size=4)
    pose = rng.normal(size=3), turned / np.linalg.norm(turned)
    bullet.resetBasePositionAndOrientation(body.id, *pose, physicsClientId=client)
    for joint in body.joints:
        bullet.resetJointState(body.id, joint, rng.uniform(-1.0, 1.0), physicsClientId=client)
    yield body
    bullet.disconnect(client)


def rays_at(known: Surfaces, rng: np.random.Generator) -> tuple[np.ndarray, ...]:
    """Return rays from outside to near the middles of shapes, and those that they have as their own: none."""
    place, turn = known._poses()
    middle = place + (turn @ known._places[..., None])[..., 0]
    chosen = rng.integers(len(middle), size=RAYS)
    far = np.linalg.norm(middle - middle[0], axis=1).max() + known._reach.max() + 0.3
    start = middle[0] + far * unit(rng.normal(size=(RAYS, 3)))
    target = middle[chosen] + rng.normal(size=(RAYS, 3)) * 0.5 * known._reach[chosen, None]
    return start, unit(target - start), np.full(RAYS, 2.0 * far), np.full(RAYS, -1)


def unit(vectors: np.ndarray) -> np.ndarray:
    return vectors / np.linalg.norm(vectors, axis=1, keepdims=True)


@pytest.mark.parametrize("path", ASSETS, ids=lambda path: path.stem)
def test_declared_shapes_are_met_where_bullet_says(path: Path) -> None:
    rng = np.random.default_rng(0)
    with loaded(path, rng) as body:
        known = Surfaces(body.client, [body], None)
        assert known.are_known
        rays = rays_at(known, rng)
        exact, _ = known.meet(*rays)
        theirs, _ = meet_by_bullet(body.client, [body.id], *rays)
        round_ones = known._is_round[:, None] & np.array([False, False, True])
        known._half, known._reach = known._half + np.where(round_ones, 0.0, OFF), known._reach + 2.0 * OFF
        grown, _ = known.meet(*rays)
    assert np.isfinite(exact).sum() > RAYS / 20
    assert (theirs >= grown - 1e-5).all(), "it meets nothing that is not there"
    assert np.mean(theirs > exact + 1e-3) <= MISSED


def test_ground_is_met_where_bullet_says(tmp_path: Path) -> None:
    more = '[terrain]\nkinds = ["rough", "stairs", "blocks"]\nsize = [8.0, 8.0]\ntiles = [10, 3]\n'
    world = World(load_with(tmp_path, 'name = "rays"', more=more))
    known, terrain, rng = world.rays.surfaces, world.floor.terrain, np.random.default_rng(0)
    assert terrain is not None
    for tile in (0, 16, 29):
        world.floor.show(tile)
        start = rng.uniform(-6.0, 6.0, (RAYS, 3))
        start[:, 2] = terrain.height(np.full(RAYS, tile), start[:, 0], start[:, 1]) + rng.uniform(0.02, 2.0, RAYS)
        direction = unit(rng.normal(size=(RAYS, 3)) * (1.0, 1.0, 0.5))
        rays = start, direction, np.full(RAYS, 10.0), np.zeros(RAYS, int)
        exact, body = known.meet(*rays)
        theirs, _ = meet_by_bullet(world.client, [world.bodies[0].id, world.ground], *rays)
        met = np.isfinite(theirs)
        assert met.sum() > RAYS / 10
        assert exact[met & (direction[:, 2] < 0.0)] == pytest.approx(theirs[met & (direction[:, 2] < 0.0)], abs=1e-6)
        assert not (np.isfinite(exact) & ~met & (direction[:, 2] < 0.0)).any()
        assert (body[met] == 1).all()
    world.close()


def test_bits_do_not_depend_on_the_number_of_rays(monkeypatch: pytest.MonkeyPatch) -> None:
    rng = np.random.default_rng(0)
    with loaded(ROOT / "assets/humanoid/humanoid.urdf", rng) as body:
        known = Surfaces(body.client, [body], None)
        rays = rays_at(known, rng)
        together = known.meet(*rays)
        monkeypatch.setattr(surfaces, "AT_ONCE", 7)
        for one, other in zip(known.meet(*rays), together, strict=True):
            assert np.array_equal(one, other)


def test_a_ray_leaves_what_it_begins_in() -> None:
    with loaded(ROOT / "assets/soccer_ball/soccer_ball.urdf", np.random.default_rng(0)) as body:
        known = Surfaces(body.client, [body], None)
        middle, ahead = known._poses()[0], np.array([[1.0, 0.0, 0.0]])
        rays = ahead, np.array([5.0]), np.array([-1])
        assert known.meet(middle, *rays)[0] == np.inf
        assert known.meet(middle - 2.0 * ahead, *rays)[0] < 2.0
        assert known.meet(middle - 2.0 * ahead, ahead, np.array([5.0]), np.array([0]))[0] == np.inf, "its own body"


@pytest.mark.parametrize("number", [np.nan, np.inf, 1e300])
def test_rays_among_bodies_that_have_diverged(tmp_path: Path, number: float, monkeypatch: pytest.MonkeyPatch) -> None:
    other = '[[agent]]\nname = "dog_1"\nrobot = "dog"\nposition = [1.5, 0.0]\ntask = { name = "velocity" }\n'
    world = World(load_with(tmp_path, 'name = "rays"', more=other))
    place, turn = world.rays.surfaces._poses()
    monkeypatch.setattr(world.rays.surfaces, "_poses", lambda: (np.full_like(place, number), turn))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert np.isfinite(world.rays.cast()).all()
    world.close()


def test_meshes_are_left_to_bullet(tmp_path: Path) -> None:
    (tmp_path / "plate.obj").write_text("v 0 0 0\nv 1 0 0\nv 0 1 0\nv 0 0 1\nf 1 3 2\nf 1 2 4\nf 1 4 3\nf 2 3 4\n")
    (tmp_path / "plate.urdf").write_text(
        '<robot name="plate"><link name="plate"><collision><geometry><mesh filename="plate.obj"/></geometry>'
        "</collision></link></robot>"
    )
    more = '\n[[prop]]\nname = "plate"\nmodel = "plate.urdf"\nposition = [2.0, -0.2, 0.0]\n'
    simulation = Simulation(load_with(tmp_path, 'name = "rays", count = 4, level = true, what = "class"', more=more))
    simulation.reset({0: 0}, {"pose": (0.0, 0.0, 0.0)})
    seen = simulation.groups[0].observation[0, 0, -8:]
    assert seen == pytest.approx([2.0, 10.0, 10.0, 10.0, 2.0, 0.0, 0.0, 0.0], abs=2e-3)
    simulation.close()
