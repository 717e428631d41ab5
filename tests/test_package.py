"""The package as its users get it: a quick, silent import, a wheel, the command line, the examples, the README."""

import json
import os
import re
import shlex
import site
import subprocess
import sys
import sysconfig
import textwrap
import venv
import zipfile
from contextlib import suppress
from dataclasses import fields
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner, Result
from folders import ROOT
from PIL import Image

import roboschool
from roboschool import paths
from roboschool.cli.main import main
from roboschool.envs.foreign import open_scene
from roboschool.errors import error_location
from roboschool.evaluation import evaluate
from roboschool.mdp.task import fields_of
from roboschool.physics.native.library import PATH
from roboschool.physics.worlds import World
from roboschool.policies.policy import Random, Still
from roboschool.rendering.native import library as draw
from roboschool.rendering.video import Video
from roboschool.robots.card import Card
from roboschool.testing import check, trial

COMMAND = [sys.executable, "-m", "roboschool.cli"]
PAGES = ["README.md", "CONTRIBUTING.md", *(f"docs/{path.name}" for path in sorted((ROOT / "docs").glob("*.md")))]


def run(*command: object, cwd: Path, code: int = 0, **env: str) -> subprocess.CompletedProcess[str]:
    done = subprocess.run(
        [str(part) for part in command], cwd=cwd, capture_output=True, text=True, check=False, env=os.environ | env
    )
    assert done.returncode == code, done.stdout + done.stderr
    return done


def command(*arguments: str, code: int = 0) -> Result:
    """Run `roboschool` in this process."""
    done = CliRunner().invoke(main, list(arguments))
    assert done.exit_code == code, done.output
    assert done.exception is None or isinstance(done.exception, SystemExit), "a traceback"
    return done


def test_import_is_silent_and_leaves_heavy_things_alone(tmp_path: Path) -> None:
    heavy = [
        "torch",
        "trimesh",
        "OpenGL",
        "imageio_ffmpeg",
        "stable_baselines3",
        "scipy",
        "rich",
        "matplotlib",
        "roboschool.multiplayer.client",
        "roboschool.tournament.payoff",
    ]
    code = f"import sys, roboschool; assert not set({heavy}) & set(sys.modules), sorted(sys.modules)"
    done = run(sys.executable, "-W", "error", "-c", code, cwd=tmp_path)
    assert done.stdout == done.stderr == ""
    assert list(tmp_path.iterdir()) == []


def test_an_episode_prints_nothing(tmp_path: Path) -> None:
    code = "import roboschool; e = roboschool.AgentEnv('humanoid'); e.reset(seed=0); e.step([0] * 17); e.close()"
    done = run(sys.executable, "-W", "error", "-c", code, cwd=tmp_path)
    assert done.stdout == done.stderr == ""


PIP = [sys.executable, "-m", "pip", "--quiet", "--disable-pip-version-check"]


def install_wheel(folder: Path, **env: str) -> tuple[Path, Path]:
    """Build a wheel without the network and install it into an empty venv that borrows only the dependencies.

    Returns:
        The wheel, and the folder of the venv's commands.
    """
    run(*PIP, "wheel", "--no-deps", "--no-build-isolation", "--wheel-dir", folder, ROOT, cwd=folder, **env)
    (wheel,) = folder.glob("roboschool2-*.whl")  # on the package index "roboschool" is the one of 2017
    venv.create(folder / "empty", with_pip=False)
    commands = folder / "empty" / "bin"
    run(*PIP, "--python", commands / "python", "install", "--no-deps", "--no-index", wheel, cwd=folder, PYTHONPATH="")
    (packages,) = (folder / "empty" / "lib").glob("python*/site-packages")
    (packages / "borrowed.pth").write_text(sysconfig.get_path("purelib"))
    return wheel, commands


