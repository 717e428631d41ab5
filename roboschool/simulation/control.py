"""Control of agents: the caller acts for the controlled agents of every world, policies act for the others."""

import copy
import dataclasses
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any

import numpy as np

from roboschool.errors import InvalidInput, check_choice
from roboschool.policies.handicap import Handicapped
from roboschool.policies.policy import AnyPolicy, Policy
from roboschool.policies.resolve import SCRIPTED, resolve_policy
from roboschool.scenes.scene import Agent, Scene
from roboschool.simulation.actions import as_numbers
from roboschool.simulation.simulation import Simulation

SEEDS = 2**31


def check_controlled(
    scene: Scene, names: Sequence[str], opponents: Mapping[str, AnyPolicy] | None
) -> tuple[Agent, ...]:
    """Return the agents to control: those of these names, or the first of the scene.

    Raises:
        InvalidInput: there is no such agent, two are the same or differ in robot or task, or an opponent is none of the
            other agents.
    """
    agents = {agent.name: agent for agent in scene.agents}
    where = f"scene {scene.name!r}"
    controlled = [agents[check_choice(name, agents, "agent", where)] for name in names] or [scene.agents[0]]
    taken = [agent.name for agent in controlled]
    for number, agent in enumerate(controlled):
        if agent.name in taken[:number]:
            raise InvalidInput(f"{where}: agent {agent.name!r} is named twice")
        if agent.task != controlled[0].task:
            raise InvalidInput(
                f"{where}: agents {taken[0]!r} and {agent.name!r} differ in robot or task: play them apart"
            )
    others = [name for name in agents if name not in taken]
    for other in by_agent(opponents, f"{where}: opponents", others or taken):
        check_choice(other, others, "opponent", where)
    return tuple(controlled)


def by_agent(given: Any, where: str, names: Sequence[str]) -> dict[str, AnyPolicy]:
    """Return policies by agent, as they are given; empty for None.

    Raises:
        InvalidInput: it is not a mapping; the message begins with `where` and has one of `names` as an example.
    """
    if given is None:
        return {}
    if not isinstance(given, Mapping):
        kind = repr(given) if isinstance(given, str) else type(given).__name__
        raise InvalidInput(f'{where}: {kind} is not a mapping of agents to policies, like {{"{names[0]}": "still"}}')
    return dict(given)


def default_opponents(
    scene: Scene, controlled: Sequence[str], opponents: Mapping[str, AnyPolicy] | None
) -> tuple[Scene, dict[str, Policy]]:
    """Return the scene as the controlled agents play it, and the policies of its other agents.

    These are the policies given, else those that the scene names, with their handicap; an agent without is left out.

    Raises:
        InvalidInput: a policy is unknown or wrong, or does not fit its agent.
    """
    names = [other.name for other in scene.agents]
    chosen, any_scripted = dict(opponents or {}), False
    policies: dict[str, Policy] = {}
    for other in scene.agents:
        if other.name in controlled or not (other.name in chosen or other.policy):
            continue
        given = chosen.get(other.name, SCRIPTED)
        any_scripted |= isinstance(given, str) and given == SCRIPTED
        where = f"scene {scene.name!r}: {'opponent' if other.name in chosen else 'agent'} {other.name!r}"
        policies[other.name] = resolve_policy(given, scene.interface(other), other.policy, where)
        if other.handicap is not None and other.name not in chosen:
            policies[other.name] = Handicapped(policies[other.name], other.handicap)
    if any_scripted and scene.game is not None:
        scene = dataclasses.replace(scene, game=scene.game.single_player(names.index(controlled[0])))
    return scene, policies


class ControlledAgents:
    """Agents of one group that the caller controls, in all worlds; the others follow policies, or do nothing.

    Args:
        simulation: the worlds.
        controlled: names of the agents.
        opponents: policies of other agents, by name; with several worlds each gets copies of them.
    """

    def __init__(self, simulation: Simulation, controlled: Sequence[str], opponents: Mapping[str, Policy]) -> None:
        index = [agent.name for agent in simulation.scene.agents].index
        self.simulation = simulation
        self.group, self.place = simulation.seats[index(controlled[0])]  # the place of the first
        self.places = [simulation.seats[index(name)][1] for name in controlled]
        worlds = len(simulation.worlds)
        self.others = [  # group, place in it, and a policy for each world: the one given, or copies of it
            (*simulation.seats[i], _each(opponents[agent.name], worlds))
            for i, agent in enumerate(simulation.scene.agents)
            if agent.name in opponents
        ]
        self.all = self.places == list(range(len(simulation.scene.agents)))  # there are no others

    def reset(self, worlds: Iterable[int]) -> None:
        """Reset the opponents of some worlds, with seeds from the generators of those worlds."""
        for world in worlds:
            for *_, policies in self.others:
                policies[world].reset(int(self.simulation.rngs[world].integers(SEEDS)))

    def get_state(self, names: Collection[str]) -> dict[str, Any]:
        """Return copies of the policies of some agents, by name, to be given to `set_state`."""
        policies = {group.names[place]: policies for group, place, policies in self.others}
        return {name: copy.deepcopy(policies[name]) for name in names}

    def set_state(self, names: Collection[str], policies: Mapping[str, Any]) -> None:
        """Restore the policies of some agents from what `get_state` returned."""
        self.others = [
            (group, place, copy.deepcopy(policies[name]) if (name := group.names[place]) in names else current)
            for group, place, current in self.others
        ]

    def actions(self, controlled: np.ndarray, paused: Collection[int] = ()) -> list[np.ndarray]:
        """Return the actions of every group.

        Args:
            controlled: actions of the controlled agents (world, agent, joints).
            paused: worlds whose policies do not act.

        Raises:
            InvalidInput: a policy's action has the wrong shape.
        """
        if self.all:
            return [controlled]
        actions = [np.zeros(group.shape) for group in self.simulation.groups]
        by_group = {id(group): action for group, action in zip(self.simulation.groups, actions, strict=True)}
        parts = [(self.group, place, controlled[:, number]) for number, place in enumerate(self.places)]
        for group, place, policies in self.others:
            name, shape = group.names[place], group.shape[2:]
            chosen = np.zeros((len(policies), *shape))
            for world, (policy, observation) in enumerate(zip(policies, group.observation[:, place], strict=True)):
                if world not in paused:
                    chosen[world] = as_numbers(name, policy.act(observation), shape)
            parts.append((group, place, chosen))
        for group, place, action in parts:
            target = by_group[id(group)][:, place]
            target[:] = as_numbers(group.names[place], action, target.shape)
        return actions


def _each(policy: Policy, worlds: int) -> list[Policy]:
    return [policy] if worlds == 1 else [copy.deepcopy(policy) for _ in range(worlds)]
