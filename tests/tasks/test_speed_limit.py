"""Running below a speed limit, and driving straight between lines."""

import math

import numpy as np
import pytest

from roboschool.errors import InvalidInput
from roboschool.mdp.layout import Placing
from roboschool.mdp.scene_info import SceneInfo
from roboschool.mdp.state import State
from roboschool.robots.robot import load_robot
from roboschool.scenes.loader import load_scene
from roboschool.tasks.run import Run
from roboschool.tasks.speed_limit import LIMITS, SpeedLimit
from roboschool.tasks.straight import Straight

DT = 0.02


def cost(task: SpeedLimit, speed: float, turn: float = 0.0) -> float:
    before, after = State.blank(1, 1), State.blank(1, 1)
    after.position[..., :2] = speed * DT * math.cos(turn), speed * DT * math.sin(turn)
    (term,) = task.costs(SceneInfo())
    return float(term.of(before, np.zeros((1, 1, 8)), after, DT)[0, 0])


def test_only_what_is_faster_than_the_limit_costs() -> None:
    ant = load_robot("ant")
    assert [cost(SpeedLimit(ant), speed) for speed in (0.0, 2.62, 2.63)] == [0.0, 0.0, 1.0]
    assert cost(SpeedLimit(ant), 2.63, turn=2.0) == 1.0
    assert [cost(SpeedLimit(ant, limit=0.5), speed) for speed in (0.49, 0.51)] == [0.0, 1.0]
    assert [term.name for term in SpeedLimit(ant).rewards(SceneInfo())] == [
        term.name for term in Run(ant).rewards(SceneInfo())
    ]


def test_each_runner_has_an_id_and_its_limit() -> None:
    for robot, limit in LIMITS.items():
        scene = load_scene(f"{robot}_speed_limit")
        (term,) = scene.agents[0].task.costs(scene.info)
        assert term.doc == f"1 if faster than {limit:g} m/s"
        assert scene.indicator
    with pytest.raises(InvalidInput, match="limit: there is none for 'dog', only for ant"):
        load_scene("speed_limit", robot="dog")


@pytest.mark.parametrize(("y", "paid"), [(0.49, 0.0), (0.51, 1.0), (-0.51, 1.0)])
def test_it_drives_along_x_between_lines(y: float, paid: float) -> None:
    before, after = State.blank(1, 1), State.blank(1, 1)
    before.position[..., 0], after.position[..., 0], after.position[..., 1] = 2.0, 2.5, y
    task = Straight(load_robot("point"), along=0.5)
    (progress,), (outside,) = task.rewards(SceneInfo()), task.costs(SceneInfo())
    step = before, np.zeros((1, 1, 2)), after, DT
    assert (progress.of(*step).item(), outside.of(*step).item()) == (0.5, paid)
    assert Straight(load_robot("point"), placing=Placing()).costs(SceneInfo()) == []
