"""What a task of a scene observes, and what its reward is made of, in a state that a test has written."""

import numpy as np

from roboschool.mdp.state import State
from roboschool.mdp.task import Task
from roboschool.robots.robot import Robot
from roboschool.scenes.scene import Scene
from roboschool.sensors.joint_scaling import JointScaling
from roboschool.simulation.blank_state import blank_state
from roboschool.simulation.observer import Observer
from roboschool.simulation.term_sum import TermSum

DT = 0.0165


def upright_state(scene: Scene, task: Task) -> State:
    """A state of one robot that stands at the origin and heads along +x; all else is zero."""
    state = blank_state(scene, task)
    state.world_x_direction[..., 1] = 1.0
    state.upright[:] = 1.0
    state.position[..., 2] = task.robot.standing_height
    return state


def weighted_terms(
    scene: Scene, task: Task, previous: State, action: np.ndarray, state: State, dt: float = DT
) -> dict[str, np.ndarray]:
    """The terms of the reward for a step, with their weights (world, agent)."""
    rewards = TermSum(task.rewards(scene.info), scene.weights_of(task), state.upright.shape)
    rewards.compute(previous, action, state, dt, np.ones(state.upright.shape))
    assert (rewards.total == sum(rewards.values)).all()
    return dict(zip(rewards.names, rewards.values, strict=True))


def observe(scene: Scene, task: Task, state: State) -> np.ndarray:
    """The observation at the beginning of an episode (world, agent, n)."""
    idle = np.zeros((*state.upright.shape, len(task.robot.joints)))
    return Observer(task, scene.info, state).read(state, idle, state, DT)


def positions_of(robot: Robot, scaled: object) -> np.ndarray:
    """Positions of joints [rad, or m for a slide] that are -1 to 1 between their limits (1, 1, joints)."""
    scaling = JointScaling(robot)
    return scaling.middle + np.asarray(scaled) / scaling.gain


def speeds_of(robot: Robot, scaled: object) -> np.ndarray:
    """Speeds of joints [rad/s, or m/s for a slide] that are 1 for the fastest (1, 1, joints)."""
    return np.asarray(scaled) / JointScaling(robot).speed_gain
