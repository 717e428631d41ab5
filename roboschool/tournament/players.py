"""Players: policies in processes of their own. One that crashes, hangs or returns invalid actions forfeits its match.

Such a process sends raw numbers of a known size, and messages of errors; never a pickle.
"""

import json
import os
import struct
import subprocess
from collections import deque
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Protocol

import numpy as np

from roboschool.errors import InvalidInput, describe_error, one_line
from roboschool.policies.policy import Policy
from roboschool.policies.resolve import make_policy, search_path
from roboschool.simulation.actions import as_numbers
from roboschool.tournament.containment import LIMITS, Interference, contained, find_containment
from roboschool.tournament.entrants import Assignment
from roboschool.tournament.relay import Relay
from roboschool.workers.channel import Channel, ChildDied, ChildStopped, ChildTimedOut, Requests
from roboschool.workers.orphans import kill_orphans
from roboschool.workers.process import REAP, ChildProcess

CRASH, HANG, INFINITE, SHAPE = "crash", "hang", "not finite", "wrong shape"
REASONS = (CRASH, HANG, INFINITE, SHAPE)
START = 30.0  # default time to import a policy and begin an episode [s]
LIMIT = 5.0  # default time to act [s]
HEAD = struct.Struct("<cI")  # kind of message, and number of the request
BEGIN, OBSERVE, ACT, FAIL = b"B", b"O", b"A", b"!"
SEED = struct.Struct("<Q")
LONGEST_DETAIL = 400  # characters of an error that are kept
MAX_IDLE = 8  # players that a cache keeps


class Forfeit(Exception):
    """A player has lost by its own fault: one of `REASONS`, and details in words."""

    def __init__(self, reason: str, detail: str) -> None:
        super().__init__(reason, detail)
        self.reason = reason
        self.detail = one_line(detail)[:LONGEST_DETAIL]  # as the readers of matches accept it


class Player(Protocol):
    """Plays some agents: each request is followed by its answer."""

    def begin(self, seed: int) -> None:
        """Request the beginning of an episode."""

    def ask(self, observations: Sequence[np.ndarray]) -> None:
        """Request actions, given the observation of each agent."""

    def answer(self) -> list[np.ndarray]:
        """Return an action for each agent, within -1 and 1; an empty list after `begin`.

        Raises:
            Forfeit: it has lost by its own fault.
            Interference: its process was stopped or killed by an unknown process.
        """


class Team:
    """Policies that play in this process: the child's part of a `Process`, or a player without one.

    Args:
        policies: one for each agent.
        joints: number of joints of each agent.
    """

    def __init__(self, policies: Sequence[Policy], joints: Sequence[int]) -> None:
        self.policies = list(policies)
        self.joints = list(joints)
        self.observations: list[np.ndarray] = []

    def begin(self, seed: int) -> None:
        """Begin an episode."""
        seeds = np.random.SeedSequence(seed).generate_state(len(self.policies))
        for policy, own in zip(self.policies, seeds.tolist(), strict=True):
            policy.reset(own)
        self.observations = []

    def ask(self, observations: Sequence[np.ndarray]) -> None:
        """Take the observation of each agent."""
        self.observations = [observation.copy() for observation in observations]  # policies may write over them

    def act(self) -> list[np.ndarray]:
        """Return the actions of the policies, which may be of any size or not finite.

        Raises:
            Forfeit: an action has the wrong shape.
        """
        answers = [policy.act(seen) for policy, seen in zip(self.policies, self.observations, strict=True)]
        try:
            return [as_numbers("", a, (n,)).astype(float) for a, n in zip(answers, self.joints, strict=True)]
        except InvalidInput as error:
            raise Forfeit(SHAPE, str(error).partition(": ")[2]) from None  # a player may be kept for other agents

    def answer(self) -> list[np.ndarray]:
        """Return an action for each agent; an empty list after `begin`.

        Raises:
            Forfeit: one has the wrong shape, or is not finite.
        """
        return [_checked(action) for action in self.act()] if self.observations else []


def _checked(action: np.ndarray) -> np.ndarray:
    if not np.isfinite(action).all():
        raise Forfeit(INFINITE, f"an action is {action[~np.isfinite(action)][0]}")
    return action.clip(-1.0, 1.0).astype(np.float32)


