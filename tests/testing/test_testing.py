"""What is shipped for the tests of others: it passes what is sound, and names what is broken."""

import dataclasses
import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import pytest

from roboschool import paths
from roboschool.errors import InvalidInput
from roboschool.mdp.record import Record, quantity
from roboschool.mdp.sensor import Field, Pick, Sensor
from roboschool.mdp.state import State
from roboschool.mdp.task import Update
from roboschool.mdp.term import Term
from roboschool.robots.robot import load_robot
from roboschool.scenes.loader import load_scene
from roboschool.sensors import feet, joints, trunk
from roboschool.tasks.flagrun_harder import FlagrunHarder
from roboschool.tasks.run import Run
from roboschool.testing import check_robot, check_scene, check_sensor, check_task

SENSORS = [
    feet.FootContacts,
    joints.JointStates,
    trunk.RollPitch,
    trunk.TrunkHeight,
    trunk.TrunkVelocity,
    trunk.WorldXDirection,
]
COUNT = [0]  # what remembers and should not


@pytest.mark.slow
@pytest.mark.parametrize("name", ["hopper", "ants", "pong", "humanoid_flagrun_harder"])
def test_shipped_scenes_pass(name: str) -> None:
    report = check_scene(name)
    assert (report.kind, report.problems) == ("scene", ())


@pytest.mark.slow
@pytest.mark.parametrize("name", ["inverted_pendulum", "walker2d", "atlas"])
def test_shipped_robots_pass(name: str) -> None:
    for robot in (name, load_robot(name), paths.robots()[name], str(paths.robots()[name].with_suffix(".urdf"))):
        if name != "walker2d" or not str(robot).endswith(".urdf"):  # a planar robot is one by its card
            assert check_robot(robot).problems == ()


@pytest.mark.slow
@pytest.mark.parametrize("sensor", SENSORS)
def test_shipped_sensors_pass(sensor: type[Sensor]) -> None:
    assert check_sensor(sensor, "ants").kind == "sensor"
    assert check_sensor(sensor()).problems == ()


def test_shipped_tasks_pass() -> None:
    assert check_task(Run, alive=2.0).kind == "task"
    assert check_task(Run, "race").notes == ()
    check_task(FlagrunHarder, "humanoid_flagrun_harder")


class Speed(Sensor):
    """The speed over the ground, to be broken in parts."""

    names = ("speed",)
    field: ClassVar[dict[str, Any]] = {"unit": "m/s"}

    def fields(self, robot, scene):
        return [Field(name, **self.field) for name in self.names]

    def read(self, previous, action, state, dt):
        return np.hypot(state.velocity[..., 0], state.velocity[..., 1])[..., None]


def broken(base: type, doc: str = "Broken.", **parts: Any) -> type:
    """Return a class with other parts; a task is a frozen dataclass again."""
    cls = type("Broken", (base,), {"__doc__": doc, **parts})
    return dataclasses.dataclass(frozen=True)(cls) if base is Run else cls


def counting(*_: Any) -> float:
    COUNT[0] += 1
    return float(COUNT[0])


def moody_reset(self: Run, placement: Any, memory: Any, rng: np.random.Generator) -> Any:
    return dataclasses.replace(placement, yaw=counting())


def spoil(array: np.ndarray) -> np.ndarray:
    array += 1.0
    return array


