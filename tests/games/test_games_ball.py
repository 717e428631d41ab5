"""You shall not pass, kick and defend, soccer: every rule that has a number, and balls that really roll."""

import dataclasses
import itertools
import math
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
from game_values import begun_game, begun_player, names_of, numbers
from stories import step_beside
from task_values import weighted_terms

import roboschool
from roboschool import InvalidInput, paths
from roboschool.envs.parallel import ParallelEnv
from roboschool.games import soccer, you_shall_not_pass
from roboschool.mdp.game import Game, GameState, GameUpdate
from roboschool.mdp.scene_info import SceneInfo
from roboschool.mdp.state import Bodies, State
from roboschool.mdp.task import Task
from roboschool.scenes.loader import load_scene
from roboschool.simulation.blank_state import blank_state
from roboschool.simulation.simulation import Simulation
from roboschool.tasks.run import Run

GAMES = ("you_shall_not_pass", "kick_and_defend", "soccer")
KEYS = ("score", "result", "reason", "dense_weight", "physics_error")


def game(name: str, **changes: object) -> Game:
    made = load_scene(name).game
    assert made is not None
    return dataclasses.replace(made, **changes)


def arena(made: Game, steps_left: float = 100.0, worlds: int = 1) -> GameState:
    """A state of the game as it is when an episode has begun: all stand, at the middle."""
    state = begun_game(made, worlds, steps_left)
    state.agents.position[..., 2] = 1.3
    return state


def begun(name: str, task: Task) -> State:
    """What a player's state is when an episode of the game begins: zeros but for what the game remembers."""
    return begun_player(game(name), load_scene(name), task)


def updated(made: Game, state: GameState, active: bool = True) -> GameUpdate:
    worlds = len(state.steps_left)
    rngs = [np.random.default_rng(world) for world in range(worlds)]
    before = state.array.copy()
    update = made.update(state, state, np.full(worlds, active), rngs)
    assert (state.array == before).all(), "what it is given is not changed"
    assert (update.agent_stats.result.sum(axis=1) == 0.0).all(), "what one has won another has lost"
    assert update.agent_stats.score == pytest.approx(state.agent_stats.score + update.rewards)
    return update


def outcome(made: Game, update: GameUpdate) -> tuple[str, list[float], list[float], bool]:
    """Why, what each got, who has won, and whether it ended the episode."""
    reason = made.reasons[int(update.memory.reason[0])]
    return reason, update.rewards[0].tolist(), update.agent_stats.result[0].tolist(), bool(update.terminated[0])


# --- you shall not pass ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("x", "z", "steps_left", "stands", "what"),
    [
        (3.99, 1.3, 5.0, 1.0, ("", [0.0, 0.0], [0.0, 0.0], False)),
        (4.01, 1.3, 5.0, 1.0, ("goal", [1000.0, -1000.0], [1.0, -1.0], True)),
        (4.01, 0.2, 0.0, 1.0, ("goal", [1000.0, -1000.0], [1.0, -1.0], True)),
        (1.0, 0.3, 5.0, 1.0, ("fall", [-1000.0, 1000.0], [-1.0, 1.0], True)),
        (1.0, 0.31, 5.0, 1.0, ("", [0.0, 0.0], [0.0, 0.0], False)),
        (1.0, 0.3, 5.0, 0.0, ("fall", [-1000.0, 0.0], [0.0, 0.0], True)),
        (1.0, 1.3, 0.0, 1.0, ("time", [-1000.0, 1000.0], [-1.0, 1.0], False)),
        (1.0, 1.3, 0.0, 0.0, ("time", [-1000.0, 0.0], [0.0, 0.0], False)),
    ],
)
def test_who_has_passed(
    x: float, z: float, steps_left: float, stands: float, what: tuple[str, list[float], list[float], bool]
) -> None:
    made = game("you_shall_not_pass")
    state = arena(made, steps_left)
    state.agents.position[0, 0] = (x, 0.0, z)
    state.agents.position[0, 1, 0] = -9.0  # where the blocker goes is nobody's business
    state.upright[0, 1] = stands
    assert outcome(made, updated(made, state)) == what


