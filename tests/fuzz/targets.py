"""What reads each format, and how what it has accepted is then used."""

import contextlib
import json
import os
import random
import socket
import struct
import zipfile
import zlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from io import BytesIO
from pathlib import Path
from typing import Any
from unittest import mock

import msgspec
import numpy as np

from fuzz import corpus
from fuzz.damage import Damage, damage, damage_json, damage_tree, dump
from roboschool import paths
from roboschool.bench.report import as_markdown, as_text, read_report
from roboschool.cli import contest
from roboschool.cli.options import read_options, split_options
from roboschool.cli.output import Output
from roboschool.errors import InvalidInput
from roboschool.learning import settings
from roboschool.learning.checkpoint import check_tensors, load_generator, read_checkpoint, write_checkpoint
from roboschool.multiplayer import client, protocol
from roboschool.multiplayer.barrier import WorldClosed
from roboschool.policies.network import read_network
from roboschool.policies.opponent_pool import OpponentPool
from roboschool.policies.resolve import check_fit
from roboschool.readers import read_json
from roboschool.rendering.camera import Camera
from roboschool.results import entry
from roboschool.robots.robot import Robot, find_driven, load_robot
from roboschool.robots.urdf import read_urdf
from roboschool.scenes.loader import load_scene
from roboschool.scenes.scene import Agent, Prop, Scene
from roboschool.simulation.simulation import Simulation
from roboschool.tasks.run import Run
from roboschool.tournament import report as results
from roboschool.tournament.entrants import read_entrants
from roboschool.tournament.page import make_page

STEPS = 3  # of the physics of what was accepted
PICTURE = (48, 32)  # width and height [pixels]
PAINTED = 0.1  # share of the inputs of which a picture is taken, which is slow
Drive = Callable[[bytes, Path], None]  # what is read, and a folder of its own


@dataclass(frozen=True)
class Target:
    """A format."""

    seeds: Callable[[], Sequence[bytes]]  # inputs that nobody has damaged
    drive: Drive  # reads an input, and uses it if it is accepted
    damage: Damage = damage
    refusals: tuple[type[Exception], ...] = (InvalidInput,)


def try_scene(scene: Scene, painted: bool) -> None:
    """Build a scene, let it move, and take a picture of it."""
    simulation = Simulation(scene)
    try:
        simulation.reset({0: 0})
        for _ in range(STEPS):
            simulation.step([np.ones(group.shape) for group in simulation.groups])
        if painted:
            with contextlib.closing(Camera(scene, *PICTURE)) as camera:
                camera.picture(simulation.worlds[0].capture(), simulation.markers())
    finally:
        simulation.close()


def _is_painted(data: bytes) -> bool:
    return random.Random(data).random() < PAINTED


def _try_robot(robot: Robot, painted: bool) -> None:
    try_scene(Scene("fuzz", "One robot.", (Agent("robot_0", Run(robot)),)), painted)


def urdf(data: bytes, folder: Path) -> None:
    """Read a URDF, and what meshes it names."""
    corpus.write_meshes(folder)
    path = folder / "pet.urdf"
    path.write_bytes(data)
    _try_urdf(path, _is_painted(data))


def _try_urdf(path: Path, painted: bool) -> None:
    model = read_urdf(path)
    if find_driven(model):
        _try_robot(load_robot(path), painted)
    else:
        company = load_scene("inverted_pendulum")
        try_scene(replace(company, props=(Prop("prop", model, (0.0, 0.0, 5.0)),)), painted)


def card(data: bytes, folder: Path) -> None:
    """Read a card, beside every URDF there is."""
    for path in paths.models().values():
        os.symlink(path, folder / path.name)
    (folder / "pet.toml").write_bytes(data)
    _try_robot(load_robot(folder / "pet.toml"), _is_painted(data))


def scene(data: bytes, folder: Path) -> None:
    """Read a scene."""
    (folder / "park.toml").write_bytes(data)
    try_scene(load_scene(folder / "park.toml"), _is_painted(data))


def mesh(name: str) -> Drive:
    """Return what reads a mesh, or what belongs to one."""

    def drive(data: bytes, folder: Path) -> None:
        corpus.write_meshes(folder)
        (folder / "pet.obj").write_bytes(corpus.objs()[1])
        (folder / name).write_bytes(data)
        shown = name if name.endswith("stl") else "pet.obj"
        (folder / "pet.urdf").write_text(corpus.HOLDER.format(name=shown))
        _try_urdf(folder / "pet.urdf", painted=True)

    return drive


def policy(data: bytes, folder: Path) -> None:
    """Read a policy, and let it act."""
    path = folder / "p.safetensors"
    path.write_bytes(data)
    network = read_network(path)
    network.reset(0)
    for observation in (np.zeros(len(network.mean)), np.full(len(network.mean), 1e6), np.full(len(network.mean), -1.0)):
        action = network.act(observation)
        if not (np.isfinite(action).all() and action.ndim == 1 and abs(action).max() <= 1.0):
            raise AssertionError(f"it acts {action}")


