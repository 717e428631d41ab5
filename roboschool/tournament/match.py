"""A match: players act in one world until the episode ends or one of them forfeits."""

import dataclasses
import hashlib
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from roboschool import paths
from roboschool.envs.parallel import ParallelEnv
from roboschool.errors import InvalidInput
from roboschool.scenes.scene import Scene
from roboschool.simulation.rollout import EndRollout, rollout
from roboschool.simulation.simulation import Simulation
from roboschool.tournament.containment import Interference, interrupted
from roboschool.tournament.entrants import Assignment, Entrant
from roboschool.tournament.players import Fault, Forfeit, Player, PlayerCache
from roboschool.tournament.record import DIVERGED, AgentResult, Match, Record, describe
from roboschool.tournament.sides import Outcome, deal, decide
from roboschool.tournament.trajectory import Recorder

EVERY = 50  # steps between two checksums of the world
DECISIVE = ("result", "score", "reason")  # numbers of an info that decide a match


@dataclass(frozen=True)
class MatchResult:
    """The result of a match."""

    outcomes: dict[str, Outcome]  # by agent
    returns: dict[str, float]
    actions: dict[str, np.ndarray]  # of each agent (steps, joints)
    checksums: tuple[str, ...]  # of the world at the beginning, every `EVERY` steps, and at the end
    faults: tuple[Fault, ...]
    steps: int

    def result(self, agents: Sequence[str]) -> float:
        """Return the mean result of some agents, from -1 to 1."""
        return float(np.mean([self.outcomes[name].result for name in agents]))


def fingerprint(simulation: Simulation) -> str:
    """Return the SHA-256 of the whole state of a world and its episode."""
    if simulation.clock.diverged:
        return DIVERGED
    digest = hashlib.sha256()
    _feed(digest, simulation.contents())
    return digest.hexdigest()


def _feed(digest: Any, value: Any) -> None:
    """Add a record of numbers to a hash, independent of their types."""
    if dataclasses.is_dataclass(value):
        value = [getattr(value, field.name) for field in dataclasses.fields(value)]
    if isinstance(value, dict):
        value = sorted(value.items())
    if isinstance(value, list | tuple):
        digest.update(b"(%d" % len(value))
        for part in value:
            _feed(digest, part)
    elif isinstance(value, np.ndarray):
        digest.update(f"{value.shape}".encode() + value.astype(np.float64).tobytes())
    elif isinstance(value, float | np.floating):
        digest.update(float(value).hex().encode())
    else:
        digest.update(str(value).encode())
    digest.update(b",")


def play(
    env: ParallelEnv,
    teams: Sequence[Sequence[str]],
    players: Sequence[Player],
    seed: int,
    recorder: Recorder | None = None,
    rules: dict[str, Any] | None = None,
    tick: Callable[[], None] = lambda: None,
) -> MatchResult:
    """Play a match.

    Args:
        env: the world, whose agents that have ended stay.
        teams: the agents of each player; every agent is in one.
        players: the players; each starts a new episode.
        seed: the same seed, and players that are the same after the same seed, give the same match.
        recorder: of the trajectory, if any.
        rules: options of the scene's game, given to the reset.
        tick: is called before each question to the players.

    Raises:
        InvalidInput: the scene's game reports a number or a reward that is not finite.
        Interference: the process of a player was stopped or killed by an unknown process.
    """
    scene, both = env.scene, _Players(players, teams, tick)
    checksums: list[str] = []
    for now in rollout(env, both, seed, rules):
        if recorder:
            recorder.add(env.simulation)
        if now.number % EVERY == 0:
            checksums.append(fingerprint(env.simulation))
    steps, infos, returns = now.number, now.info, now.total
    if steps % EVERY:
        checksums.append(fingerprint(env.simulation))
    _check_finite(scene, infos, returns)
    outcomes = forfeited(teams, both.faults) if both.faults else decide(scene, infos, returns, steps)
    joints = {agent.name: len(agent.robot.joints) for agent in scene.agents}
    rows = {name: [action[name] for action in both.actions] for name in env.possible_agents}
    done = {name: np.array(rows[name], np.float32).reshape(steps, joints[name]) for name in rows}
    return MatchResult(outcomes, returns, done, tuple(checksums), tuple(both.faults), steps)


