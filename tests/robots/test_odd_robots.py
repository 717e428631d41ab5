"""Robots of users: arms with a fixed base, tilted inertia, passive tails, slides, no card, no feet."""

import copy
import dataclasses
import math
import pickle
import subprocess
import sys
import threading
from pathlib import Path

import numpy as np
import pytest
from urdfs import ROUND, joint, link, make

import roboschool
from roboschool.errors import InvalidInput
from roboschool.mdp.sensor import Field, Sensor
from roboschool.mdp.term import Term
from roboschool.rendering.camera import Camera
from roboschool.robots.robot import Robot, load_robot
from roboschool.scenes.scene import Agent, Scene
from roboschool.sensors.joint_scaling import JointScaling
from roboschool.simulation.simulation import Simulation
from roboschool.tasks.run import Run


def alone(robot: Robot, **kwargs: object) -> Simulation:
    agent = Agent("odd_0", Run(robot), **{"noise": 0.0, **kwargs})  # type: ignore[arg-type]
    simulation = Simulation(Scene("odd", "A robot of a user.", (agent,)))
    simulation.reset({0: 0})
    return simulation


TILTED = [
    ("ixx='0.01' ixy='0.001' ixz='0.002' iyy='0.02' iyz='0.001' izz='0.025'", ""),
    (ROUND, "<origin rpy='1.5708 0 0' xyz='0 0 0'/>"),
    ("ixx='0.01' ixy='0' ixz='0' iyy='0.02' iyz='0' izz='0.025'", "<origin rpy='0.3 0.2 0.1' xyz='0.01 0 0'/>"),
]


@pytest.mark.parametrize(("inertia", "origin"), TILTED)
def test_a_body_stands_straight_whatever_the_axes_of_its_inertia(inertia: str, origin: str, tmp_path: Path) -> None:
    """Bullet turns bases to the axes of their inertia; what is seen must be the link's own axes."""
    parts = link("body", inertia, origin), link("arm"), joint("shoulder", "body", "arm")
    simulation = alone(make(tmp_path, *parts), yaw=0.7)
    state = simulation.groups[0].state
    assert state.roll_pitch[0, 0] == pytest.approx([0.0, 0.0], abs=1e-6)
    assert state.world_x_direction[0, 0] == pytest.approx([-math.sin(0.7), math.cos(0.7)], abs=1e-6)
    assert state.position[0, 0, 2] == pytest.approx(0.05, abs=0.002), "the box, 0.1 m high, lies flat"
    simulation.close()


def test_a_gripper_may_hang_head_down() -> None:
    robot = load_robot("arm")
    assert robot.is_upright(0.3, math.pi, -math.pi, ())
    assert robot.fallen == "never"


def test_a_trunk_that_is_not_the_root_has_its_own_axes(tmp_path: Path) -> None:
    parts = (
        link("body"),
        link("chest", origin="<origin rpy='1.2 0 0' xyz='0 0 0'/>"),
        joint("waist", "body", "chest"),
    )
    robot = make(tmp_path, *parts, card="trunk = 'chest'\nstanding_height = 0.35\n[torque]\nwaist = 5.0\n")
    simulation = alone(robot)
    assert simulation.groups[0].state.roll_pitch[0, 0] == pytest.approx([0.0, 0.0], abs=1e-6)
    assert simulation.groups[0].state.position[0, 0, 2] == pytest.approx(0.35, abs=1e-3)
    simulation.close()


def test_an_arm_with_a_fixed_base_has_not_fallen(tmp_path: Path) -> None:
    parts = "<link name='world'/>", link("arm"), joint("shoulder", "world", "arm")
    robot = make(tmp_path, *parts)
    assert robot.fixed
    assert not robot.feet
    simulation = alone(robot)
    assert not simulation.groups[0].task.terminated(simulation.groups[0].state).any()
    for _ in range(20):
        simulation.step([np.ones((1, 1, 1))])
    assert simulation.groups[0].active.all()
    assert simulation.groups[0].observation.shape == (1, 1, 10)
    simulation.close()


def test_a_planar_robot_may_have_a_tail_without_a_motor(tmp_path: Path) -> None:
    hopper = roboschool.load_robot("hopper")
    tail = link("tail") + joint("wag", "torso", "tail", limits="0.5 1.0")
    path = tmp_path / "tailed.urdf"
    path.write_text(hopper.model.text.replace("</robot>", f"{tail}</robot>"))
    robot = dataclasses.replace(hopper, model=load_robot(path).model, unactuated=(*hopper.unactuated, "wag"))
    simulation = alone(robot)
    assert simulation.groups[0].state.position[0, 0, 2] > 1.0
    body = simulation.worlds[0].bodies[0]
    _, (positions, _) = body.capture()
    assert positions[3] == pytest.approx(0.5), "it begins within its limits"
    simulation.step([np.zeros((1, 1, 3))])
    assert not simulation.clock.diverged
    simulation.close()


