"""A caller or player of a server: a connection that never blocks, and its rights."""

import contextlib
import math
import secrets
import socket

from roboschool.multiplayer.protocol import (
    FROM_STRANGERS,
    LARGEST,
    LARGEST_OF_STRANGERS,
    SECRET,
    VERSION,
    Challenge,
    Inbox,
    Message,
    Proof,
    Violation,
    is_proof,
    pack,
    prove,
    unpack,
)

MOST_UNREAD = 4 * LARGEST  # of what was sent to a player [bytes]
CHUNK = 2**16


class WrongKey(Violation):
    """The peer does not know the key."""


class Peer:
    """A program that has called the server.

    Args:
        connection: to the program.
        since: when it called, on the clock of `time.monotonic` [s].
    """

    def __init__(self, connection: socket.socket, since: float) -> None:
        connection.setblocking(False)
        if connection.family != socket.AF_UNIX:
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
        self.connection = connection
        self.since = since
        self.deadline = math.inf  # when it must have a seat [s]
        self.proved = False
        self.agent: str | None = None  # in whose seat it is
        self.number = 0  # of the request it waits for
        self.inbox = Inbox(LARGEST_OF_STRANGERS)
        self.outbox = bytearray()  # what the connection has no room for yet
        self.given_up = False  # whether it has not read what it was sent for too long
        self._nonce = secrets.token_bytes(SECRET)
        self.send(Challenge(VERSION, self._nonce))

    @property
    def is_open(self) -> bool:
        """Whether there is a connection."""
        return self.connection.fileno() >= 0

    def send(self, message: Message) -> None:
        """Send a message, or keep it until there is room; a lost connection is found when it is read."""
        self.outbox += pack(message)
        self.flush()
        if len(self.outbox) > MOST_UNREAD:
            self.outbox.clear()
            self.given_up = True
            with contextlib.suppress(OSError):
                self.connection.shutdown(socket.SHUT_RDWR)

    def flush(self) -> None:
        """Send as much of the pending data as possible."""
        try:
            while self.outbox:
                del self.outbox[: self.connection.send(self.outbox)]
        except BlockingIOError:
            pass
        except OSError:
            self.outbox.clear()

    def read(self) -> bool:
        """Read received bytes into the inbox; return whether the connection is still open."""
        try:
            arrived = self.connection.recv(CHUNK)
        except BlockingIOError:
            return True
        except OSError:
            return False
        self.inbox.put(arrived)
        return bool(arrived)

    def admit(self, key: bytes, body: bytes) -> None:
        """Check the peer's proof that it knows the key, and send ours.

        Raises:
            Violation: it does not know it, or the message is another.
        """
        answer = unpack(body, FROM_STRANGERS)
        if not is_proof(key, "player", self._nonce, answer.nonce, answer.proof):
            raise WrongKey("it does not know the key")
        self.send(Proof(prove(key, "server", self._nonce, answer.nonce)))
        self.proved = True

    def take_seat(self, agent: str) -> None:
        """Give the peer the seat of an agent; it may send longer messages now."""
        self.agent = agent
        self.inbox.largest = LARGEST
