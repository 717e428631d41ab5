"""Tag, pushing a box, carrying a beam, and the results of a race: every rule that has a number, and the physics."""

import dataclasses
from typing import Any

import numpy as np
import pytest
from game_values import begun_game, begun_player, names_of, numbers
from stories import step_beside
from task_values import weighted_terms

import roboschool
from roboschool import InvalidInput
from roboschool.mdp.game import Game, GameState, GameUpdate
from roboschool.scenes.loader import load_scene
from roboschool.simulation.blank_state import blank_state
from roboschool.simulation.simulation import Simulation

GAMES = ["tag", "push_box", "carry_beam", "race"]


def rules(name: str, **options: Any) -> Game:
    game = load_scene(name, **options).game
    assert game is not None
    return game


def updated(game: Game, state: GameState, previous: GameState | None = None) -> GameUpdate:
    worlds = len(state.steps_left)
    rngs = [np.random.default_rng(world) for world in range(worlds)]
    return game.update(state if previous is None else previous, state, np.ones(worlds, bool), rngs)


def reason(game: Game, update: GameUpdate) -> str:
    return game.reasons[int(update.memory.reason[0])]


# --- tag -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("chasers", [1, 2, 3])
def test_a_touch_ends_tag(chasers: int) -> None:
    game = rules("tag", players=chasers)
    state = begun_game(game)
    state.contacts[0, chasers, 0] = state.contacts[0, 0, chasers] = 1.0  # the last of them
    update = updated(game, state)
    assert (update.terminated.tolist(), reason(game, update)) == ([True], "touch")
    assert update.agent_stats.result[0].tolist() == [-1.0, *[1.0] * chasers]
    assert update.rewards[0].tolist() == update.agent_stats.score[0].tolist() == [-10.0, *[10.0] * chasers]


def test_touches_among_chasers_and_of_the_wall_are_nothing() -> None:
    game = rules("tag")
    state = begun_game(game)
    state.contacts[0, 1:4, 1:4] = 1.0
    state.contacts[0, :, 4] = 1.0
    update = updated(game, state)
    assert (update.terminated.tolist(), reason(game, update)) == ([False], "")
    assert not update.rewards.any()


def test_the_runner_survives_until_the_time_is_up_but_not_if_it_is_touched_then() -> None:
    game = rules("tag")
    update = updated(game, begun_game(game, steps_left=0.0))
    assert (update.terminated.tolist(), reason(game, update)) == ([False], "time")
    assert update.agent_stats.result[0].tolist() == [1.0, -1.0, -1.0, -1.0]
    assert update.rewards[0].tolist() == [10.0, -10.0, -10.0, -10.0]
    state = begun_game(game, steps_left=0.0)
    state.contacts[0, 0, 2] = 1.0
    update = updated(game, state)
    assert (update.terminated.tolist(), reason(game, update)) == ([True], "touch")
    assert update.agent_stats.result[0].tolist() == [-1.0, 1.0, 1.0, 1.0]


@pytest.mark.parametrize(("x", "over"), [(5.99, False), (6.01, True)])
def test_a_runner_over_the_wall_has_lost(x: float, over: bool) -> None:
    game = rules("tag")
    state = begun_game(game)
    state.agents.position[0, 0, :2] = (0.6 * x, -0.8 * x)
    update = updated(game, state)
    assert update.terminated.tolist() == [over]
    assert reason(game, update) == ("out" if over else "")
    state.agents.position[0, :2, :2] = state.agents.position[0, 1::-1, :2].copy()
    assert not updated(game, state).terminated.any(), "a chaser may be where it likes"


def test_tag_is_zero_sum_over_the_two_teams() -> None:
    """Each chaser has what its team has, so the sum over agents is not zero: that over the teams is."""
    for chasers in (1, 2, 3):
        game = rules("tag", players=chasers)
        for steps_left, touch in ((100.0, 1.0), (0.0, 0.0), (100.0, 0.0)):
            state = begun_game(game, steps_left=steps_left)
            state.contacts[0, 0, 1] = touch
            update = updated(game, state)
            for values in (update.agent_stats.result[0].tolist(), update.rewards[0].tolist()):
                assert len(set(values[1:])) == 1
                assert values[0] + float(np.mean(values[1:])) == 0.0


