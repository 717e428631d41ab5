"""Players: policies in processes of their own. One that crashes, hangs or answers nonsense forfeits, and nothing else.

What comes from such a process is raw numbers of a known size, and words for people; never a pickle.
"""

import json
import os
import socket
import struct
import subprocess
from collections import deque
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass
from select import POLLIN, poll
from typing import Protocol

import numpy as np

from roboschool.errors import InvalidInput, describe_error, one_line
from roboschool.policies.policy import Policy
from roboschool.policies.resolve import resolve_policy, search_path
from roboschool.simulation.group import as_numbers
from roboschool.tournament.containment import LIMITS, Interference, contained, find_containment
from roboschool.tournament.entrants import Assignment
from roboschool.tournament.relay import Relay
from roboschool.workers.orphans import kill_orphans
from roboschool.workers.process import REAP, ChildProcess

CRASH, HANG, INFINITE, SHAPE = "crash", "hang", "not finite", "wrong shape"
REASONS = (CRASH, HANG, INFINITE, SHAPE)
START = 30.0  # how long a policy may take to be imported and made [s]
LIMIT = 5.0  # and to act [s]
SLICE = 0.25  # of the waiting; time in which this process was stopped counts as one of them at most [s]
HEAD = struct.Struct("<cI")  # kind of message, and number of the question
BEGIN, SEE, ACT, FAIL = b"B", b"O", b"A", b"!"
SEED = struct.Struct("<Q")
WORDS = 400  # letters of an error that are kept
PACKET = 180_000  # no message is longer [bytes]
MOST_IDLE = 8  # players that wait for their next match


class Forfeit(Exception):
    """A player has lost by its own fault: one of `REASONS`, and how, in words."""

    def __init__(self, reason: str, detail: str) -> None:
        super().__init__(reason, detail)
        self.reason = reason
        self.detail = one_line(detail)[:WORDS]  # as the readers of matches take it


class Player(Protocol):
    """Plays some agents: it is asked, and then answers."""

    def begin(self, seed: int) -> None:
        """Ask to begin an episode."""

    def ask(self, observations: Sequence[np.ndarray]) -> None:
        """Ask for actions, given what each agent sees."""

    def answer(self) -> list[np.ndarray]:
        """Return an action for each agent, within -1 and 1, or nothing after `begin`.

        Raises:
            Forfeit: it has lost by its own fault.
            Interference: its process was stopped or killed, and it is not known by whom.
        """


class Team:
    """Policies that play in this process: what is on the other side of a `Process`, or plays without one.

    Args:
        policies: one for each agent.
        joints: of each agent.
    """

    def __init__(self, policies: Sequence[Policy], joints: Sequence[int]) -> None:
        self.policies = list(policies)
        self.joints = list(joints)
        self.seen: list[np.ndarray] = []

    def begin(self, seed: int) -> None:
        """Begin an episode."""
        seeds = np.random.SeedSequence(seed).generate_state(len(self.policies))
        for policy, own in zip(self.policies, seeds.tolist(), strict=True):
            policy.reset(own)
        self.seen = []

    def ask(self, observations: Sequence[np.ndarray]) -> None:
        """Ask for actions, given what each agent sees."""
        self.seen = [seen.copy() for seen in observations]  # policies may write over them

    def act(self) -> list[np.ndarray]:
        """Return what the policies answer, whatever numbers these are.

        Raises:
            Forfeit: an action has the wrong shape.
        """
        answers = [policy.act(seen) for policy, seen in zip(self.policies, self.seen, strict=True)]
        try:
            return [as_numbers("", a, (n,)).astype(float) for a, n in zip(answers, self.joints, strict=True)]
        except InvalidInput as error:
            raise Forfeit(SHAPE, str(error).partition(": ")[2]) from None  # a player may be kept for other agents

    def answer(self) -> list[np.ndarray]:
        """Return an action for each agent, or nothing after `begin`.

        Raises:
            Forfeit: one has the wrong shape, or is not finite.
        """
        return [_checked(action) for action in self.act()] if self.seen else []


def _checked(action: np.ndarray) -> np.ndarray:
    if not np.isfinite(action).all():
        raise Forfeit(INFINITE, f"an action is {action[~np.isfinite(action)][0]}")
    return action.clip(-1.0, 1.0).astype(np.float32)


