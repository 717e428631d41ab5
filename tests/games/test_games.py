"""Games: what they are told, what they decide, and their rules one by one."""

import dataclasses
import re
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import gymnasium
import numpy as np
import pytest
from batches import story_of, workers
from folders import BAD, ROOT

import roboschool
from roboschool import readers
from roboschool.cli.check_command import run_check
from roboschool.games.observations import COLOURS, NEUTRAL
from roboschool.games.run_to_goal import RunToGoal
from roboschool.games.sumo import Sumo
from roboschool.mdp.game import Game, GameState
from roboschool.mdp.scene_info import SceneInfo
from roboschool.mdp.task import fields_of
from roboschool.scenes.loader import load_scene
from roboschool.simulation.simulation import Simulation

DUELS = ("ant_sumo", "humanoid_sumo", "mixed_sumo", "ant_run_to_goal", "humanoid_run_to_goal")
FAULTS = readers.parse_toml(BAD / "games.toml")["case"]
KEYS = {"reason", "score", "result", "dense_weight", "sparse"}
OWN_STATS = "class HillStats(Record):\n    alone: np.ndarray = quantity()\n    won: np.ndarray = quantity()\n\n\n"


def arena(game: Game, places: list[tuple[float, float, float]], left: float = 100.0, touch: bool = False) -> GameState:
    """A world after a step, with trunks at these places; it began with the rules as they are."""
    made = GameState.blank(1, agents=2, props=0, bodies=2, memory=game.memory, agent_stats=game.agent_stats)
    game.reset(0, made.memory.at(0), made.agent_stats.at(0), np.random.default_rng(0))
    made.agents.position[0] = places
    made.upright[:] = 1.0
    made.steps_left[:] = left
    made.contacts[0, [0, 1], [1, 0]] = touch
    return made


def update(game: Game, state: GameState) -> Any:
    """What a game makes of a step: a `GameUpdate`, whose records have the quantities of this game."""
    return game.update(state, state, np.ones(1, bool), [np.random.default_rng(0)])


def two(*names: str) -> SceneInfo:
    return SceneInfo(agents=names, teams=names)


def sumo(**parameters: Any) -> Sumo:
    return Sumo(two("ant_0", "ant_1"), radius=3.0, **parameters)


INSIDE, AWAY, DOWN = (1.0, 0.0, 0.5), (0.0, 3.1, 0.5), (-1.0, 0.0, 0.29)


@pytest.mark.parametrize(
    ("places", "left", "touch", "reason", "result", "rewards", "over"),
    [
        ([INSIDE, INSIDE], 100, True, "", [0, 0], [0, 0], False),
        ([INSIDE, AWAY], 100, True, "out", [1, -1], [1000, -1000], True),
        ([AWAY, INSIDE], 100, True, "out", [-1, 1], [-1000, 1000], True),
        ([DOWN, INSIDE], 100, True, "fall", [-1, 1], [-1000, 1000], True),
        ([INSIDE, DOWN], 100, False, "fall", [1, -1], [0, -1000], True),
        ([AWAY, DOWN], 100, True, "fall", [0, 0], [-1000, -1000], True),
        ([INSIDE, INSIDE], 0, True, "time", [0, 0], [-1000, -1000], False),
        ([INSIDE, AWAY], 0, True, "out", [1, -1], [1000, -1000], True),
    ],
)
def test_sumo(
    places: Any, left: float, touch: bool, reason: str, result: list[int], rewards: list[int], over: bool
) -> None:
    game = sumo()
    after = update(game, arena(game, places, left, touch))
    assert game.reasons[int(after.memory.reason[0])] == reason
    assert after.agent_stats.result[0].tolist() == result
    assert after.rewards[0].tolist() == rewards
    assert after.agent_stats.score[0].tolist() == rewards
    assert after.terminated.tolist() == [over]


def test_a_touch_is_remembered_and_heights_may_differ() -> None:
    game = sumo()
    state = arena(game, [INSIDE, AWAY])
    state.memory.touched[0] = 1.0
    assert update(game, state).rewards[0].tolist() == [1000, -1000]
    uneven = sumo(down=(0.3, 0.6))
    assert update(uneven, arena(uneven, [INSIDE, INSIDE], touch=True)).agent_stats.result[0].tolist() == [1, -1]