def test_tag_rewards_the_runner_for_the_gap_and_takes_it_from_the_chasers() -> None:
    game = rules("tag")
    state = begun_game(game)
    state.agents.position[0, :, :2] = [(1.0, 1.0), (5.0, 1.0), (1.0, -2.0), (-4.0, 1.0)]
    assert updated(game, state).memory.nearest.tolist() == [3.0]
    scene = load_scene("tag")
    for agent, sign in zip(scene.agents, [1.0, -1.0, -1.0, -1.0], strict=True):
        state = blank_state(scene, agent.task)
        state.game.nearest[:], state.game.dense_weight[:] = 3.0, 0.5
        state.game_reward[:] = 7.0
        terms = weighted_terms(scene, agent.task, state, np.zeros((1, 1, 8)), state)
        assert terms["gap"][0, 0] == pytest.approx(0.5 * 0.1 * 3.0 * sign)
        assert terms["sparse"][0, 0] == 7.0


@pytest.mark.parametrize("chasers", [1, 2, 3])
def test_a_chaser_sees_the_runner_first_and_who_is_not_there_is_zeros(chasers: int) -> None:
    simulation = Simulation(load_scene("tag", players=chasers))
    simulation.reset({0: 0})
    places = simulation.game.state.agents.position[0]
    own = 6 + 2 * 8 + 4  # height, speed, roll and pitch, joints, feet
    for number, (group, place) in enumerate(simulation.seats):
        others = group.observation[0, place, own : own + 27].reshape(3, 3, 3)  # of three, where, how fast, which way
        distances = [5.0 * float(np.linalg.norm(other[0, :2])) for other in others]
        expected = [i for i in range(chasers + 1) if i != number]  # the runner is the first of the scene
        away = [float(np.hypot(*(places[i] - places[number])[:2])) for i in expected]
        assert distances == pytest.approx([*away, *[0.0] * (3 - chasers)], rel=1e-5)
        assert not others[chasers:].any()
    simulation.close()


def test_chasers_have_weaker_motors() -> None:
    runner, *chasers = load_scene("tag").agents
    for chaser in chasers:
        assert chaser.robot.torque == pytest.approx([0.77 * torque for torque in runner.robot.torque])


def test_nobody_begins_tag_within_reach_of_another() -> None:
    simulation = Simulation(load_scene("tag"))
    for seed in range(30):
        simulation.reset({0: seed})
        assert not simulation.worlds[0].overlaps()
        places = simulation.game.state.agents.position[0, :, :2]
        assert min(np.hypot(*(places[0] - place)) for place in places[1:]) > 3.0
    simulation.close()


def test_the_wall_holds_ants() -> None:
    """Thrown at it from all sides, they do not get out."""
    import pybullet

    simulation = Simulation(load_scene("tag"))
    simulation.reset({0: 0})
    world = simulation.worlds[0]
    turns = np.linspace(0.3, 6.0, 4)
    for body, turn in zip(world.bodies, turns, strict=True):
        velocity = (8.0 * np.cos(turn), 8.0 * np.sin(turn), 0.0)
        pybullet.resetBaseVelocity(body.id, velocity, (0, 0, 0), physicsClientId=world.client)
    farthest = 0.0
    for _ in range(150):
        simulation.step([np.zeros(group.shape) for group in simulation.groups])
        away = np.hypot(simulation.game.state.agents.position[0, :, 0], simulation.game.state.agents.position[0, :, 1])
        farthest = max(farthest, away.max())
    assert 5.0 < farthest < 6.0
    assert not simulation.clock.diverged
    simulation.close()


# --- push a box ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("robots", [2, 3, 4])
@pytest.mark.parametrize(("place", "over"), [((5.49, 0.0), False), ((5.51, 0.0), True), ((6.0, 0.51), False)])
def test_a_box_at_the_target_rewards_all(robots: int, place: tuple[float, float], over: bool) -> None:
    game = rules("push_box", players=robots)
    state = begun_game(game)
    state.props.position[0, 0, :2] = place
    update = updated(game, state)
    assert (update.terminated.tolist(), reason(game, update)) == ([over], "goal" if over else "")
    assert update.agent_stats.result[0].tolist() == [float(over)] * robots
    assert update.rewards[0].tolist() == update.agent_stats.score[0].tolist() == [100.0 * over] * robots