def test_a_blocker_is_rewarded_for_the_runners_distance() -> None:
    scene = load_scene("you_shall_not_pass")
    runner, blocker = (agent.task for agent in scene.agents)
    assert isinstance(blocker, you_shall_not_pass.Player)
    for task, way, term, sign in ((runner, 1.0, "near", -1.0), (blocker, -1.0, "guard", 1.0)):
        state = begun("you_shall_not_pass", task)
        state.agent_stats.way[:], state.game.dense_weight[:], state.upright[:] = way, 0.5, 1.0
        state.position[..., 0] = state.others.position[..., 0] = 1.5
        terms = weighted_terms(scene, task, state, np.full((1, 1, 17), 0.5), state)
        assert terms[term][0, 0] == pytest.approx(0.5 * sign * 2.5)
        assert terms["effort"][0, 0] == pytest.approx(0.5 * -0.1 * 17 * 0.25)
        assert terms["standing"][0, 0] == 0.5 * 5.0
        assert {name for name, value in terms.items() if value[0, 0]} == {term, "effort", "standing"}


# --- kick and defend -------------------------------------------------------------------------------------------------


def kicked(
    ball: Sequence[float],
    contacts: tuple[float, float] = (1.0, 0.0),
    keeper: float = 3.0,
    stands: float = 1.0,
    steps_left: float = 9.0,
    still: float = 0.0,
) -> tuple[str, list[float], list[float], bool]:
    """The outcome with the ball at x, y, with a speed along x and y."""
    made = game("kick_and_defend")
    state = arena(made, steps_left)
    x, y, vx, vy = ball
    state.props.position[0, 0], state.props.velocity[0, 0] = (x, y, 0.2), (vx, vy, 0.0)
    state.agents.position[0, 1, 0] = keeper
    state.contacts[0, :, 2] = contacts
    state.upright[0, 1] = stands
    state.memory.still[0] = still
    return outcome(made, updated(made, state))


SAVED = [-1.0, 1.0]


@pytest.mark.parametrize(
    ("ball", "others", "what"),
    [
        ((3.99, 0.0, 5.0, 0.0), {}, ("", [0.0, 0.0], [0.0, 0.0], False)),
        ((4.01, 3.0, 5.0, 0.0), {"contacts": (1.0, 1.0)}, ("goal", [1000.0, -1000.0], [1.0, -1.0], True)),
        ((4.01, 3.01, 5.0, 0.0), {}, ("wide", [-1000.0, 1500.0], SAVED, True)),
        ((4.01, -3.01, 5.0, 0.0), {"stands": 0.0}, ("wide", [-1000.0, 1000.0], SAVED, True)),
        ((2.0, 0.0, -1.01, 0.0), {"contacts": (1.0, 1.0)}, ("back", [-1000.0, 2000.0], SAVED, True)),
        ((2.0, 0.0, -0.1, 1.01), {"contacts": (1.0, 1.0), "stands": 0.0}, ("back", [-1000.0, 1500.0], SAVED, True)),
        ((2.0, 0.0, -0.99, 0.0), {}, ("", [0.0, 0.0], [0.0, 0.0], False)),
        ((2.0, 0.0, -5.0, 0.0), {"contacts": (0.0, 1.0)}, ("", [0.0, 0.0], [0.0, 0.0], False)),
        ((2.0, 0.0, 0.0, 0.0), {"steps_left": 0.0}, ("time", [-1000.0, 1500.0], SAVED, False)),
        ((2.0, 0.0, 0.0, 0.0), {"keeper": 1.49}, ("foul", [0.0, -1000.0], [1.0, -1.0], True)),
        ((2.0, 0.0, 0.0, 0.0), {"keeper": 6.51}, ("foul", [0.0, -1000.0], [1.0, -1.0], True)),
        ((2.0, 0.0, 0.0, 0.0), {"keeper": 1.51}, ("", [0.0, 0.0], [0.0, 0.0], False)),
        ((4.01, 0.0, 5.0, 0.0), {"keeper": 1.0}, ("goal", [1000.0, -1000.0], [1.0, -1.0], True)),
        ((2.0, 0.0, 0.05, 0.0), {"still": 149.0}, ("stalled", [-1000.0, 1500.0], SAVED, True)),
        ((2.0, 0.0, 0.05, 0.0), {"still": 148.0}, ("", [0.0, 0.0], [0.0, 0.0], False)),
        ((2.0, 0.0, 0.15, 0.0), {"still": 149.0}, ("", [0.0, 0.0], [0.0, 0.0], False)),
        ((2.0, 0.0, 0.0, 0.0), {"still": 149.0, "contacts": (0.0, 0.0)}, ("", [0.0, 0.0], [0.0, 0.0], False)),
    ],
)
def test_what_is_a_goal_and_what_is_saved(
    ball: tuple[float, ...], others: dict[str, float], what: tuple[str, list[float], list[float], bool]
) -> None:
    assert kicked(ball, **others) == what  # type: ignore[arg-type]


