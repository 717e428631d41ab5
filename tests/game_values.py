"""What the state of a game is when an episode has begun, and what players observe in a state of a test."""

import numpy as np
from task_values import DT

from roboschool.mdp.game import Game, GameState
from roboschool.mdp.state import State
from roboschool.mdp.task import Task, fields_of
from roboschool.scenes.loader import load_scene
from roboschool.scenes.scene import Scene
from roboschool.simulation.blank_state import blank_state


def begun_game(game: Game, worlds: int = 1, steps_left: float = 100.0) -> GameState:
    """The state of a game as an episode begins: all stand, at the middle of the world."""
    agents, props = len(game.scene.agents), len(game.scene.props)
    sizes = {"agents": agents, "props": props, "bodies": agents + props}
    state = GameState.blank(worlds, **sizes, memory=game.memory, agent_stats=game.agent_stats)
    state.upright[:], state.steps_left[:] = 1.0, steps_left
    for world in range(worlds):
        game.reset(world, state.memory.at(world), state.agent_stats.at(world), np.random.default_rng(world))
    return state


def begun_player(game: Game, scene: Scene, task: Task, agents: int = 1) -> State:
    """The state of players when an episode of a game begins: zeros but for what the game remembers."""
    state = blank_state(scene, task, 1, agents)
    state.game.array[:] = begun_game(game).memory.array[:, None]
    return state


def numbers(scene: Scene, task: Task, state: State) -> np.ndarray:
    """The observation at the beginning of an episode, neither rounded nor clipped (world, agent, n)."""
    columns, idle = [], np.zeros((*state.upright.shape, len(task.robot.joints)))
    for sensor in task.sensors(scene.info):
        picks = [field.pick for field in sensor.fields(task.robot, scene.info)]
        if all(picks):
            columns += [
                (getattr(state, pick.quantity)[(..., *pick.index)] - pick.offset) * pick.scale for pick in picks if pick
            ]
        else:
            columns += list(np.moveaxis(sensor.read(state, idle, state, DT), -1, 0))
    return np.stack(columns, axis=-1)


def names_of(scene: Scene, task: Task) -> list[str]:
    """What each number of an observation is."""
    return [str(field) for field in fields_of(task, scene.info)]


def names_in(name: str, agent: int = 0) -> list[str]:
    """What each number that an agent of a shipped scene observes is."""
    scene = load_scene(name)
    return names_of(scene, scene.agents[agent].task)
