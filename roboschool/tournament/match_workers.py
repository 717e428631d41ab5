"""A crew: processes that play whole matches of a tournament, one for each core, and whose policies are theirs."""

import json
import os
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from dataclasses import asdict, dataclass, field
from multiprocessing.connection import Connection, wait
from pathlib import Path
from typing import Any

from roboschool.envs.parallel import ParallelEnv
from roboschool.errors import InvalidInput, describe_error
from roboschool.schema import convert
from roboschool.tournament.containment import find_containment, interrupted, shielded
from roboschool.tournament.entrants import Entrant
from roboschool.tournament.match import MatchResult, play_recorded, team_names
from roboschool.tournament.players import SLICE, Bench
from roboschool.tournament.record import ENDING, write_match
from roboschool.tournament.schedule import Fixture
from roboschool.workers.orphans import adopted_orphans, kill_orphans
from roboschool.workers.process import ChildProcess

ATTEMPTS = 2  # a game is played whose workers are lost
BEAT = 1.0  # between two signs of life of a worker that plays, at least [s]
SILENCE = 300.0  # a worker may need between two signs of life, besides what its players may [s]
ALIVE = b"alive"


@dataclass(frozen=True, kw_only=True)
class Plan:
    """What a tournament is: all that its results depend on."""

    scene: str  # name, or path of its file
    scene_hash: str  # sha256 of that file
    options: dict[str, Any]
    rules: dict[str, Any] = field(default_factory=dict)  # options of every reset, which the scene's game takes
    seed: int
    games: int  # seeds for each pair; each is played on both sides
    limit: float  # how long a policy may think about an action [s]
    start: float  # and take to begin [s]
    entrants: tuple[Entrant, ...]


@dataclass(frozen=True)
class Result:
    """How a game has ended."""

    stage: int
    first: int  # number of the entrant on the first side
    second: int
    seed: int
    points: float  # of the first: 1 won, 0.5 drawn, 0 lost
    reason: str
    forfeits: tuple[int, ...]  # numbers of the entrants that did
    steps: int
    file: str  # of the match
    details: tuple[str, ...] = ()  # how each of them did, in words
    containment: str = ""  # what the processes of the policies ran in; nothing where that is not recorded

    @property
    def fixture(self) -> Fixture:
        """The game as it was planned."""
        return Fixture(self.stage, self.first, self.second, self.seed)


@dataclass(frozen=True)
class Order:
    """A game that a worker shall play, and its file."""

    fixture: Fixture
    path: str


def file_name(number: int) -> str:
    """Return the name of a match's file, given its number from 1: no name of a policy is part of it."""
    return f"{number:05}{ENDING}"


def work(line: int, plan: int, containment: str) -> None:
    """Play the matches that are asked for until the parent is gone: the process's end of the line.

    Args:
        line: file descriptor.
        plan: file descriptor of the tournament's `Plan`.
        containment: what the policies run in.
    """
    parent = Connection(line)
    what: Plan = convert(json.loads(os.pread(plan, os.fstat(plan).st_size, 0)), Plan, "plan")
    bench = Bench(what.limit, what.start, quiet=True, containment=containment)
    with adopted_orphans(), closing(ParallelEnv(what.scene, **what.options)) as env, bench:
        while True:
            try:
                order: Order = convert(json.loads(parent.recv_bytes()), Order, "order")
            except (EOFError, ConnectionResetError):
                return
            try:
                answer: dict[str, Any] = asdict(_play(env, what, order, bench, _pulse(parent)))
            except InvalidInput as error:
                answer = {"error": str(error)}
            except Exception as error:  # in the scene's own code: it would end every other worker, too
                answer = {"error": f"scene {what.scene!r}: {Path(order.path).name}: {describe_error(error)}"}
            parent.send_bytes(json.dumps(answer).encode())


def _pulse(parent: Connection) -> Callable[[], None]:
    """Return what tells the parent, if it has not just done so, that a match goes on."""
    last = time.monotonic()

    def tick() -> None:
        nonlocal last
        if time.monotonic() - last >= BEAT:
            parent.send_bytes(ALIVE)
            last = time.monotonic()

    return tick


def _play(env: ParallelEnv, plan: Plan, order: Order, bench: Bench, tick: Callable[[], None]) -> Result:
    fixture, path = order.fixture, Path(order.path)
    numbers = (fixture.first, fixture.second)
    entrants = [plan.entrants[number] for number in numbers]
    played, match = play_recorded(env, plan.options, entrants, fixture.seed, bench, plan.rules, tick)
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
        bench.containment,
    )


def _points(env: ParallelEnv, played: MatchResult) -> tuple[float, str]:
    """Return the points of the first player, and why the other, or whoever lost, has not got them."""
    teams = team_names(env.scene, 2)
    first, second = (played.result(team) for team in teams)
    points = 1.0 if first > second else 0.5 if first == second else 0.0
    loser = teams[1] if first > second else teams[0]
    lines = sorted((played.outcomes[name] for name in loser), key=lambda outcome: outcome.result)
    return points, lines[0].reason


