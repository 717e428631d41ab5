"""Hosts a world for other programs, until the match is over or a user stops it."""

import signal
import sys
from collections.abc import Sequence
from types import FrameType
from typing import Any

import click

from roboschool.cli.options import split_options
from roboschool.errors import InvalidInput, check_choice
from roboschool.multiplayer.address import read_host
from roboschool.multiplayer.barrier import Barrier
from roboschool.multiplayer.log import LogWriter
from roboschool.multiplayer.server import Server
from roboschool.policies.policy import Policy
from roboschool.policies.resolve import resolve_policy
from roboschool.rendering.video import read_size
from roboschool.scenes.loader import load_scene
from roboschool.scenes.scene import Agent, Scene

SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
RESULTS = ("won", "drawn", "lost")  # drawn is also a place between first and last
MOST_FORFEITS = 20  # printed


def run_serve(
    name: str,
    options: dict[str, Any],
    tcp: str | None,
    allow_remote: bool,
    join_timeout: float | None,
    step_timeout: float | None,
    default_policy: Sequence[str],
    episodes: int | None,
    size: str | None,
) -> int:
    """Serve a scene and print where, then how it has gone; return the exit status: 1 if the match was broken off.

    Raises:
        InvalidInput: the scene, the address, a policy or the size is wrong.
    """
    if allow_remote and tcp is None:
        raise InvalidInput("--allow-remote: other machines cannot reach a socket file; give --tcp HOST:PORT, too")
    options, rules = split_options(name, options)
    scene = load_scene(name, **options)
    width, height = read_size(size) if size else (0, 0)
    pictures: dict[str, Any] = {"render_mode": "rgb_array", "width": width, "height": height} if size else {}
    place = read_host(tcp, f"--tcp {tcp}: it is written HOST:PORT, like 127.0.0.1:7777") if tcp else None
    default_policies = read_default_policies(scene, default_policy)
    signal.pthread_sigmask(signal.SIG_BLOCK, SIGNALS)  # until the server can be closed
    try:
        waits = (join_timeout, step_timeout)
        log = LogWriter(sys.stderr)  # stdout is for the program that has started this one
        server = Server(scene, place, allow_remote, *waits, episodes, default_policies, log, rules, **pictures)

        def stop(number: int, _frame: FrameType | None) -> None:
            server.stop(f"the server was stopped by {signal.Signals(number).name}")

        for number in SIGNALS:
            signal.signal(number, stop)
    finally:
        signal.pthread_sigmask(signal.SIG_UNBLOCK, SIGNALS)
    try:
        click.echo(server.listener.address)
        if place is not None:
            click.echo(f"key: {server.listener.key_file}")
        if allow_remote:
            log("nothing is encrypted: others on the network can read it; an SSH tunnel to 127.0.0.1 is safer")
        server.run()
    finally:
        server.close()
        log.close()
    _print_result(server.barrier)
    return int(not (server.stopped or _is_complete(server.barrier)))


def read_default_policies(scene: Scene, texts: Sequence[str]) -> dict[str, Policy]:
    """Return the policies that take the seats that stay empty.

    Args:
        scene: the scene of the agents.
        texts: "AGENT=POLICY", or "POLICY" for all agents that have none. A policy is written as for `roboschool match`.

    Raises:
        InvalidInput: an agent is unknown, or a policy cannot be read.
    """
    agents = {agent.name: agent for agent in scene.agents}
    chosen: dict[str, str] = {}
    for text in texts:
        agent, equals, policy = text.partition("=")
        if equals:
            chosen[check_choice(agent, agents, "agent", f"--default-policy {text}")] = policy
    for text in texts:
        if "=" not in text:
            chosen = dict.fromkeys(agents, text) | chosen
    return {name: _policy(scene, agents[name], policy) for name, policy in chosen.items()}


def _policy(scene: Scene, agent: Agent, text: str) -> Policy:
    return resolve_policy(text, scene.interface(agent), agent.policy, f"--default-policy {agent.name}={text}")


def _print_result(barrier: Barrier) -> None:
    why, _ = barrier.end or ("", None)
    if barrier.episode:
        counted = "".join(f"{word:>7}" for word in RESULTS) if barrier.results else ""
        episodes = f"in {barrier.episode} episode{'s' * (barrier.episode != 1)}"
        click.echo(f"\n{'':>4}  {'agent':16}{'mean return':>12}{counted}  {episodes}")
        ranks = sorted(barrier.scores, key=lambda name: (-sum(barrier.results.get(name, ())), -barrier.scores[name]))
        for place, name in enumerate(ranks, 1):
            note = barrier.gone.get(name, "played by a policy" if name in barrier.substituted else "")
            results = [(result > -1.0) + (result == 1.0) for result in barrier.results.get(name, ())]  # 2, 1, 0
            counted = "".join(f"{results.count(number):7}" for number in (2, 1, 0)) if barrier.results else ""
            click.echo(
                f"{place:>3}.  {name:16}{barrier.scores[name] / barrier.episode:12.1f}{counted}  {note}".rstrip()
            )
    for episode, step, name, reason in barrier.forfeits[:MOST_FORFEITS]:
        click.echo(f"forfeit: {name} in episode {episode} after step {step}: {reason}")
    if len(barrier.forfeits) > MOST_FORFEITS:
        click.echo(f"and {len(barrier.forfeits) - MOST_FORFEITS} more")
    click.echo(why)


def _is_complete(barrier: Barrier) -> bool:
    """Return whether all episodes were played, and nothing went wrong."""
    return barrier.end is not None and barrier.end[1] is None and barrier.episode >= (barrier.episodes or 1)
