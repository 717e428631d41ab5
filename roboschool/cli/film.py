"""Shows policies at work in a scene, as a video or a picture."""

from contextlib import closing
from pathlib import Path

import click
import numpy as np
from PIL import Image

from roboschool import files
from roboschool.cli.video import STILLS, Video, choose_ending, read_size
from roboschool.envs.agent import AgentEnv
from roboschool.files import InvalidInput
from roboschool.policy import Policy, load_policy
from roboschool.scene import Agent, Scene, load_scene


class Still:
    """A policy that does nothing."""

    def __init__(self, agent: Agent) -> None:
        self.action = np.zeros(len(agent.robot.joints))

    def reset(self, seed: int | None = None) -> None:
        """Begin an episode."""

    def act(self, observation: np.ndarray) -> np.ndarray:
        """Return no torque (joints,)."""
        return self.action


def run_film(
    name: str,
    own: str | None,
    seed: int,
    video: Path | None,
    picture: Path | None,
    at: float,
    size: str,
    hud: bool,
) -> None:
    """Let an episode pass and print what it came to.

    Raises:
        InvalidInput: the scene, the policy, a file's name or the size is wrong.
    """
    if video is None and picture is None:
        raise InvalidInput("nothing to write: give --video or --picture")
    scene = load_scene(name)
    first, *others = scene.agents
    policy = load_policy(own) if own else _policy(scene, first)
    width, height = read_size(size)
    film = Video(video, size, scene.timestep) if video else None
    photo = choose_ending(picture, STILLS) if picture else None
    steps = scene.steps if film else min(scene.steps, round(at / scene.timestep))
    opponents = {agent.name: _policy(scene, agent) for agent in others if not agent.policy}  # the others have theirs
    env = AgentEnv(scene, opponents=opponents, render_mode="rgb_array", width=width, height=height, hud=hud)
    total, step = 0.0, 0
    with closing(env), click.progressbar(length=steps, label=name) as bar:
        seen, _ = env.reset(seed=seed)
        policy.reset(seed)
        while step < steps:
            seen, reward, terminated, truncated, _ = env.step(policy.act(seen))
            total, step, done = total + reward, step + 1, terminated or truncated
            due = photo is not None and (step == min(scene.steps, round(at / scene.timestep)) or done)
            if due or (film and film.wants(step)):
                frame = env.picture()
                if film and film.wants(step):
                    film.add(frame)
                if photo and due:
                    Image.fromarray(frame).save(photo)
                    photo = None
            bar.update(1)
            if done:
                break
        if film:
            film.close()
    click.echo(f"{name}: {total:.1f} in {step} steps")
    for file in (video, picture):
        if file:
            click.echo(f"Written: {file}")


def _policy(scene: Scene, agent: Agent) -> Policy:
    """Return the agent's own policy, else that of the scene or the robot, else one that does nothing."""
    shipped = files.policies()
    for name in (agent.policy if scene.game is None else "", scene.name, agent.robot.name):
        if name in shipped or ":" in name:
            return load_policy(name)
    click.echo(f"{agent.name}: no policy comes with it; it does nothing", err=True)
    return Still(agent)
