"""Match workers: processes that play whole matches of a tournament, each with its own players."""

import json
import os
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from roboschool.envs.parallel import ParallelEnv
from roboschool.errors import InvalidInput, describe_error
from roboschool.schema import convert
from roboschool.tournament.containment import find_containment, interrupted, shielded
from roboschool.tournament.entrants import Entrant
from roboschool.tournament.match import MatchResult, play_recorded, team_names
from roboschool.tournament.players import PlayerCache
from roboschool.tournament.record import ENDING, write_match
from roboschool.tournament.schedule import Fixture
from roboschool.workers.channel import Channel, ChildDied, ChildStopped, ChildTimedOut, Requests, wait
from roboschool.workers.orphans import adopted_orphans, kill_orphans
from roboschool.workers.process import ChildProcess

ATTEMPTS = 2  # of a game whose worker dies
HEARTBEAT = 1.0  # shortest time between two signs of life of a worker [s]
SILENCE = 300.0  # longest time between two signs of life, besides the time of its players [s]
ALIVE = b"alive"


@dataclass(frozen=True, kw_only=True)
class Plan:
    """Everything that the results of a tournament depend on."""

    scene: str  # name, or path of its file
    scene_hash: str  # sha256 of that file
    options: dict[str, Any]
    rules: dict[str, Any] = field(default_factory=dict)  # options of the scene's game, given to every reset
    seed: int
    games: int  # seeds for each pair; each is played on both sides
    limit: float  # time of a policy to act [s]
    start: float  # time of a policy to begin a match [s]
    entrants: tuple[Entrant, ...]


@dataclass(frozen=True)
class Result:
    """The result of a game."""

    stage: int
    first: int  # number of the entrant on the first side
    second: int
    seed: int
    points: float  # of the first: 1 won, 0.5 drawn, 0 lost
    reason: str
    forfeits: tuple[int, ...]  # numbers of the entrants that forfeited
    steps: int
    file: str  # of the match
    details: tuple[str, ...] = ()  # of each forfeit, in words
    containment: str = ""  # of the processes of policies; empty if it is not recorded

    @property
    def fixture(self) -> Fixture:
        """The game as it was planned."""
        return Fixture(self.stage, self.first, self.second, self.seed)


@dataclass(frozen=True)
class Order:
    """A game for a worker to play, and the file to write."""

    fixture: Fixture
    path: str


def file_name(number: int) -> str:
    """Return the name of the file of a game, which does not depend on names of policies; numbers begin at 1."""
    return f"{number:05}{ENDING}"


def work(descriptor: int, plan: int, containment: str) -> None:
    """Play the matches that are requested until the parent is gone: the entry of the process.

    Args:
        descriptor: of the connection.
        plan: file descriptor of the tournament's `Plan`.
        containment: in which players start.
    """
    requests = Requests(descriptor)
    loaded: Plan = convert(json.loads(os.pread(plan, os.fstat(plan).st_size, 0)), Plan, "plan")
    players = PlayerCache(loaded.limit, loaded.start, quiet=True, containment=containment)
    with adopted_orphans(), closing(ParallelEnv(loaded.scene, **loaded.options)) as env, players:
        for request in requests:
            order: Order = convert(json.loads(request), Order, "order")
            try:
                answer: dict[str, Any] = asdict(_play(env, loaded, order, players, _heartbeat(requests)))
            except InvalidInput as error:
                answer = {"error": str(error)}
            except Exception as error:  # in the scene's own code: it would end every other worker, too
                answer = {"error": f"scene {loaded.scene!r}: {Path(order.path).name}: {describe_error(error)}"}
            requests.reply(json.dumps(answer).encode())


def _heartbeat(requests: Requests) -> Callable[[], None]:
    """Return a function that sends a sign of life if the last one was some time ago."""
    last = time.monotonic()

    def tick() -> None:
        nonlocal last
        if time.monotonic() - last >= HEARTBEAT:
            requests.reply(ALIVE)
            last = time.monotonic()

    return tick


def _play(env: ParallelEnv, plan: Plan, order: Order, players: PlayerCache, tick: Callable[[], None]) -> Result:
    fixture, path = order.fixture, Path(order.path)
    numbers = (fixture.first, fixture.second)
    entrants = [plan.entrants[number] for number in numbers]
    played, match = play_recorded(env, plan.options, entrants, fixture.seed, players, plan.rules, tick)
    write_match(path, match)
    points, reason = _points(env, played)
    forfeits = tuple(numbers[fault.player] for fault in played.faults)
    details = tuple(fault.detail for fault in played.faults)
    return Result(
        fixture.stage,
        *numbers,
        fixture.seed,
        points,
        reason,
        forfeits,
        played.steps,
        path.name,
        details,
        players.containment,
    )


