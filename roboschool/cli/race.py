"""The race: trained robots in one world, standings, a video."""

from collections.abc import Mapping
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

import click
import numpy as np

from roboschool import paths
from roboschool.envs.parallel import ParallelEnv
from roboschool.errors import InvalidInput, suggest
from roboschool.mdp.effects import Marker
from roboschool.physics.checkpoint import Snapshot
from roboschool.policies.policy import Policy, as_policy
from roboschool.rendering.camera import Camera
from roboschool.rendering.video import STILLS, Video, check_moment, choose_ending, read_size, write_picture
from roboschool.scenes.scene import Agent

CODA = 60  # steps shown after the last one standing has crossed the line


@dataclass
class Racer:
    """Who runs in a lane, and what the game says of it."""

    agent: str
    lane: int
    policy: Policy
    info: dict[str, Any] = field(default_factory=dict)  # of the last step
    total: float = 0.0  # return

    @property
    def finished(self) -> bool:
        """Whether it is over the line."""
        return bool(self.info["finished"])

    def result(self, dt: float) -> str:
        """Return what the standings say, with steps of `dt` [s]."""
        if self.finished:
            return f"{self.info['finished'] * dt:6.2f} s"
        fall = f", fell after {self.info['fell'] * dt:.1f} s" if self.info["fell"] else ""
        return f"{self.info['distance']:6.2f} m{fall}"


class Watcher(Protocol):
    """Looks on at every step, from 0."""

    def watch(self, step: int, racers: Mapping[str, Racer], last: bool) -> None:
        """Look at a step, and know whether it is the last."""


def _sight(env: ParallelEnv) -> tuple[Snapshot, list[Marker]]:
    return env.simulation.worlds[0].capture(), env.simulation.markers()


class Film:
    """Takes the race on video."""

    def __init__(self, env: ParallelEnv, path: Path, size: str) -> None:
        self.env = env
        self.camera = Camera(env.scene, *read_size(size))
        self.video = Video(path, size, env.scene.timestep)

    def watch(self, step: int, racers: Mapping[str, Racer], last: bool) -> None:
        """Add a frame, if it is time for one."""
        if self.video.wants(step):
            self.video.add(self.camera.picture(*_sight(self.env)))

    def __enter__(self) -> "Film":
        return self

    def __exit__(self, *error: Any) -> None:
        try:
            self.video.__exit__(*error)
        finally:
            self.camera.close()


class Photo:
    """Takes a picture at some time [s], else when the first crosses the line; at the end if neither comes."""

    def __init__(self, env: ParallelEnv, path: Path, size: str, at: float | None) -> None:
        self.env = env
        self.at = at
        self.path = choose_ending(path, STILLS)
        self.camera = Camera(env.scene, *read_size(size))
        self.taken = False

    def watch(self, step: int, racers: Mapping[str, Racer], last: bool) -> None:
        """Take the picture, if it is time."""
        due = any(racer.finished for racer in racers.values())
        if self.at is not None:
            due = step * self.env.scene.timestep >= self.at
        if not self.taken and (due or last):
            write_picture(self.path, self.camera.picture(*_sight(self.env)))
            self.taken = True

    def __enter__(self) -> "Photo":
        return self

    def __exit__(self, *error: object) -> None:
        self.camera.close()


def run_race(
    scene: str,
    lanes: list[str] | None,
    seed: int,
    video: Path | None,
    picture: Path | None,
    at: float | None,
    size: str,
    own: dict[str, str],
) -> None:
    """Run a race and print its standings; without `lanes` those of the scene run, drawn by the seed if it draws them.

    Raises:
        InvalidInput: a lane is not a scene with one agent, or has no policy, or a file's name or the size is wrong, or
            there is a time for a picture and no picture.
    """
    check_moment(at, picture)
    env = ParallelEnv(scene, draw=seed) if lanes is None else ParallelEnv(scene, lanes=lanes)
    lanes = lanes or [agent.policy or agent.robot.name for agent in env.scene.agents]
    for name in own:
        if name not in lanes:
            raise InvalidInput(f"--policy {name}={own[name]}: no such lane{suggest(name, lanes)}")
    racers = {
        agent.name: Racer(agent.name, number, _policy(lane, agent, own))
        for number, (agent, lane) in enumerate(zip(env.scene.agents, lanes, strict=True), 1)
    }
    with ExitStack() as stack:
        stack.callback(env.close)
        watchers: list[Watcher] = []
        if video:
            watchers.append(stack.enter_context(Film(env, video, size)))
        if picture:
            watchers.append(stack.enter_context(Photo(env, picture, size, at)))
        _run(env, racers, seed, watchers)
    _print_standings(racers, env.scene.timestep)
    for file in (video, picture):
        if file:
            click.echo(f"Written: {file}")


def _policy(lane: str, agent: Agent, own: dict[str, str]) -> Policy:
    joints = len(agent.robot.joints)
    if lane in own:
        return as_policy(own[lane], joints, agent.policy, f"--policy {lane}={own[lane]}")
    if not agent.policy:
        known = ", ".join(paths.policies()) or "none"
        raise InvalidInput(f"lane {lane!r}: no policy comes with it (there is {known}); give --policy {lane}=POLICY")
    return as_policy(agent.policy, joints, where=f"lane {lane!r}")


def _run(env: ParallelEnv, racers: dict[str, Racer], seed: int, watchers: list[Watcher]) -> None:
    seen, infos = env.reset(seed=seed)
    seeds = np.random.SeedSequence(seed).generate_state(len(racers)).tolist()
    for racer, own in zip(racers.values(), seeds, strict=True):
        racer.policy.reset(own)
    step, coda = 0, CODA
    with click.progressbar(length=env.scene.steps, label="racing") as bar:
        while True:
            for name, racer in racers.items():
                racer.info = infos[name]
            coda -= not any(env.is_live(name) and not racer.finished for name, racer in racers.items())
            last = not env.agents or coda == 0
            for watcher in watchers:
                watcher.watch(step, racers, last)
            if last:
                bar.update(env.scene.steps - step)
                break
            seen, rewards, *_, infos = env.step({name: racers[name].policy.act(o) for name, o in seen.items()})
            for name, racer in racers.items():
                racer.total += rewards[name]
            step += 1
            bar.update(1)


def _print_standings(racers: dict[str, Racer], dt: float) -> None:
    click.echo(f"\n{'':>4}  {'robot':16}{'lane':>4}  {'return':>8}  result")
    for racer in sorted(racers.values(), key=lambda r: r.info["place"]):
        place, result = f"{racer.info['place']:.0f}", racer.result(dt)
        click.echo(f"{place:>3}.  {racer.agent:16}{racer.lane:>4}  {racer.total:8.1f}  {result}")
