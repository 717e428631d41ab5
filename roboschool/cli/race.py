"""The race: trained robots in one world, standings, a video."""

from dataclasses import dataclass
from pathlib import Path

import click

from roboschool import files
from roboschool.camera import Camera
from roboschool.cli.video import Video
from roboschool.envs.parallel import ParallelEnv
from roboschool.files import InvalidInput, nearest
from roboschool.policy import Policy, load_policy

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


def run_race(lanes: list[str], seed: int, video: Path | None, size: str, own: dict[str, str]) -> None:
    """Run a race and print its standings.

    Raises:
        InvalidInput: a lane is not a scene with one agent, or has no policy, or the video's name or size is wrong.
    """
    env = ParallelEnv("race", lanes=lanes)
    for name in own:
        if name not in lanes:
            raise InvalidInput(f"--policy {name}={own[name]}: no such lane{nearest(name, lanes)}")
    runners = {
        agent: Runner(agent, number, _policy(lane, own))
        for number, (agent, lane) in enumerate(zip(env.possible_agents, lanes, strict=True), 1)
    }
    writer = Video(video, size, env.scene.timestep) if video else None
    camera = Camera(env.scene, writer.width, writer.height) if writer else None
    try:
        _run(env, runners, seed, writer, camera)
    finally:
        if camera:
            camera.close()
        if writer:
            writer.close()
        env.close()
    _print_standings(runners)
    if video:
        click.echo(f"\nThe video is {video}.")


def _policy(lane: str, own: dict[str, str]) -> Policy:
    shipped = files.policies()
    if lane in own:
        return load_policy(own[lane])
    if lane not in shipped:
        known = ", ".join(shipped) or "none"
        raise InvalidInput(f"lane {lane!r}: no policy comes with it (there is {known}); give --policy {lane}=FILE")
    return load_policy(shipped[lane])


def _run(env: ParallelEnv, runners: dict[str, Runner], seed: int, writer: Video | None, camera: Camera | None) -> None:
    finish, dt = env.scene.finish or float("inf"), env.scene.timestep
    seen, _ = env.reset(seed=seed)
    coda = CODA
    with click.progressbar(length=env.scene.steps, label="racing") as bar:
        for step in range(1, env.scene.steps + 1):
            seen, rewards, *_, infos = env.step({name: runners[name].policy.act(o) for name, o in seen.items()})
            for name, runner in runners.items():
                runner.total += rewards[name]
                runner.note(step * dt, dt, finish, infos[name]["distance"])
                if runner.fell is None and infos[name]["alive"] <= 0.0:
                    runner.fell = step * dt
            if writer and camera and writer.wants(step):
                writer.add(camera.picture(env.simulation.worlds[0].capture()))
            bar.update(1)
            running = [r for r in runners.values() if r.fell is None and r.finished is None]
            coda -= not running
            if not env.agents or coda == 0:
                bar.update(env.scene.steps - step)
                break


def _print_standings(runners: dict[str, Runner]) -> None:
    click.echo(f"\n{'':>4}  {'robot':16}{'lane':>4}  {'return':>8}  result")
    for place, runner in enumerate(sorted(runners.values(), key=lambda r: r.rank), 1):
        click.echo(f"{place:>3}.  {runner.agent:16}{runner.lane:>4}  {runner.total:8.1f}  {runner.result}")