class MatchWorkers:
    """Our end of the lines to the workers.

    Args:
        plan: the tournament.
        folder: where the files of matches go.
        workers: how many.
    """

    def __init__(self, plan: Plan, folder: Path, workers: int) -> None:
        self.plan = plan
        self.folder = folder
        self.containment = find_containment()
        self.file = os.memfd_create("plan")  # a worker that is stopped cannot keep us from sending it
        with open(self.file, "wb", closefd=False) as file:
            file.write(json.dumps(asdict(plan)).encode())
        self.children: dict[Connection, ChildProcess] = {}
        self.busy: dict[Connection, Order] = {}
        self.pairs: dict[Connection, frozenset[int]] = {}  # who has played there last, and waits there
        self.patience: dict[Connection, float] = {}  # with those who are busy, until their next sign of life [s]
        self.lost: dict[Fixture, int] = {}  # how many workers a game has cost
        for _ in range(workers):
            self._start()

    def _start(self) -> None:
        entry = "roboschool.tournament.match_workers:work"
        child = ChildProcess(entry, self.file, self.containment, files=[self.file], launcher=shielded())
        self.children[child.line] = child

    def play(self, todo: Sequence[tuple[int, Fixture]]) -> Iterator[Result]:
        """Play games with their numbers, as many at once as there are workers; return each when it is over.

        Raises:
            InvalidInput: a worker cannot go on, as when a disk is full, the scene's own code has failed, or a game has
                been interrupted twice.
        """
        left = list(todo)
        self._send(left)
        while self.busy:
            clock = time.monotonic()
            ready = wait(list(self.busy), SLICE)
            waited = min(SLICE, time.monotonic() - clock)  # as in players, if this process was stopped
            for line in ready:
                assert isinstance(line, Connection)
                result = self._receive(line, left)
                self._send(left)  # before anything is done about the result
                if result is not None:
                    yield result
            self._watch(waited, left)

    def _send(self, left: list[tuple[int, Fixture]]) -> None:
        """Give every idle worker a game: of those who wait there, else of a pair that plays nowhere else."""
        for line in self.children:
            if line in self.busy or not left:
                continue
            mine = self.pairs.get(line)
            taken = {self.pairs[other] for other in self.busy}
            pairs = [frozenset((fixture.first, fixture.second)) for _, fixture in left]
            place = next((i for i, pair in enumerate(pairs) if pair == mine), None)
            if place is None:
                place = next((i for i, pair in enumerate(pairs) if pair not in taken), 0)
            number, fixture = left.pop(place)
            self.pairs[line] = pairs[place]
            order = Order(fixture, str(self.folder / file_name(number)))
            self.busy[line] = order
            self._trust(line)
            try:
                line.send_bytes(json.dumps(asdict(order)).encode())
            except OSError:
                continue  # it has died: reading its answer will say so

    def _trust(self, line: Connection) -> None:
        """Wait anew for a sign of life; in a match every player may need all its time before it comes."""
        self.patience[line] = SILENCE + 2 * max(self.plan.start, self.plan.limit)

    def _receive(self, line: Connection, left: list[tuple[int, Fixture]]) -> Result | None:
        """Return the result that a worker sends, if it sends one; if it has died its game is left to be played."""
        try:
            text = line.recv_bytes()
        except (EOFError, OSError):
            self._lose(line, f"the process that played it was lost: {self.children[line].end()}", left)
            return None
        if text == ALIVE:
            self._trust(line)
            return None
        del self.busy[line]
        answer = json.loads(text)
        if "error" in answer:
            raise InvalidInput(answer["error"])
        result: Result = convert(answer, Result, "result of a worker")
        return result

    def _watch(self, seconds: float, left: list[tuple[int, Fixture]]) -> None:
        """End workers that are stopped, or have given no sign of life for too long, after another while of silence."""
        for line in list(self.busy):
            self.patience[line] -= seconds
            if self.children[line].stopped:
                self._lose(line, "the process that played it was stopped", left)
            elif self.patience[line] <= 0.0:
                self._lose(line, "the process that played it gave no sign of life", left)
        self._send(left)

    def _lose(self, line: Connection, how: str, left: list[tuple[int, Fixture]]) -> None:
        """Replace a worker and leave its game to be played once more.

        Raises:
            InvalidInput: it has been played twice.
        """
        order = self.busy.pop(line)
        fixture = order.fixture
        self._forget(line)
        self.lost[fixture] = self.lost.get(fixture, 0) + 1
        if self.lost[fixture] == ATTEMPTS:
            names = [self.plan.entrants[number].name for number in (fixture.first, fixture.second)]
            raise interrupted(names, fixture.seed, how, self.containment)
        self._start()
        left.insert(0, (int(Path(order.path).stem), fixture))

    def _forget(self, line: Connection) -> None:
        self.children.pop(line).kill()
        self.pairs.pop(line, None)
        kill_orphans()

    def close(self) -> None:
        """End all workers now, whatever they are doing; again does nothing."""
        for line in list(self.children):
            self._forget(line)
        self.busy.clear()
        if self.file >= 0:
            os.close(self.file)
            self.file = -1