class _Players:
    """Players of a match, who act together until one of them forfeits."""

    def __init__(self, players: Sequence[Player], teams: Sequence[Sequence[str]], tick: Callable[[], None]) -> None:
        self.players, self.teams, self.tick = players, teams, tick
        self.actions: list[dict[str, np.ndarray]] = []  # of each step, by agent
        self.faults: list[Fault] = []

    def reset(self, seed: int | None = None) -> None:
        """Begin an episode, with a seed for each player."""
        seeds = np.random.SeedSequence(seed).generate_state(len(self.players)).tolist()
        for player, own in zip(self.players, seeds, strict=True):
            player.begin(own)
        self.tick()
        self._answers()

    def act(self, observation: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
        """Return the actions of all agents.

        Raises:
            EndRollout: a player forfeits.
        """
        if not self.faults:
            self.tick()
            for player, team in zip(self.players, self.teams, strict=True):
                player.ask([observation[name] for name in team])
            answers = self._answers()
        if self.faults:
            raise EndRollout
        pairs = zip(self.teams, answers, strict=True)
        self.actions.append({name: action for team, answer in pairs for name, action in zip(team, answer, strict=True)})
        return self.actions[-1]

    def _answers(self) -> list[list[np.ndarray]]:
        """Return the answers of the players, and note which of them forfeit."""
        answers = [_answer(player) for player in self.players]
        forfeits = [(i, answer) for i, answer in enumerate(answers) if isinstance(answer, Forfeit)]
        self.faults = [Fault(i, forfeit.reason, len(self.actions), forfeit.detail) for i, forfeit in forfeits]
        return [answer for answer in answers if not isinstance(answer, Forfeit)]


def _check_finite(scene: Scene, infos: Mapping[str, Mapping[str, Any]], returns: Mapping[str, float]) -> None:
    """Check the numbers that decide a match: a NaN would be neither won nor lost, and its file could not be read.

    Raises:
        InvalidInput: a number is not finite.
    """
    for name, info in infos.items():
        numbers = {"return": returns[name]} | {word: info[word] for word in DECISIVE if word in info}
        for what, number in numbers.items():
            if not np.isfinite(number):
                raise InvalidInput(f"scene {scene.name!r}: agent {name!r}: its {what} is {number}, which is not finite")


def _answer(player: Player) -> list[np.ndarray] | Forfeit:
    try:
        return player.answer()
    except Forfeit as forfeit:
        return forfeit


def forfeited(teams: Sequence[Sequence[str]], faults: Sequence[Fault]) -> dict[str, Outcome]:
    """Return the outcome of a forfeited match: those who forfeited have lost, and the others have won."""
    reasons = {fault.player: fault.reason for fault in faults}
    return {
        name: Outcome(-1 if number in reasons else 1, reasons.get(number, "forfeit"), 0.0)
        for number, team in enumerate(teams)
        for name in team
    }


def play_recorded(
    env: ParallelEnv,
    options: dict[str, Any],
    entrants: Sequence[Entrant],
    seed: int,
    cache: PlayerCache,
    rules: dict[str, Any] | None = None,
    tick: Callable[[], None] = lambda: None,
) -> tuple[MatchResult, Match]:
    """Play a match between entrants, each in its own process; return its result, and the content of its file.

    It is played again if a process was stopped or killed by an unknown process.

    Args:
        env: the world.
        options: of its scene.
        entrants: the policies, in the order in which sides are assigned.
        seed: of the match.
        cache: of players.
        rules: options of the scene's game, given to the reset.
        tick: is called before each question to the players.

    Raises:
        InvalidInput: the match was interrupted twice, or the scene's game reports a number that is not finite.
    """
    clock = time.perf_counter()
    teams = team_names(env.scene, len(entrants))
    assignments = [entrant.assign(env.scene, team) for entrant, team in zip(entrants, teams, strict=True)]
    attempt = partial(_attempt, env, teams, assignments, seed, cache, rules, tick)
    try:
        try:
            played, recorder = attempt()
        except Interference:
            played, recorder = attempt()
    except Interference as error:
        names = [entrant.name for entrant in entrants]
        raise interrupted(names, seed, str(error), cache.containment) from None
    lines = tuple(
        AgentResult(name, number, outcome.result, outcome.reason, outcome.score, played.returns[name])
        for number, team in enumerate(teams)
        for name, outcome in ((name, played.outcomes[name]) for name in team)
    )
    record = Record(
        scene=scene_name(env.scene),
        scene_hash=scene_hash(env.scene),
        options=options,
        rules=rules or {},
        seed=seed,
        players=tuple(entrants),
        agents=lines,
        faults=played.faults,
        steps=played.steps,
        every=EVERY,
        checksums=played.checksums,
        seconds=round(time.perf_counter() - clock, 3),
        containment=cache.containment,
        **describe(),
    )
    return played, Match(record, played.actions, recorder.trajectory())


def _attempt(
    env: ParallelEnv,
    teams: Sequence[Sequence[str]],
    assignments: Sequence[Sequence[Assignment]],
    seed: int,
    cache: PlayerCache,
    rules: dict[str, Any] | None,
    tick: Callable[[], None],
) -> tuple[MatchResult, Recorder]:
    """Play a match with players from the cache, to which they return; all are killed if an error ends it."""
    players = [cache.take(own) for own in assignments]
    recorder = Recorder(env.scene)
    try:
        played = play(env, teams, players, seed, recorder, rules, tick)
    except BaseException:
        for player in players:
            player.kill()  # it may be about to answer
        raise
    for player in players:
        cache.put(player)
    return played, recorder


def scene_name(scene: Scene) -> str:
    """Return the name of a scene, or the path of its file if it is found by that only."""
    path = paths.scenes().get(scene.name)
    return scene.path if scene.path and scene.path != str(path) else scene.name


def scene_hash(scene: Scene) -> str:
    """Return the sha256 of a scene's file, or an empty string if it has none."""
    path = Path(scene.path)
    return hashlib.sha256(path.read_bytes()).hexdigest() if path.is_file() else ""


def team_names(scene: Scene, entrants: int) -> tuple[tuple[str, ...], ...]:
    """Return the agents that each of some entrants plays.

    Raises:
        InvalidInput: the number of sides is not divisible by the number of entrants.
    """
    return tuple(tuple(name for side in sides for name in side) for sides in deal(scene, entrants))
