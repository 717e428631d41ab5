"""Sensors that a scene puts on an agent: their numbers against what is computed by hand, and errors."""

import math
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner
from folders import ROOT
from sensors.scenes_of_sensors import load_with

from roboschool.cli.main import main
from roboschool.errors import InvalidInput
from roboschool.mdp.scene_info import SceneInfo
from roboschool.mdp.state import State
from roboschool.robots.robot import load_robot
from roboschool.scenes.loader import load_scene
from roboschool.sensors.contact import Contact
from roboschool.simulation.sensor_memory import BoundSensor
from roboschool.simulation.simulation import Simulation

DOG = load_robot("dog")
WEIGHT = DOG.mass * 9.8  # [N]


def stand(simulation: Simulation, steps: int) -> list[np.ndarray]:
    """Let a robot hold its rest pose; return what the added sensors show at the start and after each step (n,)."""
    simulation.reset({0: 0})
    group = simulation.groups[0]
    own = sum(
        len(sensor.fields(group.task.robot, simulation.scene.info))
        for sensor in group.task.sensors(simulation.scene.info)
    )
    seen = [group.observation[0, 0, own:].copy()]
    for _ in range(steps):
        simulation.activate_all()
        simulation.step([np.zeros(each.shape) for each in simulation.groups])
        seen.append(group.observation[0, 0, own:].copy())
    simulation.close()
    return seen


def test_feet_carry_the_weight_and_friction_holds_on_a_slope(tmp_path: Path) -> None:
    """With gravity tilted by 1 m/s2 along x a standing robot needs friction of its mass times that, the other way."""
    scene = load_with(tmp_path, 'name = "contact"', more="[randomize]\ngravity = [1.0, 0.0, 0.0]\n")
    feet = np.array(stand(Simulation(scene), 160))[100:].reshape(61, len(DOG.feet), 5)
    forces = feet[..., :3].sum(axis=1).mean(axis=0)
    assert forces == pytest.approx([-DOG.mass, 0.0, WEIGHT], abs=0.03 * WEIGHT)
    assert not feet[..., 3:].any(), "no foot begins to touch, or is in the air"


def test_first_contact_and_air_time() -> None:
    sensor = Contact(("front_left_shank",)).fit(DOG, SceneInfo(), State)
    assert isinstance(sensor, Contact)
    bound, links = BoundSensor(sensor, 1, 3), len(DOG.model.links)
    state = State.blank(1, 1, measured_links=links, own=3)
    seen = []
    for number, force in enumerate((0.0, 0.5, 0.0, 5.0, 5.0, 0.0)):
        state.link_forces[..., sensor.places[0], 2] = force
        sensor.store(bound.own(state), np.array([[number == 0]]), state, np.zeros(0), state, 0.02)
        seen.append(bound.read(state, np.zeros(0), state, 0.02)[0, 0].tolist())
    assert [row[2] for row in seen] == [0.0, 0.5, 0.0, 5.0, 5.0, 0.0]
    assert [row[3] for row in seen] == [0.0, 0.0, 0.0, 1.0, 0.0, 0.0]
    assert [row[4] for row in seen] == pytest.approx([0.0, 0.02, 0.04, 0.0, 0.0, 0.02])


def test_rays_reach_the_ground_and_a_pillar(tmp_path: Path) -> None:
    """Straight down it is as far as the trunk is high, at 45 degrees times the root of two; a pillar is ahead."""
    down = 'name = "rays", count = 1, rows = 2, low = -90.0, high = -45.0, level = true, what = "class"'
    ahead = 'name = "rays", count = 4, range = 3.0, no_hit = -1.0, level = true, what = "class"'
    scene = load_with(
        tmp_path, down, ahead, more='\n[[element]]\nkind = "pillar"\nsize = 0.25\npositions = [[1.5, 0.0]]\n'
    )
    simulation = Simulation(scene)
    simulation.reset({0: 0}, {"pose": (0.0, 0.0, 0.0)})
    group = simulation.groups[0]
    height = float(group.state.position[0, 0, 2])
    seen = group.observation[0, 0, -12:]
    assert seen[:4] == pytest.approx([height, math.sqrt(2.0) * height, 1.0, 1.0], abs=1e-3)
    assert seen[4:8] == pytest.approx([1.25, -1.0, -1.0, -1.0], abs=2e-3)
    assert seen[8:].tolist() == [2.0, 0.0, 0.0, 0.0]
    simulation.close()