def test_touches_are_remembered() -> None:
    made = game("kick_and_defend")
    state = arena(made)
    state.contacts[0, 0, 2] = 1.0
    memory = updated(made, state).memory
    assert (memory.kicked.tolist(), memory.touched.tolist()) == ([1.0], [0.0])
    state.memory.array[:], state.contacts[:] = memory.array, 0.0
    assert updated(made, state).memory.kicked.tolist() == [1.0]


def test_where_ball_kicker_and_keeper_begin() -> None:
    simulation = Simulation(load_scene("kick_and_defend"))
    balls, agents = [], []
    for seed in range(60):
        simulation.reset({0: seed})
        balls.append(simulation.game.state.props.position[0, 0].copy())
        agents.append(simulation.game.state.agents.position[0, :, :2].copy())
        simulation.step([np.zeros(group.shape) for group in simulation.groups])
        assert not simulation.game.state.contacts[0].any()
    assert np.min(balls, axis=0) == pytest.approx([-2.0, -4.0, 0.2], abs=0.35)
    assert np.max(balls, axis=0) == pytest.approx([1.0, 4.0, 0.2], abs=0.35)
    assert np.min(agents, axis=0).ravel() == pytest.approx([-3.5, 0.0, 1.6, -2.0], abs=0.25)
    assert np.max(agents, axis=0).ravel() == pytest.approx([-2.5, 0.0, 3.5, 2.0], abs=0.25)
    simulation.reset({0: 0}, {"ball_x": [-1.0, -1.0], "ball_y": 0.5})
    assert simulation.game.state.props.position[0, 0, :2].tolist() == [-1.0, 0.5]
    simulation.close()


@pytest.mark.parametrize(("vy", "reason", "points"), [(0.0, 2.0, [1000.0, -1000.0]), (5.0, 3.0, [-1000.0, 1500.0])])
def test_a_ball_that_flies_there_is_a_goal_or_wide(vy: float, reason: float, points: list[float]) -> None:
    env = roboschool.parallel_env("kick_and_defend")
    env.reset(seed=1)
    env.simulation.worlds[0].launch("ball", (2.5, 2.5, 0.2), (8.0, vy, 0.0))
    for _ in range(40):
        _, _, over, late, infos = env.step({name: np.zeros(17) for name in env.agents})
        if any(over.values()):
            break
    assert over == {"kicker_0": True, "keeper_0": True}
    assert not any(late.values())
    assert [info["reason"] for info in infos.values()] == [reason, reason]
    assert [info["sparse"] for info in infos.values()] == points
    env.close()


def test_a_keeper_is_rewarded_for_standing_in_its_zone() -> None:
    scene = load_scene("kick_and_defend")
    kicker, keeper = (agent.task for agent in scene.agents)
    for task, x, stands, reward in ((keeper, 2.0, 1.0, 5.0), (keeper, 1.0, 1.0, -5.0), (keeper, 2.0, 0.0, -5.0)):
        state = begun("kick_and_defend", task)
        state.game.dense_weight[:], state.upright[:], state.position[..., 0] = 1.0, stands, x
        terms = weighted_terms(scene, task, state, np.zeros((1, 1, 17)), state)
        assert {name: term[0, 0] for name, term in terms.items() if term[0, 0]} == {"standing": reward}
    state = begun("kick_and_defend", kicker)
    state.game.dense_weight[:], state.upright[:] = 1.0, 1.0
    state.world_x_direction[..., 1], state.velocity[..., 0] = 1.0, 2.0
    state.props.position[..., 0, :] = (3.0, 4.0, 7.0)
    terms = weighted_terms(scene, kicker, state, np.ones((1, 1, 17)), state)
    expected = {"forward": 2.5, "ball": -5.0, "effort": -1.7, "standing": 5.0, "sparse": 0.0}
    assert {name: term[0, 0] for name, term in terms.items()} == pytest.approx(expected)


# --- soccer ----------------------------------------------------------------------------------------------------------


