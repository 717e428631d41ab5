"""Replays of matches: to verify that they happened as written, and to see them."""

from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from typing import Any

from roboschool import machine
from roboschool.envs.parallel import ParallelEnv
from roboschool.files import InvalidInput
from roboschool.tournament.match import fingerprint, forfeited, team_names
from roboschool.tournament.record import PACKAGES, Match
from roboschool.tournament.sides import Outcome, decide


@dataclass(frozen=True)
class Finding:
    """Whether a replay agrees with what is written."""

    step: int | None  # the first at which the world is another; None: at none
    wrong: str  # what else is wrong, in words; nothing if all is well
    differs: tuple[str, ...]  # what it was played with that is another here, which may be why

    @property
    def exact(self) -> bool:
        """Whether all is well."""
        return self.step is None and not self.wrong


def open_world(match: Match) -> ParallelEnv:
    """Return a fresh world for a match.

    Raises:
        InvalidInput: the scene is not there, or is another.
    """
    env = ParallelEnv(match.record.scene, **match.record.options)
    joints = {agent.name: len(agent.robot.joints) for agent in env.scene.agents}
    found = {name: actions.shape[1] for name, actions in match.actions.items()}
    if joints != found:
        raise InvalidInput(f"scene {env.scene.name!r}: it has agents and joints {joints}, and the match {found}")
    return env


def replay(env: ParallelEnv, match: Match) -> Iterator[tuple[int, dict[str, float], dict[str, dict[str, Any]]]]:
    """Go through a match, as far as the scene goes; the world is at the step that is returned, with rewards and infos.

    Step 0 comes first, with no rewards.
    """
    infos = env.reset(seed=match.record.seed)[1]
    yield 0, {}, infos
    for step in range(match.record.steps):
        if not env.agents:
            return
        _, rewards, _, _, infos = env.step({name: rows[step] for name, rows in match.actions.items()})
        yield step + 1, rewards, infos


def verify(match: Match) -> Finding:
    """Play a match once more from its actions, and compare world, returns and results.

    Raises:
        InvalidInput: the scene is not there, or is another.
    """
    record = match.record
    differs = _differences(match)
    prints = {min(number * record.every, record.steps): text for number, text in enumerate(record.prints)}
    returns = dict.fromkeys(match.actions, 0.0)
    infos: dict[str, dict[str, Any]] = {}
    with closing(open_world(match)) as env:
        for step, rewards, told in replay(env, match):
            infos = told
            for name, reward in rewards.items():
                returns[name] += reward
            if step in prints and fingerprint(env.simulation) != prints[step]:
                return Finding(step, "", differs)
        if step < record.steps:
            return Finding(None, f"the scene ends it at step {step}, not at {record.steps}", differs)
        if env.agents and not record.faults:
            return Finding(None, f"it is not over at step {step}", differs)
        teams = team_names(env.scene, len(record.players))
        outcomes = forfeited(teams, record.faults) if record.faults else decide(env.scene, infos, returns, step)
    return Finding(None, _wrong(match, returns, outcomes), differs)


def _wrong(match: Match, returns: dict[str, float], outcomes: dict[str, Outcome]) -> str:
    for line in match.record.agents:
        outcome = outcomes[line.agent]
        found = (outcome.result, outcome.reason, outcome.score, returns[line.agent])
        if (line.result, line.reason, line.score, line.total) != found:
            return f"{line.agent} has result, reason, score and return {found}, not what is written"
    return ""


def _differences(match: Match) -> tuple[str, ...]:
    here = {**machine.versions(PACKAGES), "system": machine.system(), "processor": machine.processor()}
    record = match.record
    there = {**record.versions, "system": record.system, "processor": record.processor}
    return tuple(f"{key} {there.get(key)} there, {here[key]} here" for key in here if there.get(key) != here[key])
