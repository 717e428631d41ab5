"""The state of agents with one task in a scene, of zeros: which quantities it has."""

from typing import Any

from roboschool.mdp.delay import Delay
from roboschool.mdp.state import State, TileState
from roboschool.mdp.task import Task, needs_of
from roboschool.scenes.scene import Scene
from roboschool.simulation.plan import Plan
from roboschool.simulation.sensor_memory import memory_size


def blank_state(scene: Scene, task: Task, worlds: int = 1, agents: int = 1) -> State:
    """Return a state of zeros for agents with a task in a scene."""
    needs, game, robot = needs_of(task, scene.info), scene.game, task.robot
    holds = any(agent.hold > 1 for agent in scene.agents if agent.task == task)
    sizes: dict[str, Any] = {
        "joints": len(robot.joints),
        "passive_joints": len(robot.passive_joints),
        "feet": len(robot.feet),
        "measured_feet": len(robot.feet) if needs.foot_forces else 0,
        "measured_links": len(robot.model.links) if needs.link_forces else 0,
        "touched": len(scene.agents) + len(scene.props) if needs.contacts else 0,
        "links": len(needs.link_heights),
        "actions": len(robot.joints) if needs.action or holds else 0,
        "props": len(scene.props) if needs.props else 0,
        "others": len(scene.agents) - 1 if needs.others else 0,
        "memory": task.memory,
        "own": memory_size(task, scene.info),
    }
    if scene.terrain is not None:
        sizes |= {"uneven": 1, "tile": TileState}
    if robot.is_late:
        sizes |= {
            "delays": len(robot.joints),
            "past_actions": Delay(robot, scene.timestep, scene.substeps).steps,
        }
    if scene.randomize is not None:
        plan = Plan(scene, task)
        sizes |= {"conditions": len(plan.names), "push": 2 * bool(plan.push), "noise": 2 * bool(plan.noise)}
    if needs.game and game is not None:
        sizes |= {"game": game.memory, "agent_stats": game.agent_stats}
    return State.blank(worlds, agents, **sizes)