def test_a_box_that_never_gets_there_costs_nothing() -> None:
    game = rules("push_box")
    update = updated(game, begun_game(game, steps_left=0.0))
    assert (update.terminated.tolist(), reason(game, update)) == ([False], "time")
    assert update.agent_stats.result[0].tolist() == update.rewards[0].tolist() == [0.0, 0.0]


def test_a_box_rewards_coming_nearer() -> None:
    scene = load_scene("push_box")
    task, game = scene.agents[0].task, rules("push_box")
    previous, state = blank_state(scene, task, 1, 2), begun_player(game, scene, task, 2)
    previous.props.position[..., 0, 0], state.props.position[..., 0, 0] = 1.0, 1.5
    idle = np.zeros((1, 2, 8))
    assert weighted_terms(scene, task, previous, idle, state)["progress"].tolist() == [[50.0, 50.0]]
    state.game.dense_weight[:] = 0.1
    other_way = weighted_terms(scene, task, state, idle, previous)["progress"]
    assert other_way.tolist() == [[0.0, 0.0]], "the weight after the step"
    assert weighted_terms(scene, task, previous, idle, state)["progress"].tolist() == [[5.0, 5.0]]


def pushed(positions: list[tuple[float, float]], seed: int) -> float:
    """How far ants with the shipped policy push the box [m]."""
    box, ant = load_scene("push_box").props[0], load_scene("ant").agents[0]
    agents = tuple(dataclasses.replace(ant, name=f"ant_{i}", position=position) for i, position in enumerate(positions))
    simulation = Simulation(dataclasses.replace(load_scene("ant"), agents=agents, props=(box,)))
    policy = roboschool.load_policy("ant")
    simulation.reset({0: seed})
    group, farthest = simulation.groups[0], 0.0
    for _ in range(400):
        simulation.step([np.stack([policy.act(seen) for seen in group.observation[0]])[None]])
        farthest = max(farthest, simulation.worlds[0].props()[0][0])
    assert not simulation.clock.diverged
    simulation.close()
    return farthest


def test_one_ant_cannot_push_the_box_and_two_can() -> None:
    one = [pushed([(-1.8, 0.0)], seed) for seed in range(3)]
    two = [pushed([(-1.8, 0.85), (-1.8, -0.85)], seed) for seed in range(3)]
    assert max(one) < 0.6
    assert max(two) > 1.2
    assert np.mean(two) > 2.0 * np.mean(one)


# --- carry a beam ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("x", "z", "slope", "why", "result"),
    [
        (9.99, 0.8, 0.0, "", 0.0),
        (10.01, 0.8, 0.0, "goal", 1.0),
        (10.01, 0.1, 0.0, "goal", 1.0),
        (5.0, 0.39, 0.0, "drop", -1.0),
        (5.0, 0.8, 0.26, "", 0.0),
        (5.0, 0.8, 0.27, "drop", -1.0),
        (5.0, 0.8, -0.27, "drop", -1.0),
    ],
)
def test_a_beam_is_past_the_line_or_dropped(x: float, z: float, slope: float, why: str, result: float) -> None:
    game = rules("carry_beam")
    state = begun_game(game)
    state.props.position[0, 0, [0, 2]], state.props.x_direction[0, 0, 2] = (x, z), slope
    update = updated(game, state)
    assert (update.terminated.tolist(), reason(game, update)) == ([bool(why)], why)
    assert update.agent_stats.result[0].tolist() == [result, result]
    assert update.rewards[0].tolist() == update.agent_stats.score[0].tolist() == [100.0 * result] * 2


def test_a_beam_still_carried_when_the_time_is_up_is_a_draw() -> None:
    game = rules("carry_beam")
    state = begun_game(game, steps_left=0.0)
    state.props.position[0, 0, 2] = 0.8
    update = updated(game, state)
    assert (update.terminated.tolist(), reason(game, update)) == ([False], "time")
    assert update.agent_stats.result[0].tolist() == update.rewards[0].tolist() == [0.0, 0.0]


