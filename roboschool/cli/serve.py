"""Hosts a world for other programs, until the match is over or somebody stops it."""

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
from roboschool.multiplayer.say import Teller
from roboschool.multiplayer.server import Server
from roboschool.policies.policy import Policy
from roboschool.policies.resolve import resolve_policy
from roboschool.rendering.video import read_size
from roboschool.scenes.scene import Agent, Scene, load_scene

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
    fill: Sequence[str],
    episodes: int | None,
    size: str | None,
) -> int:
    """Serve a scene and print where, then how it has gone; return the exit status: 1 if the match was broken off.

    Raises:
        InvalidInput: the scene, the address, a policy or the size is wrong.
    """
    if allow_remote and tcp is None:
        raise InvalidInput("--allow-remote: nobody else reaches a socket of this machine; give --tcp HOST:PORT, too")
    options, rules = split_options(name, options)
    scene = load_scene(name, **options)
    width, height = read_size(size) if size else (0, 0)
    pictures: dict[str, Any] = {"render_mode": "rgb_array", "width": width, "height": height} if size else {}
    place = read_host(tcp, f"--tcp {tcp}: it is written HOST:PORT, like 127.0.0.1:7777") if tcp else None
    fillers = read_fillers(scene, fill)
    signal.pthread_sigmask(signal.SIG_BLOCK, SIGNALS)  # until somebody is there who cleans up
    try:
        waits = (join_timeout, step_timeout)
        say = Teller(sys.stderr)  # stdout is for the program that has started this one
        server = Server(scene, place, allow_remote, *waits, episodes, fillers, say, rules, **pictures)

        def stop(number: int, _frame: FrameType | None) -> None:
            server.stop(f"the server was stopped by {signal.Signals(number).name}")

        for number in SIGNALS:
            signal.signal(number, stop)
    finally:
        signal.pthread_sigmask(signal.SIG_UNBLOCK, SIGNALS)
    try:
        click.echo(server.door.address)
        if place is not None:
            click.echo(f"key: {server.door.key_file}")
        if allow_remote:
            say("nothing is encrypted: whoever is on the way can listen in; an SSH tunnel to 127.0.0.1 is safer")
        server.run()
    finally:
        server.close()
        say.close()
    _print_result(server.barrier)
    return int(not (server.stopped or _is_complete(server.barrier)))


def read_fillers(scene: Scene, texts: Sequence[str]) -> dict[str, Policy]:
    """Return who takes the seats that stay empty.

    Args:
        scene: whose agents they play.
        texts: "AGENT=POLICY", or "POLICY" for all agents that have none. A policy is written as for `roboschool match`.

    Raises:
        InvalidInput: an agent is unknown, or a policy cannot be read.
    """
    agents = {agent.name: agent for agent in scene.agents}
    chosen: dict[str, str] = {}
    for text in texts:
        agent, equals, policy = text.partition("=")
        if equals:
            chosen[check_choice(agent, agents, "agent", f"--fill {text}")] = policy
    for text in texts:
        if "=" not in text:
            chosen = dict.fromkeys(agents, text) | chosen
    return {name: _policy(agents[name], policy) for name, policy in chosen.items()}


def _policy(agent: Agent, text: str) -> Policy:
    return resolve_policy(text, len(agent.robot.joints), agent.policy, f"--fill {agent.name}={text}")


def _print_result(host: Barrier) -> None:
    why, _ = host.end or ("", None)
    if host.episode:
        counted = "".join(f"{word:>7}" for word in RESULTS) if host.results else ""
        episodes = f"in {host.episode} episode{'s' * (host.episode != 1)}"
        click.echo(f"\n{'':>4}  {'agent':16}{'mean return':>12}{counted}  {episodes}")
        ranks = sorted(host.scores, key=lambda name: (-sum(host.results.get(name, ())), -host.scores[name]))
        for place, name in enumerate(ranks, 1):
            note = host.gone.get(name, "played by a policy" if name in host.filled else "")
            results = [(result > -1.0) + (result == 1.0) for result in host.results.get(name, ())]  # 2, 1, 0
            counted = "".join(f"{results.count(number):7}" for number in (2, 1, 0)) if host.results else ""
            click.echo(f"{place:>3}.  {name:16}{host.scores[name] / host.episode:12.1f}{counted}  {note}".rstrip())
    for episode, step, name, reason in host.forfeits[:MOST_FORFEITS]:
        click.echo(f"forfeit: {name} in episode {episode} after step {step}: {reason}")
    if len(host.forfeits) > MOST_FORFEITS:
        click.echo(f"and {len(host.forfeits) - MOST_FORFEITS} more")
    click.echo(why)


def _is_complete(host: Barrier) -> bool:
    """Return whether as many episodes were played as was said, and nothing went wrong."""
    return host.end is not None and host.end[1] is None and host.episode >= (host.episodes or 1)
