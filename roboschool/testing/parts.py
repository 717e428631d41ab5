"""What must hold for the methods of tasks and sensors: pure functions of arrays that lead with (world, agent)."""

import inspect
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from typing import Any

import numpy as np

from roboschool.mdp.sensor import Field, sensor_name
from roboschool.mdp.state import State
from roboschool.mdp.task import privileged_of, sensors_of
from roboschool.robots.robot import Robot
from roboschool.robots.urdf import Joint
from roboschool.scenes.scene import Scene
from roboschool.simulation.group import Group
from roboschool.simulation.sensor_memory import bind
from roboschool.simulation.simulation import Simulation
from roboschool.testing.episodes import HIDDEN

STEPS = 40  # of random actions
EVERY = 4  # how often methods are called once more, at a step, to be compared
WORLDS = 3
CLOSE = 1e-9  # numpy may add in another order


def class_faults(cls: type[Any]) -> Iterator[str]:
    """Yield what a class of a task or a sensor lacks."""
    doc = vars(cls).get("__doc__") or ""
    if not doc or doc.startswith(f"{cls.__name__}("):  # a dataclass writes that itself
        yield "the class has no docstring"
    own = [name for name, kind in inspect.get_annotations(cls).items() if "ClassVar" not in str(kind)]
    parameters = vars(cls).get("__dataclass_params__")
    if own and not (parameters and parameters.frozen):
        yield "put @dataclass(frozen=True) above the class, which has parameters"


def field_faults(fields: Sequence[Field], robot: Robot) -> Iterator[str]:
    """Yield what is wrong with what fields say of themselves."""
    links = [link.name for link in robot.model.links]
    if not fields:
        yield f"fields() returns none for the robot {robot.name!r}"
    for name, count in Counter(field.name for field in fields).items():
        if count > 1 and name:
            yield f"{count} fields have the name {name!r}"
    for field in fields:
        if not field.low < field.high:
            yield f"field {field.name!r}: low is {field.low:g} and high is {field.high:g}"
        if isinstance(field.source, str) and field.source not in links:
            yield f"field {field.name!r}: its source is {field.source!r}, and {robot.name!r} has no such link"
        if isinstance(field.source, Joint) and field.source not in robot.model.joints:
            yield f"field {field.name!r}: its source is a joint of another robot"


def method_faults(scene: Scene) -> list[str]:
    """Return which methods of tasks and sensors are no pure functions of arrays that lead with (world, agent)."""
    with closing(Simulation(scene, WORLDS)) as simulation:
        simulation.reset(dict(enumerate(range(WORLDS))))
        rng = np.random.default_rng(0)
        faults: dict[str, None] = {}  # each once
        for number in range(STEPS):
            simulation.activate_all()
            simulation.step([rng.uniform(-1, 1, group.shape) for group in simulation.groups])
            if number % EVERY == 0:
                faults |= {fault: None for group in simulation.groups for fault in _group_faults(simulation, group)}
        return list(faults)


def _group_faults(simulation: Simulation, group: Group) -> Iterator[str]:
    info, dt, task = simulation.scene.info, simulation.scene.timestep, group.task
    where = f"task {type(task).__name__}"
    added, privileged = sensors_of(task, info)[len(task.sensors(info)) :], privileged_of(task, info)
    fields = [list(sensor.fields(task.robot, info)) for sensor in (*added, *privileged)]
    own = group.observer.fields[: len(group.observer.fields) - sum(map(len, fields[: len(added)]))]
    yield from (f"{where}: sensors(): {fault}" for fault in field_faults(own, task.robot))
    for sensor, each in zip((*added, *privileged), fields, strict=True):  # they may observe what the task does, too
        yield from (f"{where}: sensor {sensor_name(sensor)!r}: {fault}" for fault in field_faults(each, task.robot))
    methods: list[tuple[str, Callable[[State, np.ndarray, State], Any]]] = [
        (f"{kind}(): the term {term.name!r}", lambda *step, of=term.of: of(*step, dt))
        for kind in ("rewards", "costs")
        for term in getattr(task, kind)(info)
    ]
    for sensor in (*bind(task, info), *bind(task, info, privileged=True)):
        if any(field.pick is None for field in sensor.fields(task.robot, info)):
            name = f"sensor {type(sensor.source).__name__}: read()"
            methods.append((name, lambda *step, read=sensor.read: read(*step, dt)))
    methods.append(("terminated()", lambda previous, action, state: task.terminated(state)))
    for name, method in methods:
        yield from (f"{where}: {name} {fault}" for fault in _faults(method, group))
    rngs = [np.random.default_rng(0) for _ in range(WORLDS)]
    before = group.state.array.copy()
    if group.updates:
        task.update(group.previous, group.state, np.ones_like(group.active), rngs)
        if not np.array_equal(before, group.state.array, equal_nan=True):
            yield f"{where}: update() changes the state that it is given: return a copy of the memory"


def _faults(method: Callable[[State, np.ndarray, State], Any], group: Group) -> Iterator[str]:
    """Yield what a method does that a pure function of (world, agent) would not."""
    step = (group.previous.copy(), group.applied.copy(), group.state.copy())
    arrays = [step[0].array, step[1], step[2].array]
    before = [array.copy() for array in arrays]
    together = np.array(method(*step))
    if any(not np.array_equal(a, b, equal_nan=True) for a, b in zip(before, arrays, strict=True)):
        yield "changes the state or the action that it is given"
    if not np.isfinite(together).all():
        yield "is not finite"
    if not np.array_equal(together, method(*step), equal_nan=True):
        yield f"returns something else when it is called again: {HIDDEN}"
        return
    turned = [np.ascontiguousarray(array.swapaxes(0, 1)) for array in before]  # as if worlds were agents
    other = np.asarray(method(group.previous.of(turned[0]), turned[1], group.state.of(turned[2])))
    alone = [
        np.asarray(method(step[0].at(row), step[1][row], step[2].at(row)))
        for row in (np.s_[world : world + 1] for world in range(len(together)))
    ]
    for result in (other, np.concatenate(alone).swapaxes(0, 1)):
        turned_back = result.swapaxes(0, 1)
        same = turned_back.shape == together.shape and np.allclose(turned_back, together, CLOSE, CLOSE, equal_nan=True)
        if not same:
            yield "depends on other worlds or agents: arrays lead with (world, agent), reduce over trailing axes only"
            break
