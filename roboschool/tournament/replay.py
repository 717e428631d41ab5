"""Replays of matches: they verify that a match took place as recorded, or show it."""

import dataclasses
from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from roboschool import paths, system_info
from roboschool.envs.parallel import ParallelEnv
from roboschool.errors import InvalidInput, check_choice
from roboschool.plugins import refuse_classes
from roboschool.scenes.loader import load_for, load_scene
from roboschool.scenes.scene import Scene
from roboschool.scenes.scene_file import read_scene
from roboschool.simulation.rollout import EndRollout, RolloutStep, rollout
from roboschool.tournament.match import fingerprint, forfeited, scene_hash, team_names
from roboschool.tournament.record import ABOUT, PACKAGES, Match, Record
from roboschool.tournament.sides import Outcome, decide
from roboschool.tournament.trajectory import Recorder, Trajectory


@dataclass(frozen=True)
class Verification:
    """The result of comparing a replay with the record."""

    step: int | None  # the first at which the world differs; None: it never does
    wrong: str  # another difference, in words; empty if there is none
    differs: tuple[str, ...]  # versions and machine that differ here, a possible cause

    @property
    def exact(self) -> bool:
        """Whether the replay agrees with the record."""
        return self.step is None and not self.wrong


def find_scene(match: Match, moved: str | Path | None = None) -> Scene:
    """Return the scene of a match.

    A match is not trusted: no path in it is opened, and no class that it names is imported. Its scene is found by its
    name, or is the one that the user gives as `moved`.

    Args:
        match: the content of its file.
        moved: the scene, by its name or the path of its file; what that names itself is imported.

    Raises:
        InvalidInput: there is no such scene, the match names a class or an option that the scene does not, or it is
            about other agents.
    """
    record, where = match.record, f"{match.path}{': ' * bool(match.path)}{ABOUT}"
    trusted: tuple[str, ...] = ()
    if moved is None:
        if record.scene not in paths.scenes() and Path(record.scene).suffix:
            reason = "the match was played in this file, and no file that a match names is opened; give --scene FILE"
            raise InvalidInput(f"{where}: scene {record.scene!r:.200}: {reason}")
        name = check_choice(record.scene, paths.scenes(), "scene", where)
    else:
        name = load_scene(moved).path
        trusted = (str((read_scene(Path(name)).game or {}).get("name")),)
    refuse_classes(record.options, f"{where}: options", trusted)
    scene = load_for(name, record.options)
    scene = dataclasses.replace(scene, name=Path(record.scene).stem)  # the name is part of the checksums
    for key in record.rules:
        check_choice(key, scene.game.reset_options if scene.game else (), "option of a reset", f"{where}: rules")
    joints = {agent.name: len(agent.robot.joints) for agent in scene.agents}
    found = {name: actions.shape[1] for name, actions in match.actions.items()}
    if joints != found:
        raise InvalidInput(f"scene {scene.name!r}: it has agents and joints {joints}, and the match {found}")
    return scene


def open_world(match: Match, moved: str | Path | None = None) -> ParallelEnv:
    """Return a new environment for a match, whose scene may have `moved`.

    Raises:
        InvalidInput: the scene is not there, or is another.
    """
    return ParallelEnv(find_scene(match, moved))


class RecordedActions:
    """The actions of a match, one step after another."""

    def __init__(self, match: Match) -> None:
        self.match = match

    def reset(self, seed: int | None = None) -> None:
        """Begin again."""
        self.step = 0

    def act(self, observation: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
        """Return the actions of the next step, by agent.

        Raises:
            EndRollout: the match has no more.
        """
        if self.step == self.match.record.steps:
            raise EndRollout
        self.step += 1
        return {name: rows[self.step - 1] for name, rows in self.match.actions.items()}


def replay(env: ParallelEnv, match: Match) -> Iterator[RolloutStep]:
    """Play a match again, until the match or the scene ends it; the env is at the step that is yielded."""
    return rollout(env, RecordedActions(match), match.record.seed, match.record.rules)


def verify(match: Match, moved: str | Path | None = None) -> Verification:
    """Replay a match, whose scene may have `moved`; compare players, world, returns, results and trajectory.

    Raises:
        InvalidInput: the scene is not there, or is another.
    """
    record = match.record
    checksums = {min(number * record.every, record.steps): text for number, text in enumerate(record.checksums)}
    with closing(open_world(match, moved)) as env:
        differs, recorder = _differences(match, env.scene), Recorder(env.scene)
        for now in replay(env, match):
            recorder.add(env.simulation)
            step = now.number
            if step in checksums and fingerprint(env.simulation) != checksums[step]:
                return Verification(step, "", differs)
        if step < record.steps:
            return Verification(None, f"the scene ends it at step {step}, not at {record.steps}", differs)
        if env.agents and not record.faults:
            return Verification(None, f"the episode continues after step {step}", differs)
        teams = team_names(env.scene, len(record.players))
        outcomes = forfeited(teams, record.faults) if record.faults else decide(env.scene, now.info, now.total, step)
    wrong = _misdealt(match.record, teams) or _wrong(match, now.total, outcomes)
    return Verification(None, wrong or _compare_trajectories(match.trajectory, recorder.trajectory()), differs)


def _misdealt(record: Record, teams: Sequence[Sequence[str]]) -> str:
    """Return which agents have other players than they are dealt to, in words; empty if none."""
    dealt = {name: number for number, team in enumerate(teams) for name in team}
    written = {line.agent: line.player for line in record.agents}
    return f"agents are played by players {written}, and they are dealt {dealt}" if written != dealt else ""


def _wrong(match: Match, returns: dict[str, float], outcomes: dict[str, Outcome]) -> str:
    for line in match.record.agents:
        outcome = outcomes[line.agent]
        found = (outcome.result, outcome.reason, outcome.score, returns[line.agent])
        if (line.result, line.reason, line.score, line.total) != found:
            return f"{line.agent} has result, reason, score and return {found}, not what is written"
    return ""


def _compare_trajectories(written: Trajectory, seen: Trajectory) -> str:
    """Return which arrays of the recorded trajectory differ, in words; empty if none."""
    there, here = written.arrays(), seen.arrays()
    wrong = [name for name in {**here, **there} if not np.array_equal(there.get(name, ()), here.get(name, ()))]
    return f"what it shows is not what happened: {', '.join(wrong)}" if wrong else ""


def _differences(match: Match, scene: Scene) -> tuple[str, ...]:
    here = {**system_info.versions(PACKAGES), "system": system_info.system(), "processor": system_info.processor()}
    record = match.record
    there = {**record.versions, "system": record.system, "processor": record.processor}
    changed = (f"{scene.path}: the scene's file has changed",)
    differences = changed if record.scene_hash not in ("", scene_hash(scene)) else ()
    return (
        *differences,
        *(f"{key} {there.get(key)} there, {here[key]} here" for key in here if there.get(key) != here[key]),
    )