def test_wheel_holds_assets_scenes_and_the_native_libraries(tmp_path: Path) -> None:
    wheel, commands = install_wheel(tmp_path)
    assert wheel.stat().st_size < 3 * 2**20
    assert wheel.stem.split("-")[2:4] == ["py3", "none"]
    assert not wheel.stem.endswith("any"), "it is for one platform"
    held = {"roboschool/py.typed", "roboschool_pytest.py", *(str(path.relative_to(ROOT)) for path in (PATH, draw.PATH))}
    assert held <= set(zipfile.ZipFile(wheel).namelist())
    code = (
        "import roboschool, sys; env = roboschool.AgentEnv('ant'); env.reset(seed=0);"
        "policy = roboschool.load_policy(roboschool.policies()['ant']);"
        "print(roboschool.__file__, env.simulation.backend.name, env.step(policy.act(env.reset(seed=0)[0]))[1] > 0)"
    )
    said = run(commands / "python", "-W", "error", "-c", code, cwd=tmp_path, PYTHONPATH="").stdout
    assert said.startswith(str(tmp_path))
    assert said.endswith("native True\n")
    said = run(commands / "roboschool", "list", cwd=tmp_path, PYTHONPATH="").stdout
    assert "roboschool/Humanoid-v1" in said
    said = run(commands / "roboschool", "--version", cwd=tmp_path, PYTHONPATH="").stdout
    assert said == f"roboschool, version {roboschool.__version__}\n"


def test_without_a_compiler_it_installs_and_runs_with_one_warning(tmp_path: Path) -> None:
    (tmp_path / "no_compilers").mkdir()
    wheel, commands = install_wheel(tmp_path, PATH=str(tmp_path / "no_compilers"), CC="")
    assert wheel.stem.endswith("py3-none-any")
    assert f"roboschool/physics/native/{PATH.name}" not in zipfile.ZipFile(wheel).namelist()
    code = "import roboschool\nfor _ in range(2): roboschool.AgentEnv('hopper').reset(seed=0)"
    said = run(commands / "python", "-c", code, cwd=tmp_path, PYTHONPATH="", ROBOSCHOOL_BACKEND="").stderr
    assert said.count("RuntimeWarning") == 1
    assert f"{PATH.name} is not there" in said
    assert run(commands / "python", "-c", code, cwd=tmp_path, PYTHONPATH="", ROBOSCHOOL_BACKEND="python").stderr == ""
    said = run(commands / "python", "-c", code, cwd=tmp_path, PYTHONPATH="", ROBOSCHOOL_BACKEND="native", code=1).stderr
    assert f"{PATH.name} is not there" in said


TYPED = """
from pathlib import Path
from typing import Any

import numpy as np
import roboschool
from typing_extensions import assert_type

Step = tuple[np.ndarray, float, bool, bool, dict[str, Any]]
env = roboschool.AgentEnv("ant")
seat = roboschool.connect("unix:/path")
world = roboschool.parallel_env("race")
assert_type(env.step(np.zeros(8)), Step)
assert_type(seat.step(np.zeros(8)), Step)
assert_type(roboschool.Lobby("race")["ant_0"].step(np.zeros(8)), Step)
assert_type(world, roboschool.ParallelEnv)
assert_type(world.reset(seed=0), tuple[dict[str, np.ndarray], dict[str, dict[str, Any]]])
assert_type(world.agents, list[str])
assert_type(roboschool.load_policy("ant").act(np.zeros(28)), np.ndarray)
assert_type(roboschool.VectorEnv("ant").step(np.zeros((1, 8)))[0], np.ndarray)
assert_type(roboschool.load_scene("ant").agents, tuple[roboschool.Agent, ...])
assert_type(roboschool.load_robot("ant").mass, float)
assert_type(roboschool.policies(), dict[str, Path])
env.step()
"""


def test_users_get_types(tmp_path: Path) -> None:
    """In an environment with numpy only: mypy takes seconds to read all that Gymnasium can work with."""
    venv.create(tmp_path / "user", with_pip=False)
    (packages,) = (tmp_path / "user" / "lib").glob("python*/site-packages")
    for path in (Path(np.__file__).parent, ROOT / "roboschool"):
        (packages / path.name).symlink_to(path)
    (tmp_path / "script.py").write_text(TYPED)
    mypy = [sys.executable, "-m", "mypy", "--python-executable", tmp_path / "user" / "bin" / "python", "script.py"]
    said = run(*mypy, cwd=tmp_path, code=1, PYTHONPATH="").stdout.splitlines()
    line = TYPED.splitlines().index("env.step()") + 1
    assert said == [
        f'script.py:{line}: error: Missing positional argument "action" in call to "step" of "AgentEnv"  [call-arg]',
        "Found 1 error in 1 file (checked 1 source file)",
    ]


def test_the_package_shows_its_public_names_only() -> None:
    assert dir(roboschool) == sorted(roboschool.__all__)
    for name in set(roboschool.__all__) - {"__version__"}:
        assert getattr(roboschool, name).__doc__, f"{name} is public, so it is documented"


