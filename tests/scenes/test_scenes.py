"""Scenes: one schema for files and Python, all faults at once, and which scenes can share a simulation."""

import dataclasses
import re
from pathlib import Path
from typing import Any

import pytest

from roboschool.errors import InvalidInput
from roboschool.scenes.loader import load_scene
from roboschool.scenes.scene import Agent, FixedCamera, Prop, Scene
from roboschool.scenes.scene_file import read_scene
from roboschool.scenes.shapes import check_same_shapes

FAULTY = """
summary = "Three faults."
gravity = 1e6
timestp = 0.01

[[agent]]
name = "ant_0"
robot = "ant"
task = { name = "run" }
yaw = 361.0
"""
UNMADE = """
summary = "Two agents and a prop of which nothing can be made."

[[agent]]
name = "ant_0"
robot = "aunt"
task = { name = "run" }

[[agent]]
name = "ant_1"
robot = "ant"
task = { name = "ran" }

[[prop]]
name = "ball"
model = "bal"
"""
SMALL = 'summary = "Mine."\nweights = { alive = 0.5 }\n[[agent]]\nname = "ant_0"\nrobot = "ant"\n'


def write(folder: Path, text: str) -> Path:
    path = folder / "park.toml"
    path.write_text(text)
    return path


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (FAULTY, ["3 faults", "gravity: 1000000.0 is not within 0 and 100", "did you mean 'timestep'", "agent[0].yaw"]),
        (UNMADE, ["3 faults", "agent 'ant_0'", "did you mean 'ant'", "did you mean 'run'", "prop 'ball'"]),
        ('summry = "Mine."', ["park.toml: unknown key 'summry'; did you mean 'summary'?"]),
        (SMALL, ["missing key 'agent[0].task'"]),
        (SMALL + "task = { name = 'run' }\nteam = 'The Best'", ["agent[0].team: 'The Best' is not of small letters"]),
        (SMALL.replace("0.5", "'x'") + "task = { name = 'run' }", ["weights.alive", "str"]),
    ],
)
def test_all_faults_of_a_file_are_told_at_once(text: str, words: list[str], tmp_path: Path) -> None:
    with pytest.raises(InvalidInput) as error:
        load_scene(write(tmp_path, text))
    for word in words:
        assert word in str(error.value)


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"gravity": -9.8, "substeps": 0}, ["2 faults", "gravity: -9.8", "substeps: 0"]),
        ({"gravity": (9.8, 1.6)}, ["gravity: a range begins with its lower end"]),
        ({"steps": 0}, ["steps: 0"]),
        ({"steps": 10**8}, ["steps", "100000"]),
        ({"camera": FixedCamera(eye=(0, 0, 600.0), target=(0, 0, 0), smoothing=2.0)}, ["camera.eye[2]", "smoothing"]),
        ({"camera": FixedCamera(eye=(0, 0, 1), target=(0, 0, 0), follow="ant_1")}, ["camera.follow", "'ant_0'"]),
        ({"partitions": ("4by2",)}, ["partitions[0]", "4x2"]),
        ({"weights": {"alive": float("nan")}}, ["weights.alive", "finite"]),
        ({"game": "soccer"}, ["game"]),
        ({"agents": ()}, ["0 agents, not 1 to 64"]),
    ],
)
def test_bounds_hold_for_a_scene_that_is_replaced_in_python(changes: dict[str, Any], words: list[str]) -> None:
    with pytest.raises(InvalidInput) as error:
        dataclasses.replace(load_scene("ant"), **changes)
    for word in words:
        assert word in str(error.value)


def test_bounds_hold_for_agents_and_props_that_are_made_in_python() -> None:
    task = load_scene("ant").agents[0].task
    ball = load_scene("pong").props[0].model
    agents = (
        Agent("ant_0", task, position=(0.0, 501.0)),
        Agent("ant", task),
        Agent("ant_2", task, position=([0.0, 1.0], 0.0)),  # type: ignore[arg-type]
        Agent("ant_3", task, team="A team"),
    )
    with pytest.raises(InvalidInput) as error:
        Scene("mine", "Faulty.", agents, (Prop("Ball", ball), Prop("other", ball, yaw=7.0)))
    for word in ("6 faults", "ant_0.position[1]", "'ant'", "ant_2.position", "ant_3.team", "'Ball'", "other.yaw: 7.0"):
        assert word in str(error.value)


