"""Proves that a refactoring changes no bit: python tools/golden.py [--write] [SCENE ...]

Every scene runs with random actions through every face: one agent's env, the world of all agents, a vector env in this
process, and one in a worker. Hashed are observations, rewards, ends of episodes and what Bullet says of base and
joints. The hashes hold for one processor and one version of Bullet, numpy and the C library: on another machine write
them anew from the commit that the refactoring began with, then check.
"""

import hashlib
import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click
import numpy as np
import pybullet

import roboschool
from roboschool import paths

SEEDS, STEPS, COPIES = (0, 1, 2), 300, 2
FILE = Path(__file__).with_name("golden.json")


class Hashes:
    """One hash for each kind of number."""

    def __init__(self) -> None:
        self.kinds = {kind: hashlib.sha256() for kind in ("observation", "reward", "end", "bodies")}

    def add(self, observation: Any, reward: Any, terminated: Any, truncated: Any) -> None:
        self.kinds["observation"].update(np.ascontiguousarray(observation, np.float32).tobytes())
        self.kinds["reward"].update(np.ascontiguousarray(reward, np.float64).tobytes())
        self.kinds["end"].update(np.ascontiguousarray([terminated, truncated], bool).tobytes())

    def add_bodies(self, client: int) -> None:
        """Add base and joints of every body, as Bullet tells them."""
        for number in range(pybullet.getNumBodies(client)):
            body = pybullet.getBodyUniqueId(number, client)
            joints = range(pybullet.getNumJoints(body, client))
            position, turn = pybullet.getBasePositionAndOrientation(body, client)
            velocity, spin = pybullet.getBaseVelocity(body, client)
            states = pybullet.getJointStates(body, joints, client) if joints else ()
            numbers = [*position, *turn, *velocity, *spin, *(x for state in states for x in state[:2])]
            self.kinds["bodies"].update(np.array(numbers).tobytes())

    def text(self) -> dict[str, str]:
        return {kind: digest.hexdigest()[:16] for kind, digest in self.kinds.items()}


def single(name: str) -> Hashes:
    """One agent, and policies for the others."""
    hashes, env = Hashes(), roboschool.AgentEnv(name)
    for seed in SEEDS:
        rng = np.random.default_rng(seed)
        hashes.add(env.reset(seed=seed)[0], 0.0, False, False)
        for _ in range(STEPS):
            observation, reward, terminated, truncated, _ = env.step(rng.uniform(-1, 1, env.action_space.shape))
            hashes.add(observation, reward, terminated, truncated)
            hashes.add_bodies(env.simulation.worlds[0].client)
            if terminated or truncated:
                hashes.add(env.reset()[0], 0.0, False, False)
    env.close()
    return hashes


def world(name: str) -> Hashes:
    """All agents of a world; those that are out stay out."""
    hashes, env = Hashes(), roboschool.parallel_env(name)
    for seed in SEEDS:
        rng = np.random.default_rng(seed)
        seen, _ = env.reset(seed=seed)
        for _ in range(STEPS):
            if not env.agents:
                seen, _ = env.reset()
            actions = {agent: rng.uniform(-1, 1, env.action_space(agent).shape) for agent in env.agents}
            seen, rewards, terminated, truncated, _ = env.step(actions)
            for agent in seen:
                hashes.add(seen[agent], rewards[agent], terminated[agent], truncated[agent])
            hashes.add_bodies(env.simulation.worlds[0].client)
    env.close()
    return hashes


def vector(name: str, workers: int = 0) -> Hashes:
    """Several copies, whose episodes follow one another."""
    hashes, env = Hashes(), roboschool.VectorEnv(name, COPIES, workers)
    for seed in SEEDS:
        rng = np.random.default_rng(seed)
        hashes.add(env.reset(seed=seed)[0], 0.0, False, False)
        for _ in range(STEPS):
            observation, reward, terminated, truncated, _ = env.step(rng.uniform(-1, 1, env.action_space.shape))
            hashes.add(observation, reward, terminated, truncated)
            for bodies in () if workers else env.simulation.worlds:
                hashes.add_bodies(bodies.client)
    env.close()
    return hashes


def golden(scenes: tuple[str, ...]) -> Iterator[tuple[str, dict[str, dict[str, str]]]]:
    """Go through scenes and the hashes of their faces."""
    for name in scenes or sorted(paths.scenes()):
        copies, workers = vector(name), vector(name, 1)
        del workers.kinds["bodies"]  # they are in another process
        faces = {"single": single(name), "world": world(name), "vector": copies, "workers": workers}
        yield name, {face: hashes.text() for face, hashes in faces.items()}


@click.command(help=__doc__)
@click.argument("scenes", nargs=-1)
@click.option("--write", is_flag=True, help="Write the hashes instead of checking them.")
@click.option("--file", type=click.Path(path_type=Path), default=FILE, help="Where they are.")
def main(scenes: tuple[str, ...], write: bool, file: Path) -> None:
    known = json.loads(file.read_text()) if file.is_file() else {}
    differ = 0
    for name, faces in golden(scenes):
        found = [
            f"{face}: {kind}"
            for face, kinds in faces.items()
            for kind, digest in kinds.items()
            if known.get(name, {}).get(face, {}).get(kind) != digest
        ]
        if write:
            known[name] = faces
        differ += bool(found)
        told = "written" if write else f"DIFFERS: {', '.join(found)}" if found else "as before"
        print(f"{name:28}{told}", flush=True)
    if write:
        file.write_text(json.dumps(known, indent=1, sort_keys=True) + "\n")
    sys.exit(bool(differ and not write))


if __name__ == "__main__":
    main()
