"""Inputs that nobody has damaged yet, of each format: what comes with the package, and small ones that are made."""

import functools
import io
import itertools
import json
import struct
import tempfile
import zipfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from roboschool import paths
from roboschool.envs.parallel import ParallelEnv
from roboschool.learning.checkpoint import Plan, Progress, save_generator, write_checkpoint
from roboschool.learning.settings import Settings
from roboschool.policies.network import NetworkPolicy
from roboschool.tournament.entrants import read_entrants
from roboschool.tournament.match import EVERY, fingerprint, scene_hash, team_names
from roboschool.tournament.record import AgentResult, Match, Record, describe, write_match
from roboschool.tournament.sides import decide
from roboschool.tournament.trajectory import Recorder

CORNERS = ((0, 0, 0), (0.2, 0, 0), (0, 0.2, 0), (0, 0, 0.2), (0.1, 0.1, 0.2))
FACES = ((0, 2, 1), (0, 1, 4), (0, 3, 2), (1, 2, 3), (1, 4, 2))
LIBRARY = "newmtl skin\nKd 1 0.5 0.5\nmap_Kd skin.png\n"
HOLDER = """<robot name="pet"><link name="body">
<inertial><mass value="1"/><inertia ixx="0.1" iyy="0.1" izz="0.1"/></inertial>
<visual><geometry><mesh filename="{name}"/></geometry></visual>
<collision><geometry><mesh filename="{name}"/></geometry></collision>
</link></robot>"""
SHAPES = """<robot name="pet">
<material name="red"><color rgba="1 0 0 1"/></material>
<link name="torso"><inertial><origin xyz="0 0 0.1"/><mass value="2.5"/>
<inertia ixx="0.2" ixy="0.01" ixz="0" iyy="0.2" iyz="0" izz="0.3"/></inertial>
<visual><geometry><box size="0.4 0.3 0.2"/></geometry><material name="red"/></visual>
<collision><geometry><box size="0.4 0.3 0.2"/></geometry></collision>
<contact><lateral_friction value="0.9"/></contact></link>
<joint name="hip" type="revolute"><origin xyz="0 0 0.3" rpy="0 0.1 0"/><parent link="torso"/><child link="leg"/>
<axis xyz="0 0 2"/><limit lower="-0.5" upper="1.25" effort="10" velocity="5"/><dynamics damping="0.5"/></joint>
<link name="leg"><inertial><mass value="0.5"/><inertia ixx="0.01" iyy="0.01" izz="0.01"/></inertial>
<collision><geometry><cylinder radius="0.05" length="0.4"/></geometry></collision>
<collision><geometry><capsule radius="0.05" length="0.4"/></geometry></collision></link>
<joint name="spin" type="continuous"><parent link="leg"/><child link="wheel"/></joint>
<link name="wheel"><inertial><mass value="0.1"/><inertia ixx="0.01" iyy="0.01" izz="0.01"/></inertial>
<visual><geometry><mesh filename="pet.obj" scale="1 -1 0.5"/></geometry></visual>
<collision><geometry><mesh filename="pet.stl"/></geometry></collision></link>
</robot>"""


def urdfs() -> list[bytes]:
    """Return robots and props."""
    return [SHAPES.encode(), *(path.read_bytes() for path in paths.models().values())]


def cards() -> list[bytes]:
    """Return cards of robots."""
    return [path.read_bytes() for path in paths.robots().values()]


def scenes() -> list[bytes]:
    """Return files of scenes."""
    return [path.read_bytes() for path in paths.scenes().values()]


def objs() -> list[bytes]:
    """Return meshes as text, with and without a material."""
    points = "".join(f"v {x} {y} {z}\n" for x, y, z in CORNERS)
    faces = "".join(f"f {a + 1} {b + 1} {c + 1}\n" for a, b, c in FACES)
    textured = "".join(f"f {a + 1}/{a + 1}/1 {b + 1}/{b + 1}/1 {c + 1}/{c + 1}/1\n" for a, b, c in FACES)
    skin = "mtllib pet.mtl\no pet\nusemtl skin\n" + points + "vt 0 0\n" * len(CORNERS) + "vn 0 0 1\n" + textured
    square = "# two squares\ng box\n" + points + "f 1 2 3 4\ns off\nf -5 -4 -3\n"
    return [text.encode() for text in (points + faces, skin, square)]