def test_a_name_is_taken_once() -> None:
    scene = load_scene("ants")
    twins = (*scene.agents[:2], scene.agents[0])
    with pytest.raises(InvalidInput, match=r"agent\.name: 'ant_0' is taken"):
        dataclasses.replace(scene, agents=twins)


def test_degrees_are_radians_inside() -> None:
    scene = load_scene("humanoid")
    (table,) = read_scene(Path(scene.path)).agent
    assert table.yaw == (-11.25, 11.25)
    assert scene.agents[0].yaw == pytest.approx((-0.19634954, 0.19634954))


@pytest.mark.parametrize(
    ("name", "teams"),
    [
        ("soccer", ["home", "away", "home", "away"]),
        ("tag", ["runner", "chaser", "chaser", "chaser"]),
        ("kick_and_defend", ["kicker", "keeper"]),
        ("you_shall_not_pass", ["runner", "blocker"]),
        ("ant_sumo", ["", ""]),
    ],
)
def test_teams(name: str, teams: list[str]) -> None:
    assert [agent.team for agent in load_scene(name).agents] == teams


def test_weights_are_kept(tmp_path: Path) -> None:
    path = write(tmp_path, SMALL + "task = { name = 'run' }")
    assert load_scene("ant").weights == {}
    assert load_scene(path).weights == {"alive": 0.5}
    assert load_scene(path, weights={"progress": 2}).weights == {"progress": 2.0}
    assert hash(load_scene(path)) == hash(load_scene(path))
    with pytest.raises(InvalidInput, match=r"option 'weights': alive: .*got `str`"):
        load_scene(path, weights={"alive": "more"})


def test_an_episode_lasts_a_step_at_least(tmp_path: Path) -> None:
    with pytest.raises(InvalidInput, match=r"seconds: 0\.001 s are less than a timestep, 0\.0165 s"):
        load_scene("ant", seconds=0.001)


def stronger(scene: Scene, factor: float = 2.0) -> Scene:
    agents = []
    for agent in scene.agents:
        robot = dataclasses.replace(agent.robot, torque=tuple(factor * torque for torque in agent.robot.torque))
        agents.append(dataclasses.replace(agent, task=dataclasses.replace(agent.task, robot=robot)))
    return dataclasses.replace(scene, agents=tuple(agents), gravity=3.7, friction=0.5)


@pytest.mark.parametrize("name", ["ant", "ant_sumo", "pong"])
def test_scenes_that_differ_in_numbers_share_shapes(name: str) -> None:
    scene = load_scene(name)
    check_same_shapes([scene, scene, stronger(scene)])


@pytest.mark.parametrize(
    ("first", "other", "words"),
    [
        ("ant", "hopper", "agents: hopper_0, not ant_0"),
        ("ants", "ant", "agents: ant_0, not ant_0, ant_1, ant_2, ant_3"),
        ("humanoid", "humanoid_flagrun", "class of the task of humanoid_0: Flagrun, not Run"),
        ("humanoid_flagrun", "humanoid_flagrun_harder", "props: cube, not none"),
        ("inverted_pendulum", "inverted_double_pendulum", "unactuated of cart_0: "),
        ("ant_sumo", "ant_run_to_goal", "class of the game: RunToGoal, not Sumo"),
    ],
)
def test_what_differs_between_scenes_is_named(first: str, other: str, words: str) -> None:
    with pytest.raises(InvalidInput, match=re.escape(words)) as error:
        check_same_shapes([load_scene(first), load_scene(other)])
    assert str(error.value).startswith(f"scene 1 ({other!r}) beside scene 0 ({first!r}): ")
