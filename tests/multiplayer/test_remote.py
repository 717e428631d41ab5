"""Seats for other programs: every row of the table of failures, what strangers may try, the same bits, no leftovers."""

import gc
import json
import os
import re
import secrets
import shutil
import signal
import socket
import stat
import subprocess
import sys
import textwrap
import threading
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import gymnasium
import msgspec
import numpy as np
import pytest
import torch
from folders import TESTS
from gymnasium.utils.env_checker import check_env
from seats import play, play_dicts, together
from waits import LONG, until

from roboschool.cli.main import main
from roboschool.envs.parallel import ParallelEnv
from roboschool.errors import InvalidInput
from roboschool.multiplayer import entrance
from roboschool.multiplayer.address import Address, call, read_address
from roboschool.multiplayer.barrier import WorldClosed
from roboschool.multiplayer.client import PINGS, Connection, RemoteSeat, connect
from roboschool.multiplayer.protocol import (
    GREETING,
    LARGEST,
    LARGEST_OF_STRANGERS,
    LENGTH,
    Answer,
    Look,
    Message,
    Numbers,
    Pong,
    Reset,
    Step,
    Violation,
    pack,
    unpack,
)
from roboschool.multiplayer.server import Server

SOON = 0.3  # timeout of worlds that are meant to run into it [s]
PAIR = ("hopper", "hopper")
ONE, TWO = "hopper_0", "hopper_1"
STILL = np.zeros(3)
COMMAND = [sys.executable, "-W", "error", "-m", "roboschool.cli", "serve"]

Host = Callable[..., Server]
TAKEN: list[RemoteSeat] = []  # seats, to be left after each test


def sit(address: object, *arguments: Any, **options: Any) -> RemoteSeat:
    seat = connect(str(address), *arguments, **options)
    TAKEN.append(seat)
    return seat


@pytest.fixture(autouse=True)
def leave() -> Iterator[None]:
    yield
    while TAKEN:
        TAKEN.pop().close()


@pytest.fixture
def host() -> Iterator[Host]:
    """Starts servers in threads of this process; two hoppers unless something else is said."""
    started: list[tuple[Server, threading.Thread]] = []

    def start(scene: str = "race", **options: Any) -> Server:
        if scene == "race":
            options = {"lanes": PAIR, "max_cycles": 6, **options}
        server = Server(scene, **{"join_timeout": LONG, "step_timeout": LONG, **options})
        thread = threading.Thread(target=server.run, daemon=True)
        thread.start()
        started.append((server, thread))
        return server

    yield start
    for server, thread in started:
        server.stop("the test is over")
        thread.join(LONG)
        assert not thread.is_alive()
        assert not server.listener.folder.exists()


def pair(server: Server) -> tuple[RemoteSeat, RemoteSeat]:
    return sit(server.listener.address, ONE), sit(server.listener.address, TWO)


def error_of(call: Callable[[], Any], kind: type[Exception]) -> str:
    with pytest.raises(kind) as raised:
        call()
    return str(raised.value)


def program(code: str, *arguments: object) -> "subprocess.Popen[str]":
    """A program of another user."""
    lines = f"import os, signal, sys\nsys.path.insert(0, {str(TESTS)!r})\n" + textwrap.dedent(code)
    command = [sys.executable, "-c", lines, *map(str, arguments)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, text=True)


def says(process: "subprocess.Popen[str]") -> str:
    said, _ = process.communicate(timeout=LONG)
    return said


# The table of failures, row by row


def test_the_world_closes_when_a_seat_stays_empty(host: Host) -> None:
    server = host(join_timeout=SOON)
    seat = sit(server.listener.address, ONE)
    text = error_of(seat.reset, WorldClosed)
    assert (
        text == f"the world is closed: no reset in {SOON:g} s, waiting for {TWO}; each seat needs a thread of its own"
    )
    assert error_of(seat.reset, WorldClosed) == text


def test_a_default_policy_takes_a_seat_that_stays_empty(host: Host) -> None:
    server = host(join_timeout=SOON, default_policies={TWO: "still"})
    seat = sit(server.listener.address)
    seat.reset(seed=1)
    assert server.barrier.substituted == [TWO]
    while not any(seat.step(STILL)[2:4]):
        pass
    seat.reset()
    assert "is taken; free: none" in error_of(lambda: sit(server.listener.address, TWO), InvalidInput)


