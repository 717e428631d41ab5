"""Who has called a server and has no seat yet; whoever knows the key gets past any number of those who do not."""

import errno
import math
import selectors
import socket
import time
from collections.abc import Callable

from roboschool.multiplayer.peer import Peer

MOST_STRANGERS = 128  # who have not proved that they know the key
MOST_GUESTS = 16  # who have, and have not asked for a seat yet
MOST_AT_ONCE = 16  # are let in before those who play are attended to again
GRACE = 0.2  # that a stranger has before it must make room for the next [s]
SILENCE = 2.0  # whoever calls must have a seat by then, however busily it talks [s]
NO_DESCRIPTORS = (errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM)


class Entrance:
    """Lets callers in, and sends them away if they take too long or others need their places.

    Args:
        listening: the socket that is called; it must not block.
        selector: calls `data(events)` of what is registered there when something happens.
        greet: is given everybody who has come in.
        dismiss: is given who must go, and why; it must call `forget`.
        say: is told what is wrong here.
    """

    def __init__(
        self,
        listening: socket.socket,
        selector: selectors.BaseSelector,
        greet: Callable[[Peer], None],
        dismiss: Callable[[Peer, str], None],
        say: Callable[[str], None],
    ) -> None:
        self.strangers: list[Peer] = []  # as they came
        self.guests: list[Peer] = []  # as they proved that they know the key
        self._listening = listening
        self._selector = selector
        self._greet = greet
        self._dismiss = dismiss
        self._say = say
        self._opens = math.inf  # when a shut entrance opens again, on the clock of `time.monotonic` [s]
        selector.register(listening, selectors.EVENT_READ, self.let_in)

    @property
    def next_moment(self) -> float:
        """When there is something to do here, on the clock of `time.monotonic` [s]."""
        deadlines = (peer.deadline for peer in (*self.strangers[:1], *self.guests))
        return min(self._opens, *deadlines, math.inf)

    def keep_time(self, now: float) -> None:
        """Send those away who take too long, and open again when it is time."""
        for peer in [peer for peer in (*self.strangers, *self.guests) if peer.deadline <= now]:
            self._dismiss(peer, f"has taken no seat in {SILENCE:g} s")
        if self._opens <= now:
            self._opens = math.inf
            self._selector.register(self._listening, selectors.EVENT_READ, self.let_in)

    def let_in(self, _events: int) -> None:
        """Let in some of those who call."""
        for _ in range(MOST_AT_ONCE):
            now = time.monotonic()
            if len(self.strangers) >= MOST_STRANGERS and not self._make_room(now):
                return
            try:
                connection, _ = self._listening.accept()
            except BlockingIOError:
                return
            except OSError as error:
                if error.errno not in NO_DESCRIPTORS:
                    continue  # whoever it was has gone
                if not self._make_room(now):
                    self._say(f"nobody more can come in now: {error.strerror}")
                    return
            else:
                self._receive(connection, now)

    def _receive(self, connection: socket.socket, now: float) -> None:
        try:
            peer = Peer(connection, now)
        except OSError:  # it has gone
            connection.close()
            return
        peer.deadline = now + SILENCE
        self.strangers.append(peer)
        self._greet(peer)

    def _make_room(self, now: float) -> bool:
        """Send the oldest stranger away; if there is none that has had its time, shut for a moment instead."""
        opens = self.strangers[0].since + GRACE if self.strangers else now + GRACE
        if self.strangers and opens <= now:
            self._dismiss(self.strangers[0], "has made room for others")
            return True
        self._opens = opens
        self._selector.unregister(self._listening)
        return False

    def promote(self, peer: Peer) -> None:
        """Take a stranger who has proved that it knows the key for a guest."""
        self.strangers.remove(peer)
        self.guests.append(peer)
        if len(self.guests) > MOST_GUESTS:
            self._dismiss(self.guests[0], "has made room for others")

    def forget(self, peer: Peer) -> None:
        """Do without somebody who has a seat now, or has gone."""
        (self.guests if peer.proved else self.strangers).remove(peer)
        if self._opens < math.inf:
            self._opens = -math.inf  # there is a place again