def played(
    ball: Sequence[float], steps_left: float = 9.0, goals: tuple[float, float] = (0.0, 0.0), **changes: object
) -> tuple[Game, GameUpdate]:
    made = game("soccer", **changes)
    state = arena(made, steps_left)
    state.props.position[0, 0] = ball
    state.memory.home_goals[0], state.memory.away_goals[0] = goals
    return made, updated(made, state)


@pytest.mark.parametrize(
    ("ball", "points", "goals"),
    [
        ((11.56, 1.8, 0.4), 1.0, [1.0, 0.0]),
        ((-11.56, -1.8, 1.2), -1.0, [0.0, 1.0]),
        ((11.54, 0.0, 0.4), 0.0, [0.0, 0.0]),
        ((11.56, 1.84, 0.4), 0.0, [0.0, 0.0]),
        ((11.56, 0.0, 1.23), 0.0, [0.0, 0.0]),
    ],
)
def test_a_goal_is_one_for_all_of_a_team(ball: tuple[float, ...], points: float, goals: list[float]) -> None:
    made, update = played(ball)
    assert outcome(made, update) == ("", [points, -points, points, -points], [0.0] * 4, False)
    assert [update.memory.home_goals[0], update.memory.away_goals[0]] == goals


@pytest.mark.parametrize(
    ("goals", "result"), [((2.0, 1.0), [1.0, -1.0] * 2), ((0.0, 1.0), [-1.0, 1.0] * 2), ((3.0, 3.0), [0.0] * 4)]
)
def test_who_has_more_goals_in_the_end_has_won(goals: tuple[float, float], result: list[float]) -> None:
    made, update = played((0.0, 0.0, 0.4), steps_left=0.0, goals=goals)
    assert outcome(made, update) == ("time", [0.0] * 4, result, False)


def test_a_goal_at_the_last_moment_counts() -> None:
    made, update = played((12.0, 0.0, 0.4), steps_left=0.0)
    assert outcome(made, update) == ("time", [1.0, -1.0] * 2, [1.0, -1.0] * 2, False)


def test_a_goal_ends_it_if_it_is_so_set() -> None:
    made, update = played((12.0, 0.0, 0.4), terminate_on_goal=True)
    assert outcome(made, update) == ("goal", [1.0, -1.0] * 2, [1.0, -1.0] * 2, True)
    assert not update.launches


@pytest.mark.parametrize(
    ("ball", "lowest", "highest"),
    [
        ((12.0, 0.0, 0.4), (0.0, 0.0), (0.0, 0.0)),  # a goal: kick-off
        ((4.0, 9.0, 1.0), (2.8, 6.3), (3.6, 8.1)),  # over a wall: between 0.7 and 0.9 of the way there
        ((-12.0, 1.0, 1.3), (-10.8, 0.7), (-8.4, 0.9)),  # over the bar
    ],
)
def test_where_the_ball_is_dropped(
    ball: Sequence[float], lowest: tuple[float, ...], highest: tuple[float, ...]
) -> None:
    (launch,) = played(ball)[1].launches
    assert launch.prop == "ball"
    assert all(low <= here <= high for low, here, high in zip(lowest, launch.position, highest, strict=False))
    assert launch.position[2] > 0.35 + 0.57 + 0.25, "above the ants"
    assert np.abs(launch.velocity).max() <= 0.5
    assert not played((4.0, 5.0, 0.35))[1].launches


@pytest.mark.parametrize(
    ("x", "still_position", "still", "dropped", "then"),
    [
        (5.0, 4.6, 149.0, True, 0.0),
        (5.0, 4.6, 148.0, False, 149.0),
        (5.0, 4.4, 149.0, False, 0.0),  # it has moved by half a metre
        (0.9, 0.9, 149.0, False, 0.0),  # it lies in the middle
    ],
)
def test_a_ball_that_lies_is_dropped_in_the_middle(
    x: float, still_position: float, still: float, dropped: bool, then: float
) -> None:
    made = game("soccer")
    state = arena(made)
    state.props.position[0, 0] = (x, 0.0, 0.35)
    state.memory.still_position[0, 0], state.memory.still[0] = still_position, still
    update = updated(made, state)
    assert [launch.position[:2] for launch in update.launches] == [(0.0, 0.0)] * dropped
    assert update.memory.still[0] == then
    assert not updated(made, state, active=False).launches, "nothing is drawn for a world that has not been stepped"


