"""A different robot in each world of one simulation."""

import dataclasses
import shutil
from collections.abc import Sequence
from contextlib import ExitStack, closing
from pathlib import Path

import numpy as np
import pytest
from stories import step_beside

from roboschool import paths
from roboschool.errors import InvalidInput
from roboschool.mdp.scene_info import SceneInfo
from roboschool.mdp.term import Term
from roboschool.robots.robot import Robot, load_robot
from roboschool.scenes.loader import load_scene
from roboschool.scenes.scene import Scene
from roboschool.simulation.simulation import Simulation
from roboschool.tasks.run import Run

STEPS = 60


def with_robot(scene: Scene, robot: Robot) -> Scene:
    """The same scene with another robot for all agents, and another ground."""
    tasks = {agent.task: dataclasses.replace(agent.task, robot=robot) for agent in scene.agents}
    agents = tuple(dataclasses.replace(agent, task=tasks[agent.task]) for agent in scene.agents)
    return dataclasses.replace(scene, agents=agents, gravity=9.0, friction=0.6)


def other_ant(folder: Path) -> Robot:
    """An ant whose hips turn less, whose torques are smaller, and whose trunk is heavier and lower."""
    shutil.copytree(paths.robots()["ant"].parent, folder)
    urdf, card = folder / "ant.urdf", folder / "ant.toml"
    text = urdf.read_text()
    changed = text.replace('lower="-0.698132"', 'lower="-0.5"').replace('<mass value="96', '<mass value="120')
    assert changed != text
    urdf.write_text(changed)
    robot = load_robot(card)
    torque = tuple(0.5 * most for most in robot.torque)
    return dataclasses.replace(robot, torque=torque, standing_height=0.6)


@pytest.mark.parametrize("name", ["ant", "ants", "ant_sumo"])
def test_each_world_is_that_of_its_own_scene(name: str, tmp_path: Path) -> None:
    scene = load_scene(name)
    scenes = [scene, with_robot(scene, other_ant(tmp_path / "ant")), scene]
    rng = np.random.default_rng(0)
    with ExitStack() as stack:
        many = stack.enter_context(closing(Simulation(scenes)))
        alone = [stack.enter_context(closing(Simulation(each))) for each in scenes]
        many.reset({world: 7 + world for world in range(3)})
        for world, one in enumerate(alone):
            one.reset({0: 7 + world})
        for step in range(STEPS):
            if step == STEPS // 2:
                saved = alone[1].save()
                many.load(saved, 1)
            actions = [rng.uniform(-1, 1, group.shape) for group in many.groups]
            step_beside(many, alone, actions)
        first, second = (many.groups[0].observation[world] for world in (0, 1))
        assert not np.array_equal(first, second)
        with pytest.raises(InvalidInput, match=r"differs from the saved state in .*robot"):
            many.load(saved, 0)


@dataclasses.dataclass(frozen=True)
class Careless(Run):
    """A task that looks at the joints of one robot."""

    def rewards(self, scene: SceneInfo) -> Sequence[Term]:
        """Return how far the first joint is from its limit."""
        lower = self.robot.joints[0].lower or 0.0
        return (Term("room", 1.0, "way to the limit", lambda previous, action, state, dt: state.q[..., 0] - lower),)


def test_a_task_that_knows_one_robot_only_is_refused(tmp_path: Path) -> None:
    scene = load_scene("ant")
    (agent,) = scene.agents
    scene = dataclasses.replace(scene, agents=(dataclasses.replace(agent, task=Careless(agent.robot)),))
    with closing(Simulation([scene, scene])) as simulation:
        assert simulation.groups[0].shape == (2, 1, 8)
    with pytest.raises(InvalidInput, match=r"task Careless: term 'room'.*take them from robot\.motors"):
        Simulation([scene, with_robot(scene, other_ant(tmp_path / "ant"))])


def test_scenes_and_worlds_must_be_as_many() -> None:
    scene = load_scene("hopper")
    with pytest.raises(InvalidInput, match="2 scenes do not fit 3 worlds"):
        Simulation([scene, scene], 3)
    with pytest.raises(InvalidInput, match="0 scenes"):
        Simulation([])
    with pytest.raises(InvalidInput, match="agents: ant_0, not hopper_0"):
        Simulation([scene, load_scene("ant")])
