"""Robots from elsewhere are used at once, without a file being written but in the cache; the cache cannot do harm."""

import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import gymnasium
import numpy as np
import pytest
from click.testing import CliRunner
from urdfs import joint, link

import roboschool
from roboschool.cli.main import main
from roboschool.errors import InvalidInput
from roboschool.importing import cache, loader
from roboschool.importing.cache import fetch
from roboschool.importing.importer import ImportOptions
from roboschool.importing.source import open_source

FRAME = '<link name="frame"/><joint name="f" type="fixed"><parent link="frame"/><child link="base"/></joint>'
MESH = '<link name="x"><visual><geometry><mesh filename="m.obj"/></geometry></visual></link>'
CORNERS = "v 0 0 0\nv 1 0 0\nv 0 1 0\nv 0 0 {}\nf 1 2 3\nf 1 2 4\nf 1 3 4\nf 2 3 4\n"


@pytest.fixture
def store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv(cache.VARIABLE, str(tmp_path / "cache"))
    return tmp_path / "cache"


def write(tmp_path: Path, *parts: str, limits: str = "-1 1") -> Path:
    """A robot that the strict reader refuses: its root is a frame, an attribute is unknown."""
    path = tmp_path / "tiny_bot.urdf"
    body = "".join((link("base"), link("arm"), joint("hinge", "base", "arm", limits=limits), FRAME, *parts))
    path.write_text(f"<robot name='odd' colour='1'>{body}</robot>")
    return path


def entries(store: Path) -> list[Path]:
    return sorted(path for path in store.iterdir() if not path.name.startswith("."))