def test_the_first_reset_waits_for_all_and_one_seed(host: Host) -> None:
    one, two = pair(host())
    texts = together(lambda: one.reset(seed=1), lambda: two.reset(seed=2))
    for text in texts:
        assert isinstance(text, InvalidInput)
        assert "'hopper_0' asks for 1, 'hopper_1' asks for 2" in str(text)
    (first, _), (second, _) = together(lambda: one.reset(seed=1), two.reset)
    with closing(ParallelEnv("race", lanes=PAIR)) as world:
        expected = world.reset(seed=1)[0]
    np.testing.assert_array_equal([first, second], [expected[ONE], expected[TWO]])


def test_a_program_that_hangs_loses_its_seat(host: Host) -> None:
    server = host(step_timeout=SOON)
    code = """
        import roboschool
        seat = roboschool.connect(sys.argv[1], "hopper_1")
        seat.reset()
        os.kill(os.getpid(), signal.SIGSTOP)
        try:
            seat.step([0, 0, 0])
        except roboschool.WorldClosed as error:
            print(error)
    """
    other = program(code, server.listener.address)
    try:
        seat = sit(server.listener.address, ONE)
        seat.reset()
        results = [seat.step(STILL) for _ in range(6)]
        assert results[-1][3], "the others go on"
        reason = f"lost its seat: no action in {SOON:g} s; each seat needs a thread of its own"
        assert server.barrier.forfeits == [(1, 0, TWO, reason)]
        seat.reset()
    finally:
        other.send_signal(signal.SIGCONT)
    assert says(other) == f"agent '{TWO}' {reason}\n"


def test_a_program_that_is_killed_loses_its_seat(host: Host) -> None:
    server = host(max_cycles=30)
    code = """
        import roboschool
        seat = roboschool.connect(sys.argv[1], "hopper_1")
        seat.reset()
        for _ in range(4):
            seat.step([0, 0, 0])
        os.kill(os.getpid(), signal.SIGKILL)
    """
    other = program(code, server.listener.address)
    seat = sit(server.listener.address, ONE)
    for episode in range(2):
        seat.reset(seed=episode)
        while not any(seat.step(STILL)[2:4]):
            pass
    assert server.barrier.forfeits == [(1, 4, TWO, "has gone without a word")]
    assert says(other) == ""
    assert other.returncode == -signal.SIGKILL


def test_a_lost_seat_stays_lost_until_the_match_is_over(host: Host) -> None:
    server = host()
    one, two = pair(server)
    together(one.reset, two.reset)
    two.close()
    one.step(STILL)
    text = error_of(lambda: sit(server.listener.address, TWO), WorldClosed)
    assert text == "agent 'hopper_1' has left; its seat stays empty until the match is over"
    assert "no seat is free" in error_of(lambda: sit(server.listener.address), InvalidInput)
    assert error_of(two.reset, WorldClosed) == "agent 'hopper_1' has left"


def test_a_seat_left_before_the_first_episode_is_free_again(host: Host) -> None:
    server = host()
    one, two = pair(server)
    one._connection.send(Reset(1, None))
    until(lambda: server.barrier.waiting)
    one.close()
    two.close()
    until(lambda: not server.barrier.waiting)
    one, two = pair(server)
    assert [len(reply) for reply in together(one.reset, two.reset)] == [2, 2]


def test_a_robot_that_falls_early_waits_for_the_next_episode(host: Host) -> None:
    server = host(lanes=("ant", "hopper"), max_cycles=60)
    ant, hopper = (sit(server.listener.address, agent) for agent in ("ant_0", "hopper_0"))
    together(ant.reset, hopper.reset)
    ended = []

    def run_on() -> None:
        while not any(ant.step(np.zeros(8))[2:4]):
            pass
        ended.append(server.barrier.step)
        ant.reset()

    def fall() -> None:
        while not (last := hopper.step(STILL))[2]:
            pass
        assert last[2:4] == (True, False)
        assert error_of(lambda: hopper.step(STILL), InvalidInput).endswith("is in no episode: call reset() first")
        hopper.reset()
        assert ended == [60]

    assert together(run_on, fall) == [None, None]
    assert server.barrier.forfeits == []


def test_a_seat_knows_the_words_for_reasons() -> None:
    with Command("ant_sumo") as command:
        assert sit(command.address).reasons == ("", "time", "fall", "out")


def test_the_host_sets_the_options_of_its_game(host: Host) -> None:
    seat = sit(host().listener.address, ONE)
    assert error_of(lambda: seat.reset(options={"radius": 3.0}), InvalidInput).endswith(
        "options: radius: set by the host, with roboschool serve --set"
    )
    assert "seed -1 is not a whole number" in error_of(lambda: seat.reset(seed=-1), InvalidInput)