def test_a_beam_rewards_its_way_and_costs_for_its_tilt() -> None:
    scene = load_scene("carry_beam")
    task, game = scene.agents[0].task, rules("carry_beam")
    previous, state = blank_state(scene, task, 1, 2), begun_player(game, scene, task, 2)
    previous.props.position[..., 0, 0], state.props.position[..., 0, 0] = 1.0, 1.5
    state.props.x_direction[..., 0, 2] = -0.2
    terms = weighted_terms(scene, task, previous, np.zeros((1, 2, 8)), state)
    assert terms["progress"].tolist() == [[5.0, 5.0]]
    assert terms["tilt"].tolist() == [[pytest.approx(-0.02)] * 2]
    state.game.dense_weight[:] = 0.0
    assert not any(term.any() for term in weighted_terms(scene, task, previous, np.zeros((1, 2, 8)), state).values())


def test_the_beam_comes_to_rest_on_both_backs() -> None:
    simulation = Simulation(load_scene("carry_beam"))
    for seed in range(4):
        simulation.reset({0: seed})
        highest = simulation.game.state.props.position[0, 0, 2]
        for step in range(120):
            simulation.step([np.zeros((1, 2, 8))])
            beam = simulation.game.state.props.at((0, 0))
            (x, _, z), velocity, slope = beam.position, beam.velocity, beam.x_direction[2]
            assert z <= highest, "it does not bounce"
            if step >= 60:
                assert abs(slope) < 0.06
                assert z > 0.7
                assert np.linalg.norm(velocity) < 0.2
        assert abs(x) < 0.15
        assert not simulation.game.decided.any()
    simulation.close()


# --- the race --------------------------------------------------------------------------------------------------------


def raced(ways: list[float], before: list[float] | None = None, **changes: Any) -> tuple[Game, GameState, GameState]:
    game = dataclasses.replace(rules("race", lanes=["ant"] * len(ways)), **changes)
    previous, state = begun_game(game), begun_game(game)
    previous.agents.position[0, :, 0] = ways if before is None else before
    state.agents.position[0, :, 0] = ways
    return game, previous, state


def test_places_are_by_time_over_the_line_and_then_by_distance() -> None:
    game, previous, state = raced([20.5, 20.1, 12.0, 19.0], before=[19.9, 19.9, 12.0, 19.0])
    update = updated(game, state, previous)
    assert update.agent_stats.place[0].tolist() == [1.0, 2.0, 4.0, 3.0]
    assert update.agent_stats.finished[0].tolist() == pytest.approx([1 / 6, 1 / 2, 0.0, 0.0]), (
        "steps, between two of them"
    )
    assert update.agent_stats.result[0].tolist() == [0.0] * 4, "nothing is decided yet"
    assert not update.terminated.any()
    state.agent_stats.array[:], state.memory.array[:] = update.agent_stats.array, update.memory.array
    state.agents.position[0, :, 0] = (15.0, 30.0, 50.0, 19.0)
    previous.agents.position[0, :, 0] = (20.5, 20.1, 12.0, 19.0)
    update = updated(game, state, previous)
    assert update.agent_stats.place[0].tolist() == [1.0, 2.0, 3.0, 4.0], "who was first stays first, wherever it goes"


@pytest.mark.parametrize(
    ("ways", "results"),
    [
        ([5.0, 3.0], [1.0, -1.0]),
        ([3.0, 5.0, 4.0], [-1.0, 1.0, 0.0]),
        ([9.0, 6.0, 3.0, 0.0], [1.0, 1 / 3, -1 / 3, -1.0]),
        ([5.0, 5.0, 1.0], [0.5, 0.5, -1.0]),
        ([6.0, 5.0, 4.0, 3.0, 2.0, 1.0], [1.0, 0.6, 0.2, -0.2, -0.6, -1.0]),
        ([5.0], [0.0]),
    ],
)
def test_results_of_a_race_are_linear_and_sum_to_zero(ways: list[float], results: list[float]) -> None:
    for win_reward in (0.0, 100.0):
        game, previous, state = raced(ways, win_reward=win_reward)
        state.steps_left[:] = 0.0
        update = updated(game, state, previous)
        assert update.agent_stats.result[0].tolist() == pytest.approx(results)
        assert sum(update.agent_stats.result[0].tolist()) == pytest.approx(0.0)
        assert update.rewards[0].tolist() == pytest.approx([win_reward * r for r in results])
        assert update.agent_stats.score[0].tolist() == ways
        assert reason(game, update) == "time"