def policy_card(data: bytes, folder: Path) -> None:
    """Read what stands beside a policy, as far as a row has it."""
    path = folder / "pong.json"
    path.write_bytes(data)
    read_json(path, entry.Card)


def policy_names(data: bytes, folder: Path) -> None:
    """Read the names that stand beside a policy, and compare them with those of its agent."""
    path = folder / "p.safetensors"
    path.write_bytes(corpus.policies()[0])
    path.with_suffix(".json").write_bytes(data)
    scene = load_scene("pong")
    check_fit(read_network(path), scene.interface(scene.agents[0]))


def recipe(data: bytes, folder: Path) -> None:
    """Read the settings of a training that stand beside a policy."""
    path = folder / "pong.safetensors"
    path.with_suffix(".json").write_bytes(data)
    with mock.patch.object(settings, "policies", return_value={"pong": path}):
        settings.preset("pong")


def checkpoint(data: bytes, folder: Path) -> None:
    """Read the checkpoint of a training, as far as no worlds are needed."""
    path = folder / "checkpoint.safetensors"
    path.write_bytes(data)
    plan, progress, tensors = read_checkpoint(path)
    check_tensors(tensors, corpus.TENSORS)
    load_generator(np.random.default_rng(), tensors["rng"])
    write_checkpoint(path, plan, progress, tensors)


def match(data: bytes, folder: Path) -> None:
    """Read a match, draw it, and play it once more."""
    path = folder / "m.rsmatch"
    path.write_bytes(data)
    with _quiet():
        contest.run_replay(path, True, Output(picture=folder / "m.png", html=folder / "m.html", size="48x32"))


@contextlib.contextmanager
def _quiet() -> Any:
    with open(os.devnull, "w") as nowhere, contextlib.redirect_stdout(nowhere), contextlib.redirect_stderr(nowhere):
        yield


def tournament(data: bytes, folder: Path) -> None:
    """Read a tournament, and make its page."""
    summary, _, games = data.partition(b"\0")
    (folder / "results.json").write_bytes(summary)
    (folder / "games.jsonl").write_bytes(games)
    report = results.read_report(folder)
    if report.complete:
        make_page(report)
        with _quiet():
            contest.print_table(report)
    results.summarise(report.plan, report.results)


def pool(data: bytes, folder: Path) -> None:
    """Read a pool of opponents, and let one act."""
    (folder / "pool.json").write_bytes(data)
    for name in ("00000_0", "00001_9"):
        (folder / f"{name}.safetensors").write_bytes(corpus.policies()[0])
    for strategy in ("uniform", "prioritised"):
        opponents = OpponentPool(folder, strategy)
        if opponents.members:
            opponents.reset(0)
            opponents.act(np.zeros(13))
            opponents.record(1.0)


def options(data: bytes, folder: Path) -> None:
    """Read options of the command line."""
    name, *written = data.decode(errors="surrogateescape").split("\n")
    given, rules = split_options(name, read_options([text for text in written if text]))
    loaded = load_scene(name, **given)
    simulation = Simulation(loaded)
    try:
        simulation.reset({0: 0}, rules)
        simulation.step([np.zeros(group.shape) for group in simulation.groups])
    finally:
        simulation.close()


def entrants(data: bytes, folder: Path) -> None:
    """Read the policies of a tournament."""
    name, *written = data.decode(errors="surrogateescape").split("\n")
    for entrant in read_entrants(load_scene(name), written):
        json.dumps(entrant.name).encode()


def bench(data: bytes, folder: Path) -> None:
    """Read what a measurement has found, and show it."""
    (folder / "speed.json").write_bytes(data)
    report = read_report(folder / "speed.json")
    as_text(report)
    as_markdown(report)


KEY = bytes(32)
CHALLENGE = protocol.Challenge(protocol.VERSION, KEY)
SPACE = protocol.Space((2,), "<f4", np.full(2, -1, "<f4").tobytes(), np.ones(2, "<f4").tobytes())
ASKED: tuple[protocol.Message, ...] = (
    protocol.Answer(KEY, KEY),
    protocol.Hello("ant_0"),
    protocol.Hello(None),
    protocol.Reset(1, 7),
    protocol.Step(2, np.zeros(8).tobytes()),
    protocol.Look(3),
    protocol.Withdraw(),
    protocol.Ping(),
    protocol.Leave(),
)
WELCOMED = protocol.Welcome("ant_0", "roboschool/Ant-v1", ("late",), {"render_fps": 60}, "rgb_array", SPACE, SPACE)
TOLD: tuple[protocol.Message, ...] = (
    WELCOMED,
    protocol.ResetReply(1, np.zeros(2, "<f4").tobytes(), {"score": 1.0}),
    protocol.StepReply(2, np.zeros(2, "<f4").tobytes(), 1.5, False, True, {"score": 1.0, "more": [1, "a", None]}),
    protocol.Picture(3, 2, 3, bytes(18)),
    protocol.Pong(),
    protocol.Refused(4, False, "not now"),
    protocol.Closed("over"),
)
PROVED: tuple[protocol.Message, ...] = (CHALLENGE, protocol.Proof(KEY))
REFUSALS = (InvalidInput, protocol.Violation, WorldClosed)
FRAMES = (0, 1, 4, 2**10, 2**20, 2**20 + 1, 2**31, 2**32 - 1)  # lengths that a message may say it has


