"""Recordings for pages, and what is in a page, read independently of its player."""

import base64
import json
import zlib
from contextlib import closing
from typing import Any

import numpy as np

from roboschool.envs.parallel import ParallelEnv
from roboschool.rendering.web.page import Recording, Seat
from roboschool.scenes.scene import Scene
from roboschool.tournament.trajectory import Recorder, Trajectory

STEPS = 40


def record(name: str) -> tuple[Scene, Trajectory, list[Any]]:
    """Return a scene, a trajectory of random actions, and snapshots of it."""
    with closing(ParallelEnv(name)) as env:
        env.reset(seed=3)
        recorder, rng, snapshots = Recorder(env.scene), np.random.default_rng(0), []
        for _ in range(STEPS):
            recorder.add(env.simulation)
            snapshots.append(env.simulation.worlds[0].capture())
            env.step({agent: rng.uniform(-1, 1, env.action_space(agent).shape) for agent in env.agents})
        return env.scene, recorder.trajectory(), snapshots


def recording(scene: Scene, seen: Trajectory, name: str = "still") -> Recording:
    seats = [Seat((number,), agent.name, name, "won") for number, agent in enumerate(scene.agents)]
    bodies = [*seen.bodies.values()]
    return Recording(scene, name, bodies, seen.markers, seen.scores, seen.rewards, seats, "time, 40 steps")


def unpack(page: str) -> tuple[dict[str, Any], dict[str, np.ndarray]]:
    """Return what is packed in a page, read independently of the player."""
    text = page.split('<script id="data" type="text/plain">')[1].split("</script>")[0]
    data = zlib.decompress(base64.b64decode(text))
    start = 4 + int.from_bytes(data[:4], "little")
    about, tables = json.loads(data[4:start]), {}
    for name, table in about["tables"].items():
        shape = table["columns"], table["rows"]
        planes = np.frombuffer(data, np.uint8, 4 * shape[0] * shape[1], start).reshape(4, *shape).astype(np.int64)
        start += planes.size
        folded = (planes * (256 ** np.arange(4))[:, None, None]).sum(0)
        changes = (folded >> 1) ^ -(folded & 1)
        tables[name] = changes.cumsum(1).cumsum(1).T * np.array(table["steps"])
    return about, tables