def test_a_race_is_decided_once_also_when_all_have_fallen() -> None:
    game, previous, state = raced([5.0, 3.0], win_reward=1.0)
    state.upright[0, 0] = 0.0
    update = updated(game, state, previous)
    assert update.agent_stats.fell[0].tolist() == [1.0, 0.0]
    assert reason(game, update) == ""
    state.agent_stats.array[:], state.memory.array[:] = update.agent_stats.array, update.memory.array
    state.upright[0] = (1.0, 0.0)  # the first has rolled back; it has fallen all the same
    update = updated(game, state, previous)
    assert update.agent_stats.fell[0].tolist() == [1.0, 2.0]
    assert (reason(game, update), update.rewards[0].tolist()) == ("fall", [1.0, -1.0])
    state.agent_stats.array[:], state.memory.array[:] = update.agent_stats.array, update.memory.array
    state.agents.position[0, 1, 0], state.steps_left[:] = 9.0, 0.0
    update = updated(game, state, previous)
    assert update.agent_stats.result[0].tolist() == [1.0, -1.0]
    assert not update.rewards.any()


def test_the_line_of_a_race_is_the_finish_of_its_scene() -> None:
    assert [rules(*scene).scene.finish for scene in (("race",), ("stadium_race",))] == [20.0, 54.0]
    assert rules("race", finish=7.0).scene.finish == 7.0
    game = rules("race", finish=None)
    state = begun_game(game, steps_left=0.0)
    state.agents.position[0, :, 0] = (1e3, 2e3, 3.0)
    result = updated(game, state).agent_stats.result[0].tolist()
    assert result == [0.0, 1.0, -1.0], "without a line who is farther is better"


def test_results_change_neither_rewards_nor_observations_of_a_race() -> None:
    scene = load_scene("race")
    one, other = Simulation(scene), Simulation(dataclasses.replace(scene, game=None))
    rng = np.random.default_rng(0)
    for simulation in (one, other):
        simulation.reset({0: 3})
    for _ in range(60):
        actions = [rng.uniform(-1, 1, group.shape) for group in one.groups]
        one.step(actions)
        other.step(actions)
        for mine, its in zip(one.groups, other.groups, strict=True):
            assert (mine.observation == its.observation).all()
            assert (mine.rewards.total == its.rewards.total).all()
    one.close()
    other.close()


def test_a_race_of_two_has_a_winner_in_its_infos() -> None:
    world = roboschool.parallel_env("race", lanes=["ant", "humanoid"], finish=2.0)
    policies = {name: roboschool.load_policy(name.partition("_")[0]) for name in world.possible_agents}
    seen, infos = world.reset(seed=0)
    while world.agents:
        seen, _, terminations, truncations, infos = world.step({n: policies[n].act(o) for n, o in seen.items()})
    assert all(truncations.values())
    assert not any(terminations.values())
    first = min(infos, key=lambda name: infos[name]["finished"])
    last = max(infos, key=lambda name: infos[name]["finished"])
    assert (infos[first]["place"], infos[last]["place"]) == (1.0, 2.0)
    assert (infos[first]["result"], infos[last]["result"]) == (1.0, -1.0)
    assert infos[first]["reason"] == 1.0
    assert 0.0 < infos[first]["finished"] < infos[last]["finished"] < 1000.0
    world.close()


# --- all of them -----------------------------------------------------------------------------------------------------


def made_up(game: Game, seed: int, worlds: int) -> tuple[GameState, GameState]:
    """Arenas of chance, of which each world depends on its own seed only."""
    made = begun_game(game, worlds), begun_game(game, worlds)
    for world in range(worlds):
        rng = np.random.default_rng([seed, world])
        for each in made:
            each.agents.array[world] = rng.normal(0.0, 9.0, each.agents.array[world].shape)
            each.props.array[world] = rng.normal(0.0, 1.0, each.props.array[world].shape)
            each.contacts[world] = rng.random(each.contacts[world].shape) < 0.1
            each.upright[world] = rng.random(each.upright[world].shape) < 0.5
            each.steps_left[world] = float(rng.integers(0, 2))
    return made