def stls() -> list[bytes]:
    """Return binary meshes."""
    return [pack_stl([[0, 0, 0, *CORNERS[a], *CORNERS[b], *CORNERS[c]] for a, b, c in FACES[:n]]) for n in (4, 5)]


def pack_stl(triangles: Sequence[Sequence[Any]]) -> bytes:
    """Return triangles as a binary STL; the numbers of each are its normal and its corners."""
    flat = [[number for part in row for number in (part if isinstance(part, tuple) else (part,))] for row in triangles]
    return struct.pack("<80xI", len(flat)) + b"".join(struct.pack("<12fH", *row, 0) for row in flat)


def libraries() -> list[bytes]:
    """Return materials of a mesh."""
    return [LIBRARY.encode(), (LIBRARY + "newmtl other\nKd 0 0 1\nillum 2\n").encode()]


def write_meshes(folder: Path) -> None:
    """Write what URDFs and meshes of the corpus name."""
    Image.new("RGB", (8, 8)).save(folder / "skin.png")
    (folder / "pet.mtl").write_text(LIBRARY)
    (folder / "pet.obj").write_bytes(objs()[0])
    (folder / "pet.stl").write_bytes(stls()[0])


@functools.cache
def policies() -> list[bytes]:
    """Return policies of pong, which are small."""
    rng, made = np.random.default_rng(0), []
    for sizes in ((13, 2), (13, 8, 2), (13, 4, 4, 2)):
        layers = {}
        for i, (a, b) in enumerate(itertools.pairwise(sizes)):
            layers |= {f"layers.{i}.weight": rng.normal(size=(b, a)), f"layers.{i}.bias": rng.normal(size=b)}
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "policy.safetensors"
            NetworkPolicy({"mean": np.zeros(13), "scale": np.ones(13), **layers}).save(path)
            made.append(path.read_bytes())
    return made


def policy_cards() -> list[bytes]:
    """Return what stands beside policies."""
    return [path.with_suffix(".json").read_bytes() for path in paths.policies().values()]


def policy_names() -> list[bytes]:
    """Return what stands beside the policy of pong, which has names for it."""
    return [paths.policies()["pong"].with_suffix(".json").read_bytes()]


TENSORS = {"learner.mean": np.zeros((3, 4), np.float32), "rng": save_generator(np.random.default_rng(0))}


@functools.cache
def checkpoints() -> list[bytes]:
    """Return checkpoints with little in them."""
    plans = [
        Plan(scene, "roboschool/Pong-v1", options, ("paddle_0",), Settings(), seed=0, steps=100)
        for scene, options in (("pong", {}), ("pong", {"gravity": (1.0, 2.0), "game": {"name": "pong"}}))
    ]
    with tempfile.TemporaryDirectory() as folder:
        path, made = Path(folder) / "checkpoint.safetensors", []
        for plan in plans:
            write_checkpoint(path, plan, Progress(10, 1.5), TENSORS)
            made.append(path.read_bytes())
    return made


@functools.cache
def matches() -> list[bytes]:
    """Return short matches, in which nobody has failed."""
    return [_match(scene, steps) for scene, steps in (("pong", 8), ("ant_sumo", 4), ("pong", 0))]