def test_speeds_are_measured_toward_ball_and_goal() -> None:
    made = game("soccer")
    state = arena(made)
    state.props.position[0, 0] = (8.55, 4.0, 0.35)  # 5 m from the goal at +x
    state.props.velocity[0, 0] = (3.0, -4.0, 0.0)  # and on the way there
    state.agents.position[0, :, :2] = (8.55, 0.0)
    state.agents.velocity[0, 0, :2] = (1.0, 2.0)
    update = updated(made, state)
    assert update.agent_stats.vel_to_ball[0, 0] == pytest.approx(2.0)
    assert update.agent_stats.vel_ball_to_goal[0, 2] == pytest.approx(5.0)
    away = np.array([-20.1, -4.0])
    assert update.agent_stats.vel_ball_to_goal[0, 1] == pytest.approx(away @ [3.0, -4.0] / np.linalg.norm(away))


@pytest.mark.parametrize("players", [1, 2, 3])
def test_teams_of_each_size(players: int) -> None:
    env = roboschool.parallel_env("soccer", players=players)
    observations, _ = env.reset(seed=3)
    assert list(observations) == [f"{side}_{n}" for n in range(players) for side in ("home", "away")]
    assert len(names_of(env.scene, env.scene.agents[0].task)) == observations["home_0"].size
    assert not env.simulation.worlds[0].overlaps()
    env.close()


def test_a_ball_shot_at_the_goal_is_in_and_dropped_again() -> None:
    simulation = Simulation(load_scene("soccer"))
    simulation.reset({0: 0})
    simulation.worlds[0].launch("ball", (9.0, 1.0, 0.35), (12.0, 0.0, 0.0))
    points = np.zeros(4)
    for _ in range(60):
        simulation.step([np.zeros(group.shape) for group in simulation.groups])
        points += simulation.groups[0].state.game_reward[0]
        if points.any():
            break
    assert points.tolist() == [1.0, -1.0, 1.0, -1.0]
    assert simulation.game.state.memory.home_goals[0] == 1.0
    assert simulation.game.state.props.position[0, 0, :2].tolist() == [0.0, 0.0]
    assert not simulation.game.decided.any()
    simulation.close()


def test_walls_and_nets_hold_the_ball() -> None:
    """Without the rules it would fly on; it is shot at walls, posts, and into the goal."""
    made = game("soccer")
    simulation = Simulation(dataclasses.replace(load_scene("soccer"), game=None, agents=_idle()))
    simulation.reset({0: 0})
    world, rng = simulation.worlds[0], np.random.default_rng(0)
    assert isinstance(made, soccer.Soccer)
    for _ in range(25):
        turn, speed = rng.uniform(-math.pi, math.pi), rng.uniform(2.0, 20.0)
        world.launch("ball", (0.0, 4.0, 0.36), (speed * math.cos(turn), speed * math.sin(turn), 0.0))
        for _ in range(60):
            world.step([[0.0] * 8])
            x, y, z, *_ = world.props()[0]
            assert abs(y) < made.width / 2
            assert abs(x) < made.length / 2 + 1.5
            assert abs(x) < made.length / 2 or abs(y) < made.goal_width / 2
            assert 0.3 < z < 1.5
    simulation.close()


def _idle() -> tuple[object, ...]:
    return (dataclasses.replace(load_scene("ant").agents[0], position=(-9.0, -6.0)),)


def test_a_rolling_ball_slows_down_and_stops() -> None:
    simulation = Simulation(dataclasses.replace(load_scene("soccer"), game=None, agents=_idle()))
    simulation.reset({0: 0})
    world = simulation.worlds[0]
    world.launch("ball", (0.0, 4.0, 0.35), (5.0, 0.0, 0.0))
    speeds, places = [], []
    for _ in range(480):
        world.step([[0.0] * 8])
        places.append(world.props()[0][0])
        speeds.append(world.props()[0][3])
    assert 3.0 < speeds[20] < 5.0 * 5.0 / 7.0, "it has gone over from sliding to rolling"
    assert all(after <= before + 1e-6 for before, after in itertools.pairwise(speeds))
    assert abs(speeds[-1]) < 0.05
    assert 7.0 < places[-1] < 12.0
    simulation.close()


