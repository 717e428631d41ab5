"""The seats of those who are played from outside, in every world of a simulation; policies sit in the others."""

import copy
import dataclasses
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any

import numpy as np

from roboschool.errors import InvalidInput, check_choice
from roboschool.policies.policy import SCRIPTED, AnyPolicy, NetworkPolicy, Policy, as_policy
from roboschool.scenes.scene import Agent, Scene
from roboschool.simulation.group import as_numbers
from roboschool.simulation.simulation import Simulation

SEEDS = 2**31


def check_seats(scene: Scene, asked: Sequence[str], opponents: Mapping[str, AnyPolicy] | None) -> tuple[Agent, ...]:
    """Return the agents to play: those asked for, or the first.

    Raises:
        InvalidInput: there is no such agent, two are the same or have not the same robot and task, or an opponent sits
            in no other seat.
    """
    agents = {agent.name: agent for agent in scene.agents}
    where = f"scene {scene.name!r}"
    played = [agents[check_choice(name, agents, "agent", where)] for name in asked] or [scene.agents[0]]
    names = [agent.name for agent in played]
    for number, agent in enumerate(played):
        if agent.name in names[:number]:
            raise InvalidInput(f"{where}: agent {agent.name!r} is named twice")
        if agent.task != played[0].task:
            raise InvalidInput(
                f"{where}: agents {names[0]!r} and {agent.name!r} differ in robot or task: play them apart"
            )
    others = [name for name in agents if name not in names]
    for other in by_agent(opponents, f"{where}: opponents", others or names):
        check_choice(other, others, "opponent", where)
    return tuple(played)


def by_agent(given: Any, where: str, names: Sequence[str]) -> dict[str, AnyPolicy]:
    """Return policies by agent, as they are given; none if there is None.

    Raises:
        InvalidInput: it is no mapping; the message begins with `where` and has one of `names` as an example.
    """
    if given is None:
        return {}
    if not isinstance(given, Mapping):
        kind = repr(given) if isinstance(given, str) else type(given).__name__
        raise InvalidInput(f'{where}: {kind} is no mapping of agents to policies, like {{"{names[0]}": "still"}}')
    return dict(given)


def stand_ins(
    scene: Scene, played: Sequence[str], opponents: Mapping[str, AnyPolicy] | None
) -> tuple[Scene, dict[str, Policy]]:
    """Return the scene as some agents play it, and who plays the others: the policies given, else the scene's own.

    Raises:
        InvalidInput: a policy cannot be had.
    """
    names = [other.name for other in scene.agents]
    chosen, own = dict(opponents or {}), False
    policies: dict[str, Policy] = {}
    for other in scene.agents:
        if other.name in played or not (other.name in chosen or other.policy):
            continue
        given = chosen.get(other.name, SCRIPTED)
        own |= isinstance(given, str) and given == SCRIPTED
        where = f"scene {scene.name!r}: {'opponent' if other.name in chosen else 'agent'} {other.name!r}"
        policies[other.name] = as_policy(given, len(other.robot.joints), other.policy, where)
    if own and scene.game is not None:
        scene = dataclasses.replace(scene, game=scene.game.single_player(names.index(played[0])))
    return scene, policies


class Seat:
    """What agents of one group do and get, in all worlds; the other agents follow policies, or do nothing."""

    def __init__(self, simulation: Simulation, played: Sequence[str], opponents: Mapping[str, Policy]) -> None:
        index = [other.name for other in simulation.scene.agents].index
        self.simulation = simulation
        self.group, self.place = simulation.seats[index(played[0])]  # the place of the first
        self.places = [simulation.seats[index(name)][1] for name in played]
        worlds = len(simulation.worlds)
        self.others = [  # group, place in it, and a policy for each world: the one given, or copies of it
            (*simulation.seats[i], _each(opponents[other.name], worlds))
            for i, other in enumerate(simulation.scene.agents)
            if other.name in opponents
        ]
        for group, place, policies in self.others:
            for policy in policies:
                where = f"scene {simulation.scene.name!r}: agent {group.names[place]!r}"
                check_sight(policy, group.observation.shape[-1], where)
        self.all = self.places == list(range(len(simulation.scene.agents)))  # nobody else is there

    def begin(self, worlds: Iterable[int]) -> None:
        """Reset the opponents of some worlds, with seeds from the generators of those worlds."""
        for world in worlds:
            for *_, policies in self.others:
                policies[world].reset(int(self.simulation.rngs[world].integers(SEEDS)))

    def remember(self, names: Collection[str]) -> dict[str, Any]:
        """Return copies of the policies of some agents, by name, to be given to `recall`."""
        policies = {group.names[place]: policies for group, place, policies in self.others}
        return {name: copy.deepcopy(policies[name]) for name in names}

    def recall(self, names: Collection[str], policies: Mapping[str, Any]) -> None:
        """Take back what `remember` returned of some agents."""
        self.others = [
            (group, place, copy.deepcopy(policies[name]) if (name := group.names[place]) in names else own)
            for group, place, own in self.others
        ]

    def actions(self, mine: np.ndarray, still: Collection[int] = ()) -> list[np.ndarray]:
        """Return every group's actions, given those of the agents played (world, agent, joints).

        The policies of worlds that stand still are not asked.

        Raises:
            InvalidInput: a policy's action has the wrong shape.
        """
        if self.all:
            return [mine]
        actions = [np.zeros(group.shape) for group in self.simulation.groups]
        by_group = {id(group): action for group, action in zip(self.simulation.groups, actions, strict=True)}
        seats = [(self.group, place, mine[:, number]) for number, place in enumerate(self.places)]
        for group, place, policies in self.others:
            seen = group.observation[:, place]
            name, shape = group.names[place], group.torque.shape
            chosen = np.zeros((len(policies), *shape))
            for world, (policy, sight) in enumerate(zip(policies, seen, strict=True)):
                if world not in still:
                    chosen[world] = as_numbers(name, policy.act(sight), shape)
            seats.append((group, place, chosen))
        for group, place, action in seats:
            target = by_group[id(group)][:, place]
            target[:] = as_numbers(group.names[place], action, target.shape)
        return actions


def check_sight(policy: Policy, sees: int, where: str) -> None:
    """Check that a policy observes as many numbers as the agent it plays sees.

    Raises:
        InvalidInput: it does not; the message begins with `where`.
    """
    if isinstance(policy, NetworkPolicy) and len(policy.mean) != sees:
        raise InvalidInput(f"{where}: its policy observes {len(policy.mean)} numbers, and it sees {sees}")


def _each(policy: Policy, worlds: int) -> list[Policy]:
    return [policy] if worlds == 1 else [copy.deepcopy(policy) for _ in range(worlds)]
