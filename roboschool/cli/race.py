"""The race: trained robots in one world, standings, a video."""

from collections.abc import Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import click
from PIL import Image

from roboschool import files
from roboschool.camera import Camera
from roboschool.cli.video import STILLS, Video, choose_ending, read_size
from roboschool.envs.parallel import ParallelEnv
from roboschool.files import InvalidInput, nearest
from roboschool.policy import Policy, load_policy
from roboschool.scene import Agent
from roboschool.tasks.asks import Mark
from roboschool.world import Snapshot

CODA = 60  # steps shown after the last one standing has crossed the line


@dataclass
class Runner:
    """How an agent has done so far."""

    agent: str
    lane: int
    policy: Policy
    distance: float = 0.0  # [m]
    finished: float | None = None  # time over the line [s]
    fell: float | None = None  # time of the fall [s]
    total: float = 0.0  # return

    def note(self, time: float, dt: float, finish: float, distance: float) -> None:
        """Take down where the agent is; the moment of crossing lies between two steps."""
        if self.finished is None and distance >= finish:
            self.finished = time - dt * (distance - finish) / max(distance - self.distance, 1e-9)
        if self.finished is None or distance > self.distance:
            self.distance = distance

    @property
    def rank(self) -> tuple[bool, float]:
        """Lower is better: those over the line by time, then the others by distance."""
        return (False, self.finished) if self.finished is not None else (True, -self.distance)

    @property
    def result(self) -> str:
        """What the standings say."""
        if self.finished is not None:
            return f"{self.finished:6.2f} s"
        return f"{self.distance:6.2f} m" + (f", fell after {self.fell:.1f} s" if self.fell is not None else "")


class Watcher(Protocol):
    """Looks on at every step."""

    def watch(self, step: int, runners: Mapping[str, Runner]) -> None:
        """Look at a step."""


def _sight(env: ParallelEnv) -> tuple[Snapshot, list[Mark]]:
    return env.simulation.worlds[0].capture(), env.simulation.marks()


class Film:
    """Takes the race on video."""

    def __init__(self, env: ParallelEnv, path: Path, size: str) -> None:
        self.env = env
        self.video = Video(path, size, env.scene.timestep)
        self.camera = Camera(env.scene, self.video.width, self.video.height)

    def watch(self, step: int, runners: Mapping[str, Runner]) -> None:
        """Add a frame, if it is time for one."""
        if self.video.wants(step):
            self.video.add(self.camera.picture(*_sight(self.env)))

    def __enter__(self) -> "Film":
        return self

    def __exit__(self, *error: object) -> None:
        self.camera.close()
        self.video.close()


class Photo:
    """Takes a picture at some time [s], else when the first crosses the line; at the end if neither comes."""

    def __init__(self, env: ParallelEnv, path: Path, size: str, at: float | None) -> None:
        self.env = env
        self.at = at
        self.path = choose_ending(path, STILLS)
        self.camera = Camera(env.scene, *read_size(size))
        self.taken = False

    def watch(self, step: int, runners: Mapping[str, Runner]) -> None:
        """Take the picture, if it is time."""
        due = any(runner.finished is not None for runner in runners.values())
        if self.at is not None:
            due = step * self.env.scene.timestep >= self.at
        if not self.taken and (due or not self.env.agents or step == self.env.scene.steps):
            Image.fromarray(self.camera.picture(*_sight(self.env))).save(self.path)
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
        InvalidInput: a lane is not a scene with one agent, or has no policy, or a file's name or the size is wrong.
    """
    env = ParallelEnv(scene, draw=seed) if lanes is None else ParallelEnv(scene, lanes=lanes)
    lanes = lanes or [agent.policy or agent.robot.name for agent in env.scene.agents]
    for name in own:
        if name not in lanes:
            raise InvalidInput(f"--policy {name}={own[name]}: no such lane{nearest(name, lanes)}")
    runners = {
        agent.name: Runner(agent.name, number, _policy(lane, agent, own))
        for number, (agent, lane) in enumerate(zip(env.scene.agents, lanes, strict=True), 1)
    }
    with ExitStack() as stack:
        stack.callback(env.close)
        watchers: list[Watcher] = []
        if video:
            watchers.append(stack.enter_context(Film(env, video, size)))
        if picture:
            watchers.append(stack.enter_context(Photo(env, picture, size, at)))
        _run(env, runners, seed, watchers)
    _print_standings(runners)
    for file in (video, picture):
        if file:
            click.echo(f"Written: {file}")


def _policy(lane: str, agent: Agent, own: dict[str, str]) -> Policy:
    if lane in own:
        return load_policy(own[lane])
    if not agent.policy:
        known = ", ".join(files.policies()) or "none"
        raise InvalidInput(f"lane {lane!r}: no policy comes with it (there is {known}); give --policy {lane}=FILE")
    return load_policy(agent.policy)


def _run(env: ParallelEnv, runners: dict[str, Runner], seed: int, watchers: list[Watcher]) -> None:
    finish, dt = env.scene.finish or float("inf"), env.scene.timestep
    seen, _ = env.reset(seed=seed)
    coda = CODA
    with click.progressbar(length=env.scene.steps, label="racing") as bar:
        for step in range(1, env.scene.steps + 1):
            seen, rewards, *_, infos = env.step({name: runners[name].policy.act(o) for name, o in seen.items()})
            for name, runner in runners.items():
                runner.total += rewards[name]
                runner.note(step * dt, dt, finish, infos[name]["distance"])
                if runner.fell is None and not env.is_live(name):
                    runner.fell = step * dt
            for watcher in watchers:
                watcher.watch(step, runners)
            bar.update(1)
            coda -= not any(runner.fell is None and runner.finished is None for runner in runners.values())
            if not env.agents or coda == 0:
                bar.update(env.scene.steps - step)
                break


def _print_standings(runners: dict[str, Runner]) -> None:
    click.echo(f"\n{'':>4}  {'robot':16}{'lane':>4}  {'return':>8}  result")
    for place, runner in enumerate(sorted(runners.values(), key=lambda r: r.rank), 1):
        click.echo(f"{place:>3}.  {runner.agent:16}{runner.lane:>4}  {runner.total:8.1f}  {runner.result}")
