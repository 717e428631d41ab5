"""A program without the key, or without a seat, cannot block a hosted world, its entrance or its log."""

import math
import os
import secrets
import socket
import subprocess
import sys
import textwrap
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, closing, suppress
from pathlib import Path
from typing import Any

import msgspec.inspect
import numpy as np
import pytest
from seats import together
from waits import LONG, until

from roboschool.multiplayer import entrance
from roboschool.multiplayer.address import Address, call, read_address
from roboschool.multiplayer.client import Connection, RemoteSeat, connect
from roboschool.multiplayer.entrance import GRACE, MOST_GUESTS, MOST_STRANGERS
from roboschool.multiplayer.log import MOST_LINES, MOST_UNWRITTEN, LogWriter, RateLimitedLog
from roboschool.multiplayer.protocol import (
    GREETING,
    LENGTH,
    LONGEST_FAULT,
    PROOF,
    SECRET,
    WELCOME,
    Answer,
    Hello,
    Look,
    Message,
    pack,
    prove,
)
from roboschool.multiplayer.server import Server

STILL = np.zeros(3)
SERVE = [sys.executable, "-W", "error", "-m", "roboschool.cli", "serve"]


@pytest.fixture
def said() -> list[str]:
    """What the server says."""
    return []


@pytest.fixture
def server(said: list[str], monkeypatch: pytest.MonkeyPatch) -> Iterator[Server]:
    """A hosted hopper, whose callers may take as long as they like."""
    monkeypatch.setattr(entrance, "DEADLINE", LONG)
    server = Server("hopper", Address(host="127.0.0.1"), join_timeout=LONG, step_timeout=LONG, log=said.append)
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    yield server
    server.stop("the test is over")
    thread.join(LONG)
    assert not thread.is_alive()


@pytest.fixture
def stack() -> Iterator[ExitStack]:
    with ExitStack() as stack:
        yield stack


def sit(server: Server) -> RemoteSeat:
    return connect(str(server.listener.address), key=server.listener.key)


def prove_oneself(server: Server) -> Connection:
    """Call the server and show it that the key is known."""
    guest = Connection(server.listener.address, LONG)
    challenge, nonce = guest.receive(GREETING), secrets.token_bytes(SECRET)
    guest.send(Answer(nonce, prove(server.listener.key, "player", challenge.nonce, nonce)))
    guest.receive(PROOF)
    return guest


def frame(message: dict[str, Any]) -> bytes:
    body = msgspec.msgpack.encode(message)
    return LENGTH.pack(len(body)) + body


def is_closed(connection: socket.socket) -> bool:
    """Whether the other end has closed it, once all that it has said is read."""
    with suppress(BlockingIOError, ConnectionResetError):
        while connection.recv(1000):
            pass
        return True
    return False


# Places


def test_a_caller_with_the_key_gets_past_five_hundred_silent_strangers(
    server: Server, said: list[str], stack: ExitStack
) -> None:
    silent = [stack.enter_context(call(server.listener.address, LONG)) for _ in range(500)]
    with closing(sit(server)) as seat:
        seat.reset()
        assert len(seat.step(STILL)) == 5
    assert is_closed(silent[0]), "the first to come is the first to go"
    assert said[0] == "a caller: has made room for others"


def test_strangers_that_call_again_and_again_do_not_stop_players(server: Server) -> None:
    over = threading.Event()

    def besiege() -> None:
        held = [call(server.listener.address, LONG) for _ in range(2 * MOST_STRANGERS)]
        while not over.wait(0.01):
            for place, connection in enumerate(held):
                connection.setblocking(False)
                if is_closed(connection):
                    connection.close()
                    held[place] = call(server.listener.address, LONG)
        for connection in held:
            connection.close()

    def enter() -> None:
        try:
            for _ in range(5):
                sit(server).close()
        finally:
            over.set()

    assert together(besiege, enter) == [None, None]


def test_a_stranger_has_its_time_before_it_makes_room(
    server: Server, stack: ExitStack, monkeypatch: pytest.MonkeyPatch
) -> None:
    """However many call: a caller with the key needs a moment to prove it."""
    monkeypatch.setattr(entrance, "GRACE", LONG)
    monkeypatch.setattr(entrance, "MOST_STRANGERS", 2)
    first, second, third = (Connection(server.listener.address, LONG) for _ in range(3))
    for connection in (first, second, third):
        stack.callback(connection.socket.close)
    for connection in (first, second):
        connection.receive(GREETING)
    until(lambda: server._entrance.next_moment < time.monotonic() + LONG)
    first.socket.close()
    third.receive(GREETING)
    second.socket.setblocking(False)
    assert not is_closed(second.socket)


