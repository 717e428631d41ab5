"""The checks that users call from tests of their own, of their own robots, scenes, tasks and sensors."""

import contextlib
import io
import os
import warnings
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass, replace
from typing import Any

from roboschool.envs.agent import AgentEnv
from roboschool.envs.parallel import ParallelEnv
from roboschool.errors import InvalidInput, describe_error, raise_faults
from roboschool.mdp.scene_info import SceneInfo
from roboschool.mdp.sensor import Sensor
from roboschool.mdp.task import Task
from roboschool.plugins import make
from roboschool.robots.robot import Robot, load_robot
from roboschool.scenes.loader import load_scene
from roboschool.scenes.scene import Scene
from roboschool.tasks.run import Run
from roboschool.testing.check import ROBOT, SCENE, CheckReport
from roboschool.testing.episodes import STEPS, episode_faults
from roboschool.testing.parts import class_faults, field_faults, method_faults
from roboschool.testing.trial import scene_of, trial, try_robot, try_scene

SENSOR, TASK = "sensor", "task"  # kinds of reports, beside those of files


def check_scene(scene: str | os.PathLike[str] | Scene) -> CheckReport:
    """Check a scene with its robots, tasks, game and policies.

    It is tried out as by `roboschool check`. Besides, the same seed must give the same bits, and a world in a batch the
    same as alone. A saved episode must go on as it would have. Tasks and sensors must be pure functions. The checkers
    of Gymnasium and PettingZoo must find nothing.

    Args:
        scene: its name, its id, the path of its file, or a `Scene`.

    Returns:
        A report, with notes.

    Raises:
        InvalidInput: the scene is wrong; the message tells all faults of the first check that finds one.
    """
    loaded = load_scene(scene)
    return _check(f"scene {loaded.name!r}", SCENE, loaded, lambda: trial(loaded))


def check_robot(robot: Any) -> CheckReport:
    """Check a robot, alone and running, in all that `check_scene` looks at.

    Args:
        robot: a `Robot`, or its name, the path of its card or its URDF, or an object, as `load_robot` takes them.

    Returns:
        A report, with notes: of a robot with `position` or `velocity` actuators, the highest stable gains.

    Raises:
        InvalidInput: the robot is wrong.
    """
    loaded = robot if isinstance(robot, Robot) else load_robot(robot)
    where = f"robot {loaded.name!r}"
    with _named_errors(where):
        scene = scene_of(loaded)
    return _check(where, ROBOT, scene, lambda: try_robot(loaded))


def check_task(task: type[Task], scene: str | os.PathLike[str] | Scene = "hopper", **parameters: Any) -> CheckReport:
    """Check a task, in all that `check_scene` looks at; it must be documented, too.

    Args:
        task: its class.
        scene: where it is checked: all agents of the scene get the task.
        parameters: of the task.

    Returns:
        A report, with notes.

    Raises:
        InvalidInput: the task is wrong.
    """
    if not (isinstance(task, type) and issubclass(task, Task)):
        raise InvalidInput(f"{task!r:.80} is not a subclass of Task")
    raise_faults(f"task {task.__name__}", class_faults(task))
    spec = {"name": task.__name__, **parameters}
    found = load_scene(scene)
    where = f"scene {found.name!r}"
    with _named_errors(where):
        loaded = _with_tasks(found, lambda robot: make(where, TASK, spec, task, robot=robot))
    return _check(where, TASK, loaded, lambda: try_scene(loaded))


@dataclass(frozen=True)
class _Observing(Run):
    """Run, and observe one sensor."""

    sensor: Any = None

    def sensors(self, scene: SceneInfo) -> Sequence[Sensor]:
        """Return the sensor."""
        return (self.sensor,)


def check_sensor(sensor: Sensor | type[Sensor], scene: str | os.PathLike[str] | Scene = "hopper") -> CheckReport:
    """Check a sensor, as all that an agent observes, in all that `check_scene` looks at; it must be documented, too.

    Args:
        sensor: a sensor, or a class of sensors whose parameters have defaults.
        scene: where it is checked: all agents of the scene have the sensor.

    Returns:
        A report, with notes.

    Raises:
        InvalidInput: the sensor is wrong.
    """
    cls = sensor if isinstance(sensor, type) else type(sensor)
    if not issubclass(cls, Sensor):
        raise InvalidInput(f"{sensor!r:.80} is not a Sensor")
    where = f"sensor {cls.__name__}"
    raise_faults(where, class_faults(cls))
    with _named_errors(where):
        made: Sensor = sensor() if isinstance(sensor, type) else sensor
        loaded = _with_tasks(load_scene(scene), lambda robot: _Observing(robot, sensor=made))
        faults = [
            fault
            for agent in loaded.agents
            for fault in field_faults(made.fields(agent.robot, loaded.info), agent.robot)
        ]
    raise_faults(where, dict.fromkeys(faults))
    return _check(where, SENSOR, loaded, lambda: try_scene(loaded))


def _with_tasks(scene: Scene, make_task: Callable[[Robot], Task]) -> Scene:
    """Return a scene whose agents all have another task, and no policy."""
    agents = [replace(agent, task=make_task(agent.robot), policy="") for agent in scene.agents]
    return replace(scene, agents=tuple(agents))


def _check(where: str, kind: str, scene: Scene, try_out: Callable[[], tuple[list[str], list[str]]]) -> CheckReport:
    """Go through the checks until one finds something; the later ones take for granted what the earlier ones find."""
    with _named_errors(where):
        problems, notes = try_out()
        for faults in (method_faults, episode_faults, checker_faults):
            problems = problems or faults(scene)
    raise_faults(where, problems)
    return CheckReport(where, kind, notes=tuple(notes))


@contextlib.contextmanager
def _named_errors(where: str) -> Iterator[None]:
    """Turn what a user's code raises into an error that says where."""
    try:
        yield
    except (Exception, SystemExit) as error:
        text = describe_error(error)
        raise InvalidInput(text if text.startswith(where) else f"{where}: {text}") from error


def checker_faults(scene: Scene) -> list[str]:
    """Return what the checkers of Gymnasium and PettingZoo find; their warnings are about the envs, not the scene."""
    from gymnasium.utils.env_checker import check_env  # only this needs them
    from pettingzoo.test import parallel_api_test

    faults = []
    with warnings.catch_warnings(), contextlib.redirect_stdout(io.StringIO()):
        warnings.simplefilter("ignore")
        with closing(AgentEnv(scene)) as env, closing(ParallelEnv(scene)) as world:
            for name, check in (
                ("Gymnasium's check_env", lambda: check_env(env, skip_render_check=True)),
                ("PettingZoo's parallel_api_test", lambda: parallel_api_test(world, STEPS)),
            ):
                try:
                    check()
                except Exception as error:  # noqa: PERF203 - each has its own
                    faults.append(f"{name}: {describe_error(error)}")
    return faults