def test_rays_tell_agents_apart(tmp_path: Path) -> None:
    others = "".join(
        f'[[agent]]\nname = "dog_{n}"\nrobot = "dog"\nnoise = 0.0\nposition = {place}\ntask = {{ name = "velocity" }}\n'
        for n, place in ((1, [0.0, 1.5]), (2, [-2.0, 0.0]))
    )
    scene = load_with(tmp_path, 'name = "rays", count = 4, level = true, what = "agent"', more=others)
    simulation = Simulation(scene)
    simulation.reset({0: 0})
    seen = simulation.groups[0].observation[0, 0, -8:]
    assert seen[4:].tolist() == [0.0, 1.0, 2.0, 0.0]
    assert seen[2] == pytest.approx(2.0 - 0.23, abs=0.05), "to the tail of the one behind"
    simulation.close()


def test_bias_delay_and_history(tmp_path: Path) -> None:
    sensors = 'name = "gyro"', 'name = "gyro", bias = 0.5', 'name = "gyro", delay = 2, history = 2'
    seen = np.array(stand(Simulation(load_with(tmp_path, *sensors)), 8))
    now, biased, late = seen[:, :3], seen[:, 3:6], seen[:, 6:]
    assert biased == pytest.approx(now + 0.5, abs=1e-6)
    for step, row in enumerate(late):
        expected = [*now[max(0, step - 2)], *now[max(0, step - 3)]]
        assert row == pytest.approx(expected, abs=0.0), step
    assert len(np.unique(now[:, 1])) > 4, "it turns all the time"


def test_what_is_drawn_stays_within_its_range_and_for_an_episode(tmp_path: Path) -> None:
    scene = load_with(tmp_path, 'name = "clock", period = 1000.0, bias = [-0.2, 0.2], delay = [0, 3]')
    simulation = Simulation(scene, 4)
    simulation.reset(dict.fromkeys(range(4), None) | {0: 0})
    biases, delays = [], []
    own = simulation.groups[0].state.own
    for _ in range(10):
        simulation.step([np.zeros(simulation.groups[0].shape)], reset=[1, 2, 3])
        biases += own[1:, 0, 2:4].ravel().tolist()
        delays += own[1:, 0, 4].tolist()
    assert -0.2 <= min(biases) < -0.1
    assert 0.1 < max(biases) <= 0.2
    assert {*delays} == {0.0, 1.0, 2.0, 3.0}
    assert own[0, 0, 0] == 11.0, "the steps of the first go on"
    simulation.close()


def test_clock_command_previous_action_and_others(tmp_path: Path) -> None:
    more = '[[agent]]\nname = "dog_1"\nrobot = "dog"\nposition = [2.0, 0.5]\ntask = { name = "velocity" }\n'
    sensors = 'name = "clock", period = 0.5', 'name = "command"', 'name = "previous_action"', 'name = "others"'
    scene = load_with(tmp_path, *sensors, more=more)
    simulation = Simulation(scene)
    simulation.reset({0: 0})
    action = np.linspace(-1.0, 1.0, len(DOG.joints))
    for _ in range(3):
        simulation.step([np.broadcast_to(action, group.shape) for group in simulation.groups])
    group = simulation.groups[0]
    seen = group.observation[0, 0, -(2 + 3 + len(DOG.joints) + 9) :]
    angle = 2.0 * math.pi * 3 * scene.timestep / 0.5
    assert seen[:2] == pytest.approx([math.sin(angle), math.cos(angle)], abs=1e-6)
    assert seen[2:5] == pytest.approx(group.state.memory.command[0, 0], abs=1e-6)
    assert seen[5:-9] == pytest.approx(action, abs=1e-6)
    x, y, z = simulation.groups[1].state.position[0, 0] - group.state.position[0, 0]
    sine, cosine = group.state.world_x_direction[0, 0]
    assert seen[-9:-6] == pytest.approx([cosine * x - sine * y, sine * x + cosine * y, z], abs=1e-6)
    assert math.hypot(x, y) == pytest.approx(math.hypot(2.0, 0.5), abs=0.1)
    simulation.close()


