"""Sensors that a robot wears by its card, in every task and scene."""

import shutil
from contextlib import closing
from pathlib import Path

import numpy as np
import pytest
from sensors.scenes_of_sensors import write_scene

import roboschool
from roboschool import paths
from roboschool.envs.vector import VectorEnv
from roboschool.errors import InvalidInput
from roboschool.robots.robot import load_robot
from roboschool.scenes.loader import load_scene
from roboschool.testing import check_robot

CONTACT = 'name = "contact", links = ["trunk"], history = 2'
CAMERA = 'name = "camera", size = [32, 32]'
SIZE = 10  # numbers of `CONTACT`


def write_dog(folder: Path, *sensors: str) -> Path:
    """Write a dog that wears sensors, each given as `name = "clock", period = 2.0`; return its card."""
    source = paths.robots()["dog"].parent
    shutil.copytree(source, folder / "dog", ignore=shutil.ignore_patterns("policies"))
    card = folder / "dog" / "dog.toml"
    card.write_text(f"sensor = [{', '.join(f'{{ {sensor} }}' for sensor in sensors)}]\n{card.read_text()}")
    return card


@pytest.mark.parametrize("task", ["velocity", "run", "stand"])
def test_it_is_what_a_scene_would_give(tmp_path: Path, task: str) -> None:
    """The same bits for one env and for a batch, and the time without contact of a trunk that touches nothing."""
    card = write_dog(tmp_path, CONTACT)
    worn = load_scene(write_scene(tmp_path / "worn.toml", robot="dog", task=task), robot=load_robot(card))
    given = load_scene(write_scene(tmp_path / "given.toml", CONTACT, robot="dog", task=task))
    found = []
    for scene in (worn, given):
        with roboschool.AgentEnv(scene) as env, closing(VectorEnv(scene, 3)) as envs:
            observation, _ = env.reset(seed=5)
            numbers, rows = [observation], [envs.reset(seed=5)[0]]
            for _ in range(4):
                numbers.append(env.step(np.zeros(env.action_space.shape))[0])
                rows.append(envs.step(np.zeros(envs.action_space.shape))[0])
        found.append((np.array(numbers), np.array(rows)))
    assert found[0][0].tobytes() == found[1][0].tobytes()
    assert found[0][1].tobytes() == found[1][1].tobytes()
    assert found[0][1][:, 0].tobytes() == found[0][0].tobytes()
    expected = [0.0, 0.0, 0.0, 0.0, 4 * worn.timestep, 0.0, 0.0, 0.0, 0.0, 3 * worn.timestep]
    assert found[0][0][-1, -SIZE:] == pytest.approx(expected, abs=1e-6)


def test_a_scene_adds_to_it(tmp_path: Path) -> None:
    card = write_dog(tmp_path, 'name = "gyro"', CAMERA)
    file = write_scene(tmp_path / "more.toml", 'name = "clock"')
    scene = load_scene(file, robot=load_robot(card))
    names = [type(sensor).__name__ for sensor in scene.agents[0].task.added]
    assert names == ["Gyro", "Clock"]
    assert scene.agents[0].camera is not None
    with pytest.raises(InvalidInput, match="there are 2, with that of"):
        load_scene(write_scene(tmp_path / "two.toml", CAMERA), robot=load_robot(card))


def test_an_error_names_the_card(tmp_path: Path) -> None:
    card = write_dog(tmp_path, 'name = "rays", rnge = 2.0', 'name = "contact", links = ["trunc"]')
    file = write_scene(tmp_path / "worn.toml")
    file.write_text(file.read_text().replace('robot = "dog"', 'robot = "dog/dog.toml"'))
    messages = []
    for load in (lambda: load_scene(file), lambda: check_robot(card)):
        with pytest.raises(InvalidInput) as error:
            load()
        messages.append(str(error.value))
    for message in messages:
        assert f"{card}: sensor 'rays' has no 'rnge'; did you mean 'range'" in message
        assert f"{card}: sensor 'contact': links: unknown link 'trunc'; did you mean 'trunk'" in message


def test_a_robot_that_wears_sensors_passes_all_checks(tmp_path: Path) -> None:
    check_robot(write_dog(tmp_path, CONTACT, 'name = "rays", count = 4, delay = [0, 2]'))