def test_a_reset_gives_the_episode_up(host: Host) -> None:
    server = host()
    one, two = pair(server)
    together(one.reset, two.reset)

    def go_on() -> None:
        until(lambda: server.barrier.forfeits)
        for _ in range(6):
            two.step(STILL)
        two.reset()

    together(one.reset, go_on)
    assert server.barrier.forfeits == [(1, 0, ONE, "has reset before the episode's end")]
    assert server.barrier.episode == 2


def test_nothing_is_simulated_for_no_one(host: Host) -> None:
    server = host()
    one, two = pair(server)
    together(one.reset, two.reset)
    together(one.reset, two.reset)
    assert server.barrier.turn == (2, 0, True)


@pytest.mark.parametrize(
    ("action", "words"),
    [
        (np.zeros(2), r"shape \(2,\), not \(3,\)"),
        (np.full(3, np.nan), "not finite"),
        ("wave", "not an array of numbers"),
        (torch.zeros(3, requires_grad=True), "not an array of numbers"),
    ],
)
def test_a_bad_action_concerns_one_seat(host: Host, action: Any, words: str) -> None:
    one, two = pair(host())
    together(one.reset, two.reset)

    def fumble() -> Any:
        with pytest.raises(InvalidInput, match=f"agent 'hopper_1': the action .*{words}"):
            two.step(action)
        return two.step(STILL)

    assert [len(reply) for reply in together(lambda: one.step(STILL), fumble)] == [5, 5]


def test_a_second_action_for_a_step_is_refused(host: Host) -> None:
    one, two = pair(host())
    together(one.reset, two.reset)
    two._connection.send(Step(2, STILL.tobytes()))
    two._connection.send(Step(3, STILL.tobytes()))
    refused = two._connection.await_reply()
    assert (refused.number, refused.closed) == (3, False)
    assert "waits already, for hopper_0" in refused.text
    one.step(STILL)
    assert two._connection.await_reply().number == 2


def test_actions_out_of_range_are_clipped(host: Host) -> None:
    seen = []
    for strength in (1.0, 7.0):
        one, two = pair(host())
        together(lambda one=one: one.reset(seed=1), two.reset)
        replies = together(
            lambda one=one, strength=strength: one.step(np.full(3, strength)), lambda two=two: two.step(STILL)
        )
        seen.append(replies[0][0])
    np.testing.assert_array_equal(*seen)


