"""Episodes as hashes: every bit of every step goes into them."""

import hashlib
import os
import pickle
import sys

import numpy as np

from roboschool import paths
from roboschool.scenes.loader import load_scene
from roboschool.scenes.scene_file import read_scene
from roboschool.simulation.simulation import Simulation

STEPS = 200


def name_scenes() -> list[str]:
    """Return all scenes, one that lists robots also with each but its own."""
    files = {name: read_scene(path) for name, path in paths.scenes().items()}
    others = [
        f"{robot}_{name}" for name, file in files.items() for robot in file.robots if robot != file.agent[0].robot
    ]
    return sorted([*files, *others])


SCENES = name_scenes()


def parts_of(name: str) -> set[str]:
    """Return what a scene is made of: its robots, tasks and game, and whether agents share it."""
    scene = load_scene(name)
    parts = {f"robot {agent.robot.name}" for agent in scene.agents}
    parts |= {f"task {type(agent.task).__name__}" for agent in scene.agents}
    return parts | {f"game {type(scene.game).__name__}", f"agents {len(scene.agents) > 1}"}


def choose_typical() -> list[str]:
    """Return the fewest scenes, about, with every robot, task and game; with ROBOSCHOOL_EVERY_SCENE all of them."""
    if os.environ.get("ROBOSCHOOL_EVERY_SCENE"):
        return SCENES
    parts, chosen = {name: parts_of(name) for name in SCENES}, []
    missing = set.union(*parts.values())
    while missing:
        best = max(SCENES, key=lambda name: len(parts[name] & missing))
        chosen.append(best)
        missing -= parts[best]
    return sorted(chosen)


TYPICAL = choose_typical()


def actions(simulation: Simulation, generator: np.random.Generator, world: int = 0) -> list[np.ndarray]:
    """Random actions for every group, the same in every world."""
    shapes = [group.shape for group in simulation.groups]
    return [np.broadcast_to(generator.uniform(-1, 1, (1, *shape[1:])), shape) for shape in shapes]


def tell(simulation: Simulation, seed: int = 7, steps: int = STEPS, world: int = 0, go_on: bool = False) -> str:
    """Run an episode with seeded random actions and return its hash; robots that fall stay and are pushed around."""
    generator = np.random.default_rng(seed)
    digest = hashlib.sha256()
    if not go_on:
        simulation.reset(dict.fromkeys(range(len(simulation.worlds)), seed))
    for _ in range(steps):
        chosen = actions(simulation, generator)
        simulation.activate_all()  # fallen robots fight on: the more contacts the better
        simulation.step(chosen)
        assert not simulation.clock.diverged
        snapshot = simulation.worlds[world].capture()
        digest.update(pickle.dumps((snapshot.bases, snapshot.joints), protocol=4))
        for group in simulation.groups:
            digest.update(np.ascontiguousarray(group.observation[world]).tobytes())
            digest.update(np.ascontiguousarray(group.rewards.total[world]).tobytes())
    return digest.hexdigest()


def step_beside(many: Simulation, alone: list[Simulation], actions: list[np.ndarray]) -> None:
    """Step a batch, and each of its worlds alone, and compare them bit for bit."""
    many.step(actions)
    for world, one in enumerate(alone):
        one.step([action[world : world + 1] for action in actions])
        for together, apart in zip(many.groups, one.groups, strict=True):
            assert together.observation[world].tobytes() == apart.observation[0].tobytes()
            assert together.rewards.total[world].tobytes() == apart.rewards.total[0].tobytes()
            assert together.terminated[world].tobytes() == apart.terminated[0].tobytes()


if __name__ == "__main__":  # prints the story of each scene, in a fresh process
    for name in sys.argv[1:]:
        print(name, tell(Simulation(load_scene(name))))