@pytest.mark.parametrize(
    ("places", "left", "reason", "result", "rewards", "over"),
    [
        ([(3.9, 0, 1), (-3.9, 0, 1)], 100, "", [0, 0], [0, 0], False),
        ([(4.1, 0, 1), (-3.9, 0, 1)], 100, "goal", [1, -1], [1000, -1000], True),
        ([(3.9, 0, 1), (-4.1, 0, 1)], 100, "goal", [-1, 1], [-1000, 1000], True),
        ([(-4.1, 0, 1), (4.1, 0, 1)], 100, "", [0, 0], [0, 0], False),
        ([(4.1, 0, 1), (-4.1, 0, 1)], 100, "goal", [0, 0], [0, 0], True),
        ([(0, 0, 1), (0, 0, 1)], 0, "time", [0, 0], [-1000, -1000], False),
        ([(4.1, 0, 1), (0, 0, 1)], 0, "goal", [1, -1], [1000, -1000], True),
    ],
)
def test_run_to_goal(places: Any, left: float, reason: str, result: list[int], rewards: list[int], over: bool) -> None:
    game = RunToGoal(two("ant_0", "ant_1"))
    after = update(game, arena(game, places, left))
    assert game.reasons[int(after.memory.reason[0])] == reason
    assert after.agent_stats.result[0].tolist() == result
    assert after.rewards[0].tolist() == rewards
    assert after.terminated.tolist() == [over]


@pytest.mark.parametrize("name", DUELS)
def test_a_duel_is_played_to_its_end(name: str) -> None:
    """Infos have the same keys all along, all end together, and results sum to zero."""
    world = roboschool.parallel_env(name)
    _, infos = world.reset(seed=1)
    keys = set(infos[world.agents[0]])
    assert keys >= KEYS
    rng = np.random.default_rng(0)
    while world.agents:
        names = world.agents
        actions = {agent: rng.uniform(-1, 1, world.action_space(agent).shape) for agent in names}
        _, rewards, over, late, infos = world.step(actions)
        for agent in names:
            task = world.scene.agents[names.index(agent)].task
            terms = [infos[agent][term.name] for term in task.rewards(world.scene.info)]
            assert set(infos[agent]) == keys
            assert rewards[agent] == pytest.approx(sum(terms))
    assert all(over.values()) or all(late.values())
    assert sum(info["result"] for info in infos.values()) == 0.0
    reason = world.scene.game.reasons[int(infos[names[0]]["reason"])]
    assert reason
    assert (reason == "time") == all(late.values())
    world.close()


@pytest.mark.parametrize("name", [name for name in DUELS if name != "mixed_sumo"])
def test_both_see_the_same_of_the_same(name: str) -> None:
    scene = load_scene(name)
    still = dataclasses.replace(
        scene, agents=tuple(dataclasses.replace(agent, noise=0.0) for agent in scene.agents), game=scene.game
    )
    simulation = Simulation(still)
    simulation.reset({0: 0})
    (group,) = simulation.groups
    push = np.random.default_rng(0).uniform(-1, 1, group.shape[-1])
    for _ in range(5):
        one, other = group.observation[0].astype(float)
        assert one == pytest.approx(other, abs=2e-3)
        simulation.step([np.tile(push, (1, 2, 1))])
    simulation.close()


@pytest.mark.parametrize("name", DUELS)
def test_observations_are_explained(name: str) -> None:
    scene = load_scene(name)
    simulation = Simulation(scene)
    for agent, (group, _) in zip(scene.agents, simulation.seats, strict=True):
        names = [field.name for field in fields_of(agent.task, scene.info)]
        assert len(names) == group.observation.shape[-1], agent.name
        assert all(names)
        assert len({*names}) == len(names), "no two numbers have one name"
    simulation.close()


def test_who_touches_whom() -> None:
    """Ants face to face, pushed into each other, touch; apart they do not."""
    scene = load_scene("ant_sumo")
    for x, expected in ((0.7, True), (2.0, False)):
        positions = [(-x, 0.0), (x, 0.0)]
        agents = (
            dataclasses.replace(agent, position=position)
            for agent, position in zip(scene.agents, positions, strict=True)
        )
        simulation = Simulation(dataclasses.replace(scene, agents=tuple(agents)))
        simulation.reset({0: 0})
        rng, touched = np.random.default_rng(0), False
        for _ in range(60):
            simulation.step([rng.uniform(-1, 1, group.shape) for group in simulation.groups])
            contacts = simulation.game.state.contacts[0]
            assert (contacts == contacts.T).all()
            touched |= bool(contacts[0, 1])
        assert touched == expected
        assert simulation.game.state.memory.touched[0] == expected
        simulation.close()


