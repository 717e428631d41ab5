"""What holds of every game: bodies meet, again bit for bit; nobody wins unless another loses; sides are fair."""

import hashlib
import pickle
from collections.abc import Sequence
from contextlib import closing
from typing import Any

import numpy as np
import pybullet
import pytest

from roboschool import paths
from roboschool.envs.parallel import ParallelEnv
from roboschool.scenes.loader import load_scene
from roboschool.tournament.match import play, team_names
from roboschool.tournament.payoff import make_team
from roboschool.tournament.sides import sides_of

GAMES = [name for name in sorted(paths.scenes()) if load_scene(name).game is not None]
SEEDS = {"kick_and_defend": 5, "pong": 1}  # with which bodies meet, if not with 3
SUMS = {  # what both sides are paid for the end, together, where it is not nothing
    "ant_sumo": {0, -1000, -2000},  # no touch: nobody wins; a draw costs both
    "humanoid_sumo": {0, -1000, -2000},
    "mixed_sumo": {0, -1000, -2000},
    "ant_run_to_goal": {0, -2000},
    "humanoid_run_to_goal": {0, -2000},
    "you_shall_not_pass": {0, -1000},  # a blocker that lies is not paid
    "kick_and_defend": {0, -1000, 500, 1000},  # a foul pays nobody; touching and standing pay the keeper
    "soccer": {0},
    "tag": {0},
}
SHORTER = {name: {"seconds": 6.0} for name in ("race", "soccer", "stadium_race")}  # time decides them anyway
ALIKE = ["pong", "ant_sumo", "humanoid_sumo", "ant_run_to_goal", "humanoid_run_to_goal", "soccer"]  # their sides


def brawl(env: ParallelEnv, seed: int, steps: int) -> tuple[str, int]:
    """Play as the scene itself does, and count steps in which bodies meet; return the hash of all that is seen."""
    seats = [make_team(env.scene, [a.name], "scripted" if a.policy else "random") for a in env.scene.agents]
    digest, met = hashlib.sha256(), 0
    seen, _ = env.reset(seed=seed)
    for number, seat in enumerate(seats):
        seat.begin(number)
    simulation = env.simulation
    world = simulation.worlds[0]
    ids = {body.id for body in world.moving}
    for _ in range(steps):
        actions = {}
        for name, seat in zip(env.possible_agents, seats, strict=True):
            seat.ask([seen[name]])
            actions[name] = seat.answer()[0]
        if not env.agents:
            break
        seen, rewards, *_ = env.step(actions)
        points = pybullet.getContactPoints(physicsClientId=world.client)
        met += any(p[1] in ids and p[2] in ids and p[1] != p[2] for p in points)
        digest.update(pickle.dumps(([row.tobytes() for row in seen.values()], list(rewards.values())), protocol=4))
    return digest.hexdigest(), met


@pytest.mark.parametrize("name", GAMES)
def test_bodies_meet_and_do_so_again_bit_for_bit(name: str) -> None:
    seed = SEEDS.get(name, 3)
    with closing(ParallelEnv(name)) as env:
        story, met = brawl(env, seed, 500)
        assert (met > 0) == (name != "race"), "whoever stays in a lane of 2 m meets nobody"
        brawl(env, 4, 61)
        assert brawl(env, seed, 500) == (story, met)


def last_infos(env: ParallelEnv, seed: int, policies: Sequence[str]) -> tuple[dict[str, Any], dict[str, float]]:
    """Play to the end with a policy for each agent; return the infos of the last step, and what "sparse" came to."""
    teams = [make_team(env.scene, [name], policy) for name, policy in zip(env.possible_agents, policies, strict=True)]
    seen, infos = env.reset(seed=seed)
    paid = dict.fromkeys(env.possible_agents, 0.0)
    for number, team in enumerate(teams):
        team.begin(seed + number)
    while env.agents:
        actions = {}
        for name, team in zip(env.possible_agents, teams, strict=True):
            team.ask([seen[name]])
            actions[name] = team.answer()[0]
        seen, _, _, _, infos = env.step(actions)
        for name, info in infos.items():
            paid[name] += info.get("sparse", 0.0)
    return infos, paid


@pytest.mark.slow
@pytest.mark.parametrize("name", [*SUMS, "pong", "race", "stadium_race"])
def test_nobody_wins_unless_another_loses(name: str) -> None:
    with closing(ParallelEnv(name, **SHORTER.get(name, {}))) as env:
        sides = sides_of(env.scene)
        for seed, policies in enumerate([("scripted", "scripted"), ("scripted", "random"), ("random", "scripted")]):
            by_name = {a: policies[number % 2] for number, side in enumerate(sides) for a in side}
            by_agent = [by_name[a.name] if a.policy else "random" for a in env.scene.agents]
            infos, paid = last_infos(env, seed, by_agent)
            results = [{infos[agent]["result"] for agent in side} for side in sides]
            assert all(len(each) == 1 for each in results), "who is on one side wins or loses together"
            assert sum(result for (result,) in results) == pytest.approx(0.0)
            if name in SUMS:
                assert sum(np.mean([paid[agent] for agent in side]) for side in sides) in SUMS[name], infos


@pytest.mark.slow
@pytest.mark.parametrize("name", ALIKE)
def test_a_policy_gets_as_much_on_either_side(name: str) -> None:
    with closing(ParallelEnv(name, seconds=4.0)) as env:
        env.reset(options={"dense_weight": 1.0} if name == "soccer" else None)  # it holds; goals are rare
        teams = team_names(env.scene, 2)
        own: list[list[float]] = []
        for seed in range(7):
            row = []
            for side in (0, 1):
                policies = ("scripted", "random")[:: 1 - 2 * side]
                players = [make_team(env.scene, team, policy) for team, policy in zip(teams, policies, strict=True)]
                played = play(env, teams, players, seed)
                row.append(sum(played.returns[agent] for agent in teams[side]))
            own.append(row)
    gaps = np.subtract(*np.transpose(own))
    assert gaps.std() > 0.0
    assert abs(gaps.mean()) < 4.0 * gaps.std(ddof=1) / len(gaps) ** 0.5, own
