"""The payoff matrix of policies, played in this process: for trusted policies, as in training."""

import copy
import os
from collections.abc import Sequence
from contextlib import closing
from itertools import combinations
from typing import Any

import numpy as np

from roboschool.envs.parallel import ParallelEnv
from roboschool.envs.spaces import check_count
from roboschool.errors import InvalidInput
from roboschool.policies.policy import AnyPolicy, check_policy
from roboschool.policies.resolve import check_fit, make_policy
from roboschool.scenes.scene import Scene
from roboschool.tournament.entrants import read_entrants
from roboschool.tournament.match import MatchResult, play, team_names
from roboschool.tournament.players import Team


def payoff(
    policies: Sequence[AnyPolicy], scene: str | Scene, games: int = 10, seed: int = 0, **options: Any
) -> np.ndarray:
    """Return the mean result of each policy against each (policy, policy), from -1, all lost, to 1, all won.

    It is antisymmetric: `payoff[i, j] == -payoff[j, i]`, and a policy draws against itself.

    Args:
        policies: objects, or written as for `roboschool match`.
        scene: its name, the path of its file, or a `Scene`; it must have an even number of sides.
        games: seeds for each pair; each is played on both sides.
        seed: the first.
        options: of the scene.

    Raises:
        InvalidInput: the scene, a policy or an argument is wrong, or a policy returns an invalid action.
    """
    check_count("games", games)
    if isinstance(policies, str):
        raise InvalidInput(f"policies: {policies!r} is one; give a list")
    kinds = [os.fspath(p) if isinstance(p, str | os.PathLike) else type(p).__name__ for p in policies]
    names = [f"policy {number} ({kind})" for number, kind in enumerate(kinds)]
    matrix = np.zeros((len(policies), len(policies)))
    with closing(ParallelEnv(scene, **options)) as env:
        teams = team_names(env.scene, 2)
        players = [[make_team(env.scene, team, policy) for team in teams] for policy in policies]
        for i, j in combinations(range(len(policies)), 2):
            total = 0.0
            for own in range(seed, seed + games):
                for a, b in ((i, j), (j, i)):
                    played = play(env, teams, [players[a][0], players[b][1]], own)
                    check_faults(played, [names[a], names[b]])
                    first, second = (played.result(team) for team in teams)
                    total += (first - second) / 2.0 * (1.0 if a == i else -1.0)
            matrix[i, j] = total / (2 * games)
            matrix[j, i] = -matrix[i, j]
    return matrix


def check_faults(played: MatchResult, names: Sequence[str]) -> None:
    """Check that no player, each under its name, has forfeited: a forfeit is no result of how it plays.

    Raises:
        InvalidInput: one has.
    """
    if played.faults:
        fault = played.faults[0]
        raise InvalidInput(f"{names[fault.player]} forfeits at step {fault.step}: {fault.reason}: {fault.detail}")


def make_team(scene: Scene, agents: Sequence[str], policy: AnyPolicy) -> Team:
    """Return a player, in this process, of some agents.

    Raises:
        InvalidInput: the policy is wrong.
    """
    joints = {agent.name: len(agent.robot.joints) for agent in scene.agents}
    if isinstance(policy, str | os.PathLike):
        (entrant,) = read_entrants(scene, [os.fspath(policy)], [agents])
        policies = [make_policy(each.policy, each.joints) for each in entrant.assign(scene, agents)]
    else:
        checked = check_policy(policy, f"scene {scene.name!r}")
        for agent in scene.agents:
            if agent.name in agents:
                check_fit(checked, scene.interface(agent), f"scene {scene.name!r}: agent {agent.name!r}")
        policies = [copy.deepcopy(checked) for _ in agents]
    return Team(policies, [joints[name] for name in agents])
