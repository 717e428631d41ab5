"""The race: robots in one world with their own policies, and its standings."""

from collections.abc import Mapping
from contextlib import closing
from typing import Any

import click

from roboschool import paths
from roboschool.cli.film import film_episode
from roboschool.cli.output import Output
from roboschool.envs.parallel import ParallelEnv
from roboschool.errors import InvalidInput, suggest
from roboschool.policies.policy import Policy
from roboschool.policies.resolve import resolve_policy
from roboschool.scenes.scene import Agent, Scene
from roboschool.simulation.rollout import AgentPolicies, RolloutStep

CODA = 60  # steps shown after the last robot on its feet has crossed the line


def run_race(scene: str, lanes: list[str] | None, seed: int, output: Output, policies: Mapping[str, str]) -> None:
    """Run a race, write its files and print its standings.

    Args:
        scene: its name.
        lanes: who runs; None: the lanes of the scene, drawn by the seed if it draws them.
        seed: of the race.
        output: the files.
        policies: written by lane; the others come with the lane.

    Raises:
        InvalidInput: a lane is not a scene with one agent, or has no policy.
    """
    given: dict[str, Any] = {"draw": seed} if lanes is None else {"lanes": lanes}
    with closing(ParallelEnv(scene, **given, **output.render_options())) as env:
        agents = env.scene.agents
        lanes = lanes or [agent.policy or agent.robot.name for agent in agents]
        for name in policies:
            if name not in lanes:
                raise InvalidInput(f"--policy {name}={policies[name]}: no such lane{suggest(name, lanes)}")
        pairs = zip(agents, lanes, strict=True)
        actor = AgentPolicies({agent.name: _lane_policy(lane, env.scene, agent, policies) for agent, lane in pairs})

        def take_picture(now: RolloutStep) -> bool:
            if output.at is not None:
                return now.number * env.scene.timestep >= output.at
            return any(info["finished"] for info in now.info.values())

        coda = CODA

        def is_last(now: RolloutStep) -> bool:
            nonlocal coda
            coda -= not any(env.is_live(name) and not info["finished"] for name, info in now.info.items())
            return coda == 0

        end = film_episode(env, actor, seed, output, take_picture, is_last, "racing")
    _print_standings(end.total, end.info, env.scene.timestep)
    output.announce()


def _lane_policy(lane: str, scene: Scene, agent: Agent, policies: Mapping[str, str]) -> Policy:
    interface = scene.interface(agent)
    if lane in policies:
        return resolve_policy(policies[lane], interface, agent.policy, f"--policy {lane}={policies[lane]}")
    if not agent.policy:
        known = ", ".join(paths.policies()) or "none"
        raise InvalidInput(f"lane {lane!r}: no policy comes with it (there is {known}); give --policy {lane}=POLICY")
    return resolve_policy(agent.policy, interface, where=f"lane {lane!r}")


def _print_standings(returns: Mapping[str, float], infos: Mapping[str, Mapping[str, Any]], timestep: float) -> None:
    click.echo(f"\n{'':>4}  {'robot':16}{'lane':>4}  {'return':>8}  result")
    lanes = {name: number for number, name in enumerate(infos, 1)}
    for name, info in sorted(infos.items(), key=lambda pair: pair[1]["place"]):
        result = _describe(info, timestep)
        click.echo(f"{info['place']:>3.0f}.  {name:16}{lanes[name]:>4}  {returns[name]:8.1f}  {result}")


def _describe(info: Mapping[str, Any], timestep: float) -> str:
    """Return the result of a robot: its time, or how far it has come."""
    if info["finished"]:
        return f"{info['finished'] * timestep:6.2f} s"
    fall = f", fell after {info['fell'] * timestep:.1f} s" if info["fell"] else ""
    return f"{info['distance']:6.2f} m{fall}"
