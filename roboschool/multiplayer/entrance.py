"""Callers of a server without a seat; callers without the key cannot block one that has it."""

import errno
import math
import selectors
import socket
import time
from collections.abc import Callable

from roboschool.multiplayer.peer import Peer

MOST_STRANGERS = 128  # callers that have not proved that they know the key
MOST_GUESTS = 16  # callers that have, and have not requested a seat yet
MOST_AT_ONCE = 16  # are let in before messages of players are read again
GRACE = 0.2  # that a stranger has before it must make room for the next [s]
DEADLINE = 2.0  # within which a caller must have a seat [s]
NO_DESCRIPTORS = (errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM)


class Entrance:
    """Accepts callers, and dismisses those that take too long or whose places others need.

    Args:
        listening: the socket that is called; it must not block.
        selector: calls `data(events)` of what is registered there when something happens.
        greet: called with every peer that is accepted.
        dismiss: called with a peer that must go, and why; it must call `forget`.
        log: called with a line about a fault here.
    """

    def __init__(
        self,
        listening: socket.socket,
        selector: selectors.BaseSelector,
        greet: Callable[[Peer], None],
        dismiss: Callable[[Peer, str], None],
        log: Callable[[str], None],
    ) -> None:
        self.strangers: list[Peer] = []  # in the order of their calls
        self.guests: list[Peer] = []  # in the order of their proofs
        self._listening = listening
        self._selector = selector
        self._greet = greet
        self._dismiss = dismiss
        self._log = log
        self._opens = math.inf  # when a shut entrance opens again, on the clock of `time.monotonic` [s]
        selector.register(listening, selectors.EVENT_READ, self.accept)

    @property
    def next_moment(self) -> float:
        """When there is something to do here, on the clock of `time.monotonic` [s]."""
        deadlines = (peer.deadline for peer in (*self.strangers[:1], *self.guests))
        return min(self._opens, *deadlines, math.inf)

    def keep_time(self, now: float) -> None:
        """Dismiss callers that take too long, and open again when it is time."""
        for peer in [peer for peer in (*self.strangers, *self.guests) if peer.deadline <= now]:
            self._dismiss(peer, f"has taken no seat in {DEADLINE:g} s")
        if self._opens <= now:
            self._opens = math.inf
            self._selector.register(self._listening, selectors.EVENT_READ, self.accept)

    def accept(self, _events: int) -> None:
        """Accept some callers."""
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
                    continue  # the caller has gone
                if not self._make_room(now):
                    self._log(f"no more callers can be accepted now: {error.strerror}")
                    return
            else:
                self._receive(connection, now)

    def _receive(self, connection: socket.socket, now: float) -> None:
        try:
            peer = Peer(connection, now)
        except OSError:  # it has gone
            connection.close()
            return
        peer.deadline = now + DEADLINE
        self.strangers.append(peer)
        self._greet(peer)

    def _make_room(self, now: float) -> bool:
        """Dismiss the oldest stranger; if none has had its time, shut for a moment instead."""
        opens = self.strangers[0].since + GRACE if self.strangers else now + GRACE
        if self.strangers and opens <= now:
            self._dismiss(self.strangers[0], "has made room for others")
            return True
        self._opens = opens
        self._selector.unregister(self._listening)
        return False

    def promote(self, peer: Peer) -> None:
        """Promote a caller that has proved that it knows the key."""
        self.strangers.remove(peer)
        self.guests.append(peer)
        if len(self.guests) > MOST_GUESTS:
            self._dismiss(self.guests[0], "has made room for others")

    def forget(self, peer: Peer) -> None:
        """Remove a caller that has a seat now, or has gone."""
        (self.guests if peer.proved else self.strangers).remove(peer)
        if self._opens < math.inf:
            self._opens = -math.inf  # a place is free