class Process:
    """Policies that play in a child process.

    Args:
        assignments: the agents and policies.
        limit: time to act [s].
        start: time to begin an episode [s].
        quiet: whether the output of policies is discarded; else it is passed on to stderr.
        containment: in which the process starts.
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
        self.requests = 0  # so far
        self.expected = BEGIN  # kind of the reply
        self.isolated = containment != LIMITS  # no other policy can stop or kill it
        self.relay = None if quiet else Relay()
        entry, path = "roboschool.tournament.players:serve", search_path()
        files = [each.policy for each in assignments if os.path.exists(each.policy)]
        launcher = contained(containment, [*path, *files])
        try:
            output = self.relay.end if self.relay else subprocess.DEVNULL
            child = ChildProcess(entry, packets=True, path=path, output=output, launcher=launcher)
        finally:
            if self.relay:
                self.relay.release()
        self.channel = Channel(child, detect_stop=not self.isolated)
        self.channel.send(json.dumps([asdict(each) for each in assignments]).encode())

    @property
    def dead(self) -> bool:
        """Whether the process is known to have ended."""
        return self.channel.closed

    def begin(self, seed: int) -> None:
        """Request the beginning of an episode."""
        self._send(BEGIN, SEED.pack(seed), self.start)

    def ask(self, observations: Sequence[np.ndarray]) -> None:
        """Request actions, given the observation of each agent."""
        self._send(OBSERVE, np.concatenate(observations).astype(np.float32, copy=False).tobytes(), self.limit)

    def answer(self) -> list[np.ndarray]:
        """Return an action for each agent; an empty list after `begin`. A player that forfeits is killed.

        Raises:
            Forfeit: it has lost by its own fault.
            Interference: its process was stopped or killed by an unknown process.
        """
        try:
            return self._read(self._receive())
        except (Forfeit, Interference):
            self.kill()
            raise

    def kill(self) -> None:
        """Kill the process and all that it has started; a second call does nothing."""
        self.channel.kill()
        kill_orphans()
        if self.relay:
            self.relay.finish(REAP)

    def _send(self, kind: bytes, content: bytes, timeout: float) -> None:
        self.requests += 1
        self.expected = BEGIN if kind == BEGIN else ACT
        self.channel.send(HEAD.pack(kind, self.requests) + content, timeout)

    def _receive(self) -> bytes:
        self.channel.restart_timeout()  # the time that other players take does not count
        try:
            return self.channel.receive()
        except ChildStopped:
            raise Interference("the process of a policy was stopped") from None
        except ChildTimedOut:
            raise Forfeit(HANG, f"no answer within {self.channel.timeout:g} s") from None
        except ChildDied as error:
            if not self.isolated and self.channel.child.killed:
                raise Interference(f"the process of a policy was {error}") from None
            raise Forfeit(CRASH, str(error)) from None

    def _read(self, message: bytes) -> list[np.ndarray]:
        kind, number = HEAD.unpack_from(message) if len(message) >= HEAD.size else (b"", 0)
        content = message[HEAD.size :]
        if kind == FAIL:
            reason, _, detail = content.decode("utf-8", "replace").partition("\n")
            raise Forfeit(reason if reason in REASONS else CRASH, detail)
        if (kind, number) != (self.expected, self.requests):
            raise Forfeit(CRASH, "its answer is to another request")
        if kind == BEGIN:
            return []
        if len(content) != 8 * self.splits[-1]:
            raise Forfeit(SHAPE, f"{len(content)} bytes, not {8 * self.splits[-1]}")
        return np.split(_checked(np.frombuffer(content)), self.splits[:-1])


class PlayerCache:
    """Keeps players between matches, so that their policies need not be imported again.

    Args:
        limit: time to act [s].
        start: time to begin an episode [s].
        quiet: whether the output of policies is discarded.
        containment: in which their processes start; None: the best one available.
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
        """Return an idle player for these assignments, else a new one."""
        parts = [(each.policy, each.observation_size, each.joints) for each in assignments]
        for player in self.idle:
            if [(each.policy, each.observation_size, each.joints) for each in player.assignments] == parts:
                self.idle.remove(player)
                return player
        return Process(assignments, self.limit, self.start, self.quiet, self.containment)

    def put(self, player: Process) -> None:
        """Keep a player that is alive for its next match; of too many, the one that was idle longest is killed."""
        if not player.dead:
            self.idle.append(player)
        if len(self.idle) > MAX_IDLE:
            self.idle.popleft().kill()

    def close(self) -> None:
        """Kill all idle players."""
        while self.idle:
            self.idle.pop().kill()

    def __enter__(self) -> "PlayerCache":
        return self

    def __exit__(self, *error: object) -> None:
        self.close()


def serve(descriptor: int) -> None:
    """Play some agents until the process of the match is gone: the entry of the process."""
    requests = Requests(descriptor, packets=True)
    assignments: list[Assignment] = []
    team: Team | None = None
    for message in requests:
        if not assignments:
            assignments = [Assignment(**each) for each in json.loads(message)]
            sizes = np.cumsum([each.observation_size for each in assignments])[:-1]
            continue
        kind, number = HEAD.unpack_from(message)
        content = message[HEAD.size :]
        answer, actions = BEGIN, b""
        try:
            if kind == BEGIN:
                if team is None:
                    policies = [make_policy(each.policy, each.joints) for each in assignments]
                    team = Team(policies, [each.joints for each in assignments])
                team.begin(*SEED.unpack(content))
            elif team is not None:
                team.ask(np.split(np.frombuffer(content, np.float32), sizes))
                answer, actions = ACT, np.concatenate(team.act()).tobytes()
        except Exception as error:
            forfeit = error if isinstance(error, Forfeit) else Forfeit(CRASH, describe_error(error))
            answer, actions = FAIL, f"{forfeit.reason}\n{forfeit.detail}".encode()
        requests.reply(HEAD.pack(answer, number) + actions)


@dataclass(frozen=True)
class Fault:
    """A forfeit, as it is recorded."""

    player: int
    reason: str
    step: int  # of the match
    detail: str
