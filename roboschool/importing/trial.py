"""Tries a robot out: how high it stands, whether it stays up, and which gains are stable."""

import dataclasses
import math
from dataclasses import dataclass

import numpy as np

from roboschool.mdp.actuator import Drive
from roboschool.mdp.effects import Placement
from roboschool.physics.checkpoint import Start
from roboschool.physics.stability import invert_inertia, measure_inertia
from roboschool.physics.worlds import World
from roboschool.robots.robot import Robot
from roboschool.scenes.scene import Agent, Scene
from roboschool.tasks.run import Run

SINKS = 0.1  # of its height: a robot that sinks by more has fallen
TILTS = math.radians(15.0)  # and one that tilts by more
CHECKS = 30  # timesteps between looks
HALF, FULL = (0.5, 1000), (1.0, 100)  # random actions: how large they are at most, and for how many steps
RANDOM = (HALF, HALF, HALF, FULL)  # runs of them
NEEDED = 3  # of the runs must pass


@dataclass(frozen=True)
class Trial:
    """What became of a robot that was told to keep its rest pose."""

    height: float  # of the trunk at the start [m]
    end_height: float  # [m]
    seconds: float  # until it fell, or the whole trial [s]
    is_standing: bool
    touching: tuple[str, ...]  # of its `feet`, those on the ground at the end
    worst_error: float  # of a joint at the end [rad or m]


def make_scene(robot: Robot) -> Scene:
    """Return a scene with nothing but a robot, in substeps as short as it asks for."""
    scene = Scene("trial", "One robot, to be tried out.", (Agent("robot_0", Run(robot), noise=0.0),))
    return dataclasses.replace(scene, substeps=robot.substeps(scene.timestep, scene.substeps))


def try_standing(robot: Robot, seconds: float) -> Trial:
    """Let a robot keep its rest pose on flat ground, with action 0."""
    scene = make_scene(robot)
    world = World(scene)
    try:
        command = Drive(robot).command(np.zeros((1, 1, len(robot.joints))))[0, 0].tolist()
        world.reset(Start((Placement((0.0, 0.0), 0.0, robot.pose),)))
        first, _ = world.read(0)
        height, roll, pitch = first["position"][2], *first["roll_pitch"]
        steps, values, passed = int(seconds / scene.timestep), first, 0
        is_standing = sound = True
        while passed < steps and is_standing:
            for _ in range(min(CHECKS, steps - passed)):
                world.step([command])
                passed += 1
            values, sound = world.read(0)
            tilt = max(abs(values["roll_pitch"][0] - roll), abs(values["roll_pitch"][1] - pitch))
            is_standing = sound and tilt < TILTS and abs(values["position"][2] - height) < SINKS * max(height, 0.05)
        touching = tuple(foot for foot, on in zip(robot.feet, values["foot_contacts"], strict=True) if on)
        error = float(np.abs(np.array(values["q"]) - robot.pose).max()) if sound else math.inf
        return Trial(height, values["position"][2], passed * scene.timestep, is_standing, touching, error)
    finally:
        world.close()


def try_random(robot: Robot, trunk: str) -> int:
    """Return how many runs of RANDOM, from the first on, leave the physics sound, the trunk's above all."""
    robot = dataclasses.replace(robot, trunk=trunk)
    world, drive, passed = World(make_scene(robot)), Drive(robot), 0
    try:
        for seed, (most, steps) in enumerate(RANDOM, 1):
            world.reset(Start((Placement((0.0, 0.0), 0.0, robot.pose),)))
            rng = np.random.default_rng(seed)
            for _ in range(steps):
                action = rng.uniform(-most, most, (1, 1, len(robot.joints)))
                world.step([drive.command(action)[0, 0].tolist()])
                if not world.read(0)[1]:
                    return passed
            passed += 1
        return passed
    finally:
        world.close()


def measure_joints(robot: Robot) -> tuple[np.ndarray, np.ndarray, float]:
    """Return inertias that each motor feels in the rest pose [kg m2 or kg], and the length of a substep [s].

    The first is with all other joints locked and the base held (joint,); the second is how much each motor accelerates
    each joint while everything else is free (joint, joint) [1/(kg m2)].
    """
    scene = make_scene(robot)
    world = World(scene)
    try:
        body = world.bodies[0]
        return measure_inertia(body), invert_inertia(body), scene.timestep / scene.substeps
    finally:
        world.close()