def test_a_urdf_of_the_world_is_imported_once(store: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = write(tmp_path)
    robot = roboschool.load_robot(path, base="free")
    assert [each.name for each in robot.joints] == ["hinge"]
    assert robot.actuators[0].kind == "position"
    assert (entries(store)[0] / "import_report.txt").read_text()
    monkeypatch.setattr(loader, "_make", lambda *_: pytest.fail("imported again"))
    assert roboschool.load_robot(str(path), base="free") == robot
    assert len(entries(store)) == 1


def test_text_meshes_and_options_are_a_part_of_the_key(tmp_path: Path) -> None:
    fixed = "<joint name='to_x' type='fixed'><parent link='arm'/><child link='x'/></joint>"
    keys = []
    for height, limits, options in (
        ("1", "-1 1", ImportOptions()),
        ("2", "-1 1", ImportOptions()),
        ("2", "-1 2", ImportOptions()),
        ("2", "-1 2", ImportOptions(base="free")),
        ("2", "-1 2", ImportOptions(actuator="torque")),
    ):
        (tmp_path / "m.obj").write_text(CORNERS.format(height))
        with open_source(write(tmp_path, MESH, fixed, limits=limits)) as source:
            keys += [loader._key(source, options), loader._key(source, options)]
    assert [len(set(keys[:end])) for end in range(1, 11)] == [1, 1, 2, 2, 3, 3, 4, 4, 5, 5]


def test_what_is_damaged_is_made_anew(store: Path, tmp_path: Path) -> None:
    path = write(tmp_path)
    robot = roboschool.load_robot(path)
    (entry,) = entries(store)
    for damage in (
        lambda: (entry / "tiny_bot.urdf").write_text("<robot/>"),
        lambda: (entry / "tiny_bot.toml").unlink(),
        lambda: (entry / "more.txt").touch(),
        lambda: (entry / cache.INDEX).write_text("[]"),
        lambda: (entry / cache.INDEX).write_text("{"),
        lambda: (entry / cache.LOCK).unlink(),
    ):
        damage()
        assert roboschool.load_robot(path) == robot
        assert not (entry / "more.txt").exists()
    assert entries(store) == [entry]


@pytest.mark.parametrize("off", ["0", "option", "a file"])
def test_it_works_without_a_cache(off: str, store: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    if off == "0":
        monkeypatch.setenv(cache.VARIABLE, "0")
    elif off == "a file":
        store.write_text("")
    robot = roboschool.load_robot(write(tmp_path), cached=off != "option")
    assert Path(robot.model.path).exists()
    assert not store.is_dir()


def test_the_folder_is_the_users_own(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.delenv(cache.VARIABLE, raising=False)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    monkeypatch.setattr(sys, "platform", "linux")
    assert cache.cache_folder() == tmp_path / "roboschool" / "robots"


def test_what_was_used_least_recently_is_removed_unless_it_is_in_use(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def make(folder: Path) -> dict[str, Any]:
        (folder / "big").write_bytes(b"0" * 1000)
        return {}

    fetch(tmp_path, "held", make)
    for number, key in enumerate(("old", "new")):
        fetch(tmp_path, key, make)
        os.utime(tmp_path / key, (number, number))
        os.close(cache._held.pop(tmp_path / key))  # as if another process had made it
    os.utime(tmp_path / "held", (0, 0))
    os.makedirs(tmp_path / ".unfinished")
    os.utime(tmp_path / ".unfinished", (0, 0))
    monkeypatch.setattr(cache, "LARGEST", 3500)
    fetch(tmp_path, "last", make)
    assert [path.name for path in sorted(tmp_path.iterdir())] == ["held", "last", "new"]


def test_processes_that_want_the_same_make_it_once(tmp_path: Path) -> None:
    code = (
        "import sys; from pathlib import Path; from roboschool.importing.cache import fetch\n"
        "def make(folder):\n"
        "    (folder / 'robot').touch()\n"
        "    with open(sys.argv[2], 'a') as file: file.write('made ')\n"
        "    return {'name': 'x'}\n"
        "sys.stdin.read(1)\n"
        "folder, said = fetch(Path(sys.argv[1]), 'key', make)\n"
        "assert (folder / 'robot').exists() and said == {'name': 'x'}\n"
    )
    command = [sys.executable, "-c", code, str(tmp_path / "cache"), str(tmp_path / "count")]
    running = [subprocess.Popen(command, stdin=subprocess.PIPE) for _ in range(3)]
    for process in running:
        process.communicate(b"x")
    assert [process.returncode for process in running] == [0, 0, 0]
    assert (tmp_path / "count").read_text() == "made "


def test_losses_are_told(store: Path, tmp_path: Path) -> None:
    parts = (MESH, "<joint name='to_x' type='fixed'><parent link='arm'/><child link='x'/></joint>")
    for _ in range(2):  # the second is of the cache
        with pytest.warns(UserWarning, match=r"a mesh that is not there was left out.*import_report.txt"):
            roboschool.load_robot(write(tmp_path, *parts))


def test_every_face_takes_a_robot(store: Path, tmp_path: Path) -> None:
    path = str(write(tmp_path))
    env = gymnasium.make("roboschool/Ant-v1", robot=path)
    assert env.action_space.shape == (1,)
    env.reset(seed=0)
    assert np.isfinite(env.step(np.ones(1))[0]).all()
    again = gymnasium.make(env.spec)  # type: ignore[arg-type]
    assert again.observation_space == env.observation_space
    assert gymnasium.make("roboschool/Hopper-v1", robot="ant").action_space.shape == (8,)
    many = gymnasium.make_vec("roboschool/Ant-v1", num_envs=2, num_workers=2, robot=path)
    assert many.reset(seed=0)[0].shape[0] == 2
    for each in (env, again, many):
        each.close()
    race = roboschool.parallel_env("race", lanes=[path, "hopper", path])
    assert race.possible_agents == ["tinybot_0", "hopper_0", "tinybot_1"]
    race.reset(seed=0)
    race.step({agent: race.action_space(agent).sample() for agent in race.agents})
    race.close()


def test_commands_take_a_robot(store: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write(tmp_path)
    monkeypatch.chdir(tmp_path)
    chosen = ["--set", 'robot="tiny_bot.urdf"', "--set", "seconds=0.1"]
    for words in (
        ["film", "ant_stand", "--picture", "tiny.png"],
        ["evaluate", "still", "--scene", "ant_stand", "--episodes", "1"],
        ["train", "ant_stand", "--steps", "64", "--episodes", "0", "--set", "envs=4", "--set", "rollout=16"],
    ):
        done = CliRunner().invoke(main, [*words, *chosen])
        assert done.exit_code == 0, done.output
    monkeypatch.chdir(store)  # a training continues wherever it is
    resume = ["train", "ant_stand", "--resume", "--out", str(tmp_path / "runs" / "ant_stand"), "--steps", "128"]
    assert CliRunner().invoke(main, [*resume, "--episodes", "1"]).exit_code == 0
    policy = str(tmp_path / "runs" / "ant_stand" / "policy.safetensors")
    assert CliRunner().invoke(main, ["evaluate", policy, "--episodes", "1"]).exit_code == 0
    error = CliRunner().invoke(main, ["film", "ant", "--picture", "x.png", "--set", 'robot="aunt"']).output
    assert "did you mean 'ant'" in error


def test_a_robot_that_needs_short_substeps_gets_them(store: Path, tmp_path: Path) -> None:
    robot = roboschool.load_robot(write(tmp_path))
    hasty = roboschool.Robot(**{**vars_of(robot), "substep": 0.0165 / 8})
    assert roboschool.load_scene("ant", robot=hasty).substeps == 8
    assert roboschool.load_scene("ant", robot=hasty, substeps=4).substeps == 4
    assert roboschool.load_scene("race", lanes=[hasty, "ant"]).substeps == 8


def vars_of(robot: Any) -> dict[str, Any]:
    return {name: getattr(robot, name) for name in robot.__dataclass_fields__}


def test_a_card_beside_a_urdf_is_used(tmp_path: Path) -> None:
    from roboschool import paths

    card = paths.robots()["ant"]
    for source in (card, str(card), card.with_suffix(".urdf"), "ant", roboschool.load_robot("ant")):
        assert roboschool.load_robot(source) == roboschool.load_robot("ant")


@pytest.mark.parametrize(
    ("scene", "options", "words"),
    [
        ("soccer", {"robot": "ant"}, "only for scenes with one agent"),
        ("race", {"robot": "ant"}, "only for scenes with one agent"),
        ("ant", {"robot": "aunt"}, "'ant'"),
        ("ant", {"robot": "nowhere.urdf"}, "no such file"),
        ("ant", {"robot": 3}, "neither a path"),
        ("ant", {"robbot": "ant"}, "did you mean 'robot'"),
        ("reacher", {"robot": "ant"}, "it is for an arm of two joints, not for 'ant'"),
        ("race", {"lanes": ["nowhere.urdf"]}, "no such file"),
        ("race", {"lanes": ["aunt"]}, "'aunt' is not a scene"),
    ],
)
def test_wrong_robots_are_one_clear_error(scene: str, options: dict[str, Any], words: str) -> None:
    with pytest.raises(InvalidInput, match=words):
        roboschool.parallel_env(scene, **options)


def test_no_path_is_opened_below_the_importer(tmp_path: Path) -> None:
    from roboschool.scenes.loader import load_scene

    path = write(tmp_path)
    with pytest.raises(InvalidInput, match="unknown robot"):
        load_scene("ant", robot=str(path))


def test_the_page_works_as_written(store: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    page = (Path(__file__).parents[2] / "docs" / "your-robot.md").read_text()
    monkeypatch.chdir(tmp_path)
    write(tmp_path).rename("go2.urdf")
    names: dict[str, Any] = {}
    blocks = [
        block for block in re.findall(r"```python\n(.*?)```", page, re.DOTALL) if "stable_baselines3" not in block
    ]
    for block in blocks:
        exec(block, names)
    assert len(blocks) == 2
    assert names["env"].action_space.shape == (1,)
    assert names["race"].possible_agents == ["go_0", "ant_0"]
    assert (tmp_path / "somewhere" / "go2.urdf").exists()
    for each in (names["env"], names["race"]):
        each.close()