def test_an_error_in_the_world_reaches_everybody(host: Host, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(_: Any) -> None:
        raise ZeroDivisionError("oops")

    server = host()
    one, two = pair(server)
    together(one.reset, two.reset)
    monkeypatch.setattr(server.world, "step", fail)
    for error in together(lambda: one.step(STILL), lambda: two.step(STILL)):
        assert isinstance(error, WorldClosed)
        text = r"the world is closed: .*test_remote\.py, line \d+, in fail: ZeroDivisionError: oops"
        assert re.fullmatch(text, str(error)), "the author of the scene needs the line"
    assert isinstance(server.barrier.end and server.barrier.end[1], ZeroDivisionError)


@pytest.mark.parametrize("death", [signal.SIGKILL, signal.SIGSTOP])
def test_the_server_is_gone(death: signal.Signals, tmp_path: Path) -> None:
    with Command("race", "--lanes", "hopper,hopper") as command:
        one, two = sit(command.address, ONE), sit(command.address, TWO)
        together(one.reset, two.reset)
        for seat in (one, two):
            seat._connection.socket.settimeout(0.2)
        command.process.send_signal(death)
        for error in together(lambda: one.step(STILL), lambda: two.step(STILL)):
            assert isinstance(error, WorldClosed)
            assert f"the server at {command.address} is gone: " in str(error)
        assert "is gone" in error_of(one.reset, WorldClosed)
        one.close()
        if death == signal.SIGKILL:
            command.process.wait(LONG)
            assert "; is it still running?" in error_of(lambda: sit(command.address), WorldClosed)


def test_one_thread_in_two_seats_is_told_so(host: Host) -> None:
    one, two = pair(host(step_timeout=SOON))
    together(one.reset, two.reset)
    one.step(STILL)
    text = "'hopper_1' lost its seat: no action in .* s; each seat needs a thread of its own"
    with pytest.raises(WorldClosed, match=text):
        two.step(STILL)


def test_the_world_says_when_time_is_up(host: Host) -> None:
    """No wrapper of the player's own does, as `gymnasium.make` would bring: it would forfeit episodes."""
    server = host("hopper", max_cycles=3)
    seat = sit(server.listener.address)
    assert seat.unwrapped is seat
    assert seat.spec is None
    seat.reset()
    assert [seat.step(STILL)[3] for _ in range(3)] == [False, False, True]


# Strangers


def test_silent_strangers_do_not_stop_players(host: Host, monkeypatch: pytest.MonkeyPatch) -> None:
    server = host()
    with monkeypatch.context() as patch:
        patch.setattr(entrance, "DEADLINE", 0.5)  # of those who have come by then
        silent = [Connection(server.listener.address, LONG) for _ in range(3)]
        until(lambda: len(server._entrance.strangers) == 3)
    one, two = pair(server)
    assert [len(reply) for reply in together(one.reset, two.reset)] == [2, 2]
    for connection in silent:
        connection.receive(GREETING)
        assert error_of(lambda one=connection: one.receive(GREETING), ConnectionError) == "the connection was closed"
        connection.socket.close()


def test_the_wrong_key_opens_nothing(host: Host, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    server = host()
    address = str(server.listener.address)
    (tmp_path / "key").write_text(secrets.token_hex(32))
    assert error_of(lambda: sit(address, key=tmp_path / "key"), InvalidInput) == (
        f"{tmp_path / 'key'}: the key is not the server's"
    )
    monkeypatch.setenv("ROBOSCHOOL_KEY", secrets.token_hex(32))
    assert error_of(lambda: sit(address), InvalidInput) == "ROBOSCHOOL_KEY: the key is not the server's"
    monkeypatch.setenv("ROBOSCHOOL_KEY", server.listener.key.hex())
    sit(address).close()
    sit(address, key=server.listener.key).close()
    sit(address, key=server.listener.key_file).close()


def test_a_server_without_the_key_learns_nothing(tmp_path: Path) -> None:
    """It cannot pass on what the player has proved: the proof it owes is another one."""
    key = secrets.token_bytes(32)
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(str(tmp_path / "socket"))
        listening.listen()

        def pretend() -> None:
            connection, _ = listening.accept()
            with connection:
                connection.sendall(_frame({"is": "challenge", "version": 1, "nonce": bytes(32)}))
                answer = unpack(connection.recv(1000)[LENGTH.size :], msgspec.msgpack.Decoder(Answer))
                connection.sendall(_frame({"is": "proof", "proof": answer.proof}))
                assert connection.recv(1000) == b"", "nothing more is said"

        def call_it() -> None:
            sit(f"unix:{tmp_path / 'socket'}", key=key)

        error, nothing = together(call_it, pretend)
        assert str(error) == "key: the server does not know this key"
        assert nothing is None


def test_a_seat_cannot_be_stolen(host: Host) -> None:
    server = host()
    one, two = pair(server)
    together(one.reset, two.reset)
    text = error_of(lambda: sit(server.listener.address, ONE), InvalidInput)
    assert text == "agent 'hopper_0' is taken; free: none"
    text = error_of(lambda: sit(server.listener.address, "hoper_0"), InvalidInput)
    assert text == "scene 'race': unknown agent 'hoper_0'; did you mean 'hopper_0'?"
    assert [len(reply) for reply in together(lambda: one.step(STILL), lambda: two.step(STILL))] == [5, 5]


def _frame(message: Any) -> bytes:
    body = msgspec.msgpack.encode(message)
    return LENGTH.pack(len(body)) + body


BROKEN = {
    "oversize": LENGTH.pack(LARGEST + 1),
    "garbage": LENGTH.pack(5) + b"\xc1\xff\x00ab",
    "empty": LENGTH.pack(0),
    "text": b"GET / HTTP/1.1\r\n\r\n",
    "unknown message": _frame({"is": "exec", "number": 1}),
    "unknown key": _frame({"is": "reset", "number": 9, "seed": None, "options": {}}),
    "missing key": _frame({"is": "reset", "number": 9}),
    "wrong type": _frame({"is": "reset", "number": 9, "seed": "seven"}),
    "short array": pack(Step(9, np.zeros(2).tobytes())),
    "long array": pack(Step(9, np.zeros(4).tobytes())),
    "more behind": LENGTH.pack(len(msgspec.msgpack.encode({"is": "ping"})) + 1) + _frame({"is": "ping"})[4:] + b"x",
    "deep": LENGTH.pack(10_000) + b"\x91" * 10_000,
}


@pytest.mark.parametrize("kind", BROKEN)
def test_who_breaks_the_rules_loses_the_seat(host: Host, kind: str) -> None:
    server = host()
    one, two = pair(server)
    together(one.reset, two.reset)
    two._connection.socket.sendall(BROKEN[kind])
    while not any(one.step(STILL)[2:4]):
        pass
    one.reset()
    ((*_, agent, reason),) = server.barrier.forfeits
    assert agent == TWO
    assert reason.startswith("broke the rules: ")
    assert "is gone" in error_of(two.reset, WorldClosed)


@pytest.mark.parametrize("kind", [*BROKEN, "long for a stranger"])
def test_strangers_who_break_the_rules_are_turned_away(host: Host, kind: str) -> None:
    said: list[str] = []
    server = host(log=said.append)
    connection = Connection(server.listener.address, LONG)
    connection.receive(GREETING)
    connection.socket.sendall(BROKEN.get(kind, LENGTH.pack(LARGEST_OF_STRANGERS + 1)))
    with pytest.raises(ConnectionError):
        connection.receive(GREETING)
    connection.socket.close()
    until(lambda: said)
    assert said[0].startswith("a caller: broke the rules: ")
    sit(server.listener.address).close()


def test_half_a_message_is_waited_for(host: Host) -> None:
    server = host()
    one, two = pair(server)
    for byte in pack(Reset(1, None)):
        two._connection.socket.sendall(bytes([byte]))
    one.reset()
    assert two._connection.await_reply().number == 1


def test_who_does_not_read_loses_the_seat(host: Host) -> None:
    server = host(render_mode="rgb_array", width=400, height=400)
    one, two = pair(server)
    together(one.reset, two.reset)
    two._connection.socket.sendall(b"".join(pack(Look(number)) for number in range(40)))
    until(lambda: TWO in server.barrier.gone)
    one.step(STILL)


def test_arrays_have_the_length_of_their_space() -> None:
    numbers = Numbers("<f4", (1,))
    assert numbers.pack(np.ones(1)) == b"\0\0\x80?"
    np.testing.assert_array_equal(numbers.unpack(b"\0\0\x80?"), [1.0])
    with pytest.raises(Violation, match="an array of 3 bytes, not 4"):
        numbers.unpack(b"\0\0\x80")


def test_the_folder_is_private(host: Host) -> None:
    listener = host().listener
    modes = {path.name: stat.S_IMODE(path.stat().st_mode) for path in (listener.folder, *listener.folder.iterdir())}
    assert modes == {listener.folder.name: 0o700, "key": 0o600, "world.sock": 0o600}
    assert len(listener.key) == 32
    assert listener.key_file.read_text() == listener.key.hex() + "\n"


def test_nothing_is_pickled() -> None:
    for path in (TESTS.parent / "roboschool" / "multiplayer").glob("*.py"):
        assert "pickle" not in path.read_text()


# Addresses


def test_tcp_is_for_this_machine_unless_more_is_allowed(host: Host) -> None:
    server = host("hopper", tcp=Address(host="127.0.0.1", port=0), max_cycles=3)
    address = str(server.listener.address)
    assert address.startswith("tcp:127.0.0.1:")
    assert "no key for tcp:127.0.0.1:" in error_of(lambda: sit(address), InvalidInput)
    seat = sit(address, key=server.listener.key_file)
    assert seat._connection.socket.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)
    seat.reset()
    assert len(seat.step(STILL)) == 5
    with pytest.raises(InvalidInput, match=r"'0\.0\.0\.0' is not this machine alone: .* --allow-remote"):
        Server("hopper", Address(host="0.0.0.0"))
    host("hopper", tcp=Address(host="0.0.0.0"), allow_remote=True)


@pytest.mark.parametrize("text", ["", "unix", "unix:", "/tmp/x", "tcp:", "tcp:localhost", "tcp:a:70000", "tcp:::1:3"])
def test_bad_addresses(text: str) -> None:
    with pytest.raises(InvalidInput, match="it is written unix:PATH or tcp:HOST:PORT"):
        sit(text)


def test_addresses() -> None:
    for text in ("unix:/tmp/a:b/world.sock", "tcp:localhost:80", "tcp:[::1]:80"):
        assert str(read_address(text)) == text
    assert "did you mean 'tcp'" in error_of(lambda: read_address("tpc:localhost:80"), InvalidInput)


@pytest.mark.parametrize("key", [b"short", "0f" * 31, "zz" * 32, Path("/nowhere/key")])
def test_bad_keys(key: Any, tmp_path: Path) -> None:
    if isinstance(key, str):
        (tmp_path / "key").write_text(key)
        key = tmp_path / "key"
    assert "key" in error_of(lambda: sit(f"unix:{tmp_path / 'world.sock'}", key=key), InvalidInput)


@pytest.mark.parametrize("address", ["unix:/nowhere/world.sock", "tcp:127.0.0.1:9"])
def test_there_is_no_server(address: str) -> None:
    key = b"k" * 32 if address.startswith("tcp") else None
    assert error_of(lambda: sit(address, key=key), WorldClosed).startswith(f"no server at {address}")


@pytest.mark.parametrize("timeout", [0, -1.0, float("nan")])
def test_impossible_timeouts(timeout: float) -> None:
    with pytest.raises(InvalidInput, match="timeout"):
        sit("unix:/x", timeout=timeout)
    with pytest.raises(InvalidInput, match="step_timeout"):
        Server("hopper", step_timeout=timeout)


def test_pictures_must_fit_into_a_message() -> None:
    with pytest.raises(InvalidInput, match="a picture of 960x540 is more than the 1048576 bytes"):
        Server("hopper", render_mode="rgb_array", width=960, height=540)


# Seats


def test_seats_are_as_those_of_the_world(host: Host) -> None:
    server = host()
    one, _ = pair(server)
    assert isinstance(one, gymnasium.Env)
    assert (one.agent, one.scene, one.render_mode) == (ONE, "roboschool/Race-v1", None)
    assert one.metadata == server.world.metadata
    assert one.observation_space == server.world.observation_space(ONE)
    assert one.action_space == server.world.action_space(ONE)
    assert one.render() is None
    for seed in (-1, 1.5, "seven", 2**64):
        assert "'hopper_0': seed" in error_of(lambda seed=seed: one.reset(seed=seed), InvalidInput)


def test_a_lone_seat_passes_gymnasiums_checks(host: Host) -> None:
    server = host("hopper", max_cycles=20)
    check_env(sit(server.listener.address), skip_render_check=True)


def test_all_see_the_same_picture_also_of_the_end(host: Host) -> None:
    server = host(render_mode="rgb_array", width=96, height=64, episodes=1, max_cycles=2)
    one, two = pair(server)
    together(one.reset, two.reset)
    for _ in range(2):
        together(lambda: one.step(STILL), lambda: two.step(STILL))
    pictures = together(one.render, two.render)
    assert pictures[0].shape == (64, 96, 3)
    assert pictures[0].std() > 1.0
    np.testing.assert_array_equal(*pictures)
    assert "the match is over after 1 episode" in error_of(one.reset, WorldClosed)


def test_two_threads_in_one_seat(host: Host) -> None:
    server = host()
    one, two = pair(server)

    def second() -> str:
        until(lambda: server.barrier.waiting)
        text = error_of(one.reset, InvalidInput)
        two.reset()
        return text

    reply, text = together(one.reset, second)
    assert len(reply) == 2
    assert text == "agent 'hopper_0' waits already; each seat needs a thread of its own"


def test_who_is_interrupted_takes_back_what_was_asked(host: Host) -> None:
    server = host()
    code = """
        import roboschool
        seat = roboschool.connect(sys.argv[1], "hopper_1")
        print("here", flush=True)
        try:
            seat.reset()
        except KeyboardInterrupt:
            print("interrupted", flush=True)
        seat.reset(seed=5)
        print("begun", flush=True)
    """
    other = program(code, server.listener.address)
    assert other.stdout is not None
    assert other.stdout.readline() == "here\n"
    until(lambda: server.barrier.waiting)
    other.send_signal(signal.SIGINT)
    assert other.stdout.readline() == "interrupted\n"
    until(lambda: server.barrier._requests.get(TWO) == (5, {}))  # what it asked before has been taken back
    sit(server.listener.address, ONE).reset(seed=5)
    assert says(other) == "begun\n"


def test_who_is_interrupted_while_asking_takes_it_back_too(host: Host, monkeypatch: pytest.MonkeyPatch) -> None:
    """The interrupt comes after the last byte has left and before anybody waits for the reply."""
    server = host()
    seat = sit(server.listener.address, TWO)
    send = seat._connection.send

    def send_and_stop(message: Message) -> None:
        monkeypatch.setattr(seat._connection, "send", send)
        send(message)
        until(lambda: server.barrier.waiting)
        raise KeyboardInterrupt

    monkeypatch.setattr(seat._connection, "send", send_and_stop)
    with pytest.raises(KeyboardInterrupt):
        seat.reset()
    until(lambda: not server.barrier.waiting)
    one = sit(server.listener.address, ONE)
    assert [len(reply) for reply in together(one.reset, seat.reset)] == [2, 2]


def test_a_server_that_is_busy_is_not_gone(host: Host, monkeypatch: pytest.MonkeyPatch) -> None:
    """A player waits for longer than its timeout as long as the server answers its pings."""
    server = host()
    one, two = sit(server.listener.address, ONE, timeout=1.5), sit(server.listener.address, TWO)
    answered: list[Message] = []
    tell = server._tell

    def note(peer: Any, message: Message) -> None:
        answered.append(message)
        tell(peer, message)

    monkeypatch.setattr(server, "_tell", note)

    def slowly() -> None:
        until(lambda: answered.count(Pong()) == PINGS)  # it has pinged for longer than its timeout
        two.reset()

    assert len(together(one.reset, slowly)[0]) == 2


def test_programs_see_what_the_dict_loop_sees(host: Host) -> None:
    lanes = ("hopper", "ant")
    with closing(ParallelEnv("race", on_termination="leave", lanes=lanes, max_cycles=60)) as world:
        expected = play_dicts(world, 4, 4)
    server = host(lanes=lanes, max_cycles=60)
    code = """
        import json, roboschool
        from seats import play
        seat = roboschool.connect(sys.argv[1], sys.argv[2])
        print(json.dumps([[part.hex() if isinstance(part, bytes) else part for part in row] for row in play(seat, 4)]))
        seat.close()
    """
    programs = {name: program(code, server.listener.address, name) for name in expected}
    for name, other in programs.items():
        story = [(bytes.fromhex(row[0]), *row[1:]) for row in json.loads(says(other))]
        assert story == expected[name]
    assert len(expected["ant_0"]) == 4 * 61
    assert len(expected["hopper_0"]) < 4 * 61, "it dies early"
    assert server.barrier.forfeits == []


def test_threads_see_what_the_dict_loop_sees_over_tcp(host: Host) -> None:
    with closing(ParallelEnv("race", on_termination="leave", max_cycles=40)) as world:
        expected = play_dicts(world, 2, 4)
    server = host(lanes=("hopper", "humanoid", "ant"), max_cycles=40, tcp=Address(host="localhost"))
    seats = [sit(server.listener.address, name, server.listener.key) for name in expected]
    stories = together(*(lambda seat=seat: play(seat, 2) for seat in seats))
    assert dict(zip(expected, stories, strict=True)) == expected


def test_nothing_is_left_behind() -> None:
    def rounds(times: int) -> int:
        for _ in range(times):
            server = Server("hopper", max_cycles=3)
            thread = threading.Thread(target=server.run)
            thread.start()
            strange = call(server.listener.address, LONG)
            seat = sit(server.listener.address)
            seat.reset()
            seat.close()
            thread.join(LONG)
            strange.close()
            assert not server.listener.folder.exists()
        gc.collect()
        return len(os.listdir("/proc/self/fd"))

    assert rounds(1) == rounds(3)


# The command


class Command:
    """`roboschool serve`, in a process of its own."""

    def __init__(self, *arguments: str) -> None:
        self.process = subprocess.Popen(
            [*COMMAND, *arguments], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        )
        assert self.process.stdout is not None
        self.address = self.process.stdout.readline().strip()
        self.folder = Path(self.address.partition(":")[2]).parent

    def __enter__(self) -> "Command":
        return self

    def __exit__(self, *error: object) -> None:
        self.process.kill()
        self.process.communicate(timeout=LONG)
        if self.folder.name.startswith("roboschool_"):  # a server that fails to start has no folder, and we are in "."
            shutil.rmtree(self.folder, ignore_errors=True)

    def wait(self) -> tuple[int, str, str]:
        out, err = self.process.communicate(timeout=LONG)
        return self.process.returncode, out, err


def test_serve_ends_after_its_episodes_and_prints_the_standings() -> None:
    arguments = (
        "--lanes",
        "hopper,ant",
        "--episodes",
        "2",
        "--default-policy",
        "ant_0=scripted",
        "--join-timeout",
        str(SOON),
    )
    with Command("race", *arguments) as command:
        seat = sit(command.address)
        assert command.folder.is_dir()
        for _ in range(2):
            seat.reset(seed=1)
            while not any(seat.step(STILL)[2:4]):
                pass
        seat.close()
        code, out, err = command.wait()
        assert code == 0, err
        assert "mean return  in 2 episodes" in out
        assert out.index("1.  ant_0") < out.index("2.  hopper_0")
        assert err == "hopper_0: has joined\nant_0: is played by a policy\n"
        assert not command.folder.exists()


def test_serve_sets_options_and_counts_results() -> None:
    options = ["--set", "seconds=0.1", "--set", "radius=[3.0, 3.0]", "--episodes", "2"]
    with Command("ant_sumo", *options, "--default-policy", "still", "--join-timeout", str(SOON)) as command:
        seat = sit(command.address, "ant_0")
        for _ in range(2):
            _, info = seat.reset(seed=1)
            assert info["radius"] == 3.0
            while not any(seat.step(np.zeros(8))[2:4]):
                pass
        seat.close()
        code, out, err = command.wait()
        assert code == 0, err
        assert "mean return    won  drawn   lost  in 2 episodes" in out
        assert re.search(r"ant_0 +-?[\d.]+ +0 +2 +0\n", out), out


def test_serve_ranks_by_results_and_forfeits_are_lost() -> None:
    with Command("ant_sumo", "--set", "seconds=0.1", "--episodes", "2") as command:
        one, two = (sit(command.address, name) for name in ("ant_0", "ant_1"))
        together(one.reset, two.reset)
        together(lambda: one.step(np.zeros(8)), lambda: two.step(np.zeros(8)))
        one.close()
        while not any(two.step(np.ones(8))[2:4]):
            pass
        two.reset()
        while not any(two.step(np.ones(8))[2:4]):
            pass
        two.close()
        code, out, err = command.wait()
        assert code == 0, err
        assert re.search(r"1\.  ant_1 +-?[\d.]+ +0 +2 +0\n", out), out
        assert re.search(r"2\.  ant_0 +-?[\d.]+ +0 +0 +2 ", out), out


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_serve_cleans_up_when_it_is_stopped(number: signal.Signals) -> None:
    with Command("race", "--lanes", "hopper,hopper") as command:
        one, two = sit(command.address, ONE), sit(command.address, TWO)
        together(one.reset, two.reset)
        one._connection.send(Step(2, STILL.tobytes()))
        command.process.send_signal(number)
        code, out, err = command.wait()
        assert (code, "Traceback" in err) == (0, False)
        assert out.endswith(f"the server was stopped by {number.name}\n")
        assert not command.folder.exists()
        text = f"the world is closed: the server was stopped by {number.name}"
        assert error_of(lambda: two.step(STILL), WorldClosed) == text
        one.close()


def test_serve_fails_without_players() -> None:
    with Command("ants", "--join-timeout", str(SOON)) as command:
        seat = sit(command.address, "ant_1")
        assert "waiting for ant_0, ant_2, ant_3;" in error_of(seat.reset, WorldClosed)
        code, out, _ = command.wait()
        assert code == 1
        assert "waiting for ant_0, ant_2, ant_3;" in out
        assert not command.folder.exists()


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["rase"], "unknown scene 'rase'; did you mean 'race'"),
        (["ants", "--tcp", "0.0.0.0:0"], "host '0.0.0.0' is not this machine alone"),
        (["ants", "--tcp", "7777"], "--tcp 7777: it is written HOST:PORT"),
        (["ants", "--allow-remote"], "give --tcp"),
        (
            ["ants", "--default-policy", "aunt_0=still"],
            "--default-policy aunt_0=still: unknown agent 'aunt_0'; did you mean 'ant_0'",
        ),
        (["soccer", "--set", "playrs=3"], "--set playrs: unknown option 'playrs'; did you mean 'players'?"),
        (["soccer", "--set", "players=9"], "players: 9 is not within 1 and 3"),
        (
            ["ants", "--default-policy", "scripted"],
            "--default-policy ant_0=scripted: the scene names no policy for this agent",
        ),
        (
            ["ants", "--default-policy", "stil"],
            "--default-policy ant_0=stil: unknown policy 'stil'; did you mean 'still'?",
        ),
        (["ants", "--default-policy", "nope"], "--default-policy ant_0=nope: unknown policy 'nope'; there is "),
        (
            ["ants", "--default-policy", "seats:Nobody"],
            "policy 'seats:Nobody' cannot be imported: module 'seats' has no attribute 'Nobody'",
        ),
        (
            ["ants", "--default-policy", "hopper"],
            "hopper.safetensors: the policy observes 15 numbers, and the agent has 28",
        ),
        (["ants", "--size", "960x540"], "a picture of 960x540 is more than"),
        (["ant", "--lanes", "ant"], "lanes"),
        (["race", "--lanes", "ant", "--set", 'lanes=["hopper"]'], "--lanes ant: given twice, also by --set lanes"),
    ],
)
def test_bad_arguments_are_one_line(
    arguments: list[str], words: str, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(TESTS)
    with pytest.raises(SystemExit) as exited:
        main(["serve", *arguments])
    assert exited.value.code == 1
    said = capfd.readouterr()
    assert words in said.err
    assert said.out == ""