def test_options_of_a_reset_hold_until_others_are_given() -> None:
    env = roboschool.AgentEnv("ant_sumo")
    _, info = env.reset(seed=0, options={"radius": 2.0, "dense_weight": 0.25})
    assert (info["radius"], info["dense_weight"]) == (2.0, 0.25)
    action = env.action_space.sample()
    *_, quarter = env.step(action)
    assert env.reset()[1]["radius"] == 2.0
    assert env.reset(options={"radius": (3.0, 3.5)})[1]["dense_weight"] == 1.0
    assert 3.0 <= env.reset()[1]["radius"] <= 3.5
    env.reset(seed=0, options={"radius": 2.0})
    *_, whole = env.step(action)
    for term in ("centre", "effort", "standing"):
        assert quarter[term] == pytest.approx(whole[term] / 4)
    for wrong, parts in (
        ({"dense_wait": 0.5}, ["dense_wait", "dense_weight"]),
        ({"radius": "large"}, ["radius", "str"]),
        ({"dense_weight": -1.0}, ["dense_weight", "-1"]),
    ):
        with pytest.raises(roboschool.InvalidInput) as caught:
            env.reset(options=wrong)
        assert all(part in str(caught.value) for part in parts)
    env.close()


def test_options_are_replayed_with_the_episodes_of_a_lost_worker() -> None:
    def play(number: int, kill: Callable[[roboschool.VectorEnv], None]) -> list[Any]:
        envs = roboschool.VectorEnv("ant_sumo", 6, number, agent=["ant_0", "ant_1"], max_episode_steps=6)
        told = [envs.reset(seed=2, options={"radius": (1.0, 2.0), "dense_weight": 0.5})[1]["radius"]]
        envs.action_space.seed(0)
        for step in range(15):
            if step in (4, 9):
                kill(envs)
            seen, reward, *_, info = envs.step(envs.action_space.sample())
            told += [seen, reward, info["radius"], info["left" if "left" in info else "result"]]
        envs.close()
        return told

    alone = play(0, lambda envs: None)
    killed = play(2, lambda envs: workers(envs)[0].channel.child.process.kill())
    assert all((one == other).all() for one, other in zip(alone, killed, strict=True))


def test_games_are_the_same_with_any_number_of_workers() -> None:
    arguments = {"agent": ["humanoid_0", "humanoid_1"], "autoreset_mode": "SameStep"}
    envs = [roboschool.VectorEnv("humanoid_sumo", 6, number, **arguments) for number in (0, 2)]
    for one in envs:
        one.reset(seed=0)
        one.action_space.seed(0)
    for _ in range(60):
        steps = [one.step(one.action_space.sample()) for one in envs]
        assert all((mine == theirs).all() for mine, theirs in zip(steps[0][:4], steps[1][:4], strict=True))
    for one in envs:
        one.close()


@pytest.mark.parametrize(
    ("parameters", "parts"),
    [
        ({"radius": 0.0}, ["radius", "0.5"]),
        ({"down": (0.1, 0.2, 0.3)}, ["down", "3 heights"]),
        ({"win_reward": -1.0}, ["win_reward"]),
        ({"scene": SceneInfo(agents=("ant_0",), teams=("ant_0",))}, ["it needs 2 agents, got 1"]),
    ],
)
def test_wrong_rules_are_named(parameters: dict[str, Any], parts: list[str]) -> None:
    with pytest.raises(roboschool.InvalidInput) as caught:
        Sumo(**{"scene": two("ant_0", "ant_1")} | parameters)
    assert all(part in str(caught.value) for part in parts)


def test_motors_may_be_weaker_and_players_fewer(tmp_path: Any) -> None:
    rows = "".join(
        f'[[agent]]\nname = "ant_{k}"\nrobot = "ant"\ntask = {{ name = "run" }}\nposition = [{3.0 * k}, 0.0]\n'
        f"players = {k + 1}\ntorque_scale = {1.0 - 0.25 * k}\n"
        for k in range(3)
    )
    path = tmp_path / "herd.toml"
    path.write_text(f'version = 1\nsummary = "Ants."\nplayers = 2\n{rows}')
    scene = load_scene(path)
    assert [agent.name for agent in scene.agents] == ["ant_0", "ant_1"]
    assert len(load_scene(path, players=3).agents) == 3
    first, second = (agent.robot.torque for agent in scene.agents)
    assert second == pytest.approx([0.75 * torque for torque in first])
    for wrong, said in ((0, "'players': 0 is not within 1 and 64"), (4, "players: 4 is not within 1 and 3")):
        with pytest.raises(roboschool.InvalidInput, match=said):
            load_scene(path, players=wrong)
    path.write_text(path.read_text().replace("torque_scale = 0.75", "torque_scale = 0.0"))
    with pytest.raises(roboschool.InvalidInput, match=r"torque_scale: 0\.0"):
        load_scene(path)