class Process:
    """Policies that play in a process of their own.

    Args:
        assignments: what they play.
        limit: how long they may think about an action [s].
        start: how long they may take to begin [s].
        quiet: whether what they print is thrown away; else it is passed on to stderr.
        containment: what their process starts in.
    """

    def __init__(
        self,
        assignments: Sequence[Assignment],
        limit: float = LIMIT,
        start: float = START,
        quiet: bool = False,
        containment: str = LIMITS,
    ) -> None:
        self.assignments = tuple(assignments)
        self.limit = limit
        self.start = start
        self.splits = np.cumsum([each.joints for each in assignments])
        self.asked = 0  # questions so far
        self.expected = BEGIN  # kind of the answer
        self.patience = start  # for the answer [s]
        self.blamed = containment != LIMITS  # nobody else can stop or kill it
        self.relay = None if quiet else Relay()
        entry, path = "roboschool.tournament.players:serve", search_path()
        files = [each.policy for each in assignments if os.path.exists(each.policy)]
        launcher = contained(containment, [*path, *files])
        try:
            output = self.relay.end if self.relay else subprocess.DEVNULL
            self.child = ChildProcess(entry, packets=True, path=path, output=output, launcher=launcher)
        finally:
            if self.relay:
                self.relay.release()
        self.poll = poll()
        self.poll.register(self.child.line, POLLIN)
        self._send(json.dumps([asdict(each) for each in assignments]).encode())

    @property
    def lost(self) -> bool:
        """Whether the process has been ended."""
        return self.child.over

    def begin(self, seed: int) -> None:
        """Ask to begin an episode."""
        self._ask(BEGIN, SEED.pack(seed), self.start)

    def ask(self, observations: Sequence[np.ndarray]) -> None:
        """Ask for actions, given what each agent sees."""
        self._ask(SEE, np.concatenate(observations).astype(np.float32, copy=False).tobytes(), self.limit)

    def answer(self) -> list[np.ndarray]:
        """Return an action for each agent, or nothing after `begin`; one that forfeits is ended.

        Raises:
            Forfeit: it has lost by its own fault.
            Interference: its process was stopped or killed, and it is not known by whom.
        """
        try:
            return self._answer()
        except (Forfeit, Interference):
            self.kill()
            raise

    def kill(self) -> None:
        """End the process now, and all that it has started; again does nothing."""
        if not self.lost:
            self.child.kill()
            kill_orphans()
            if self.relay:
                self.relay.finish(REAP)

    def _ask(self, kind: bytes, text: bytes, patience: float) -> None:
        self.asked += 1
        self.expected = BEGIN if kind == BEGIN else ACT
        self.patience = patience
        self._send(HEAD.pack(kind, self.asked) + text)

    def _send(self, message: bytes) -> None:
        with suppress(OSError):  # it has died: the answer will say so
            self.child.line.send(message)

    def _answer(self) -> list[np.ndarray]:
        if self.lost:
            raise Forfeit(CRASH, "it has ended")
        left = self.patience
        while not self.poll.poll(1e3 * min(left, SLICE)):
            left -= SLICE
            if not self.blamed and self.child.stopped:
                raise Interference("the process of a policy was stopped")
            if left <= 0.0:
                raise Forfeit(HANG, f"no answer within {self.patience:g} s")
        try:
            message = self.child.line.recv(PACKET)
        except OSError:
            message = b""
        if not message:
            how = self.child.end()
            kill_orphans()
            if not self.blamed and self.child.killed:
                raise Interference(f"the process of a policy was {how}")
            raise Forfeit(CRASH, how)
        kind, number = HEAD.unpack_from(message) if len(message) >= HEAD.size else (b"", 0)
        text = message[HEAD.size :]
        if kind == FAIL:
            reason, _, detail = text.decode("utf-8", "replace").partition("\n")
            raise Forfeit(reason if reason in REASONS else CRASH, detail)
        if (kind, number) != (self.expected, self.asked):
            raise Forfeit(CRASH, "it answers what nobody has asked")
        if kind == BEGIN:
            return []
        if len(text) != 8 * self.splits[-1]:
            raise Forfeit(SHAPE, f"{len(text)} bytes, not {8 * self.splits[-1]}")
        return np.split(_checked(np.frombuffer(text)), self.splits[:-1])


class Bench:
    """Players between matches: they are kept, so that a policy need not be imported and made again.

    Args:
        limit: how long they may think about an action [s].
        start: how long they may take to begin [s].
        quiet: whether what they print is thrown away.
        containment: what their processes start in; None: the best there is.
    """

    def __init__(
        self, limit: float = LIMIT, start: float = START, quiet: bool = False, containment: str | None = None
    ) -> None:
        self.limit = limit
        self.start = start
        self.quiet = quiet
        self.containment = containment or find_containment()
        self.idle: deque[Process] = deque()

    def take(self, assignments: Sequence[Assignment]) -> Process:
        """Return a player for some agents: one that waits, or a new one."""
        parts = [(each.policy, each.observation_size, each.joints) for each in assignments]
        for player in self.idle:
            if [(each.policy, each.observation_size, each.joints) for each in player.assignments] == parts:
                self.idle.remove(player)
                return player
        return Process(assignments, self.limit, self.start, self.quiet, self.containment)

    def put(self, player: Process) -> None:
        """Keep a player for its next match, unless it has been ended; the one that waits longest may go."""
        if not player.lost:
            self.idle.append(player)
        if len(self.idle) > MOST_IDLE:
            self.idle.popleft().kill()

    def close(self) -> None:
        """End all players that wait."""
        while self.idle:
            self.idle.pop().kill()

    def __enter__(self) -> "Bench":
        return self

    def __exit__(self, *error: object) -> None:
        self.close()


def serve(line: int) -> None:
    """Play some agents until the match's process is gone: the process's end of the line."""
    parent = socket.socket(fileno=line)
    assignments = [Assignment(**each) for each in json.loads(parent.recv(PACKET))]
    sizes = np.cumsum([each.observation_size for each in assignments])[:-1]
    team: Team | None = None
    while message := parent.recv(PACKET):
        kind, number = HEAD.unpack_from(message)
        text = message[HEAD.size :]
        answer, actions = BEGIN, b""
        try:
            if kind == BEGIN:
                if team is None:
                    policies = [resolve_policy(each.policy, each.joints) for each in assignments]
                    team = Team(policies, [each.joints for each in assignments])
                team.begin(*SEED.unpack(text))
            elif team is not None:
                team.ask(np.split(np.frombuffer(text, np.float32), sizes))
                answer, actions = ACT, np.concatenate(team.act()).tobytes()
        except Exception as error:
            forfeit = error if isinstance(error, Forfeit) else Forfeit(CRASH, describe_error(error))
            answer, actions = FAIL, f"{forfeit.reason}\n{forfeit.detail}".encode()
        with suppress(BrokenPipeError, ConnectionResetError):
            parent.send(HEAD.pack(answer, number) + actions)


@dataclass(frozen=True)
class Fault:
    """A forfeit, as it is written down."""

    player: int
    reason: str
    step: int  # of the match
    detail: str
