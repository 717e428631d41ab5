"""One agent's seat in every world of a simulation; policies sit in the other seats."""

import copy
import dataclasses
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np

from roboschool.files import InvalidInput, choose
from roboschool.policy import NetworkPolicy, Policy, check_policy, load_policy
from roboschool.scene import Scene
from roboschool.simulation import Simulation, as_numbers

SEEDS = 2**31


def check_seats(scene: Scene, agent: str | None, opponents: Mapping[str, Policy] | None) -> str:
    """Return the agent to play: the one asked for, or the first.

    Raises:
        InvalidInput: there is no such agent, or an opponent sits in no other seat or is not a policy.
    """
    names = [other.name for other in scene.agents]
    where = f"scene {scene.name!r}"
    name = names[0] if agent is None else choose(agent, names, "agent", where)
    for other, policy in (opponents or {}).items():
        choose(other, [n for n in names if n != name], "opponent", where)
        check_policy(policy, f"{where}: opponent {other!r}")
    return name


def stand_ins(scene: Scene, agent: str, opponents: Mapping[str, Policy]) -> tuple[Scene, dict[str, Policy]]:
    """Return the scene as one agent plays it, and who plays the others: the policies given, else the scene's own.

    Raises:
        InvalidInput: a policy of the scene cannot be read.
    """
    names = [other.name for other in scene.agents]
    own = {
        other.name: load_policy(other.policy, f"scene {scene.name!r}: agent {other.name!r}")
        for other in scene.agents
        if other.policy and other.name != agent and other.name not in opponents
    }
    if own and scene.game is not None:
        scene = dataclasses.replace(scene, game=scene.game.solo(names.index(agent)))
    return scene, {**own, **opponents}


class Seat:
    """What one agent does and gets, in all worlds; the other agents follow policies, or do nothing."""

    def __init__(self, simulation: Simulation, agent: str, opponents: Mapping[str, Policy]) -> None:
        index = [other.name for other in simulation.scene.agents].index(agent)
        self.simulation = simulation
        self.group, self.place = simulation.seats[index]
        worlds = len(simulation.worlds)
        self.others = [  # group, place in it, and a policy for each world: the one given, or copies of it
            (*simulation.seats[i], _each(opponents[other.name], worlds))
            for i, other in enumerate(simulation.scene.agents)
            if other.name in opponents
        ]
        for group, place, policies in self.others:
            sees = group.observation.shape[-1]
            for policy in policies:
                if isinstance(policy, NetworkPolicy) and len(policy.mean) != sees:
                    wrong = f"its policy observes {len(policy.mean)} numbers, and it sees {sees}"
                    raise InvalidInput(f"scene {simulation.scene.name!r}: agent {group.names[place]!r}: {wrong}")
        self.alone = len(simulation.scene.agents) == 1

    def begin(self, worlds: Iterable[int]) -> None:
        """Reset the opponents of some worlds, with seeds from the generators of those worlds."""
        for world in worlds:
            for *_, policies in self.others:
                policies[world].reset(int(self.simulation.generators[world].integers(SEEDS)))

    def remember(self, names: Iterable[str]) -> tuple[Any, ...]:
        """Return copies of the policies of some agents, to be given to `recall`."""
        chosen = set(names)
        return tuple(copy.deepcopy(p) for group, place, p in self.others if group.names[place] in chosen)

    def recall(self, names: Iterable[str], policies: Sequence[Any]) -> None:
        """Take back what `remember` returned."""
        chosen, copies = set(names), iter(policies)
        self.others = [
            (group, place, copy.deepcopy(next(copies, p)) if group.names[place] in chosen else p)
            for group, place, p in self.others
        ]

    def actions(self, mine: np.ndarray) -> list[np.ndarray]:
        """Return every group's actions, given this agent's (world, joints).

        Raises:
            InvalidInput: an action has the wrong shape.
        """
        if self.alone:
            return [mine[:, None]]
        actions = [np.zeros(group.shape) for group in self.simulation.groups]
        by_group = {id(group): action for group, action in zip(self.simulation.groups, actions, strict=True)}
        seats = [(self.group, self.place, mine)]
        for group, place, policies in self.others:
            seen = group.observation[:, place]
            name, shape = group.names[place], group.torque.shape
            chosen = [as_numbers(name, p.act(o), shape) for p, o in zip(policies, seen, strict=True)]
            seats.append((group, place, np.stack(chosen)))
        for group, place, action in seats:
            target = by_group[id(group)][:, place]
            target[:] = as_numbers(group.names[place], action, target.shape)
        return actions


def _each(policy: Policy, worlds: int) -> list[Policy]:
    return [policy] if worlds == 1 else [copy.deepcopy(policy) for _ in range(worlds)]
