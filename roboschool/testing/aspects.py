"""What must hold for every robot and scene of a folder, aspect by aspect."""

import dataclasses
import hashlib
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np

from roboschool.errors import InvalidInput
from roboschool.evaluation import evaluate
from roboschool.importing.trial import try_standing
from roboschool.paths import as_path, policies
from roboschool.policies.resolve import SCRIPTED, resolve_policy
from roboschool.robots.robot import Robot, load_robot
from roboschool.scenes.loader import load_scene
from roboschool.scenes.scene import Scene
from roboschool.simulation.simulation import Simulation
from roboschool.testing.check import PROP, SCENE, find_kind
from roboschool.testing.episodes import episode_faults, play
from roboschool.testing.expectations import Expectation
from roboschool.testing.parts import method_faults
from roboschool.testing.suite import checker_faults
from roboschool.testing.trial import scene_of

CHECK = "check"  # the aspect that all others take for granted: what `roboschool check` finds
STEPS = 100  # of random actions at full effort
BEYOND = {"prismatic": 0.05}  # its limit a joint may be [m]; Bullet's limits give way
BEYOND_HINGE = 0.35  # [rad]
STANDS = 2.0  # without moving [s]


def find_aspects(path: Path, expected: Expectation) -> list[str]:
    """Return the aspects that apply to a file; only `CHECK` if it cannot be read."""
    try:
        kind = find_kind(path)
        robots = [] if kind == PROP else _robots(path)
    except Exception:  # by what a user's module raises, too: the check tells it
        return [CHECK]
    if kind == PROP:
        return [CHECK]
    standing = [] if kind == SCENE or not _holds_its_pose(robots[0]) else ["standing"]
    golden = ["golden"] if expected.golden else []
    score = ["score"] if expected.score is not None else []
    return [CHECK, *standing, "same_bits", "pure", "limits", "interfaces", *golden, *score]


def aspect_faults(name: str, path: Path, folder: Path, expected: Expectation) -> list[str]:
    """Return what is wrong with a file in one aspect other than `CHECK`.

    Args:
        name: of the aspect.
        path: of a card, a URDF or a scene.
        folder: where paths in `expected` begin.
        expected: of the file.
    """
    if name == "score":
        return list(_score_faults(load_scene(path), folder, expected))
    if name == "golden":
        return list(_golden_faults(_scene(path), expected))
    faults: dict[str, Callable[[Scene], list[str]]] = {
        "standing": _standing_faults,
        "same_bits": episode_faults,
        "pure": method_faults,
        "limits": _limit_faults,
        "interfaces": checker_faults,
    }
    return faults[name](_scene(path))


def golden_hash(scene: Scene) -> str:
    """Return a hash of all numbers of an episode of random actions, from seed 0.

    It holds for one kind of processor and one version of Bullet, numpy and the C library.
    """
    simulation = Simulation(scene)
    try:
        simulation.reset({0: 0})
        rng = np.random.default_rng(0)
        actions = [rng.uniform(-1, 1, (STEPS, *group.shape)) for group in simulation.groups]
        digest = hashlib.sha256()
        for step in play(simulation, actions):
            for what, numbers in step.items():
                digest.update(what.encode() + np.ascontiguousarray(numbers).tobytes())
        return digest.hexdigest()[:16]
    finally:
        simulation.close()


def _robots(path: Path) -> list[Robot]:
    return [agent.robot for agent in _scene(path).agents]


def _scene(path: Path) -> Scene:
    """Return the scene of a file, or one with the robot of a file."""
    return load_scene(path) if find_kind(path) == SCENE else scene_of(load_robot(path))


def _holds_its_pose(robot: Robot) -> bool:
    return all(spec.kind == "position" for spec in robot.actuators)


def _standing_faults(scene: Scene) -> list[str]:
    trial = try_standing(scene.agents[0].robot, STANDS)
    if trial.is_standing:
        return []
    return [f"with action 0 it falls after {trial.seconds:.1f} s: its pose, gains or effort do not hold it"]


def _limit_faults(scene: Scene) -> list[str]:
    """Return which joints random actions drive beyond their limits."""
    simulation = Simulation(dataclasses.replace(scene, steps=STEPS))
    try:
        simulation.reset({0: 0})
        rng = np.random.default_rng(0)
        worst = [np.full(group.state.q.shape[1:], -np.inf) for group in simulation.groups]
        for _ in range(STEPS):
            simulation.activate_all()
            simulation.step([rng.uniform(-1, 1, group.shape) for group in simulation.groups])
            for group, most in zip(simulation.groups, worst, strict=True):
                motors, q = group.task.robot.motors, group.state.q[..., : len(group.task.robot.joints)]
                most[:] = np.maximum(most, np.maximum(motors.lower - q, q - motors.upper)[0])
        faults = []
        for agent, (group, place) in zip(scene.agents, simulation.seats, strict=True):
            beyond = worst[simulation.groups.index(group)][place].tolist()
            for joint, most in zip(agent.robot.joints, beyond, strict=True):
                if most > BEYOND.get(joint.kind, BEYOND_HINGE):
                    unit = "m" if joint.kind == "prismatic" else "deg"
                    where = f"agent {agent.name!r}: joint {joint.name!r}"
                    faults.append(f"{where}: {joint.shown(most):.3g} {unit} beyond its limits, {joint.range}")
        return faults
    finally:
        simulation.close()


def _golden_faults(scene: Scene, expected: Expectation) -> Iterator[str]:
    found = golden_hash(scene)
    if found != expected.golden:
        yield f'the numbers of an episode have changed: golden = "{found}", not "{expected.golden}"'


def _score_faults(scene: Scene, folder: Path, expected: Expectation) -> Iterator[str]:
    agent = scene.agents[0]
    given = expected.policy or (scene.name if scene.name in policies() else SCRIPTED)
    if (folder / given).is_file():
        given = str(as_path(folder / given))
    try:
        policy = resolve_policy(given, scene.interface(agent), agent.policy, f"agent {agent.name!r}")
    except InvalidInput as error:
        yield str(error)
        return
    score = evaluate(policy, scene, expected.episodes)
    if expected.score is not None and score.score_mean < expected.score:
        what = f"mean return of {score.episodes} episodes"
        yield f"score: {score.score_mean:g} is less than {expected.score:g}, as the {what} (sd {score.score_sd:g})"
