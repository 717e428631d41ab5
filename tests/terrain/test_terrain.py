"""Terrain: what is the same in Bullet and in numpy, exact episodes on it, and what is refused."""

import dataclasses
import pickle
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pybullet
import pytest
from PIL import Image
from stories import tell

from roboschool.bodies.terrain import Terrain, TerrainSettings, build_terrain
from roboschool.bodies.terrain_kinds import KINDS
from roboschool.errors import InvalidInput
from roboschool.scenes.loader import load_scene
from roboschool.scenes.scene import Scene
from roboschool.simulation.simulation import Simulation

DRAWN = tuple(kind for kind in KINDS if kind != "image")
SETTINGS = TerrainSettings(kinds=DRAWN, levels=(9, 10), size=(8.0, 6.0))


def on_terrain(settings: TerrainSettings = SETTINGS, **changes: Any) -> Scene:
    return dataclasses.replace(load_scene("dog_velocity"), terrain=settings, **changes)


@pytest.fixture(scope="module")
def simulation() -> Iterator[Simulation]:
    made = Simulation(on_terrain())
    yield made
    made.close()


def test_numpy_has_the_heights_of_bullets_triangles(simulation: Simulation) -> None:
    world = simulation.worlds[0]
    rng = np.random.default_rng(0)
    for tile, kind in enumerate(DRAWN):
        world.floor.show(tile)
        points = rng.uniform(world.floor.terrain.low + 0.01, world.floor.terrain.high - 0.01, (500, 2))
        heights = world.floor.terrain.height(np.full(500, tile), *points.T)
        above, below = (np.column_stack((points, heights + lift)).tolist() for lift in (0.01, -0.01))
        found = pybullet.rayTestBatch(above, below, physicsClientId=world.client)
        assert {hit[0] for hit in found} == {world.ground}, kind
        assert np.abs([hit[3][2] for hit in found] - heights).max() < 1e-6, kind
        alone = [world.floor.height(x, y) for x, y in points.tolist()]
        assert alone == heights.tolist(), kind


@pytest.mark.parametrize("kind", ["rough", "stairs", "stepping_stones"])
def test_robots_begin_just_above_the_ground(simulation: Simulation, kind: str) -> None:
    world = simulation.worlds[0]
    for seed in range(60):
        simulation.reset({0: seed})
        if world.floor.terrain.kinds[world.floor.tile] == kind:
            points = pybullet.getClosestPoints(world.bodies[0].id, world.ground, 0.5, physicsClientId=world.client)
            assert -1e-6 < min(point[8] for point in points) < 0.2
            break
    else:
        raise AssertionError(f"no tile {kind}")


def test_the_same_seed_gives_the_same_bits(simulation: Simulation) -> None:
    first = tell(simulation, seed=3, steps=80)
    tell(simulation, seed=4, steps=50)  # another tile
    assert tell(simulation, seed=3, steps=80) == first
    batch = Simulation(on_terrain(), 3, threads=2)
    assert tell(batch, seed=3, steps=80, world=2) == first
    batch.close()
    reference = Simulation(on_terrain(), backend="python")
    assert tell(reference, seed=3, steps=80) == first
    reference.close()


def test_a_saved_episode_goes_on_exactly(simulation: Simulation) -> None:
    tell(simulation, seed=5, steps=40)
    saved = pickle.loads(pickle.dumps(simulation.save()))
    future = tell(simulation, seed=6, steps=30, go_on=True)
    tell(simulation, seed=8, steps=20)
    simulation.load(saved)
    assert simulation.groups[0].state.tile.number[0, 0] == simulation.worlds[0].floor.tile
    assert tell(simulation, seed=6, steps=30, go_on=True) == future


def test_heights_are_over_the_ground(simulation: Simulation) -> None:
    world, state = simulation.worlds[0], simulation.groups[0].state
    simulation.reset({0: 1}, {"level": 10})
    assert state.tile.level.item() == 10.0
    x, y, z = state.position[0, 0].tolist()
    assert state.height.item() == z - world.floor.height(x, y)