# --- all -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", GAMES)
def test_worlds_are_judged_and_seen_alone_as_together(name: str) -> None:
    """Bit for bit, with numbers that make all kinds of things happen."""
    scene, rng = load_scene(name), np.random.default_rng(4)
    made = game(name)
    state = arena(made, worlds=16)
    state.agents.array[:] = rng.normal(3.0, 1.5, state.agents.array.shape)
    state.props.array[:] = rng.normal(0.0, 1.0, state.props.array.shape)
    state.props.position[..., 0] = rng.choice([2.0, 4.1, 12.0, -12.0], state.props.array.shape[:2])
    state.contacts[:] = rng.random(state.contacts.shape) < 0.5
    state.steps_left[:] = rng.integers(0, 4, 16)
    state.upright[:] = rng.random(state.upright.shape) < 0.5
    together = updated(made, state)
    assert len({tuple(rewards) for rewards in together.rewards.tolist()}) > 2
    rows = np.random.default_rng(5).normal(0.0, 1.0, (16, 4, 1000))
    for world in range(16):
        part = state.at(slice(world, world + 1))
        alone = made.update(part, part, np.ones(1, bool), [np.random.default_rng(world)])
        for key in ("memory", "agent_stats"):
            assert (getattr(alone, key).array[0] == getattr(together, key).array[world]).all()
        for key in ("rewards", "terminated"):
            assert (getattr(alone, key)[0] == getattr(together, key)[world]).all()
        assert [launch.position for launch in alone.launches] == [
            launch.position for launch in together.launches if launch.world == world
        ]
    for task in dict.fromkeys(agent.task for agent in scene.agents):
        many = blank_state(scene, task, 16, 4)
        many.array[:] = rows[..., : many.array.shape[-1]]
        actions = rows[..., : len(task.robot.joints)]
        seen, rewards = numbers(scene, task, many), weighted_terms(scene, task, many, actions, many)
        for world in range(16):
            one = blank_state(scene, task, 1, 4)
            one.array[:] = many.array[world]
            assert (numbers(scene, task, one)[0] == seen[world]).all()
            terms = weighted_terms(scene, task, one, actions[world : world + 1], one)
            assert all((terms[term][0] == rewards[term][world]).all() for term in rewards)


@pytest.mark.parametrize("name", GAMES)
def test_copies_play_as_lone_worlds_do(name: str) -> None:
    scene = load_scene(name)
    many, rng = Simulation(scene, 3), np.random.default_rng(0)
    alone = [Simulation(scene) for _ in range(3)]
    many.reset({world: 7 + world for world in range(3)})
    for world, one in enumerate(alone):
        one.reset({0: 7 + world})
    for _ in range(60):
        actions = [rng.uniform(-1, 1, group.shape) for group in many.groups]
        step_beside(many, alone, actions)
    for simulation in (many, *alone):
        simulation.close()


@pytest.mark.parametrize("name", GAMES)
def test_entries_infos_and_ranges(name: str) -> None:
    env = roboschool.parallel_env(name)
    _, first = env.reset(seed=0, options={"dense_weight": 0.5})
    rng = np.random.default_rng(0)
    while env.agents:
        actions = {agent: rng.uniform(-1, 1, env.action_space(agent).shape) for agent in env.agents}
        observations, _, _, _, infos = env.step(actions)
        for agent, info in infos.items():
            assert list(info) == list(first[agent])
            assert set(KEYS) <= set(info)
            assert info["dense_weight"] == 0.5
            assert info["physics_error"] == 0.0
            assert np.abs(observations[agent]).max() <= 5.0
        if env.simulation.clock.steps[0] > 150:
            break
    for agent in env.scene.agents:
        assert len(names_of(env.scene, agent.task)) == env.observation_space(agent.name).shape[0]
    with pytest.raises(InvalidInput, match=r"no option 'dense_weigth'; did you mean 'dense_weight'"):
        env.reset(options={"dense_weigth": 0.5})
    with pytest.raises(InvalidInput, match="dense_weight"):
        env.reset(options={"dense_weight": -1.0})
    env.close()


@pytest.mark.parametrize("name", GAMES)
def test_dense_terms_are_times_their_weight(name: str) -> None:
    sums = []
    for weight in (0.0, 1.0, 2.0):
        env = roboschool.parallel_env(name)
        env.reset(seed=0, options={"dense_weight": weight})
        for _ in range(3):
            _, rewards, _, _, infos = env.step({a: np.full(env.action_space(a).shape, 0.1) for a in env.agents})
        assert all(rewards[agent] - infos[agent]["sparse"] == 0.0 for agent in rewards) is (weight == 0.0)
        sums.append(np.array([rewards[agent] - infos[agent]["sparse"] for agent in rewards]))
        env.close()
    assert 2.0 * sums[1] == pytest.approx(sums[2])


