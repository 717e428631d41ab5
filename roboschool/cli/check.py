"""Checks a robot or a scene, and tries it out in a process of its own."""

import dataclasses
import subprocess
import sys
from pathlib import Path

import click
import numpy as np

from roboschool import files
from roboschool.files import InvalidInput
from roboschool.policy import load_policy
from roboschool.robot import Robot, load_robot
from roboschool.scene import Agent, Scene, load_scene
from roboschool.simulation import Simulation
from roboschool.tasks.run import Run

STEPS = 100  # of random torques
PATIENCE = 30.0  # for the trial [s]
CLOSE = 0.005  # between the stance of a card and where the robot stands [m]


def check_file(file: Path) -> int:
    """Check a file and print what was found; return 0 if all is well, else 1.

    Raises:
        InvalidInput: the file is wrong.
    """
    found = _load(file)
    scene = _scene_of(found) if isinstance(found, Robot) else found
    if isinstance(found, Robot):
        _describe(found)
    else:
        click.echo(f"{scene.id}: {scene.summary}")
        for agent in scene.agents:
            click.echo(f"  {agent.name:16} {agent.robot.name}")
        for agent in scene.agents:
            if agent.policy:
                load_policy(agent.policy, f"{file}: agent {agent.name!r}")
    problems = _try(file)
    if file.suffix == ".toml" and not files.NAME.fullmatch(file.stem):
        problems.append("not found by its name, which is not lower case with digits and underscores, like 'my_robot'")
    for problem in problems:
        click.echo(f"{file}: {problem}", err=True)
    if not problems:
        click.echo(f"{file}: all is well; {STEPS} steps of random torques went by")
    return 1 if problems else 0


def _load(file: Path) -> Robot | Scene:
    if file.suffix == ".urdf":
        return load_robot(file)
    if file.suffix != ".toml":
        raise InvalidInput(f"{file}: neither a .urdf nor a .toml")
    is_scene = bool({"summary", "agent", "lanes"} & set(files.parse_toml(file)))
    return load_scene(file.resolve()) if is_scene else load_robot(file.resolve())


def _scene_of(robot: Robot) -> Scene:
    """Return a scene with the robot alone."""
    return Scene("check", "One robot, to be tried out.", (Agent("robot_0", Run(robot), noise=0.0),))


def _describe(robot: Robot) -> None:
    held = (
        "bolted to the world" if robot.fixed and not robot.planar else "held in its plane" if robot.planar else "free"
    )
    click.echo(f"{robot.name}: {robot.mass:.3f} kg, {len(robot.model.links)} links, trunk {robot.trunk!r}, {held}")
    click.echo(f"  {'joint':20}{'limits':>20}{'rest':>9}{'torque':>9}")
    for joint, torque, rest in zip(robot.joints, robot.torque, robot.pose, strict=True):
        click.echo(f"  {joint.name:20}{joint.range:>20}{joint.shown(rest):>9.1f}{torque:>9.4g}")


def _try(file: Path) -> list[str]:
    """Return what goes wrong when the file is simulated; even a crash of Bullet is only a finding."""
    command = [sys.executable, "-m", __name__, str(file)]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=PATIENCE, check=False)
    except subprocess.TimeoutExpired:
        return [f"{STEPS} steps take more than {PATIENCE:g} s"]
    if done.returncode < 0:
        return [f"Bullet crashed (signal {-done.returncode})"]
    if done.returncode:
        return [(done.stderr.strip().splitlines() or ["it failed"])[-1]]
    return done.stdout.splitlines()


def trial(found: Robot | Scene) -> list[str]:
    """Return what goes wrong when a robot or a scene is simulated with random torques."""
    problems = []
    if isinstance(found, Robot):
        simulation = Simulation(_scene_of(found))
        simulation.reset({0: 0})
        height = float(simulation.groups[0].now.position[0, 0, 2])
        if found.stance and abs(height - found.stance) > CLOSE:
            problems.append(
                f"stance: {found.stance} m, but in its rest pose the trunk is {height:.4f} m above the ground"
            )
        fallen = simulation.groups[0].task.over(simulation.groups[0].now)
        if fallen.any():
            problems.append("upright: the robot counts as fallen in its rest pose")
    else:
        simulation = Simulation(dataclasses.replace(found, steps=STEPS))
        simulation.reset({0: 0})
    for one, other in simulation.worlds[0].overlaps():
        problems.append(f"{one} and {other} begin inside each other: give them other spots")
    generator = np.random.default_rng(0)
    for step in range(STEPS):
        simulation.step([generator.uniform(-1, 1, (*g.live.shape, len(g.torque))) for g in simulation.groups])
        if simulation.broken:
            problems.append(f"the physics blew up after {step + 1} steps of random torques")
            break
    simulation.close()
    return problems


if __name__ == "__main__":
    for found_problem in trial(_load(Path(sys.argv[1]))):
        click.echo(found_problem)
