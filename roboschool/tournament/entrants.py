"""Entrants of matches and tournaments: policies under names, and the agents that each can play."""

import hashlib
import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from roboschool import paths
from roboschool.errors import InvalidInput
from roboschool.policies.network import SUFFIX, read_network
from roboschool.policies.resolve import SCRIPTED, WORDS, check_fit, find_module, is_class, resolve_path, search_path
from roboschool.scenes.scene import Agent, Scene
from roboschool.tournament.sides import sides_of

LONGEST_NAME = 255  # of an entrant [characters]


@dataclass(frozen=True)
class Assignment:
    """What a process needs to know to play an agent."""

    agent: str
    policy: str  # as `resolve_path` returns it
    observation_size: int
    joints: int  # the size of an action


@dataclass(frozen=True)
class Entrant:
    """A policy under a name, or one policy for each side."""

    name: str
    policies: tuple[str, ...]  # as they were written
    hashes: tuple[str, ...]  # sha256 of the file of each; empty for those without

    def assign(self, scene: Scene, agents: Sequence[str]) -> tuple[Assignment, ...]:
        """Return its assignments to agents, given their names.

        Raises:
            InvalidInput: a policy is missing or does not fit.
        """
        sides = sides_of(scene)
        assignments = []
        for name in agents:
            agent = next(agent for agent in scene.agents if agent.name == name)
            number = next(i for i, side in enumerate(sides) if name in side)
            written = self.policies[number if len(self.policies) > 1 else 0]
            assignments.append(_assign(scene, agent, written))
        return tuple(assignments)


def read_entrants(
    scene: Scene, written: Sequence[str], teams: Sequence[Sequence[str]] | None = None
) -> tuple[Entrant, ...]:
    """Return the entrants of a contest, each written as POLICY or NAME=POLICY.

    A policy is written as `resolve_path` takes it; one policy for each side is written with commas. Classes are not
    imported; see `check_classes`.

    Args:
        scene: what is played.
        written: the entrants.
        teams: names of the agents that each will play; if None, each must be able to play all. The policies of an
            entrant with one for each side must always fit all agents.

    Raises:
        InvalidInput: a policy is missing or does not fit, or two have the same name.
    """
    entrants = [_read(scene, text) for text in written]
    names = [entrant.name for entrant in entrants]
    for name in names:
        if not name.isprintable():
            raise InvalidInput(f"policy {name!r}: its name has characters that cannot be printed")
        if len(name) > LONGEST_NAME:
            raise InvalidInput(
                f"policy {name!r:.80}: its name is longer than {LONGEST_NAME} characters; write NAME=POLICY"
            )
        if names.count(name) > 1:
            raise InvalidInput(f"two policies are called {name!r}; write NAME=POLICY")
    everyone = [agent.name for agent in scene.agents]
    for entrant, team in zip(entrants, teams or [everyone] * len(entrants), strict=True):
        entrant.assign(scene, team if len(entrant.policies) == 1 else everyone)
    return tuple(entrants)


def _read(scene: Scene, text: str) -> Entrant:
    name, equals, rest = text.partition("=")
    named = bool(equals) and not os.path.exists(text)
    if named and (not name.strip() or not rest):
        raise InvalidInput(f"policy {text!r} is not written NAME=POLICY")
    policies = tuple((rest if named else text).split(","))
    sides = len(sides_of(scene))
    if len(policies) not in (1, sides):
        raise InvalidInput(f"policy {text!r}: scene {scene.name!r} has {sides} sides, so 1 or {sides} policies")
    if not named:
        name = "+".join(Path(policy).stem if policy.endswith(SUFFIX) else policy for policy in policies)
    return Entrant(name, policies, tuple(_hash(policy) for policy in policies))


def _hash(policy: str) -> str:
    path = find_module(policy.partition(":")[0], search_path()) if is_class(policy) else _file(policy)
    return hashlib.sha256(path.read_bytes()).hexdigest() if path and os.path.isfile(path) else ""


def _file(policy: str) -> Path | None:
    return None if policy in WORDS else paths.policies().get(policy, Path(policy))


def _assign(scene: Scene, agent: Agent, policy: str) -> Assignment:
    where = f"scene {scene.name!r}: agent {agent.name!r}"
    interface = scene.interface(agent)
    path = resolve_path(policy, agent.policy, where if policy == SCRIPTED else "")
    if path not in WORDS and not is_class(path):
        check_fit(read_network(path), interface, where)
    return Assignment(agent.name, path, len(interface.fields), len(interface.actuators))
