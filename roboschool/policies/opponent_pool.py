"""A pool of opponents for self-play: a policy that plays as one of the policies in its folder."""

import dataclasses
import functools
import json
import os
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from roboschool.errors import InvalidInput, check_choice, check_range
from roboschool.policies.network import NetworkPolicy, read_network
from roboschool.policies.resolve import load_policy
from roboschool.readers import read_json
from roboschool.schema import convert
from roboschool.writers import make_folder, replace

INDEX = "pool.json"
VERSION = 1
STRATEGIES = ("latest", "uniform", "delta", "window", "prioritised")
FILE = re.compile(r"[\w-]{1,100}\.safetensors")
MOST_RATING = 1e5  # either way; games lead to far less
FIRST_RATING = 1200.0
SWING = 32.0  # the K-factor of Elo ratings: the most that a game changes one
FADE = 0.98  # factor on the weight of older games, with every game: the learner has changed since


@dataclass(frozen=True)
class Member:
    """A policy of the pool, and the learner's results against it."""

    file: str
    step: int  # of the training at which it was added
    rating: float
    games: float = 0.0  # older ones count less
    points: float = 0.0  # the learner's: 1 for a win, 0.5 for a draw

    @property
    def share(self) -> float:
        """The learner's share of the points, with one win and one loss added before the first game."""
        return (self.points + 1.0) / (self.games + 2.0)


@dataclass(frozen=True)
class Index:
    """The content of `pool.json`."""

    version: int = VERSION
    learner: float = FIRST_RATING  # rating
    members: tuple[Member, ...] = ()


@functools.lru_cache(maxsize=256)
def _network(path: Path, _stamp: int) -> NetworkPolicy:
    """Return a member's network; it is never changed, so all copies of a pool share it."""
    return read_network(path)