def _match(scene: str, steps: int) -> bytes:
    """Return the file of a match between two who do nothing, stopped after some steps."""
    env = ParallelEnv(scene, max_cycles=max(1, steps))
    env.reset(seed=0)
    recorder, checksums, infos = Recorder(env.scene), [fingerprint(env.simulation)], dict[str, Any]()
    recorder.add(env.simulation)
    joints = {agent.name: len(agent.robot.joints) for agent in env.scene.agents}
    actions = {name: np.zeros((steps, count), np.float32) for name, count in joints.items()}
    returns = dict.fromkeys(joints, 0.0)
    for step in range(steps):
        _, rewards, _, _, infos = env.step({name: rows[step] for name, rows in actions.items()})
        recorder.add(env.simulation)
        returns = {name: returns[name] + rewards[name] for name in returns}
    checksums += [fingerprint(env.simulation)] * (steps > 0)
    entrants = read_entrants(env.scene, ["one=still", "two=random"])
    teams = team_names(env.scene, 2)
    outcomes = decide(env.scene, infos, returns, steps) if steps else {}
    lines = [
        AgentResult(name, i, outcomes[name].result if steps else 0.0, "late", 0.0, returns[name])
        for i, team in enumerate(teams)
        for name in team
    ]
    record = Record(
        scene=scene,
        scene_hash=scene_hash(env.scene),
        options={},
        seed=0,
        players=entrants,
        agents=tuple(lines),
        faults=(),
        steps=steps,
        every=EVERY,
        checksums=tuple(checksums),
        seconds=0.5,
        **describe(),
    )
    env.close()
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "m.rsmatch"
        write_match(path, Match(record, actions, recorder.trajectory()))
        return path.read_bytes()


def options() -> list[bytes]:
    """Return options as `--set` has them, one a line, after the scene that they are of."""
    return [
        b"ant\ngravity=3.7\nfriction=[0.5, 0.9]\nsubsteps=2",
        b"ant_sumo\nradius=3.0\nseconds=5.0",
        b'race\nlanes=["hopper", "ant/ant"]\nground=true',
        b"soccer\nplayers=1\ntimestep=0.01",
        b'pong\ngame={name = "pong"}\ncamera={eye=[0,0,3], target=[0,0.1,0]}',
    ]


def entrants() -> list[bytes]:
    """Return policies as a tournament takes them, one a line, after the scene that they are to play."""
    return [
        b"pong\nstill\nrandom\nscripted\npong",
        b"ant_sumo\na=still\nb=random\nant_sumo",
        b"kick_and_defend\nstill,random\nx=random,still",
    ]


def reports() -> list[bytes]:
    """Return what `roboschool bench --json` prints; the whole of it is large, so the scenes come in parts."""
    report = json.loads((Path(__file__).parents[2] / "docs" / "speed.json").read_text())
    scenes = report["scenes"]
    for row in scenes:
        row["rounds_us"] = {key: rounds[:2] for key, rounds in row["rounds_us"].items()}
    return [json.dumps(report | {"scenes": part}).encode() for part in (scenes[:1], scenes[1:3])]


def tournaments() -> list[bytes]:
    """Return folders of tournaments, each as what stands in `results.json`, a NUL, and what stands in its games."""
    folder = Path(__file__).parents[2] / "docs" / "ant_sumo"
    lines = (folder / "games.jsonl").read_bytes().splitlines(keepends=True)
    results = (folder / "results.json").read_bytes()
    return [results + b"\0" + b"".join(part) for part in (lines[:3], lines[:30], [])]


def pools() -> list[bytes]:
    """Return the index of a pool of opponents."""
    member = {"file": "00000_0.safetensors", "step": 0, "rating": 1200.0, "games": 2.0, "points": 1.0}
    index = {"version": 1, "learner": 1210.5, "members": [member, member | {"file": "00001_9.safetensors"}]}
    return [json.dumps(index).encode(), json.dumps(index | {"members": []}).encode()]


def repack(archive: dict[str, bytes]) -> bytes:
    """Return a zip archive."""
    whole = io.BytesIO()
    with zipfile.ZipFile(whole, "w") as written:
        for name, data in archive.items():
            written.writestr(zipfile.ZipInfo(name, (1980, 1, 1, 0, 0, 0)), data)
    return whole.getvalue()