def test_help_is_quick_and_has_examples(tmp_path: Path) -> None:
    code = "import sys; from roboschool.cli.main import main\ntry: main(['--help'])\nexcept SystemExit: pass\n"
    said = run(sys.executable, "-c", code + "assert 'torch' not in sys.modules", cwd=tmp_path).stdout
    for word in ("race", "list", "check", "bench", "serve", "roboschool race --video race.mp4"):
        assert word in said


def test_what_is_installed_for_one_user_is_nobodys_own_code() -> None:
    with pytest.raises(ZeroDivisionError) as caught:
        exec(compile("1 / 0", f"{site.getusersitepackages()}/click/core.py", "exec"))
    assert error_location(caught.value).endswith("in test_what_is_installed_for_one_user_is_nobodys_own_code")


def test_list(tmp_path: Path) -> None:
    found = json.loads(run(*COMMAND, "list", "--json", cwd=tmp_path).stdout)
    assert {scene["name"] for scene in found["scenes"]} == set(paths.scenes())
    assert {robot["name"] for robot in found["robots"]} == set(paths.robots())
    table = run(*COMMAND, "list", cwd=tmp_path).stdout
    for scene in found["scenes"]:
        (line,) = (line for line in table.splitlines() if f" {scene['id']} " in line)
        sizes = [", ".join(map(str, dict.fromkeys(scene[key]))) for key in ("observation", "action")]
        cells = re.split(r"  +", line)
        assert cells[2:6] == [str(len(scene["agents"])), *sizes, str(scene["steps"])]
    assert re.search(r"race +roboschool/Race-v1 +3 +15, 44, 28 +3, 17, 8 +1000", table)


def test_race_writes_a_video_and_prints_the_standings(tmp_path: Path) -> None:
    done = run(*COMMAND, "race", "--seed", "0", "--video", "race.gif", "--size", "96x64", cwd=tmp_path)
    for agent in ("hopper_0", "humanoid_0", "ant_0"):
        assert agent in done.stdout
    with Image.open(tmp_path / "race.gif") as video:
        assert video.size == (96, 64)
        assert video.n_frames > 100


@pytest.mark.parametrize("ending", [".gif", ".webp", ".mp4"])
def test_a_video_is_whole_or_not_there(ending: str, tmp_path: Path) -> None:
    if ending == ".mp4":
        pytest.importorskip("imageio_ffmpeg")
    path, black = tmp_path / f"v{ending}", np.zeros((64, 96, 3), np.uint8)
    with suppress(KeyboardInterrupt), Video(path, "96x64", 1 / 30) as video:
        video.add(black)
        raise KeyboardInterrupt
    assert list(tmp_path.iterdir()) == []
    with Video(path, "96x64", 1 / 30) as video:
        video.add(black)
        video.add(black + 100)
        assert not path.exists()
    assert list(tmp_path.iterdir()) == [path]


def test_race_is_the_same_every_time(tmp_path: Path) -> None:
    command = [*COMMAND, "race", "--lanes", "ant,hopper", "--picture", "finish.png", "--size", "96x64"]
    (first, photo), (second, other) = (
        (run(*command, cwd=tmp_path).stdout, (tmp_path / "finish.png").read_bytes()) for _ in range(2)
    )
    assert first == second
    assert photo == other
    assert first.index("  1.") < first.index("  2.")


def test_policies_of_the_command_line_are_written_alike_and_begin_anew(tmp_path: Path) -> None:
    (tmp_path / "mine.py").write_text(
        "import numpy as np\n\n\nclass Noise:\n"
        "    def reset(self, seed=None):\n        print('seed', seed)\n"
        "        self.rng = np.random.default_rng(seed)\n"
        "    def act(self, observation):\n        return self.rng.uniform(-1, 1, 3)\n"
    )
    race = [*COMMAND, "race", "--lanes", "hopper,hopper,ant"]
    said = run(*race, "--policy", "hopper=mine:Noise", "--policy", "ant=still", cwd=tmp_path).stdout
    assert len(set(re.findall(r"seed \d+", said))) == 2, "each has its own"
    for written in ("still", "random", "scripted", "hopper", "mine:Noise"):
        film = [*COMMAND, "film", "race", "--policy", written, "--picture", "f.png", "--at", "0.1", "--size", "64x64"]
        run(*film, cwd=tmp_path)