class OpponentPool:
    """A policy that in every episode plays as one of the policies in a folder, drawn by the seed of the episode.

    Members and results are written to the folder at once, ratings included; copies of the pool, also those in other
    processes, read them when their next episode begins. One process may add and record, any number may play. A seed
    draws from the members at the beginning of the episode: it gives the same opponent only while none is added and no
    result is recorded, and an episode that a `VectorEnv` replays because its worker died may meet another.

    Args:
        folder: of the pool; it is made if it is missing.
        strategy: which member is drawn. "latest": the newest; "uniform": any; "delta": any but the oldest, as `delta`
            says; "window": the newest, or any of the last few; "prioritised": members that beat the learner more often,
            with a probability proportional to the square of the learner's share of lost points.
        delta: fraction of the oldest members that "delta" leaves out, from 0 to 1.
        window: number of members that "window" draws from.
        latest: probability that "window" draws the newest, from 0 to 1.

    Raises:
        InvalidInput: an argument is wrong, or the folder holds something else.
    """

    def __init__(
        self,
        folder: str | os.PathLike[str],
        strategy: str = "uniform",
        delta: float = 0.5,
        window: int = 10,
        latest: float = 0.5,
    ) -> None:
        self.folder = Path(folder).resolve()
        self.strategy = check_choice(strategy, STRATEGIES, "strategy")
        check_range("delta", delta, 0.0, 1.0)
        check_range("window", convert(window, int, "window"), 1, np.inf)
        check_range("latest", latest, 0.0, 1.0)
        self.delta, self.window, self.latest = delta, window, latest
        make_folder(self.folder)
        self.index = Index()
        self.member: Member | None = None  # of this episode
        self.playing: NetworkPolicy | None = None
        self._stamp: tuple[int, int] | None = None
        self._read()

    def __deepcopy__(self, _known: dict[int, Any]) -> "OpponentPool":
        """Return a copy with draws of its own; networks and records are never changed, so they are shared."""
        copy = object.__new__(type(self))
        copy.__dict__.update(self.__dict__)
        return copy

    def __len__(self) -> int:
        return len(self.index.members)

    @property
    def members(self) -> tuple[Member, ...]:
        """The policies, in the order in which they were added."""
        return self.index.members

    @property
    def rating(self) -> float:
        """The learner's Elo rating."""
        return self.index.learner

    def add(self, policy: NetworkPolicy | str | os.PathLike[str], step: int) -> Member:
        """Add a policy, given as an object or as `load_policy` takes it; it begins with the learner's rating.

        Raises:
            InvalidInput: it is not a network, cannot be read, or has another size than those before, or the step is not
                a whole number.
        """
        step = convert(step, int, "step")
        network = load_policy(policy) if isinstance(policy, str | os.PathLike) else policy
        if not isinstance(network, NetworkPolicy):
            raise InvalidInput(f"{self.folder}: a pool holds networks, and a {type(network).__name__} is none")
        self._read()
        if self.members:
            other = self._network(self.members[0])
            sizes = [(len(each.mean), each.joints) for each in (other, network)]
            if sizes[0] != sizes[1]:
                raise InvalidInput(f"{self.folder}: its policies have sizes {sizes[0]}, and the new one {sizes[1]}")
        member = Member(f"{len(self):05}_{step}.safetensors", step, self.rating)
        network.save(self.folder / member.file)
        self._write(dataclasses.replace(self.index, members=(*self.members, member)))
        return member

    def record(self, result: float, member: Member | None = None) -> None:
        """Record a game of the learner against a member.

        Args:
            result: of the learner: 1 won, 0 drawn, -1 lost.
            member: its opponent; None: the member of this episode.

        Raises:
            InvalidInput: the result is out of range, or no episode has begun.
        """
        check_range("result", result, -1.0, 1.0)
        rival = member or self.member
        if rival is None:
            raise InvalidInput(f"{self.folder}: no game has begun, so none can be recorded")
        self._read()
        place = [m.file for m in self.members].index(check_choice(rival.file, [m.file for m in self.members], "member"))
        rival, points = self.members[place], (result + 1.0) / 2.0
        surprise = points - 1.0 / (1.0 + 10.0 ** ((rival.rating - self.rating) / 400.0))
        members = list(self.members)
        members[place] = dataclasses.replace(
            rival,
            rating=rival.rating - SWING * surprise,
            games=FADE * rival.games + 1.0,
            points=FADE * rival.points + points,
        )
        self._write(Index(learner=self.rating + SWING * surprise, members=tuple(members)))

    def draw(self, rng: np.random.Generator) -> Member:
        """Return the member that an episode draws.

        Raises:
            InvalidInput: the pool is empty.
        """
        members, count = self.members, len(self.members)
        if not count:
            raise InvalidInput(f"{self.folder}: the pool is empty; begin with add(policy, step=0)")
        if self.strategy == "prioritised":
            weights = np.array([(1.0 - member.share) ** 2 for member in members])
            return members[rng.choice(count, p=weights / weights.sum())]
        oldest = {
            "latest": count - 1,
            "uniform": 0,
            "delta": min(int(self.delta * count), count - 1),
            "window": max(0, count - self.window),
        }[self.strategy]
        if self.strategy == "window" and rng.random() < self.latest:
            oldest = count - 1
        return members[rng.integers(oldest, count)]

    def reset(self, seed: int | None = None) -> None:
        """Begin an episode as one of the members.

        Raises:
            InvalidInput: the pool is empty, or damaged.
        """
        self._read()
        self.member = self.draw(np.random.default_rng(seed))
        self.playing = self._network(self.member)

    def act(self, observation: np.ndarray) -> np.ndarray:
        """Return the action (joints,) of the member of this episode.

        Raises:
            InvalidInput: no episode has begun.
        """
        if self.playing is None:
            raise InvalidInput(f"{self.folder}: no episode has begun: call reset() first")
        return self.playing.act(observation)

    def _network(self, member: Member) -> NetworkPolicy:
        path = self.folder / member.file
        return _network(path, path.stat().st_mtime_ns if path.is_file() else 0)

    def _read(self) -> None:
        """Read the folder, if it has changed."""
        path = self.folder / INDEX
        if not path.exists():
            return
        found = path.stat()
        if self._stamp == (found.st_ino, found.st_mtime_ns):
            return
        index: Index = convert(read_json(path), Index, str(path))
        if index.version != VERSION:
            raise InvalidInput(f"{path}: its version is {index.version}, not {VERSION}")
        for member in index.members:
            if not FILE.fullmatch(member.file):
                raise InvalidInput(f"{path}: {member.file!r:.80} is not the name of a file beside it")
            if member.step < 0 or not 0.0 <= member.points <= member.games:
                fault = f"step {member.step}, games {member.games} or points {member.points} cannot be"
                raise InvalidInput(f"{path}: {member.file}: {fault}")
        for rating in (index.learner, *(member.rating for member in index.members)):
            check_range(f"{path}: rating", rating, -MOST_RATING, MOST_RATING)
        if len({member.file for member in index.members}) < len(index.members):
            raise InvalidInput(f"{path}: two members have the same file")
        self.index, self._stamp = index, (found.st_ino, found.st_mtime_ns)

    def _write(self, index: Index) -> None:
        replace(self.folder / INDEX, json.dumps(dataclasses.asdict(index), indent=1).encode())
        self._stamp = None
        self._read()
