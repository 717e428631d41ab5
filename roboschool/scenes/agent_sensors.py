"""Sensors of an agent beside those of its task: those of its card, `[[agent.sensor]]` and `[[agent.privileged]]`."""

import dataclasses
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, get_args, get_type_hints

from roboschool.distributions import Number, check_order
from roboschool.errors import InvalidInput, suggest
from roboschool.mdp.delayed import Delayed
from roboschool.mdp.scene_info import SceneInfo
from roboschool.mdp.sensor import Sensor
from roboschool.plugins import builtin_classes, check_required, find_class
from roboschool.robots.robot import Robot
from roboschool.scenes.scene import Agent
from roboschool.schema import Meaning, convert
from roboschool.sensors.camera import Camera

SENSORS = {  # those of a file of their own have its name
    name: builtin_classes("sensors")[name]
    for name in (
        "camera",
        "clock",
        "command",
        "contact",
        "height_scan",
        "objects",
        "others",
        "previous_action",
        "randomized",
        "rays",
        "touch",
    )
} | {
    name: f"roboschool.sensors.{place}"
    for name, place in {
        "accelerometer": "imu:Accelerometer",
        "gyro": "imu:Gyro",
        "magnetometer": "imu:Magnetometer",
        "velocimeter": "imu:Velocimeter",
        "base_motion": "base_motion:BaseMotion",
        "joint_offsets": "base_motion:JointOffsets",
        "joint_states": "joints:JointStates",
        "foot_contacts": "feet:FootContacts",
    }.items()
}
UNKNOWN = Meaning("")
MOST_NUMBERS = 20_000  # that sensors add to an observation


def parameters_of(kind: Any) -> dict[str, tuple[Meaning, Any]]:
    """Return what a scene can set of a class of sensors by name: its meaning, and its type with bounds.

    That is what has a `Meaning`; of a class that is not ours and has none, everything.
    """
    hints = get_type_hints(kind, include_extras=True)
    notes = {field.name: getattr(hints[field.name], "__metadata__", ()) for field in dataclasses.fields(kind)}
    found = {name: [note for note in own if isinstance(note, Meaning)] for name, own in notes.items()}
    ours = any(found.values()) or kind.__module__.startswith(f"{__package__.partition('.')[0]}.")
    return {name: (own[0] if own else UNKNOWN, hints[name]) for name, own in found.items() if own or not ours}


WAYS = parameters_of(Delayed)  # keys that every sensor has


def add_sensors(path: Path, scene: SceneInfo, agent: Agent) -> Agent:
    """Return an agent with the sensors that the card of its robot and its scene put on it.

    Args:
        path: of the scene.
        scene: what sensors may know of it.
        agent: which.

    Raises:
        InvalidInput: one is unknown or wrong; the message names agent or card, sensor and key.
    """
    if not (agent.robot.sensor or agent.sensor or agent.privileged):
        return agent
    where, faults = f"agent {agent.name!r}", list[str]()
    worn = _make_sensors(agent.robot.card, agent.robot.sensor, agent, scene, Path(agent.robot.card), faults)
    given = [*worn, *_make_sensors(where, agent.sensor, agent, scene, path, faults)]
    privileged = _make_sensors(where, agent.privileged, agent, scene, path, faults)
    if faults:
        raise InvalidInput("\n".join(faults))
    added = tuple(sensor for sensor in given if not isinstance(sensor, Camera))
    cameras = [sensor for sensor in given if isinstance(sensor, Camera)]
    if len(cameras) > 1:
        card = f", with that of {agent.robot.card}" if any(isinstance(each, Camera) for each in worn) else ""
        raise InvalidInput(f"{where}: sensor 'camera': there are {len(cameras)}{card}, but an agent has one at most")
    if any(isinstance(sensor, Camera) for sensor in privileged):
        raise InvalidInput(f"{where}: privileged 'camera': only numbers can be privileged; make it a `sensor`")
    task = dataclasses.replace(agent.task, added=added, privileged=tuple(privileged))
    return dataclasses.replace(agent, task=task, camera=cameras[0] if cameras else None)


def _make_sensors(
    where: str, specs: Sequence[Mapping[str, Any]], agent: Agent, scene: SceneInfo, path: Path, faults: list[str]
) -> list[Sensor]:
    """Return the sensors that tables of a file ask for, and add what is wrong with them to `faults`."""
    made = []
    for spec in specs:
        try:
            made.append(_make_sensor(where, spec, agent.robot, scene, agent.task.memory, path.parent))
        except InvalidInput as error:  # noqa: PERF203
            faults.append(str(error))
    return made


def _make_sensor(
    where: str, spec: Mapping[str, Any], robot: Robot, scene: SceneInfo, memory: Any, beside: Path
) -> Sensor:
    """Return a sensor that a table asks for, which fits the robot; with bias, delay and history if they are given."""
    kind: Any = find_class(f"{where}: ", "sensor", spec.get("name"), SENSORS, Sensor, beside)
    at = f"{where}: sensor {spec['name']!r}"
    hints, own = parameters_of(kind), {"terrain": scene.terrain, "standing": robot.standing_height}
    fixed = {field.name: own[field.name] for field in dataclasses.fields(kind) if field.name in own}
    given = {key: value for key, value in spec.items() if key != "name"}
    known = hints if issubclass(kind, Camera) else {**WAYS, **hints}
    for key in given:
        if key not in known:
            raise InvalidInput(f"{at} has no {key!r}{suggest(key, known)}")
    values = {key: _convert(f"{at}: {key}", value, known[key][1]) for key, value in given.items()}
    check_required(at, kind, {*values, *fixed})
    try:
        sensor: Sensor = kind(**fixed, **{key: value for key, value in values.items() if key in hints})
        if ways := {key: value for key, value in values.items() if key not in hints}:
            sensor = Delayed(sensor, **ways)
        fitted = sensor.fit(robot, scene, memory)
        count = len(fitted.fields(robot, scene))
    except InvalidInput as error:
        raise InvalidInput(f"{at}: {error}") from None
    if count > MOST_NUMBERS:
        raise InvalidInput(f"{at}: {count} numbers are more than {MOST_NUMBERS}")
    return fitted if isinstance(fitted, Camera) else sensor


def _convert(at: str, value: Any, hint: Any) -> Any:
    converted = convert(value, hint, at)
    if isinstance(converted, tuple) and get_args(hint)[0] in (Number, int | tuple[int, int]):
        check_order(at, converted)
    return converted
