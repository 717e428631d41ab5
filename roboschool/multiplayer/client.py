"""One agent of a world that another process hosts, as a `gymnasium.Env`."""

import contextlib
import os
import secrets
import threading
from collections.abc import Callable
from typing import Any

import gymnasium
import numpy as np
from gymnasium.spaces import Box

from roboschool.envs.spaces import PICTURES
from roboschool.errors import InvalidInput
from roboschool.multiplayer.address import Address, call, find_key, read_address
from roboschool.multiplayer.barrier import THREADS, WorldClosed, check_seed
from roboschool.multiplayer.protocol import (
    ACTION,
    FROM_SERVER,
    GREETING,
    PROOF,
    SECRET,
    VERSION,
    WELCOME,
    Answer,
    Anything,
    Closed,
    Hello,
    Inbox,
    Leave,
    Look,
    Message,
    Numbers,
    Picture,
    Ping,
    Pong,
    Refused,
    Reset,
    ResetReply,
    Space,
    Step,
    StepReply,
    Violation,
    Welcome,
    Withdraw,
    is_proof,
    pack,
    prove,
    unpack,
)
from roboschool.simulation.actions import as_numbers

TIMEOUT = 30.0  # of a silent server [s]
PINGS = 3  # within that time
CHUNK = 2**16
LARGEST_SEED = 2**64 - 1  # that msgpack can encode


class Connection:
    """The player's end of a connection to a server.

    Args:
        address: of the server.
        timeout: after which a server that does not respond is considered dead [s].
    """

    def __init__(self, address: Address, timeout: float) -> None:
        self.timeout = timeout
        self.socket = call(address, timeout)
        self._inbox = Inbox()

    def send(self, message: Message) -> None:
        """Send a message.

        Raises:
            OSError: the server is gone.
        """
        self.socket.sendall(pack(message))

    def receive(self, decoder: Anything) -> Any:
        """Return the next message.

        Raises:
            OSError: the server is gone, or sends nothing for too long.
            Violation: it is none of those expected.
        """
        while (body := self._inbox.take()) is None:
            arrived = self.socket.recv(CHUNK)
            if not arrived:
                raise ConnectionError("the connection was closed")
            self._inbox.put(arrived)
        return unpack(body, decoder)

    def await_reply(self) -> Any:
        """Return the next message, after any time, as long as the server answers a `Ping`.

        Raises:
            OSError: the server is gone, or sends nothing for too long.
            Violation: it has sent something else.
        """
        try:
            return self.receive(FROM_SERVER)
        except TimeoutError:
            pass
        for _ in range(PINGS - 1):
            self.send(Ping())
            with contextlib.suppress(TimeoutError):
                return self.receive(FROM_SERVER)
        raise TimeoutError(f"silent for {self.timeout:g} s")


class RemoteSeat(gymnasium.Env[np.ndarray, np.ndarray]):
    """One agent of a world in another process; `connect` returns it."""

    metadata = {"render_modes": PICTURES}

    def __init__(self, connection: Connection, address: Address, welcome: Welcome) -> None:
        self.address = str(address)
        self.agent = welcome.agent
        self.scene = welcome.scene  # its id
        self.reasons = welcome.reasons  # words for the `reason` in infos, if its game has any
        self.metadata = welcome.metadata
        self.render_mode = welcome.render_mode
        self.observation_space = _box(welcome.observation)
        self.action_space = _box(welcome.action)
        self._observations = Numbers(welcome.observation.dtype, welcome.observation.shape)
        self._actions = Numbers(ACTION, welcome.action.shape)
        self._connection = connection
        self._number = 0  # of the last request
        self._busy = threading.Lock()
        self._closed = ""  # why

    def reset(
        self, *, seed: int | None = None, options: dict[str, Any] | None = None
    ) -> tuple[np.ndarray, dict[str, Any]]:
        """Begin an episode with all other seats; wait until they too have called `reset` and the current one is over.

        Args:
            seed: of the world; None leaves it to the others.
            options: none; the server sets those of the game.

        Raises:
            InvalidInput: the seed is not a whole number from 0 up, seats request different ones, there are options, or
                another thread waits in this seat.
            WorldClosed: the world or this seat is closed, or the server is gone.
        """
        asked = check_seed(self.agent, seed)
        if asked is not None and asked > LARGEST_SEED:
            raise InvalidInput(f"agent {self.agent!r}: seed {asked} is greater than {LARGEST_SEED}")
        if options:
            given = ", ".join(map(str, options))
            raise InvalidInput(f"agent {self.agent!r}: options: {given}: set by the host, with roboschool serve --set")
        super().reset(seed=asked)
        reply: ResetReply = self._ask(lambda number: Reset(number, asked), ResetReply)
        return self._unpack(self._observations, reply.observation), reply.info

    def step(self, action: np.ndarray) -> tuple[np.ndarray, float, bool, bool, dict[str, Any]]:
        """Act for one timestep with all other active agents; wait until they too have acted. See `AgentEnv.step`.

        Raises:
            InvalidInput: the action has the wrong shape or is not finite, the agent's episode is over, or another
                thread waits in this seat.
            WorldClosed: the world or this seat is closed, or the server is gone.
        """
        numbers = self._actions.pack(as_numbers(self.agent, action, self._actions.shape))
        reply: StepReply = self._ask(lambda number: Step(number, numbers), StepReply)
        seen = self._unpack(self._observations, reply.observation)
        return seen, reply.reward, reply.terminated, reply.truncated, reply.info

    def render(self) -> np.ndarray | None:
        """Return a picture (height, width, 3) of the world if `render_mode` is "rgb_array".

        Raises:
            WorldClosed: the world or this seat is closed, or the server is gone.
        """
        if self.render_mode is None:
            return None
        reply: Picture = self._ask(Look, Picture)
        return self._unpack(Numbers("|u1", (reply.height, reply.width, 3)), reply.pixels)

    def close(self) -> None:
        """Leave: the robot stays passive and the others continue; a second call does nothing."""
        if not self._closed:
            with contextlib.suppress(OSError):  # the server has left before
                self._connection.send(Leave())
            self._shut(f"agent {self.agent!r} has left")

    def _shut(self, why: str) -> WorldClosed:
        """Close the connection; return the error of this and later calls."""
        self._closed = why
        self._connection.socket.close()
        return WorldClosed(why)

    def _ask(self, make: Callable[[int], Message], kind: type[Any]) -> Any:
        """Send a request, and return its reply."""
        if not self._busy.acquire(blocking=False):
            raise InvalidInput(f"agent {self.agent!r} waits already; {THREADS}")
        try:
            if self._closed:
                raise WorldClosed(self._closed)
            self._number += 1
            return self._exchange(make(self._number), kind)
        finally:
            self._busy.release()

    def _exchange(self, request: Message, kind: type[Any]) -> Any:
        gone = None
        try:
            try:
                self._connection.send(request)
            except OSError as error:
                gone = error  # but it may have said why
            while True:
                reply = self._connection.await_reply()
                if isinstance(reply, Closed):
                    raise self._shut(reply.text)
                if isinstance(reply, Pong) or reply.number != self._number:
                    continue  # a reply to an interrupted call
                if isinstance(reply, Refused):
                    raise self._shut(reply.text) if reply.closed else InvalidInput(reply.text)
                if not isinstance(reply, kind):
                    raise Violation(f"{type(reply).__name__} is no reply to {type(request).__name__}")
                return reply
        except (OSError, Violation) as error:
            raise self._shut(f"the server at {self.address} is gone: {gone or error}") from error
        except KeyboardInterrupt:  # the caller does not wait any more
            with contextlib.suppress(OSError):
                self._connection.send(Withdraw())
            raise

    def _unpack(self, numbers: Numbers, data: bytes) -> np.ndarray:
        try:
            return numbers.unpack(data)
        except Violation as error:
            raise self._shut(f"the server at {self.address} breaks the rules: {error}") from None


