"""Hosts a world whose agents are played by other programs: one thread, one loop, no player can block it."""

import math
import selectors
import socket
import time
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

from roboschool.envs.parallel import ParallelEnv
from roboschool.envs.spaces import PICTURES, check_render_mode
from roboschool.errors import InvalidInput, check_choice, describe_error
from roboschool.multiplayer.address import Address, Listener
from roboschool.multiplayer.barrier import TIMEOUT, Barrier, Reply, WorldClosed
from roboschool.multiplayer.entrance import Entrance
from roboschool.multiplayer.log import Log, RateLimitedLog
from roboschool.multiplayer.peer import MOST_UNREAD, Peer, WrongKey
from roboschool.multiplayer.protocol import (
    FROM_GUESTS,
    FROM_PLAYERS,
    LONGEST_TEXT,
    Closed,
    Leave,
    Look,
    Message,
    Ping,
    Pong,
    Refused,
    Request,
    Reset,
    Step,
    Violation,
    Withdraw,
    unpack,
)
from roboschool.multiplayer.world_messages import WorldMessages, check_picture_size, picture, refuse
from roboschool.policies.policy import AnyPolicy
from roboschool.scenes.scene import Scene

LINGER = 2.0  # for players to leave after the end [s]
MOST_HEARD = 4  # messages of one peer, before others are read