@pytest.mark.parametrize("name", GAMES)
def test_games_are_blind_to_the_batch(name: str) -> None:
    game = rules(name)
    for seed in range(20):
        previous, state = made_up(game, seed, 3)
        together = updated(game, state, previous)
        for world in range(3):
            part = slice(world, world + 1)
            alone = updated(game, state.at(part), previous.at(part))
            for record in ("memory", "agent_stats"):
                mine, its = getattr(together, record).array, getattr(alone, record).array
                assert mine[part].tobytes() == its.tobytes()
            for array in ("rewards", "terminated"):
                assert getattr(alone, array).tobytes() == getattr(together, array)[part].tobytes()


@pytest.mark.parametrize("name", GAMES[:3])
def test_players_are_blind_to_the_batch(name: str) -> None:
    scene = load_scene(name)
    for task in dict.fromkeys(agent.task for agent in scene.agents):
        rng = np.random.default_rng(0)
        states = blank_state(scene, task, 3, 2), blank_state(scene, task, 3, 2)
        for state in states:
            state.array[:] = rng.normal(0.5, 0.7, state.array.shape)
            state.agent_stats.array[:] = np.arange(2)[:, None]
        action = rng.uniform(-1, 1, (3, 2, 8))
        seen, rewards = numbers(scene, task, states[1]), weighted_terms(scene, task, states[0], action, states[1])
        for world in range(3):
            for agent in range(2):
                previous, state = blank_state(scene, task), blank_state(scene, task)
                previous.array[:], state.array[:] = (state.array[world, agent] for state in states)
                assert (numbers(scene, task, state)[0, 0] == seen[world, agent]).all()
                alone = weighted_terms(scene, task, previous, action[world : world + 1, agent : agent + 1], state)
                assert {term: value[0, 0] for term, value in alone.items()} == {
                    term: value[world, agent] for term, value in rewards.items()
                }


@pytest.mark.parametrize("name", GAMES)
def test_three_worlds_together_are_each_alone_bit_for_bit(name: str) -> None:
    together = Simulation(load_scene(name), worlds=3)
    alone = [Simulation(load_scene(name)) for _ in range(3)]
    together.reset({world: world for world in range(3)})
    for world, simulation in enumerate(alone):
        simulation.reset({0: world})
    rng = np.random.default_rng(0)
    for _ in range(25):
        actions = [rng.uniform(-1, 1, group.shape) for group in together.groups]
        step_beside(together, alone, actions)
        for world, simulation in enumerate(alone):
            mine, its = together.game.state, simulation.game.state
            assert mine.memory.array[world].tobytes() == its.memory.array[0].tobytes()
            assert mine.agent_stats.array[world].tobytes() == its.agent_stats.array[0].tobytes()
    for simulation in (together, *alone):
        simulation.close()


@pytest.mark.parametrize(
    ("name", "options"),
    [
        *[("tag", {"players": players}) for players in (1, 2, 3)],
        *[("push_box", {"players": players}) for players in (2, 3, 4)],
        ("carry_beam", {}),
        ("race", {}),
        ("race", {"lanes": ["ant"] * 6}),
        ("stadium_race", {}),
    ],
)
def test_what_is_seen_and_told(name: str, options: dict[str, Any]) -> None:
    world = roboschool.parallel_env(name, **options)
    _, first = world.reset(seed=0)
    rng, sizes = np.random.default_rng(0), set()
    for _ in range(20):
        actions = {agent: rng.uniform(-1, 1, world.action_space(agent).shape) for agent in world.agents}
        seen, rewards, _, _, infos = world.step(actions)
        for agent in world.scene.agents:
            names = names_of(world.scene, agent.task)
            assert len(names) == len(seen[agent.name]) == len(set(names))
            assert seen[agent.name] in world.observation_space(agent.name)
            info = infos[agent.name]
            assert list(info) == list(first[agent.name])
            assert {"reason", "score", "result", "physics_error"} <= set(info)
            assert {type(value) for value in info.values()} == {float}
            assert info["physics_error"] == 0.0
            terms = [term.name for term in agent.task.rewards(world.scene.info)]
            assert rewards[agent.name] == pytest.approx(sum(info[term] for term in terms))
            sizes.add(len(seen[agent.name]))
    assert name in ("race", "stadium_race") or len(sizes) == 1
    world.close()