@pytest.mark.parametrize(
    ("name", "wrong", "says"),
    [
        ("you_shall_not_pass", {"down": -1.0}, "down: -1.0 is not within"),
        ("kick_and_defend", {"ball_x": (-1.0, 9.0)}, "ball_x: 9"),
        ("kick_and_defend", {"zone": 0.0}, "zone: 0.0 is not within"),
        ("kick_and_defend", {"still_limit": 0}, "still_limit: 0 is not within"),
        ("soccer", {"goal_width": 18.0}, "goal_width: 18"),
        ("soccer", {"length": 0.0}, "length: 0.0 is not within"),
    ],
)
def test_wrong_parameters_are_refused(name: str, wrong: dict[str, object], says: str) -> None:
    with pytest.raises(InvalidInput, match=says):
        game(name, **wrong)


@pytest.mark.parametrize(
    ("name", "agents", "teams", "props", "says"),
    [
        ("you_shall_not_pass", ("a_0",), ("a_0",), (), "it needs 2 agents, got 1"),
        ("kick_and_defend", ("kicker_0", "keeper_0"), ("kicker_0", "keeper_0"), (), "unknown prop 'ball'"),
        ("soccer", ("a_0", "a_1", "a_2", "a_3"), ("home", "home", "away", "away"), ("ball",), "home and away by turns"),
        ("soccer", ("a_0", "a_1", "a_2"), ("home", "away", "home"), ("ball",), "home and away by turns"),
        ("soccer", ("a_0", "a_1"), ("home", "away"), (), "unknown prop 'ball'"),
    ],
)
def test_agents_and_props_that_do_not_fit_are_refused(
    name: str, agents: tuple[str, ...], teams: tuple[str, ...], props: tuple[str, ...], says: str
) -> None:
    with pytest.raises(InvalidInput, match=says):
        game(name, scene=SceneInfo(agents, teams, props))


def any_state(name: str, agent: int, seed: int = 0) -> State:
    """A state of one agent with any numbers in it; its heading is one."""
    scene, rng = load_scene(name), np.random.default_rng(seed)
    state = blank_state(scene, scene.agents[agent].task)
    state.array[:] = rng.normal(0.0, 1.0, state.array.shape)
    yaw = rng.uniform(-math.pi, math.pi)
    state.world_x_direction[:] = (-math.sin(yaw), math.cos(yaw))
    return state


def turned(state: State, blank: State) -> State:
    """The same turned about the middle by half a turn; what is felt of the own body stays."""
    blank.array[:] = state.array
    blank.position[..., :2] *= -1.0
    blank.world_x_direction[:] *= -1.0
    for bodies in (blank.props, blank.others):
        assert set(Bodies.quantities) == {"position", "velocity", "x_direction"}
        for array in (bodies.position, bodies.velocity, bodies.x_direction):
            array[..., :2] *= -1.0
    return blank


def test_both_teams_see_the_same_of_the_same() -> None:
    """Also who is who: the next in the scene is the opponent with the same number, or the next."""
    scene = load_scene("soccer")
    task = scene.agents[0].task
    for seed in range(10):
        home = any_state("soccer", 0, seed)
        home.agent_stats.way[:] = 1.0
        away = turned(home, any_state("soccer", 1))
        away.agent_stats.way[:] = -1.0
        away.game.home_goals[:], away.game.away_goals[:] = home.game.away_goals, home.game.home_goals
        one, other = numbers(scene, task, home)[0, 0], numbers(scene, task, away)[0, 0]
        assert other == pytest.approx(one, abs=1e-12)


def test_runner_and_blocker_see_the_same_of_the_same() -> None:
    scene = load_scene("you_shall_not_pass")
    runner, blocker = (agent.task for agent in scene.agents)
    for seed in range(10):
        first = any_state("you_shall_not_pass", 0, seed)
        first.agent_stats.way[:] = 1.0
        second = turned(first, any_state("you_shall_not_pass", 1))
        second.agent_stats.way[:] = -1.0
        one, other = numbers(scene, runner, first)[0, 0], numbers(scene, blocker, second)[0, 0]
        assert other == pytest.approx(one, abs=1e-12)