class Server:
    """A world, and a seat in it for each agent, which programs take with `roboschool.connect`.

    Args:
        scene: its name, the path of its file, or a `Scene`.
        tcp: where to listen; None: at a socket in a private folder.
        allow_remote: whether other machines may reach `tcp`.
        join_timeout: see `Barrier`.
        step_timeout: see `Barrier`.
        episodes: see `Barrier`.
        default_policies: see `Barrier`.
        log: called with a line for each program that joins, leaves or is turned away; it must not block, because the
            server waits for it. Lines about callers without the key are limited in number.
        rules: options of a reset, which the scene's game takes; they hold in all episodes.
        options: `max_cycles`, `render_mode`, `width` and `height` of `ParallelEnv`; others override keys of the scene
            file.

    Raises:
        InvalidInput: the scene, the address, a timeout or an option is unknown or wrong.
    """

    def __init__(
        self,
        scene: str | Scene,
        tcp: Address | None = None,
        allow_remote: bool = False,
        join_timeout: float | None = TIMEOUT,
        step_timeout: float | None = TIMEOUT,
        episodes: int | None = None,
        default_policies: Mapping[str, AnyPolicy] | None = None,
        log: Log = lambda text: None,
        rules: Mapping[str, Any] | None = None,
        **options: Any,
    ) -> None:
        check_render_mode(options.get("render_mode"), PICTURES)
        check_picture_size(options.get("width", 600), options.get("height", 400))
        self.world = ParallelEnv(scene, on_termination="leave", **options)
        self.barrier = Barrier(self.world, join_timeout, step_timeout, episodes, default_policies)
        self.log = log
        self.world.simulation.reset({0: None}, rules)  # so that errors come now and not to waiting players
        self.listener = Listener(tcp, allow_remote)
        self._messages = WorldMessages(self.world)
        self._seated: dict[str, Peer] = {}
        self._unread: dict[Peer, bool] = {}  # peers with messages left to read, and whether their connection goes on
        self._turn: tuple[Any, ...] | None = None  # for which the clock was set
        self._late = math.inf  # when the missing are late
        self._end = math.inf  # when the server ends
        self._why = "the server has ended"
        self.stopped = False  # by `stop`
        self._selector = selectors.DefaultSelector()
        self._alarm, self._bell = socket.socketpair()
        self._bell.setblocking(False)
        self._selector.register(self._alarm, selectors.EVENT_READ, lambda events: None)
        self._log_of_strangers = RateLimitedLog(log)
        self._entrance = Entrance(self.listener.socket, self._selector, self._greet, self._part, self._log_of_strangers)

    def run(self) -> None:
        """Serve until the world is closed or `stop` is called, then close.

        Raises:
            Exception: the server itself has failed; what the world raises is in `barrier.end`.
        """
        try:
            while time.monotonic() < self._end and not (self.barrier.end and not self._seated):
                ready = self._selector.select(self._left())
                ready.sort(key=lambda one: one[0].fileobj is self.listener.socket)  # peers before new callers
                for key, events in ready:
                    key.data(events)
                for peer, goes_on in list(self._unread.items()):
                    self._listen(peer, goes_on)
                self._keep_time()
        except Exception as error:
            self._why = f"the server has failed: {describe_error(error)}"
            raise
        finally:
            self.close()

    def stop(self, why: str) -> None:
        """End `run` soon; a signal handler or another thread may call it."""
        self._why = why
        self.stopped = True
        self._end = -math.inf
        try:
            self._bell.send(b"\0")
        except OSError:
            return  # it has ended, or is about to

    def close(self) -> None:
        """Free the world, the connections, the socket, the key and their folder; a second call does nothing."""
        self._deliver(self.barrier.close(self._why))
        why, _ = self.barrier.end or ("", None)
        for peer in self._seated.values():
            peer.send(Closed(f"the world is closed: {why}"[:LONGEST_TEXT]))
        for peer in (*self._entrance.strangers, *self._entrance.guests, *self._seated.values()):
            peer.connection.close()
        self._entrance.strangers.clear()
        self._entrance.guests.clear()
        self._seated.clear()
        self._log_of_strangers.keep_time(math.inf)
        self._selector.close()
        self._alarm.close()
        self._bell.close()
        self.listener.close()

    # The clock

    def _left(self) -> float | None:
        """Return how long there is nothing to do if no message arrives [s]."""
        if self._unread:
            return 0.0
        moment = min(self._late, self._end, self._entrance.next_moment, self._log_of_strangers.next_moment)
        return None if moment == math.inf else max(0.0, moment - time.monotonic())

    def _keep_time(self) -> None:
        """Turn away callers that take no seat, continue without agents that are late, and end after the world."""
        now = time.monotonic()
        self._entrance.keep_time(now)
        self._log_of_strangers.keep_time(now)
        barrier = self.barrier
        turn = (*barrier.turn, barrier.waiting)
        if turn != self._turn:
            self._turn = turn
            self._late = now + barrier.timeout if barrier.waiting and barrier.timeout else math.inf
        elif self._late <= now:
            self._turn = None
            self._go_on_without(barrier.missing())
        if barrier.end and self._end == math.inf:
            self._end = now + LINGER

    def _go_on_without(self, missing: list[str]) -> None:
        replies = self.barrier.late()
        for name in missing:
            if not self.barrier.end:
                self.log(f"{name}: {self.barrier.gone.get(name, 'is played by a policy')}")
        self._deliver(replies)

    # Callers and peers

    def _greet(self, peer: Peer) -> None:
        self._selector.register(peer.connection, selectors.EVENT_READ, partial(self._attend, peer))

    def _attend(self, peer: Peer, _events: int) -> None:
        """Do what a peer asks, and send it what there is now room for."""
        if not peer.is_open:
            return  # a message of another peer has closed it
        if peer.outbox:
            peer.flush()
            self._watch(peer)
        if peer not in self._unread:
            self._listen(peer, peer.read())

    def _listen(self, peer: Peer, goes_on: bool) -> None:
        """Do what some messages of a peer ask; the others have their turn after those of other peers."""
        self._unread.pop(peer, None)
        if not peer.is_open:
            return
        try:
            for _ in range(MOST_HEARD):
                if (body := peer.inbox.take()) is None:
                    break
                self._hear(peer, body)
                if not peer.is_open:
                    return
                if peer.given_up:
                    raise Violation(f"has left {MOST_UNREAD} bytes unread")
            else:
                self._unread[peer] = goes_on
                return
        except WrongKey as error:
            peer.send(Refused(0, False, "the key is not the server's"))
            self._part(peer, str(error))
        except Violation as error:
            self._part(peer, f"broke the rules: {error}")
        else:
            if not goes_on:
                self._part(peer, "has gone without a word")

    def _hear(self, peer: Peer, body: bytes) -> None:
        if not peer.proved:
            peer.admit(self.listener.key, body)
            self._entrance.promote(peer)
        elif peer.agent is None:
            self._seat(peer, unpack(body, FROM_GUESTS).agent)
        else:
            self._answer(peer, peer.agent, unpack(body, FROM_PLAYERS))

    def _seat(self, peer: Peer, requested: str | None) -> None:
        """Give a peer the seat it requests, or turn it away."""
        try:
            agent = self._find_seat(requested)
        except (InvalidInput, WorldClosed) as error:
            peer.send(refuse(0, error))
            self._part(peer, f"was turned away: {error}")
            return
        self._entrance.forget(peer)
        peer.take_seat(agent)
        self._seated[agent] = peer
        self.log(f"{agent}: has joined")
        self._tell(peer, self._messages.welcome(agent))

    def _find_seat(self, agent: str | None) -> str:
        barrier = self.barrier
        if barrier.end is not None:
            raise WorldClosed(f"the world is closed: {barrier.end[0]}")
        out = {*self._seated, *barrier.gone, *barrier.substituted}
        free = [name for name in self.world.possible_agents if name not in out]
        if agent is None:
            if not free:
                raise InvalidInput(f"scene {self.world.scene.name!r}: no seat is free")
            return free[0]
        check_choice(agent, self.world.possible_agents, "agent", f"scene {self.world.scene.name!r}")
        if agent in barrier.gone:
            raise WorldClosed(f"agent {agent!r} {barrier.gone[agent]}; its seat stays empty until the match is over")
        if agent not in free:
            raise InvalidInput(f"agent {agent!r} is taken; free: {', '.join(free) or 'none'}")
        return agent

    # Players

    def _answer(self, peer: Peer, agent: str, request: Request) -> None:
        match request:
            case Step(number, action):
                array = self._messages.read_action(agent, action)
                self._ask(peer, number, lambda: self.barrier.ask_step(agent, array))
            case Reset(number, seed):
                self._ask(peer, number, lambda: self.barrier.ask_reset(agent, seed))
            case Look(number):
                self._tell(peer, picture(number, self.barrier))
            case Withdraw():
                self.barrier.withdraw(agent)
            case Ping():
                self._tell(peer, Pong())
            case Leave():
                self._part(peer, "has left")

    def _ask(self, peer: Peer, number: int, call: Callable[[], dict[str, Reply]]) -> None:
        """Make a request to the barrier; a refusal concerns this player only."""
        try:
            replies = call()
        except (InvalidInput, WorldClosed) as error:
            self._tell(peer, refuse(number, error))
        else:
            peer.number = number
            self._deliver(replies)

    def _deliver(self, replies: Mapping[str, Reply]) -> None:
        for agent, reply in replies.items():
            if agent in self._seated:
                peer = self._seated[agent]
                self._tell(peer, self._messages.reply(agent, peer.number, reply))

    def _tell(self, peer: Peer, message: Message) -> None:
        peer.send(message)
        if peer.outbox:
            self._watch(peer)

    def _watch(self, peer: Peer) -> None:
        """Wake up when there is room on the connection of a peer, if something is kept for it."""
        events = selectors.EVENT_READ | (selectors.EVENT_WRITE if peer.outbox else 0)
        self._selector.modify(peer.connection, events, partial(self._attend, peer))

    def _part(self, peer: Peer, why: str) -> None:
        """Close the connection to a peer; its seat is lost, but before the first episode free again."""
        self._selector.unregister(peer.connection)
        peer.connection.close()
        if peer.agent is None:
            self._entrance.forget(peer)
            self._log_of_strangers(f"a caller: {why}")
            return
        del self._seated[peer.agent]
        if not self.barrier.end and peer.agent not in self.barrier.gone:
            self.log(f"{peer.agent}: {why}")
        if self.barrier.episode:
            self._deliver(self.barrier.leave(peer.agent, why))
        else:
            self.barrier.withdraw(peer.agent)
