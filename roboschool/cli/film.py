"""Shows an episode of a scene with its policies, as a video, a picture, or both."""

from collections.abc import Callable, Sequence
from contextlib import ExitStack, closing, suppress
from functools import partial
from typing import Any

import click

from roboschool import paths
from roboschool.cli.options import read_options
from roboschool.cli.output import Output
from roboschool.envs.agent import AgentEnv
from roboschool.errors import InvalidInput
from roboschool.importing.loader import load_scene
from roboschool.policies.policy import Policy, Still
from roboschool.policies.resolve import check_fit, load_policy, resolve_policy
from roboschool.rendering.painter import Painter
from roboschool.rendering.video import write_picture
from roboschool.rendering.web.page import Recording, Seat, write_page
from roboschool.scenes.loader import ROBOT
from roboschool.scenes.scene import Agent, Scene
from roboschool.simulation.rollout import Actor, RolloutStep, rollout
from roboschool.tournament.trajectory import Recorder, Trajectory

PICTURE_TIME = 2.0  # when a picture is taken, unless --at says so [s]


def film_episode(
    env: Any,
    actor: Actor,
    seed: int,
    output: Output,
    take_picture: Callable[[RolloutStep], bool],
    is_last: Callable[[RolloutStep], bool],
    label: str,
) -> RolloutStep:
    """Play an episode under a progress bar and write its files; return its last step.

    Args:
        env: an env with a scene, made with `output.render_options()`.
        actor: acts in it.
        seed: of the episode.
        output: the files.
        take_picture: whether a step is due for the picture; the first is taken, else the last step.
        is_last: whether to stop at a step, before the episode is over.
        label: of the progress bar.

    Raises:
        InvalidInput: an action does not fit, or a file cannot be written.
    """
    picture, timestep, steps = output.picture, env.scene.timestep, env.scene.steps
    recorder = Recorder(env.scene) if output.html else None
    with ExitStack() as stack:
        video = stack.enter_context(chosen) if (chosen := output.open_video(timestep)) else None
        painter = stack.enter_context(Painter())
        bar = stack.enter_context(click.progressbar(length=steps, label=label))
        for now in rollout(env, actor, seed):
            if recorder:
                recorder.add(env.simulation)
            cut = output.seconds is not None and now.number * timestep >= output.seconds
            last = now.over or is_last(now) or cut
            uses = [video.add] if video and video.wants(now.number) else []
            if picture and (last or take_picture(now)):
                uses.append(partial(write_picture, picture))
                picture = None
            if uses:
                painter.submit(env.frame(), *uses)
            bar.update(1 if now.number else 0)
            if last:
                bar.update(steps - now.number)
                break
    if output.html and recorder:
        write_page(output.html, _record(env.scene, recorder.trajectory(), env.scene.name, f"{now.number} steps"))
    return now


def _record(scene: Scene, seen: Trajectory, title: str, ending: str) -> Recording:
    """Return what a page shows of an episode: its agents, without results."""
    seats = [Seat((number,), agent.name, "") for number, agent in enumerate(scene.agents)]
    return Recording(scene, title, [*seen.bodies.values()], seen.markers, seen.scores, seen.rewards, seats, ending)


def run_film(name: str, policy: str | None, seed: int, output: Output, hud: bool, given: Sequence[str] = ()) -> None:
    """Play an episode, write its files, and print its return; options of the scene are given as KEY=VALUE.

    Raises:
        InvalidInput: the scene, the policy or a path is wrong, or there is no file to write.
    """
    if not output.files:
        raise InvalidInput("nothing to write: give --video, --html or --picture")
    options = read_options(given)
    scene = load_scene(name, **options)
    first, *others = scene.agents
    if policy:
        actor = resolve_policy(policy, scene.interface(first), first.policy, f"--policy {policy}")
    else:
        actor = default_policy(scene, first, ROBOT not in options)
    opponents = {agent.name: default_policy(scene, agent) for agent in others if not agent.policy}
    pictured = min(scene.steps, round((PICTURE_TIME if output.at is None else output.at) / scene.timestep))
    last = scene.steps if output.video or output.html else pictured
    with closing(AgentEnv(scene, opponents=opponents, hud=hud, **output.render_options())) as env:
        end = film_episode(
            env, actor, seed, output, lambda now: now.number == pictured, lambda now: now.number == last, name
        )
    if end.over:
        click.echo(f"{name}: return {end.total:.1f} in {end.number} steps")
    else:
        click.echo(f"{name}: return so far, after {end.number * scene.timestep:g} s: {end.total:.1f}")
    output.announce()


def default_policy(scene: Scene, agent: Agent, own: bool = True) -> Policy:
    """Return the policy that comes with the scene, else the agent's own or its robot's, else one that does nothing.

    If the robot is not the scene's own, the first two are left out.

    Raises:
        InvalidInput: the policy of the scene or of the agent does not fit the agent. That of the robot is left out
            then, as in a game.
    """
    known, interface, where = paths.policies(), scene.interface(agent), f"agent {agent.name!r}"
    for name in (scene.name, agent.policy) if own else ():
        if name in known or ":" in name:
            return resolve_policy(name, interface, where=where)
    if agent.robot.name in known:
        policy = load_policy(agent.robot.name)
        with suppress(InvalidInput):
            check_fit(policy, interface)
            return policy
    click.echo(f"{agent.name}: no policy comes with it; it does nothing", err=True)
    return Still(len(interface.actuators))