def test_guests_do_not_fill_the_places_of_strangers(server: Server, stack: ExitStack) -> None:
    guests = [prove_oneself(server) for _ in range(MOST_GUESTS + 1)]
    for guest in guests:
        stack.callback(guest.socket.close)
    with pytest.raises(ConnectionError):
        guests[0].receive(WELCOME)
    guests[-1].send(Hello(None))
    assert guests[-1].receive(WELCOME).agent == "hopper_0"


def test_who_drips_has_no_longer_than_who_is_silent(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(entrance, "DEADLINE", 0.5)
    connection = call(server.listener.address, LONG)
    connection.sendall(LENGTH.pack(1000))
    connection.settimeout(0.05)

    def goes_on() -> bool:
        with suppress(TimeoutError):
            while connection.recv(100):
                pass
            return False
        connection.sendall(b"\0")
        return True

    end = time.monotonic() + LONG
    with suppress(ConnectionError), closing(connection):
        while goes_on():
            assert time.monotonic() < end


def test_a_full_queue_before_a_socket_is_waited_for(
    tmp_path: Path, stack: ExitStack, monkeypatch: pytest.MonkeyPatch
) -> None:
    address = Address(path=str(tmp_path / "socket"))
    listening = stack.enter_context(socket.socket(socket.AF_UNIX))
    listening.bind(address.path)
    listening.listen(0)
    fillers = stack.enter_context(ExitStack())
    with suppress(BlockingIOError):
        while True:
            waiting = fillers.enter_context(socket.socket(socket.AF_UNIX))
            waiting.setblocking(False)
            waiting.connect(address.path)
    with pytest.raises(BlockingIOError):
        call(address, 0.02)
    full, sleep = threading.Event(), time.sleep

    def wait(seconds: float) -> None:
        full.set()
        sleep(seconds)

    def say() -> None:
        with closing(call(address, LONG)) as connection:
            connection.sendall(b"here")

    def listen() -> bytes:
        assert full.wait(LONG)
        while True:
            with closing(listening.accept()[0]) as connection:
                if word := connection.recv(100):
                    return word

    monkeypatch.setattr(time, "sleep", wait)
    fillers.close()
    assert together(say, listen) == [None, b"here"]


def test_a_server_without_descriptors_waits_and_goes_on() -> None:
    """It does not try again and again; and once one is free, the caller is accepted."""
    code = f"""
        import os, queue, resource, threading, time
        from roboschool.multiplayer.address import Address
        from roboschool.multiplayer.server import Server

        said = queue.Queue()
        server = Server("hopper", Address(host="127.0.0.1"), log=said.put)
        turns, select = [], server._selector.select
        server._selector.select = lambda seconds: turns.append(1) or select(seconds)
        threading.Thread(target=server.run, daemon=True).start()
        print(server.listener.address, server.listener.key.hex(), flush=True)
        most = resource.getrlimit(resource.RLIMIT_NOFILE)
        os.close(none_free := os.dup(0))
        resource.setrlimit(resource.RLIMIT_NOFILE, (none_free, most[1]))
        print("none is free", flush=True)
        print(said.get(), flush=True)
        before = len(turns)
        time.sleep(5 * {GRACE})
        print(len(turns) - before, flush=True)
        resource.setrlimit(resource.RLIMIT_NOFILE, (none_free + 2, most[1]))
        input()
    """
    with subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(code)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        try:
            address, key = process.stdout.readline().split()
            assert process.stdout.readline() == "none is free\n"
            with closing(call(read_address(address), LONG)) as silent:
                assert process.stdout.readline() == "no more callers can be accepted now: Too many open files\n"
                turns = int(process.stdout.readline())
                assert turns < 50, "it waits between attempts"
                assert silent.recv(100), "it is greeted"
                with closing(call(read_address(address), LONG)) as another:
                    assert another.recv(100)
                    connect(address, key=bytes.fromhex(key), timeout=LONG).close()
                    assert silent.recv(100) == b"", "it made room, for want of descriptors"
        finally:
            process.kill()


# Lines


def test_a_server_plays_on_when_its_log_is_not_read() -> None:
    reading, writing = os.pipe()
    os.set_blocking(writing, False)
    with suppress(BlockingIOError):
        while True:
            os.write(writing, bytes(1000))
    os.set_blocking(writing, True)
    process = subprocess.Popen([*SERVE, "hopper", "--episodes", "1"], stdout=subprocess.PIPE, stderr=writing, text=True)
    os.close(writing)
    try:
        assert process.stdout is not None
        with closing(connect(process.stdout.readline().strip(), timeout=LONG)) as seat:
            seat.reset(seed=1)
            while not any(seat.step(STILL)[2:4]):
                pass
        out, _ = process.communicate(timeout=LONG)
        assert process.returncode == 0
        assert "the match is over after 1 episode" in out
    finally:
        process.kill()
        os.close(reading)


def test_lines_are_written_in_order_and_the_lost_are_counted() -> None:
    reading, writing = os.pipe()
    with open(writing, "w") as stream, open(reading) as reader:
        writer = LogWriter(stream)
        long, sent = "x" * 1000, MOST_UNWRITTEN + 500
        for number in range(sent):
            writer(f"{number} {long}")
        lines = iter(reader.readline, "")
        closing_it = threading.Thread(target=lambda: (writer.close(), stream.close()))
        closing_it.start()
        texts = list(lines)
        closing_it.join(LONG)
    numbers = [int(text.split()[0]) for text in texts if text.endswith("x\n")]
    lost = [
        int(text.split()[0]) for text in texts if text.endswith(" lines were left out: they were not read in time\n")
    ]
    assert numbers == sorted(numbers)
    assert len(lost) >= 1
    assert len(numbers) + sum(lost) == sent


def test_nothing_is_said_where_there_is_no_stream() -> None:
    writer = LogWriter(None)
    writer("not written")
    writer.close()


def test_lines_about_strangers_are_few(server: Server, said: list[str]) -> None:
    for _ in range(5 * MOST_LINES):
        with closing(call(server.listener.address, LONG)) as connection:
            connection.sendall(b"\xff\xff\xff\xff")
            while connection.recv(1000):
                pass
    assert len(said) == MOST_LINES
    assert said[0].startswith("a caller: broke the rules: a message of 4294967295 bytes")
    server.stop("the test is over")
    until(lambda: len(said) > MOST_LINES)
    assert said[MOST_LINES:] == [f"{4 * MOST_LINES} more lines like these were left out"]


def test_a_new_period_has_lines_of_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    said: list[str] = []
    quota = RateLimitedLog(said.append)
    now = 100.0
    monkeypatch.setattr(time, "monotonic", lambda: now)
    for _ in range(MOST_LINES + 3):
        quota("line")
    assert said == ["line"] * MOST_LINES
    now = quota.next_moment
    quota("next")
    assert said[MOST_LINES:] == ["3 more lines like these were left out", "next"]
    assert quota.next_moment == math.inf


@pytest.mark.parametrize(
    "message",
    [
        pack(Hello("x" * 2**20)),
        pack(Hello("x" * 500)),
        frame({"is": "hello", "agent": None, "\x1b[31m\n" * 100: 1}),
        frame({"is": "\u2028\x07" * 100}),
    ],
    ids=["long", "rather long", "unknown key", "unknown message"],
)
def test_what_a_guest_sends_is_shown_in_a_short_line(server: Server, said: list[str], message: bytes) -> None:
    guest = prove_oneself(server)
    with closing(guest.socket):
        with suppress(BrokenPipeError):  # the server may disconnect before all is sent
            guest.socket.sendall(message)
        with pytest.raises(ConnectionError):
            guest.receive(WELCOME)
    until(lambda: said)
    (line,) = said
    assert line.startswith("a caller: broke the rules: ")
    assert line.isprintable()
    assert len(line) < 10 * LONGEST_FAULT


def test_every_text_in_a_message_has_a_limit() -> None:
    for kind in Message.__subclasses__():
        shown = msgspec.inspect.type_info(kind)
        assert isinstance(shown, msgspec.inspect.StructType)
        for field in shown.fields:
            for part in texts_in(field.type):
                assert part.max_length, f"{kind.__name__}.{field.name}"


def texts_in(part: msgspec.inspect.Type) -> list[msgspec.inspect.StrType]:
    """The kinds of text in a field; an info is a server's, and may hold whatever fits into a message."""
    if isinstance(part, msgspec.inspect.StrType):
        return [part]
    if isinstance(part, msgspec.inspect.UnionType):
        return [text for one in part.types for text in texts_in(one)]
    return texts_in(part.item_type) if isinstance(part, msgspec.inspect.VarTupleType) else []


def test_a_player_that_reads_nothing_does_not_block_others(
    server: Server, said: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    drawn: list[int] = []

    def picture() -> np.ndarray:
        drawn.append(1)
        return np.zeros((400, 600, 3), np.uint8)

    monkeypatch.setattr(server.barrier, "picture", picture)
    greedy = prove_oneself(server)
    greedy.send(Hello("hopper_0"))
    greedy.receive(WELCOME)
    greedy.socket.sendall(b"".join(pack(Look(number)) for number in range(1, 1001)))
    until(lambda: any(" bytes unread" in text for text in said))
    assert len(drawn) < 50
    greedy.socket.close()