def test_who_leaves_the_tile_is_truncated() -> None:
    scene = on_terrain(TerrainSettings(kinds=("flat",), levels=(1, 1), size=(6.0, 6.0)))
    (agent,) = scene.agents
    agent = dataclasses.replace(agent, position=(2.49, 0.0), yaw=0.0, noise=0.0)
    simulation = Simulation(dataclasses.replace(scene, agents=(agent,)))
    simulation.reset({0: 0})
    actions = [np.zeros(group.shape) for group in simulation.groups]
    simulation.step(actions)
    assert not simulation.clock.truncated[0]
    world = simulation.worlds[0]
    pybullet.resetBaseVelocity(world.bodies[0].id, (1.0, 0.0, 0.0), physicsClientId=world.client)
    for _ in range(4):
        simulation.step(actions)
    assert simulation.clock.truncated[0]
    simulation.reset({0: 0})
    assert not simulation.clock.truncated[0]
    simulation.close()


def test_an_image_has_its_heights(tmp_path: Path) -> None:
    pixels = np.zeros((40, 60), np.uint8)
    pixels[:10, :15] = 255  # the greatest y, the least x
    Image.fromarray(pixels).save(tmp_path / "hill.png")
    terrain = build_terrain(TerrainSettings(kinds=("image",), levels=(10, 10), image=str(tmp_path / "hill.png")))
    zero, at = np.zeros(3), np.array([-5.9, 5.9, -5.9])
    assert terrain.height(zero, at, np.array([5.9, 5.9, -5.9])) == pytest.approx([1.0, 0.0, 0.0], abs=1e-6)


def test_terrain_is_shared_in_a_process() -> None:
    settings = TerrainSettings(kinds=("flat",), levels=(1, 1))
    assert isinstance(build_terrain(settings), Terrain)
    assert pickle.loads(pickle.dumps(build_terrain(settings))) is build_terrain(settings)


@pytest.mark.parametrize(
    ("table", "told"),
    [
        ({"kinds": ["ruogh"]}, "terrain.kinds[0]: unknown kind 'ruogh'; did you mean 'rough'"),
        ({"kinds": ["flat"], "cel": 0.1}, "did you mean 'cell'"),
        ({"kinds": ["flat"], "levels": [0, 11]}, "levels[0]: 0 is not within 1 and 10"),
        ({"kinds": ["flat"], "levels": [5, 3]}, "a range begins with its lower end"),
        ({"kinds": ["flat"], "tiles": [4, 1]}, "terrain.tiles: 4 rows for 10 levels"),
        ({"kinds": ["flat"], "cell": 0.02}, "terrain.cell: a tile of 601 x 601 heights"),
        ({"kinds": ["flat"], "origin": [0.01, 0.5]}, "position: x is not on a tile of the terrain, 0.38 to 11.38 m"),
        ({"kinds": ["image"]}, "terrain.image: the kind 'image' needs a PNG"),
        ({"kinds": ["image"], "image": "text.png"}, "not a PNG"),
        ({"kinds": ["image"], "image": "cut.png"}, "a damaged PNG"),
        ({"kinds": ["image"], "image": "huge.png"}, "more than 16777216 bytes"),
        ({"kinds": ["image"], "image": "hugo.png"}, "no such file; did you mean 'huge.png'"),
        ({"kinds": ["flat"], "curriculum": True}, "terrain.curriculum: the task of dog_0"),
    ],
)
def test_bad_terrain_is_one_clear_error(tmp_path: Path, table: dict[str, Any], told: str) -> None:
    Image.new("L", (9, 9)).save(tmp_path / "whole.png")
    (tmp_path / "cut.png").write_bytes((tmp_path / "whole.png").read_bytes()[:40])
    (tmp_path / "text.png").write_text("no picture")
    with open(tmp_path / "huge.png", "wb") as file:
        file.truncate(2**30)
    scene = tmp_path / "field.toml"
    scene.write_text(
        'summary = "A field."\n[[agent]]\nname = "dog_0"\nrobot = "dog"\ntask = { name = "velocity" }\n[terrain]\n'
        + "".join(f"{key} = {str(value).lower() if value is True else repr(value)}\n" for key, value in table.items())
    )
    with pytest.raises(InvalidInput) as error:
        load_scene(scene)
    assert told in str(error.value)
    assert str(tmp_path) in str(error.value)


def test_a_level_that_is_not_there_is_refused(simulation: Simulation) -> None:
    for level in (1, 11, 9.5, "9", True):
        with pytest.raises(InvalidInput, match=r"level: .* is not a whole number within 9 and 10"):
            simulation.reset({0: 0}, {"level": level})