def test_story_of_a_duel_is_that_of_any_number_of_workers() -> None:
    assert story_of("ant_sumo", 2, 20) == story_of("ant_sumo", 0, 20)


@pytest.mark.parametrize(("cycles", "left"), [(7, 500.0), (700, 500.0)])
def test_a_game_is_decided_when_its_time_is_up_however_long_that_is(cycles: int, left: float) -> None:
    env = roboschool.ParallelEnv("ant_sumo", max_cycles=cycles)
    observations, infos = env.reset(seed=0, options={"radius": 50.0})
    clock = [str(field) for field in fields_of(env.scene.agents[0].task, env.scene.info)].index("steps left [500]")
    assert observations["ant_0"][clock] == np.float32(min(cycles / left, 5.0))
    still = np.zeros(8, np.float32)
    for step in range(cycles):
        assert env.agents, step
        assert infos["ant_0"]["reason"] == 0.0
        observations, _, _, truncations, infos = env.step({"ant_0": still, "ant_1": still})
    assert truncations == {"ant_0": True, "ant_1": True}
    assert env.scene.game is not None
    assert env.scene.game.reasons[int(infos["ant_0"]["reason"])] == "time"
    assert infos["ant_0"]["sparse"] == -1000.0
    env.max_cycles = 3
    observations, _ = env.reset()
    assert observations["ant_0"][clock] == np.float32(3 / left)
    env.close()


@pytest.mark.parametrize("most", [{"max_episode_steps": 5}, {"seconds": 0.0825}])
def test_single_and_vector_envs_play_one_game_however_it_is_ended(most: dict[str, Any]) -> None:
    """Gymnasium's limit cuts off, and the game does not know; the scene's own decides it."""
    env = gymnasium.make("roboschool/AntSumo-v1", **most)
    envs = gymnasium.make_vec("roboschool/AntSumo-v1", num_envs=1, **most)
    seen = [env.reset(seed=0)[0], envs.reset(seed=0)[0][0]]
    for step in range(1, 6):
        assert (seen[0] == seen[1]).all()
        one, rows = env.step(np.zeros(8)), envs.step(np.zeros((1, 8)))
        seen = [one[0], rows[0][0]]
        assert one[1:4] == (rows[1][0], rows[2][0], rows[3][0])
        assert one[4]["reason"] == rows[4]["reason"][0] == float("seconds" in most and step == 5)
    assert one[3]
    env.close()
    envs.close()


def test_a_push_is_rewarded_by_the_way_of_the_other() -> None:
    scene = load_scene("ant_sumo")
    agents = tuple(
        dataclasses.replace(a, task=dataclasses.replace(a.task, weights={"push": 2.0})) for a in scene.agents
    )
    env = roboschool.ParallelEnv(dataclasses.replace(scene, agents=agents))
    env.reset(seed=0, options={"dense_weight": 0.5})
    generator = np.random.default_rng(0)
    before = np.hypot(*env.simulation.game.state.agents.position[0, :, :2].T)
    for _ in range(5):
        *_, infos = env.step({name: generator.uniform(-1.0, 1.0, 8) for name in env.agents})
        after = np.hypot(*env.simulation.game.state.agents.position[0, :, :2].T)
        expected = 0.5 * 2.0 * (after - before) / scene.timestep
        assert [infos["ant_1"]["push"], infos["ant_0"]["push"]] == pytest.approx(list(expected))
        assert np.abs(expected).min() > 0.0
        before = after
    env.close()


def write_hill(folder: Path) -> Path:
    """Write the game of the page, and return its scene."""
    page = (ROOT / "docs" / "competitions.md").read_text()
    folder.mkdir(exist_ok=True)
    for name in ("hill.py", "hill.toml"):
        (block,) = re.findall(rf"^```\w+\n(# {name}\n.*?)^```", page, re.M | re.S)
        (folder / name).write_text(block)
    return folder / "hill.toml"


