"""A crew: processes that play whole matches of a tournament, one for each core, and whose policies are theirs."""

import json
from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import asdict, dataclass, field
from multiprocessing.connection import Connection, wait
from pathlib import Path
from typing import Any

from roboschool.envs.parallel import ParallelEnv
from roboschool.files import InvalidInput, convert
from roboschool.parts import told
from roboschool.tournament.entrants import Entrant
from roboschool.tournament.match import Played, play_recorded, team_names
from roboschool.tournament.players import Bench
from roboschool.tournament.record import ENDING, write_match
from roboschool.tournament.schedule import Fixture
from roboschool.workers.child import Child, end_with_parent

LOST = "lost"  # the reason of a game that has ended two workers


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
    file: str  # of the match; nothing if it was lost
    details: tuple[str, ...] = ()  # how each of them did, in words

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


def work(line: int, lifeline: int) -> None:
    """Play the matches that are asked for until the parent is gone: the process's end of the line."""
    end_with_parent(lifeline)
    parent = Connection(line)
    plan: Plan = convert(json.loads(parent.recv_bytes()), Plan, "plan")
    with closing(ParallelEnv(plan.scene, **plan.options)) as env, Bench(plan.limit, plan.start, quiet=True) as bench:
        while True:
            try:
                order: Order = convert(json.loads(parent.recv_bytes()), Order, "order")
            except (EOFError, ConnectionResetError):
                return
            try:
                answer: dict[str, Any] = asdict(_play(env, plan, order, bench))
            except InvalidInput as error:
                answer = {"error": str(error)}
            except Exception as error:  # in the scene's own code: it would end every other worker, too
                answer = {"error": f"scene {plan.scene!r}: {Path(order.path).name}: {told(error)}"}
            parent.send_bytes(json.dumps(answer).encode())


def _play(env: ParallelEnv, plan: Plan, order: Order, bench: Bench) -> Result:
    fixture, path = order.fixture, Path(order.path)
    numbers = (fixture.first, fixture.second)
    entrants = [plan.entrants[number] for number in numbers]
    played, match = play_recorded(env, plan.options, entrants, fixture.seed, bench, plan.rules)
    write_match(path, match)
    points, reason = _points(env, played)
    forfeits = tuple(numbers[fault.player] for fault in played.faults)
    details = tuple(fault.detail for fault in played.faults)
    return Result(fixture.stage, *numbers, fixture.seed, points, reason, forfeits, played.steps, path.name, details)


def _points(env: ParallelEnv, played: Played) -> tuple[float, str]:
    """Return the points of the first player, and why the other, or whoever lost, has not got them."""
    teams = team_names(env.scene, 2)
    first, second = (played.result(team) for team in teams)
    points = 1.0 if first > second else 0.5 if first == second else 0.0
    loser = teams[1] if first > second else teams[0]
    lines = sorted((played.outcomes[name] for name in loser), key=lambda outcome: outcome.result)
    return points, lines[0].reason


class Crew:
    """Our end of the lines to the workers.

    Args:
        plan: the tournament.
        folder: where the files of matches go.
        workers: how many.
    """

    def __init__(self, plan: Plan, folder: Path, workers: int) -> None:
        self.plan = plan
        self.folder = folder
        self.text = json.dumps(asdict(plan)).encode()
        self.children: dict[Connection, Child] = {}
        self.busy: dict[Connection, Order] = {}
        self.pairs: dict[Connection, frozenset[int]] = {}  # who has played there last, and waits there
        self.lost: dict[Fixture, int] = {}  # how many workers a game has ended
        for _ in range(workers):
            self._start()

    def _start(self) -> None:
        child = Child("roboschool.tournament.crew:work")
        child.line.send_bytes(self.text)
        self.children[child.line] = child

    def play(self, todo: Sequence[tuple[int, Fixture]]) -> Iterator[Result]:
        """Play games with their numbers, as many at once as there are workers; return each when it is over.

        Raises:
            InvalidInput: a worker cannot go on, as when a disk is full, or the scene's own code has failed.
        """
        left = list(todo)
        self._send(left)
        while self.busy:
            for line in wait(list(self.busy)):
                assert isinstance(line, Connection)
                order = self.busy.pop(line)
                result = self._result(line, order, left)
                self._send(left)  # before anything is done about the result
                if result is not None:
                    yield result

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
            try:
                line.send_bytes(json.dumps(asdict(order)).encode())
            except OSError:
                continue  # it has died: reading its answer will say so

    def _result(self, line: Connection, order: Order, left: list[tuple[int, Fixture]]) -> Result | None:
        """Return what a worker answers; if it has died another plays the game, and nothing is returned yet."""
        fixture = order.fixture
        try:
            answer = json.loads(line.recv_bytes())
        except (EOFError, OSError):
            self._forget(line)
            self._start()
            self.lost[fixture] = self.lost.get(fixture, 0) + 1
            if self.lost[fixture] < 2:
                left.insert(0, (int(Path(order.path).stem), fixture))
                return None
            return Result(fixture.stage, fixture.first, fixture.second, fixture.seed, 0.5, LOST, (), 0, "")
        if "error" in answer:
            raise InvalidInput(answer["error"])
        result: Result = convert(answer, Result, "result of a worker")
        return result

    def _forget(self, line: Connection) -> None:
        self.children.pop(line).kill()
        self.pairs.pop(line, None)
        line.close()

    def close(self) -> None:
        """End all workers now, whatever they are doing; again does nothing."""
        for line in list(self.children):
            self._forget(line)
        self.busy.clear()