def test_noise_stays_within_the_limits(tmp_path: Path) -> None:
    parts = link("palm"), link("finger"), joint("grip", "palm", "finger", "prismatic", "0 0.02")
    robot = make(tmp_path, *parts)
    simulation = alone(robot, noise=0.1)
    for seed in range(30):
        simulation.reset({0: seed})
        (position,) = simulation.groups[0].state.q[0, 0]
        assert -1e-9 <= position <= 0.02 + 1e-9
        assert abs(JointScaling(robot).positions(position).item()) <= 1.0 + 1e-6
    simulation.close()


def test_wheels_without_motors_turn_freely(tmp_path: Path) -> None:
    parts = (
        link("body"),
        link("wheel"),
        link("mast"),
        joint("axle", "body", "wheel", "continuous"),
        joint("boom", "body", "mast", xyz="0 0 0.5"),
    )
    robot = make(tmp_path, *parts)
    assert [j.name for j in robot.joints] == ["boom"]
    assert robot.unactuated == ("axle",)
    simulation = alone(robot)
    simulation.step([np.ones((1, 1, 1))])
    assert not simulation.clock.diverged
    simulation.close()


def test_robots_whose_files_share_a_name_are_drawn_each_as_itself(tmp_path: Path) -> None:
    robots = []
    for name, size in (("a", "2 2 2"), ("b", "0.1 0.1 0.1")):
        (tmp_path / name).mkdir()
        parts = (link("body"), link(f"arm_{name}"), joint(f"shoulder_{name}", "body", f"arm_{name}"))
        robots.append(make(tmp_path / name, *(part.replace("0.4 0.2 0.1", size) for part in parts)))
    agents = tuple(Agent(f"odd_{i}", Run(robot), position=(3.0 * i, 0.0), noise=0.0) for i, robot in enumerate(robots))
    scene = Scene("odd", "Two robots.", agents)
    simulation, camera = Simulation(scene), Camera(scene, 48, 32)
    simulation.reset({0: 0})
    camera.picture(simulation.worlds[0].capture())
    large, small = camera._render_scene.robot_radii()  # type: ignore[union-attr]
    assert large > 3 * small
    camera.close()
    simulation.close()


def test_a_state_of_a_broken_world_is_not_given_out() -> None:
    env = roboschool.AgentEnv("ant")
    env.reset(seed=0)
    env.simulation.clock.diverged.add(0)
    with pytest.raises(InvalidInput, match="diverged"):
        env.get_state()
    env.reset()
    assert env.get_state().step == 0
    other = roboschool.AgentEnv("hopper")
    with pytest.raises(InvalidInput, match=r"'hopper'.*'ant'"):
        other.set_state(env.get_state())
    env.close()
    other.close()


def test_a_closed_env_leaves_other_worlds_alone() -> None:
    """Bullet gives the number of a freed client to the next."""
    closed, vector = roboschool.parallel_env("ants"), roboschool.VectorEnv("ants", 1)
    closed.reset(seed=0)
    vector.reset(seed=0)
    closed.close()
    vector.close()
    other = roboschool.parallel_env("ants")
    other.reset(seed=1)
    before = other.get_state().world.snapshot
    for env, action in ((closed, {}), (vector, np.zeros((1, 8)))):
        for use in (lambda env=env: env.reset(seed=5), lambda env=env, action=action: env.step(action)):
            with pytest.raises(InvalidInput, match="closed"):
                use()
    assert other.get_state().world.snapshot == before
    other.close()


def test_copies_have_worlds_of_their_own() -> None:
    vector = roboschool.VectorEnv("hopper", 2)
    vector.reset(seed=0)
    for clone in (copy.deepcopy(vector), pickle.loads(pickle.dumps(vector))):
        clients = {world.client for env in (vector, clone) for world in env.simulation.worlds}
        assert len(clients) == 4
        clone.close()
    with pytest.raises(TypeError, match="cannot be copied"):
        copy.deepcopy(vector.simulation.worlds[0])
    vector.close()


def test_the_end_of_an_episode_is_part_of_a_parallel_state() -> None:
    world = roboschool.parallel_env("ants", max_cycles=2)
    world.reset(seed=0)
    still = dict.fromkeys(world.agents, np.zeros(8))
    world.step(still)
    middle = world.get_state()
    world.step(still)
    end = world.get_state()
    world.set_state(middle)
    assert len(world.agents) == 4
    world.set_state(end)
    assert world.agents == []
    world.close()


def test_vector_env_renders_every_copy() -> None:
    vector = roboschool.VectorEnv("hopper", 2, render_mode="rgb_array")
    vector.reset(seed=0)
    pictures = vector.render()
    assert pictures is not None
    assert [picture.shape for picture in pictures] == [(400, 600, 3)] * 2
    assert vector.metadata["render_fps"] == 61
    vector.close()


def test_threads_that_build_worlds_leave_the_terminal_as_it_was(tmp_path: Path) -> None:
    code = (
        "import os, threading, roboschool\n"
        "def build():\n"
        "    for _ in range(3): roboschool.AgentEnv('hopper').reset(seed=0)\n"
        "before = [os.fstat(n).st_ino for n in (1, 2)]\n"
        "threads = [threading.Thread(target=build) for _ in range(4)]\n"
        "[t.start() for t in threads]; [t.join() for t in threads]\n"
        "assert before == [os.fstat(n).st_ino for n in (1, 2)]\n"
        "print('still here')"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=tmp_path, check=True)
    assert done.stdout == "still here\n"
    assert threading.active_count() < 50