@pytest.fixture
def own_modules(monkeypatch: pytest.MonkeyPatch) -> Any:
    """Forget modules that scenes have had beside them."""
    monkeypatch.setattr(sys, "path", sys.path[:])
    yield
    for name in ("hill", "rules"):
        sys.modules.pop(name, None)


@pytest.mark.slow
@pytest.mark.usefixtures("own_modules")
@pytest.mark.parametrize("case", FAULTS, ids=[case["fault"] for case in FAULTS])
def test_check_says_what_is_wrong_with_a_game(
    case: dict[str, Any], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    scene = write_hill(tmp_path)
    path = tmp_path / case.get("file", "hill.py")
    text = path.read_text()
    assert case["cut"] in text
    path.write_text(text.replace(case["cut"], case["paste"], 1) + case.get("also", ""))
    assert run_check([str(scene)], as_json=False) == 1
    said = capsys.readouterr().err
    assert "hill.toml" in said
    for word in case["says"]:
        assert word in said


@pytest.mark.usefixtures("own_modules")
def test_check_says_what_a_game_leaves_out(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    scene = write_hill(tmp_path)
    path = tmp_path / "hill.py"
    text = path.read_text()
    for old, new in (
        ("class HillMemory(Record):", f"{OWN_STATS}class HillMemory(Record):"),
        ("agent_stats = AgentStats", "agent_stats = HillStats"),
        ("    reason: np.ndarray", "    why: np.ndarray"),
        ("memory.reason", "memory.why"),
        ("agent_stats.score", "agent_stats.alone"),
        ("agent_stats.result", "agent_stats.won"),
        (
            '    termination = "never before the time is up"\n',
            "    def terminated(self, state):\n        return state.upright < 0.0\n",
        ),
    ):
        assert old in text
        text = text.replace(old, new)
    path.write_text(f"{text}print('I am loaded')\n")
    assert run_check([str(scene)], as_json=False) == 0
    said = capsys.readouterr()
    for word in (
        "hill: Two ants, one hill.\n  no id",
        "note: task Climber: no `termination`, so the docs cannot say when it ends",
        "note: game Hill: no 'reason' in `memory`",
        "note: game Hill: no 'result' in `agent_stats`: the side with the greatest return wins a match",
        "note: game Hill: no 'score' in `agent_stats`",
        "all is well",
    ):
        assert word in said.out
    assert "roboschool/Hill" not in said.out


@pytest.mark.usefixtures("own_modules")
def test_a_game_is_found_beside_its_scene(tmp_path: Path) -> None:
    """Also by workers, and by the policies that the scene names; what could be imported before is what it was."""
    scene = write_hill(tmp_path / "one")
    before = sys.path[:]
    (tmp_path / "one" / "rules.py").write_text(
        "import numpy as np\nclass Still:\n    def reset(self, seed=None): pass\n"
        "    def act(self, observation): return np.zeros(8)\n"
    )
    text = scene.read_text()
    scene.write_text(text.replace("yaw      = 180.0", 'yaw      = 180.0\npolicy = "rules:Still"'))
    stories = []
    for workers_ in (0, 2):
        envs = roboschool.VectorEnv(str(scene), 4, workers_, max_episode_steps=5)
        envs.reset(seed=0)
        envs.action_space.seed(0)
        stories.append([envs.step(envs.action_space.sample())[0] for _ in range(8)])
        envs.close()
    assert all((one == other).all() for one, other in zip(*stories, strict=True))
    assert sys.path == [*before, str(tmp_path / "one")]
    load_scene(scene)
    assert sys.path == [*before, str(tmp_path / "one")]
    with pytest.raises(roboschool.InvalidInput, match=r"two/hill\.py: .*one/hill\.py has its name: give it another"):
        load_scene(write_hill(tmp_path / "two"))


@pytest.mark.usefixtures("own_modules")
def test_a_module_beside_a_scene_is_no_other_module(tmp_path: Path) -> None:
    scene = write_hill(tmp_path)
    (tmp_path / "hill.py").rename(tmp_path / "math.py")
    scene.write_text(scene.read_text().replace("hill:", "math:"))
    with pytest.raises(roboschool.InvalidInput, match=r"task 'math:Climber': .*math\.py: .* has its name"):
        load_scene(scene)
    assert str(tmp_path) not in sys.path


@pytest.mark.parametrize(
    ("scene", "option"), [("ant_sumo", "radius"), ("kick_and_defend", "ball_x"), ("kick_and_defend", "ball_y")]
)
@pytest.mark.parametrize("number", [None, 0, 2])
def test_a_range_of_a_reset_begins_with_its_lower_end(scene: str, option: str, number: int | None) -> None:
    def begin() -> Any:
        env: Any = roboschool.AgentEnv(scene) if number is None else roboschool.VectorEnv(scene, 2, number)
        return env, env.reset(seed=0, options={"dense_weight": 0.5})[1]

    (env, first), (other, _) = begin(), begin()
    with pytest.raises(roboschool.InvalidInput, match=rf": {option}: a range begins with its lower end, not 3, 2"):
        env.reset(options={option: (3.0, 2.0)})
    assert np.all(first["dense_weight"] == 0.5)
    mine, its = (one.reset(seed=5) for one in (env, other))
    assert (mine[0] == its[0]).all()
    assert np.all(mine[1]["dense_weight"] == 0.5)
    env.close()
    other.close()


def test_a_range_of_a_scene_begins_with_its_lower_end() -> None:
    with pytest.raises(
        roboschool.InvalidInput, match="game 'sumo': radius: a range begins with its lower end, not 4, 2"
    ):
        load_scene("ant_sumo", game={"name": "sumo", "radius": [4.0, 2.0]})


@pytest.mark.usefixtures("own_modules")
def test_rules_are_old_ones_after_an_episode_that_could_not_begin(tmp_path: Path) -> None:
    scene = write_hill(tmp_path)
    text = (tmp_path / "hill.py").read_text()
    for old, new in (
        ("    radius: float", '    reset_options = ("radius",)\n    radius: float'),
        ("return ()", "1.0 / (self.radius - 2.0)\n        return ()"),
    ):
        assert old in text
        text = text.replace(old, new)
    (tmp_path / "hill.py").write_text(text)
    env = roboschool.AgentEnv(str(scene))
    with pytest.raises(ZeroDivisionError):
        env.reset(options={"radius": 2.0})
    env.reset()
    assert env.simulation.game.rules[0] == env.scene.game
    env.close()


@pytest.mark.parametrize("number", [None, 0, 2])
def test_options_that_a_reset_has_not_are_warned_of(number: int | None) -> None:
    env: Any = roboschool.AgentEnv("ant_sumo") if number is None else roboschool.VectorEnv("ant_sumo", 2, number)
    env.reset(seed=0, options={"dense_weight": 0.5})
    for key, words in (("foo", "only radius, dense_weight, "), ("gravity", "'gravity' is given when the env is made")):
        with pytest.warns(UserWarning, match=rf"scene 'ant_sumo': reset has no option '{key}', .*{words}") as caught:
            _, info = env.reset(options={key: 1})
        assert len(caught) == 1
        assert caught[0].filename == __file__
        assert np.all(info["dense_weight"] == 0.5)
    env.reset(options={"options": 1})  # PettingZoo's checker does so
    env.reset(options={})
    env.close()


def test_options_without_a_game_are_warned_of() -> None:
    env = roboschool.AgentEnv("ant")
    with pytest.warns(UserWarning, match="scene 'ant': reset has no option 'dense_weight', only pose, "):
        env.reset(options={"dense_weight": 1.0})
    for face in (env, roboschool.VectorEnv("ant_sumo"), roboschool.ParallelEnv("ant_sumo")):
        with pytest.raises(roboschool.InvalidInput, match="options: 'radius' is not a mapping"):
            face.reset(options="radius")  # type: ignore[arg-type]
        face.close()


def test_an_option_of_a_reset_is_none_of_an_env() -> None:
    for error in (roboschool.InvalidInput, TypeError):
        with pytest.raises(error, match=r"unexpected keyword argument 'radius'; a reset sets it: reset\(options="):
            roboschool.AgentEnv("ant_sumo", radius=2.0)


@pytest.mark.parametrize("name", [*DUELS, "you_shall_not_pass", "push_box", "carry_beam", "soccer", "kick_and_defend"])
def test_what_is_nobodys_has_no_sides_colour(name: str) -> None:
    simulation = Simulation(load_scene(name))
    simulation.reset({0: 0})
    colours = {marker.colour for marker in simulation.markers()}
    simulation.close()
    theirs = {"kick_and_defend": {COLOURS[1]}}  # the zone of the keeper
    assert colours == theirs.get(name, set()) | {NEUTRAL}
    assert NEUTRAL not in COLOURS