@pytest.mark.parametrize(
    ("sensor", "message"),
    [
        ('name = "contakt"', "sensor 'contakt'; did you mean 'contact'"),
        ('name = "contact", links = ["trunc"]', "sensor 'contact': links: unknown link 'trunc'; did you mean 'trunk'"),
        ('name = "contact", link = ["trunk"]', "sensor 'contact' has no 'link'; did you mean 'links'"),
        ('name = "contact", delya = 2', "sensor 'contact' has no 'delya'; did you mean 'delay'"),
        ('name = "contact", places = [1]', "sensor 'contact' has no 'places'"),
        ('name = "contact", threshold = -1.0', "sensor 'contact': threshold: -1.0 is not within 0 and 100000"),
        ('name = "rays", range = 0.0', "sensor 'rays': range: 0.0 is not within 0 (excluded) and 1000"),
        ('name = "rays", count = 1024, rows = 128', "sensor 'rays': count: 1024 rays in 128 rows are more than 4096"),
        ('name = "rays", low = 10.0', "sensor 'rays': high: 0 deg is not above low, 10 deg"),
        ('name = "rays", link = "trnk"', "sensor 'rays': link: unknown link 'trnk'; did you mean 'trunk'"),
        ('name = "rays", what = "clas"', "sensor 'rays': what: unknown choice 'clas'; did you mean 'class'"),
        ('name = "gyro", delay = 101', "sensor 'gyro': delay: 101 is not within 0 and 100"),
        ('name = "gyro", delay = [3, 1]', "sensor 'gyro': delay: a range begins with its lower end"),
        ('name = "gyro", history = 0', "sensor 'gyro': history: 0 is not within 1 and 100"),
        ('name = "rays", count = 210, history = 100', "sensor 'rays': 21000 numbers are more than 20000"),
        ('name = "command", of = "comand"', "of: unknown quantity that the task remembers 'comand'; did you mean"),
        ('name = "others"', "sensor 'others': the scene has no other agent"),
        ('name = "objects"', "sensor 'objects': the scene has no prop"),
        ("period = 1.0", "unknown sensor None"),
    ],
)
def test_what_is_wrong_is_one_clear_error(tmp_path: Path, sensor: str, message: str) -> None:
    with pytest.raises(InvalidInput) as error:
        load_with(tmp_path, sensor)
    assert message in str(error.value)
    assert "seeing.toml" in str(error.value)
    assert "agent 'dog_0'" in str(error.value)


def test_all_faults_are_told_at_once(tmp_path: Path) -> None:
    with pytest.raises(InvalidInput) as error:
        load_with(tmp_path, 'name = "rays", range = 0.0', 'name = "contact", links = ["x"]')
    assert "range: 0.0" in str(error.value)
    assert "unknown link 'x'" in str(error.value)
    assert load_scene("dog_velocity").agents[0].task.added == ()


def test_page_is_fresh() -> None:
    page = CliRunner().invoke(main, ["list", "--sensors"], catch_exceptions=False).output
    assert page == (ROOT / "docs" / "sensors.md").read_text(), "run: roboschool list --sensors > docs/sensors.md"
