"""Finds what would keep a simulation from diverging, by trying it."""

import dataclasses
from collections.abc import Iterable, Iterator
from typing import Any

import numpy as np

from roboschool.physics.stability import measure_inertia
from roboschool.robots.robot import Robot
from roboschool.scenes.scene import Agent, Scene
from roboschool.simulation.simulation import Simulation

SHARES = (0.5, 0.25, 0.1, 0.03)  # of the effort, or of the gains
FACTORS = (2, 4, 8)  # times the substeps
GAINS = ("kp", "kd")


def find_cure(scene: Scene, steps: int) -> str:
    """Return what to change in a scene that diverges in random actions at full effort, and why.

    Args:
        scene: with its robots.
        steps: how many must pass without harm.
    """
    cures = []
    for share in SHARES:
        if _survives(_scaled(scene, share, effort=True), steps):
            cures.append(f"at {share:g} of the effort (torque, or effort of its actuators)")
            break
    for share in SHARES if any(agent.robot.has_feedback for agent in scene.agents) else ():
        if _survives(_scaled(scene, share, effort=False), steps):
            cures.append(f"at {share:g} of the gains kp and kd")
            break
    for factor in FACTORS:
        if _survives(dataclasses.replace(scene, substeps=factor * scene.substeps), steps):
            count = factor * scene.substeps
            cures.append(f"in {count} substeps instead of {scene.substeps} (substep = {scene.timestep / count:.2g} s)")
            break
    what = (
        f"it does not {', or '.join(cures)}"
        if cures
        else "neither less effort nor more substeps help: look at masses, inertias and damping"
    )
    return f"{what}. {_lightest(scene)}"


def _survives(scene: Scene, steps: int) -> bool:
    simulation = Simulation(scene)
    try:
        simulation.reset({0: 0})
        rng = np.random.default_rng(0)
        for _ in range(steps):
            simulation.activate_all()
            simulation.step([rng.uniform(-1, 1, group.shape) for group in simulation.groups])
            if simulation.clock.diverged:
                return False
        return True
    finally:
        simulation.close()


def _scaled(scene: Scene, share: float, effort: bool) -> Scene:
    """Return a scene whose robots have a share of their effort, or of their gains."""

    def scaled(robot: Robot) -> Robot:
        if effort:
            return dataclasses.replace(robot, torque=tuple(share * torque for torque in robot.torque))
        specs = [
            dataclasses.replace(spec, parameters=tuple(_gains(spec.parameters, share))) for spec in robot.actuators
        ]
        return dataclasses.replace(robot, actuators=tuple(specs))

    agents = [_with_robot(agent, scaled(agent.robot)) for agent in scene.agents]
    return dataclasses.replace(scene, agents=tuple(agents))


def _gains(parameters: Iterable[tuple[str, Any]], share: float) -> Iterator[tuple[str, Any]]:
    for key, value in parameters:
        yield key, share * value if key in GAINS and isinstance(value, float) else value


def _with_robot(agent: Agent, robot: Robot) -> Agent:
    return dataclasses.replace(agent, task=dataclasses.replace(agent.task, robot=robot), policy="")


def _lightest(scene: Scene) -> str:
    """Return a sentence about the joint that its motor accelerates most."""
    simulation = Simulation(scene)
    try:
        found = [
            (effort / inertia, joint, effort, inertia)
            for body in simulation.worlds[0].bodies
            for joint, effort, inertia in zip(body.robot.joints, body.robot.torque, measure_inertia(body), strict=True)
        ]
    finally:
        simulation.close()
    _, joint, effort, inertia = max(found, key=lambda row: row[0])
    force, load = ("N", "kg") if joint.kind == "prismatic" else ("N m", "kg m2")
    return f"Lightest for its effort is joint {joint.name!r}: {effort:.3g} {force} on {inertia:.2g} {load}"