BAD_SENSORS = {
    "shape": ({"read": lambda *step: step[3].velocity}, "sensor Broken: read() returns shape (1, 1, 3)"),
    "nan": ({"read": lambda *step: 0.0 * step[3].velocity[..., :1] + np.nan}, "number 0 (speed [m/s]) is not finite"),
    "infinite": ({"read": lambda *step: 0.0 * step[3].velocity[..., :1] + np.inf}, "Broken: read() is not finite"),
    "worlds": ({"read": lambda *step: step[3].q[..., :1] - step[3].q[..., :1].mean(0)}, "depends on other worlds"),
    "agents": ({"read": lambda *step: step[3].q[..., :1] - step[3].q[:, :1, :1]}, "depends on other worlds or agents"),
    "impure": ({"read": lambda *step: spoil(step[3].q)[..., :1]}, "changes the state or the action"),
    "action": ({"read": lambda *step: spoil(step[2])[..., :1]}, "changes the state or the action"),
    "remembers": (
        {"read": lambda *step: 0.0 * step[3].q[..., :1] + counting()},
        "read() returns something else when it is called",
    ),
    "random": ({"read": lambda *step: step[3].q[..., :1] + np.random.rand()}, "returns something else when it is"),
    "raises": ({"read": lambda *step: 1 / 0}, "ZeroDivisionError"),
    "no read": ({"read": Sensor.read}, "Broken has no read(), and not all of its fields are picked"),
    "nameless": ({"names": ("",)}, "number 0 has no name"),
    "twins": ({"names": ("speed", "speed")}, "2 fields have the name 'speed'"),
    "nothing": ({"names": ()}, "fields() returns none for the robot 'hopper'"),
    "bounds": ({"field": {"low": 1.0, "high": -1.0}}, "field 'speed': low is 1 and high is -1"),
    "source": ({"field": {"source": "tail"}}, "its source is 'tail', and 'hopper' has no such link"),
    "quantity": ({"field": {"pick": Pick("velocty", (0,))}}, "unknown quantity 'velocty'; did you mean 'velocity'?"),
    "place": ({"field": {"pick": Pick("velocity", (3,))}}, "pick: velocity has no number at (3,)"),
    "vector": ({"field": {"pick": Pick("velocity")}}, "pick: velocity has no number at ()"),
    "words": ({"doc": ""}, "the class has no docstring"),
    "parameters": ({"__annotations__": {"scale": float}, "scale": 1.0}, "put @dataclass(frozen=True) above the class"),
}


def test_a_sound_sensor_passes() -> None:
    check_sensor(Speed)
    check_sensor(broken(Speed), "ants")


@pytest.mark.parametrize("fault", BAD_SENSORS)
def test_a_broken_sensor_is_named(fault: str) -> None:
    parts, words = BAD_SENSORS[fault]
    with pytest.raises(InvalidInput) as error:
        check_sensor(broken(Speed, **parts))
    assert words in str(error.value)
    assert "Broken" in str(error.value)


class Memory(Record):
    """What is remembered."""

    timer: np.ndarray = quantity()


def term(of: Any, doc: str = "mine") -> dict[str, Any]:
    return {"rewards": lambda self, scene: [Term("mine", 1.0, doc, of)]}


def update_in_place(self: Run, previous: State, state: State, active: np.ndarray, rngs: Sequence[Any]) -> Update:
    state.memory.timer += 1.0
    return Update(state.memory)


def count_resets(self: Run, placement: Any, memory: Any, rng: np.random.Generator) -> Any:
    memory.timer[...] = counting()
    return placement


BAD_TASKS = {
    "shape": (term(lambda *step: step[2].velocity), "rewards(): the term 'mine' has shape (1, 1, 3)"),
    "nan": (term(lambda *step: np.nan * step[2].upright), "the term 'mine' is nan"),
    "worlds": (term(lambda *step: step[2].upright - step[2].q.mean()), "the term 'mine' depends on other worlds"),
    "first": (
        term(lambda *step: 0.0 * step[2].upright + step[2].q[0, 0, 0]),
        "the term 'mine' depends on other worlds",
    ),
    "impure": (term(lambda *step: spoil(step[2].upright)), "the term 'mine' changes the state"),
    "remembers": (term(lambda *step: 0.0 * step[2].upright + counting()), "the term 'mine' returns something else"),
    "silent": (term(lambda *step: step[2].upright, ""), "the term 'mine' has no `doc`"),
    "terminated": ({"terminated": lambda self, state: state.upright}, "terminated() returns"),
    "ends": (
        {"terminated": lambda self, state: np.repeat(state.upright[:1] < 0.5, len(state.upright), 0)},
        "terminated() depends on other worlds or agents",
    ),
    "update": ({"memory": Memory, "update": update_in_place}, "update() changes the state that it is given"),
    "start": ({"reset": moody_reset}, "the same seed gives another episode: the observation of task Broken at step 1"),
    "reset": ({"memory": Memory, "reset": count_resets}, "an episode begun again from where it began is another"),
    "words": ({"doc": ""}, "task Broken: the class has no docstring"),
}


