"""Shows policies at work in a scene, as a video or a picture."""

from contextlib import ExitStack
from pathlib import Path

import click

from roboschool import paths
from roboschool.envs.agent import AgentEnv
from roboschool.envs.spaces import observation_space
from roboschool.errors import InvalidInput
from roboschool.policies.policy import NetworkPolicy, Policy, Still, as_policy
from roboschool.rendering.video import STILLS, Video, check_moment, choose_ending, read_size, write_picture
from roboschool.scenes.loader import load_scene
from roboschool.scenes.scene import Agent, Scene

USUAL = 2.0  # when a picture is taken [s]


def run_film(
    name: str,
    own: str | None,
    seed: int,
    video: Path | None,
    picture: Path | None,
    at: float | None,
    size: str,
    hud: bool,
) -> None:
    """Let an episode pass and print what it came to.

    Raises:
        InvalidInput: the scene, the policy, a file's name or the size is wrong, or there is a time for a picture and no
            picture.
    """
    check_moment(at, picture)
    if video is None and picture is None:
        raise InvalidInput("nothing to write: give --video or --picture")
    scene = load_scene(name)
    first, *others = scene.agents
    joints = len(first.robot.joints)
    policy = as_policy(own, joints, first.policy, f"--policy {own}") if own else _policy(scene, first)
    width, height = read_size(size)
    last = min(scene.steps, round((USUAL if at is None else at) / scene.timestep))  # step of the picture
    steps = scene.steps if video else last
    photo = choose_ending(picture, STILLS) if picture else None
    opponents = {agent.name: _policy(scene, agent) for agent in others if not agent.policy}  # the others have theirs
    total, step, done = 0.0, 0, False
    with ExitStack() as stack:
        film = stack.enter_context(Video(video, size, scene.timestep)) if video else None
        env = AgentEnv(scene, opponents=opponents, render_mode="rgb_array", width=width, height=height, hud=hud)
        stack.callback(env.close)
        bar = stack.enter_context(click.progressbar(length=steps, label=name))
        seen, _ = env.reset(seed=seed)
        policy.reset(seed)
        while True:
            filmed = film is not None and film.wants(step)
            pictured = photo is not None and (step == last or (done and step < last))
            if filmed or pictured:
                frame = env.picture()
                if film and filmed:
                    film.add(frame)
                if photo and pictured:
                    write_picture(photo, frame)
            if done or step == steps:
                break
            seen, reward, terminated, truncated, _ = env.step(policy.act(seen))
            total, step, done = total + reward, step + 1, terminated or truncated
            bar.update(1)
    if done:
        click.echo(f"{name}: return {total:.1f} in {step} steps")
    else:
        click.echo(f"{name}: return so far, after {step * scene.timestep:g} s: {total:.1f}")
    for file in (video, picture):
        if file:
            click.echo(f"Written: {file}")


def _policy(scene: Scene, agent: Agent) -> Policy:
    """Return the policy that comes with the scene, else the agent's own or its robot's, else one that does nothing.

    A policy of the robot's from elsewhere is of no use in a game, where more is seen.
    """
    shipped = paths.policies()
    sees = observation_space(scene, agent).shape[0]
    for name in (scene.name, agent.policy, agent.robot.name):
        if name in shipped or ":" in name:
            policy = as_policy(name, len(agent.robot.joints))
            if not isinstance(policy, NetworkPolicy) or len(policy.mean) == sees:
                return policy
    click.echo(f"{agent.name}: no policy comes with it; it does nothing", err=True)
    return Still(len(agent.robot.joints))
