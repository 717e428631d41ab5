"""Hosts a world whose agents are played by other programs: one thread, one loop, no player can block it."""

import math
import selectors
import socket
import time
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any, Literal

import numpy as np

from roboschool.envs.parallel import ParallelEnv
from roboschool.envs.spaces import PICTURES, check_render_mode
from roboschool.errors import InvalidInput, check_choice, describe_error
from roboschool.multiplayer.address import Address, Listener
from roboschool.multiplayer.barrier import PATIENCE, Barrier, Reply, WorldClosed
from roboschool.multiplayer.entrance import Entrance
from roboschool.multiplayer.peer import MOST_UNREAD, Peer, WrongKey
from roboschool.multiplayer.protocol import (
    ACTION,
    FROM_GUESTS,
    FROM_PLAYERS,
    LARGEST,
    LONGEST_TEXT,
    Ask,
    Closed,
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
    unpack,
)
from roboschool.multiplayer.say import Quota, Say
from roboschool.policies.policy import AnyPolicy
from roboschool.scenes.scene import Scene

LINGER = 2.0  # for players to take their leave after the end [s]
ROOM = 2**10  # in a message with a picture, for all else [bytes]
MOST_HEARD = 4  # messages of one peer, before others are attended to


class Server:
    """A world, and a seat in it for each agent, which programs take with `roboschool.connect`.

    Args:
        scene: its name, the path of its file, or a `Scene`.
        tcp: where to listen; None: at a socket in a private folder.
        allow_remote: whether other machines may reach `tcp`.
        join_timeout: see `Barrier`.
        step_timeout: see `Barrier`.
        episodes: see `Barrier`.
        fillers: see `Barrier`.
        say: is told who comes, who goes, and who is turned away; everybody waits for it, so it must not block. Of
            strangers it is told only so much.
        rules: options of a reset, which the scene's game takes; they hold in all episodes.
        options: `max_cycles`, `render_mode`, `width` and `height` of `ParallelEnv`; others stand for keys of the scene
            file.

    Raises:
        InvalidInput: the scene, the address, a timeout or an option is unknown or wrong.
    """

    def __init__(
        self,
        scene: str | Scene,
        tcp: Address | None = None,
        allow_remote: bool = False,
        join_timeout: float | None = PATIENCE,
        step_timeout: float | None = PATIENCE,
        episodes: int | None = None,
        fillers: Mapping[str, AnyPolicy] | None = None,
        say: Say = lambda text: None,
        rules: Mapping[str, Any] | None = None,
        **options: Any,
    ) -> None:
        check_render_mode(options.get("render_mode"), PICTURES)
        _check_size(options.get("width", 600), options.get("height", 400))
        self.world = ParallelEnv(scene, death="leave", **options)
        self.barrier = Barrier(self.world, join_timeout, step_timeout, episodes, fillers)
        self.say = say
        self.world.simulation.reset({0: None}, rules)  # what can go wrong does so now, and nobody waits for it later
        self.door = Listener(tcp, allow_remote)
        spaces = self.world.observation_spaces.items()
        self._observations = {name: Numbers(_dtype(space), space.shape) for name, space in spaces}
        self._actions = {name: Numbers(ACTION, space.shape) for name, space in self.world.action_spaces.items()}
        self._seated: dict[str, Peer] = {}
        self._unheard: dict[Peer, bool] = {}  # who has said more than was heard yet, and whether it may say more
        self._turn: tuple[Any, ...] | None = None  # when the clock was set, and
        self._late = math.inf  # when it is late then
        self._end = math.inf  # when the server ends
        self._why = "the server has ended"
        self.stopped = False  # by `stop`
        self._selector = selectors.DefaultSelector()
        self._alarm, self._bell = socket.socketpair()
        self._bell.setblocking(False)
        self._selector.register(self._alarm, selectors.EVENT_READ, lambda events: None)
        self._say_of_strangers = Quota(say)
        self._entrance = Entrance(self.door.socket, self._selector, self._greet, self._part, self._say_of_strangers)

    def run(self) -> None:
        """Serve until the world is closed or `stop` is called, then close.

        Raises:
            Exception: the server itself has failed; what the world raises is in `barrier.end`.
        """
        try:
            while time.monotonic() < self._end and not (self.barrier.end and not self._seated):
                ready = self._selector.select(self._left())
                ready.sort(key=lambda one: one[0].fileobj is self.door.socket)  # who is in is heard before more come
                for key, events in ready:
                    key.data(events)
                for peer, goes_on in list(self._unheard.items()):
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
            return  # it has ended, or was told so before

    def close(self) -> None:
        """Free the world, the connections, the socket, the key and their folder; again does nothing."""
        self._deliver(self.barrier.close(self._why))
        why, _ = self.barrier.end or ("", None)
        for peer in self._seated.values():
            peer.send(Closed(f"the world is closed: {why}"[:LONGEST_TEXT]))
        for peer in (*self._entrance.strangers, *self._entrance.guests, *self._seated.values()):
            peer.connection.close()
        self._entrance.strangers.clear()
        self._entrance.guests.clear()
        self._seated.clear()
        self._say_of_strangers.keep_time(math.inf)
        self._selector.close()
        self._alarm.close()
        self._bell.close()
        self.door.close()

    # The clock

    def _left(self) -> float | None:
        """Return how long there is nothing to do if nobody says anything [s]."""
        if self._unheard:
            return 0.0
        moment = min(self._late, self._end, self._entrance.next_moment, self._say_of_strangers.next_moment)
        return None if moment == math.inf else max(0.0, moment - time.monotonic())

    def _keep_time(self) -> None:
        """Turn those away who take no seat, do without those who are late, and end after the world."""
        now = time.monotonic()
        self._entrance.keep_time(now)
        self._say_of_strangers.keep_time(now)
        host = self.barrier
        turn = (*host.turn, host.waiting)
        if turn != self._turn:
            self._turn = turn
            self._late = now + host.patience if host.waiting and host.patience else math.inf
        elif self._late <= now:
            self._turn = None
            self._go_on_without(host.missing())
        if host.end and self._end == math.inf:
            self._end = now + LINGER

    def _go_on_without(self, missing: list[str]) -> None:
        replies = self.barrier.late()
        for name in missing:
            if not self.barrier.end:
                self.say(f"{name}: {self.barrier.gone.get(name, 'is played by a policy')}")
        self._deliver(replies)

    # Those who call

    def _greet(self, peer: Peer) -> None:
        self._selector.register(peer.connection, selectors.EVENT_READ, partial(self._attend, peer))

    def _attend(self, peer: Peer, _events: int) -> None:
        """Do what a peer says, and send it what there is now room for."""
        if not peer.is_open:
            return  # somebody else has said what closed it
        if peer.outbox:
            peer.flush()
            self._watch(peer)
        if peer not in self._unheard:
            self._listen(peer, peer.read())

    def _listen(self, peer: Peer, goes_on: bool) -> None:
        """Do some of what a peer has said; the rest has its turn after others."""
        self._unheard.pop(peer, None)
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
                    raise Violation(f"does not read what it is sent, {MOST_UNREAD} bytes")
            else:
                self._unheard[peer] = goes_on
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
            peer.admit(self.door.key, body)
            self._entrance.promote(peer)
        elif peer.agent is None:
            self._seat(peer, unpack(body, FROM_GUESTS).agent)
        else:
            self._answer(peer, peer.agent, unpack(body, FROM_PLAYERS))

    def _seat(self, peer: Peer, wish: str | None) -> None:
        """Give a peer the seat it asks for, or turn it away."""
        try:
            agent = self._find_seat(wish)
        except (InvalidInput, WorldClosed) as error:
            peer.send(_refuse(0, error))
            self._part(peer, f"was turned away: {error}")
            return
        self._entrance.forget(peer)
        peer.take_seat(agent)
        self._seated[agent] = peer
        self.say(f"{agent}: has joined")
        self._tell(
            peer,
            Welcome(
                agent,
                self.world.scene.id,
                self.world.scene.game.reasons if self.world.scene.game else (),
                self.world.metadata,
                self.world.render_mode,
                _describe(self.world.observation_space(agent)),
                _describe(self.world.action_space(agent)),
            ),
        )

    def _find_seat(self, wish: str | None) -> str:
        host = self.barrier
        if host.end is not None:
            raise WorldClosed(f"the world is closed: {host.end[0]}")
        out = {*self._seated, *host.gone, *host.filled}
        free = [name for name in self.world.possible_agents if name not in out]
        if wish is None:
            if not free:
                raise InvalidInput(f"scene {self.world.scene.name!r}: no seat is free")
            return free[0]
        check_choice(wish, self.world.possible_agents, "agent", f"scene {self.world.scene.name!r}")
        if wish in host.gone:
            raise WorldClosed(f"agent {wish!r} {host.gone[wish]}; its seat stays empty until the match is over")
        if wish not in free:
            raise InvalidInput(f"agent {wish!r} is taken; free: {', '.join(free) or 'none'}")
        return wish

    # Those who play

    def _answer(self, peer: Peer, agent: str, ask: Ask) -> None:
        match ask:
            case Step(number, action):
                array = self._actions[agent].unpack(action)
                self._ask(peer, number, lambda: self.barrier.ask_step(agent, array))
            case Reset(number, seed):
                self._ask(peer, number, lambda: self.barrier.ask_reset(agent, seed))
            case Look(number):
                self._tell(peer, self._picture(number))
            case Withdraw():
                self.barrier.withdraw(agent)
            case Ping():
                self._tell(peer, Pong())
            case Leave():
                self._part(peer, "has left")

    def _ask(self, peer: Peer, number: int, call: Callable[[], dict[str, Reply]]) -> None:
        """Ask the rendezvous; what cannot be done concerns this player only."""
        try:
            replies = call()
        except (InvalidInput, WorldClosed) as error:
            self._tell(peer, _refuse(number, error))
        else:
            peer.number = number
            self._deliver(replies)

    def _picture(self, number: int) -> Message:
        try:
            picture = self.barrier.picture()
        except Exception as error:  # of whatever draws here
            closed = isinstance(error, WorldClosed)
            return Refused(
                number, closed, (str(error) if closed else f"no picture: {describe_error(error)}")[:LONGEST_TEXT]
            )
        if picture is None:
            return Refused(number, False, "this world takes no pictures")
        return Picture(number, picture.shape[0], picture.shape[1], picture.astype(np.uint8).tobytes())

    def _deliver(self, replies: Mapping[str, Reply]) -> None:
        for agent, reply in replies.items():
            if agent in self._seated:
                peer = self._seated[agent]
                self._tell(peer, self._as_message(agent, peer.number, reply))

    def _as_message(self, agent: str, number: int, reply: Reply) -> Message:
        if isinstance(reply, Exception):
            return _refuse(number, reply)
        observation, *rest = reply
        seen = self._observations[agent].pack(observation)
        return StepReply(number, seen, *rest) if len(rest) > 1 else ResetReply(number, seen, *rest)

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
            self._say_of_strangers(f"somebody: {why}")
            return
        del self._seated[peer.agent]
        if not self.barrier.end and peer.agent not in self.barrier.gone:
            self.say(f"{peer.agent}: {why}")
        if self.barrier.episode:
            self._deliver(self.barrier.leave(peer.agent, why))
        else:
            self.barrier.withdraw(peer.agent)


def _refuse(number: int, error: Exception) -> Refused:
    return Refused(number, isinstance(error, WorldClosed), str(error)[:LONGEST_TEXT])


def _dtype(space: Any) -> Literal["<f4", "<f8"]:
    """Return the little-endian type that holds a box's numbers."""
    return "<f4" if space.dtype == np.float32 else "<f8"


def _describe(space: Any) -> Space:
    dtype = _dtype(space)
    numbers = Numbers(dtype, space.shape)
    return Space(space.shape, dtype, numbers.pack(space.low), numbers.pack(space.high))


def _check_size(width: int, height: int) -> None:
    if 3 * width * height + ROOM > LARGEST:
        raise InvalidInput(f"size: a picture of {width}x{height} is more than the {LARGEST} bytes of a message")