@pytest.mark.parametrize("name", GAMES[:3])
def test_options_of_a_reset(name: str) -> None:
    world = roboschool.parallel_env(name)
    earned = {}
    for weight in (0.25, 1.0):
        _, infos = world.reset(seed=0, options={"dense_weight": weight})
        assert {info["dense_weight"] for info in infos.values()} == {weight}
        steps = [world.step({agent: np.full(8, 0.5) for agent in world.agents})[1] for _ in range(60)]
        earned[weight] = np.array([list(step.values()) for step in steps])
    assert earned[0.25] == pytest.approx(0.25 * earned[1.0])
    assert earned[1.0].any()
    with pytest.raises(InvalidInput, match="did you mean 'dense_weight'"):
        world.reset(options={"dense_wieght": 0.5})
    with pytest.raises(InvalidInput, match="dense_weight"):
        world.reset(options={"dense_weight": -1.0})
    world.close()


def test_target_and_line_are_options_too() -> None:
    world = roboschool.parallel_env("push_box")
    _, infos = world.reset(seed=0, options={"target": [3.0, -1.0]})
    assert (infos["ant_0"]["target_x"], infos["ant_0"]["target_y"]) == (3.0, -1.0)
    world.close()
    world = roboschool.parallel_env("carry_beam")
    assert world.reset(seed=0, options={"line": 4.0})[1]["ant_1"]["line"] == 4.0
    world.close()


@pytest.mark.parametrize("name", ["tag", "push_box", "carry_beam"])
def test_nothing_blows_up(name: str) -> None:
    simulation = Simulation(load_scene(name))
    rng = np.random.default_rng(1)
    simulation.reset({0: 1})
    for _ in range(500):
        simulation.step([rng.uniform(-1, 1, group.shape) for group in simulation.groups])
        if simulation.game.decided.any():
            simulation.reset({0: None})
    assert not simulation.clock.diverged
    heights = simulation.game.state.agents.position[0, :, 2]
    assert heights.min() > 0.2
    assert heights.max() < 1.5
    simulation.close()


@pytest.mark.parametrize(
    ("name", "options", "says"),
    [
        ("tag", {"players": 4}, "players: 4 is not within 1 and 3"),
        ("push_box", {"players": 1}, "game 'push_box': it needs 2 to 4 agents, got 1"),
        ("ant_sumo", {"players": 3}, "option 'players': this scene has none"),
        ("ant_sumo", {"game": {"name": "push_box"}}, "unknown prop 'box'"),
        ("ant_sumo", {"game": {"name": "carry_beam"}}, "unknown prop 'beam'"),
        ("ant_sumo", {"game": {"name": "kick_and_defend"}}, "unknown prop 'ball'"),
        ("tag", {"game": {"name": "tag", "radius": -1.0}}, "radius: -1.0"),
        ("tag", {"game": {"name": "carry_beam"}}, "it needs 2 agents, got 4"),
        (
            "carry_beam",
            {"game": {"name": "tag"}},
            "1 agent of team 'runner' and 1 to 3 of team 'chaser', got teams ant_0, ant_1",
        ),
        ("carry_beam", {"game": {"name": "carry_beam", "min_height": -0.1}}, "min_height: -0.1"),
        ("push_box", {"game": {"name": "push_box", "target": [1e3, 0.0]}}, "target: 1000.0"),
        ("race", {"game": {"name": "race", "win_reward": -1.0}}, "win_reward: -1.0"),
        ("race", {"game": {"name": "race", "line": 3.0}}, "'race' has no 'line'"),
    ],
)
def test_what_is_wrong_is_said(name: str, options: dict[str, Any], says: str) -> None:
    with pytest.raises(InvalidInput) as error:
        load_scene(name, **options)
    assert says in str(error.value)


def test_markers_show_target_and_line() -> None:
    game = rules("push_box")
    (target,) = game.markers(begun_game(game), 0)
    assert (target.position, target.radius, target.end) == ((6.0, 0.0, 0.0), 0.5, None)
    game = rules("carry_beam")
    assert {marker.position[0] for marker in game.markers(begun_game(game), 0)} == {10.0}


def test_a_blank_state_is_seen_without_numbers_that_are_none() -> None:
    for name in GAMES[:3]:
        scene = load_scene(name)
        for agent in scene.agents:
            assert np.isfinite(numbers(scene, agent.task, blank_state(scene, agent.task))).all()
