"""Tries out a robot, a prop or a scene: in random steps, and at the beginning of episodes."""

import dataclasses
from pathlib import Path

import numpy as np

from roboschool.errors import describe_error
from roboschool.mdp.game import UNDECIDED
from roboschool.physics.stability import check_gains
from roboschool.policies.resolve import resolve_policy
from roboschool.robots.motors import STRONGEST, strongest
from roboschool.robots.robot import Robot
from roboschool.scenes.agent_sensors import add_sensors
from roboschool.scenes.loader import load_scene
from roboschool.scenes.scene import Agent, Prop, Scene
from roboschool.simulation.actions import as_numbers
from roboschool.simulation.simulation import Simulation
from roboschool.tasks.run import Run
from roboschool.testing.cure import find_cure

STEPS = 100  # of random torques
LONGEST = 1000  # and no more if there is a game, which is otherwise played until its time is up
SHORT = 10  # of the episode in which a game is decided because its time is up
SEEDS = range(5)  # of the episodes whose beginning is looked at: where robots and props begin may be drawn
WITHOUT = {  # what becomes of a match whose game lacks it
    "reason": "results do not say why an episode ended",
    "result": "the side with the greatest return wins a match",
    "score": "a match shows returns instead",
}
GRAVITY = 9.8  # [m/s2]
CLOSE = 0.005  # between the standing height of a card and where the robot stands [m]


def trial(found: Robot | Prop | Scene) -> tuple[list[str], list[str]]:
    """Return what goes wrong when a robot, a prop or a scene is simulated with random actions, and notes."""
    if isinstance(found, Robot):
        return try_robot(found)
    if isinstance(found, Prop):
        company = load_scene("inverted_pendulum")  # a world has an agent
        return try_scene(dataclasses.replace(company, props=(found,), steps=STEPS))
    robots = {(agent.robot.name, agent.robot.model.path): agent.robot for agent in found.agents}
    faults = [(name, fault) for (name, _), robot in robots.items() for fault in try_robot(robot, found)[0]]
    problems, notes = try_scene(found)
    return [f"robot {name!r}: {fault}" for name, fault in faults] + problems, notes


def scene_of(robot: Robot) -> Scene:
    """Return a scene of one robot that runs with the sensors of its card, in substeps as short as it asks for.

    Raises:
        InvalidInput: a sensor is wrong.
    """
    scene = _scene_of(robot)
    return dataclasses.replace(scene, agents=(add_sensors(Path(), scene.info, scene.agents[0]),))


def _scene_of(robot: Robot) -> Scene:
    scene = Scene("check", "One robot, to be tried out.", (Agent("robot_0", Run(robot), noise=0.0),))
    return dataclasses.replace(scene, substeps=robot.substeps(scene.timestep, scene.substeps))


def try_robot(robot: Robot, timing: Scene | None = None) -> tuple[list[str], list[str]]:
    """Return what goes wrong with a robot that is alone, in substeps as long as those of a scene, and notes."""
    scene = scene_of(robot) if timing is None else _scene_of(robot)
    if timing is not None:
        scene = dataclasses.replace(scene, timestep=timing.timestep, substeps=timing.substeps)
    simulation = Simulation(scene)
    problems, notes = check_gains(simulation.worlds[0])
    notes += _absurd_efforts(robot)
    simulation.reset({0: 0})
    height = float(simulation.groups[0].state.position[0, 0, 2])
    if robot.standing_height and abs(height - robot.standing_height) > CLOSE:
        problems.append(
            f"standing_height: {robot.standing_height} m, but the trunk is {height:.4f} m high in its rest pose"
        )
    if simulation.groups[0].task.terminated(simulation.groups[0].state).any():
        problems.append("upright: the robot counts as fallen in its rest pose")
    problems += _play(simulation, STEPS, np.random.default_rng(0))
    simulation.close()
    return problems, notes


def _absurd_efforts(robot: Robot) -> list[str]:
    """Return which motors of a free robot are stronger than any that it could carry."""
    most = strongest(robot.mass * GRAVITY, robot.standing_height)
    if robot.fixed or most <= 0.0:
        return []
    text = f"{STRONGEST:g} times what lifts its {robot.mass:.3g} kg by an arm as long as it is high: is it meant?"
    return [
        f"joint {joint.name!r}: an effort of {torque:g} N m is absurd: more than {most:.3g} N m, {text}"
        for joint, torque in zip(robot.joints, robot.torque, strict=True)
        if joint.kind != "prismatic" and torque > most
    ]


def try_scene(scene: Scene) -> tuple[list[str], list[str]]:
    """Return what goes wrong in a scene, and notes."""
    simulation = Simulation(dataclasses.replace(scene, steps=count_steps(scene)))
    simulation.reset({0: 0})
    notes = _notes(simulation)
    problems = _unexplained(simulation) + _check_policies(simulation) + _overlaps(simulation)
    simulation.reset({0: 0})
    rng = np.random.default_rng(0)
    problems += _play(simulation, simulation.clock.limit, rng)
    if scene.game is not None and not simulation.clock.diverged:
        simulation.clock.limit = SHORT
        simulation.reset({0: 1})
        problems += _play(simulation, SHORT, rng)
        simulation.markers()
    simulation.close()
    return list(dict.fromkeys(problems)), notes


