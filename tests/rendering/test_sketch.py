"""What is drawn over pictures of what an agent senses: where lines are, against what is computed by hand."""

import math
from pathlib import Path

import numpy as np
import pytest
from sensors.scenes_of_sensors import load_with

from roboschool.envs.agent import AgentEnv
from roboschool.mdp.needs import RayFan
from roboschool.rendering.camera_view import CameraView
from roboschool.rendering.render_scene import RenderScene
from roboschool.rendering.sketch import AGENT, COMMAND, FORCE, GROUND, MISS, Sketch
from roboschool.scenes.scene import Scene

DOWN = (
    'name = "rays", count = 1, rows = 2, low = -90.0, high = 45.0, level = true, what = "class", position = [0.5, 0, 1]'
)
BLANK = np.zeros((100, 200, 3), np.uint8)
Line = tuple[np.ndarray, np.ndarray, tuple[int, int, int, int], bool]


def sketch(scene: Scene, steps: int = 0) -> tuple[Sketch, RenderScene, AgentEnv]:
    """Let an agent hold its rest pose, and return what is drawn of it, and where."""
    env = AgentEnv(scene)
    env.reset(seed=0, options={"pose": (0.0, 0.0, 0.0)} if len(scene.agents) == 1 else {})
    for _ in range(steps):
        env.step(np.zeros(env.action_space.shape))
    placed = RenderScene(scene)
    placed.show([env.simulation.worlds[0].capture()])
    return Sketch.of(env.simulation, *env.simulation.seats[0]), placed, env


def lines(scene: Scene, steps: int = 0) -> tuple[list[Line], AgentEnv]:
    made, placed, env = sketch(scene, steps)
    return [*made.lines(placed)], env


def test_rays_end_where_they_hit(tmp_path: Path) -> None:
    """Straight down on the ground, and 10 m up into the sky."""
    (down, up, *_), env = lines(load_with(tmp_path, DOWN))
    x, y, z = env.simulation.groups[0].state.position[0, 0]
    assert down[0] == pytest.approx([x + 0.5, y, z + 1.0], abs=0.02)
    assert down[1] == pytest.approx([x + 0.5, y, 0.0], abs=0.02)
    assert up[1] - up[0] == pytest.approx([10.0 / math.sqrt(2.0), 0.0, 10.0 / math.sqrt(2.0)], abs=1e-6)
    assert (down[2], up[2], down[3]) == (GROUND, MISS, False)
    env.close()


def test_forces_of_a_robot_that_stands_are_as_long_as_it_is_high(tmp_path: Path) -> None:
    found, env = lines(load_with(tmp_path, 'name = "contact"', task="stand"), 120)
    arrows = [(start, end) for start, end, colour, points in found if colour == FORCE and points]
    assert len(arrows) == 4
    assert [start[2] for start, _ in arrows] == pytest.approx([0.0] * 4, abs=0.01), "they begin on the ground"
    whole = sum(end - start for start, end in arrows)
    assert whole[2] == pytest.approx(env.simulation.groups[0].task.robot.standing_height, rel=0.05)
    env.close()


def test_a_command_leads_where_the_robot_is_told_to_be_in_a_second(tmp_path: Path) -> None:
    _, placed, env = sketch(load_with(tmp_path))
    env.simulation.groups[0].state.memory.command[0, 0] = 0.5, -0.25, 1.0
    ((start, end, colour, points),) = Sketch.of(env.simulation, *env.simulation.seats[0]).lines(placed)
    assert (colour, points) == (COMMAND, True)
    assert end - start == pytest.approx([0.5, -0.25, 0.0], abs=1e-6)
    env.close()


def test_lines_are_where_the_camera_sees_them(tmp_path: Path) -> None:
    """A ray that leaves the eye's left for its right, 2 m ahead, is a level line; one behind the eye is none."""
    scene = load_with(tmp_path)
    view = CameraView(np.zeros(3), np.array([1.0, 0.0, 0.0]), 1.0, 0.5)
    _, placed, env = sketch(scene)
    env.close()
    trunk = placed.link_numbers[0]["trunk"]
    for ahead, seen in ((2.0, [50]), (-2.0, [])):
        placed.placed[0, trunk] = [1, 0, 0, 0, 1, 0, 0, 0, 1, ahead, 5.0, 0.0]
        fan = RayFan("trunk", (0.0, 0.0, 0.0), ((0.0, -1.0, 0.0),), 10.0, level=False)
        whole = Sketch(0, (fan,), np.array([[0.6, 0.0]]), 1, 0, {}, None, 1.0, 1.0).draw(BLANK, placed, view)
        rows, columns = np.nonzero(whole.any(axis=-1))
        assert sorted({*rows.tolist()}) == seen
        if seen:
            assert (columns.min(), columns.max()) == (0, 150), "from y = 5 m, out of sight, to y = -1 m"
            assert whole[50, 100, 0] == pytest.approx(AGENT[0] * AGENT[3] / 255, abs=2)


def test_pictures_show_them_if_numbers_are_drawn(tmp_path: Path) -> None:
    scene = load_with(tmp_path, DOWN, more='\n[terrain]\nkinds = ["rough"]\nlevels = [4, 4]\nsize = [8.0, 8.0]\n')
    pictures = []
    for hud in (False, True):
        env = AgentEnv(scene, render_mode="rgb_array", hud=hud)
        env.reset(seed=0)
        pictures.append(env.render())
        reading = env._hud.read(env.simulation, *env.simulation.seats[0])
        env.close()
    assert reading.caption.startswith("level 4")
    middle = np.s_[130:260, 220:380]  # free of panels
    assert (pictures[0][middle] != pictures[1][middle]).any()