def connect(
    address: str,
    agent: str | None = None,
    key: bytes | str | os.PathLike[str] | None = None,
    timeout: float = TIMEOUT,
) -> RemoteSeat:
    """Take a seat in a world that `roboschool serve` hosts in another process.

    Args:
        address: what the server prints first: unix:PATH or tcp:HOST:PORT.
        agent: the agent to control; the first with a free seat if None.
        key: the server's key, or the path of its file. None: what ROBOSCHOOL_KEY of the environment holds, else the
            file beside the socket.
        timeout: after which a server that does not respond is considered dead [s].

    Raises:
        InvalidInput: the address, the agent or the key is wrong, or the seat is taken.
        WorldClosed: no server is there, or the world or the agent's seat is closed.
    """
    if not 0 < timeout <= threading.TIMEOUT_MAX:
        raise InvalidInput(f"timeout: {timeout} is not a number of seconds above 0")
    place = read_address(address)
    try:
        secret, where = find_key(place, key)
        connection = Connection(place, timeout)
    except OSError as error:
        reason = f" ({error.strerror})" if error.strerror else ""
        raise WorldClosed(f"no server at {place}{reason}; is it still running?") from error
    try:
        welcome = _enter(connection, secret, where, agent)
        connection.socket.settimeout(timeout / PINGS)
        return RemoteSeat(connection, place, welcome)
    except (OSError, Violation) as error:
        connection.socket.close()
        raise WorldClosed(f"the server at {place} gives no seat: {error}") from error
    except BaseException:
        connection.socket.close()
        raise


def _enter(connection: Connection, key: bytes, where: str, agent: str | None) -> Welcome:
    """Exchange proofs of the key with the server, then take a seat."""
    challenge = connection.receive(GREETING)
    if challenge.version != VERSION:
        raise InvalidInput(f"the server speaks version {challenge.version} of the protocol, not {VERSION}")
    nonce = secrets.token_bytes(SECRET)
    connection.send(Answer(nonce, prove(key, "player", challenge.nonce, nonce)))
    reply = connection.receive(PROOF)
    if isinstance(reply, Refused):
        raise InvalidInput(f"{where}: {reply.text}")
    if not is_proof(key, "server", challenge.nonce, nonce, reply.proof):
        raise InvalidInput(f"{where}: the server does not know this key")
    connection.send(Hello(agent))
    reply = connection.receive(WELCOME)
    if isinstance(reply, Refused):
        raise WorldClosed(reply.text) if reply.closed else InvalidInput(reply.text)
    welcome: Welcome = reply
    return welcome


def _box(space: Space) -> Box:
    numbers = Numbers(space.dtype, space.shape)
    low, high = numbers.unpack(space.low), numbers.unpack(space.high)
    if not (low <= high).all():  # nor is a NaN
        raise Violation("a space whose low is not below its high")
    return Box(low, high, dtype=low.dtype.type)