def damage_messages(rng: random.Random, data: bytes, other: bytes) -> bytes:
    """Return messages that are damaged as trees, in their lengths, or as bytes."""
    how = rng.random()
    if how < 0.3:
        return damage(rng, data, other)
    inbox, bodies = protocol.Inbox(), []
    inbox.put(data)
    while (body := inbox.take()) is not None:
        bodies.append(body)
    place = rng.randrange(len(bodies))
    try:
        body = msgspec.msgpack.encode(damage_tree(rng, msgspec.msgpack.decode(bodies[place])))
    except (ValueError, OverflowError, RecursionError, TypeError):  # what msgpack has no word for
        body = damage(rng, bodies[place], other)
    bodies[place] = body
    size = rng.choice(FRAMES) if how > 0.9 else len(body)
    return b"".join(protocol.LENGTH.pack(size if body is bodies[place] else len(body)) + body for body in bodies)


def asked(data: bytes, folder: Path) -> None:
    """Take what a player, or a stranger, says to the server."""
    for decoder in (protocol.FROM_STRANGERS, protocol.FROM_GUESTS, protocol.FROM_PLAYERS):
        inbox = protocol.Inbox()
        for start in range(0, len(data), 100):
            inbox.put(data[start : start + 100])
        while (body := inbox.take()) is not None:
            with contextlib.suppress(protocol.Violation):  # others may still expect it
                message = protocol.unpack(body, decoder)
                if isinstance(message, protocol.Step):
                    protocol.Numbers(protocol.ACTION, (8,)).unpack(message.action)
                elif isinstance(message, protocol.Answer):
                    protocol.is_proof(KEY, "player", KEY, message.nonce, message.proof)


def told(data: bytes, folder: Path) -> None:
    """Take what a server says to a player: first its welcome, then replies to whatever is asked."""
    ours, theirs = socket.socketpair()
    with ours, theirs:
        theirs.sendall(data[: 2**16])
        theirs.shutdown(socket.SHUT_WR)
        connection: Any = object.__new__(client.Connection)
        connection.timeout, connection.socket, connection._inbox = 1.0, ours, protocol.Inbox()
        with contextlib.suppress(OSError, WorldClosed):  # nothing comes any more
            seat = client.RemoteSeat(connection, client.Address(path="/"), connection.receive(protocol.WELCOME))
            seat.render_mode = "rgb_array"
            while not seat._closed:
                with contextlib.suppress(InvalidInput):
                    _ask(seat)


def _ask(seat: client.RemoteSeat) -> None:
    seat.reset()
    seat.step(np.zeros(seat.action_space.shape or ()))
    seat.render()


def proved(data: bytes, folder: Path) -> None:
    """Take what a server says before it is known."""
    for decoder in (protocol.GREETING, protocol.PROOF):
        inbox = protocol.Inbox()
        inbox.put(data)
        while (body := inbox.take()) is not None:
            with contextlib.suppress(protocol.Violation):
                protocol.unpack(body, decoder)


def messages(*series: Sequence[protocol.Message]) -> Callable[[], list[bytes]]:
    """Return what returns messages as they are sent."""
    return lambda: [b"".join(map(protocol.pack, some)) for some in series]


def damage_stl(rng: random.Random, data: bytes, other: bytes) -> bytes:
    """Return a mesh with other numbers, or other triangles, or damaged as bytes."""
    if rng.random() < 0.4 or len(data) < 134:
        return damage(rng, data, other)
    faces = [data[start : start + 50] for start in range(84, len(data), 50)]
    for _ in range(rng.choice((1, 2, 5))):
        place, corner = rng.randrange(len(faces)), rng.randrange(3, 12)
        number = rng.choice((0.0, 1e-30, 1e30, -1e5, 3e38, float("nan"), float("inf"), 1e-3, 2.0))
        face = bytearray(faces[place])
        struct.pack_into("<f", face, 4 * corner, number)
        faces[place] = bytes(face)
    if rng.random() < 0.3:
        faces = faces * rng.choice((0, 2, 50))
    return data[:80] + len(faces).to_bytes(4, "little") + b"".join(faces)