def test_kicker_and_keeper_see_alike_from_their_own_heading() -> None:
    """Turned on the spot with everything else turned too, the body, the other and the ball are seen the same."""
    scene = load_scene("kick_and_defend")
    kicker, keeper = (agent.task for agent in scene.agents)
    names = names_of(scene, kicker)
    fixed = [n for n, name in enumerate(names) if "+x" in name or "own position" in name or "post" in name]
    fixed += [n for n, name in enumerate(names) if "angle to it" in name]
    assert len(fixed) == 8
    for seed in range(10):
        first = any_state("kick_and_defend", 0, seed)
        second = turned(first, any_state("kick_and_defend", 1))
        one, other = numbers(scene, kicker, first)[0, 0], numbers(scene, keeper, second)[0, 0]
        assert np.delete(one, fixed) == pytest.approx(np.delete(other, fixed), abs=1e-12)


def test_where_posts_are_seen() -> None:
    scene = load_scene("kick_and_defend")
    task = scene.agents[0].task
    state = begun("kick_and_defend", task)
    state.position[..., :2] = (1.0, 2.0)
    state.world_x_direction[:] = (-1.0, 0.0)  # it faces +y
    seen = dict(zip(names_of(scene, task), numbers(scene, task, state)[0, 0], strict=True))
    assert seen["the post at +y, forward [5 m]"] == pytest.approx(0.2)
    assert seen["the post at +y, left [5 m]"] == pytest.approx(-0.6)
    assert seen["the post at -y, forward [5 m]"] == pytest.approx(-1.0)


@pytest.mark.parametrize(
    ("name", "number", "seen"),
    [
        ("ant_run_to_goal", "line = 5.0", "the other's distance to its line"),
        ("you_shall_not_pass", "line = 5.0", "the other's distance to its line"),
        ("kick_and_defend", "wide = 2.0", "the post at"),
        ("soccer", "goal_width = 5.0", "post of the"),
        ("soccer", "width = 19.0", "corner of the"),
    ],
)
def test_players_see_the_geometry_of_their_game(name: str, number: str, seen: str, tmp_path: Path) -> None:
    """A scene says it once, in the rules of its game."""
    path, text = tmp_path / "other.toml", paths.scenes()[name].read_text()
    path.write_text(text.replace("[game]", f"[game]\n{number}"))
    first, second = (ParallelEnv(scene) for scene in (name, path))
    agent = first.possible_agents[0]
    entries = names_of(first.scene, first.scene.agents[0].task)
    one, other = (world.reset(seed=0)[0][agent] for world in (first, second))
    changed = [entries[k] for k in np.flatnonzero(one != other)]
    assert changed
    assert all(seen in entry for entry in changed)
    first.close()
    second.close()


@pytest.mark.slow
def test_ants_play_on_with_their_policy_and_nothing_explodes() -> None:
    env, policy = (
        roboschool.parallel_env(dataclasses.replace(load_scene("soccer"), steps=500)),
        roboschool.load_policy("ant"),
    )
    env.reset(seed=2)
    policy.reset(0)
    moved = 0.0
    while env.agents:
        actions = {agent: policy.act(_as_a_runner(env, agent)) for agent in env.agents}
        before = env.simulation.game.state.props.position[0, 0, :2].copy()
        _, _, _, _, infos = env.step(actions)
        moved += float(np.abs(env.simulation.game.state.props.position[0, 0, :2] - before).sum())
        assert all(info["physics_error"] == 0.0 for info in infos.values())
    assert moved > 1.0
    assert infos["home_0"]["reason"] == 1.0
    env.close()


def _as_a_runner(env: roboschool.ParallelEnv, agent: str) -> np.ndarray:
    """What the robot would see if it ran: toward the ball."""
    number = [other.name for other in env.scene.agents].index(agent)
    group, place = env.simulation.seats[number]
    felt = numbers(load_scene("ant"), Run(group.robot), group.state)[0, place]
    way = env.simulation.game.state.props.position[0, 0, :2] - group.state.position[0, place, :2]
    x, y = way / (np.linalg.norm(way) + 1e-9)
    left, forward = group.state.world_x_direction[0, place]
    felt[1], felt[2] = left * x + forward * y, forward * x - left * y
    return np.clip(felt, -5.0, 5.0).astype(np.float32)