def test_import_works_without_a_terminal(tmp_path: Path) -> None:
    command = f"{sys.executable} -c 'import roboschool' >&- 2>&-"
    assert subprocess.run(command, shell=True, cwd=tmp_path, check=False).returncode == 0


GOOD_TASK = {
    "name": "'x'",
    "value": "state.upright",
    "terminated": "state.upright == 0.0",
    "read": "state.foot_contacts",
}
BAD_TASKS = {
    "term": ({"value": "state.angular_velocity"}, ["rewards()", "'x'", "(1, 1, 3)", "(1, 1)"]),
    "terminated": ({"terminated": "False"}, ["terminated()", "False"]),
    "floats": ({"terminated": "state.upright"}, ["terminated()"]),
    "sensor": ({"read": "state.foot_contacts.ravel()"}, ["sensor Feet", "read()", "(4,)", "(1, 1, 4)"]),
    "fields": ({"read": "state.foot_contacts[..., :3]"}, ["sensor Feet", "read()", "(1, 1, 3)", "(1, 1, 4)"]),
    **{
        f"name_{name}": ({"name": f"'{name}'"}, ["rewards()", f"'{name}'", "taken"])
        for name in ("distance", "level", "next_level", "live")
    },
}


def task_of_a_user(**faults: str) -> type[Run]:
    """A task whose methods return what is written here."""
    parts = GOOD_TASK | faults
    code = f"""
class Feet(Sensor):
    def fields(self, robot, scene): return [Field(foot) for foot in robot.feet]
    def read(self, previous, action, state, dt): return {parts["read"]}

class Bad(Run):
    def sensors(self, scene): return [Feet()]
    def terminated(self, state): return {parts["terminated"]}
    def rewards(self, scene):
        def value(previous, action, state, dt): return {parts["value"]}
        return [Term({parts["name"]}, 1.0, "mine", value)]
"""
    space: dict[str, type] = {"Run": Run, "Sensor": Sensor, "Field": Field, "Term": Term}
    exec(code, space)
    return space["Bad"]


def scene_with(task: type[Run]) -> Scene:
    agent = dataclasses.replace(roboschool.load_scene("ant").agents[0], task=task(load_robot("ant")))
    return Scene("bad", "A task of a user.", (agent,))


def test_a_task_that_keeps_to_its_contract_is_taken() -> None:
    simulation = Simulation(scene_with(task_of_a_user()))
    simulation.reset({0: 0})
    simulation.step([np.zeros((1, 1, 8))])
    assert simulation.groups[0].observation.shape == (1, 1, 4)
    assert simulation.groups[0].rewards.by_name(0, 0) == {"x": 1.0}
    simulation.close()


@pytest.mark.parametrize("fault", BAD_TASKS)
def test_a_task_that_returns_the_wrong_shapes_is_refused(fault: str) -> None:
    parts, words = BAD_TASKS[fault]
    with pytest.raises(InvalidInput) as error:
        Simulation(scene_with(task_of_a_user(**parts)))
    for word in ("task Bad", *words):
        assert word in str(error.value)


def test_check_notices_robots_inside_each_other(tmp_path: Path) -> None:
    row = "[[agent]]\nname = 'ant_{}'\nrobot = 'ant'\ntask = {{ name = 'run' }}\n"
    (tmp_path / "crowd.toml").write_text("summary = 'Two ants on one spot.'\n" + row.format(0) + row.format(1))
    command = [sys.executable, "-m", "roboschool.cli", "check", "crowd.toml"]
    done = subprocess.run(command, capture_output=True, text=True, cwd=tmp_path, check=False)
    assert done.returncode == 1
    assert "ant_0 and ant_1 overlap" in done.stderr


def test_pictures_have_the_size_asked_for() -> None:
    env = roboschool.AgentEnv("hopper", render_mode="rgb_array", width=64, height=48)
    env.reset(seed=0)
    picture = env.render()
    assert picture is not None
    assert picture.shape == (48, 64, 3)
    env.close()


def test_a_robot_beside_the_scene_is_found_by_path(tmp_path: Path) -> None:
    from roboschool import paths

    (tmp_path / "assets" / "bug").mkdir(parents=True)
    (tmp_path / "scenes").mkdir()
    ant = paths.robots()["ant"]
    (tmp_path / "assets" / "bug" / "ant.urdf").write_text(ant.with_suffix(".urdf").read_text())
    (tmp_path / "assets" / "bug" / "bug.toml").write_text(ant.read_text())
    scene = tmp_path / "scenes" / "bug_walk.toml"
    scene.write_text(paths.scenes()["ant"].read_text().replace('robot = "ant"', 'robot = "bug"'))
    assert roboschool.load_scene(scene).agents[0].robot.name == "bug"
