"""Levels that follow from success, and the scan of the ground."""

import sys

import numpy as np
from folders import ROOT

from roboschool.envs.vector import VectorEnv
from roboschool.scenes.loader import load_scene
from roboschool.sensors.height_scan import HeightScan
from roboschool.simulation.simulation import Simulation


def test_levels_rise_and_fall_with_success() -> None:
    simulation = Simulation(load_scene("dog_rough"), 4)
    simulation.reset(dict.fromkeys(range(4), 0), {"level": 5})
    memory = simulation.groups[0].state.memory
    memory.commanded[:, 0], memory.steps[:] = 100.0, 1000.0
    memory.walked[:, 0] = 85.0, 60.0, 30.0, 0.0
    simulation.groups[0].state.upright[:] = 1.0
    origin = simulation.origin(0)
    simulation.reset(dict.fromkeys(range(4)))
    tile = simulation.groups[0].state.tile
    assert tile.wanted[:, 0].tolist() == [6.0, 5.0, 4.0, 4.0]
    assert tile.level.tolist() == tile.wanted.tolist()
    first = simulation.groups[0].observation[0].copy()
    simulation.reset({0: origin})
    assert np.array_equal(simulation.groups[0].observation[0], first), "an episode that is begun again"
    simulation.reset({0: 0})
    assert tile.wanted[0, 0] == 1.0, "a seed begins at the lowest level"
    simulation.close()


def test_a_fall_counts_for_what_is_left() -> None:
    simulation = Simulation(load_scene("dog_rough"))
    simulation.reset({0: 0})
    group = simulation.groups[0]
    memory = group.state.memory
    memory.commanded[:], memory.walked[:], memory.steps[:] = 50.0, 50.0, 100.0
    group.state.upright[:] = 0.0
    assert group.task.progress(group.state, 1000).item() == 0.1
    simulation.close()


def test_copies_have_levels_of_their_own() -> None:
    env = VectorEnv("dog_rough", 3, autoreset_mode="Disabled")
    _, info = env.reset(seed=[1, 2, 3], options={"level": [2, 4, 6], "reset_mask": np.ones(3, bool)})
    assert info["level"].tolist() == [2.0, 4.0, 6.0]
    env.close()


def test_the_scan_has_the_heights_of_its_grid() -> None:
    simulation = Simulation(load_scene("dog_rough"), 2)
    simulation.reset({0: 3, 1: 4}, {"level": 8})
    group, terrain = simulation.groups[0], simulation.scene.info.terrain
    scan = HeightScan(terrain, 0.331, 3, 5, 0.2, ahead=0.3)
    seen = scan.read(group.previous, group.applied, group.state, 0.01).reshape(2, 3, 5)
    for world in range(2):
        left, forward = group.state.world_x_direction[world, 0]
        x, y, z = group.state.position[world, 0]
        along, aside = 0.3 + 0.2, -0.2 * 2
        ground = simulation.worlds[world].floor.height(
            x + forward * along + left * aside, y + forward * aside - left * along
        )
        assert abs(seen[world, 2, 0] - (0.331 - z + ground)) < 1e-9
    assert len(scan.fields(group.robot, simulation.scene.info)) == 15
    level = HeightScan(None, 0.331).read(group.previous, group.applied, group.state, 0.01)
    assert np.allclose(level, 0.331 - group.state.position[..., 2:])
    simulation.close()


def test_the_page_has_the_levels_as_they_are() -> None:
    sys.path.insert(0, str(ROOT / "tools"))
    import terrain_page

    assert terrain_page.PAGE.read_text() == terrain_page.page(), "run python tools/terrain_page.py"