def _points(env: ParallelEnv, played: MatchResult) -> tuple[float, str]:
    """Return the points of the first player, and the reason of the result."""
    teams = team_names(env.scene, 2)
    first, second = (played.result(team) for team in teams)
    points = 1.0 if first > second else 0.5 if first == second else 0.0
    loser = teams[1] if first > second else teams[0]
    lines = sorted((played.outcomes[name] for name in loser), key=lambda outcome: outcome.result)
    return points, lines[0].reason


class MatchWorkers:
    """The parent's end of the channels to the workers.

    Args:
        plan: of the tournament.
        folder: where the files of matches are written.
        workers: number of processes.
    """

    def __init__(self, plan: Plan, folder: Path, workers: int) -> None:
        self.plan = plan
        self.folder = folder
        self.containment = find_containment()
        self.file = os.memfd_create("plan")  # a worker that is stopped cannot keep us from sending it
        with open(self.file, "wb", closefd=False) as file:
            file.write(json.dumps(asdict(plan)).encode())
        self.channels: list[Channel] = []
        self.busy: dict[Channel, Order] = {}
        self.pairs: dict[Channel, frozenset[int]] = {}  # entrants whose players the worker has
        self.deaths: dict[Fixture, int] = {}  # of workers, by the game that they played
        for _ in range(workers):
            self._start()

    def _start(self) -> None:
        entry = "roboschool.tournament.match_workers:work"
        child = ChildProcess(entry, self.file, self.containment, files=[self.file], launcher=shielded())
        self.channels.append(Channel(child, detect_stop=True))

    def play(self, todo: Sequence[tuple[int, Fixture]]) -> Iterator[Result]:
        """Play numbered games, one per worker at a time; yield each result when its game is over.

        Raises:
            InvalidInput: a worker cannot go on, as when a disk is full, the scene's own code has failed, or a game has
                been interrupted twice.
        """
        left = list(todo)
        self._send(left)
        while self.busy:
            for channel in wait(self.busy):
                result = self._receive(channel, left)
                self._send(left)  # before the caller handles the result
                if result is not None:
                    yield result

    def _send(self, left: list[tuple[int, Fixture]]) -> None:
        """Give every idle worker a game: of the entrants whose players it has, else of a pair that no worker has."""
        for channel in self.channels:
            if channel in self.busy or not left:
                continue
            own = self.pairs.get(channel)
            taken = {self.pairs[other] for other in self.busy}
            pairs = [frozenset((fixture.first, fixture.second)) for _, fixture in left]
            place = next((i for i, pair in enumerate(pairs) if pair == own), None)
            if place is None:
                place = next((i for i, pair in enumerate(pairs) if pair not in taken), 0)
            number, fixture = left.pop(place)
            self.pairs[channel] = pairs[place]
            order = Order(fixture, str(self.folder / file_name(number)))
            self.busy[channel] = order
            timeout = SILENCE + 2 * max(self.plan.start, self.plan.limit)  # both players may take all their time
            channel.send(json.dumps(asdict(order)).encode(), timeout)

    def _receive(self, channel: Channel, left: list[tuple[int, Fixture]]) -> Result | None:
        """Return the result that a worker has sent, if any; the game of a dead worker is left to be played again."""
        try:
            message = channel.receive()
        except ChildStopped:
            self._replace(channel, "the process that played it was stopped", left)
            return None
        except ChildTimedOut:
            self._replace(channel, "the process that played it gave no sign of life", left)
            return None
        except ChildDied as error:
            self._replace(channel, f"the process that played it died: {error}", left)
            return None
        if message == ALIVE:
            channel.restart_timeout()
            return None
        del self.busy[channel]
        answer = json.loads(message)
        if "error" in answer:
            raise InvalidInput(answer["error"])
        result: Result = convert(answer, Result, "result of a worker")
        return result

    def _replace(self, channel: Channel, reason: str, left: list[tuple[int, Fixture]]) -> None:
        """Replace a worker, and leave its game to be played again.

        Raises:
            InvalidInput: two workers have died in the game.
        """
        order = self.busy.pop(channel)
        fixture = order.fixture
        self._kill(channel)
        self.deaths[fixture] = self.deaths.get(fixture, 0) + 1
        if self.deaths[fixture] == ATTEMPTS:
            names = [self.plan.entrants[number].name for number in (fixture.first, fixture.second)]
            raise interrupted(names, fixture.seed, reason, self.containment)
        self._start()
        left.insert(0, (int(Path(order.path).stem), fixture))

    def _kill(self, channel: Channel) -> None:
        self.channels.remove(channel)
        self.pairs.pop(channel, None)
        channel.kill()
        kill_orphans()

    def close(self) -> None:
        """Kill all workers at once, whatever they are doing; a second call does nothing."""
        for channel in list(self.channels):
            self._kill(channel)
        self.busy.clear()
        if self.file >= 0:
            os.close(self.file)
            self.file = -1