@pytest.mark.parametrize("fault", BAD_TASKS)
def test_a_broken_task_is_named(fault: str) -> None:
    parts, words = BAD_TASKS[fault]
    with pytest.raises(InvalidInput) as error:
        check_task(broken(Run, **parts))
    assert words in str(error.value)
    assert "Broken" in str(error.value)


def test_wrong_arguments_are_named() -> None:
    with pytest.raises(InvalidInput, match="scene 'hopper': task 'Run' has no 'alve'; did you mean 'alive'"):
        check_task(Run, alve=1.0)
    with pytest.raises(InvalidInput, match="is not a subclass of Task"):
        check_task(Speed)
    with pytest.raises(InvalidInput, match="is not a Sensor"):
        check_sensor(Run)
    with pytest.raises(InvalidInput, match="unknown scene 'hoper'; did you mean 'hopper'"):
        check_task(Run, "hoper")
    plain = type("Plain", (Run,), {"__doc__": "Plain.", "__annotations__": {"height": float}, "height": 0.5})
    with pytest.raises(InvalidInput, match="task Plain: put @dataclass"):
        check_task(plain)


def hopper(folder: Path, old: str = "", new: str = "") -> Path:
    """Write a hopper with another card, and return its path."""
    card = paths.robots()["hopper"]
    shutil.copy(card.with_suffix(".urdf"), folder)
    path = folder / "mine.toml"
    assert old in card.read_text()
    path.write_text(card.read_text().replace(old, new, 1))
    return path


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("standing_height = 1.197", "standing_height = 1.3", "robot 'mine': standing_height: 1.3 m, but the trunk is"),
        ("min_height = 0.8 ", "min_height = 1.28 ", "upright.min_height: 1.28 is above standing_height"),
        ("trunk ", "trnk ", "did you mean 'trunk'"),
        ('["foot"]', '["hand"]', "'hand'"),
        (
            "foot_joint  = 75.0",
            '[actuators]\nfoot_joint = { kind = "position", kp = 1e9, kd = 1.0, scale = 1.0 }',
            "robot 'mine': ",
        ),
        (
            "foot_joint  = 75.0",
            '[actuators]\nfoot_joint = { kind = "tired_motor:Tired" }',
            "the same seed gives another",
        ),
    ],
)
def test_a_broken_robot_is_named(
    old: str, new: str, words: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.path", __import__("sys").path[:])
    (tmp_path / "tired_motor.py").write_text(
        "from dataclasses import dataclass\nfrom roboschool.mdp.actuator import Actuator, Command\nCOUNT = [0]\n\n\n"
        "@dataclass(frozen=True)\nclass Tired(Actuator):\n    def command(self, action, motors):\n"
        "        COUNT[0] += 1\n        return Command(torque=action * motors.effort / COUNT[0])\n"
    )
    with pytest.raises(InvalidInput) as error:
        check_robot(hopper(tmp_path, old, new))
    assert words in str(error.value)


def test_a_robot_of_ones_own_passes(tmp_path: Path) -> None:
    assert check_robot(hopper(tmp_path)).problems == ()


def test_a_broken_scene_is_named(tmp_path: Path) -> None:
    ant = load_scene("ants")
    twins = dataclasses.replace(ant, agents=tuple(dataclasses.replace(a, position=(0.0, 0.0)) for a in ant.agents[:2]))
    with pytest.raises(InvalidInput, match=r"scene 'ants': .*overlap by .* at the start"):
        check_scene(twins)
    foreign = dataclasses.replace(ant, agents=(dataclasses.replace(ant.agents[0], policy="hopper"),))
    with pytest.raises(InvalidInput, match=r"hopper.safetensors: the policy observes 15 numbers"):
        check_scene(foreign)
    task = broken(Run, **term(lambda *step: 0.0 * step[2].upright + counting()))
    moody = dataclasses.replace(ant, agents=(dataclasses.replace(ant.agents[0], task=task(ant.agents[0].robot)),))
    with pytest.raises(InvalidInput, match=r"scene 'ants': .*returns something else when it is called again"):
        check_scene(moody)
    path = tmp_path / "mine.toml"
    path.write_text(paths.scenes()["hopper"].read_text().replace("robot =", "robt ="))
    with pytest.raises(InvalidInput, match=r"mine.toml: .*did you mean 'robot'"):
        check_scene(path)
    path.write_text(paths.scenes()["hopper"].read_text())
    assert check_scene(path).problems == ()