def test_a_picture_is_taken_at_any_time(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    small = ["--size", "64x64", "--picture"]
    early = {"0": r"return so far, after 0 s: 0\.0", "0.165": r"return so far, after 0\.165 s: 9\.\d"}
    for at, said in (early | {"99": r"return \d+\.\d in \d+ steps"}).items():
        command("race", "--lanes", "hopper", *small, f"r{at}.png", "--at", at)
        done = command("film", "hopper", "--policy", "still", *small, f"f{at}.png", "--at", at)
        assert re.search(rf"^hopper: {said}$", done.stdout, re.MULTILINE)
    assert len(list(tmp_path.glob("*.png"))) == 6
    command("film", "hopper", *small, "both.png", "--at", "0", "--video", "both.gif")
    assert (tmp_path / "both.png").exists()


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["race", "--at", "3"], ["--at 3: that is when a picture is taken; give --picture, too"]),
        (["film", "hopper", "--at", "3", "--video", "v.gif"], ["--at 3: that is when a picture is taken"]),
        (["film", "hopper", "--policy", "stil", "--picture", "f.png"], ["--policy stil", "did you mean 'still'?"]),
        (["race", "--lanes", "hoper,ant"], ["'hoper'", "did you mean 'hopper'"]),
        (["race", "--lanes", "atlas_forward_walk,ant"], ["atlas_forward_walk", "no policy", "=POLICY"]),
        (["race", "--lanes", "ant", "--video", "race.avi"], ["race.avi", "'.avi'", ".mp4"]),
        (["race", "--lanes", "ant", "--video", "no/race.gif"], ["no/race.gif", "no folder"]),
        (["race", "--lanes", "ant", "--video", "race.gif", "--size", "640"], ["640", "960x540"]),
        (["race", "--lanes", "ant", "--video", "race.gif", "--size", "10000x64"], ["even numbers from 32 to 4096"]),
        (["race", "--lanes", "ant", "--size", "96x64"], ["--size 96x64: nothing is shown; give --video or --picture"]),
        (["list", "--games", "--json"], ["Error: --json or --games, not both"]),
        (["list", "--games", "--markdown", "--card"], ["--games or --markdown or --card, not all"]),
        (["race", "--lanes", "ant", "--policy", "aunt=x"], ["aunt=x", "did you mean 'ant'"]),
        (["race", "--lanes", "ant", "--policy", "ant=x"], ["--policy ant=x: unknown policy 'x'"]),
    ],
)
def test_bad_arguments_are_one_line(
    arguments: list[str], words: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    done = command(*arguments, code=1)
    for word in words:
        assert word in done.stderr


@pytest.mark.parametrize("file", [*paths.robots().values(), *paths.scenes().values()], ids=lambda file: file.stem)
def test_check_finds_nothing_wrong_with_what_is_shipped(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(trial, "LONGEST", 200)
    faults, notes = trial.trial(check._load(file))
    assert faults == []
    assert [note for note in notes if not note.startswith("actuators")] == []  # those say how stable the gains are


def test_check(tmp_path: Path) -> None:
    ant = paths.robots()["ant"]
    for file in (ant, ant.with_suffix(".urdf"), paths.scenes()["ant"]):
        assert "all is well" in run(*COMMAND, "check", file, cwd=tmp_path).stdout
    (tmp_path / "ant.urdf").write_text(ant.with_suffix(".urdf").read_text())
    (tmp_path / "tall.toml").write_text(ant.read_text().replace("standing_height = 0.57", "standing_height = 0.67"))
    done = run(*COMMAND, "check", "tall.toml", cwd=tmp_path, code=1)
    assert "standing_height: 0.67" in done.stderr
    assert "0.5699" in done.stderr


@pytest.mark.parametrize(("name", "arguments"), [("faces", []), ("train_sb3", ["300"])])
def test_examples_run(name: str, arguments: list[str], tmp_path: Path) -> None:
    run(sys.executable, ROOT / "examples" / f"{name}.py", *arguments, cwd=tmp_path, OMP_NUM_THREADS="1")


def test_readme_shows_the_example_and_the_scores_as_they_are(tmp_path: Path) -> None:
    readme = (ROOT / "README.md").read_text()
    assert (ROOT / "examples" / "faces.py").read_text() in readme
    assert run(*COMMAND, "results", "table", ROOT / "results", cwd=tmp_path).stdout in readme


@pytest.mark.parametrize("page", PAGES)
def test_links_lead_somewhere(page: str) -> None:
    for link in re.findall(r"\]\(([^)#:]+)\)", (ROOT / page).read_text()):
        assert ((ROOT / page).parent / link).exists(), link


@pytest.mark.parametrize("page", PAGES)
def test_commands_of_a_page_are_written_as_they_are_parsed(page: str) -> None:
    for line in re.findall(r"^ +roboschool (.+)$", (ROOT / page).read_text(), re.M):
        name, *arguments = shlex.split(line, comments=True)
        main.commands[name].make_context(name, arguments)


@pytest.mark.parametrize(("extra", "user"), [("video", "--video race.mp4"), ("bench", "bench --peers")])
def test_what_a_line_of_the_readme_needs_is_installed_before(extra: str, user: str) -> None:
    readme = (ROOT / "README.md").read_text()
    assert readme.index(f"pip install '.[{extra}]'") < readme.index(user)


def test_page_of_the_card_is_fresh_and_says_everything() -> None:
    page = CliRunner().invoke(main, ["list", "--card"]).output
    assert page == (ROOT / "docs" / "card.md").read_text(), "run: roboschool list --card > docs/card.md"
    assert {f"`{field.name}`" for field in fields(Card)} <= set(re.findall(r"^\| (`\w+`) \|", page, re.MULTILINE))


def test_page_of_environments_is_fresh_and_says_everything(tmp_path: Path) -> None:
    page = run(*COMMAND, "list", "--markdown", cwd=tmp_path).stdout
    assert page == (ROOT / "docs" / "environments.md").read_text(), "run: roboschool list --markdown"
    for name in paths.scenes():
        scene = roboschool.load_scene(name)
        assert f"`{scene.id}`" in page
        for agent in scene.agents:
            env = roboschool.AgentEnv(scene, agent=agent.name)
            fields = fields_of(agent.task, scene.info)
            assert len(fields) == env.observation_space.shape[0]
            assert all(field.name for field in fields)
            env.reset(seed=0)
            *_, info = env.step(env.action_space.sample())
            terms = agent.task.rewards(scene.info)
            assert {term.name for term in terms} <= set(info)
            assert all(term.doc and f"`{term.name}`" in page for term in terms), "every term of the reward is explained"
            (group,) = (group for group in env.simulation.groups if group.task == agent.task)
            assert group.rewards.names == tuple(term.name for term in terms)
            env.close()


def test_the_page_of_games_is_fresh_and_shows_all(tmp_path: Path) -> None:
    page = (ROOT / "docs" / "competitions.md").read_text()
    assert run(*COMMAND, "list", "--games", cwd=tmp_path).stdout in page, "put in the table of: roboschool list --games"
    for name in paths.scenes():
        if roboschool.load_scene(name).game is not None:
            assert f"`{name}`" in page.partition("### Sumo")[2], f"{name} has rules"


def test_the_game_of_the_page_works_as_written(tmp_path: Path) -> None:
    page = (ROOT / "docs" / "competitions.md").read_text()
    for name in ("hill.py", "hill.toml"):
        (block,) = re.findall(rf"^```\w+\n(# {name}\n.*?)^```", page, re.M | re.S)
        (tmp_path / name).write_text(block)
    done = run(*COMMAND, "check", "hill.toml", cwd=tmp_path)
    assert "all is well" in done.stdout
    assert "note" not in done.stdout
    code = """
import numpy, roboschool
env = roboschool.ParallelEnv("hill.toml", max_cycles=20)
env.reset(seed=0)
while env.agents:
    *_, infos = env.step({name: numpy.zeros(8) for name in env.agents})
print(infos["ant_0"]["score"], infos["ant_0"]["result"], infos["ant_1"]["result"])
"""
    scene = (tmp_path / "hill.toml").read_text()
    for position, said in (("[-3.0, 0.0]", "0.0 0.0 0.0"), ("[0.0, 0.0]", "20.0 1.0 -1.0")):
        (tmp_path / "hill.toml").write_text(scene.replace("[-3.0, 0.0]", position))
        assert run(sys.executable, "-c", code, cwd=tmp_path).stdout.strip() == said


@pytest.mark.parametrize("name", sorted(paths.scenes()))
def test_every_scene_has_a_picture(name: str) -> None:
    path = ROOT / "docs" / "pictures" / f"{name}.png"
    assert path.stat().st_size < 300_000
    with Image.open(path) as picture:
        assert picture.size == (600, 400)


def test_the_speeds_in_the_readme_are_those_that_were_measured() -> None:
    readme, page = (ROOT / "README.md").read_text(), (ROOT / "docs" / "speed.md").read_text()
    rows = re.findall(r"^\| (\w+) \| (\d+) \| (\d+) \| (\d+) \|$", readme, re.M)
    assert len(rows) == 5
    for scene, single, pybullet_envs, mujoco in rows:
        assert re.search(rf"^\| {scene} \| {single} \|.* {pybullet_envs} \| {mujoco} \| \d+ \|$", page, re.M), scene


def test_the_readme_shows_robots_that_move() -> None:
    readme, path = (ROOT / "README.md").read_text(), ROOT / "docs" / "mixed_sumo.webp"
    assert "](docs/mixed_sumo.webp)" in readme
    assert path.stat().st_size < 300_000
    with Image.open(path) as animation:
        assert animation.n_frames > 30
        assert animation.info["loop"] == 0, "it plays forever"


@pytest.mark.parametrize("name", sorted(paths.policies()))
def test_shipped_policies_score_as_their_json_says(name: str) -> None:
    """Three of the hundred episodes: a stale policy, or a changed robot, is far off."""
    path = paths.policies()[name]
    card = json.loads(path.with_suffix(".json").read_text())
    assert card["scene"] == open_scene(name).id
    assert card["recipe"]["scene"] == name
    assert {"roboschool", "pybullet", "numpy", "torch"} <= set(card["versions"])
    assert path.stat().st_size < 2**20
    assert card["episodes"] >= 100
    score = evaluate(roboschool.load_policy(path), name, 3, card["first_seed"])
    assert score.score_mean == pytest.approx(card["score_mean"], abs=0.1 * card["score_mean"] + 2 * card["score_sd"])


def test_a_score_tells_how_often_a_policy_falls() -> None:
    policy = roboschool.load_policy("hopper")
    good, bad = evaluate(policy, "hopper", 1), evaluate(Random(3), "hopper", 4)
    assert good.falls == 0.0
    assert good.length_mean == 1000.0
    assert bad.falls == 1.0
    assert bad.score_q05 <= bad.score_mean
    assert evaluate(Still(2), roboschool.load_scene("pong", seconds=0.2), 1).falls is None
    with pytest.raises(roboschool.InvalidInput, match="less than 1"):
        evaluate(policy, "hopper", 0)


def test_a_score_tells_what_episodes_cost_and_how_many_keep_to_a_limit(tmp_path: Path) -> None:
    (tmp_path / "bog.toml").write_text("""
        summary = "A point in a hazard."
        timestep = 0.02
        substeps = 4
        seconds = 0.2
        indicator = true
        agent = [{ name = "point_0", robot = "point", task = { name = "goal" } }]
        element = [
            { kind = "goal", positions = [[1.0, 1.0]] },
            { kind = "hazard", positions = [[0.0, 0.0]], keepout = 0.0, costs = true },
        ]
        layout = { robot_keepout = 0.0, robot_areas = [[-0.01, -0.01, 0.01, 0.01]] }
    """)
    score = evaluate(Still(2), str(tmp_path / "bog.toml"), 2)
    assert (score.cost_mean, score.cost_sd, score.cost_limit, score.cost_kept) == (10.0, 0.0, 25.0, 1.0)
    assert evaluate(Still(2), str(tmp_path / "bog.toml"), 1, cost_limit=9.0).cost_kept == 0.0
    assert evaluate(Still(8), roboschool.load_scene("ant", seconds=0.1), 1).cost_mean is None


def test_readme_says_which_scenes_are_restored_without_a_replay() -> None:
    paragraph = (ROOT / "README.md").read_text().partition("Restoring takes")[2].partition("In other scenes")[0]
    quick = set()
    for name in paths.scenes():
        world = World(roboschool.load_scene(name))
        quick |= {name} if world.restores_exactly else set()
        world.close()
    assert set(re.findall(r"`(\w+)`", paragraph)) == quick


def test_evaluate_prints_a_score() -> None:
    words = ["evaluate", "inverted_pendulum", "--episodes", "1"]
    assert "return 1000.0" in CliRunner().invoke(main, words).output
    assert json.loads(CliRunner().invoke(main, [*words, "--json"]).output)["score_mean"] == 1000.0
    assert "--scene" in str(CliRunner().invoke(main, ["evaluate", "still"], standalone_mode=False).exception)


def test_urdfs_are_what_the_recipe_writes(tmp_path: Path) -> None:
    sys.path.insert(0, str(ROOT / "assets"))
    try:
        import build
        import build_atlas
    finally:
        sys.path.remove(str(ROOT / "assets"))
    assert build_atlas.atlas() == paths.robots()["atlas"].with_suffix(".urdf").read_text()
    for make in (*build.ROBOTS, *build.PROPS):
        path = build.write(make(), tmp_path)
        assert path.read_text() == (ROOT / "assets" / path.stem / path.name).read_text()


def test_the_contributing_guide_works_as_written(tmp_path: Path) -> None:
    """Its scene and its task, about the ant, for want of a dog."""
    blocks = re.findall(r"((?:^(?: {7,}.*)?\n)+)", (ROOT / "CONTRIBUTING.md").read_text(), re.M)
    texts = [textwrap.dedent(block).strip() + "\n" for block in blocks]
    scene = next(text for text in texts if "[[agent]]" in text).replace('"dog"', '"ant"')
    task = next(text for text in texts if "class Dribble" in text)
    (tmp_path / "mine" / "scenes").mkdir(parents=True)
    (tmp_path / "mine" / "scenes" / "dribble.py").write_text(task)
    (named,) = re.findall(r"`task = (\{ name = \"dribble:Dribble\".+?\})`", (ROOT / "CONTRIBUTING.md").read_text())
    scene = scene.replace('{ name = "run", alive = 1.0 }', named)
    assert "Dribble" in scene
    (tmp_path / "mine" / "scenes" / "dog_run.toml").write_text(scene)
    done = run(*COMMAND, "check", "mine/scenes/dog_run.toml", cwd=tmp_path)
    assert "all is well" in done.stdout
    tests = next(text for text in texts if "def test_dribble" in text).replace('"dog"', '"ant"')
    (tmp_path / "mine" / "test_mine.py").write_text(tests)
    path = os.pathsep.join(["mine/scenes", str(ROOT)])
    done = run(sys.executable, "-m", "pytest", "-p", "no:cacheprovider", "mine", cwd=tmp_path, PYTHONPATH=path)
    assert "2 passed" in done.stdout


def test_a_folder_of_ones_own(tmp_path: Path) -> None:
    """A robot and a scene of a user appear by name and by id, and stand before ours."""
    ant = paths.robots()["ant"]
    (tmp_path / "assets" / "spider").mkdir(parents=True)
    (tmp_path / "assets" / "spider" / "ant.urdf").write_text(ant.with_suffix(".urdf").read_text())
    (tmp_path / "assets" / "spider" / "spider.toml").write_text(ant.read_text())
    (tmp_path / "scenes").mkdir()
    scene = paths.scenes()["ant"].read_text().replace('robot = "ant"', 'robot = "spider"')
    (tmp_path / "scenes" / "spider_walk.toml").write_text(scene)
    code = (
        "import gymnasium, roboschool; {}; env = gymnasium.make('roboschool/SpiderWalk-v1'); env.reset(seed=0);"
        "print(env.unwrapped.scene.agents[0].robot.name)"
    )
    said = run(sys.executable, "-c", code.format(f"roboschool.add_path({str(tmp_path)!r})"), cwd=tmp_path).stdout
    assert said == "spider\n"
    assert run(sys.executable, "-c", code.format("0"), cwd=tmp_path, ROBOSCHOOL_PATH=str(tmp_path)).stdout == "spider\n"
    (tmp_path / "scenes" / "broken.toml").write_text("summary = 3")
    done = run(sys.executable, "-c", code.format("0"), cwd=tmp_path, ROBOSCHOOL_PATH=str(tmp_path))
    assert (done.stdout, done.stderr) == ("spider\n", "")
    make = "import gymnasium, roboschool; gymnasium.make('roboschool/Broken-v1')"
    done = run(sys.executable, "-c", make, cwd=tmp_path, code=1, ROBOSCHOOL_PATH=str(tmp_path))
    assert "broken.toml: summary: Expected `str`, got `int`" in done.stderr


def test_objects_of_urdf_libraries_are_robots_too(tmp_path: Path) -> None:
    class Checkpoint:
        def save(self, path: str) -> None:
            Path(path).write_text(paths.robots()["ant"].with_suffix(".urdf").read_text())

    assert len(roboschool.load_robot(Checkpoint()).joints) == 8