def count_steps(scene: Scene) -> int:
    """Return for how many steps a scene is tried out."""
    return STEPS if scene.game is None else min(scene.steps, LONGEST)


def _check_policies(simulation: Simulation) -> list[str]:
    """Return which policies that a scene names are not there, or do not fit."""
    problems = []
    for agent, (group, place) in zip(simulation.scene.agents, simulation.seats, strict=True):
        where = f"agent {agent.name!r}"
        if not agent.policy:
            continue
        try:
            policy = resolve_policy(agent.policy, simulation.scene.interface(agent), where=where)
            policy.reset(0)
            as_numbers(agent.name, policy.act(group.observation[0, place]), group.shape[2:])
        except Exception as error:  # of a user's policy
            problems.append(describe_error(error))
    return problems


def _overlaps(simulation: Simulation) -> list[str]:
    """Return which agents and props overlap at the start of an episode."""
    deepest: dict[tuple[str, str], float] = {}
    for seed in SEEDS:
        simulation.reset({0: seed})
        for one, other, depth in simulation.worlds[0].overlaps():
            deepest[one, other] = max(depth, deepest.get((one, other), 0.0))
    return [
        f"{one} and {other} overlap by {100.0 * depth:.1f} cm at the start: move them apart"
        for (one, other), depth in deepest.items()
    ]


def _play(simulation: Simulation, steps: int, rng: np.random.Generator) -> list[str]:
    """Return what goes wrong in some steps of random actions; a game that is over begins again."""
    faults: dict[str, str] = {}  # the first of each
    for step in range(steps):
        simulation.step([rng.uniform(-1, 1, g.shape) for g in simulation.groups])
        if simulation.clock.diverged:
            fault = f"diverged after {step + 1} steps of random actions at full effort"
            faults["the physics"] = f"{fault}; {find_cure(simulation.scene, STEPS)}"
            break
        faults = _faults(simulation) | faults
        late = simulation.clock.truncated[0]
        if simulation.scene.game is not None and (late or not any(g.active.any() for g in simulation.groups)):
            simulation.reset({0: None})
    return [f"{what} {fault}" for what, fault in faults.items()]


def _faults(simulation: Simulation) -> dict[str, str]:
    """Return the invalid results of tasks and game in the last step."""
    faults = {}
    for group in simulation.groups:
        task, names = f"task {type(group.task).__name__}", group.observer.fields
        for kind, terms in (("rewards()", group.rewards), ("costs()", group.costs)):
            for term, value in zip(terms.names, terms.values, strict=True):
                if not np.isfinite(value).all():
                    faults[f"{task}: {kind}: the term {term!r}"] = f"is {value[~np.isfinite(value)][0]}"
        for _, _, number in np.argwhere(~np.isfinite(group.observation)):
            faults[f"{task}: sensors(): number {number} ({names[number]})"] = "is not finite"
    game = simulation.scene.game
    if game is None:
        return faults
    where = f"game {type(game).__name__}: update():"
    for group, place in simulation.seats:
        reward = group.state.game_reward[0, place]
        if not np.isfinite(reward):
            faults[f"{where} the rewards"] = f"are {reward}"
        numbers = simulation.info.of_agent(group, place)
        result, score = numbers.get("result", 0.0), numbers.get("score", 0.0)
        if not -1.0 <= result <= 1.0:
            faults[f"{where} `result`"] = f"is {result:g}, not within -1 and 1"
        if not np.isfinite(score):
            faults[f"{where} `score`"] = f"is {score}"
    memory = dict(zip(simulation.game.memory_names, simulation.game.state.memory.array[0].tolist(), strict=True))
    reason = memory.get("reason", 0.0)
    if reason not in range(max(1, len(game.reasons))):
        faults[f"{where} `reason`"] = f"is {reason:g}, and `reasons` has {len(game.reasons)} words, from 0 on"
    over = bool(simulation.game.decided[0] or simulation.clock.truncated[0])
    if over and "reason" in memory and reason == UNDECIDED:
        faults[f"{where} `reason`"] = f"is still {UNDECIDED} when the episode is over"
    return faults


def _unexplained(simulation: Simulation) -> list[str]:
    """Return which numbers and terms tasks do not explain."""
    problems = []
    for group in simulation.groups:
        name = f"task {type(group.task).__name__}"
        unnamed = [number for number, field in enumerate(group.observer.fields) if not field.name]
        problems += [f"{name}: sensors(): number {number} has no name" for number in unnamed]
        for kind, terms in (("rewards()", group.rewards.terms), ("costs()", group.costs.terms)):
            problems += [f"{name}: {kind}: the term {term.name!r} has no `doc`" for term in terms if not term.doc]
    return problems


def _notes(simulation: Simulation) -> list[str]:
    """Return notes about optional parts that tasks and game lack."""
    silent = [type(group.task).__name__ for group in simulation.groups if not group.task.termination]
    notes = [f"task {name}: no `termination`, so the docs cannot say when it ends" for name in silent]
    game = simulation.scene.game
    if game is not None:
        for word, effect in WITHOUT.items():
            where = "memory" if word == "reason" else "agent_stats"
            if word not in getattr(game, where).quantities:
                notes.append(f"game {type(game).__name__}: no {word!r} in `{where}`: {effect}")
    return notes