def damage_tensors(rng: random.Random, data: bytes, other: bytes) -> bytes:
    """Return a policy with another header, other numbers, or damaged as bytes."""
    how, size = rng.random(), int.from_bytes(data[:8], "little")
    head, body = data[8 : 8 + size], data[8 + size :]
    if how < 0.2:
        return damage(rng, data, other)
    if how < 0.6:
        head = damage_json(rng, head, other[8 : 8 + int.from_bytes(other[:8], "little")])
        return len(head).to_bytes(8, "little") + head + body
    numbers = bytearray(body)
    for _ in range(rng.choice((1, 3, 20))):
        number = rng.choice((float("nan"), float("inf"), 3e38, -3e38, 1e30, 0.0, 1e-45, 1e5))
        struct.pack_into("<f", numbers, 4 * rng.randrange(len(numbers) // 4), number)
    return data[: 8 + size] + bytes(numbers)


def damage_match(rng: random.Random, data: bytes, other: bytes) -> bytes:
    """Return a match with damage in what is packed, or damaged as bytes."""
    if rng.random() < 0.2:
        return damage(rng, data, other)
    parts, others = (_unpack(each) for each in (data, other))
    name = rng.choice(("match.json", "match.json", "match.json", "actions.npz", "trajectory.npz"))
    if name == "match.json":
        parts[name] = damage_json(rng, parts[name], others[name])
    elif rng.random() < 0.3:
        parts[name] = damage(rng, parts[name], others[name])
    else:
        tables = _unpack(parts[name])
        table = rng.choice(list(tables))
        tables[table] = _damage_table(rng, tables[table])
        parts[name] = corpus.repack(tables)
    if rng.random() < 0.05:
        parts[rng.choice(("more", name))] = b"x"
    return corpus.repack(parts)


def _damage_table(rng: random.Random, data: bytes) -> bytes:
    """Return an array with another number in it, or another header."""
    if rng.random() < 0.4 or len(data) <= 128:
        return damage(rng, data[:128], data) + data[128:]
    numbers = bytearray(data)
    number = rng.choice((float("nan"), 1e30, -1e30, 0.0, 1.0, 500.0, -1.0, 2.5))
    struct.pack_into("<f", numbers, 128 + 4 * rng.randrange((len(data) - 128) // 4), number)
    return bytes(numbers)


def _unpack(data: bytes) -> dict[str, bytes]:
    with zipfile.ZipFile(BytesIO(data)) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def damage_tournament(rng: random.Random, data: bytes, other: bytes) -> bytes:
    """Return a tournament with damage in its summary, or in a game, whose checksum is right again."""
    summary, _, games = data.partition(b"\0")
    lines = games.splitlines(keepends=True)
    how = rng.random()
    if how < 0.15:
        return damage(rng, data, other)
    if how < 0.5 or not lines:
        return damage_json(rng, summary, other.partition(b"\0")[0]) + b"\0" + games
    place = rng.randrange(len(lines))
    line = json.loads(lines[place])
    del line["check"]
    text = dump(rng, damage_tree(rng, line))[:-1]
    lines[place] = text + b',"check":"%08x"}\n' % zlib.crc32(text)
    return summary + b"\0" + b"".join(lines)


TARGETS = {
    "urdf": Target(corpus.urdfs, urdf),
    "card": Target(corpus.cards, card),
    "scene": Target(corpus.scenes, scene),
    "obj": Target(corpus.objs, mesh("pet.obj")),
    "mtl": Target(corpus.libraries, mesh("pet.mtl")),
    "stl": Target(corpus.stls, mesh("pet.stl"), damage_stl),
    "policy": Target(corpus.policies, policy, damage_tensors),
    "policy_card": Target(corpus.policy_cards, policy_card, damage_json),
    "policy_names": Target(corpus.policy_names, policy_names, damage_json),
    "recipe": Target(corpus.policy_cards, recipe, damage_json),
    "checkpoint": Target(corpus.checkpoints, checkpoint, damage_tensors),
    "match": Target(corpus.matches, match, damage_match),
    "tournament": Target(corpus.tournaments, tournament, damage_tournament),
    "pool": Target(corpus.pools, pool, damage_json),
    "options": Target(corpus.options, options),
    "entrants": Target(corpus.entrants, entrants),
    "bench": Target(corpus.reports, bench, damage_json),
    "asked": Target(messages(ASKED, ASKED[3:]), asked, damage_messages, REFUSALS),
    "told": Target(messages(TOLD, (WELCOMED, *TOLD[1:4]), (WELCOMED, TOLD[3])), told, damage_messages, REFUSALS),
    "proved": Target(messages(PROVED, PROVED[1:]), proved, damage_messages, REFUSALS),
}
